"""Deletes finished work older than `keep_deliveries`, in steps that block nobody."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select
from sqlalchemy.orm import Session

from syndication import channels
from syndication.config import settings
from syndication.infra import db
from syndication.insight import alerts, audit_log, feed_audience, tallies
from syndication.models import (
    Attempt,
    BulkAct,
    Change,
    DeadLetter,
    Delivery,
    Destination,
    Edition,
    EditionPost,
    Heartbeat,
    Outage,
    Post,
)

_FINISHED = ("sent", "failed", "dropped", "unconfirmed")
#: Rows looked at in one transaction.
_CHUNK = 1000
#: A worker that was not seen for so long has been taken away.
_FORGET_PARTS = timedelta(days=7)
#: A person's device that was switched off has left: nothing of it is kept for longer.
_FORGET_DEVICES = timedelta(days=7)
#: Devices of one transaction; each takes all its deliveries along.
_DEVICES = 50


def prune() -> dict[str, int]:
    """Delete what is finished and older than `keep_deliveries` days, and devices that left; returns how many rows, by table.

    Kept longer: deliveries whose attempts are not counted yet, and those that a correction of a living post needs.
    """
    gone: Counter[str] = Counter()
    with db.reading() as session:
        now = db.now(session)
    before = now - timedelta(days=settings().keep_deliveries)
    _deliveries(gone, before)
    _devices(gone, now - _FORGET_DEVICES)
    tallies.forget(now)
    gone["audit_log"] = audit_log.forget()
    with db.transaction() as session:
        gone["editions"] = _editions(session, before)
        gone["changes"] = _changes(session, before)
        gone["dead_letters"] = _delete(session, DeadLetter, DeadLetter.created_at < before)
        gone["outages"] = _delete(session, Outage, Outage.ended_at < before)
        gone["alerts"] = alerts.forget(session, now)
        gone["feed_audiences"] = feed_audience.forget(session, now)
        gone["bulk_acts"] = _delete(session, BulkAct, BulkAct.ended_at < before)
        gone["heartbeats"] = _delete(session, Heartbeat, Heartbeat.at < now - _FORGET_PARTS)
    return dict(gone)


def _deliveries(gone: Counter[str], before: datetime) -> None:
    """Walk up the ids, which grow with time, until the deliveries are young."""
    position, young = 0, False
    while not young:
        with db.transaction() as session:
            columns = select(Delivery.id, Delivery.created_at).where(Delivery.id > position)
            rows = session.execute(columns.order_by(Delivery.id).limit(_CHUNK)).all()
            if not rows:
                return
            position, young = rows[-1].id, rows[-1].created_at >= before
            here = Delivery.id.in_([row.id for row in rows])
            old = list(session.scalars(select(Delivery.id).where(here, *_prunable(session, before))))
            gone["attempts"] += _count(session, old)
            # The database deletes their attempts with them.
            gone["deliveries"] += _delete(session, Delivery, Delivery.id.in_(old))


def _devices(gone: Counter[str], before: datetime) -> None:
    """People's devices that are switched off, and with which nothing happened since `before`."""
    # When one was switched off is not kept; it was when the last of these things happened, or not long after.
    happened = (Destination.created_at, Destination.failing_since, Destination.last_sent_at)
    left = (
        Destination.channel.in_(channels.personal_kinds()),
        Destination.state == "disabled",
        *(or_(moment.is_(None), moment < before) for moment in happened),
    )
    while True:
        with db.transaction() as session:
            ids = session.scalars(select(Destination.id).where(*left).limit(_DEVICES)).all()
            # The database deletes their deliveries with them.
            gone["devices"] += _delete(session, Destination, Destination.id.in_(ids))
        if len(ids) < _DEVICES:
            return


def _count(session: Session, delivery_ids: list[int]) -> int:
    return session.scalar(select(func.count()).where(Attempt.delivery_id.in_(delivery_ids))) or 0


def _prunable(session: Session, before: datetime) -> tuple[ColumnElement[bool], ...]:
    folded = tallies.folded_until(session)
    uncounted = exists().where(Attempt.delivery_id == Delivery.id, Attempt.id > folded)
    # A correction must find those who were told, and what to edit; of an endless post only the latter.
    needed = or_(Post.over_at.is_not(None), Delivery.reference.is_not(None))
    living = exists().where(Post.id == Delivery.post_id, _lives(before), needed)
    # So does an edition that told of it among others; what can be edited is no edition.
    among_others = exists().where(
        EditionPost.edition_id == Delivery.edition_id,
        Delivery.post_id.is_(None),
        Post.id == EditionPost.post_id,
        _lives(before),
        Post.over_at.is_not(None),
    )
    return (
        Delivery.state.in_(_FINISHED),
        Delivery.created_at < before,
        Delivery.due_at < before,
        or_(Delivery.sent_at.is_(None), Delivery.sent_at < before),
        ~uncounted,
        ~living,
        ~among_others,
    )


def _lives(before: datetime) -> ColumnElement[bool]:
    return and_(Post.state != "withdrawn", or_(Post.over_at.is_(None), Post.over_at >= before))


def _editions(session: Session, before: datetime) -> int:
    unused = ~exists().where(Delivery.edition_id == Edition.id)
    old = and_(Edition.slot_at < before, Edition.composed_at < before, unused)
    return _delete(session, Edition, old)


def _changes(session: Session, before: datetime) -> int:
    """Changes of posts that are history; those of a living post tell what readers were last told of it."""
    unused = ~exists().where(Delivery.change_id == Change.id)
    living = exists().where(Post.id == Change.post_id, _lives(before))
    old = and_(Change.created_at < before, Change.fanned_at.is_not(None), unused, ~living)
    return _delete(session, Change, old)


def _delete(session: Session, table: Any, condition: ColumnElement[bool]) -> int:
    done = session.execute(delete(table).where(condition).execution_options(synchronize_session=False))
    return int(done.rowcount)  # type: ignore[attr-defined]  # a DELETE has it
