"""What comes every week, as calendars tell it."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from syndication.channels.envelope import PostView, WeeklyView
from syndication.config import settings
from syndication.models import Merchant, Post, Weekly
from syndication.publishing import review
from syndication.publishing.publishers import publisher
from syndication.publishing.weekly_days import Days
from syndication.publishing.weekly_making import LONGEST, content_of, days_of, on


def views(
    session: Session,
    posts: Iterable[PostView],
    now: datetime,
    *,
    most: int,
    kind: str = "",
    topic: str = "",
    merchant: str = "",
) -> list[WeeklyView]:
    """What stands in a calendar of these facets (empty: any) whose `posts` are these: what is public, or of which a date was out.

    What has ended, or whose merchant may not post now, goes on to its last date that is out.
    """
    was_out = exists().where(Post.weekly_id == Weekly.id, Post.published_at.is_not(None))
    statement = (
        select(Weekly, Merchant)
        .join(Merchant, Merchant.id == Weekly.merchant_id)
        .where(or_(Weekly.public, was_out))
    )
    if kind:
        statement = statement.where(Weekly.kind == kind)
    if merchant:
        statement = statement.where(Merchant.slug == merchant)
    out = [post for post in posts if post.weekly is not None]
    running = or_(Weekly.ended_at.is_(None), Weekly.id.in_({post.weekly for post in out}))
    found = session.execute(statement.where(running).order_by(Weekly.id).limit(most)).all()
    views = []
    for row, owner in found:
        if review.applies(session, owner):
            continue  # nobody has looked at what is meant; each date that is out stands for itself
        told = {post.weekly_on for post in out if post.weekly == row.id and post.weekly_on is not None}
        named = {str(one) for one in content_of(row).topics}
        if (not topic or topic in named) and (view := _view(session, row, owner, told, now)):
            views.append(view)
    return views


def _view(
    session: Session, row: Weekly, owner: Merchant, told: set[date], now: datetime
) -> WeeklyView | None:
    content, days, zone = content_of(row), days_of(row), settings().zone
    until = _until(days, told) if owner.state == "admitted" else max(told, default=days.first)
    taken_back = _taken_back(session, row.id, now.astimezone(zone).date() - LONGEST)
    start: date | None = None
    off: list[date] = []
    for day in _shown(days, now, until, taken_back):
        over = on(content, day, zone).over_at(zone)
        falls_out = day not in told and (not days.takes_place(day) or day in taken_back)
        if start is None and not falls_out and (day in told or over is None or over > now):
            start = day
        elif start is not None and falls_out:
            off.append(day)
    if start is None:
        return None
    weeks = (start - days.first).days // 7
    return WeeklyView(
        row.id, on(content, start, zone), publisher(owner), start, row.interval, until, tuple(off),
        # Grows as its first date moves on.
        row.version + weeks, row.created_at, row.updated_at,
    )  # fmt: skip


def _until(days: Days, told: set[date]) -> date | None:
    """The last day that the rule gives: none from a pause on of which nobody knows the end, but those that are out."""
    paused = days.paused_from()
    if paused is None:
        return days.last
    until = max({paused - timedelta(days=1), *told})
    return until if days.last is None else min(until, days.last)


def _shown(days: Days, now: datetime, until: date | None, taken_back: set[date]) -> Iterator[date]:
    """From the first that may not be over to the last that may fall out, and the one behind."""
    today = now.astimezone(settings().zone).date()
    closed = [last or first for first, last in days.closed]
    last = max(today, *days.skipped, *taken_back, *closed, days.first)
    for day in days.since(today - LONGEST):
        if until is not None and day > until:
            return
        yield day
        if day > last:
            return


def _taken_back(session: Session, weekly_id: UUID, since: date) -> set[date]:
    gone = select(Post.weekly_on).where(
        Post.weekly_id == weekly_id, Post.weekly_on >= since, Post.state == "withdrawn"
    )
    return {day for day in session.scalars(gone) if day is not None}
