"""Makes waiting deliveries due when their outlet works again, in small steps that block nobody."""

import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, or_, select, update

from syndication import channels, clock
from syndication.content.reason import NO_REASON
from syndication.infra import db, wakeups
from syndication.ledger import policy
from syndication.models import Attempt, Delivery, Destination

#: Rows of one transaction: some hundredths of a second as the one writer of SQLite.
_CHUNK = 500
#: Seconds between two of them.
_PAUSE = 0.02
#: A delivery that fails beside an outlet that works is not tried at each recovery for ever: of one with more tries than this,
#: which cover the first of the three days, only those are woken that were never tried before the outlet failed.
_EARLY_TRIES = 4


def recovered(destination: Destination, *, shared: bool) -> None:
    """Note that an outlet took something: its breaker closes, and where it was held, what waits for it is to be woken.

    The one outlet of many recipients counts as held from its first failure on: its failures do not come from what was sent.
    """
    if destination.failing_since is not None and destination.failures >= (1 if shared else policy.HOLD_FROM):
        destination.recovering_from = min(
            destination.recovering_from or destination.failing_since, destination.failing_since
        )
    destination.failures, destination.failing_since, destination.held_until = 0, None, None
    destination.trouble = NO_REASON


def sweep(*, seconds: float = 1.5) -> int:
    """Make due what waits for outlets that recovered, for at most so many seconds; returns how many. The rest comes next time."""
    until, woken = clock.monotonic() + seconds, 0
    for destination_id, channel, since in _recovering():
        queue = channels.by_kind(channel).queue if channels.known(channel) else ""
        waiting = _waiting(destination_id, channel, since)
        found = _wake(destination_id, since, waiting, lambda: clock.monotonic() < until)
        if found and queue:
            wakeups.wake(queue)
        woken += found
    return woken


def _recovering() -> Sequence[tuple[UUID, str, datetime]]:
    with db.reading() as session:
        columns = select(Destination.id, Destination.channel, Destination.recovering_from)
        found = session.execute(columns.where(Destination.recovering_from.is_not(None)))
        return [(identity, channel, since) for identity, channel, since in found if since is not None]


def _waiting(destination_id: UUID, channel: str, since: datetime) -> tuple[ColumnElement[bool], ...]:
    """What waits for a later try because this outlet failed, whatever it has been told in between."""
    known = channels.known(channel)
    if known and channels.by_kind(channel).serves == "readers":
        outlet: ColumnElement[bool] = Delivery.queue == channels.by_kind(channel).queue
    else:
        outlet = and_(Delivery.destination_id == destination_id, Delivery.channel == channel)
    tried_before = exists().where(Attempt.delivery_id == Delivery.id, Attempt.at < since)
    return (
        outlet,
        Delivery.state == "waiting",
        Delivery.late_since.is_not(None),
        or_(Delivery.attempts <= _EARLY_TRIES, ~tried_before),
    )


def _wake(
    destination_id: UUID, since: datetime, waiting: tuple[ColumnElement[bool], ...], more: Callable[[], bool]
) -> int:
    """In the order in which they first became due, which is also the order in which they go."""
    woken = 0
    while more():
        with db.reading() as session:  # looked for without a turn as a writer
            later = (*waiting, Delivery.due_at > db.now(session))
            ids = session.scalars(
                select(Delivery.id).where(*later).order_by(Delivery.late_since).limit(_CHUNK)
            ).all()
        with db.transaction() as session:
            if len(ids) < _CHUNK:
                # Unless it failed and recovered once more meanwhile.
                done = (Destination.id == destination_id, Destination.recovering_from == since)
                session.execute(update(Destination).where(*done).values(recovering_from=None))
            if ids:
                # Chosen again beside the ids: what a person or a worker took meanwhile is left alone.
                session.execute(
                    update(Delivery)
                    .where(Delivery.id.in_(ids), *later)
                    .values(due_at=Delivery.late_since, late_since=None)
                    .execution_options(synchronize_session=False)
                )
        woken += len(ids)
        if len(ids) < _CHUNK:
            break
        # Others who write have their turn: whoever lets go of the lock and takes it at once would go first every time.
        threading.Event().wait(_PAUSE)
    return woken
