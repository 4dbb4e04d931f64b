"""How much waits in each queue, for how long, and what holds it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session

from syndication import channels, db
from syndication.models import Change, Delivery, Destination, SignUp

#: The queues of sign-ups that nobody answered yet, and of changes that are not deliveries; the others belong to channels.
SIGN_UPS, FANOUT = "housekeeping", "fanout"


@dataclass(frozen=True)
class QueueRow:
    """One queue. `due` could be sent now; `later` waits for its time; `held` for its outlet to open.

    `oldest` is the age in seconds of the oldest that is due, 0.0 where nothing is.
    """

    queue: str
    due: int
    later: int
    held: int
    sending: int
    oldest: float


def queues() -> list[QueueRow]:
    """Every queue that holds work of its own, in the order in which work passes through them."""
    with db.reading() as session:
        now = db.now(session)
        counts = _counts(session, now)
        held = _held(session, now)
        rows = [_fanout(session, now), _sign_ups(session, now)]
        for queue in sorted(
            {channel.queue for channel in channels.CHANNELS} | {queue for queue, _ in counts}
        ):
            due, later, oldest = counts.get((queue, "waiting"), (0, 0, None))
            holding = min(held.get(queue, 0), due)
            if holding:
                oldest = _oldest_free(session, queue, now) if holding < due else None
            sending = sum(counts.get((queue, "sending"), (0, 0, None))[:2])
            rows.append(QueueRow(queue, due - holding, later, holding, sending, _age(oldest, now)))
        return rows


def changes_waiting(session: Session) -> int:
    """Changes whose fan-out is not complete."""
    return session.scalar(select(func.count()).select_from(Change).where(Change.fanned_at.is_(None))) or 0


def _fanout(session: Session, now: datetime) -> QueueRow:
    oldest = session.scalar(select(func.min(Change.created_at)).where(Change.fanned_at.is_(None)))
    return QueueRow(FANOUT, changes_waiting(session), 0, 0, 0, _age(oldest, now))


def _sign_ups(session: Session, now: datetime) -> QueueRow:
    count, oldest = session.execute(select(func.count(), func.min(SignUp.at))).one()
    return QueueRow(SIGN_UPS, count, 0, 0, 0, _age(oldest, now))


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


def _held(session: Session, now: datetime) -> Mapping[str, int]:
    """Queue → due deliveries that cannot be claimed: their outlet, or the queue's shared one, is closed."""
    closed = session.scalars(select(Destination.id).where(_closed(now))).all()
    mine = and_(Delivery.destination_id == Destination.id, Delivery.channel == Destination.channel)
    statement = (
        select(Delivery.queue, func.count())
        .join(Destination, mine)
        .where(Delivery.destination_id.in_(closed), Delivery.state == "waiting", Delivery.due_at <= now)
        .group_by(Delivery.queue)
    )
    found: dict[str, int] = dict(session.execute(statement).all()) if closed else {}
    for queue in _closed_for_all(session, now):
        everything = select(func.count()).where(
            Delivery.state == "waiting", Delivery.queue == queue, Delivery.due_at <= now
        )
        found[queue] = session.scalar(everything) or 0
    return found


def _closed_for_all(session: Session, now: datetime) -> set[str]:
    """Queues whose one outlet for all readers, such as the mail server, is not taking any."""
    kinds = [channel.kind for channel in channels.CHANNELS if channel.serves == "readers"]
    held = session.scalars(
        select(Destination.channel).where(
            Destination.channel.in_(kinds), Destination.merchant_id.is_(None), Destination.held_until > now
        )
    )
    return {channels.by_kind(kind).queue for kind in held}


def _oldest_free(session: Session, queue: str, now: datetime) -> datetime | None:
    closed = exists().where(
        Destination.id == Delivery.destination_id, Destination.channel == Delivery.channel, _closed(now)
    )
    return session.scalar(
        select(func.min(Delivery.due_at)).where(
            Delivery.state == "waiting", Delivery.queue == queue, Delivery.due_at <= now, ~closed
        )
    )


def _age(moment: datetime | None, now: datetime) -> float:
    return max(0.0, (now - moment).total_seconds()) if moment else 0.0
