"""Which posts stand on which page of a feed: what is nearest to now, ahead or behind."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import merge
from itertools import islice
from operator import itemgetter
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from syndication.channels.envelope import PostView
from syndication.models import Post
from syndication.publishing import views


@dataclass(frozen=True)
class Page:
    """Posts in their order, and whether there are more behind them."""

    posts: list[PostView]
    more: bool


def page(
    session: Session, inside: list[ColumnElement[bool]], number: int, size: int, now: datetime, base_url: str
) -> Page:
    """The page with that number, from 1, of what is published, not over, and `inside`.

    What has dates counts by how soon it comes, all else by how long ago it was published; the two are drawn together as
    they are near to now. So the next events stand beside the newest offers, however many were imported at once. What is
    read for a page is two stretches of an index, as long as the pages up to it.
    """
    most = size * number + 1
    nearest = merge(
        _near(session, inside, now, Post.comes_at, most),
        _near(session, inside, now, Post.published_at, most),
        key=itemgetter(0),
    )
    ids = [post_id for _, post_id in islice(nearest, size * (number - 1), most)]
    found = views.by_id(session, ids[:size], base_url)
    # One may have gone since its id was read.
    return Page([found[post_id] for post_id in ids[:size] if post_id in found], len(ids) > size)


def calendar(
    session: Session, inside: list[ColumnElement[bool]], size: int, now: datetime, base_url: str
) -> list[PostView]:
    """All that has dates; where that is too much, those that never end, then those that are over next."""
    order = (Post.over_at.is_not(None), Post.over_at, Post.id)
    statement = views.rows(*_current(now), *inside).order_by(*order).limit(size)
    return views.views(session, statement, base_url)


def _near(
    session: Session,
    inside: list[ColumnElement[bool]],
    now: datetime,
    by: InstrumentedAttribute[datetime | None],
    most: int,
) -> Iterator[tuple[timedelta, UUID]]:
    """The nearest posts by one of the two, each with how far it is from now."""
    dated = by is Post.comes_at
    which = Post.comes_at.is_not(None) if dated else Post.comes_at.is_(None)
    # As they stand in the index, so that no more of them is read; without a date all have the same first column.
    order = (Post.comes_at, Post.published_at.desc(), Post.id.desc())
    statement = select(Post.id, by).where(*_current(now), which, *inside).order_by(*order).limit(most)
    for post_id, at in session.execute(statement):
        far = (at - now if dated else now - at) if at is not None else timedelta(0)
        yield max(far, timedelta(0)), post_id


def _current(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (Post.state == "published", or_(Post.over_at.is_(None), Post.over_at > now))
