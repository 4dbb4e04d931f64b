"""Cadences: how often somebody wants to hear, and when their next slot is."""

import re
from datetime import UTC, datetime, timedelta
from typing import Literal, Self
from zoneinfo import ZoneInfo

from syndication.content.base import Value
from syndication.content.reason import Reason

_CADENCE = re.compile(
    r"^(?:(?P<instantly>instantly)|daily (?P<daily>\d\d:\d\d)|weekly (?P<day>mon|tue|wed|thu|fri|sat|sun) (?P<weekly>\d\d:\d\d))$"
)

#: The same for JSON Schema, with the hours that there are.
SPELLED = (
    "^(instantly|daily ([01][0-9]|2[0-3]):[0-5][0-9]"
    "|weekly (mon|tue|wed|thu|fri|sat|sun) ([01][0-9]|2[0-3]):[0-5][0-9])$"
)

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Cadence(Value):
    """When somebody wants to hear: `instantly`, `daily 07:00` or `weekly thu 07:00`, in the city's wall-clock time."""

    rhythm: Literal["instantly", "daily", "weekly"]
    hour: int = 0
    minute: int = 0
    weekday: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """The cadence that `text` names. Raises ValueError with the accepted forms."""
        found = _CADENCE.match(text)
        if not found:
            raise ValueError(Reason("must be 'instantly', 'daily HH:MM' or 'weekly mon..sun HH:MM'"))
        if found["instantly"]:
            return cls(rhythm="instantly")
        hour, minute = map(int, (found["daily"] or found["weekly"]).split(":"))
        if hour > 23 or minute > 59:
            raise ValueError(Reason("must name a time between 00:00 and 23:59"))
        if found["daily"]:
            return cls(rhythm="daily", hour=hour, minute=minute)
        return cls(rhythm="weekly", hour=hour, minute=minute, weekday=WEEKDAYS.index(found["day"]))

    def __str__(self) -> str:
        at = f"{self.hour:02d}:{self.minute:02d}"
        if self.rhythm == "instantly":
            return "instantly"
        return f"daily {at}" if self.weekday is None else f"weekly {WEEKDAYS[self.weekday]} {at}"


def next_slot(cadence: Cadence, after: datetime, zone: ZoneInfo) -> datetime | None:
    """The first slot (UTC) later than `after`; None for a cadence without slots.

    Wall-clock times that a change to summer time skips fall an hour later; times that come twice count once, the first.
    """
    return _slot(cadence, after, zone, forward=True)


def previous_slot(cadence: Cadence, before: datetime, zone: ZoneInfo) -> datetime | None:
    """The last slot (UTC) not later than `before`; None for a cadence without slots."""
    return _slot(cadence, before, zone, forward=False)


def _slot(cadence: Cadence, moment: datetime, zone: ZoneInfo, *, forward: bool) -> datetime | None:
    if cadence.rhythm == "instantly":
        return None
    day = moment.astimezone(zone).date()
    step = 1 if forward else -1
    for distance in range(-1, 9):  # a week, a day to spare on both sides
        candidate = day + timedelta(days=step * distance)
        if cadence.weekday is not None and candidate.weekday() != cadence.weekday:
            continue
        slot = datetime(
            candidate.year, candidate.month, candidate.day, cadence.hour, cadence.minute, tzinfo=zone
        ).astimezone(UTC)
        if (slot > moment) if forward else (slot <= moment):
            return slot
    raise AssertionError("every week holds every weekday")
