"""Moves what was said before to its next dates: by days of the clock, so that an hour stays where clocks change."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo


def weeks_until(at: datetime | date, zone: ZoneInfo, now: datetime) -> int:
    """After how many weeks, at least one, a moment or a day comes again that is not over at `now`; a day counts whole."""
    weeks = 1
    today = now.astimezone(zone).date()
    day = at.astimezone(zone).date() if isinstance(at, datetime) else at
    if day < today:
        weeks = max(weeks, -(-(today - day).days // 7))
    if isinstance(at, datetime) and later(at, 7 * weeks, zone) <= now:
        weeks += 1
    return weeks


def later(at: datetime, days: int, zone: ZoneInfo) -> datetime:
    """The same hour of `zone`'s clock so many days later; in UTC."""
    local = at.astimezone(zone)
    return (local.replace(tzinfo=None) + timedelta(days=days)).replace(tzinfo=zone).astimezone(UTC)
