"""Shows how much waits in each queue, for how long, and what holds it up."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select, true
from sqlalchemy.orm import Session

from syndication import channels
from syndication.infra import db
from syndication.ledger import halts
from syndication.models import Change, Delivery, Destination, SignUp

#: The queues of sign-ups that nobody answered yet, and of changes that are not deliveries; the others belong to channels.
SIGN_UPS, FANOUT = "housekeeping", "fanout"


@dataclass(frozen=True)
class QueueRow:
    """One queue. `due` could be sent now; `later` waits for its time; `held` for its outlet to open, or for the town hall to
    release its newsletter.

    Ages are in seconds, 0.0 where nothing is that old. `oldest` counts from when a delivery first became due: what is held
    by its outlet, or waits for a later try because the outlet failed, still waits. `ready` is that of the oldest which
    could be sent now.
    """

    queue: str
    due: int
    later: int
    held: int
    sending: int
    oldest: float
    ready: float = 0.0


def queues() -> list[QueueRow]:
    """Every queue that holds work of its own, in the order in which work passes through them."""
    with db.reading() as session:
        now = db.now(session)
        counts = _counts(session, now)
        going = halts.going(session)
        stopped = ~and_(true(), *going)
        held = _held(session, now, stopped if going else None)
        rows = [_fanout(session, now), _sign_ups(session, now)]
        for queue in sorted({*channels.queues(), *(queue for queue, _ in counts)}):
            due, later, oldest = counts.get((queue, "waiting"), (0, 0, None))
            holding = min(held.get(queue, 0), due)
            ready = oldest
            if holding:
                ready = _oldest(session, queue, now, _to(_closed(now)) | stopped) if holding < due else None
                oldest = _oldest(session, queue, now, _to(_switched_off()) | stopped)
            if due or later:
                oldest = min(filter(None, (oldest, _late(session, queue, stopped))), default=None)
            sending = sum(counts.get((queue, "sending"), (0, 0, None))[:2])
            ages = _age(oldest, now), _age(ready, now)
            rows.append(QueueRow(queue, due - holding, later, holding, sending, *ages))
        return rows


def changes_waiting(session: Session) -> int:
    """Changes whose fan-out is not complete."""
    return session.scalar(select(func.count()).select_from(Change).where(Change.fanned_at.is_(None))) or 0


def _fanout(session: Session, now: datetime) -> QueueRow:
    counted = select(func.count(), func.min(Change.created_at)).where(Change.fanned_at.is_(None))
    count, oldest = session.execute(counted).one()
    age = _age(oldest, now)
    return QueueRow(FANOUT, count, 0, 0, 0, age, age)


def _sign_ups(session: Session, now: datetime) -> QueueRow:
    count, oldest = session.execute(select(func.count(), func.min(SignUp.at))).one()
    age = _age(oldest, now)
    return QueueRow(SIGN_UPS, count, 0, 0, 0, age, age)


def _counts(session: Session, now: datetime) -> Mapping[tuple[str, str], tuple[int, int, datetime | None]]:
    """(queue, state) → due, later, the first moment due. One index answers it, however long the table."""
    due = Delivery.due_at <= now
    statement = (
        select(
            Delivery.queue,
            Delivery.state,
            func.sum(case((due, 1), else_=0)),
            func.sum(case((due, 0), else_=1)),
            func.min(case((due, Delivery.due_at))),
        )
        .where(Delivery.state.in_(("waiting", "sending")))
        .group_by(Delivery.queue, Delivery.state)
    )
    return {
        (queue, state): (now_, later, oldest)
        for queue, state, now_, later, oldest in session.execute(statement)
    }


def _closed(now: datetime) -> ColumnElement[bool]:
    return or_(Destination.state != "active", Destination.held_until > now)


def _held(session: Session, now: datetime, stopped: ColumnElement[bool] | None) -> Mapping[str, int]:
    """Queue → due deliveries that cannot be claimed: their outlet, or the queue's shared one, is closed; or `stopped`."""
    closed = session.scalars(select(Destination.id).where(_closed(now))).all()
    mine = and_(Delivery.destination_id == Destination.id, Delivery.channel == Destination.channel)
    statement = (
        select(Delivery.queue, func.count())
        .join(Destination, mine)
        .where(Delivery.destination_id.in_(closed), Delivery.state == "waiting", Delivery.due_at <= now)
        .group_by(Delivery.queue)
    )
    found: Counter[str] = Counter(dict(session.execute(statement).all()) if closed else {})
    if stopped is not None:
        due = select(Delivery.queue, func.count()).where(Delivery.state == "waiting", Delivery.due_at <= now)
        for queue, count in session.execute(due.where(stopped).group_by(Delivery.queue)):
            found[queue] += count
    for queue in _closed_for_all(session, now):
        everything = select(func.count()).where(
            Delivery.state == "waiting", Delivery.queue == queue, Delivery.due_at <= now
        )
        found[queue] = session.scalar(everything) or 0
    return found


def _closed_for_all(session: Session, now: datetime) -> set[str]:
    """Queues whose one outlet for all readers, such as the mail server, is not taking any."""
    kinds = channels.reader_kinds()
    held = session.scalars(
        select(Destination.channel).where(
            Destination.channel.in_(kinds), Destination.merchant_id.is_(None), Destination.held_until > now
        )
    )
    return {channels.queue_of(kind) for kind in held}


def _switched_off() -> ColumnElement[bool]:
    """Somebody wants nothing to be sent there, so nothing is late."""
    return Destination.state != "active"


def _oldest(session: Session, queue: str, now: datetime, but_for: ColumnElement[bool]) -> datetime | None:
    """The first moment due, but for such deliveries."""
    return session.scalar(
        select(func.min(Delivery.due_at)).where(
            Delivery.state == "waiting", Delivery.queue == queue, Delivery.due_at <= now, ~but_for
        )
    )


def _late(session: Session, queue: str, stopped: ColumnElement[bool]) -> datetime | None:
    """When the oldest first became due of all whose outlet failed meanwhile."""
    waiting = (Delivery.state == "waiting", Delivery.queue == queue, Delivery.late_since.is_not(None))
    return session.scalar(
        select(Delivery.late_since)
        .where(*waiting, ~_to(_switched_off()), ~stopped)
        .order_by(Delivery.late_since)
        .limit(1)
    )


def _to(outlets: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(
        Destination.id == Delivery.destination_id, Destination.channel == Delivery.channel, outlets
    )


def _age(moment: datetime | None, now: datetime) -> float:
    return max(0.0, (now - moment).total_seconds()) if moment else 0.0
