"""Moves what was said before to its next dates: by whole weeks, so that a Thursday stays one, at the same hour of the clock."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

_WEEK = timedelta(weeks=1)


def weeks_until(at: datetime | date, zone: ZoneInfo, now: datetime) -> int:
    """After how many weeks, at least one, a moment or a day comes again that is not over at `now`; a day counts whole."""
    weeks = 1
    today = now.astimezone(zone).date()
    day = at.astimezone(zone).date() if isinstance(at, datetime) else at
    if day < today:
        weeks = max(weeks, -(-(today - day).days // 7))
    if isinstance(at, datetime) and later(at, weeks, zone) <= now:
        weeks += 1
    return weeks


def later(at: datetime, weeks: int, zone: ZoneInfo) -> datetime:
    """The same hour of `zone`'s clock so many weeks later; in UTC."""
    local = at.astimezone(zone)
    return (local.replace(tzinfo=None) + weeks * _WEEK).replace(tzinfo=zone).astimezone(UTC)
