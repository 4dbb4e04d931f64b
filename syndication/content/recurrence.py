"""Recurrence rules (RFC 5545 section 3.3.10): parsed, refused if they never occur, expanded within limits.

Own code and not dateutil's: that one searches a rule which fits no day to the year 9999, for seconds, and nothing stops it.
"""

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from syndication.content.reason import Reason

_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_PARTS = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS", "WKST"}
_DAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)", re.ASCII)
_SIGNED, _UNSIGNED = re.compile(r"[+-]?[0-9]{1,3}"), re.compile(r"[0-9]{1,3}")
_UNTIL = re.compile(r"(\d{8})(?:T(\d{6})Z?)?", re.ASCII)
_MOST_COUNTED = 99_999
#: The longest that each month can be, so that a day which no chosen month has is seen at once.
_LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
#: A rule must name a day within so many years, and then again; 29 February on a Monday comes every 28 or 40.
_YEARS = 40
#: Days that one walk looks at in all: a thousand dates of any rule that people use, and some hundredths of a second.
_MOST_LOOKED_AT = 60_000
_LAST_YEAR = 9000


@dataclass(frozen=True)
class Rule:
    """A rule that was read. Weekdays count from Monday, 0; beside each stands its place in month or year, or 0 for every one."""

    frequency: str
    interval: int = 1
    count: int | None = None
    until: datetime | None = None
    days: tuple[tuple[int, int], ...] = ()
    month_days: tuple[int, ...] = ()
    months: tuple[int, ...] = ()
    positions: tuple[int, ...] = ()
    week_start: int = 0

    @property
    def ends(self) -> bool:
        """Whether it says when it ends."""
        return self.count is not None or self.until is not None


@lru_cache(maxsize=1000)
def parsed(text: str) -> Rule:
    """The rule that `text` spells, with or without `RRULE:`. Raises ValueError with what is wrong, to be read behind its name."""
    parts: dict[str, str] = {}
    for part in text.upper().removeprefix("RRULE:").split(";"):
        name, _, value = part.partition("=")
        if part and name in parts:
            raise ValueError(Reason("names {} twice", name))
        if part:
            parts[name] = value
    if unknown := set(parts) - _PARTS:
        raise ValueError(Reason("holds {}, which is not supported in a rule", ", ".join(sorted(unknown))))
    if parts.get("FREQ") not in _FREQUENCIES:
        raise ValueError(Reason("must begin with FREQ=DAILY, WEEKLY, MONTHLY or YEARLY"))
    rule = Rule(
        frequency=parts["FREQ"],
        interval=_number(parts, "INTERVAL", 366) or 1,
        count=_number(parts, "COUNT", _MOST_COUNTED),
        until=_until(parts["UNTIL"]) if "UNTIL" in parts else None,
        days=_days(parts),
        month_days=_numbers(parts, "BYMONTHDAY", 31, signed=True),
        months=_numbers(parts, "BYMONTH", 12),
        positions=_numbers(parts, "BYSETPOS", 366, signed=True),
        week_start=_weekday(parts.get("WKST", "MO")),
    )
    _refuse_days_that_no_month_has(rule)
    _refuse_places_that_no_period_has(rule)
    return rule


def checked(text: str, start: datetime | None) -> str:
    """`text` in its plain form. Raises ValueError for what is no rule, or names no day for an event that begins at `start`.

    `start` is aware; on which day it falls depends on a zone that nobody knows here, so the days beside it do as well.
    """
    rule = parsed(text)
    if start is not None and rule.until is not None and rule.until < start:
        raise ValueError(Reason("has an UNTIL that lies before the first date"))
    first = start.date() if start is not None else date(2026, 1, 1)
    own_days = rule.interval == 1 and (rule.days or rule.month_days)
    near = (0,) if own_days or start is None else (0, -1, 1)
    if not any(_happens(rule, first + timedelta(days=days)) for days in near):
        raise ValueError(Reason("names no day in the {} years after its start", _patience(rule)))
    return text.upper().removeprefix("RRULE:")


def walk(rule: Rule, start: datetime, since: date | None = None) -> Iterator[datetime]:
    """The occurrences from `start` on, at its wall-clock time in its zone, across changes of the clocks.

    It ends by itself: where no day fits for 40 years, after 60,000 days that were looked at, and at the year 9000.
    A rule that counts nothing can be entered at `since`, years behind its start, where a few earlier days may come first.
    """
    clock, zone = start.replace(microsecond=0).time(), start.tzinfo
    counted = looked_at = 0
    entered = start.date() if since is None or rule.count is not None else max(since, start.date())
    fitted, weight = entered.year, 1 + _offered(rule)
    for begin, days in _periods(rule, start.date(), entered):
        looked_at += weight
        if looked_at > _MOST_LOOKED_AT or begin.year > min(_LAST_YEAR, fitted + _patience(rule)):
            return
        for day in _chosen(rule, days):
            if day < start.date():
                continue
            moment = datetime.combine(day, clock, zone)
            if rule.until is not None and moment > rule.until:
                return
            yield moment
            fitted = day.year
            counted += 1
            if rule.count is not None and counted >= rule.count:
                return


def until(text: str) -> datetime | None:
    """The moment (UTC) behind which a rule gives nothing more; None where it names none, or is no rule."""
    try:
        return parsed(text).until
    except ValueError:
        return None


# Reading


def _number(parts: dict[str, str], name: str, most: int) -> int | None:
    if name not in parts:
        return None
    text = parts[name]
    if not re.fullmatch(r"[0-9]{1,9}", text) or not 1 <= int(text) <= most:
        if name == "INTERVAL":
            raise ValueError(Reason("has an {} that is no number from 1 to {}", name, most))
        raise ValueError(Reason("has a {} that is no number from 1 to {}", name, most))
    return int(text)


def _numbers(parts: dict[str, str], name: str, most: int, *, signed: bool = False) -> tuple[int, ...]:
    if name not in parts:
        return ()
    shape = _SIGNED if signed else _UNSIGNED
    texts = parts[name].split(",")
    if not all(shape.fullmatch(text) and 1 <= abs(int(text)) <= most for text in texts):
        raise ValueError(Reason("has a {} that is no number from 1 to {}", name, most))
    return tuple(dict.fromkeys(map(int, texts)))


def _days(parts: dict[str, str]) -> tuple[tuple[int, int], ...]:
    if "BYDAY" not in parts:
        return ()
    found = [_DAY.fullmatch(text) for text in parts["BYDAY"].split(",")]
    if not all(found):
        raise ValueError(Reason("is not a rule of RFC 5545: BYDAY must hold days such as MO or -1FR"))
    days = [(int(one[1] or 0), _WEEKDAYS.index(one[2])) for one in found if one]
    most = 5 if parts["FREQ"] == "MONTHLY" or "BYMONTH" in parts else 53
    if any(
        abs(place) > most or (one and one[1] and not place)
        for (place, _), one in zip(days, found, strict=True)
    ):
        raise ValueError(Reason("has a BYDAY with a place that is no number from 1 to {}", most))
    return tuple(dict.fromkeys(days))


def _weekday(text: str) -> int:
    if text not in _WEEKDAYS:
        raise ValueError(Reason("is not a rule of RFC 5545: WKST must be a day such as MO"))
    return _WEEKDAYS.index(text)


def _until(text: str) -> datetime:
    """A bare date counts to its end; a time without a zone is taken as UTC."""
    found = _UNTIL.fullmatch(text)
    try:
        if not found:
            raise ValueError
        return datetime.strptime(found[1] + (found[2] or "235959"), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError as error:
        raise ValueError(
            Reason("is not a rule of RFC 5545: UNTIL must be a date such as 20261231")
        ) from error


def _refuse_days_that_no_month_has(rule: Rule) -> None:
    longest = max((_LONGEST[month - 1] for month in rule.months), default=31)
    if rule.month_days and min(abs(day) for day in rule.month_days) > longest:
        raise ValueError(Reason("names a day that none of its months has"))


def _refuse_places_that_no_period_has(rule: Rule) -> None:
    if not rule.positions:
        return
    most = _offered(rule)
    if rule.month_days:  # each number stands once in a month, and in a week
        most = min(most, len(rule.month_days) * _months_in_period(rule))
    if min(abs(place) for place in rule.positions) > most:
        raise ValueError(Reason("has a BYSETPOS beyond the days it chooses from"))


def _offered(rule: Rule) -> int:
    """The most days that one period offers: those looked at to find which fit, from which BYSETPOS chooses."""
    if rule.frequency == "DAILY":
        return 1
    if rule.frequency == "WEEKLY":
        weekdays = len({weekday for _, weekday in rule.days})
        return weekdays or (len(rule.month_days) and 7) or 1
    if not rule.days:
        return (len(rule.month_days) or 1) * _months_in_period(rule)
    by_year = rule.frequency == "YEARLY" and not rule.months
    every = 53 if by_year else 5
    placed = sum(1 if place else every for place, _ in rule.days)
    return placed if by_year else placed * _months_in_period(rule)


def _months_in_period(rule: Rule) -> int:
    """Months of which a period takes days."""
    if rule.frequency != "YEARLY":
        return 1
    return len(rule.months) or (12 if rule.month_days or rule.days else 1)


def _patience(rule: Rule) -> int:
    """Years without a day that fits after which there will be none."""
    return _YEARS + (8 * rule.interval if rule.frequency == "YEARLY" else 0)


def _happens(rule: Rule, first: date) -> bool:
    weekdays = {weekday for _, weekday in rule.days}
    if rule.frequency == "DAILY" and rule.interval % 7 == 0 and weekdays and first.weekday() not in weekdays:
        return False  # it is that weekday for ever
    last = date(min(first.year + _patience(rule), _LAST_YEAR), 12, 31)
    if rule.until is not None and rule.until.year <= _LAST_YEAR:
        last = min(last, rule.until.date() + timedelta(days=1))
    for begin, days in _periods(rule, first, first):
        if any(first <= day <= last for day in _chosen(rule, days)):
            return True
        if begin > last:
            return False
    return False


# Walking

Period = tuple[date, list[date]]


def _chosen(rule: Rule, days: list[date]) -> list[date]:
    """What BYSETPOS leaves of the days of one period, which come in their order."""
    if not rule.positions or not days:
        return days
    picked = {days[place - 1 if place > 0 else place] for place in rule.positions if abs(place) <= len(days)}
    return sorted(picked)


def _periods(rule: Rule, first: date, since: date) -> Iterator[Period]:
    """Each day, week, month or year of the rule from that of `since` on: its beginning, and which of its days fit."""
    try:
        yield from {"DAILY": _daily, "WEEKLY": _weekly, "MONTHLY": _monthly, "YEARLY": _yearly}[
            rule.frequency
        ](rule, first, since)
    except (OverflowError, ValueError):  # the calendar of `date` ends with the year 9999
        return


def _daily(rule: Rule, first: date, since: date) -> Iterator[Period]:
    number = since.toordinal() - (since - first).days % rule.interval
    while True:
        day = date.fromordinal(number)
        if rule.months and day.month not in rule.months:
            # On to the first day of the rule that lies in the next month.
            rest = monthrange(day.year, day.month)[1] - day.day + 1
            number += -(-rest // rule.interval) * rule.interval
            yield day, []
            continue
        yield day, [day] if _fits(rule, day) else []
        number += rule.interval


def _weekly(rule: Rule, first: date, since: date) -> Iterator[Period]:
    begin = first - timedelta(days=(first.weekday() - rule.week_start) % 7)
    begin = since - timedelta(days=(since - begin).days % (7 * rule.interval))
    unsaid = set(range(7)) if rule.month_days else {first.weekday()}
    wanted = {weekday for _, weekday in rule.days} or unsaid
    offsets = sorted((weekday - rule.week_start) % 7 for weekday in wanted)
    while True:
        days = [begin + timedelta(days=offset) for offset in offsets]
        yield begin, [day for day in days if _fits(rule, day)]
        begin += timedelta(days=7 * rule.interval)


def _monthly(rule: Rule, first: date, since: date) -> Iterator[Period]:
    number = since.year * 12 + since.month - 1
    number -= (number - first.year * 12 - first.month + 1) % rule.interval
    while True:
        year, month = divmod(number, 12)
        month += 1
        wanted = not rule.months or month in rule.months
        yield date(year, month, 1), _in_month(rule, first, year, month) if wanted else []
        number += rule.interval


def _yearly(rule: Rule, first: date, since: date) -> Iterator[Period]:
    year = since.year - (since.year - first.year) % rule.interval
    # A place beside a weekday counts within the months where the rule names some, else within the year.
    by_year = bool(rule.days) and not rule.months
    months = rule.months or (range(1, 13) if rule.month_days else (first.month,))
    while True:
        if by_year:
            days = _weekdays(rule, date(year, 1, 1), date(year, 12, 31))
            days = [day for day in days if _on_month_day(rule, day)]
        else:
            days = [day for month in sorted(months) for day in _in_month(rule, first, year, month)]
        yield date(year, 1, 1), days
        year += rule.interval


def _in_month(rule: Rule, first: date, year: int, month: int) -> list[date]:
    length = monthrange(year, month)[1]
    if rule.days:
        found = _weekdays(rule, date(year, month, 1), date(year, month, length))
        return [day for day in found if _on_month_day(rule, day)]
    numbers = rule.month_days or (first.day,)
    placed = {day if day > 0 else length + 1 + day for day in numbers}
    return [date(year, month, day) for day in sorted(placed) if 1 <= day <= length]


def _weekdays(rule: Rule, begin: date, end: date) -> list[date]:
    """The days of BYDAY within a month or a year, in their order."""
    low, high = begin.toordinal(), end.toordinal()
    found: set[int] = set()
    for place, weekday in rule.days:
        earliest = low + (weekday - begin.weekday()) % 7
        latest = high - (end.weekday() - weekday) % 7
        if place == 0:
            found.update(range(earliest, high + 1, 7))
        else:
            number = earliest + 7 * (place - 1) if place > 0 else latest + 7 * (place + 1)
            if low <= number <= high:
                found.add(number)
    return list(map(date.fromordinal, sorted(found)))


def _fits(rule: Rule, day: date) -> bool:
    """Whether a day is one that a rule of days or weeks lets through."""
    return (
        (not rule.months or day.month in rule.months)
        and (not rule.days or any(day.weekday() == weekday for _, weekday in rule.days))
        and _on_month_day(rule, day)
    )


def _on_month_day(rule: Rule, day: date) -> bool:
    if not rule.month_days:
        return True
    length = monthrange(day.year, day.month)[1]
    return day.day in rule.month_days or day.day - length - 1 in rule.month_days
