"""Series of a calendar as one post: what falls out, what comes along, and the dates that entries of their own replace."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import TypeVar
from zoneinfo import ZoneInfo

from syndication.content import recurrence, schedule
from syndication.content.reason import Reason
from syndication.content.schedule import MOST_DATES, MOST_OWN
from syndication.errors import Invalid
from syndication.kinds.event_content import EventContent, OwnDate

#: Occurrences by which two readings of a rule are compared: two years of a weekly one, so every change of the clocks.
_COMPARED = 110
_NO_RULE = "is not a rule of RFC 5545: "
_Content = TypeVar("_Content", bound=EventContent)


@dataclass(frozen=True)
class Dates:
    """What an entry says of its dates, as fields of a post; `remarks` are what was repaired."""

    starts_at: datetime
    recurrence: str | None
    excluded: tuple[datetime, ...]
    added: tuple[datetime, ...]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Rule:
    """A rule and its start alone, to be walked."""

    starts_at: datetime
    recurrence: str | None
    added: Sequence[datetime] = ()
    ends_at: datetime | None = None
    all_day: bool = False
    excluded: Sequence[datetime] = ()
    dates: Sequence[OwnDate] = ()


def dates(
    rule: str | None,
    start: datetime,
    *,
    excluded: Iterable[datetime],
    added: Iterable[datetime],
    zone: ZoneInfo,
    now: datetime,
) -> Dates:
    """The dates of an entry that begins at `start`: its RRULE (UNTIL in UTC) or None, EXDATE and RDATE as moments.

    What EXDATE names counts for the whole day in the city, as many programs mean it; what names no date is passed over.
    Of more exceptions than a post can hold those before `now` go. Raises Invalid where the series cannot be told.
    """
    start = start.astimezone(UTC)
    remarks: list[str] = []
    first, more = start, {moment for moment in added if moment != start}
    if rule is not None:
        rule, first = _beginning(rule, start, zone)
    if first != start:
        remarks.append(Reason("begins on a day that its rule leaves out: that day was added"))
        more.add(start)
    out = set(excluded)
    named = _Rule(first, rule, sorted(more))
    gone = _named(named, out, zone) if rule and out else out
    # A date of a list is simply not named.
    left, more = gone - more, more - gone
    found = Dates(
        first,
        rule,
        _kept(left if rule else (), "EXDATE", now, remarks),
        _kept(more, "RDATE", now, remarks),
        tuple(remarks),
    )
    told = _Rule(found.starts_at, found.recurrence, found.added, excluded=found.excluded)
    if (
        rule is not None
        and next(schedule.dates(told, zone, after=datetime(1970, 1, 1, tzinfo=UTC)), None) is None
    ):
        raise Invalid.field("recurrence", Reason("leaves no date: every date of the series is an exception"))
    return found


def _beginning(rule: str, start: datetime, zone: ZoneInfo) -> tuple[str, datetime]:
    """The rule and its own first date. DTSTART counts, even where the rule leaves it out (RFC 5545 section 3.8.5.3)."""
    try:
        recurrence.checked(rule, start)
        first = schedule.first_by_rule(_Rule(start, rule), zone)
    except ValueError as error:
        said = str(error)
        reason = said if said.startswith(_NO_RULE) else Reason("is not a rule of RFC 5545: {}", said)
        raise Invalid.field("recurrence", reason) from error
    if first is None or first == start.replace(microsecond=0):
        return rule, start
    fields = dict(part.partition("=")[::2] for part in rule.upper().split(";") if part)
    if "COUNT" in fields:
        fields["COUNT"] = str(max(1, int(fields["COUNT"]) - 1))
    return ";".join(f"{name}={value}" for name, value in fields.items()), first


def _kept(moments: Iterable[datetime], name: str, now: datetime, remarks: list[str]) -> tuple[datetime, ...]:
    found = sorted(moments)
    if len(found) > MOST_DATES:
        coming = [moment for moment in found if moment > now]
        if len(coming) > MOST_DATES:
            raise Invalid.field(
                "recurrence",
                Reason("has {} dates in {}; at most {} can be told", len(coming), name, MOST_DATES),
            )
        remarks.append(Reason("{} dates of {} are over and were left out", len(found) - len(coming), name))
        found = coming
    return tuple(found)


def agrees(rule: str, start: datetime, zone: ZoneInfo) -> bool:
    """Whether a rule means the same moments in the zone of `start` as at `zone`'s wall clock."""
    try:
        parsed = recurrence.parsed(rule)
        here, there = (recurrence.walk(parsed, one) for one in (start, start.astimezone(zone)))
        own = [moment.astimezone(UTC) for moment in islice(here, _COMPARED)]
        return own == [moment.astimezone(UTC) for moment in islice(there, _COMPARED)]
    except ValueError:
        return True  # the rule itself is at fault, and `dates` says so


def occurrence(told: schedule.Schedule, named: datetime, zone: ZoneInfo) -> datetime | None:
    """Which date of a series is meant by `named`: the one that begins then, else the one of that day in the city."""
    near = list(schedule.starts_between(told, zone, named - timedelta(days=2), named + timedelta(days=2)))
    every = [*near, *told.added, *(own.recurrence_id for own in told.dates)]
    if named in every:
        return named
    day = _day(named, zone)
    return next((one for one in every if _day(one, zone) == day), None)


def _named(told: schedule.Schedule, moments: set[datetime], zone: ZoneInfo) -> set[datetime]:
    """The dates that any of very many moments mean, as `occurrence` does, in one walk."""
    first, last = min(moments) - timedelta(days=2), max(moments) + timedelta(days=2)
    every = {*schedule.starts_between(told, zone, first, last), *told.added}
    days = {_day(moment, zone) for moment in moments - every}
    return (every & moments) | {moment for moment in every if _day(moment, zone) in days}


def _day(moment: datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date()


def with_date(
    told: _Content, alone: EventContent, named: datetime, zone: ZoneInfo, *, listed: bool = False
) -> _Content:
    """The series with one date as `alone` says it, in place of the one that `named` means (RFC 5545 section 3.8.4.4).

    A date that the series does not have comes along; one that was called off only where it is `listed` with the others.
    Raises Invalid for one date too many.
    """
    assert alone.starts_at is not None
    meant, added = occurrence(told, named, zone), told.added
    if meant is None:
        if alone.status == "cancelled" and not listed:
            return told
        meant, added = alone.starts_at, tuple(sorted({*told.added, alone.starts_at}))
    if meant == told.starts_at and not schedule.repeats(told):  # a series of one
        said = set(EventContent.model_fields) - {"recurrence", "excluded", "added", "dates"}
        return told.model_copy(update={name: getattr(alone, name) for name in said})
    others = tuple(one for one in told.dates if one.recurrence_id != meant)
    own = _difference(told, alone, meant)
    mine = (own,) if set(own.model_dump(exclude_none=True)) != {"recurrence_id"} else ()
    every = tuple(sorted((*others, *mine), key=lambda one: one.recurrence_id))
    if len(every) > MOST_OWN:
        raise Invalid.field(
            "recurrence", Reason("has more than {} dates that differ from the others", MOST_OWN)
        )
    excluded = tuple(moment for moment in told.excluded if moment != meant)
    return told.model_copy(update={"excluded": excluded, "added": added, "dates": every})


def without(told: _Content, meant: datetime) -> _Content:
    """The series without one of its dates."""
    if meant in told.added:
        return told.model_copy(update={"added": tuple(one for one in told.added if one != meant)})
    return told.model_copy(update={"excluded": (*told.excluded, meant)}) if told.recurrence else told


def _difference(told: EventContent, alone: EventContent, meant: datetime) -> OwnDate:
    assert alone.starts_at is not None
    usual = alone.starts_at + told.length() if told.ends_at is not None else None
    image = next(iter(alone.images), None)
    return OwnDate(
        recurrence_id=meant,
        starts_at=alone.starts_at if alone.starts_at != meant else None,
        ends_at=alone.ends_at if alone.ends_at != usual else None,
        status=alone.status if alone.status != told.status else None,
        title=alone.title if alone.title != told.title else None,
        body=alone.body[:5000] if alone.body and alone.body != told.body else None,
        place=alone.place if alone.place != told.place else None,
        price=alone.price if alone.price != told.price else None,
        image=image if image not in told.images else None,
    )
