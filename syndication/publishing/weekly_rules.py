"""What is refused of what comes every week: dates that run into each other, times of being closed that are none."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from typing import Annotated

from pydantic import Field

from syndication import clock
from syndication.config import settings
from syndication.content.base import Day, Value
from syndication.content.post import Content, Draft
from syndication.content.reason import Reason
from syndication.errors import Conflict, Invalid
from syndication.models import Weekly
from syndication.publishing.weekly_days import Days
from syndication.publishing.weekly_making import LONGEST, days_of, on

#: So many times of being closed may stand at once; far more than anybody has.
MOST_CLOSED = 20
_FARTHEST = timedelta(days=730)
_ENDED = Reason("It has ended. Begin it anew from one of its posts.")
_FOLLOWED = Reason("It goes on in another way already. Please change that, or end it.")
_NO_TIME = Reason("Please name a day that is still to come, and behind the first.")
_TOO_FAR = Reason("That is more than two years ahead. Please end it instead.")
_TOO_MANY = Reason("takes at most {} times of being closed", MOST_CLOSED)
_TWICE = Reason("Two times of being closed begin on the same day. Please name one of them.")


class Span(Value):
    """From one day to another, both of them in it."""

    first_day: Day
    last_day: Annotated[Day | None, Field(description="null: until somebody says otherwise.")] = None


def today() -> date:
    """The city's."""
    return clock.now().astimezone(settings().zone).date()


def require_going(row: Weekly) -> None:
    """Raises Conflict where it has ended."""
    if row.ended_at is not None:
        raise Conflict(_ENDED)


def require_unfollowed(row: Weekly) -> None:
    """Raises Conflict where something goes on in its place, behind its last date."""
    if row.followed_by is not None:
        raise Conflict(_FOLLOWED)


def refuse(content: Content, days: Days) -> None:
    """What cannot go on like this: dates that run into each other, are told when they are over, or are none."""
    zone = settings().zone
    over, day = content.over_at(zone), days.first
    following = on(content, day + timedelta(weeks=days.interval), zone).begins
    if over is not None and following is not None and over > following:
        raise Invalid.field(
            "interval", Reason("One date lasts until the next has begun. Please choose two weeks.")
        )
    if over is not None and over <= days.told_at(day, zone):
        raise Invalid.field(
            "hour", Reason("It would come out when it is over. Please choose an earlier hour.")
        )
    if days.last is not None and days.last < day:
        raise Invalid.field("last_on", Reason("That lies before the first date, {}.", f"{day:%d.%m.%Y}"))


def refuse_far(day: date, field: str) -> None:
    """Nobody knows what is in three years. Raises Invalid."""
    if day - today() > _FARTHEST:
        raise Invalid.field(field, _TOO_FAR)


def close(row: Weekly, span: Span) -> None:
    """Closed then, too; a time that begins on the same day is replaced. Raises Invalid at `closed`."""
    others = [one for one in closures(row) if one.first_day != span.first_day]
    close_only(row, [*others, span], "closed")


def open_again(row: Weekly, first: date | None) -> None:
    """No more closed in the time that begins with `first`, or, without one, in any."""
    row.closed = [one for one in row.closed if first is not None and one[0] != first.isoformat()]


def close_only(row: Weekly, spans: Collection[Span], field: str) -> None:
    """Closed in these times, and of those to come in no other. Raises Invalid at `field`."""
    known, day = days_of(row).closed, today()
    wanted = {one.first_day: one.last_day for one in spans}
    if len(wanted) < len(spans):
        raise Invalid.field(field, _TWICE)
    for first, last in wanted.items():
        if (first, last) not in known:
            _refuse_time(first, last, day, field)
    # What is over is kept as long as a date of then may go on.
    over = {first: last for first, last in known if last is not None and day - LONGEST <= last < day}
    if len(closed := over | wanted) > MOST_CLOSED:
        raise Invalid.field(field, _TOO_MANY)
    row.closed = [
        (first.isoformat(), last.isoformat() if last else None) for first, last in sorted(closed.items())
    ]


def closures(row: Weekly) -> list[Span]:
    """The times in which it is closed that are not over, in their order."""
    return [
        Span(first_day=first, last_day=last)
        for first, last in days_of(row).closed
        if last is None or last >= today()
    ]


def _refuse_time(first: date, last: date | None, day: date, field: str) -> None:
    if last is not None and last < max(first, day):
        raise Invalid.field(field, _NO_TIME)
    refuse_far(last or first, field)


@contextmanager
def within_content(draft: Draft) -> Iterator[None]:
    """What is wrong with what all dates would say is so within `content`. Raises Invalid, also for what one post alone says."""
    for name in ("publish_at", "source_ref"):
        if getattr(draft, name) is not None:
            raise Invalid.field(f"content.{name}", Reason("is said of single posts alone"))
    try:
        yield
    except Invalid as error:
        fields = type(draft).model_fields
        named = (f"content.{one.field}" if one.field in fields else one.field for one in error.faults)
        faults = zip(named, error.faults, strict=True)
        raise Invalid(*(replace(one, field=name) for name, one in faults)) from error
