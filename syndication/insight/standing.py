"""Outlets that have taken nothing for a while, read from their health alone."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from syndication import channels, db
from syndication.models import Destination, Merchant


@dataclass(frozen=True)
class DownRow:
    """An outlet that has failed since `since` (UTC), for so many seconds, and what it last said. `merchant` None: the city's."""

    id: UUID
    channel: str
    name: str
    merchant: str | None
    since: datetime
    seconds: float
    reason: str


def down(after: float) -> list[DownRow]:
    """Active outlets that have done nothing but fail for `after` seconds or longer, the city's first; people's devices aside."""
    with db.reading() as session:
        now = db.now(session)
        statement = (
            select(
                Destination.id,
                Destination.channel,
                Destination.name,
                Merchant.slug,
                Destination.failing_since,
                Destination.trouble,
            )
            .outerjoin(Merchant, Merchant.id == Destination.merchant_id)
            .where(Destination.state == "active", Destination.failures > 1)
            .where(Destination.failing_since <= now - timedelta(seconds=after))
            .where(Destination.channel.not_in(channels.personal_kinds()))
            .order_by(Merchant.slug.is_not(None), Destination.failing_since)
        )
        return [
            DownRow(identity, channel, name, slug, since, (now - since).total_seconds(), trouble)
            for identity, channel, name, slug, since, trouble in session.execute(statement)
            if since is not None
        ]


def hearing() -> int:
    """How many active outlets of the city hear of outages."""
    with db.reading() as session:
        statement = select(Destination.id).where(Destination.alarms, Destination.state == "active")
        return len(session.scalars(statement.where(Destination.merchant_id.is_(None))).all())
