"""What there is to be told now, rule by rule: the tables' facts, and those of the parts that must be asked."""

import math
import platform
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from syndication import clock
from syndication.config import Settings
from syndication.content.reason import Reason
from syndication.delivery.load import channel_settings
from syndication.errors import SyndicationError, Unavailable
from syndication.infra import certificates, db
from syndication.insight import alert_facts
from syndication.insight.alert_facts import Fact
from syndication.insight.alert_rules import Limit
from syndication.models import Destination
from syndication.ops import broker, machine

_log = structlog.get_logger(__name__)
_MEGABYTE = 1_000_000
#: A certificate is looked at this often (seconds).
_CERTIFICATE_AGAIN = 3600.0
#: What only a process beside the workers can say: whoever is asked while it works does not answer.
BESIDE = ("workers",)


@dataclass(frozen=True)
class Seen:
    """What one look found out about a rule. `only`: it tells of this one alone, such as of its own machine's disk."""

    facts: list[Fact] = field(default_factory=list)
    only: str | None = None


def look(
    cfg: Settings, limits: Mapping[str, Limit], *, but_for: Collection[str] = (), seconds: float = 0.0
) -> dict[str, Seen]:
    """Rule → what was found; a rule of which nothing can be told at the moment is missing.

    `seconds`: how long the database took to answer.
    """
    found: dict[str, Seen] = {}
    parts = _parts(cfg, seconds)
    tables = alert_facts.looks()
    for name, limit in limits.items():
        if not limit.on or name in but_for:
            continue
        try:
            found[name] = parts[name](limit) if name in parts else Seen(tables[name](limit))
        except (SyndicationError, SQLAlchemyError, OSError) as error:
            _log.info("alerts.untold", rule=name, error=str(error)[:200])
    return found


def _parts(cfg: Settings, seconds: float) -> Mapping[str, Callable[[Limit], Seen]]:
    return {
        "workers": lambda _: _workers(cfg),
        "broker": lambda _: _broker(cfg),
        "disk": lambda limit: _disk(cfg, limit),
        "database": lambda limit: _slow(seconds, limit),
        "certificate": lambda limit: _certificate(cfg, limit),
        "access": lambda limit: _access(cfg, limit),
    }


def _workers(cfg: Settings) -> Seen:
    missing = broker.unserved(broker.listeners(cfg.resolved_broker_url))
    return Seen([Fact(Reason("No worker serves: {}.", ", ".join(missing)))] if missing else [])


def _broker(cfg: Settings) -> Seen:
    try:
        broker.check(cfg.resolved_broker_url)
    except Unavailable as error:
        return Seen([Fact(Reason.quoted(str(error)))])
    return Seen()


def _disk(cfg: Settings, limit: Limit) -> Seen:
    host = platform.node()[:100]
    room = machine.room(cfg)
    if room is None:  # database and broker run elsewhere
        return Seen(only=host)
    if room.fault:
        said = Reason("In {} nothing can be written ({}). Nothing new is kept.", cfg.data_dir, room.fault)
        return Seen([Fact(said, host, host)], host)
    if room.free >= limit.base:
        return Seen(only=host)
    said = Reason("{} MB are free at {}.", room.free // _MEGABYTE, cfg.data_dir)
    return Seen([Fact(said, host, host)], host)


def _slow(seconds: float, limit: Limit) -> Seen:
    if seconds <= limit.base:
        return Seen()
    return Seen([Fact(Reason("It takes {} seconds to answer.", math.ceil(seconds)))])


_certificates: dict[str, tuple[float, datetime]] = {}


def _certificate(cfg: Settings, limit: Limit) -> Seen:
    """Of our own address, as anybody sees it; what is not reached from here says nothing."""
    address = urlsplit(cfg.base_url)
    if address.scheme != "https" or not address.hostname:
        return Seen()
    host, port = address.hostname, address.port or 443
    at, ends = _certificates.get(cfg.base_url, (float("-inf"), clock.now()))
    if clock.monotonic() - at > _CERTIFICATE_AGAIN:
        ends = certificates.ends(host, port)
        _certificates[cfg.base_url] = (clock.monotonic(), ends)
    if (ends - clock.now()).total_seconds() > limit.base:
        return Seen()
    return Seen([Fact(Reason("It ends at {} UTC.", f"{ends:%Y-%m-%d %H:%M}"), host, host)])


def accesses(cfg: Settings) -> list[tuple[Destination, datetime]]:
    """The outlets of the city whose access ends at a known moment."""
    with db.reading() as session:
        statement = select(Destination).where(
            Destination.merchant_id.is_(None), Destination.state == "active"
        )
        rows = session.scalars(statement.order_by(Destination.id)).all()
    found = []
    for row in rows:
        try:
            ends = channel_settings(row, cfg).access_ends_at
        except (KeyError, ValueError):  # the doctor says so
            continue
        if ends is not None:
            found.append((row, ends))
    return found


def _access(cfg: Settings, limit: Limit) -> Seen:
    with db.reading() as session:
        now = db.now(session)
    return Seen(
        [
            Fact(Reason("It ends at {} UTC.", f"{ends:%Y-%m-%d %H:%M}"), str(row.id), row.name)
            for row, ends in accesses(cfg)
            if (ends - now).total_seconds() <= limit.base
        ]
    )
