"""Claims due deliveries as lanes under leases, in one short transaction; no two workers get the same one."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Select, bindparam, case, exists, func, or_, select, update
from sqlalchemy.orm import Session

from syndication import channels, clock
from syndication.config import Settings
from syndication.delivery import copies, pacing, superseded
from syndication.delivery.lane import Lane, Stop
from syndication.delivery.load import channel_settings, parcels
from syndication.infra import db
from syndication.ledger import halts, policy
from syndication.models import Delivery, Destination, Heartbeat, Lease, Reader

#: Queues whose deliveries go to many recipients through one outlet, rather than to one destination each.
SHARED = ("mail",)
#: Queues that let others write first: nobody waits for a mail or a feed as for a page or a webhook.
PATIENT = ("mail", "feeds")

#: Rows that one transaction takes or writes back: on SQLite everybody else who writes waits for its end.
MOST_ROWS = 400


def claim(queue: str, owner: str, ready: int, slow: int, cfg: Settings) -> list[Lane]:
    """Lanes of due deliveries, leased to `owner` for `cfg.lease` seconds; empty where nothing is due.

    At most `ready` of outlets that answer quickly, or of which nothing is known yet, and at most `slow` of others.
    """
    if ready + slow <= 0 or not _waits(queue):  # asked without taking a turn as a writer
        return []
    with db.transaction() as session:
        now = db.now(session)
        ahead = now - clock.now()
        _note(session, f"worker:{owner.partition('/')[0]}:{queue}", now)
        if queue in SHARED:
            return _claim_shared(session, queue, owner, ready, cfg, now, ahead)
        found = _free_destinations(session, queue, ready, slow, now)
        return _claim_destinations(session, queue, owner, found, cfg, now, ahead)


def _waits(queue: str) -> bool:
    """Whether anything on `queue` is due, though perhaps for a destination that is held, paused or taken."""
    with db.reading() as session:
        now = db.now(session)
        if queue in SHARED and (going := halts.going(session)):
            return session.scalar(_waiting(queue, now).where(*going).limit(1)) is not None
        return session.scalar(_ANY, {"queue": queue, "now": now}) is not None


def due(queue: str) -> bool:
    """Whether anything on `queue` could be claimed now."""
    # The cheap question first: mostly nothing waits at all.
    waits = _waits(queue)
    if queue in SHARED or not waits:
        return waits
    with db.reading() as session:
        return session.scalar(_statements(queue).any, {"now": db.now(session)}) is not None


_NOW = bindparam("now", type_=Delivery.due_at.type)
_ANY = (
    select(Delivery.id)
    .where(Delivery.state == "waiting", Delivery.queue == bindparam("queue"), Delivery.due_at <= _NOW)
    .limit(1)
)
#: When this process last noted that a part lives, by its name (monotonic seconds).
_noted: dict[str, float] = {}


def _note(session: Session, name: str, now: datetime) -> None:
    """Record that a worker lives, once a second: it claims far more often than anybody looks."""
    moment = clock.monotonic()
    if moment - _noted.get(name, -60.0) >= 1.0:
        _noted[name] = moment
        seen(session, name, now)


def seen(session: Session, name: str, now: datetime) -> None:
    """Record that the part called `name` is alive, and what this machine's clock says at `now`."""
    ahead = round((clock.now() - now).total_seconds(), 1)
    known = update(Heartbeat).where(Heartbeat.name == name).values(at=now, ahead=ahead)
    if not session.execute(known).rowcount:  # type: ignore[attr-defined]  # an UPDATE has it
        db.insert_new(session, Heartbeat.__table__, [{"name": name, "at": now, "ahead": ahead}])


def renew(owner: str, lease_ids: Sequence[int], cfg: Settings) -> None:
    """Prolong leases of `owner` whose lanes are under way."""
    with db.transaction() as session:
        until = db.now(session) + timedelta(seconds=cfg.lease)
        mine = (Lease.id.in_(lease_ids), Lease.owner == owner)
        # Locked in the order of their ids: positions, too, are written several at a time.
        session.execute(select(Lease.id).where(*mine).order_by(Lease.id).with_for_update())
        session.execute(update(Lease).where(*mine).values(until=until))


def _waiting(queue: str, now: datetime) -> Select[int]:
    return select(Delivery.id).where(
        Delivery.state == "waiting", Delivery.queue == queue, Delivery.due_at <= now
    )


@dataclass(frozen=True)
class _Statements:
    """What is asked of the destinations of one queue, again and again: making a statement takes longer than running it.

    `any`: one that can be claimed. `best`: ids of those whose turn it is. `chosen`: these, locked, as far as they still can.
    """

    any: Select[UUID]
    best: Select[UUID]
    chosen: Select[Destination]


@lru_cache(maxsize=8)
def _statements(queue: str) -> _Statements:
    claimable = _claimable(queue)
    urgency = (Destination.failures, Destination.last_sent_at.asc().nulls_first())
    # Each channel has its turn, so that a thousand webhooks do not go before the first device.
    mates = (Destination.slow, Destination.channel)
    turn = func.row_number().over(partition_by=mates, order_by=urgency).label("turn")
    turns = select(Destination.id, Destination.slow, turn).where(*claimable).subquery()
    place = func.row_number().over(partition_by=turns.c.slow, order_by=turns.c.turn).label("place")
    places = select(turns.c.id, turns.c.slow, place).subquery()
    most = case((places.c.slow, bindparam("slow", type_=Integer)), else_=bindparam("ready", type_=Integer))
    return _Statements(
        any=select(Destination.id).where(*claimable).limit(1),
        best=select(places.c.id).where(places.c.place <= most),
        chosen=select(Destination)
        .where(Destination.id.in_(bindparam("ids", expanding=True)), *claimable)
        .with_for_update(skip_locked=True, of=Destination),
    )


def _claimable(queue: str) -> tuple[ColumnElement[bool], ...]:
    waiting = exists().where(
        Delivery.destination_id == Destination.id,
        Delivery.state == "waiting",
        Delivery.queue == queue,
        Delivery.due_at <= _NOW,
    )
    leased = exists().where(Lease.destination_id == Destination.id)
    open_now = or_(Destination.held_until.is_(None), Destination.held_until <= _NOW)
    return (
        Destination.channel.in_(channels.kinds_of(queue)),
        Destination.state == "active",
        open_now,
        ~leased,
        waiting,
    )


def _free_destinations(
    session: Session, queue: str, ready: int, slow: int, now: datetime
) -> list[Destination]:
    """Destinations with due deliveries that nobody is sending to, the longest unserved first: so many, and so many slow ones."""
    asked = _statements(queue)
    ids = session.scalars(asked.best, {"now": now, "ready": ready, "slow": slow}).all()
    if not ids:
        return []
    # Asked once more, row by row: another worker may have taken one in between.
    return list(session.scalars(asked.chosen, {"now": now, "ids": ids}))


def _claim_destinations(
    session: Session,
    queue: str,
    owner: str,
    found: list[Destination],
    cfg: Settings,
    now: datetime,
    ahead: timedelta,
) -> list[Lane]:
    """A lane for each destination, all of them with the same few statements."""
    if not found:
        return []
    for destination in found:
        _pace(session, destination, cfg, now)
    most = {one.id: policy.batch(one.failures, cfg.push_batch, slow=one.slow) for one in found}
    asked = {"ids": list(most), "queue": queue, "now": now, "most": max(most.values())}
    rows = session.execute(_FIRST, asked).all()
    mine: dict[UUID, list[int]] = {destination_id: [] for destination_id in most}
    for delivery_id, destination_id in rows:
        mine[destination_id].append(delivery_id)
    found = [destination for destination in found if mine[destination.id]]
    if not found:  # all of them were left for later
        return []
    leases = [_lease(queue, owner, cfg, now, destination.id) for destination in found]
    session.add_all(leases)
    session.flush()  # deliveries carry the keys that the database gives
    taken = [
        {"of": delivery_id, "lease": lease.id}
        for lease in leases
        if lease.destination_id is not None
        for delivery_id in sorted(mine[lease.destination_id])[: most[lease.destination_id]]
    ]
    session.connection().execute(_TAKE, taken)
    outlets = {destination.id: destination for destination in found}
    loaded = parcels(session, [lease.id for lease in leases], outlets, cfg)
    return [
        Lane(
            lease.id,
            owner,
            queue,
            destination.id,
            destination.failures,
            False,
            loaded[lease.id],
            ahead,
            destination.slow,
        )
        for lease, destination in zip(leases, found, strict=True)
    ]


def _pace(session: Session, destination: Destination, cfg: Settings, now: datetime) -> None:
    """Hold back new posts where the owner set a rhythm. Settings that cannot be read are told of when it is sent."""
    with contextlib.suppress(KeyError, ValueError):
        rhythm = channel_settings(destination, cfg).rhythm
        if rhythm is not None:
            pacing.postpone(session, destination.id, rhythm, now, cfg.zone)


_place = func.row_number().over(partition_by=Delivery.destination_id, order_by=Delivery.id).label("place")
_waiting_for = (
    select(Delivery.id, Delivery.destination_id, _place)
    .where(Delivery.destination_id.in_(bindparam("ids", expanding=True)), Delivery.state == "waiting")
    .where(Delivery.queue == bindparam("queue"), Delivery.due_at <= _NOW)
    .subquery()
)
#: The first so many that wait for each of some destinations.
_FIRST = select(_waiting_for.c.id, _waiting_for.c.destination_id).where(
    _waiting_for.c.place <= bindparam("most", type_=Integer)
)
_TAKE = (
    update(Delivery.__table__)  # type: ignore[arg-type]  # a mapped class's table
    .where(Delivery.id == bindparam("of"))
    .values(state="sending", lease_id=bindparam("lease"))
)


def _claim_shared(
    session: Session, queue: str, owner: str, wanted: int, cfg: Settings, now: datetime, ahead: timedelta
) -> list[Lane]:
    """At most `wanted` lanes, one for each connection; all of them with the same few statements."""
    db.advisory_lock(session, f"claim {queue}")  # the number of connections is counted before some are added
    outlet = session.scalars(
        select(Destination)
        .where(Destination.channel.in_(channels.kinds_of(queue)), Destination.merchant_id.is_(None))
        .limit(1)
    ).one_or_none()
    if outlet is not None and (outlet.state != "active" or (outlet.held_until and outlet.held_until > now)):
        return []
    failures = outlet.failures if outlet else 0
    # A server that is failing is asked by one connection, however many could be had.
    most = 1 if failures else cfg.mail_connections
    under_way = session.scalar(select(func.count()).where(Lease.queue == queue)) or 0
    wanted = min(wanted, most - under_way)
    if wanted <= 0:
        return []
    size, least = policy.mail_batch(failures, cfg.mail_batch, outlet.answers if outlet else ())
    waiting = _waiting(queue, now).where(*halts.going(session))
    shares = _shares(session, waiting, wanted, under_way + wanted, size, least)
    if db.one_writer():  # the next claim follows at once
        shares = shares[: max(1, MOST_ROWS // max(1, len(shares[0])))] if shares else []
    if not shares:
        return []
    leases = [_lease(queue, owner, cfg, now, None) for _ in shares]
    session.add_all(leases)
    session.flush()  # deliveries carry the keys that the database gives
    for lease, ids in zip(leases, shares, strict=True):
        mine = update(Delivery).where(Delivery.id.in_(ids)).values(state="sending", lease_id=lease.id)
        session.execute(mine.execution_options(synchronize_session=False))
    loaded = copies.parcels(session, [lease.id for lease in leases], cfg)
    outlet_id = outlet.id if outlet else None
    return [
        Lane(lease.id, owner, queue, outlet_id, failures, True, loaded[lease.id], ahead) for lease in leases
    ]


def _shares(
    session: Session, waiting: Select[int], wanted: int, ways: int, size: int, least: int
) -> list[list[int]]:
    """Ids for `wanted` lanes, locked: each a fair share of what waits for all `ways`, at most `size`."""
    # Those under way will ask for more in a moment: where little is left, they are not left without.
    left = session.scalar(select(func.count()).select_from(waiting.limit(size * ways).subquery()))
    shares = policy.shares(left or 0, ways, size, least)[:wanted]
    if not shares:
        return []
    mine = waiting.order_by(Delivery.priority, Delivery.due_at).limit(shares[-1].stop)
    ids = list(session.scalars(mine.with_for_update(skip_locked=True)))
    return [ids[share] for share in shares if ids[share]]


def _lease(queue: str, owner: str, cfg: Settings, now: datetime, destination_id: UUID | None) -> Lease:
    return Lease(
        queue=queue,
        owner=owner,
        destination_id=destination_id,
        until=now + timedelta(seconds=cfg.lease),
        position=0,
        current=0,
    )


def stopped(lane: Lane) -> dict[int, Stop]:
    """What of a lane must not go out as it is, and why; whatever has an outcome already counts as gone."""
    mine = (Delivery.lease_id == lane.lease_id, Delivery.state == "sending")
    with db.reading() as session:
        here = set(session.scalars(select(Delivery.id).where(*mine)))
        if lane.shared:
            left = select(Delivery.id).join(Reader, Reader.id == Delivery.reader_id).where(*mine)
            out = session.scalars(left.where(Reader.state.in_(("left", "suppressed")))).all()
            old = list(session.scalars(select(Delivery.id).where(*mine, superseded.at_readers())))
            if halted := halts.halted(session):
                old += session.scalars(select(Delivery.id).where(*mine, halts.copies_of(halted)))
        else:
            held = select(Delivery.id).join(Destination, Destination.id == Delivery.destination_id)
            out = []
            old = list(
                session.scalars(
                    held.where(*mine, or_(Destination.state != "active", superseded.at_destinations()))
                )
            )
    gone: dict[int, Stop] = {parcel.id: "gone" for parcel in lane.parcels if parcel.id not in here}
    return {**gone, **dict.fromkeys(old, "waits"), **dict.fromkeys(out, "left")}
