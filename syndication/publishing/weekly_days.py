"""On which days something takes place that comes every week or two, and when each is told. Pure; days are the city's."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

#: The first and the last day of a time in which all fall out; None: until somebody says otherwise.
Span = tuple[date, date | None]


@dataclass(frozen=True)
class Days:
    """The days from `first` on, every `interval` weeks, up to `last`; those that are `skipped`, or lie in `closed`, fall out.

    `closed` are times in which all fall out, in their order; they may overlap. A day is told `days_before`
    it, at `hour` ("17:00").
    """

    first: date
    last: date | None = None
    interval: int = 1
    skipped: frozenset[date] = frozenset()
    closed: tuple[Span, ...] = ()
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

    def before(self, day: date) -> date | None:
        """The last of them before `day`, be it that it falls out; None where it is the first, or lies before it."""
        weeks = (day - timedelta(days=1) - self.first) // timedelta(weeks=self.interval)
        found = self.first + weeks * timedelta(weeks=self.interval)
        if self.last is not None and found > self.last:
            return self.before(self.last + timedelta(days=1))
        return found if found >= self.first else None

    def in_week_of(self, day: date) -> date | None:
        """The one of them in the same week, from Monday to Sunday; None where that has none."""
        monday = day - timedelta(days=day.weekday())
        found = next(self.since(monday), None)
        return found if found is not None and found < monday + timedelta(weeks=1) else None

    def paused_from(self) -> date | None:
        """The first day from which all fall out until somebody says otherwise."""
        return min((first for first, last in self.closed if last is None), default=None)

    def has(self, day: date) -> bool:
        """Whether it is one of them, be it that it falls out."""
        return next(self.since(day), None) == day

    def is_closed(self, day: date) -> bool:
        """Whether it lies in a time in which all fall out."""
        return any(first <= day and (last is None or day <= last) for first, last in self.closed)

    def takes_place(self, day: date) -> bool:
        """Whether it is one of them and does not fall out."""
        return self.has(day) and day not in self.skipped and not self.is_closed(day)

    def told_at(self, day: date, zone: ZoneInfo) -> datetime:
        """When a day is told, by `zone`'s clock; in UTC."""
        hour = time.fromisoformat(self.hour)
        return datetime.combine(day - timedelta(days=self.days_before), hour, zone).astimezone(UTC)
