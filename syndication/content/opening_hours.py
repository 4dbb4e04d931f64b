"""When a business is open: a week of hours, public holidays, closures and a line of words, kept as OpenStreetMap writes it.

What is read and written is a part of https://wiki.openstreetmap.org/wiki/Key:opening_hours/specification: days of the week
and PH with hours or `off`, `24/7`, days of a named year that are `off`, and a comment (decision 0045).
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby, pairwise

from syndication.content.reason import Reason

#: Hours of a day in minutes from its midnight, the end up to a day later; None: the end is open.
Span = tuple[int, int | None]
DAY = 24 * 60
ALL_DAY: tuple[Span, ...] = ((0, DAY),)
MOST_SPANS, MOST_CLOSURES, MOST_NOTE = 4, 10, 200
_DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_EXAMPLE = "Mo-Fr 09:00-12:30,14:00-18:00; Sa 09:00-13:00; PH off"
_HOUR = r"\d{1,2}:\d\d"
_TIMES = rf"{_HOUR}(?: ?- ?{_HOUR}|\+)(?: ?, ?{_HOUR}(?: ?- ?{_HOUR}|\+))*"
_A_DAY = rf"(?:{'|'.join(_DAYS)}|PH)"
_DATE = (
    rf"(?:(?P<{{0}}year>\d{{{{4}}}}) )?(?:(?P<{{0}}month>{'|'.join(_MONTHS)}) )?(?P<{{0}}day>\d{{{{1,2}}}})"
)
_CLOSURE = re.compile(
    rf"{_DATE.format('first_')}(?: ?- ?{_DATE.format('last_')})? (?:off|closed)\b",
    re.IGNORECASE | re.ASCII,
)
_RULE = re.compile(
    rf"(?:(?P<days>{_A_DAY}(?: ?[-,] ?{_A_DAY})*) ?:? ?)?(?P<hours>24/7|off\b|closed\b|{_TIMES})",
    re.IGNORECASE | re.ASCII,
)
_NOTE = re.compile(r'"(?P<note>[^"]*)"')
_NEXT = re.compile(r" ?(\|\||;|,) ?")


@dataclass(frozen=True)
class Closure:
    """Whole days on which it is closed, the last one among them."""

    first: date
    last: date


@dataclass(frozen=True)
class OpeningHours:
    """`days`: the hours of each day of the week from Monday on. `holidays`: those of public holidays; None: not said."""

    days: tuple[tuple[Span, ...], ...] = ((),) * 7
    holidays: tuple[Span, ...] | None = None
    closures: tuple[Closure, ...] = ()
    note: str = ""

    @property
    def always(self) -> bool:
        """Open day and night."""
        return all(spans == ALL_DAY for spans in self.days)

    def from_day(self, today: date) -> "OpeningHours":
        """The same without closures that are over."""
        return replace(self, closures=tuple(one for one in self.closures if one.last >= today))

    def alike(self) -> Iterator[tuple[list[tuple[int, int]], tuple[Span, ...]]]:
        """Hours with the stretches of days that have them (first, last; from Monday, 0); closed days are left out."""
        for spans in dict.fromkeys(self.days):
            if spans:
                yield _stretches(day for day, own in enumerate(self.days) if own == spans), spans


def read(text: str) -> OpeningHours:
    """What `text` says. Raises ValueError with a Reason where it says more than is understood here, or nothing that is."""
    found, place, joint = OpeningHours(), 0, ";"
    plain = " ".join(text.split())  # the patterns know single blanks
    while True:
        end, found = _rule(plain, place, joint, found)
        if end == len(plain):
            return found
        following = _NEXT.match(plain, end)
        if following is None:
            raise _not_understood(plain[end:])
        joint, place = following[1], following.end()
        if place == len(plain) and joint == ";":
            return found


def written(hours: OpeningHours) -> str:
    """The text that `read` reads as `hours`; equal hours are written equally."""
    week = [f"{_named(stretches)} {_hours(spans)}" for stretches, spans in hours.alike()]
    rules = ["24/7"] if hours.always else week
    if not rules and hours.note:
        rules = [f'"{hours.note}"']
    if hours.holidays is not None:
        rules.append(f"PH {_hours(hours.holidays)}")
    rules += [
        f"{_date(one.first)} off" if one.first == one.last else f"{_date(one.first)}-{_date(one.last)} off"
        for one in sorted(hours.closures, key=lambda one: (one.first, one.last))
    ]
    text = "; ".join(rules) or "off"
    return f'{text} || "{hours.note}"' if hours.note and not text.startswith('"') else text


def canonical(text: str) -> str:
    """The same hours as `written` spells them; empty stays empty. Raises ValueError as `read`."""
    return written(read(text)) if text.strip() else ""


def in_order(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The hours of a day from morning to night. Raises ValueError with a Reason where they overlap, or are too many."""
    found = tuple(sorted(set(spans), key=lambda span: span[0]))
    if len(found) > MOST_SPANS:
        raise ValueError(Reason("holds more than {} spans of hours for one day", MOST_SPANS))
    for (_, end), (begin, _) in pairwise(found):
        if end is None or end > begin:
            raise ValueError(Reason("names hours that overlap"))
    return found


# Reading


def _rule(plain: str, place: int, joint: str, so_far: OpeningHours) -> tuple[int, OpeningHours]:
    """Where the rule ends that begins at `place`, and what is said with it."""
    if (note := _NOTE.match(plain, place)) and (joint == "||" or place == 0):
        words = " ".join(note["note"].split())
        if not words or len(words) > MOST_NOTE or so_far.note:
            raise ValueError(Reason("takes one comment of at most {} characters", MOST_NOTE))
        return note.end(), replace(so_far, note=words)
    if joint == "||":
        raise _not_understood(plain[place:])
    if closure := _CLOSURE.match(plain, place):
        if len(so_far.closures) >= MOST_CLOSURES:
            raise ValueError(Reason("takes at most {} times of being closed", MOST_CLOSURES))
        return closure.end(), replace(so_far, closures=(*so_far.closures, _closure(closure)))
    rule = _RULE.match(plain, place)
    if rule is None:
        raise _not_understood(plain[place:])
    days = set(_listed(rule["days"])) if rule["days"] else set(range(7))
    spans = _spans(rule["hours"])

    def joined(known: tuple[Span, ...]) -> tuple[Span, ...]:
        return in_order((*known, *spans)) if joint == "," else in_order(spans)

    week = tuple(joined(known) if day in days else known for day, known in enumerate(so_far.days))
    holidays = joined(so_far.holidays or ()) if 7 in days else so_far.holidays
    return rule.end(), replace(so_far, days=week, holidays=holidays)


def _listed(days: str) -> Iterator[int]:
    """Days of the week from 0, public holidays as 7."""
    for part in days.split(","):
        ends = [one.strip().lower() for one in part.split("-")]
        numbers = [7 if one == "ph" else [day.lower() for day in _DAYS].index(one) for one in ends]
        if len(numbers) == 1:
            yield numbers[0]
        elif len(numbers) == 2 and 7 not in numbers:
            first, last = numbers
            yield from ((first + more) % 7 for more in range((last - first) % 7 + 1))
        else:
            raise _not_understood(days)


def _spans(hours: str) -> list[Span]:
    if hours.lower() in ("off", "closed"):
        return []
    if hours == "24/7":
        return list(ALL_DAY)
    return [_span(part.strip()) for part in hours.split(",")]


def _span(part: str) -> Span:
    begin, _, end = part.removesuffix("+").partition("-")
    opens = _minutes(begin, DAY - 1)
    if part.endswith("+"):
        return opens, None
    return over_night(opens, _minutes(end, 2 * DAY))


def over_night(opens: int, closes: int) -> Span:
    """The same span, its end on the next day where it is not behind its beginning. Raises ValueError with a Reason."""
    closes = closes + DAY if closes <= opens else closes
    if closes - opens > DAY:
        raise ValueError(Reason("names hours that go on for more than a day"))
    return opens, closes


def _minutes(text: str, most: int) -> int:
    hour, minute = (int(part) for part in text.split(":"))
    if minute > 59 or (total := hour * 60 + minute) > most:
        raise ValueError(Reason("names {}, which is no time of a day", text.strip()))
    return total


def _closure(found: re.Match[str]) -> Closure:
    year, month = found["first_year"], found["first_month"]
    if not year or not month:
        raise ValueError(
            Reason("names a day without its year or month; please write it as {}", "2026 Dec 24")
        )
    first = _day_of(year, month, found["first_day"])
    if not found["last_day"]:
        return Closure(first, first)
    last = _day_of(found["last_year"] or year, found["last_month"] or month, found["last_day"])
    return closed(first, last)


def closed(first: date, last: date) -> Closure:
    """Raises ValueError with a Reason where it would end before it begins."""
    if last < first:
        raise ValueError(Reason("names a closure that ends before it begins"))
    return Closure(first, last)


def _day_of(year: str, month: str, day: str) -> date:
    try:
        return date(int(year), _MONTHS.index(month.capitalize()) + 1, int(day))
    except ValueError as error:
        raise ValueError(Reason("names a day that does not exist: {}", f"{year} {month} {day}")) from error


def _not_understood(rest: str) -> ValueError:
    return ValueError(
        Reason("is not understood from {} on; what is looks like {}", repr(rest[:60]), _EXAMPLE)
    )


# Writing


def _stretches(days: Iterable[int]) -> list[tuple[int, int]]:
    """Numbers that follow each other, as first and last."""
    numbers = list(enumerate(days))
    groups = [[day for _, day in group] for _, group in groupby(numbers, lambda pair: pair[1] - pair[0])]
    return [(group[0], group[-1]) for group in groups]


def _named(stretches: list[tuple[int, int]]) -> str:
    return ",".join(
        _DAYS[first] if first == last else f"{_DAYS[first]}-{_DAYS[last]}" for first, last in stretches
    )


def _hours(spans: tuple[Span, ...]) -> str:
    return (
        ",".join(
            f"{clock(begin)}+" if end is None else f"{clock(begin)}-{clock(end)}" for begin, end in spans
        )
        or "off"
    )


def clock(minutes: int) -> str:
    """ "09:00"; 24:00 ends a day, what is later is on the next."""
    return "{:02}:{:02}".format(*divmod(minutes if minutes <= DAY else minutes - DAY, 60))


def _date(day: date) -> str:
    return f"{day.year} {_MONTHS[day.month - 1]} {day.day:02}"
