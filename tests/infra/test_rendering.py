"""Texts for people: Markdown made harmless, complete translations, dates and money as people write them."""

import ast
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from babel.messages.extract import extract_from_dir
from jinja2 import UndefinedError

from syndication.infra import rendering

ROOT = Path(__file__).parents[2]
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "![x](https://tracker.example/p.png)",
        "<a href='vbscript:x'>y</a>",
        "<style>*{display:none}</style>",
        "<iframe src=https://x.example></iframe>",
        "<svg onload=alert(1)>",
        "[x](/relative)",
        "<!-- --!><script>alert(1)</script>",
        "`<script>`",
        "<form action=https://x.example><input name=password>",
    ],
)
def test_hostile_markdown_becomes_harmless(hostile: str) -> None:
    html = rendering.markdown_to_html(hostile)
    tags = set(re.findall(r"<\s*(\w+)", html))
    assert tags <= {"p", "a", "code", "em"}
    assert not re.search(r"<[^>]*(?:\son\w+=|javascript:|data:|vbscript:|src=|style=)", html, re.IGNORECASE)


def test_markdown_keeps_its_structure_in_both_forms() -> None:
    text = "# Abend\n\nMit *Musik* und [Wein](https://wein.example).\n\n- rot\n- weiß\n"
    html = rendering.markdown_to_html(text)
    assert '<a href="https://wein.example" rel="noopener nofollow">Wein</a>' in html
    assert "<li>weiß</li>" in html
    assert (
        rendering.markdown_to_text(text)
        == "Abend\n\nMit Musik und Wein (https://wein.example).\n\n- rot\n- weiß"
    )


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


def test_a_language_we_do_not_speak_is_answered_in_english() -> None:
    assert rendering.spoken("fr") == "en"
    assert rendering.spoken("de-AT") == "de"


def messages() -> set[str]:
    """Every text for people in templates and code."""
    found: set[str] = set()
    people = [
        "syndication/channels",
        "syndication/kinds",
        "syndication/web",
        "syndication/infra/rendering.py",
    ]
    for folder, method, options in (
        ("templates", [("**.html", "jinja2"), ("**.txt", "jinja2")], {"**": {"trimmed": "true"}}),
        ("syndication", [("**.py", "python")], {}),
    ):
        for name, _, message, _, _ in extract_from_dir(
            ROOT / folder,
            method,
            options,
            keywords={"_": None, "say": None, "ngettext": (1, 2), "gettext": None},
        ):
            if folder == "syndication" and not f"{folder}/{name}".startswith(tuple(people)):
                continue
            found |= set(message) if isinstance(message, tuple) else {message}
    return found - {"", "de", "en"}


def test_every_text_is_translated_into_german() -> None:
    catalogue = rendering.translations("de")._catalog
    found = messages()
    assert len(found) > 40
    assert sorted(text for text in found if text not in catalogue and (text, 0) not in catalogue) == []


def test_translations_keep_the_places_for_values() -> None:
    place = re.compile(r"%\(\w+\)s|\{\w*\}")
    for text, translated in rendering.translations("de")._catalog.items():
        if isinstance(text, str) and text:
            assert sorted(place.findall(text)) == sorted(place.findall(translated)), text


PEOPLE_READ = [
    "channels/**/*.py",
    "delivery/*.py",
    "infra/http.py",
    "infra/smtp.py",
    "infra/images.py",
    "infra/confined/*.py",
]
#: Sentences for callers of the API and for readers of posts, not reasons.
_ELSEWHERE = {"trial_post.py", "replay.py", "retry.py", "dry_run.py"}


def sentences_in(path: Path) -> Iterator[str]:
    """The sentences a module can say, with `X` for each value; docstrings and descriptions of settings are none."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    passed: set[int] = set()
    said_by_templates = {text for text in rendering.translations("de")._catalog if str(text).endswith(": {}")}
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and isinstance(
            node.body[0], ast.Expr
        ):
            passed.add(id(node.body[0].value))
        elif isinstance(node, ast.keyword) and node.arg == "description":
            passed |= {id(one) for one in ast.walk(node.value)}
        elif isinstance(node, ast.JoinedStr):
            passed |= {id(one) for one in node.values}
    for node in ast.walk(tree):
        if id(node) in passed or getattr(node, "value", None) in said_by_templates:
            continue
        text = ""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = re.sub(r"\{\w*\}", "X", node.value)
        elif isinstance(node, ast.JoinedStr):
            text = "".join(str(one.value) if isinstance(one, ast.Constant) else "X" for one in node.values)
        if re.fullmatch(r"[A-Z].* .*(\.|: X)", text):
            yield text.removesuffix(" X")


def in_german(text: str) -> bool:
    """Whether a sentence of the catalogue fits; what stands in for a whole sentence before it is passed over."""
    return any(
        pattern.match(text.removeprefix(start))
        for pattern, _ in rendering._sentences("de")
        for start in ("", "X ")
    )


@pytest.mark.parametrize(
    "path",
    sorted(
        path
        for pattern in PEOPLE_READ
        for path in (ROOT / "syndication").glob(pattern)
        if path.name not in _ELSEWHERE
    ),
    ids=lambda path: path.name,
)
def test_every_reason_can_be_said_in_german(path: Path) -> None:
    assert [text for text in sentences_in(path) if not in_german(text)] == []


@pytest.mark.parametrize(
    ("english", "german"),
    [
        ("The post no longer stands on Facebook: somebody deleted it there.", "Facebook"),
        ("Mastodon answered 503. It will be tried again.", "503"),
        ("The address answered 503. It will be tried again.", "Die Adresse"),
        ("This address cannot be used: it does not name a host.", "Sie nennt keinen Server"),
        (
            "The mail server refuses the recipient (550): Mailbox full.",
            "den Empfänger nicht an (550): Mailbox full.",
        ),
        ("Waits until 07:00: this account has quiet hours.", "07:00"),
    ],
)
def test_a_reason_is_said_with_its_values(english: str, german: str) -> None:
    said = rendering.said(english, "de")
    assert german in said
    assert said.endswith(".")
    assert said != english
    assert "tried again" not in said
    assert "stands" not in said
    assert rendering.said(english, "en") == english


def test_reasons_of_several_sentences_are_said_one_after_the_other() -> None:
    one, two = "Telegram says the picture is too large.", "Shortened to what fits there."
    both = rendering.said(f"{one} {two}", "de")
    assert both == f"{rendering.said(one, 'de')} {rendering.said(two, 'de')}"
    unknown = "Their server said something odd."
    assert rendering.said(f"{one} {unknown} {two}", "de") == (
        f"{rendering.said(one, 'de')} {unknown} {rendering.said(two, 'de')}"
    )
    assert rendering.said(f"{unknown} {one}", "de") == f"{unknown} {rendering.said(one, 'de')}"
    assert rendering.said("", "de") == ""
    assert rendering.said(unknown, "de") == unknown


def test_a_reason_full_of_braces_breaks_nothing() -> None:
    for odd in ("{} answered {0!r}. It will be tried again.", "{", "}", "%(city)s.", "a" * 5000, ". . . ."):
        assert rendering.said(odd, "de")
