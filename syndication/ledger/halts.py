"""Which copies of newsletters wait because the town hall decided so: asked by whoever claims, makes or counts them."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from syndication.infra import db
from syndication.models import Delivery, Edition, Mailing

#: For so long a copy of what was cancelled may come back from a try that was under way, and is not sent then.
_REMEMBERED = timedelta(days=30)


def halted(session: Session) -> dict[datetime, str]:
    """The slots of which nothing goes out now, and whether each is `held` or `cancelled`."""
    late = and_(Mailing.state == "cancelled", Mailing.slot_at > db.now(session) - _REMEMBERED)
    rows = session.execute(
        select(Mailing.slot_at, Mailing.state).where(or_(Mailing.state == "held", late))
    ).all()
    return {row.slot_at: row.state for row in rows}


def copies_of(slots: Collection[datetime]) -> ColumnElement[bool]:
    """Of deliveries: copies of these slots' newsletters."""
    return Delivery.edition_id.in_(select(Edition.id).where(Edition.slot_at.in_(slots)))


def going(session: Session) -> tuple[ColumnElement[bool], ...]:
    """Of deliveries: whatever no decision stops."""
    slots = halted(session)
    return (or_(Delivery.edition_id.is_(None), ~copies_of(slots)),) if slots else ()
