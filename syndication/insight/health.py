"""The health of outlets and of the service's own processes, and the number of readers."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select

from syndication import channels
from syndication.content.reason import Reason
from syndication.errors import NotFound
from syndication.infra import db
from syndication.models import Destination, Heartbeat, Merchant, Reader


@dataclass(frozen=True)
class DestinationRow:
    """One configured outlet and its health; settings and secrets are not in it. Moments are aware, in UTC."""

    id: UUID
    channel: str
    name: str
    merchant: str | None
    state: str
    reason: Reason
    failures: int
    failing_since: datetime | None
    held_until: datetime | None
    last_sent_at: datetime | None
    created_at: datetime


@dataclass(frozen=True)
class Beat:
    """When `beat` last ticked, or `worker:<host>:<queue>` last claimed; `age` is in seconds."""

    name: str
    at: datetime
    age: float
    #: How far the clock of its machine is ahead of the database's (seconds).
    ahead: float = 0.0


def destinations(
    *, merchant: str | None = None, states: Collection[str] = (), channel: str | None = None
) -> list[DestinationRow]:
    """Every outlet, or those in `states`, those in trouble first; people's devices only where their channel is asked for."""
    statement = _destinations().order_by(
        Destination.state == "active", Destination.failures.desc(), Destination.name
    )
    here = Destination.channel
    statement = statement.where(
        here == channel if channel is not None else here.not_in(channels.personal_kinds())
    )
    if merchant is not None:
        statement = statement.where(Merchant.slug == merchant)
    if states:
        statement = statement.where(Destination.state.in_(states))
    with db.reading() as session:
        return [DestinationRow(*row) for row in session.execute(statement)]


def destination(destination_id: UUID) -> DestinationRow:
    """One outlet. Raises NotFound."""
    with db.reading() as session:
        row = session.execute(_destinations().where(Destination.id == destination_id)).one_or_none()
    if row is None:
        raise NotFound(f"There is no destination {destination_id}.")
    return DestinationRow(*row)


def heartbeats() -> list[Beat]:
    """Every part that was ever seen at work, by name."""
    with db.reading() as session:
        now = db.now(session)
        found = session.execute(
            select(Heartbeat.name, Heartbeat.at, Heartbeat.ahead).order_by(Heartbeat.name)
        )
        return [Beat(name, at, max(0.0, (now - at).total_seconds()), ahead) for name, at, ahead in found]


def readers() -> list[tuple[str, str, int]]:
    """(state, cadence, how many readers), never an address."""
    statement = (
        select(Reader.state, Reader.cadence, func.count())
        .group_by(Reader.state, Reader.cadence)
        .order_by(Reader.state, Reader.cadence)
    )
    with db.reading() as session:
        return [(state, cadence, count) for state, cadence, count in session.execute(statement)]


def _destinations() -> Select[*tuple[Any, ...]]:
    """Outlets in the order of DestinationRow's fields."""
    return select(
        Destination.id,
        Destination.channel,
        Destination.name,
        Merchant.slug,
        Destination.state,
        Destination.reason,
        Destination.failures,
        Destination.failing_since,
        Destination.held_until,
        Destination.last_sent_at,
        Destination.created_at,
    ).outerjoin(Merchant, Merchant.id == Destination.merchant_id)
