"""Tries waiting deliveries now, because somebody knows that the cause is gone."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from syndication import channels
from syndication.errors import Conflict, NotFound
from syndication.infra import db, wakeups
from syndication.ledger import replay
from syndication.models import Delivery, Destination

#: Rows of one transaction.
_CHUNK = 500


def one(delivery_id: int, *, merchant_id: UUID | None = None) -> None:
    """Try one waiting delivery now; with `merchant_id` only where it goes to that merchant's destination.

    Raises NotFound, and Conflict where it does not wait for a further try.
    """
    with db.transaction() as session:
        row = session.get(Delivery, delivery_id, with_for_update=True)
        if row is None or not replay.belongs(session, row, merchant_id):
            raise NotFound("There is no such delivery.")
        if row.state != "waiting" or row.attempts == 0:
            raise Conflict("This delivery does not wait for a further try, so there is none to be made now.")
        now(session, [row.id])


def count(**filters: Any) -> int:
    """How many deliveries `many` would try; takes the same filters."""
    with db.reading() as session:
        return session.scalar(select(func.count()).select_from(Delivery).where(*_chosen(**filters))) or 0


def many(**filters: Any) -> int:
    """Try every chosen delivery now that was tried before and waits; returns how many.

    Filters: `channel`, `destination_id`, `merchant_id` (owner of the destination), `since` and `until` (aware; when the
    delivery was created; until is exclusive). What waits for a time of its own, such as the end of quiet hours or the
    pause of corrections, is left alone. An outlet that is held lets one through at once, and the rest if that arrives.
    """
    total, last = 0, 0
    while True:
        chunk = select(Delivery.id).where(*_chosen(**filters), Delivery.id > last).order_by(Delivery.id)
        with db.reading() as session:
            ids = list(session.scalars(chunk.limit(_CHUNK)))
        if not ids:
            return total
        with db.transaction() as session:
            now(session, ids)
        total, last = total + len(ids), ids[-1]


def _chosen(**filters: Any) -> list[ColumnElement[bool]]:
    return [Delivery.state == "waiting", Delivery.attempts > 0, *replay.selected(**filters)]


def now(session: Session, ids: list[int]) -> int:
    """Make those of `ids` due that wait, and let their outlets open; returns how many wait."""
    moment = db.now(session)
    mine = Delivery.id.in_(ids)
    # What was claimed meanwhile is left alone; what was due before keeps its place.
    session.execute(
        update(Delivery)
        .where(mine, Delivery.state == "waiting", Delivery.due_at > moment)
        .values(due_at=moment)
        .execution_options(synchronize_session=False)
    )
    replay.note(session, "delivery.retried", ids)
    queues = list(session.scalars(select(Delivery.queue).where(mine).distinct()))
    _open(session, mine, queues)
    for queue in queues:
        wakeups.after_commit(session, queue)
    waiting = select(func.count()).select_from(Delivery).where(mine, Delivery.state == "waiting")
    return session.scalar(waiting) or 0


def _open(session: Session, mine: ColumnElement[bool], queues: list[str]) -> None:
    """Let the breakers of their outlets open. A rest that a network asked for between two posts is kept."""
    shared = [one.kind for one in channels.CHANNELS if one.serves == "readers" and one.queue in queues]
    theirs = select(Delivery.destination_id).where(mine, Delivery.destination_id.is_not(None))
    concerned = Destination.id.in_(theirs) | (
        Destination.channel.in_(shared) & Destination.merchant_id.is_(None)
    )
    ids = session.scalars(
        select(Destination.id).where(concerned, Destination.failures > 0).order_by(Destination.id)
    ).all()
    if ids:
        session.execute(
            update(Destination)
            .where(Destination.id.in_(ids), Destination.failures > 0)
            .values(held_until=None)
            .execution_options(synchronize_session=False)
        )
