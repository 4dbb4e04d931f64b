"""Finds deliveries that a newer change of the same post has overtaken."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session, aliased

from syndication.content.reason import Reason
from syndication.ledger.outcomes import SUPERSEDED, WITHDRAWN
from syndication.models import Change, Delivery, EditionPost, Post

#: What may have arrived, or will be tried.
_MADE = ("waiting", "sending", "sent")


def at_destinations() -> ColumnElement[bool]:
    """Of a delivery to a destination: the post was withdrawn, or newer news of it is there or still has to be told to it."""
    newer, later = aliased(Delivery), aliased(Change)
    told = (
        exists()
        .where(
            newer.destination_id == Delivery.destination_id,
            newer.post_id == Delivery.post_id,
            newer.change_id == later.id,
            # Who sends something again by hand has seen that what came behind it failed.
            or_(newer.state.in_(_MADE), and_(newer.state != "dropped", Delivery.by_hand.is_(False))),
        )
        .correlate(Delivery, later)  # two levels up
    )
    return (
        exists()
        .where(
            later.post_id == Delivery.post_id,
            later.id > Delivery.change_id,
            or_(later.fanned_at.is_(None), later.action == "withdrawn", told),
        )
        .correlate(Delivery)
    )


def at_readers() -> ColumnElement[bool]:
    """Of a reader's copy: a post that its edition tells of has changed since."""
    return exists().where(
        EditionPost.edition_id == Delivery.edition_id,
        Change.post_id == EditionPost.post_id,
        Change.id > EditionPost.change_id,
    )


def stays(session: Session, delivery_ids: Collection[int]) -> dict[int, tuple[str, Reason]]:
    """The state and reason of those to destinations that do not go out now.

    They wait until the newer change is told, since whom it is told depends on what they are about to get.
    """
    if not delivery_ids:
        return {}
    later = aliased(Change)
    to_be_told = exists().where(
        later.post_id == Delivery.post_id, later.id > Delivery.change_id, later.fanned_at.is_(None)
    )
    old = (
        select(Delivery.id, to_be_told, Post.state, Delivery.reason)
        .join(Post, Post.id == Delivery.post_id)
        .where(Delivery.id.in_(delivery_ids), at_destinations())
    )
    return {
        key: ("waiting", reason) if waits else ("dropped", WITHDRAWN if state == "withdrawn" else SUPERSEDED)
        for key, waits, state, reason in session.execute(old)
    }


def never_sent(session: Session, delivery_ids: Collection[int]) -> set[int]:
    """Those of these withdrawals whose post was on its way to the destination and never left."""
    if not delivery_ids:
        return set()
    earlier = aliased(Delivery)
    mine = (
        earlier.destination_id == Delivery.destination_id,
        earlier.post_id == Delivery.post_id,
        earlier.change_id < Delivery.change_id,
    )
    tried = or_(earlier.attempts > 0, earlier.state.in_(("sent", "sending", "unconfirmed")))
    statement = select(Delivery.id).where(
        Delivery.id.in_(delivery_ids), exists().where(*mine), ~exists().where(*mine, tried)
    )
    return set(session.scalars(statement))
