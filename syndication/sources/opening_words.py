"""Opening hours in words: `Mo–Fr 9–18, Sa 9–13 Uhr`."""

from datetime import date

from syndication.content.opening_hours import OpeningHours, Span
from syndication.infra.languages import supported_language
from syndication.infra.rendering import day as a_day
from syndication.infra.rendering import gettext
from syndication.sources.opening import span_in_words

_NAMES = {
    "de": ("Mo", "Di", "Mi", "Do", "Fr", "Sa", "So"),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}
_OCLOCK = {"de": " Uhr", "en": ""}
_AND = {"de": "und", "en": "and"}


def in_words(hours: OpeningHours, today: date, language: str) -> tuple[str, ...]:
    """One line for the week, one each for public holidays, for each closure that is not over, and for words of their own."""
    say = gettext(language)
    lines = [week_in_words(hours, language)]
    if hours.holidays is not None:
        at_them = _spans(hours.holidays, language)
        oclock = _OCLOCK[supported_language(language)]
        lines.append(
            say("On public holidays {}").format(at_them + oclock)
            if at_them
            else say("Closed on public holidays")
        )
    for one in hours.from_day(today).closures:
        first, last = a_day(one.first, language), a_day(one.last, language)
        lines.append(
            say("Closed on {}").format(first)
            if one.first == one.last
            else say("Closed from {} until {}").format(first, last)
        )
    return tuple(line for line in (*lines, hours.note) if line)


def week_in_words(hours: OpeningHours, language: str) -> str:
    """The week alone; days on which it is closed are not named. Empty where it is never open."""
    if hours.always:
        return gettext(language)("Open day and night")
    spoken = supported_language(language)
    both = f" {_AND[spoken]} "
    groups = [
        f"{both.join(_stretch(ends, spoken) for ends in stretches)} {_spans(spans, language)}"
        for stretches, spans in hours.alike()
    ]
    return ", ".join(groups) + _OCLOCK[spoken] if groups else ""


def _stretch(ends: tuple[int, int], spoken: str) -> str:
    first, last = (_NAMES[spoken][day] for day in ends)
    return first if first == last else f"{first}–{last}"


def _spans(spans: tuple[Span, ...], language: str) -> str:
    return f" {_AND[supported_language(language)]} ".join(span_in_words(one, language) for one in spans)
