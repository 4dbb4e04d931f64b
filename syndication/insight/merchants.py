"""Merchants as the town hall looks for them: how each stands, how much it posts, and whether its outlets are well."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from syndication import clock
from syndication.infra import db
from syndication.models import Destination, Merchant, Post

#: Over how many days posts are counted.
DAYS = 30


@dataclass(frozen=True)
class MerchantRow:
    """A merchant in a listing: `posts` of the last DAYS days, when the last one came out, and how its own outlets are.

    `troubled`: those that are paused, switched off or failing. Moments are aware, in UTC.
    """

    id: UUID
    slug: str
    name: str
    address: str
    email: str
    state: str
    suspended_until: datetime | None
    posts: int
    last_at: datetime | None
    outlets: int
    troubled: int


def rows(*, text: str = "", state: str | None = None, skipped: int = 0, limit: int = 50) -> list[MerchantRow]:
    """Merchants by name, from the `skipped`th on; `text` stands in name, slug or address, whatever its capitals."""
    columns = select(Merchant.id, Merchant.name, Merchant.slug, Merchant.address)
    if state is not None:
        columns = columns.where(Merchant.state == state)
    sought = text.casefold()
    with db.reading() as session:
        # Compared and ordered here: the databases know no capitals beyond ASCII alike.
        named = sorted(
            (one.name.casefold(), one.slug, one.id)
            for one in session.execute(columns)
            if sought in f"{one.name}\n{one.slug}\n{one.address}".casefold()
        )
        return _rows(session, [one[2] for one in named[skipped : skipped + limit]])


def row(merchant_id: UUID) -> MerchantRow:
    """One of them."""
    with db.reading() as session:
        return _rows(session, [merchant_id])[0]


def counts() -> dict[str, int]:
    """How many merchants are in which state."""
    statement = select(Merchant.state, func.count()).group_by(Merchant.state)
    with db.reading() as session:
        return dict(session.execute(statement).all())


def _rows(session: Session, ids: Sequence[UUID]) -> list[MerchantRow]:
    since = clock.now() - timedelta(days=DAYS)
    published = (
        select(Post.merchant_id, func.count(), func.max(Post.published_at))
        .where(Post.merchant_id.in_(ids), Post.published_at.is_not(None))
        .group_by(Post.merchant_id)
    )
    recent = published.where(Post.published_at >= since)
    posts = {merchant_id: count for merchant_id, count, _ in session.execute(recent)}
    last = {merchant_id: at for merchant_id, _, at in session.execute(published)}
    own = select(Destination.merchant_id, func.count()).where(Destination.merchant_id.in_(ids))
    outlets = own.group_by(Destination.merchant_id)
    unwell = or_(Destination.state != "active", Destination.failing_since.is_not(None))
    all_of = dict(session.execute(outlets).all())
    troubled = dict(session.execute(outlets.where(unwell)).all())
    found = {one.id: one for one in session.scalars(select(Merchant).where(Merchant.id.in_(ids)))}
    return [
        MerchantRow(
            id=one.id,
            slug=one.slug,
            name=one.name,
            address=one.address,
            email=one.email,
            state=one.state,
            suspended_until=one.suspended_until,
            posts=posts.get(one.id, 0),
            last_at=last.get(one.id),
            outlets=all_of.get(one.id, 0),
            troubled=troubled.get(one.id, 0),
        )
        for one in (found[merchant_id] for merchant_id in ids)
    ]
