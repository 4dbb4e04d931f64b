"""On which days something takes place that comes every week or two, and when each is told. Pure; days are the city's."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Days:
    """The days from `first` on, every `interval` weeks, up to `last`; those that are `skipped`, or lie in `closed`, fall out.

    `closed` is the first and the last day of a time in which all fall out. A day is told `days_before` it, at `hour` ("17:00").
    """

    first: date
    last: date | None = None
    interval: int = 1
    skipped: frozenset[date] = frozenset()
    closed: tuple[date, date] | None = None
    days_before: int = 1
    hour: str = "17:00"

    def since(self, day: date) -> Iterator[date]:
        """The days not before `day`, those that fall out too; without a last one they go on as long as there are years."""
        step = timedelta(weeks=self.interval)
        found = self.first + max(0, -((self.first - day) // step)) * step
        while self.last is None or found <= self.last:
            yield found
            if date.max - found < step:
                return
            found += step

    def has(self, day: date) -> bool:
        """Whether it is one of them, be it that it falls out."""
        return next(self.since(day), None) == day

    def is_closed(self, day: date) -> bool:
        """Whether it lies in the time in which all fall out."""
        return self.closed is not None and self.closed[0] <= day <= self.closed[1]

    def takes_place(self, day: date) -> bool:
        """Whether it is one of them and does not fall out."""
        return self.has(day) and day not in self.skipped and not self.is_closed(day)

    def told_at(self, day: date, zone: ZoneInfo) -> datetime:
        """When a day is told, by `zone`'s clock; in UTC."""
        hour = time.fromisoformat(self.hour)
        return datetime.combine(day - timedelta(days=self.days_before), hour, zone).astimezone(UTC)
