"""Groups what did not arrive by its cause, and says whose move it is."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Select, Text, case, exists, func, or_, select, type_coerce
from sqlalchemy.orm import Session

from syndication import channels
from syndication.content.reason import Reason
from syndication.infra import db
from syndication.ledger import likeness
from syndication.ledger.likeness import cause_of
from syndication.models import Attempt, Delivery, Destination, Merchant, Outage, Reader

#: `itself`: it is tried again, or nothing is left to do for anybody.
Move = Literal["merchant", "operator", "itself"]
_ORDER: tuple[Move, ...] = ("operator", "merchant", "itself")


@dataclass(frozen=True)
class Situation:
    """What the tables say about a failure.

    `own`: its outlet is a merchant's. `refused`: its owner was told that we have no access. `outage`: the operator knows that
    it is down. `nobodys`: a person's device, or a reader who gets no mail any more.
    """

    state: str
    own: bool = False
    outlet_state: str = "active"
    refused: bool = False
    outage: bool = False
    nobodys: bool = False
    names_operator: bool = False


@dataclass(frozen=True)
class CauseRow:
    """Deliveries in one state that fail by one cause at one outlet. Moments are aware, in UTC.

    `outlet` None: people's devices, of which none is named. `merchant` is the slug of the outlet's owner, `merchant_name` what
    it is called; None: the city.
    `first_at` and `last_at` are the earliest and the latest of their last tries. `mark` names the cause (`likeness.mark`).
    `since`: how long the outlet has failed without a success; `told_at`: when its owner was told that we have no access.
    """

    cause: Reason
    state: str
    channel: str
    destination_id: UUID | None
    outlet: str | None
    merchant: str | None
    merchant_name: str | None
    move: Move
    count: int
    first_at: datetime
    last_at: datetime
    mark: str = ""
    outlet_state: str = "active"
    since: datetime | None = None
    told_at: datetime | None = None


def whose_move(at: Situation) -> Move:
    """Who has to do something, so that such deliveries arrive: the one rule."""
    if at.names_operator:
        return "operator"
    if at.nobodys:
        return "itself"
    waits = at.state == "waiting" and at.outlet_state == "active"
    if waits and not (at.refused or at.outage):
        return "itself"
    return "merchant" if at.own else "operator"


def names_operator(reason: Reason) -> bool:
    """Whether a sentence of ours sends its reader to the operator; what others said does not count."""
    if reason.parts is None:
        return "operator" in str.__str__(reason)
    sentences = [part for part in reason.parts if not isinstance(part, str)]
    nested = [one for part in sentences for one in part.arguments if isinstance(one, Reason)]
    return any("operator" in one.id for one in sentences) or any(map(names_operator, nested))


def causes(*, merchant: str | None = None, since: datetime | None = None) -> list[CauseRow]:
    """What failed, is in doubt, or waits after a failure, by cause; what somebody must act on first, then the newest.

    `merchant` (a slug) narrows to outlets of its own; `since` (aware) to deliveries made then or later.
    """
    with db.reading() as session:
        found = [_Group(*row) for row in session.execute(_groups(since))]
        outlets = _outlets(session, found)
    together: dict[Any, CauseRow] = {}
    for group in found:
        row = _row(group, outlets)
        key = (row.mark, row.state, row.channel, row.destination_id, row.move)
        together[key] = _both(together[key], row) if key in together else row
    kept = (row for row in together.values() if merchant is None or row.merchant == merchant)
    return sorted(kept, key=lambda row: (_ORDER.index(row.move), -row.last_at.timestamp()))


@dataclass(frozen=True)
class _Group:
    """Deliveries of one reason, word by word, as the table keeps it."""

    state: str
    reason: str
    channel: str
    destination_id: UUID | None
    reader_left: bool
    count: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True)
class _Outlet:
    name: str
    merchant: str | None
    merchant_name: str | None
    state: str
    refused: bool
    outage: bool
    since: datetime | None
    told_at: datetime | None


def _groups(since: datetime | None) -> Select[*tuple[Any, ...]]:
    """Deliveries that failed at least once and did not arrive, in the order of _Group's fields."""
    failing = or_(
        Delivery.state.in_(("failed", "unconfirmed")),
        (Delivery.state == "waiting") & ((Delivery.attempts > 0) | Delivery.late_since.is_not(None)),
    )
    tried = select(func.max(Attempt.at)).where(Attempt.delivery_id == Delivery.id).scalar_subquery()
    # What was ended without a try, such as by switching off its outlet, has no other moment than that of its making.
    moment = func.coalesce(tried, Delivery.created_at).label("moment")
    # A device is counted, never named.
    device = Delivery.channel.in_(channels.personal_kinds())
    outlet = case((device, None), else_=Delivery.destination_id).label("outlet")
    left = Reader.state.in_(("left", "suppressed"))
    each = (
        select(Delivery.state, Delivery.reason, Delivery.channel, outlet, left.label("left"), moment)
        .outerjoin(Reader, Reader.id == Delivery.reader_id)
        # Said twice, so that an index finds the few among a million that arrived.
        .where(Delivery.state.in_(("failed", "unconfirmed", "waiting")), failing)
    )
    if since is not None:
        each = each.where(Delivery.created_at >= since)
    # Kept by the database, which would look for the tries of each twice.
    one = each.cte("failing").prefix_with("MATERIALIZED").c
    by = (one.state, one.reason, one.channel, one.outlet, one.left)
    shown = (by[0], type_coerce(one.reason, Text), *by[2:])
    return select(*shown, func.count(), func.min(one.moment), func.max(one.moment)).group_by(*by)


def _outlets(session: Session, groups: list[_Group]) -> dict[tuple[str, UUID | None], _Outlet]:
    """The outlet that each channel and destination goes through: mail to readers goes through one of the city's."""
    open_outage = exists().where(Outage.destination_id == Destination.id, Outage.ended_at.is_(None))
    shared = Destination.merchant_id.is_(None) & Destination.channel.in_(channels.reader_kinds())
    refused = Destination.warned_at.is_not(None) & Destination.failing_since.is_not(None)
    statement = (
        select(Destination.id, Destination.channel, Destination.name, Merchant.slug, Merchant.name, Destination.state,
               refused, open_outage, Destination.failing_since, Destination.warned_at)
        .outerjoin(Merchant, Merchant.id == Destination.merchant_id)
        .where(or_(Destination.id.in_({group.destination_id for group in groups}), shared))
    )  # fmt: skip
    named: dict[UUID, _Outlet] = {}
    servers: dict[str, _Outlet] = {}
    for identity, channel, *said in session.execute(statement):
        named[identity] = _Outlet(*said)
        if channels.known(channel) and channel in channels.reader_kinds():
            servers[channels.queue_of(channel)] = named[identity]
    found = {}
    for group in groups:
        through = named.get(group.destination_id) if group.destination_id else None
        # A letter about an outlet bears its id, and goes by mail.
        if channels.known(group.channel) and group.channel in channels.reader_kinds():
            through = servers.get(channels.queue_of(group.channel))
        if through is not None:
            found[group.channel, group.destination_id] = through
    return found


@lru_cache(maxsize=4096)
def _understood(stored: str) -> tuple[Reason, str, bool]:
    """The cause behind a reason, its mark, and whether it sends people to the operator. The same ones are asked for again
    and again while somebody looks."""
    reason = Reason.read(stored)
    cause = cause_of(reason)
    return cause, likeness.mark(cause), names_operator(reason)


def _row(group: _Group, outlets: dict[tuple[str, UUID | None], _Outlet]) -> CauseRow:
    outlet = outlets.get((group.channel, group.destination_id))
    own = outlet is not None and outlet.merchant is not None
    cause, mark, to_operator = _understood(group.reason)
    situation = Situation(
        state=group.state,
        own=own,
        outlet_state=outlet.state if outlet else "active",
        refused=outlet is not None and outlet.refused,
        outage=outlet is not None and outlet.outage,
        nobodys=bool(group.reader_left) or group.channel in channels.personal_kinds(),
        names_operator=to_operator,
    )
    return CauseRow(
        cause=cause,
        state=group.state,
        channel=group.channel,
        destination_id=group.destination_id,
        outlet=outlet.name if outlet else None,
        merchant=outlet.merchant if outlet else None,
        merchant_name=outlet.merchant_name if outlet else None,
        move=whose_move(situation),
        count=group.count,
        first_at=group.first_at,
        last_at=group.last_at,
        mark=mark,
        outlet_state=outlet.state if outlet else "active",
        since=outlet.since if outlet else None,
        told_at=outlet.told_at if outlet and outlet.refused else None,
    )


def _both(one: CauseRow, other: CauseRow) -> CauseRow:
    return replace(
        one,
        count=one.count + other.count,
        first_at=min(one.first_at, other.first_at),
        last_at=max(one.last_at, other.last_at),
    )
