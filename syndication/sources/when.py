"""Reads what German and English people write into a cell to say when: days, hours, and from one to another."""

import re
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from syndication.content.reason import Reason
from syndication.sources.pieces import (
    HOURS,
    MIDNIGHT,
    Day,
    Hour,
    Order,
    Piece,
    day_of,
    hour_of,
    in_part,
    is_day_of_a_range,
    is_year,
    pieces,
    unreadable,
    weekday_of,
)
from syndication.sources.quoting import quoted

#: A date without a year is one that was a moment ago, or one of the next months.
_JUST_OVER, _AHEAD = timedelta(days=60), timedelta(days=183)

#: Behind a blank, `-22:00` is rather an end than an offset.
_WITH_OFFSET = re.compile(r"\d{4}-\d\d-\d\d(?:[T ][\d:.]+ ?(?:Z|\+\d\d:?\d\d)|T[\d:.]+-\d\d:?\d\d)")
_DASHES = re.compile("[\u2010-\u2015\u2212]")
_ASIDE = re.compile(r"\([^()]{0,80}\)")
_ALL_DAY = re.compile(r"(?:ganztägig|ganztags|ganzer tag|all day|all-day)", re.IGNORECASE)
_DOORS = re.compile(
    r"[(,;/|]? ?\b(?:einlass|einlaß|doors?(?: open)?|admission)\b ?:? ?(?:ab|um|from|at)? ?\d{1,2}(?:[:.]\d\d)?"
    r"\s?(?:uhr|h\b|[ap]m\b)? ?[),;/|]?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Frame:
    """What the table says around a cell: a month heading's year and month, the order of slashes, and today."""

    today: date
    year: int | None = None
    month: int | None = None
    order: Order = "day/month"


@dataclass(frozen=True)
class Said:
    """What a cell says: from which day to which, from which hour to which, in minutes; None where it does not.

    `at`: a moment with its own offset. `notes`: words about something else, such as doors. `remarks`: what was doubtful.
    """

    first: date | None = None
    last: date | None = None
    begins: int | None = None
    ends: int | None = None
    at: datetime | None = None
    whole: bool = False
    notes: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass
class _Found:
    """The parts of a cell in their order; `link` is what stood between one part and the next of its sort."""

    days: list[Day] = field(default_factory=list)
    hours: list[Hour] = field(default_factory=list)
    weekdays: list[int] = field(default_factory=list)
    day_link: str = ""
    hour_link: str = ""
    until_only: bool = False
    #: The only hour is that of the end: `24.12. bis 18 Uhr`.
    ends_only: bool = False
    part: str = ""
    remarks: list[str] = field(default_factory=list)


def said(text: str, frame: Frame, *, hours: bool = False, after: date | None = None) -> Said:
    """What `text` says; `hours`: it stands where hours stand. `after`: the day that a date without a year follows.

    Raises ValueError with a Reason.
    """
    plain = _DASHES.sub("-", " ".join(text.split()))
    if _WITH_OFFSET.fullmatch(plain):
        return Said(at=_moment(plain))
    notes = [one.strip(" (),;/|") for one in _DOORS.findall(plain)]
    rest = _DOORS.sub(" ", plain) if notes else plain
    try:
        found = _read(rest, frame, text, hours=hours, after=after)
    except ValueError:
        aside = _ASIDE.findall(rest)
        if not aside:
            raise
        notes += [one.strip("( )") for one in aside]
        found = _read(_ASIDE.sub(" ", rest), frame, text, hours=hours, after=after)
    return replace(found, notes=tuple(notes))


def _read(plain: str, frame: Frame, text: str, *, hours: bool, after: date | None) -> Said:
    """What is left of `text` without what is but a note."""
    whole = _ALL_DAY.search(plain) is not None
    found = _parts(_ALL_DAY.sub(" ", plain), text, hours=hours, frame=frame)
    if not (found.days or found.hours or whole):
        raise unreadable(text, hours)
    begins, ends = _clock(found, text)
    first, last, remarks = _days(found, frame, after, text)
    if found.until_only:
        first, last = None, last or first
        begins, ends = None, ends if ends is not None else begins
    elif found.ends_only and ends is None:
        begins, ends = None, begins
    return Said(first, last, begins, ends, whole=whole, remarks=(*found.remarks, *remarks))


def is_moment(plain: str) -> bool:
    """Whether it is one moment with its own offset, as programs write it."""
    return _WITH_OFFSET.fullmatch(plain) is not None


def pieces_of(plain: str) -> list[Piece]:
    """The pieces of a text that holds hours, in their places; what is but a note has none. Raises ValueError as `said`."""
    plain = _DASHES.sub("-", plain)
    for aside in (_DOORS, _ALL_DAY):
        plain = aside.sub(_blank, plain)
    try:
        return pieces(plain, plain, hours=True)
    except ValueError:
        return pieces(_ASIDE.sub(_blank, plain), plain, hours=True)


def _blank(found: re.Match[str]) -> str:
    return " " * len(found[0])


def at(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    """So many minutes into a day on `zone`'s clock; 1440 is the end of it."""
    days, rest = divmod(minutes, MIDNIGHT)
    return datetime.combine(day + timedelta(days=days), time(*divmod(rest, 60)), zone)


# The parts of a text


def _parts(plain: str, text: str, *, hours: bool, frame: Frame) -> _Found:
    found, link = _Found(), ""
    found_pieces = pieces(plain, text, hours)
    hours = hours or any(sort in HOURS for sort, _ in found_pieces)
    for number, (sort, token) in enumerate(found_pieces):
        match sort:
            case "weekday":
                found.weekdays.append(weekday_of(token))
                continue
            case "to" | "both":
                if sort == "to" and not (found.days or found.hours or found.weekdays):
                    found.until_only = True
                # A dash behind a day often leads to the hour at which it begins.
                found.ends_only = not found.hours and sort == "to" and token[0] != "-"
                link = sort
                continue
            case "year" if found.days and found.days[-1].year is None and is_year(token):
                found.days[-1].year = int(token[0])
            case "year" if not (hours or found.days):
                raise unreadable(text, hours)
            case "bare" if (hours or found.days) and not is_day_of_a_range(found_pieces, number):
                _add_hour(found, Hour(int(token[0]) * 60), link)
            case "spoken" | "midnight" | "clock" | "colon" | "year":
                _add_hour(found, hour_of(token, text), link)
            case "academic":
                _academic(found, token[0], text)
            case "part":
                _part(found, found_pieces, number, link)
            case _:
                _add_day(found, day_of(sort, token, frame.order), link)
        link = ""
    if len(found.days) > 2 or len(found.hours) > 2:
        raise ValueError(
            Reason("names several times, of which each needs a line of its own: {}", quoted(text))
        )
    return found


def _part(found: _Found, pieces: list[Piece], number: int, link: str) -> None:
    """`8 Uhr abends`, `abends um 8`, and `mittags` for itself; any other part of a day is no hour."""
    word, hours = pieces[number][1][0], (*HOURS, "bare", "year")
    if found.hours and pieces[number - 1][0] in hours:
        found.hours[-1] = in_part(found.hours[-1], word)
    elif number + 1 < len(pieces) and pieces[number + 1][0] in hours:
        found.part = word
    elif word.lower().startswith(("mittag", "noon")):
        found.remarks.append(Reason("{} was read as 12:00", quoted(word)))
        _add_hour(found, Hour(12 * 60), link)
    else:
        raise ValueError(Reason("says {} and no hour; please name it, such as 19:00", quoted(word)))


def _academic(found: _Found, word: str, text: str) -> None:
    """c.t., cum tempore: a quarter of an hour later. s.t., sine tempore: on the hour."""
    if word[0] in "sS":
        return
    if not found.hours:
        raise unreadable(text, hours=True)
    later = found.hours[-1].minutes + 15
    found.hours[-1] = Hour(later)
    found.remarks.append(
        Reason("c.t. is a quarter of an hour later: {}", "{:02}:{:02}".format(*divmod(later, 60)))
    )


def _add_day(found: _Found, day: Day, link: str) -> None:
    if found.days:
        found.day_link = link or "to"
    if len(found.weekdays) > len(found.days):
        day.weekday = found.weekdays[len(found.days)]
    found.ends_only = False
    found.days.append(day)


def _add_hour(found: _Found, hour: Hour, link: str) -> None:
    if found.hours:
        # Of two hours the second is the end where something leads to it, in whatever column or day it stands.
        found.hour_link = link or ("to" if len(found.days) > 1 else "both")
        found.ends_only = False
    found.hours.append(in_part(hour, found.part))


# Hours


def _clock(found: _Found, text: str) -> tuple[int | None, int | None]:
    if not found.hours:
        return None, None
    begins = found.hours[0]
    if len(found.hours) == 1:
        if begins.minutes > MIDNIGHT:
            raise unreadable(text, hours=True)
        return begins.minutes, None
    ends = found.hours[1]
    if found.hour_link != "to":
        raise ValueError(
            Reason("names several times, of which each needs a line of its own: {}", quoted(text))
        )
    if (
        ends.halved
        and not begins.halved
        and begins.minutes < 720 <= ends.minutes
        and begins.minutes + 720 < ends.minutes
    ):
        begins = Hour(begins.minutes + 720)  # `7-9 pm`
    if max(begins.minutes, ends.minutes) > MIDNIGHT:
        raise unreadable(text, hours=True)
    return begins.minutes, ends.minutes


# Days


def _days(
    found: _Found, frame: Frame, after: date | None, text: str
) -> tuple[date | None, date | None, list[str]]:
    if not found.days:
        return None, None, []
    remarks: list[str] = []
    first, last = found.days[0], found.days[-1]
    if first is last:
        return _whole(first, frame, after, text, remarks), None, remarks
    first.month = first.month or last.month
    last.month = last.month or first.month
    if last.year is not None and first.year is None:  # `28.12. - 3.1.2027`
        end = _whole(last, frame, after, text, remarks)
        begin = _whole(replace(first, year=end.year), frame, after, text, remarks=[])
        if begin > end:
            begin = _valid(begin.day, begin.month, end.year - 1, text)
    else:  # `5. Dezember 2026 - 7.`, `28.12.2026 - 3.1.`
        begin = _whole(first, frame, after, text, remarks)
        end = _whole(last, frame, begin, text, remarks)
    if found.day_link == "both" and (end - begin).days != 1:
        raise ValueError(
            Reason("names several days, of which each needs a line of its own: {}", quoted(text))
        )
    return begin, end, remarks


def _whole(one: Day, frame: Frame, after: date | None, text: str, remarks: list[str]) -> date:
    month = one.month or frame.month
    if month is None:
        raise ValueError(Reason("names no month, such as 24.12.2026: {}", quoted(text)))
    if one.year is not None:
        day = _valid(one.day, month, one.year, text)
        if one.weekday is not None and day.weekday() != one.weekday:
            remarks.append(
                Reason("the day of the week does not fit the date, which was taken: {}", quoted(text))
            )
        return day
    return _in_some_year(one, month, frame, after, text, remarks)


def _in_some_year(
    one: Day, month: int, frame: Frame, after: date | None, text: str, remarks: list[str]
) -> date:
    """The year of the start or of a heading, else the one that makes it a day of this season; one far away is not guessed."""
    if after is not None:
        coming = (_possible(one.day, month, after.year + more) for more in range(9))  # 29 February, and 2100
        if (found := next((day for day in coming if day is not None and day >= after), None)) is None:
            raise unreadable(text, hours=False)
        return found
    if frame.year is not None:
        day = _valid(one.day, month, frame.year, text)
        if one.weekday not in (None, day.weekday()):
            raise ValueError(Reason("is another day of the week in {}: {}", frame.year, quoted(text)))
        return day
    near = [_possible(one.day, month, frame.today.year + more) for more in (-1, 0, 1)]
    meant = [found for found in near if found is not None and -_JUST_OVER <= found - frame.today <= _AHEAD]
    if not meant or one.weekday not in (None, meant[0].weekday()):
        raise ValueError(Reason("names no year, such as 24.12.2026: {}", quoted(text)))
    remarks.append(Reason("without a year: {} was read as {}", quoted(text), meant[0].isoformat()))
    return meant[0]


def _valid(day: int, month: int, year: int, text: str) -> date:
    try:
        return date(year, month, day)
    except ValueError as error:
        raise unreadable(text, hours=False) from error


def _possible(day: int, month: int, year: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _moment(plain: str) -> datetime:
    try:
        return datetime.fromisoformat(plain)
    except ValueError as error:
        raise unreadable(plain, hours=False) from error
