"""A stock of posts that comes in at once: how many of it people have not heard of, and the one post that tells of all."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Literal, TypeVar, get_args
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from syndication import clock
from syndication.config import settings
from syndication.content.post import Draft
from syndication.infra import db
from syndication.kinds import roundup
from syndication.models import Merchant, Post, Revision
from syndication.publishing import posts, views
from syndication.publishing.posts import Manner
from syndication.sources import Row

#: Who hears of new posts by mail, on networks, devices and webhooks.
Tell = Literal["nobody", "summary", "each"]
TELLS: tuple[Tell, ...] = get_args(Tell)
#: Up to so many new posts go out one by one without anybody being asked.
FEW = 5
_T = TypeVar("_T")
#: References that are looked up at a time.
_CHUNK = 500


def manner(tell: Tell, draft: Draft, *, counted: bool = False) -> Manner:
    """How an entry of a file is taken in; one that waits for an hour of its own is told at that hour in any case.

    `counted`: what people are told of counts in the merchant's daily quota.
    """
    quiet = tell != "each" and not _waits(draft)
    return Manner(imported=quiet or not counted, quiet=quiet)


def new(rows: Iterable[Row], merchant_id: UUID) -> int:
    """How many of these entries would become posts that people hear of now.

    Neither those that are over, nor those that wait for an hour of their own, nor single dates of a series that is known.
    """
    coming = [row for row in rows if row.draft is not None and _is_news(row.draft)]
    named = {row.source_ref for row in coming} | {row.date_of.source_ref for row in coming if row.date_of}
    refs = [ref for ref in named if ref]
    with db.reading() as session:
        known = {post.source_ref for some in _chunks(refs) for post in _of(session, merchant_id, some)}
    whole = known | {row.source_ref for row in coming if row.date_of is None}
    fresh = [
        row
        for row in coming
        if row.source_ref not in known and (row.date_of is None or row.date_of.source_ref not in whole)
    ]
    return len({row.source_ref or row.position for row in fresh})


def sum_up(
    merchant_id: UUID, source_refs: Iterable[str], *, counted: bool = False
) -> posts.PostRecord | None:
    """The new post that tells people of those of these that nobody was told of; None where there is none.

    `counted`: it is one of the posts that the merchant may make in a day; then it raises QuotaExceeded, too.

    Which they are is written in one transaction with it, so that an import that was cut off is simply run again.
    """
    cfg, now = settings(), clock.now()
    with db.transaction() as session:
        posts.alone(session, merchant_id)
        untold = (
            Post.quiet.is_(True),
            Post.told_by.is_(None),
            Post.state == "published",
            or_(Post.over_at.is_(None), Post.over_at > now),
        )
        found = [
            (post.id, views.content_of(revision))
            for some in _chunks(sorted(set(source_refs)))
            for post, revision, _ in session.execute(
                views.rows(Post.merchant_id == merchant_id, Post.source_ref.in_(some), *untold)
            )
        ]
        if not found:
            return None
        name = session.get_one(Merchant, merchant_id).name
        draft = roundup.of([content for _, content in found], name, cfg.language, cfg.zone)
        told = posts.create(merchant_id, draft, manner=Manner(imported=not counted))
        for ids in _chunks([post_id for post_id, _ in found]):
            mine = update(Post).where(Post.id.in_(ids)).values(told_by=told.id)
            session.execute(mine.execution_options(synchronize_session=False))
        return told


def told_by(session: Session, post_id: UUID, most: int) -> list[tuple[Post, Revision, Merchant]]:
    """The posts that this one told of, as far as they still stand, those that are over next first."""
    mine = views.rows(
        Post.told_by == post_id,
        Post.state == "published",
        or_(Post.over_at.is_(None), Post.over_at > clock.now()),
    )
    order = (Post.over_at.is_(None), Post.over_at, Post.id)
    found = session.execute(mine.order_by(*order).limit(most))
    return [(post, revision, merchant) for post, revision, merchant in found]


def _is_news(draft: Draft) -> bool:
    over_at = draft.over_at(settings().zone)
    return not _waits(draft) and (over_at is None or over_at > clock.now())


def _waits(draft: Draft) -> bool:
    return draft.publish_at is not None and draft.publish_at > clock.now()


def _of(session: Session, merchant_id: UUID, refs: Sequence[str]) -> Sequence[Post]:
    return session.scalars(
        select(Post).where(Post.merchant_id == merchant_id, Post.source_ref.in_(refs))
    ).all()


def _chunks(values: Iterable[_T]) -> Iterator[list[_T]]:
    rest = iter(values)
    while some := list(islice(rest, _CHUNK)):
        yield some
