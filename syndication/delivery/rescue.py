"""Takes over leases of workers that died: settles what they had sent, and puts the rest back to waiting."""

from datetime import datetime

from sqlalchemy import func, insert, literal, select, update
from sqlalchemy.orm import Session

from syndication import channels
from syndication.content.reason import Reason
from syndication.delivery import positions
from syndication.delivery.record import release
from syndication.infra import db
from syndication.ledger import policy
from syndication.models import Attempt, Delivery, Lease

_CRASHED = Reason("A worker died while sending it. It will be tried again.")
_POISON = Reason(
    "{} workers died while sending it, so it is not tried again. Please tell the operator.",
    policy.MOST_CRASHES,
)
_UNKNOWN = Reason(
    "A worker died while sending it, so nobody knows whether it arrived. Please look there before you send it again."
)


def sweep(*, most: int = 50) -> int:
    """Take over leases that ran out; returns how many."""
    with db.transaction() as session:
        now = db.now(session)
        leases = session.scalars(
            select(Lease)
            .where(Lease.until < now)
            .order_by(Lease.until)
            .limit(most)
            .with_for_update(skip_locked=True)
        ).all()
        for lease in leases:
            _rescue(session, lease, now)
        return len(leases)


def _rescue(session: Session, lease: Lease, now: datetime) -> None:
    mine = (Delivery.lease_id == lease.id, Delivery.state == "sending")
    reached = positions.take(lease.id, lease.owner, positions.Reached(lease.position, lease.current))
    arrived = [*mine, Delivery.id <= reached.position]
    session.execute(
        insert(Attempt).from_select(
            ["delivery_id", "at", "duration", "outcome", "reason", "answer", "trigger"],
            select(
                Delivery.id,
                literal(now, Delivery.sent_at.type),
                literal(0),
                literal("sent"),
                literal(""),
                literal(""),
                literal("schedule"),
            ).where(*arrived),
        )
    )
    session.execute(
        update(Delivery)
        .where(*arrived)
        .values(state="sent", sent_at=now, attempts=Delivery.attempts + 1, lease_id=None)
        .execution_options(synchronize_session=False)
    )
    on_the_wire = session.scalars(select(Delivery).where(*mine).order_by(Delivery.id).limit(1)).one_or_none()
    if on_the_wire is not None:
        _crashed(session, reached, on_the_wire, now)
        session.flush()  # what was decided for this one must not be undone by the release of the rest
    release(session, [lease.id], lease.queue)


def _crashed(session: Session, reached: positions.Reached, delivery: Delivery, now: datetime) -> None:
    """Decide about the one delivery that may have been on the wire when the worker died."""
    repeatable = (
        not channels.known(delivery.channel) or channels.by_kind(delivery.channel).abilities.repeatable
    )
    crashes = session.scalar(
        select(func.count()).where(Attempt.delivery_id == delivery.id, Attempt.outcome == "crashed")
    )
    if not repeatable and reached.current == delivery.id:
        delivery.state, delivery.reason = "unconfirmed", _UNKNOWN
    elif (crashes or 0) + 1 >= policy.MOST_CRASHES:
        delivery.state, delivery.reason = "failed", _POISON
    else:
        delivery.state, delivery.reason = "waiting", _CRASHED
    delivery.lease_id = None
    delivery.attempts += 1
    session.execute(
        insert(Attempt).values(
            delivery_id=delivery.id,
            at=now,
            duration=0,
            outcome="crashed",
            reason=delivery.reason,
            answer="",
            trigger="schedule",
        )
    )
