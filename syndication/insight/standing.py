"""Finds outlets that have accepted nothing for a while."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, func, or_, select

from syndication import channels
from syndication.content.reason import Reason
from syndication.infra import db
from syndication.models import Destination, Merchant, Outage


@dataclass(frozen=True)
class DownRow:
    """An outlet that has failed since `since` (UTC), for so many seconds, and what it last said. `merchant` None: the city's."""

    id: UUID
    channel: str
    name: str
    merchant: str | None
    since: datetime
    seconds: float
    reason: Reason


def down(after: float) -> list[DownRow]:
    """Active outlets that have done nothing but fail for `after` seconds or longer, the city's first; people's devices aside."""
    with db.reading() as session:
        now = db.now(session)
        # An outage is also one that shows in no failure: a mail server that answers and puts everybody off.
        said = (
            Outage.destination_id == Destination.id,
            Outage.ended_at.is_(None),
            Outage.well_since.is_(None),
        )
        since = func.coalesce(Outage.began_at, Destination.failing_since)
        failing = and_(Destination.failures > 1, Destination.failing_since <= now - timedelta(seconds=after))
        statement = (
            select(
                Destination.id,
                Destination.channel,
                Destination.name,
                Merchant.slug,
                since,
                func.coalesce(Outage.reason, Destination.trouble),
            )
            .outerjoin(Merchant, Merchant.id == Destination.merchant_id)
            .outerjoin(Outage, and_(*said))
            .where(Destination.state == "active", or_(failing, Outage.id.is_not(None)))
            .where(Destination.channel.not_in(channels.personal_kinds()))
            .order_by(Merchant.slug.is_not(None), since)
        )
        return [
            DownRow(identity, channel, name, slug, began, (now - began).total_seconds(), trouble)
            for identity, channel, name, slug, began, trouble in session.execute(statement)
        ]


def hearing() -> int:
    """How many active outlets of the city hear of outages."""
    with db.reading() as session:
        statement = select(Destination.id).where(Destination.alarms, Destination.state == "active")
        return len(session.scalars(statement.where(Destination.merchant_id.is_(None))).all())
