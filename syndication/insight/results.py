"""What came of a merchant's posts: whom they reached, and what networks count. Deliveries, not openings: nobody is watched."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from syndication import channels
from syndication.channels.contract import Echo
from syndication.infra import db
from syndication.models import Change, Delivery, EditionPost, KeptEcho, Post

#: Posts of a page.
_MOST = 200


@dataclass(frozen=True)
class Result:
    """A post that was published, how many people were told of it, and the counts of all networks together."""

    post_id: UUID
    published_at: datetime
    people: int
    echo: Echo


def of_posts(merchant_id: UUID, since: datetime, until: datetime) -> list[Result]:
    """A merchant's posts of `[since, until)` that stand, the newest first."""
    with db.reading() as session:
        posts = session.execute(
            select(Post.id, Post.published_at)
            .where(Post.merchant_id == merchant_id, Post.state == "published")
            .where(Post.published_at >= since, Post.published_at < until)
            .order_by(Post.published_at.desc(), Post.id.desc())
            .limit(_MOST)
        ).all()
        ids = [row.id for row in posts]
        people, echoes = _people(session, ids), _echoes(session, ids)
    return [
        Result(row.id, row.published_at, people[row.id], summed(echoes.get(row.id, {}).values()))
        for row in posts
        if row.published_at is not None
    ]


def echoes_of(post_id: UUID) -> Mapping[UUID, Echo]:
    """What each destination's network counts of a post, where it said anything."""
    with db.reading() as session:
        return _echoes(session, [post_id]).get(post_id, {})


def summed(echoes: Collection[Echo]) -> Echo:
    """All of them together; None where none says anything."""

    def total(counts: list[int | None]) -> int | None:
        known = [one for one in counts if one is not None]
        return sum(known) if known else None

    return Echo(
        total([one.likes for one in echoes]),
        total([one.shares for one in echoes]),
        total([one.replies for one in echoes]),
    )


def _echoes(session: Session, post_ids: Collection[UUID]) -> dict[UUID, dict[UUID, Echo]]:
    found: dict[UUID, dict[UUID, Echo]] = {}
    rows = select(KeptEcho).where(KeptEcho.post_id.in_(post_ids), KeptEcho.at.is_not(None))
    for row in session.scalars(rows):
        found.setdefault(row.post_id, {})[row.destination_id] = Echo(row.likes, row.shares, row.replies)
    return found


def _people(session: Session, post_ids: Collection[UUID]) -> Counter[UUID]:
    """Readers and devices that each post was sent to as news; corrections went to the same people."""
    people = or_(Delivery.reader_id.is_not(None), Delivery.channel.in_(channels.personal_kinds()))
    found: Counter[UUID] = Counter()
    alone = (
        select(Delivery.post_id, func.count())
        .join(Change, Change.id == Delivery.change_id)
        .where(Delivery.post_id.in_(post_ids), people, Delivery.state == "sent", Change.action == "published")
        .group_by(Delivery.post_id)
    )
    found.update({post_id: count for post_id, count in session.execute(alone) if post_id is not None})
    news = session.execute(
        select(EditionPost.edition_id, EditionPost.post_id).where(
            EditionPost.post_id.in_(post_ids), EditionPost.since.is_(None)
        )
    ).all()
    copies = dict(
        session.execute(
            select(Delivery.edition_id, func.count())
            .where(Delivery.edition_id.in_({row.edition_id for row in news}), Delivery.post_id.is_(None))
            .where(people, Delivery.state == "sent")
            .group_by(Delivery.edition_id)
        ).all()
    )
    for edition_id, post_id in news:
        found[post_id] += copies.get(edition_id, 0)
    return found
