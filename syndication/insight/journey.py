"""Shows where one post went: its deliveries to destinations, and readers and devices in numbers."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from syndication import channels
from syndication.content.base import Record
from syndication.content.reason import Reason
from syndication.infra import db
from syndication.models import Change, Delivery, Destination, EditionPost

#: Stops shown of one post; more would be a page nobody reads.
_MOST = 500


class Stop(Record):
    """One delivery to a destination."""

    delivery_id: int
    channel: str
    destination_id: UUID
    destination: str
    action: str
    revision: int
    state: str
    reason: Reason
    attempts: int
    created_at: datetime
    due_at: datetime
    sent_at: datetime | None
    reference: str | None
    #: Where people see it at the outlet.
    link: str | None


class ReaderCount(Record):
    """How many deliveries of a channel to readers, or to people's devices, are in one state."""

    channel: str
    state: str
    count: int


@dataclass(frozen=True)
class Journey:
    """Where a post went."""

    destinations: list[Stop]
    readers: list[ReaderCount]


def journey(post_id: UUID) -> Journey:
    """Where the post went, newest first; readers, of its editions too, and devices are counted. Empty for an unknown post."""
    with db.reading() as session:
        return Journey(_stops(session, post_id), _counts(session, post_id))


def _stops(session: Session, post_id: UUID) -> list[Stop]:
    statement: Select[*tuple[Any, ...]] = (
        select(
            Delivery.id,
            Delivery.channel,
            Destination.id,
            Destination.name,
            Change.action,
            Change.revision,
            Delivery.state,
            Delivery.reason,
            Delivery.attempts,
            Delivery.created_at,
            Delivery.due_at,
            Delivery.sent_at,
            Delivery.reference,
            Delivery.link,
        )
        .join(Destination, Destination.id == Delivery.destination_id)
        .join(Change, Change.id == Delivery.change_id)
        .where(Delivery.post_id == post_id, Delivery.channel.not_in(channels.personal_kinds()))
        .order_by(Delivery.id.desc())
        .limit(_MOST)
    )  # fmt: skip -- the columns stand in the order of Stop's fields
    return [Stop(**dict(zip(Stop.model_fields, row, strict=True))) for row in session.execute(statement)]


def _counts(session: Session, post_id: UUID) -> list[ReaderCount]:
    """Deliveries to people: those of this post alone, and those of the editions that tell of it."""
    people = or_(Delivery.reader_id.is_not(None), Delivery.channel.in_(channels.personal_kinds()))
    counted = select(Delivery.channel, Delivery.state, func.count()).where(people)
    telling = select(EditionPost.edition_id).where(EditionPost.post_id == post_id)
    alone = counted.where(Delivery.post_id == post_id)
    shared = counted.where(Delivery.post_id.is_(None), Delivery.edition_id.in_(telling))
    total: Counter[tuple[str, str]] = Counter()
    for statement in (alone, shared):
        for channel, state, count in session.execute(statement.group_by(Delivery.channel, Delivery.state)):
            total[channel, state] += count
    return [
        ReaderCount(channel=channel, state=state, count=count)
        for (channel, state), count in sorted(total.items())
    ]
