"""What the tables say of each alert rule, in the same figures as the doctor, Today and /metrics."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from syndication import channels
from syndication.content.reason import Reason
from syndication.infra import db
from syndication.insight import mailings, tallies
from syndication.insight.alert_rules import Limit
from syndication.insight.health import heartbeats
from syndication.insight.queues import queues
from syndication.insight.standing import down
from syndication.models import LogLine

#: Fewer tries than these in an hour say nothing about a channel.
LEAST_TRIES = 20
#: A source is one that was used on so many days of the 30 before it fell silent: what came once is not missed.
_REGULAR, _DAYS = 3, 30
_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0
#: Where posts come in by themselves → what stands in the log of it.
SOURCES: Mapping[str, tuple[ColumnElement[bool], ...]] = {
    "queue": (LogLine.way == "queue", LogLine.what.in_(("post.created", "post.revised", "post.withdrawn"))),
    "file": (LogLine.what == "file.taken",),
}


@dataclass(frozen=True)
class Fact:
    """That something is over its limit. `about` tells it from others of the same rule, `name` is what people call it.

    `since` (UTC): from when, where that is known; None: nobody knows but whoever looks again and again.
    """

    said: Reason
    about: str = ""
    name: str = ""
    since: datetime | None = None


def looks() -> Mapping[str, Callable[[Limit], list[Fact]]]:
    """Rule → how to ask the tables."""
    return {
        **{f"queue.{name}": _queue for name in ("fanout", "housekeeping", "mail", "push", "feeds")},
        "failures": _failures,
        "beat": _beat,
        "edition": _edition,
        "source.queue": _source,
        "source.file": _source,
        "mail": _mail,
    }


def _queue(limit: Limit) -> list[Fact]:
    name = limit.rule.name.removeprefix("queue.")
    found = []
    with db.reading() as session:
        now = db.now(session)
    for row in queues():
        if row.queue == name and row.ready > limit.base:
            said = Reason(
                "{} could go out; the oldest has waited for {} minutes.",
                row.due,
                f"{row.ready / _MINUTE:.0f}",
            )
            found.append(Fact(said, since=now - timedelta(seconds=row.ready)))
    return found


@dataclass(frozen=True)
class Share:
    """How many tries a channel made since `since`, and how many of them did not arrive."""

    channel: str
    since: datetime
    tries: int
    failed: int

    @property
    def percent(self) -> float:
        """Of a hundred tries."""
        return 100.0 * self.failed / self.tries if self.tries else 0.0


def shares(session: Session) -> list[Share]:
    """The tries of the hour that runs on the clock, and of the one before it."""
    since = (db.now(session) - timedelta(hours=1)).replace(minute=0, second=0, microsecond=0)
    tries: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    for hour in tallies.hours(session, since):
        if hour.outcome != "dropped":
            tries[hour.channel] += hour.count
            failed[hour.channel] += 0 if hour.outcome == "sent" else hour.count
    return [Share(channel, since, count, failed[channel]) for channel, count in sorted(tries.items())]


def _failures(limit: Limit) -> list[Fact]:
    with db.reading() as session:
        found = shares(session)
    return [
        Fact(
            Reason("Of {} tries since the hour before this one, {} did not arrive.", one.tries, one.failed),
            one.channel,
            channels.by_kind(one.channel).label if channels.known(one.channel) else one.channel,
        )
        for one in found
        if one.tries >= LEAST_TRIES and one.percent > limit.base
    ]


def _beat(limit: Limit) -> list[Fact]:
    tick = next((part for part in heartbeats() if part.name == "beat"), None)
    if tick is None:
        return []  # a city that was never started stands still because nobody started it; the doctor says so
    if tick.age <= limit.base:
        return []
    minutes = f"{tick.age / _MINUTE:.0f}"
    return [
        Fact(
            Reason("It ticked last {} minutes ago. Nothing that has an hour goes out.", minutes),
            since=tick.at,
        )
    ]


def _edition(limit: Limit) -> list[Fact]:
    with db.reading() as session:
        now = db.now(session)
    return [
        Fact(
            Reason("The newsletter of {} UTC is held by {}.", f"{row.slot:%Y-%m-%d %H:%M}", row.decided_by),
            f"{row.slot:%Y-%m-%dT%H:%MZ}",
            since=row.slot,
        )
        for row in mailings.upcoming()
        if row.state == "held" and (now - row.slot).total_seconds() > limit.base
    ]


def silent(session: Session, source: str) -> datetime | None:
    """When something came in last by a source that was in use; None where it never was."""
    these = SOURCES[source]
    last = session.scalar(select(func.max(LogLine.at)).where(*these))
    if last is None:
        return None
    before = session.scalars(select(LogLine.at).where(*these, LogLine.at > last - timedelta(days=_DAYS)))
    return last if len({at.date() for at in before}) >= _REGULAR else None


def _source(limit: Limit) -> list[Fact]:
    with db.reading() as session:
        now, last = db.now(session), silent(session, limit.rule.name.removeprefix("source."))
    if last is None or (now - last).total_seconds() <= limit.base:
        return []
    days = f"{(now - last).total_seconds() / _DAY:.0f}"
    return [Fact(Reason("The last came {} days ago.", days), since=last)]


def _mail(limit: Limit) -> list[Fact]:
    return [
        Fact(Reason("It said: {}", row.reason), str(row.id), row.name, row.since)
        for row in down(limit.base)
        if channels.known(row.channel) and row.channel in channels.reader_kinds() and row.merchant is None
        if row.seconds > limit.base
    ]
