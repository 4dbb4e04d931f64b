"""Sends finished deliveries again, under the keys by which receivers recognise them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, select, update
from sqlalchemy.orm import Session

from syndication.audit import log
from syndication.audit.log import About
from syndication.content.reason import NO_REASON
from syndication.errors import Conflict, NotFound
from syndication.infra import db, wakeups
from syndication.models import Attempt, Delivery, Destination, Post

#: What may be sent again. What waits or is being sent needs no replay.
FINISHED = ("failed", "dropped", "unconfirmed", "sent")
#: What is sent again where nobody says which.
DEAD = ("failed", "unconfirmed")
#: Rows of one transaction.
_CHUNK = 1000


def one(delivery_id: int, *, merchant_id: UUID | None = None) -> None:
    """Send one finished delivery again; with `merchant_id` only where it goes to that merchant's destination.

    Raises NotFound, and Conflict where it is not finished yet.
    """
    with db.transaction() as session:
        delivery = session.get(Delivery, delivery_id, with_for_update=True)
        if delivery is None or not belongs(session, delivery, merchant_id):
            raise NotFound("There is no such delivery.")
        if delivery.state not in FINISHED:
            raise Conflict("This delivery is still on its way; it can be repeated once it is finished.")
        session.execute(_again(Delivery.id == delivery_id, now=db.now(session)))
        note(session, "delivery.replayed", [delivery_id])
        wakeups.after_commit(session, delivery.queue)


def count(**filters: Any) -> int:
    """How many deliveries `many` would send again; takes the same filters."""
    with db.reading() as session:
        return session.scalar(select(func.count()).select_from(Delivery).where(*_chosen(**filters))) or 0


def many(**filters: Any) -> int:
    """Send every chosen delivery again; returns how many.

    Filters: `states` (default failed and unconfirmed), `channel`, `destination_id`, `merchant_id` (owner of the
    destination), `since` and `until` (aware; when the delivery was created; until is exclusive), `failing_since` (aware;
    tried then or later).
    """
    total, last = 0, 0
    while True:
        with db.transaction() as session:
            chunk = (
                select(Delivery.id)
                .where(*_chosen(**filters), Delivery.id > last)
                .order_by(Delivery.id)
                .limit(_CHUNK)
            )
            ids = session.scalars(chunk).all()
            if not ids:
                return total
            again(session, ids, filters.get("states", DEAD))
            total, last = total + len(ids), ids[-1]


def again(session: Session, ids: Sequence[int], states: Sequence[str]) -> int:
    """Send those of `ids` again that are in one of these states; what was claimed meanwhile is left alone."""
    found = session.execute(_again(Delivery.id.in_(ids), Delivery.state.in_(states), now=db.now(session)))
    note(session, "delivery.replayed", ids)
    for queue in session.scalars(select(Delivery.queue).where(Delivery.id.in_(ids)).distinct()):
        wakeups.after_commit(session, queue)
    return int(found.rowcount)  # type: ignore[attr-defined]  # an UPDATE has it


def note(session: Session, what: log.What, ids: Sequence[int]) -> None:
    """Write down what somebody did about these deliveries: a line for each merchant whose outlets or posts they are."""
    owner = func.coalesce(Post.merchant_id, Destination.merchant_id)
    theirs = (
        select(owner, func.min(Delivery.id), func.count())
        .select_from(Delivery)
        .outerjoin(Post, Post.id == Delivery.post_id)
        .outerjoin(Destination, Destination.id == Delivery.destination_id)
        .where(Delivery.id.in_(ids))
        .group_by(owner)
    )
    for merchant_id, first, count in session.execute(theirs).all():
        log.record(session, what, About("delivery", first), merchant_id=merchant_id, count=count)


def belongs(session: Session, delivery: Delivery, merchant_id: UUID | None) -> bool:
    """Whether a delivery goes to a destination of that merchant; None is the city, whose are all."""
    if merchant_id is None:
        return True
    destination = session.get(Destination, delivery.destination_id) if delivery.destination_id else None
    return destination is not None and destination.merchant_id == merchant_id


def _again(*conditions: ColumnElement[bool], now: datetime) -> Any:
    """Waiting as on the first day: the whole schedule of tries lies ahead."""
    return (
        update(Delivery)
        .where(*conditions)
        .values(
            state="waiting",
            due_at=now,
            late_since=None,
            attempts=0,
            reason=NO_REASON,
            lease_id=None,
            sent_at=None,
            by_hand=True,
        )
        .execution_options(synchronize_session=False)
    )


def _chosen(*, states: Sequence[str] = DEAD, **filters: Any) -> list[ColumnElement[bool]]:
    return [Delivery.state.in_([state for state in states if state in FINISHED]), *selected(**filters)]


def selected(
    *,
    channel: str | None = None,
    destination_id: UUID | None = None,
    merchant_id: UUID | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    failing_since: datetime | None = None,
) -> list[ColumnElement[bool]]:
    """What `many` says of its filters, the states aside."""
    conditions: list[ColumnElement[bool]] = []
    if channel is not None:
        conditions.append(Delivery.channel == channel)
    if destination_id is not None:
        conditions.append(Delivery.destination_id == destination_id)
    if merchant_id is not None:
        owned = select(Destination.id).where(Destination.merchant_id == merchant_id)
        conditions.append(Delivery.destination_id.in_(owned))
    if since is not None:
        conditions.append(Delivery.created_at >= since)
    if until is not None:
        conditions.append(Delivery.created_at < until)
    if failing_since is not None:
        tried = exists().where(Attempt.delivery_id == Delivery.id, Attempt.at >= failing_since)
        conditions.append(tried)
    return conditions
