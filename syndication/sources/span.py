"""Joins what the cells of a line say of days and hours: from when to when."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from syndication.content.reason import Reason
from syndication.kinds.contract import Span
from syndication.sources import when
from syndication.sources.when import Said

T = TypeVar("T")
_DAY = 24 * 60


@dataclass(frozen=True)
class Cells:
    """What the cells for the start, its hour, the end and its hour say, those that hold something, in their order."""

    starts: Sequence[Said] = ()
    hours: Sequence[Said] = ()
    ends: Sequence[Said] = ()
    end_hours: Sequence[Said] = ()
    whole: bool = False
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))

    @property
    def first(self) -> date | None:
        """The day on which it begins, in the city."""
        moment = _any(one.at for one in (*self.starts, *self.hours))
        if moment is not None:
            return moment.astimezone(self.zone).date()
        return _any(one.first for one in (*self.starts, *self.hours))

    @property
    def begins(self) -> int | None:
        """The hour at which it begins; a midnight that a program wrote behind a day gives way to any other."""
        said = [one.begins for one in (*self.starts, *self.hours) if one.begins is not None]
        return next((minutes for minutes in said if minutes), said[0] if said else None)

    @property
    def last(self) -> date | None:
        """The day on which it ends, where one is named."""
        moment = _any(one.at for one in self.ends)
        if moment is not None:
            return moment.astimezone(self.zone).date()
        found = _any(one.last or one.first for one in self.ends)
        return found or _any(one.last for one in (*self.starts, *self.hours))

    @property
    def until(self) -> int | None:
        """The hour at which it ends."""
        said = [_end(one) for one in (*self.end_hours, *self.ends) if _end(one) is not None]
        if said:
            return next((minutes for minutes in said if minutes), said[0])
        return _any(one.ends for one in (*self.hours, *self.starts))


def joined(cells: Cells, first: date) -> Span:
    """From when to when, where it begins on `first`. Raises ValueError where an end stands without a beginning."""
    moment = _any(one.at for one in (*cells.starts, *cells.hours))
    whole = cells.whole or any(one.whole for one in (*cells.starts, *cells.hours))
    begins, until, last = cells.begins, cells.until, cells.last
    if whole or (begins is None and moment is None):
        if until and not whole:
            raise ValueError(
                Reason("says until when, and not from when; please name the hour at which it begins")
            )
        return Span(first, _last_day(first, last, until, exclusive=cells.whole), whole_days=True)
    start = moment if moment is not None else when.at(first, begins or 0, cells.zone)
    stated = _any(one.at for one in cells.ends)
    return Span(start, stated if stated is not None else _end_of(start, first, last, until, cells.zone))


def _last_day(first: date, last: date | None, until: int | None, *, exclusive: bool) -> date | None:
    """Calendars end whole days at the midnight behind them."""
    if last is not None and exclusive and until == 0 and last > first:
        return last - timedelta(days=1)
    return last


def _end_of(
    start: datetime, first: date, last: date | None, until: int | None, zone: ZoneInfo
) -> datetime | None:
    if last is not None and last != first:
        return when.at(last, _DAY if until is None else until, zone)
    if until is None:
        return None  # that it ends on its day says nothing of the hour
    end = when.at(first, until, zone)
    if end == start:
        return None
    return end + timedelta(days=1) if end < start and start - end < timedelta(days=1) else end


def _end(said: Said) -> int | None:
    """The hour of a cell for the end: of two the later."""
    return said.ends if said.ends is not None else said.begins


def _any(values: Iterable[T | None]) -> T | None:
    return next((value for value in values if value is not None), None)
