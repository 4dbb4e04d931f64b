"""Loads readers' copies of editions with a single statement and without ORM objects, because there are so many."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from syndication import channels
from syndication.audience import current_copies, tokens
from syndication.channels.envelope import Copy
from syndication.config import Settings
from syndication.delivery import load
from syndication.delivery.lane import Parcel
from syndication.models import Delivery, Edition, Reader
from syndication.publishing import views

_ROWS = (
    select(
        Delivery.lease_id, Delivery.id, Delivery.key, Delivery.channel, Delivery.edition_id, Delivery.reader_id,
        Delivery.change_id, Delivery.attempts, Delivery.over_at, Delivery.due_at, Delivery.by_hand, Reader.email,
        Reader.nonce,
    )
    .outerjoin(Reader, Reader.id == Delivery.reader_id)
    .order_by(Delivery.id)
)  # fmt: skip


def parcels(session: Session, lease_ids: Sequence[int], cfg: Settings) -> dict[int, tuple[Parcel, ...]]:
    """What `load.parcels` gives for leases of deliveries to readers, in the order of their ids."""
    rows = session.execute(_ROWS.where(Delivery.lease_id.in_(lease_ids))).all()
    # Letters, what cannot be sent and what may not be true any more are few; whoever shares a lease with them goes
    # the longer way.
    doubtful = current_copies.doubtful(session, rows)
    others = {row.lease_id for row in rows if not _is_copy(row) or row.id in doubtful}
    found = load.parcels(session, sorted(others), {}, cfg) if others else {}
    mine = [row for row in rows if row.lease_id not in others]
    parts = _parts(session, {row.edition_id for row in mine})
    city = views.city(cfg)
    made: dict[int, list[Parcel]] = {lease_id: [] for lease_id in lease_ids if lease_id not in others}
    for row in mine:
        copy = Copy(
            key=row.key,
            parts=parts[row.edition_id],
            address=row.email,
            leave_token=tokens.own(row.reader_id, row.nonce),
            city=city,
            sender=cfg.mail_from,
            tried_at=row.due_at,
        )
        made[row.lease_id].append(
            Parcel(
                row.id,
                row.key,
                channels.by_kind(row.channel),
                copy,
                row.attempts,
                row.over_at,
                "replay" if row.by_hand else "schedule",
            )
        )
    return found | {lease_id: tuple(copies) for lease_id, copies in made.items()}


def _is_copy(row: Any) -> bool:
    return row.edition_id is not None and row.email is not None and channels.known(row.channel)


def _parts(session: Session, ids: set[int]) -> dict[int, Any]:
    columns = select(Edition.id, Edition.parts)
    return {row.id: row.parts for row in session.execute(columns.where(Edition.id.in_(ids)))}
