"""When an event takes place: a rule, dates left out of it and added to it, and dates of their own. Pure; all moments in UTC.

The words are those of RFC 5545: a rule (RRULE), excluded dates (EXDATE), added ones (RDATE), and for a date of its own the
RECURRENCE-ID: the start that the rule, or the list of added dates, gave it.
"""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import islice, takewhile
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from syndication.content import recurrence
from syndication.content.reason import Reason
from syndication.errors import Fault

#: An event that names no end is taken to be over this long after its start.
UNSTATED_LENGTH = timedelta(hours=3)
#: Dates that one schedule may leave out, and as many that it may add; and how many may be different from the others.
MOST_DATES, MOST_OWN = 300, 100
#: A rule that counts its dates is looked at so far; one that counts more never ends, as far as anybody can tell.
_MOST_COUNTED = 10_000
#: A rule is walked from so long before the moment that is asked for: what lasts until then is found as well.
_RUN_UP = timedelta(days=3)
#: The same for its last date; from this year on an end is none.
_NEAR_END, _FAR = timedelta(days=800), 8900
#: No post has a date before.
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
#: And none ends behind this: a day before the calendar of `datetime` does, whatever the zone.
_LATEST = datetime(9999, 12, 30, tzinfo=UTC)
#: States of a date that does not take place.
_OFF = ("cancelled", "postponed")


class Own(Protocol):
    """A date of its own, named by its `recurrence_id`: where it was moved to, and what else is not as with the others (None)."""

    @property
    def recurrence_id(self) -> datetime: ...
    @property
    def starts_at(self) -> datetime | None: ...
    @property
    def ends_at(self) -> datetime | None: ...
    @property
    def status(self) -> str | None: ...
    @property
    def place(self) -> Any: ...
    @property
    def price(self) -> Any: ...


class Schedule(Protocol):
    """What says when an event takes place, in the fields of a post; without a start it never does."""

    @property
    def starts_at(self) -> datetime | None: ...
    @property
    def ends_at(self) -> datetime | None: ...
    @property
    def all_day(self) -> bool: ...
    @property
    def recurrence(self) -> str | None: ...
    @property
    def excluded(self) -> Sequence[datetime]: ...
    @property
    def added(self) -> Sequence[datetime]: ...
    @property
    def dates(self) -> Sequence[Own]: ...


@dataclass(frozen=True)
class Occurrence:
    """One date as it stands: `own` says what is different about it, None where nothing is."""

    recurrence_id: datetime
    starts_at: datetime
    ends_at: datetime
    own: Any = None

    @property
    def takes_place(self) -> bool:
        """Whether it was not called off."""
        return self.own is None or self.own.status not in _OFF


def length(schedule: Schedule) -> timedelta:
    """How long one date lasts."""
    starts, ends = schedule.starts_at, schedule.ends_at
    stated = ends - starts if starts is not None and ends is not None else None
    if (
        schedule.all_day
    ):  # `ends_at` is the midnight behind the last day; one that names the day itself still means it
        return max(stated or timedelta(0), timedelta(days=1))
    return UNSTATED_LENGTH if stated is None else stated


def repeats(schedule: Schedule) -> bool:
    """Whether there may be more dates than the first."""
    return bool(schedule.recurrence or schedule.added)


def dates(schedule: Schedule, zone: ZoneInfo, *, after: datetime) -> Iterator[Occurrence]:
    """Every date that ends after `after`, in their order, those that were called off too; rules keep `zone`'s wall clock.

    It may go on for thousands of years: take a few.
    """
    if schedule.starts_at is None:
        return
    others = sorted(_others(schedule, zone), key=_start)
    for one in heapq.merge(_regular(schedule, zone, after), others, key=_start):
        if one.ends_at > after:
            yield one


def upcoming(schedule: Schedule, zone: ZoneInfo, now: datetime) -> Occurrence | None:
    """The date that runs at `now`, else the next one that takes place; None where there will be none."""
    return next((one for one in dates(schedule, zone, after=now) if one.takes_place), None)


def last_date(schedule: Schedule, zone: ZoneInfo) -> Occurrence | None:
    """The last date, called off or not; None where there is no last one."""
    return _last(schedule, zone)


def date(schedule: Schedule, zone: ZoneInfo, recurrence_id: datetime) -> Occurrence:
    """The date of that name, as it stands."""
    own = next((one for one in schedule.dates if one.recurrence_id == recurrence_id), None)
    return _occurrence(schedule, zone, recurrence_id, own)


def own_dates(schedule: Schedule, zone: ZoneInfo) -> list[Occurrence]:
    """The dates with something special about them, in the order of the list."""
    return [_occurrence(schedule, zone, own.recurrence_id, own) for own in schedule.dates]


def first_by_rule(schedule: Schedule, zone: ZoneInfo) -> datetime | None:
    """The first start that the rule gives; None where there is no rule, or it gives none."""
    return next(_starts(schedule, zone), None) if schedule.recurrence else None


def occurrences(schedule: Schedule, zone: ZoneInfo, *, after: datetime, most: int) -> list[datetime]:
    """Starts of at most `most` dates that take place and end after `after`, at `zone`'s wall-clock time across DST."""
    places = (one.starts_at for one in dates(schedule, zone, after=after) if one.takes_place)
    return list(islice(places, most))


def last_occurrence(schedule: Schedule, zone: ZoneInfo) -> datetime | None:
    """Start of the last date; None where there is no last one."""
    last = _last(schedule, zone)
    return last.starts_at if last is not None else None


def over_at(schedule: Schedule, zone: ZoneInfo) -> datetime | None:
    """When the last date is over, called off or not; None where there is no last one."""
    last = _last(schedule, zone)
    return last.ends_at if last is not None else None


def said_until(schedule: Schedule, zone: ZoneInfo, now: datetime) -> datetime | None:
    """Until when the words for the next date, as they are at `now`, stay true; None: for ever."""
    one = upcoming(schedule, zone, now)
    if one is None:
        return None
    return (
        one.starts_at
        if one.starts_at > now and one.ends_at - one.starts_at > timedelta(hours=12)
        else one.ends_at
    )


def faults(schedule: Schedule, zone: ZoneInfo) -> list[Fault]:
    """What names dates that the rule does not have in the city's time, and whether any date is left."""
    if schedule.starts_at is None or not repeats(schedule):
        return []
    named = {name: sorted(values) for name, values in _named(schedule).items() if values}
    every = sorted(moment for values in named.values() for moment in values)
    known = set(schedule.added) | (_among(schedule, zone, every) if every else set())
    found = [
        Fault(name, Reason("names {}, which is no date of this event", f"{moment:%Y-%m-%dT%H:%M:%SZ}"))
        for name, values in named.items()
        for moment in values
        if moment not in known
    ]
    if not found and next(dates(schedule, zone, after=_BEGINNING), None) is None:
        found.append(Fault("excluded", Reason("leaves no date")))
    return found


def contradictions(schedule: Schedule) -> list[Fault]:
    """What cannot be meant, whatever the city's time is."""
    found = []
    if schedule.excluded and not schedule.recurrence:
        found.append(Fault("excluded", Reason("needs a recurrence that it leaves something out of")))
    if schedule.dates and not repeats(schedule):
        found.append(Fault("dates", Reason("needs several dates: a recurrence, or added ones")))
    own = [one.recurrence_id for one in schedule.dates]
    if len(set(own)) < len(own):
        found.append(Fault("dates", Reason("names one date twice")))
    if not set(schedule.excluded).isdisjoint((*own, *schedule.added)):
        found.append(Fault("excluded", Reason("names a date that is also in added or dates")))
    return found


def _named(schedule: Schedule) -> dict[str, set[datetime]]:
    return {"excluded": set(schedule.excluded), "dates": {own.recurrence_id for own in schedule.dates}}


def _among(schedule: Schedule, zone: ZoneInfo, moments: Sequence[datetime]) -> set[datetime]:
    """Which of `moments`, in their order, the rule gives, or the first date is."""
    return set(starts_between(schedule, zone, moments[0], moments[-1])) & set(moments)


def starts_between(schedule: Schedule, zone: ZoneInfo, first: datetime, last: datetime) -> Iterator[datetime]:
    """What the rule gives from `first` to `last`, whatever was left out of it; without a rule the first date."""
    walk = _starts(schedule, zone, max(first, _BEGINNING))
    return takewhile(lambda start: start <= last, (start for start in walk if start >= first))


# Walking


def _start(one: Occurrence) -> datetime:
    return one.starts_at


def _starts(schedule: Schedule, zone: ZoneInfo, near: datetime | None = None) -> Iterator[datetime]:
    """What the rule gives, from about `near` on; the first date alone where there is no rule, or none that can be read."""
    assert schedule.starts_at is not None
    if not schedule.recurrence:
        yield schedule.starts_at
        return
    try:
        rule = recurrence.parsed(schedule.recurrence)
    except ValueError:  # kept from a time when less was refused
        yield schedule.starts_at
        return
    since = max(near, schedule.starts_at).astimezone(zone).date() if near is not None else None
    for start in recurrence.walk(rule, schedule.starts_at.astimezone(zone), since):
        yield start.astimezone(UTC)


def _regular(schedule: Schedule, zone: ZoneInfo, after: datetime) -> Iterator[Occurrence]:
    """The dates of the rule with nothing special about them."""
    special = _special(schedule)
    near = after - min(_RUN_UP + length(schedule), after - _BEGINNING) if after > _BEGINNING else None
    for start in _starts(schedule, zone, near):
        if start not in special:
            yield _occurrence(schedule, zone, start)


def _others(schedule: Schedule, zone: ZoneInfo) -> Iterator[Occurrence]:
    """Added dates and those of their own."""
    own = {one.recurrence_id: one for one in schedule.dates}
    for start in {*schedule.added, *own} - (set(schedule.excluded) - own.keys()):
        yield _occurrence(schedule, zone, start, own.get(start))


def _occurrence(
    schedule: Schedule, zone: ZoneInfo, recurrence_id: datetime, own: Own | None = None
) -> Occurrence:
    starts = (own.starts_at if own is not None else None) or recurrence_id
    ends = own.ends_at if own is not None else None
    return Occurrence(recurrence_id, starts, ends or _end(schedule, zone, starts), own)


def _end(schedule: Schedule, zone: ZoneInfo, starts: datetime) -> datetime:
    """Whole days end at midnight, also where the clocks change; hours last equally long (RFC 5545 section 3.8.5.3)."""
    whole = length(schedule)
    local = starts.astimezone(zone)
    if not schedule.all_day or local.time() != time() or starts + min(whole, _LATEST - starts) == _LATEST:
        return behind(starts, whole)
    last = local.date() + timedelta(days=max(1, round(whole / timedelta(days=1))))
    return datetime.combine(last, time(), zone).astimezone(UTC)


def behind(start: datetime, span: timedelta) -> datetime:
    """The moment so long behind another one, or the end of the calendar."""
    return start + min(span, _LATEST - start)


def _last(schedule: Schedule, zone: ZoneInfo) -> Occurrence | None:
    if schedule.starts_at is None or _endless(schedule):
        return None
    found = [*_others(schedule, zone), *_last_regular(schedule, zone)]
    return max(found, key=lambda one: one.ends_at, default=_occurrence(schedule, zone, schedule.starts_at))


def _endless(schedule: Schedule) -> bool:
    try:
        rule = recurrence.parsed(schedule.recurrence) if schedule.recurrence else None
    except ValueError:  # as in _starts
        return False
    if rule is None:
        return False
    far = rule.until is not None and rule.until.year >= _FAR
    return not rule.ends or far or (rule.count or 0) > _MOST_COUNTED


def _last_regular(schedule: Schedule, zone: ZoneInfo) -> Iterator[Occurrence]:
    """The last date of a rule with an end, unless there is something special about each."""
    special = _special(schedule)

    def last(near: datetime | None) -> datetime | None:
        found = None
        for start in islice(_starts(schedule, zone, near), _MOST_COUNTED):
            found = start if start not in special else found
        return found

    until, begins = recurrence.until(schedule.recurrence or ""), schedule.starts_at
    # So long before the end stands the last date of nearly every rule, whatever it may leave out.
    late = until is not None and begins is not None and until > begins + _NEAR_END
    found = (last(until - _NEAR_END) if late and until else None) or last(None)
    if found is not None:
        yield _occurrence(schedule, zone, found)


def _special(schedule: Schedule) -> set[datetime]:
    """Starts that are no plain dates of the rule."""
    return {own.recurrence_id for own in schedule.dates} | set(schedule.excluded) | set(schedule.added)
