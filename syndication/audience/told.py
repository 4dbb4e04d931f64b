"""Looks up who was told which version of a post, by a message of its own or as part of an edition."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from syndication.content.post import Content
from syndication.kinds.reading import kept
from syndication.models import Change, Delivery, EditionPost, Revision
from syndication.publishing import filing

#: What may have arrived counts as told.
ARRIVED = ("sent", "sending", "unconfirmed")


@dataclass(frozen=True)
class Message:
    """One that told of a post, or is about to: what the revision said, after this change. `at` is aware, UTC.

    `alone`: it tells of nothing else.
    """

    delivery_id: int
    change_id: int
    revision: int
    state: str
    at: datetime
    alone: bool = True


def readers(
    session: Session, post_ids: Collection[UUID], reader_ids: Sequence[int]
) -> dict[tuple[int, UUID], list[Message]]:
    """What each reader was told of each post, or is about to be, in the order of the changes."""
    if not post_ids or not reader_ids:
        return {}
    moment = func.coalesce(Delivery.sent_at, Delivery.created_at)
    statement: Select[*tuple[Any, ...]] = (
        select(
            Delivery.reader_id,
            EditionPost.post_id,
            Delivery.id,
            EditionPost.change_id,
            EditionPost.revision,
            Delivery.state,
            moment,
            Delivery.post_id.is_not(None),
        )
        .join(Delivery, Delivery.edition_id == EditionPost.edition_id)
        .where(EditionPost.post_id.in_(post_ids), Delivery.reader_id.in_(reader_ids))
        .where(Delivery.state.in_((*ARRIVED, "waiting")))
        .order_by(EditionPost.change_id)
    )  # fmt: skip -- the columns stand in the order of Message's fields
    found: dict[tuple[int, UUID], list[Message]] = {}
    for reader_id, post_id, *rest in session.execute(statement):
        found.setdefault((reader_id, post_id), []).append(Message(*rest))
    return found


def destinations(
    session: Session, post_id: UUID, destination_ids: Sequence[UUID], *, before: int
) -> dict[UUID, list[Message]]:
    """What may have arrived at each destination of the changes of a post with a number below `before`, in their order."""
    moment = func.coalesce(Delivery.sent_at, Delivery.created_at)
    statement: Select[*tuple[Any, ...]] = (
        select(
            Delivery.destination_id,
            Delivery.id,
            Delivery.change_id,
            Change.revision,
            Delivery.state,
            moment,
        )
        .join(Change, Change.id == Delivery.change_id)
        .where(Delivery.destination_id.in_(destination_ids), Delivery.post_id == post_id)
        .where(Delivery.change_id < before, Delivery.state.in_(ARRIVED))
        .order_by(Delivery.change_id)
    )  # fmt: skip -- the columns stand in the order of Message's fields
    found: dict[UUID, list[Message]] = {}
    for destination_id, *rest in session.execute(statement):
        found.setdefault(destination_id, []).append(Message(*rest))
    return found


def contents(session: Session, said: Collection[tuple[UUID, int]]) -> Mapping[tuple[UUID, int], Content]:
    """What these revisions of these posts say."""
    numbers: dict[UUID, set[int]] = {}
    for post_id, number in said:
        numbers.setdefault(post_id, set()).add(number)
    found: dict[tuple[UUID, int], Content] = {}
    for post_id, some in numbers.items():
        rows = select(Revision.number, Revision.content).where(
            Revision.post_id == post_id, Revision.number.in_(some)
        )
        found |= {
            (post_id, number): filing.filed(filing.of(session), kept(content))
            for number, content in session.execute(rows)
        }
    return found


def newest(session: Session, post_ids: Collection[UUID]) -> dict[UUID, int]:
    """The number of each post's last change."""
    last = select(Change.post_id, func.max(Change.id)).where(Change.post_id.in_(post_ids))
    return dict(session.execute(last.group_by(Change.post_id)).tuples().all())
