"""What is new about single dates of an event, for somebody who was told of it as it was before. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from syndication.content import schedule
from syndication.content.schedule import Own, Schedule

What = Literal["off", "on", "added", "postponed", "moved", "sold_out", "place", "price"]


@dataclass(frozen=True)
class DateNews:
    """One date, by its `recurrence_id`; `told_at` is when people believe it to be, `ends_at` when it is no news (all UTC)."""

    recurrence_id: datetime
    told_at: datetime
    ends_at: datetime
    what: What


@dataclass(frozen=True)
class _Stand:
    """How a date stood."""

    starts_at: datetime
    ends_at: datetime
    status: str
    place: Any
    price: Any

    @property
    def off(self) -> bool:
        return self.status == "cancelled"


def between(before: Schedule, after: Schedule, now: datetime | None = None) -> list[DateNews]:
    """What became of each date, in their order; what was over at `now` is no news.

    Where the whole schedule became another one there is nothing to say of single dates.
    """
    if before.starts_at is None or _frame(before) != _frame(after):
        return []
    keys = {one for each in (before, after) for one in _keys(each)}
    found = [_news(key, before, after, now) for key in keys]
    return sorted((one for one in found if one is not None), key=lambda one: one.told_at)


def _frame(one: Schedule) -> tuple[Any, ...]:
    """What all dates hang on. A series that ends earlier or later is the same in between."""
    rule = (one.recurrence or "").split(";")
    return one.starts_at, one.all_day, [part for part in rule if not part.startswith(("UNTIL=", "COUNT="))]


def _keys(one: Schedule) -> set[datetime]:
    return {*one.excluded, *one.added, *(own.recurrence_id for own in one.dates)}


def _stand(key: datetime, one: Schedule, other: Schedule) -> _Stand | None:
    """How a date stands in `one`, where `other` may be what names it; None: there is no such date."""
    own = next((own for own in one.dates if own.recurrence_id == key), None)
    if own is None and (key in one.excluded or (key not in one.added and key in other.added)):
        return None
    return _Stand(
        starts_at=_or(own, "starts_at", key),
        ends_at=_or(own, "ends_at", None)
        or schedule.behind(_or(own, "starts_at", key), schedule.length(one)),
        status=_or(own, "status", "scheduled"),
        place=_or(own, "place", None),
        price=_or(own, "price", None),
    )


def _or(own: Own | None, name: str, otherwise: Any) -> Any:
    value = getattr(own, name) if own is not None else None
    return otherwise if value is None else value


def _news(key: datetime, before: Schedule, after: Schedule, now: datetime | None) -> DateNews | None:
    was, stands = _stand(key, before, after), _stand(key, after, before)
    ends = max((one.ends_at for one in (was, stands) if one is not None), default=None)
    what = _what(was, stands)
    if what is None or ends is None or (now is not None and ends <= now):
        return None
    told = was or stands
    return DateNews(key, told.starts_at if told is not None else key, ends, what)


def _what(was: _Stand | None, stands: _Stand | None) -> What | None:
    if stands is None or stands.off:
        return None if was is None or was.off else "off"
    if was is None:
        return "added"
    if was.off:
        return "on"
    if stands.status == "postponed":
        return None if was.status == "postponed" else "postponed"
    if (was.starts_at, was.ends_at) != (stands.starts_at, stands.ends_at):
        return "moved"
    if stands.status != was.status:
        return "sold_out" if stands.status == "sold_out" else "on"
    if was.place != stands.place:
        return "place"
    return "price" if was.price != stands.price else None
