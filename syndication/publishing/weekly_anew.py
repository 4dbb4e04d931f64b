"""What comes every week goes on in another way from a day on: on another weekday, in another rhythm, at another hour.

It is what calendars call "this and the following" (decision 0048): the one row has its last date before that day, another one
begins with it, in one transaction. Dates that are out stay; posts that wait for their hour move along, with their own words.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from syndication import clock, kinds
from syndication.config import settings
from syndication.content.post import Content, Draft
from syndication.content.reason import Reason
from syndication.errors import Invalid
from syndication.infra import db
from syndication.models import Post, Weekly
from syndication.publishing import posts, weekly_rules
from syndication.publishing.weekly_days import Days
from syndication.publishing.weekly_making import (
    as_draft,
    content_of,
    dates_left,
    days_of,
    finish,
    made,
    mark,
    named,
    note,
    on,
    owned,
    settle,
)
from syndication.publishing.weekly_records import follows

_PAST = Reason("Please name a day that is still to come.")
_OUT = "The date of {} is out already and stays as it is. Please name a later day."


@dataclass(frozen=True)
class Turn:
    """How it goes on from its new first date on; None: as before."""

    first: date
    said: Draft | None = None
    interval: int | None = None
    days_before: int | None = None
    hour: str | None = None


def turn(merchant_id: UUID | None, weekly_id: UUID, successor: UUID, wanted: Turn) -> None:
    """Let it go on as `successor` from `wanted.first` on. Under an id that is known nothing happens.

    Dates before that day stay as they are, so does what is out. A date that is not out yet becomes the one of the same week; one
    that fell out falls out there. Raises NotFound, Forbidden (merchant not admitted), Conflict (ended, or goes on in another way
    already), Invalid (at `first_on`, `interval`, `hour`, or in what it would say).
    """
    with db.transaction() as session:
        row = owned(session, merchant_id, weekly_id)
        posts.alone(session, row.merchant_id)
        if session.get(Weekly, successor) is not None:
            owned(session, row.merchant_id, successor)
            return
        weekly_rules.require_going(row)
        weekly_rules.require_unfollowed(row)
        new = _successor(session, row, successor, wanted)
        session.add(new)
        session.flush()
        _move(session, row, new)
        mark(session, row)
        mark(session, new)
        _shorten(session, row, wanted.first)
        row.followed_by = successor
        note(session, "series.changed", row)
    settle(weekly_id)
    settle(successor)


def _successor(session: Session, row: Weekly, successor: UUID, wanted: Turn) -> Weekly:
    now, zone, before = clock.now(), settings().zone, content_of(row)
    said = before if wanted.said is None else wanted.said.content()
    if said.kind != before.kind:
        raise Invalid.field("kind", Reason("cannot be changed: this post is of kind {}", before.kind))
    named(said, zone)
    said = on(said, wanted.first, zone)
    over = said.over_at(zone)
    if over is not None and over <= now:
        raise Invalid.field("first_on", _PAST)
    weekly_rules.refuse_far(wanted.first, "first_on")
    for post in made(session, row, now, zone).values():
        if (
            post.state == "published"
            and not post.skipped
            and post.weekly_on
            and post.weekly_on >= wanted.first
        ):
            raise Invalid.field("first_on", Reason(_OUT, f"{post.weekly_on:%d.%m.%Y}"))
    new = Weekly(
        id=successor,
        merchant_id=row.merchant_id,
        kind=row.kind,
        content=said.document(),
        first_on=wanted.first,
        interval=wanted.interval or row.interval,
        last_on=row.last_on,
        skipped=[],
        closed=row.closed,
        days_before=row.days_before if wanted.days_before is None else wanted.days_before,
        hour=wanted.hour or row.hour,
        public=row.public or _was_out(session, row),
        version=1,
        due_at=now,
        created_at=now,
        updated_at=now,
    )  # fmt: skip -- one glance shows every column of a new row
    days = days_of(new)
    weekly_rules.refuse(said, days)
    new.skipped = sorted(day.isoformat() for day in _skipped(session, row, days, zone))
    return new


def _was_out(session: Session, row: Weekly) -> bool:
    return bool(
        session.scalar(select(exists().where(Post.weekly_id == row.id, Post.published_at.is_not(None))))
    )


def _skipped(session: Session, row: Weekly, days: Days, zone: ZoneInfo) -> Iterator[date]:
    """What falls out of the new dates: those in whose week one was skipped, or taken back by hand."""
    taken_back = {
        day for day, post in made(session, row, clock.now(), zone).items() if post.state == "withdrawn"
    }
    for day in days_of(row).skipped | taken_back:
        found = days.in_week_of(day)
        if day >= days.first and found is not None:
            yield found


def _move(session: Session, row: Weekly, new: Weekly) -> None:
    """Posts that wait for their hour become those of the same week; where that has no date, they are put away."""
    now, zone = clock.now(), settings().zone
    days, before, after = days_of(new), content_of(row), content_of(new)
    for day, post in made(session, row, now, zone).items():
        if post.state != "scheduled" or day < new.first_on:
            continue
        found = days.in_week_of(day)
        if found is None:
            posts.withdraw(row.merchant_id, post.id)  # nobody was told, and nobody will be
            continue
        posts.recast(
            session, post, _merged(posts.content(session, post), before, on(after, found, zone), day, zone)
        )
        post.weekly_id, post.weekly_on, post.missed_at = new.id, found, None
        if not post.skipped:
            post.publish_at = max(days.told_at(found, zone), now)


def _merged(own: Content, before: Content, after: Content, day: date, zone: ZoneInfo) -> Content:
    """What `own` date said of itself, and of the rest what all say now (`after`, on the new day; `before`: what all said)."""
    if follows(own, before, day):
        return after
    kind, ahead = kinds.of(own), (named(after, zone) - day).days
    moved, was = (kind.days_later(one, ahead, zone) for one in (own, on(before, day, zone)))
    fields = own.__class__.model_fields
    later = kind.days_later(after, 7, zone)
    # When it takes place is said by several fields, which belong together.
    times = {name for name in fields if getattr(later, name) != getattr(after, name)}
    changed = {name for name in fields if getattr(was, name) != getattr(after, name)}
    kept = set(fields) - changed - (times if times & changed else set())
    return as_draft(after.model_copy(update={name: getattr(moved, name) for name in kept})).content()


def _shorten(session: Session, row: Weekly, first: date) -> None:
    """It has its last date before `first`; where none is left, it has ended."""
    now = clock.now()
    row.last_on = days_of(row).before(first) or row.first_on - timedelta(days=1)
    row.version, row.updated_at, row.due_at = row.version + 1, now, now
    if next(dates_left(row, now, settings().zone), None) is None:
        finish(session, row)
