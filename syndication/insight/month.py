"""What happened in one month of the city's calendar, as the town hall reports it to the council."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from syndication import kinds
from syndication.config import settings
from syndication.errors import NotFound
from syndication.infra import db
from syndication.insight import tallies
from syndication.models import Alert, Consent, Destination, LogLine, Merchant, Outage, Post, Reader

#: What the town hall did when something failed, and what stands in the log of it.
DEEDS = (
    "delivery.replayed",
    "delivery.retried",
    "delivery.seen",
    "delivery.dropped",
    "bulk.begun",
    "edition.held",
    "edition.cancelled",
    "report.removed",
)


@dataclass(frozen=True)
class ChannelRow:
    """What one channel did: `half` and `nearly_all` are the seconds within which half, and 99 of 100, had arrived.

    They are upper bounds of the steps in which arrivals are counted; None: of nothing that was measured.
    """

    channel: str
    arrived: int
    failed: int
    half: float | None
    nearly_all: float | None


@dataclass(frozen=True)
class Failure:
    """Something that stood still: an outlet (`outlet`), or what an alert told of (`rule`, about `name`)."""

    began_at: datetime
    ended_at: datetime | None
    outlet: str = ""
    rule: str = ""
    name: str = ""


@dataclass(frozen=True)
class Month:
    """One month. `until` is its end, or now where it runs. `counted` is from when on deliveries are counted by month: where
    that is after its end they are unknown, and `channels` is empty; within it, they count from there on.

    `readers` is how many there were at its end. `remembered`: failures are not forgotten yet.
    """

    name: str
    since: datetime
    until: datetime
    running: bool
    posts: dict[str, int]
    merchants: int
    admitted: int
    came: int
    left: int
    readers: int
    counted: datetime | None
    channels: list[ChannelRow]
    failures: list[Failure]
    remembered: bool
    deeds: dict[str, int]

    @property
    def unknown(self) -> bool:
        """Whether nothing of its deliveries was counted."""
        return self.counted is None or self.counted >= self.until

    @property
    def partial(self) -> bool:
        """Whether they were counted only from some day of it on."""
        return self.counted is not None and self.since < self.counted < self.until


def months() -> list[str]:
    """Every month in which there was a post or a reader, and the one that runs, the newest first."""
    zone = settings().zone
    with db.reading() as session:
        now = db.now(session)
        firsts = (
            session.scalar(
                select(func.min(Post.published_at)).where(Post.state.in_(("published", "withdrawn")))
            ),
            session.scalar(select(func.min(Consent.at))),
        )
    first = min((one for one in firsts if one is not None), default=now)
    found, at, last = [], _of(first, zone), _of(now, zone)
    while at <= last:
        found.append(f"{at[0]:04}-{at[1]:02}")
        at = _next(at)
    return found[::-1]


def month(name: str) -> Month:
    """One of them, "2026-11". Raises NotFound for one that has not begun, or is none."""
    zone = settings().zone
    since, end = _bounds(name, zone)
    with db.reading() as session:
        now = db.now(session)
        if since > now:
            raise NotFound("There is no such month yet.")
        until = min(end, now)
        came, left, readers = _readers(session, since, until)
        counted = tallies.months_since(session)
        posted = (
            Post.published_at >= since,
            Post.published_at < until,
            Post.state.in_(("published", "withdrawn")),
        )
        listed = (*posted, Post.kind.not_in(kinds.UNLISTED))
        by_kind = (
            select(Post.kind, func.count()).where(*listed).group_by(Post.kind).order_by(func.count().desc())
        )
        merchants = session.scalar(select(func.count(Post.merchant_id.distinct())).where(*listed)) or 0
        admitted = session.scalar(select(func.count()).where(Merchant.state == "admitted")) or 0
        known = counted is not None and counted < until
        return Month(
            name=name,
            since=since,
            until=until,
            running=end > now,
            posts=dict(session.execute(by_kind).all()),
            merchants=merchants,
            admitted=admitted,
            came=came,
            left=left,
            readers=readers,
            counted=counted,
            channels=_channels(session, name) if known else [],
            failures=_failures(session, since, until),
            remembered=(now - until).days < settings().keep_deliveries,
            deeds=_deeds(session, since, until),
        )


def _bounds(name: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    try:
        first = datetime.strptime(name, "%Y-%m").replace(tzinfo=zone)
    except ValueError as error:
        raise NotFound("There is no such month.") from error
    if first.strftime("%Y-%m") != name or not 2000 <= first.year < 9999:
        raise NotFound("There is no such month.")
    year, number = _next((first.year, first.month))
    return first, first.replace(year=year, month=number)


def _of(at: datetime, zone: ZoneInfo) -> tuple[int, int]:
    local = at.astimezone(zone)
    return local.year, local.month


def _next(at: tuple[int, int]) -> tuple[int, int]:
    return (at[0] + 1, 1) if at[1] == 12 else (at[0], at[1] + 1)


def _readers(session: Session, since: datetime, until: datetime) -> tuple[int, int, int]:
    """How many came, how many left, and how many there were at the end: those of now, but for what changed since."""
    came, left = _moves(session, since, until)
    now = session.scalar(select(func.count()).where(Reader.state == "confirmed")) or 0
    came_since, left_since = _moves(session, until, None)
    return came, left, now - came_since + left_since


def _moves(session: Session, since: datetime, until: datetime | None) -> tuple[int, int]:
    statement = select(Consent.action, func.count()).where(Consent.at >= since).group_by(Consent.action)
    if until is not None:
        statement = statement.where(Consent.at < until)
    found = dict(session.execute(statement).all())
    return found.get("confirmed", 0), found.get("withdrawn", 0) + found.get("suppressed", 0)


def _channels(session: Session, name: str) -> list[ChannelRow]:
    tries, arrivals = tallies.month(session, name), tallies.month_arrivals(session, name)
    rows = [
        ChannelRow(
            channel,
            tries.get((channel, "sent"), 0),
            tries.get((channel, "failed"), 0) + tries.get((channel, "unconfirmed"), 0),
            within(arrivals.get(channel, {}), 0.5),
            within(arrivals.get(channel, {}), 0.99),
        )
        for channel in sorted({channel for channel, _ in tries})
    ]
    return sorted((row for row in rows if row.arrived or row.failed), key=lambda row: -row.arrived)


def within(buckets: Mapping[float, int], share: float) -> float | None:
    """The seconds within which this share had arrived, as far as the steps tell; infinite for longer than the last one."""
    total, reached = sum(buckets.values()), 0
    for bound in sorted(buckets):
        reached += buckets[bound]
        if reached >= math.ceil(share * total):
            return bound
    return None


def _failures(session: Session, since: datetime, until: datetime) -> list[Failure]:
    """Outages of the city's outlets and alerts that lay in it, the oldest first; of the mail server one of both."""
    outages = session.execute(
        select(Outage, Destination.name)
        .join(Destination, Destination.id == Outage.destination_id)
        .where(Outage.began_at < until, Outage.ended_at.is_(None) | (Outage.ended_at >= since))
    )
    found = [Failure(one.began_at, one.ended_at, outlet=name) for one, name in outages]
    alerts = session.scalars(
        select(Alert)
        .where(Alert.began_at < until, Alert.ended_at.is_(None) | (Alert.ended_at >= since))
        .where(Alert.on_at.is_not(None), Alert.told_elsewhere.is_(False))
    )
    found += [Failure(one.began_at, one.ended_at, rule=one.rule, name=one.name) for one in alerts]
    return sorted(found, key=lambda one: one.began_at)


def _deeds(session: Session, since: datetime, until: datetime) -> dict[str, int]:
    statement = (
        select(LogLine.what, func.count())
        .where(LogLine.what.in_(DEEDS), LogLine.at >= since, LogLine.at < until)
        .group_by(LogLine.what)
    )
    found = dict(session.execute(statement).all())
    return {what: found[what] for what in DEEDS if what in found}
