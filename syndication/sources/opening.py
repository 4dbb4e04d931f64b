"""Opening hours as a shopkeeper types them, a day of the week at a time: `9–12:30, 14–18`, `ab 18 Uhr`, `Ruhetag`, `dito`."""

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime
from zoneinfo import ZoneInfo

from syndication.content.opening_hours import (
    ALL_DAY,
    DAY,
    MOST_CLOSURES,
    MOST_NOTE,
    Closure,
    OpeningHours,
    Span,
    closed,
    in_order,
    over_night,
    written,
)
from syndication.content.reason import Reason
from syndication.errors import Fault, Invalid
from syndication.infra.languages import supported_language
from syndication.infra.rendering import full_day
from syndication.sources import spoken, when
from syndication.sources.when import Frame

#: The boxes of the form: a day of the week each, public holidays, words of one's own, and from when until when it is closed.
DAYS = ("mo", "tu", "we", "th", "fr", "sa", "su")
HOLIDAYS, NOTE = "holidays", "hours_note"

_CLOSED = re.compile(r"(geschlossen|zu|ruhetag|closed|frei|off|nein|no|x|-+)?\.?", re.IGNORECASE)
_ALWAYS = re.compile(
    r"(durchgehend|24 ?(stunden|std\.?|h|hours)|24/7|rund um die uhr|immer|tag und nacht|always|day and night|all day|"
    r"ganztags|ganztägig|open 24 hours)(geöffnet|offen|open)?",
    re.IGNORECASE,
)
_SAME = re.compile(
    r'(dito|ditto|wie oben|wie (der|am) tag davor|ebenso|s\. ?o\.|same|same as above|["”“″]+)', re.IGNORECASE
)
_AROUND = re.compile(r"\b(durchgehend|geöffnet|offen|open|nonstop)\b", re.IGNORECASE)
_OPEN_END = re.compile(
    r"(?P<from>^(ab|from|since)\b.{0,100})|(?P<end>.{0,100}?) ?(- ?)?(open ?end|\+)$", re.IGNORECASE
)
_BETWEEN = re.compile(r" ?(?:[,;&/|]|\bund\b|\band\b|\bsowie\b|\bu\.|\+(?= ?\d)) ?", re.IGNORECASE)
#: Two spans with but a blank between them.
_BLANK_BETWEEN = re.compile(r"(?<=\d) (?=\d)|(?<=uhr) (?=\d)|(?<=[hm]) (?=\d)", re.IGNORECASE)
_DASH = re.compile(" ?[\u2010-\u2015\u2212-] ?")
#: What may stand in a row, in the words of sources.pieces: the days of the week have rows of their own.
_HOURS = {"spoken", "midnight", "clock", "colon", "year", "bare", "academic", "part", "to"}
_LONGEST = 100
_EXAMPLE = "9–12:30, 14–18"


def understood(typed: Mapping[str, str], now: datetime, zone: ZoneInfo, language: str) -> str:
    """What was typed into the boxes, as OpenStreetMap writes it; empty where nothing was.

    `now` says which days are to come. Raises Invalid, each fault at its box.
    """
    texts = {name: " ".join(text.split()) for name, text in typed.items()}
    today, faults = now.astimezone(zone).date(), []
    week: list[tuple[Span, ...]] = []
    for number, name in enumerate(DAYS):
        try:
            week.append(_day(texts.get(name, ""), today, week[-1] if number else None))
        except ValueError as error:
            week.append(())
            faults.append(Fault(name, error.args[0]))
    holidays: tuple[Span, ...] | None = None
    try:
        holidays = _day(texts[HOLIDAYS], today, None) if texts.get(HOLIDAYS) else None
    except ValueError as error:
        faults.append(Fault(HOLIDAYS, error.args[0]))
    note = texts.get(NOTE, "").replace('"', "'")
    if len(note) > MOST_NOTE:
        faults.append(Fault(NOTE, Reason("Please write less here: at most {} characters.", MOST_NOTE)))
    closures = []
    for number in range(MOST_CLOSURES):
        try:
            found = _closure(texts, number, now, zone, language)
            closures += [found] if found else []
        except Invalid as error:
            faults += error.faults
    if faults:
        raise Invalid(*faults)
    hours = OpeningHours(tuple(week), holidays, tuple(closures), note)
    said = any(texts.get(name) for name in DAYS) or holidays is not None or closures or note
    return written(hours) if said else ""


def as_typed(hours: OpeningHours, language: str) -> dict[str, str]:
    """What stands in the boxes for `hours`; `understood` reads it as the same."""
    known = any(hours.days)
    typed = {
        name: _typed_day(spans, language) if known else ""
        for name, spans in zip(DAYS, hours.days, strict=True)
    }
    if hours.holidays is not None:
        typed[HOLIDAYS] = _typed_day(hours.holidays, language)
    typed[NOTE] = hours.note
    for number, one in enumerate(hours.closures):
        typed[f"closed.{number}.from"] = _typed_date(one.first)
        typed[f"closed.{number}.until"] = _typed_date(one.last)
    return typed


def span_in_words(span: Span, language: str) -> str:
    """ "9–12:30", "18–2", "ab 18"; "9:00–12:30", "from 18:00" in English."""
    german = supported_language(language) == "de"
    begin, end = span
    if end is None:
        return f"{'ab' if german else 'from'} {_clock(begin, german)}"
    return f"{_clock(begin, german)}–{_clock(end, german)}"


def _clock(minutes: int, german: bool) -> str:
    hour, minute = divmod(minutes if minutes <= DAY else minutes - DAY, 60)
    return f"{hour}" if german and not minute else f"{hour}:{minute:02}"


def _typed_day(spans: tuple[Span, ...], language: str) -> str:
    closed_word = "geschlossen" if supported_language(language) == "de" else "closed"
    return ", ".join(span_in_words(one, language) for one in spans) or closed_word


def _typed_date(day: date) -> str:
    return f"{day.day}.{day.month}.{day.year}"


# Reading


def _day(text: str, today: date, before: tuple[Span, ...] | None) -> tuple[Span, ...]:
    """The hours of one day. Raises ValueError with a Reason."""
    if len(text) > _LONGEST:
        raise _unreadable(text)
    if before is not None and _SAME.fullmatch(text):
        return before
    plain = _DASH.sub("-", text)
    if _CLOSED.fullmatch(plain):
        return ()
    if _ALWAYS.fullmatch(plain):
        return ALL_DAY
    plain = " ".join(_AROUND.sub(" ", plain).split()) if any(one.isdigit() for one in plain) else plain
    plain = plain if _OPEN_END.fullmatch(text) is None else text
    parts = [part for part in _BETWEEN.split(_DASH.sub("-", plain)) if part]
    spans = [_span(piece, today) for part in parts for piece in _pieces(part)]
    try:
        return in_order(spans)
    except ValueError as error:
        raise ValueError(Reason("These hours do not fit together: {}.", text)) from error


def _pieces(part: str) -> list[str]:
    """A part that names two spans, as those."""
    if len(re.findall(r"-|\bbis\b|\bto\b|\buntil\b", part, re.IGNORECASE)) < 2:
        return [part]
    return _BLANK_BETWEEN.split(part)


def _span(text: str, today: date) -> Span:
    """One span, read as in tables and forms. Raises ValueError with a Reason."""
    open_end = _OPEN_END.fullmatch(text)
    plain = (open_end["from"] or open_end["end"]) if open_end else text
    if any(sort not in _HOURS for sort in _sorts(plain)):
        raise _unreadable(text)
    try:
        found = when.said(plain, Frame(today), hours=True)
    except ValueError as error:
        raise _unreadable(text) from error
    if found.begins is None or found.first or found.last or found.whole or found.notes:
        raise _unreadable(text)
    if found.ends is None:
        if open_end is None:
            raise ValueError(Reason("Until when? Please write both hours, such as {}.", _EXAMPLE))
        return found.begins % DAY, None
    try:
        return over_night(found.begins % DAY, found.ends)
    except ValueError as error:
        raise _unreadable(text) from error


def _sorts(text: str) -> list[str]:
    """What sorts of pieces stand in it. Raises ValueError with a Reason."""
    try:
        return [sort for sort, _ in when.pieces_of(text)]
    except ValueError as error:
        raise _unreadable(text) from error


def _closure(
    texts: Mapping[str, str], number: int, now: datetime, zone: ZoneInfo, language: str
) -> Closure | None:
    """The closure of that number; `24.12. bis 6.1.` in the first box alone is one, too. Raises Invalid."""
    since, until = (f"closed.{number}.{end}" for end in ("from", "until"))
    if not texts.get(since) and not texts.get(until):
        return None
    if not texts.get(since):
        raise Invalid.field(since, Reason("From when? Please name the first day."))
    first, last = _days(texts[since], since, now, None, zone, language)
    if texts.get(until):
        near = datetime.combine(first, datetime.min.time(), zone)
        last = max(_days(texts[until], until, now, near, zone, language))
        with suppress(Invalid):  # said in one breath, a closure that has begun is not the one of next year
            both = f"{texts[since]} bis {texts[until]}"
            first, last = _days(both, until, now, None, zone, language)
    if last < now.astimezone(zone).date():
        raise Invalid.field(since, Reason("That is over already: {}.", full_day(last, language)))
    try:
        return closed(first, last)
    except ValueError as error:
        raise Invalid.field(until, Reason("It would end before it begins: {}.", texts[until])) from error


def _days(
    text: str, box: str, now: datetime, near: datetime | None, zone: ZoneInfo, language: str
) -> tuple[date, date]:
    """The first and the last day that `text` names. Raises Invalid at `box`."""
    try:
        heard = spoken.understood(text, now, zone, language, near=near, past=True)
    except Invalid as error:
        raise Invalid.field(box, error.faults[0].message) from error
    start = heard.start if heard.start is not None else heard.end
    if start is None or not heard.whole_days or heard.rule:
        raise Invalid.field(box, Reason("Please write a day, such as {}.", "24.12.2026"))
    return _date(start), _date(heard.end if heard.end is not None else start)


def _date(day: datetime | date) -> date:
    return day.date() if isinstance(day, datetime) else day


def _unreadable(text: str) -> ValueError:
    return ValueError(
        Reason("“{}” was not understood. Please write hours such as {}, or “closed”.", text[:60], _EXAMPLE)
    )
