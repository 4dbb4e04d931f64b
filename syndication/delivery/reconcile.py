"""Looks for posts of unknown fate at outlets that can list their own posts. Sends nothing."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from syndication import channels
from syndication.channels.envelope import Envelope
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Receipt, Verdict
from syndication.config import settings
from syndication.content.reason import NO_REASON, Reason
from syndication.delivery import load
from syndication.delivery.lane import Parcel
from syndication.infra import db, wakeups
from syndication.models import Attempt, Delivery, Destination

_log = structlog.get_logger(__name__)
_KINDS = tuple(one.kind for one in channels.CHANNELS if one.abilities.finds)
#: What has not shown up within a day never will.
_LONGEST = timedelta(days=1)
_SOONEST = timedelta(minutes=1)
_FOUND = Reason("It was found there.")


def sweep(tools: Tools, *, most: int = 20) -> int:
    """Look for the unconfirmed deliveries whose time has come; returns how many were found."""
    found = 0
    for delivery_id in _due(most):
        try:
            found += _look(delivery_id, tools)
        except Exception:  # one that cannot be looked for must not keep the others waiting
            _log.exception("looking.broken", delivery=delivery_id)
    return found


def _due(most: int) -> list[int]:
    """Deliveries to look for. Each is looked for again after as long as it is old: soon at first, then ever more seldom."""
    with db.transaction() as session:
        now = db.now(session)
        statement = (
            select(Delivery)
            .join(Destination, Destination.id == Delivery.destination_id)
            .where(Delivery.state == "unconfirmed", Delivery.channel.in_(_KINDS), Delivery.attempts > 0)
            .where(Delivery.created_at > now - _LONGEST, Delivery.due_at <= now)
            .where(Delivery.change_id.is_not(None), Destination.state == "active")
            .order_by(Delivery.id)
            .limit(most)
            .with_for_update(of=Delivery, skip_locked=True)
        )
        rows = session.scalars(statement).all()
        for row in rows:
            row.due_at = now + max(_SOONEST, now - row.created_at)
        return [row.id for row in rows]


def _look(delivery_id: int, tools: Tools) -> bool:
    with db.reading() as session:
        row = session.get_one(Delivery, delivery_id)
        destination = session.get_one(Destination, row.destination_id)
        parcel, now = load.parcel(session, row, destination, settings()), db.now(session)
    if parcel.fault or not isinstance(parcel.envelope, Envelope):
        return False
    receipt = _found(parcel, now, tools)
    if receipt is not None:
        with db.transaction() as session:
            _settle(session, delivery_id, receipt)
    return receipt is not None


def _found(parcel: Parcel, now: datetime, tools: Tools) -> Receipt | None:
    try:
        message = parcel.channel.render(replace(parcel.envelope, tried_at=now))
        return parcel.channel.find(message, tools)
    except Verdict as verdict:
        _log.info("looking.failed", delivery=parcel.id, reason=verdict.reason)
        return None


def _settle(session: Session, delivery_id: int, receipt: Receipt) -> None:
    """It is sent after all, unless a person decided meanwhile; and what had to wait for knowing that goes on."""
    row = session.get(Delivery, delivery_id, with_for_update=True)
    if row is None or row.state != "unconfirmed" or row.destination_id is None or row.post_id is None:
        return
    now = db.now(session)
    row.state, row.sent_at, row.reason = "sent", now, Reason.quoted(receipt.remark)
    row.reference, row.link = receipt.reference, receipt.link
    session.execute(
        insert(Attempt).values(
            delivery_id=row.id, at=now, duration=0, outcome="sent", reason=_FOUND, answer="", trigger="look"
        )
    )
    if _go_on(session, row.destination_id, row.post_id, row.id, now):
        wakeups.after_commit(session, row.queue)


def _go_on(session: Session, destination_id: UUID, post_id: UUID, after: int, now: datetime) -> bool:
    """Later changes that were not tried, since nobody knew what they change."""
    held = session.execute(
        update(Delivery)
        .where(Delivery.destination_id == destination_id, Delivery.post_id == post_id, Delivery.id > after)
        .where(Delivery.state == "unconfirmed", Delivery.attempts == 0)
        .values(state="waiting", due_at=now, late_since=None, reason=NO_REASON)
        .execution_options(synchronize_session=False)
    )
    return bool(held.rowcount)  # type: ignore[attr-defined]  # an UPDATE has it
