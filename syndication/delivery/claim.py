"""Claiming: due deliveries become lanes under leases, in one short transaction; no two workers get the same one."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, func, or_, select, update
from sqlalchemy.orm import Session

from syndication import channels, db
from syndication.config import Settings
from syndication.delivery import policy
from syndication.delivery.lane import Lane
from syndication.delivery.load import parcels
from syndication.models import Delivery, Destination, Heartbeat, Lease, Reader

#: Queues whose deliveries go to many recipients through one outlet, rather than to one destination each.
SHARED = ("mail",)


def claim(queue: str, owner: str, most: int, cfg: Settings) -> list[Lane]:
    """At most `most` lanes of due deliveries, leased to `owner` for `cfg.lease` seconds; empty where nothing is due."""
    if not due(queue):  # asked without taking a turn as a writer
        return []
    with db.transaction() as session:
        now = db.now(session)
        seen(session, f"worker:{owner.partition('/')[0]}:{queue}", now)
        if queue in SHARED:
            return _claim_shared(session, queue, owner, cfg, now)
        return [
            _claim_destination(session, queue, owner, destination, cfg, now)
            for destination in _free_destinations(session, queue, most, now)
        ]


def due(queue: str) -> bool:
    """Whether anything on `queue` could be claimed now."""
    with db.reading() as session:
        now = db.now(session)
        if queue in SHARED:
            return session.scalar(select(_waiting(queue, now).exists())) or False
        return session.scalar(select(Destination.id).where(*_claimable(queue, now)).limit(1)) is not None


def seen(session: Session, name: str, now: datetime) -> None:
    """Record that the part called `name` is alive."""
    if not session.execute(update(Heartbeat).where(Heartbeat.name == name).values(at=now)).rowcount:  # type: ignore[attr-defined]  # an UPDATE has it
        db.insert_new(session, Heartbeat.__table__, [{"name": name, "at": now}])


def renew(owner: str, cfg: Settings) -> None:
    """Prolong every lease of `owner`; called by its heartbeat while sends are under way."""
    with db.transaction() as session:
        until = db.now(session) + timedelta(seconds=cfg.lease)
        session.execute(update(Lease).where(Lease.owner == owner).values(until=until))


def _waiting(queue: str, now: datetime) -> Select[int]:
    return select(Delivery.id).where(
        Delivery.state == "waiting", Delivery.queue == queue, Delivery.due_at <= now
    )


def _claimable(queue: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    waiting = exists().where(
        Delivery.destination_id == Destination.id,
        Delivery.state == "waiting",
        Delivery.queue == queue,
        Delivery.due_at <= now,
    )
    leased = exists().where(Lease.destination_id == Destination.id)
    open_now = or_(Destination.held_until.is_(None), Destination.held_until <= now)
    return (
        Destination.channel.in_(channels.kinds_of(queue)),
        Destination.state == "active",
        open_now,
        ~leased,
        waiting,
    )


def _free_destinations(session: Session, queue: str, most: int, now: datetime) -> list[Destination]:
    """Destinations with due deliveries that nobody is sending to, the longest unserved first."""
    statement = (
        select(Destination)
        .where(*_claimable(queue, now))
        .order_by(Destination.failures, Destination.last_sent_at.asc().nulls_first())
        .limit(most)
        .with_for_update(skip_locked=True, of=Destination)
    )
    return list(session.scalars(statement))


def _claim_destination(
    session: Session, queue: str, owner: str, destination: Destination, cfg: Settings, now: datetime
) -> Lane:
    mine = (
        _waiting(queue, now)
        .where(Delivery.destination_id == destination.id)
        .order_by(Delivery.id)
        .limit(policy.batch(destination.failures, cfg.push_batch))
    )
    lease = _lease(session, queue, owner, cfg, now, destination.id)
    _take(session, lease, mine)
    found = parcels(session, lease.id, destination, cfg)
    return Lane(lease.id, owner, queue, destination.id, destination.failures, False, found)


def _claim_shared(session: Session, queue: str, owner: str, cfg: Settings, now: datetime) -> list[Lane]:
    db.in_line(
        session, f"claim {queue}", alone=True
    )  # the number of connections is counted before one is added
    outlet = session.scalars(
        select(Destination)
        .where(Destination.channel.in_(channels.kinds_of(queue)), Destination.merchant_id.is_(None))
        .limit(1)
    ).one_or_none()
    if outlet is not None and outlet.held_until is not None and outlet.held_until > now:
        return []
    if (session.scalar(select(func.count()).where(Lease.queue == queue)) or 0) >= cfg.mail_connections:
        return []
    failures = outlet.failures if outlet else 0
    mine = (
        _waiting(queue, now)
        .order_by(Delivery.priority, Delivery.due_at)
        .limit(policy.batch(failures, cfg.mail_batch))
        .with_for_update(skip_locked=True)
    )
    lease = _lease(session, queue, owner, cfg, now, None)
    if not _take(session, lease, mine):
        session.delete(lease)
        return []
    found = parcels(session, lease.id, None, cfg)
    return [Lane(lease.id, owner, queue, outlet.id if outlet else None, failures, True, found)]


def _lease(
    session: Session, queue: str, owner: str, cfg: Settings, now: datetime, destination_id: UUID | None
) -> Lease:
    lease = Lease(
        queue=queue,
        owner=owner,
        destination_id=destination_id,
        until=now + timedelta(seconds=cfg.lease),
        position=0,
        current=0,
    )
    session.add(lease)
    session.flush()  # its deliveries carry the key that the database gives
    return lease


def _take(session: Session, lease: Lease, mine: Select[int]) -> int:
    ids = list(session.scalars(mine))
    session.execute(
        update(Delivery)
        .where(Delivery.id.in_(ids))
        .values(state="sending", lease_id=lease.id)
        .execution_options(synchronize_session=False)
    )
    return len(ids)


def withdrawn(lane: Lane) -> set[int]:
    """Ids in a lane that must not go out any more: their readers left, or the destination was paused meanwhile."""
    statement = select(Delivery.id).where(Delivery.lease_id == lane.lease_id)
    if lane.shared:
        left = Reader.state.in_(("left", "suppressed"))
        statement = statement.join(Reader, Reader.id == Delivery.reader_id).where(left)
    else:
        statement = statement.join(Destination, Destination.id == Delivery.destination_id)
        statement = statement.where(Destination.state != "active")
    with db.reading() as session:
        return set(session.scalars(statement))
