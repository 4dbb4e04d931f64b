"""A time zone as a VTIMEZONE (RFC 5545 section 3.6.5): yearly rules, from before any date that a post can have."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard, vRecur

#: Posts have dates from 1970 on. Up to the last year zones are looked at; what holds then is taken to hold for ever.
_FIRST, _LAST = 1970, 2037
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@dataclass(frozen=True)
class _Change:
    """A change of the clocks: when, on the clock before it (naive), from which offset to which, and the new one's name."""

    at: datetime
    before: timedelta
    after: timedelta
    name: str
    summer: bool

    def fits(self, earlier: "_Change") -> str:
        """The rule by which it follows on `earlier` a year later; empty where none does."""
        same = (self.before, self.after, self.name) == (earlier.before, earlier.after, earlier.name)
        if not same or self.at.year != earlier.at.year + 1 or self.at.time() != earlier.at.time():
            return ""
        return next((rule for rule in _rules(earlier.at) if rule in set(_rules(self.at))), "")


def _rules(day: datetime) -> Iterator[str]:
    """What the day is within its year: the last Sunday of March, the second one, or a day of the month."""
    month, weekday = f"FREQ=YEARLY;BYMONTH={day.month}", _DAYS[day.weekday()]
    if (day + timedelta(days=7)).month != day.month:
        yield f"{month};BYDAY=-1{weekday}"
    yield f"{month};BYDAY={(day.day + 6) // 7}{weekday}"
    yield f"{month};BYMONTHDAY={day.day}"


@lru_cache(maxsize=8)
def described(zone: ZoneInfo) -> bytes:
    """The VTIMEZONE of `zone`, so that an event keeps its wall-clock time on every device."""
    found = Timezone()
    found.add("tzid", str(zone))
    begin = datetime(_FIRST, 1, 1, tzinfo=zone)
    offset = begin.utcoffset() or timedelta(0)
    first = _Change(
        begin.replace(tzinfo=None), offset, offset, begin.tzname() or "", summer=bool(begin.dst())
    )
    for run, rule in [([first], ""), *_runs(list(_changes(zone)))]:
        found.add_component(_observance(run, rule))
    return bytes(found.to_ical())


def _observance(run: list[_Change], rule: str) -> TimezoneDaylight | TimezoneStandard:
    """A stretch of years in which the clocks changed by one rule; one without an end goes on."""
    one = TimezoneDaylight() if run[0].summer else TimezoneStandard()
    one.add("dtstart", run[0].at)
    one.add("tzoffsetfrom", run[0].before)
    one.add("tzoffsetto", run[0].after)
    one.add("tzname", run[0].name)
    if rule:
        # A day behind the last of them, since some programs read it on the local clock.
        last = run[-1].at - run[-1].before + timedelta(days=1)
        until = "" if last.year >= _LAST else f";UNTIL={last:%Y%m%dT%H%M%SZ}"
        one.add("rrule", vRecur.from_ical(rule + until))
    return one


def _runs(changes: list[_Change]) -> Iterator[tuple[list[_Change], str]]:
    """Changes that follow one rule from year to year, with it; those that follow none stand alone."""
    left = list(changes)
    while left:
        run, rule = [left.pop(0)], ""
        while (found := _following(run[-1], rule, left)) is not None:
            left.remove(found[0])
            run.append(found[0])
            rule = found[1]
        yield run, rule


def _following(last: _Change, rule: str, left: list[_Change]) -> tuple[_Change, str] | None:
    for one in left:
        if one.at.year > last.at.year + 1:
            return None
        fitting = one.fits(last)
        if fitting and (not rule or rule in set(_rules(one.at))):
            return one, rule or fitting
    return None


def _changes(zone: ZoneInfo) -> Iterator[_Change]:
    """Every change of the clocks, found by looking at each day and then between two."""
    days = (
        datetime(_FIRST, 1, 1, tzinfo=UTC) + timedelta(days=day) for day in range((_LAST - _FIRST + 1) * 366)
    )
    for one, following in pairwise(days):
        if one.astimezone(zone).utcoffset() != following.astimezone(zone).utcoffset():
            yield _between(zone, one, following)


def _between(zone: ZoneInfo, low: datetime, high: datetime) -> _Change:
    before = low.astimezone(zone).utcoffset() or timedelta(0)
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        low, high = (middle, high) if middle.astimezone(zone).utcoffset() == before else (low, middle)
    local = high.astimezone(zone)
    after = local.utcoffset() or timedelta(0)
    at = high.replace(tzinfo=None) + before
    return _Change(at, before, after, local.tzname() or "", summer=bool(local.dst()))
