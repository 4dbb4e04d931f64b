"""Looks after destinations: renews accesses before they expire, and asks networks for their limits."""

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import or_, select

from syndication import channels
from syndication.channels.settings import Settings as ChannelSettings
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Refused, Verdict
from syndication.config import Settings, settings
from syndication.content.reason import Reason
from syndication.delivery import access_notices
from syndication.delivery.load import channel_settings
from syndication.destinations.sealed import encrypt_into
from syndication.infra import db
from syndication.models import Destination

_log = structlog.get_logger(__name__)
#: Seconds until the next look where this one led to nothing, or was broken off.
_AGAIN = 600.0
_KINDS = {one.kind: one.tended_every for one in channels.CHANNELS if one.tended_every is not None}


def sweep(tools: Tools, *, most: int = 20) -> int:
    """Look after the destinations whose time has come; returns how many."""
    due = _due(most)
    for destination_id in due:
        try:
            _tend(destination_id, tools)
        except Exception:  # one that cannot be looked after must not keep the others waiting
            _log.exception("tending.broken", destination=str(destination_id))
    return len(due)


def _due(most: int) -> list[UUID]:
    """Destinations to look after; they are not offered to another sweep for a while."""
    with db.transaction() as session:
        now = db.now(session)
        statement = (
            select(Destination)
            .where(Destination.channel.in_(_KINDS), Destination.state == "active")
            .where(or_(Destination.tend_at.is_(None), Destination.tend_at <= now))
            .order_by(Destination.tend_at.asc().nulls_first())
            .limit(most)
            .with_for_update(skip_locked=True)
        )
        found = session.scalars(statement).all()
        for destination in found:
            destination.tend_at = now + timedelta(seconds=_AGAIN)
        return [destination.id for destination in found]


def _tend(destination_id: UUID, tools: Tools) -> None:
    cfg = settings()
    with db.reading() as session:
        destination = session.get_one(Destination, destination_id)
        before, now = channel_settings(destination, cfg), db.now(session)
    channel = channels.by_kind(destination.channel)
    try:
        after = channel.tend(before, tools, now)
    except Verdict as verdict:
        _log.warning("tending.failed", destination=str(destination_id), reason=verdict.reason)
        if isinstance(verdict, Refused) and verdict.credentials:
            _refused(destination_id, verdict.reason, cfg, now)
        return
    _write(destination_id, before, after, cfg, now + timedelta(seconds=_KINDS[channel.kind] or _AGAIN))


def _write(
    destination_id: UUID, before: ChannelSettings, after: ChannelSettings, cfg: Settings, next_at: datetime
) -> None:
    """Keep what was learned, unless a person changed the settings meanwhile; then it is looked after anew."""
    with db.transaction() as session:
        destination = session.get(Destination, destination_id, with_for_update=True)
        if destination is None or channel_settings(destination, cfg) != before:
            return
        if after != before:
            encrypt_into(destination, after)
        destination.tend_at = next_at
        now, ends_at = db.now(session), after.access_ends_at
        if ends_at is not None and ends_at - now <= access_notices.AHEAD:
            access_notices.ending(session, cfg, destination, ends_at, now)
        elif destination.failures == 0 and destination.warned_at is not None:
            access_notices.well_again(session, cfg, destination, now)


def _refused(destination_id: UUID, reason: Reason, cfg: Settings, now: datetime) -> None:
    with db.transaction() as session:
        destination = session.get(Destination, destination_id, with_for_update=True)
        if destination is not None and destination.state == "active":
            destination.state, destination.reason = "paused", reason
            destination.failing_since = destination.failing_since or now
            access_notices.owner(session, cfg, destination, reason, now)
