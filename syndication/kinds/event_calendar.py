"""An event in calendars (RFC 5545 section 3.6.1): one component with its rule, and one more for each date of its own."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from icalendar import vRecur

from syndication.content import schedule
from syndication.kinds.contract import Appointment
from syndication.kinds.event_content import EventContent
from syndication.kinds.single import single


def appointments(content: EventContent, zone: ZoneInfo) -> tuple[Appointment, ...]:
    """Its components; those of single dates are named by their RECURRENCE-ID (section 3.8.4.4)."""
    start, end = _span(content, zone)
    excluded = sorted([*content.excluded, *_not_by_the_rule(content, zone)])
    added = [moment for moment in content.added if moment != content.starts_at]
    whole = Appointment(
        start,
        end,
        _rule(content, zone) if content.recurrence else None,
        excluded=_moments(excluded, content, zone),
        added=_moments(added, content, zone),
    )
    return (whole, *(_single(content, one, zone) for one in schedule.own_dates(content, zone)))


def _single(content: EventContent, date_of_its_own: schedule.Occurrence, zone: ZoneInfo) -> Appointment:
    alone = single(content, date_of_its_own)
    (named,) = _moments([date_of_its_own.recurrence_id], content, zone)
    return Appointment(*_span(alone, zone), recurrence_id=named, said=alone)


def _span(content: EventContent, zone: ZoneInfo) -> tuple[date | datetime, date | datetime | None]:
    start = content.starts_at.astimezone(zone)
    if content.all_day:
        days = max(1, round(content.length() / timedelta(days=1)))
        return start.date(), start.date() + timedelta(days=days)
    later = content.ends_at is not None and content.ends_at > content.starts_at
    return start, content.ends_at.astimezone(zone) if content.ends_at is not None and later else None


def _not_by_the_rule(content: EventContent, zone: ZoneInfo) -> list[datetime]:
    """A start that the rule leaves out: programs count it as a date (RFC 5545 section 3.8.5.3), and nobody said it is."""
    first, starts = schedule.first_by_rule(content, zone), content.starts_at
    if first is None or starts in content.added:
        return []
    return [starts] if first != starts.replace(microsecond=0) else []


def _moments(
    moments: Sequence[datetime], content: EventContent, zone: ZoneInfo
) -> tuple[date | datetime, ...]:
    """Of the type of DTSTART."""
    local = [moment.astimezone(zone) for moment in moments]
    return tuple(one.date() if content.all_day else one for one in local)


def _rule(content: EventContent, zone: ZoneInfo) -> vRecur:
    """UNTIL has the type of DTSTART: a date for whole days, else UTC (RFC 5545 section 3.3.10)."""
    rule = vRecur.from_ical(content.recurrence or "")
    until = [_until(value, zone, content.all_day) for value in rule.get("UNTIL", [])]
    if until:
        rule["UNTIL"] = until
    return vRecur(rule)


def _until(value: date | datetime, zone: ZoneInfo, all_day: bool) -> date | datetime:
    moment = (
        (value if value.tzinfo else value.replace(tzinfo=UTC))
        if isinstance(value, datetime)
        else datetime(value.year, value.month, value.day, 23, 59, 59, tzinfo=UTC)
    )
    return moment.astimezone(zone).date() if all_day else moment
