"""Records the outcomes of lanes as states, attempts and outlet health, in one short transaction."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import bindparam, delete, exists, func, insert, select, update
from sqlalchemy.orm import Session, aliased

from syndication import channels
from syndication.audience import readers
from syndication.config import Settings
from syndication.content.reason import NO_REASON, Reason
from syndication.delivery import access_notices, resume, trial_post
from syndication.delivery.lane import Outcome, Run
from syndication.infra import db, wakeups
from syndication.ledger import lifecycle, policy
from syndication.ledger.outcomes import OVER, SUPERSEDED, WITHDRAWN
from syndication.models import Attempt, Delivery, Destination, Lease, Post

_log = structlog.get_logger(__name__)
_SWITCHED_OFF = Reason("The outlet is switched off: {}")


def settle(runs: Sequence[Run], *, last: bool) -> set[int]:
    """Write what `runs` gathered, in one transaction. With `last`, what was not tried returns to waiting and leases end.

    Returns the ids of the leases that still stood; of the others, which were taken over, nothing is written.
    """
    with db.transaction() as session:
        ids = [run.lane.lease_id for run in runs]
        owners = {
            lease.id: lease.owner
            for lease in session.scalars(
                select(Lease).where(Lease.id.in_(ids)).order_by(Lease.id).with_for_update()
            )
        }
        standing = [run for run in runs if owners.get(run.lane.lease_id) == run.lane.owner]
        _write(session, standing)
        _health(session, standing)
        if last and standing:
            release(session, [run.lane.lease_id for run in standing], standing[0].lane.queue)
    for run in runs:
        run.outcomes.clear()
    return {run.lane.lease_id for run in standing}


def release(session: Session, lease_ids: Sequence[int], queue: str) -> None:
    """End leases; their deliveries without an outcome wait again and the queue is woken if there are any."""
    released = session.execute(
        update(Delivery)
        .where(Delivery.lease_id.in_(lease_ids), Delivery.state == "sending")
        .values(state="waiting", lease_id=None)
        .execution_options(synchronize_session=False)
    )
    if released.rowcount:  # type: ignore[attr-defined]  # an UPDATE has it
        wakeups.after_commit(session, queue)
    session.execute(delete(Lease).where(Lease.id.in_(lease_ids)).execution_options(synchronize_session=False))


#: The statement of nearly every outcome, built once.
_SENT = (
    update(Delivery.__table__)  # type: ignore[arg-type]  # a mapped class's table
    .where(Delivery.id == bindparam("of"))
    .values(
        state="sent",
        lease_id=None,
        late_since=None,
        reason=bindparam("remark"),
        sent_at=bindparam("at"),
        reference=bindparam("by"),
        link=bindparam("seen_at"),
        attempts=Delivery.attempts + 1,
        by_hand=False,
    )
)


def _write(session: Session, runs: Sequence[Run]) -> None:
    sent = [
        {"of": one.parcel.id, "at": one.at, "by": one.reference, "remark": one.reason, "seen_at": one.link}
        for run in runs
        for one in run.outcomes
        if one.state == "sent"
    ]
    if sent:
        session.connection().execute(_SENT, sent)
    for run in runs:
        for outcome in run.outcomes:
            if outcome.state != "sent":
                _write_other(session, run, outcome)
            elif after := trial_post.taking_back(outcome, run.lane.outlet_id):
                session.add(after)
    ended = {outcome.parcel.id for run in runs for outcome in run.outcomes if outcome.tried}
    # A reader may have been erased, and all deliveries with them; the rows that are there stay until this is committed.
    here = set(session.scalars(select(Delivery.id).where(Delivery.id.in_(ended)))) if ended else set()
    tried = [
        _attempt(outcome)
        for run in runs
        for outcome in run.outcomes
        if outcome.tried and outcome.parcel.id in here
    ]
    if tried:
        session.connection().execute(_ATTEMPT, tried)
        _forget_unlawful(session, [one["delivery_id"] for one in tried if one["answer"]])


def _forget_unlawful(session: Session, delivery_ids: list[int]) -> None:
    """No answer is kept about a post whose words must not be repeated: it may quote them, also when it comes later."""
    if delivery_ids:
        theirs = select(Delivery.id).join(Post, Post.id == Delivery.post_id)
        unlawful = theirs.where(Delivery.id.in_(delivery_ids), Post.withdrawn_reason == "unlawful")
        forgotten = update(Attempt).where(Attempt.delivery_id.in_(unlawful)).values(answer="")
        session.execute(forgotten.execution_options(synchronize_session=False))


_ATTEMPT = insert(Attempt.__table__)  # type: ignore[arg-type]  # a mapped class's table


def _write_other(session: Session, run: Run, outcome: Outcome) -> None:
    state, reason = outcome.state, outcome.reason
    if state in ("failed", "unconfirmed"):
        parcel = outcome.parcel
        _log.warning(
            f"delivery.{state}",
            channel=parcel.channel.kind,
            delivery=parcel.id,
            tries=parcel.attempts + 1,
            reason=reason,
        )
    if state == "waiting" and (why := _superseded(session, outcome.parcel.id)):
        state, reason = "dropped", why
    elif state == "waiting" and not outcome.tried and not outcome.hold:
        wakeups.after_commit(session, run.lane.queue)  # it was stopped, and is to be looked at again
    session.execute(
        update(Delivery)
        .where(Delivery.id == outcome.parcel.id)
        .values(
            state=state,
            lease_id=None,
            reason=reason,
            attempts=Delivery.attempts + (1 if outcome.tried else 0),
            **({} if state == "waiting" else {"by_hand": False}),
            **({"due_at": outcome.due_at, "late_since": _late(outcome)} if outcome.due_at else {}),
        )
        .execution_options(synchronize_session=False)
    )
    if outcome.gone and run.lane.shared:
        reader_id = session.scalar(select(Delivery.reader_id).where(Delivery.id == outcome.parcel.id))
        if reader_id is not None:
            readers.suppress(reader_id, outcome.reason)


def _late(outcome: Outcome) -> Any:
    """Since when it could have gone, where its outlet fails. What one mailbox asks for is no delay of ours."""
    return func.coalesce(Delivery.late_since, Delivery.due_at) if outcome.unhealthy else None


def _superseded(session: Session, delivery_id: int) -> Reason:
    """Why it is not tried again, where a later change of the same post waits for, or reached, the same destination."""
    newer, this = aliased(Delivery), aliased(Delivery)
    later = exists().where(
        newer.destination_id == this.destination_id,
        newer.post_id == this.post_id,
        newer.change_id > this.change_id,
        newer.state != "dropped",  # undone, so that what this one says is true again
    )
    of_post = select(Post.state).join(this, this.post_id == Post.id).where(this.id == delivery_id, later)
    state = session.scalar(of_post)
    return NO_REASON if state is None else WITHDRAWN if state == "withdrawn" else SUPERSEDED


def _attempt(outcome: Outcome) -> dict[str, Any]:
    return {
        "delivery_id": outcome.parcel.id,
        "at": outcome.at,
        "duration": outcome.duration,
        "outcome": "later" if outcome.state == "waiting" else outcome.state,
        "reason": outcome.reason,
        "code": outcome.code,
        "answer": outcome.answer,
        "trigger": outcome.parcel.trigger,
    }


def _health(session: Session, runs: Sequence[Run]) -> None:
    """The destinations' breakers, from the outcomes in their order."""
    telling = {
        run: [outcome for outcome in run.outcomes if outcome.unhealthy is not None or outcome.hold]
        for run in runs
        if run.lane.outlet_id is not None
    }
    ids = {run.lane.outlet_id for run, outcomes in telling.items() if outcomes}
    if not ids:
        return
    # In the order of their ids, so that two who settle at once never wait for each other.
    chosen = select(Destination).where(Destination.id.in_(ids)).order_by(Destination.id).with_for_update()
    destinations = {row.id: row for row in session.scalars(chosen)}
    for run, outcomes in telling.items():
        destination = destinations.get(run.lane.outlet_id) if run.lane.outlet_id else None
        if destination is None or not outcomes:
            continue
        _note_answers(destination, outcomes)
        for outcome in _telling(outcomes):
            _tell(destination, outcome, shared=run.lane.shared)
        _consequences(session, run.cfg, destination, outcomes)
        if destination.warned_at is not None and outcomes[-1].unhealthy is False:
            access_notices.well_again(session, run.cfg, destination, outcomes[-1].at)


def _note_answers(destination: Destination, outcomes: Sequence[Outcome]) -> None:
    took = [outcome.duration for outcome in outcomes if outcome.tried and outcome.duration]
    if took:
        answers = [*destination.answers, *took][-policy.ANSWERS :]
        destination.answers, destination.slow = answers, policy.is_slow(answers)


def _telling(outcomes: Sequence[Outcome]) -> Iterator[Outcome]:
    """Without those that the next one says again: hundreds of mails in a row that were taken."""
    for outcome, following in zip(outcomes, [*outcomes[1:], None], strict=True):
        if (
            outcome.unhealthy is not False
            or outcome.hold
            or not following
            or following.unhealthy is not False
        ):
            yield outcome


def _tell(destination: Destination, outcome: Outcome, *, shared: bool) -> None:
    where = {"channel": destination.channel, "destination": str(destination.id)}
    if outcome.unhealthy:
        destination.failures, destination.trouble = destination.failures + 1, outcome.reason
        destination.failing_since = destination.failing_since or outcome.at
        if destination.failures == policy.HOLD_FROM:
            _log.warning("outlet.held", **where, reason=outcome.reason)
    elif outcome.unhealthy is False:
        if destination.failures >= policy.HOLD_FROM:
            _log.info("outlet.well_again", **where, failures=destination.failures)
        resume.recovered(destination, shared=shared)
        if outcome.state == "sent":
            destination.last_sent_at = outcome.at
    if outcome.hold:
        destination.held_until = outcome.at + timedelta(seconds=outcome.hold)


def _consequences(
    session: Session, cfg: Settings, destination: Destination, telling: Sequence[Outcome]
) -> None:
    """Switch off, or pause, what fails for good, and tell its owner."""
    worst, channel = telling[-1], channels.by_kind(destination.channel)
    if not channel.configurable or not worst.unhealthy:
        return
    if worst.gone or policy.switched_off(destination.failing_since, worst.at, cfg.disable_after):
        switch_off(session, destination, worst.reason)
        if channel.personal:
            return
    elif worst.credentials and destination.failures >= policy.HOLD_FROM:
        destination.state, destination.reason = "paused", worst.reason
    elif not worst.credentials:
        return
    access_notices.owner(session, cfg, destination, worst.reason, worst.at)


def switch_off(session: Session, destination: Destination, reason: Reason) -> None:
    """Disable a destination; what waits for it becomes a dead letter that can be replayed."""
    destination.state, destination.reason = "disabled", reason
    _log.warning(
        "outlet.switched_off", channel=destination.channel, destination=str(destination.id), reason=reason
    )
    why = Reason(_SWITCHED_OFF, reason)
    lifecycle.end(session, Delivery.destination_id == destination.id, state="failed", reason=why)


def drop_over(*, most: int = 1000) -> int:
    """Drop what became stale while it waited (P4); returns how many."""
    # Looked for without a turn as a writer: mostly there is nothing.
    with db.reading() as session:
        over = (Delivery.state == "waiting", Delivery.over_at <= db.now(session))
        ids = session.scalars(select(Delivery.id).where(*over).limit(most)).all()
    if not ids:
        return 0
    with db.transaction() as session:
        return lifecycle.end(session, Delivery.id.in_(ids), state="dropped", reason=OVER)
