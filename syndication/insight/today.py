"""What somebody who looks in for a moment must know: how it goes, what needs a person, and today's figures."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ScalarSelect, func, select
from sqlalchemy.orm import Session

from syndication import channels
from syndication.config import Settings
from syndication.infra import db
from syndication.insight import tallies
from syndication.insight.causes import CauseRow, causes
from syndication.insight.health import DestinationRow, destinations
from syndication.insight.queues import QueueRow, queues
from syndication.models import Change, Post, Reader

#: Editions shown ahead, and days of the longer chart.
_SLOTS = 5
DAYS = 30


@dataclass(frozen=True)
class Slot:
    """When the next newsletter of so many readers is due (UTC)."""

    at: datetime
    readers: int


@dataclass(frozen=True)
class Today:
    """Moments are aware, in UTC; `midnight` began the city's day.

    `published`, `arrived` (by channel) and `lost` count since then.
    `failing` are the causes of the last 24 hours, `paused` outlets of the city that take nothing because somebody, or their
    network, wants it so. `hours` reach back over DAYS days.
    """

    at: datetime
    midnight: datetime
    queues: list[QueueRow]
    failing: list[CauseRow]
    paused: list[DestinationRow]
    slots: list[Slot]
    readers: int
    published: int
    arrived: dict[str, int]
    lost: int
    hours: list[tallies.Hour]

    @property
    def oldest(self) -> float:
        """How long (seconds) the oldest waits that could go out."""
        return max((row.oldest for row in self.queues), default=0.0)


def today(cfg: Settings) -> Today:
    """All of it, as the tables have it at this moment."""
    with db.reading() as session:
        now = db.now(session)
        local = now.astimezone(cfg.zone)
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        since = local.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=DAYS - 1)
        hours = tallies.hours(session, since)
        slots = _slots(session)
        readers, published = session.execute(select(_readers(), _published(midnight))).one()
    arrived: Counter[str] = Counter()
    for hour in hours:
        if hour.at >= midnight and hour.outcome == "sent":
            arrived[hour.channel] += hour.count
    return Today(
        at=now,
        midnight=midnight,
        queues=queues(),
        failing=causes(since=now - timedelta(days=1)),
        paused=_paused(),
        slots=slots,
        readers=readers,
        published=published,
        arrived=dict(arrived.most_common()),
        lost=sum(
            hour.count for hour in hours if hour.at >= midnight and hour.outcome in ("failed", "unconfirmed")
        ),
        hours=hours,
    )  # fmt: skip -- a line for a line


def _slots(session: Session) -> list[Slot]:
    statement = (
        select(Reader.next_slot_at, func.count())
        .where(Reader.state == "confirmed", Reader.next_slot_at.is_not(None))
        .group_by(Reader.next_slot_at)
        .order_by(Reader.next_slot_at)
        .limit(_SLOTS)
    )
    return [Slot(at, count) for at, count in session.execute(statement) if at is not None]


def _readers() -> ScalarSelect[int]:
    return select(func.count()).where(Reader.state == "confirmed").scalar_subquery()


def _published(midnight: datetime) -> ScalarSelect[int]:
    new = (Change.action == "published", Change.created_at >= midnight, Post.quiet.is_(False))
    counted = select(func.count()).select_from(Change).join(Post, Post.id == Change.post_id)
    return counted.where(*new).scalar_subquery()


def _paused() -> list[DestinationRow]:
    """Outlets of the city that are not open; what comes with it is never switched off by a person."""
    return [
        one
        for one in destinations(states=("paused", "disabled"))
        if one.merchant is None and channels.known(one.channel)
    ]
