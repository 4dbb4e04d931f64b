"""Texts for people: complete translations, dates and money as people write them."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from babel.messages.extract import extract_from_dir
from jinja2 import UndefinedError

from syndication.infra import rendering

ROOT = Path(__file__).parents[2]
BERLIN = ZoneInfo("Europe/Berlin")


def test_a_missing_value_is_an_error_and_never_an_empty_place() -> None:
    with pytest.raises(UndefinedError):
        rendering.render("newsletter/confirm/subject.txt", "de")


def test_dates_and_money_are_written_as_people_write_them() -> None:
    moment = datetime(2026, 8, 15, 15, 0, tzinfo=UTC)
    assert rendering.moment(moment, BERLIN, "de") == "Sa., 15. August 2026, 17:00 Uhr"
    assert rendering.moment(moment, BERLIN, "en") == "Sat, 15 August 2026, 17:00"
    assert rendering.day(date(2026, 12, 24), "de") == "Do., 24. Dezember 2026"
    assert rendering.money(Decimal("1234.5"), "EUR", "de") == "1.234,50\xa0€"
    assert rendering.money(Decimal("1234.5"), "EUR", "en") == "€1,234.50"
    assert [rendering.decimal(1234.5, language) for language in ("de", "en")] == ["1234,5", "1234.5"]
    assert [rendering.decimal(one, "de") for one in (0.025, 4.0, 0.1 + 0.2)] == ["0,025", "4", "0,3"]


def test_a_language_we_do_not_speak_is_answered_in_english() -> None:
    assert rendering.supported_language("fr") == "en"
    assert rendering.supported_language("de-AT") == "de"


#: What marks a text for translation, and which of its arguments is the text: of pages and posts, and of reasons.
_TEXTS = {"_": None, "say": None, "ngettext": (1, 2), "gettext": None}
_REASONS = {"Reason": (1,), "Rule": (4,), "Row": (3,), "_Refused": (1,)}


def extracted(folder: str, method: Any, options: Any, keywords: Any) -> Iterator[tuple[str, str]]:
    """File and text of everything that is marked."""
    for name, _, message, _, _ in extract_from_dir(ROOT / folder, method, options, keywords=keywords):
        yield (
            name,
            message[0] if isinstance(message, tuple) else message,
        )  # of two numbers the first is the key


def messages() -> set[str]:
    """Every text for people in templates and code."""
    templates = [("**.html", "jinja2"), ("**.txt", "jinja2")]
    python = [("**.py", "python")]
    people = ("channels/", "kinds/", "web/", "infra/rendering.py")
    found = {text for _, text in extracted("templates", templates, {"**": {"trimmed": "true"}}, _TEXTS)}
    found |= {text for name, text in extracted("syndication", python, {}, _TEXTS) if name.startswith(people)}
    return (found | reasons()) - {"", "de", "en"}


def reasons() -> set[str]:
    """Every sentence that code can give as a reason."""
    found = extracted("syndication", [("**.py", "python")], {}, _REASONS)
    # A rule of recurrence is another Rule.
    return {text for name, text in found if text and not name.startswith("content/recurrence")}


def test_every_text_is_translated_into_german() -> None:
    catalogue = rendering.translations("de")._catalog
    found = messages()
    assert len(found) > 400
    assert sorted(text for text in found if text not in catalogue and (text, 0) not in catalogue) == []


def test_translations_keep_the_places_for_values() -> None:
    place = re.compile(r"%\(\w+\)s|\{\w*\}")
    for text, translated in rendering.translations("de")._catalog.items():
        if isinstance(text, str) and text:
            assert sorted(place.findall(text)) == sorted(place.findall(translated)), text
