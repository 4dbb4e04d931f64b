"""What the merchant's desk shows beside posts: whether each arrived everywhere, and whose outlets those are."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from syndication import channels
from syndication.infra import db
from syndication.models import Delivery, Destination, Post

#: Deliveries that are looked at for one page of posts.
_MOST = 5000


@dataclass(frozen=True)
class Signs:
    """At how many outlets a post arrived, did not arrive, may have arrived, and is still under way."""

    arrived: int
    failed: int
    doubtful: int
    under_way: int


def signs(post_ids: Iterable[UUID]) -> dict[UUID, Signs]:
    """The newest news of each outlet, counted by post; posts that went nowhere are missing."""
    statement = (
        select(Delivery.post_id, Delivery.destination_id, Delivery.state)
        .where(
            Delivery.post_id.in_(list(post_ids)),
            Delivery.reader_id.is_(None),
            Delivery.destination_id.is_not(None),
            Delivery.channel.not_in(channels.personal_kinds()),
        )
        .order_by(Delivery.id.desc())
        .limit(_MOST)
    )
    newest: dict[UUID, dict[UUID, str]] = {}
    with db.reading() as session:
        for post_id, destination_id, state in session.execute(statement):
            if post_id is not None and destination_id is not None:  # as was asked for
                newest.setdefault(post_id, {}).setdefault(destination_id, state)
    return {post_id: _counted(list(states.values())) for post_id, states in newest.items()}


def owned_by(merchant_id: UUID, destination_ids: Iterable[UUID]) -> frozenset[UUID]:
    """Which of these outlets are the merchant's own."""
    chosen = (Destination.id.in_(list(destination_ids)), Destination.merchant_id == merchant_id)
    with db.reading() as session:
        return frozenset(session.scalars(select(Destination.id).where(*chosen)))


def is_post(post_id: UUID) -> bool:
    """Whether there is a post of that id, and not only a draft."""
    with db.reading() as session:
        return session.scalar(select(Post.id).where(Post.id == post_id)) is not None


def _counted(states: list[str]) -> Signs:
    return Signs(
        states.count("sent"),
        states.count("failed"),
        states.count("unconfirmed"),
        states.count("waiting") + states.count("sending"),
    )
