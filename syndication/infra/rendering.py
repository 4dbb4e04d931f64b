"""Texts for people: templates with translations, dates and money as people write them."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import css_inline
from babel import dates, numbers
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from syndication import clock
from syndication.infra.languages import LOCALES, supported_language
from syndication.infra.markdown import markdown_to_html, plain_to_html

_HERE = Path(__file__).parents[1]
#: In a checkout templates/ stands beside the package; in an installed wheel inside it.
_TEMPLATES = [path for path in (_HERE.parent / "templates", _HERE / "templates") if path.is_dir()]
_TRANSLATIONS = _HERE / "translations"


def locale(language: str) -> str:
    """What Babel calls the nearest language that we have texts in."""
    return LOCALES[supported_language(language)]


@lru_cache(maxsize=8)
def translations(language: str) -> Any:
    """The gettext catalogue of a language, from all its .po files; what they lack is said in English."""
    catalogue = Translations()
    for path in sorted((_TRANSLATIONS / language / "LC_MESSAGES").glob("*.po")):
        compiled = BytesIO()
        with path.open("rb") as file:
            write_mo(compiled, read_po(file, locale=LOCALES[language]))
        compiled.seek(0)
        catalogue.merge(Translations(compiled))
    return catalogue


def gettext(language: str) -> Callable[[str], str]:
    """The function that says an English text in `language`."""
    say: Callable[[str], str] = translations(supported_language(language)).gettext
    return lambda text: say(text) if text else ""  # the empty text is the catalogue's own head


@lru_cache(maxsize=8)
def _environment(language: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]  # of the i18n extension
    environment.filters |= {
        "markdown": lambda text: Markup(markdown_to_html(text)),  # noqa: S704 -- sanitised there
        "linked": lambda text: Markup(plain_to_html(text)),  # noqa: S704 -- sanitised there
        "day": lambda value, zone=None: day(value, language, zone),
        "moment": lambda value, zone: moment(value, zone, language),
        "lately": lambda value, zone: lately(value, zone, language),
        "whole": lambda value: whole(value, language),
        "span": lambda seconds: span(seconds, language),
        "decimal": lambda value: decimal(value, language),
        "money": lambda value, currency: money(value, currency, language),
    }
    environment.globals["language"] = language
    return environment


def render(template: str, language: str, /, **values: Any) -> str:
    """The template filled in, in the nearest language we have. HTML templates escape; a missing value is an error."""
    return _environment(supported_language(language)).get_template(template).render(**values)


def source(template: str) -> str:
    """A file that stands among the templates, as it is."""
    environment = _environment("en")
    assert environment.loader is not None
    return environment.loader.get_source(environment, template)[0]


def render_first(templates: Sequence[str], language: str, /, **values: Any) -> str:
    """Like `render`, from the first of `templates` that exists."""
    return _environment(supported_language(language)).select_template(list(templates)).render(**values)


def inline_css(html: str) -> str:
    """The same page with the rules of its <style> at the elements, as mail programs need it. Loads nothing."""
    return _inliner.inline(html)


_inliner = css_inline.CSSInliner(load_remote_stylesheets=False, keep_style_tags=False)


# Dates and money


def day(value: date | datetime, language: str, zone: ZoneInfo | None = None) -> str:
    """ "Sa., 15. August 2026"; a moment needs the zone whose calendar counts."""
    local = value.astimezone(zone) if isinstance(value, datetime) else value
    locale = LOCALES[supported_language(language)]
    shape = "EEE, d. MMMM y" if locale == "de" else "EEE, d MMMM y"
    return dates.format_date(local, shape, locale=locale)


def decimal(value: float, language: str) -> str:
    """ "1234,5", with at most six places and no marks between thousands, as it stands in a box or a table."""
    return numbers.format_decimal(value, "0.######", locale=LOCALES[supported_language(language)])


def full_day(value: date, language: str) -> str:
    """ "Samstag, 15. August 2026"."""
    locale = LOCALES[supported_language(language)]
    return dates.format_date(value, "EEEE, d. MMMM y" if locale == "de" else "EEEE, d MMMM y", locale=locale)


def month_name(value: date, language: str) -> str:
    """ "November 2026"."""
    return dates.format_date(value, "LLLL y", locale=LOCALES[supported_language(language)])


def short_day(value: date, language: str) -> str:
    """ "Sa., 15.8." """
    locale = LOCALES[supported_language(language)]
    return dates.format_date(value, "EEE, d.M." if locale == "de" else "EEE, d MMM", locale=locale)


def time_of_day(value: datetime, zone: ZoneInfo) -> str:
    """ "17:00" on the wall of `zone`."""
    return value.astimezone(zone).strftime("%H:%M")


def moment(value: datetime, zone: ZoneInfo, language: str) -> str:
    """ "Sa., 15. August 2026, 17:00 Uhr"."""
    oclock = " Uhr" if supported_language(language) == "de" else ""
    return f"{day(value, language, zone)}, {time_of_day(value, zone)}{oclock}"


def lately(value: datetime, zone: ZoneInfo, language: str) -> str:
    """ "14:02 Uhr" for a moment of today, "Sa., 15.8., 14:02 Uhr" for another."""
    oclock = " Uhr" if supported_language(language) == "de" else ""
    local = value.astimezone(zone)
    other = local.date() != clock.now().astimezone(zone).date()
    return (f"{short_day(local.date(), language)}, " if other else "") + f"{time_of_day(value, zone)}{oclock}"


def span(seconds: float, language: str) -> str:
    """ "4 Sekunden", "3 Minuten", "2 Tage"."""
    locale = LOCALES[supported_language(language)]
    return dates.format_timedelta(timedelta(seconds=max(1, round(seconds))), threshold=1.5, locale=locale)


def whole(value: int, language: str) -> str:
    """ "8.400"."""
    return numbers.format_decimal(value, locale=LOCALES[supported_language(language)])


def in_words(value: datetime, zone: ZoneInfo, language: str) -> str:
    """ "Donnerstag, 3. Dezember 2026, um 07:00 Uhr", for the middle of a sentence."""
    locale = LOCALES[supported_language(language)]
    shape = "EEEE, d. MMMM y, 'um' HH:mm 'Uhr'" if locale == "de" else "EEEE, d MMMM y, 'at' HH:mm"
    return dates.format_datetime(value.astimezone(zone), shape, tzinfo=zone, locale=locale)


def money(value: Decimal | float, currency: str, language: str) -> str:
    """ "12,50 €"."""
    return numbers.format_currency(value, currency, locale=LOCALES[supported_language(language)])
