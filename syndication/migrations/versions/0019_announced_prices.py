"""The prices that posts announced, from when to when; those of earlier posts from their revisions."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op
from pydantic import ValidationError

from syndication import kinds
from syndication.infra import db
from syndication.kinds.reading import kept

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_MOMENT = db.UTCDateTime(timezone=True)
_COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_CHUNK = 500


def upgrade() -> None:
    table = op.create_table(
        "announced_prices",
        sa.Column("id", _COUNTER, autoincrement=True, nullable=False),
        sa.Column("merchant_id", sa.Uuid(), nullable=False),
        sa.Column("post_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("cents", _COUNTER, nullable=False),
        sa.Column("since", _MOMENT, nullable=False),
        sa.Column("until", _MOMENT, nullable=True),
        sa.Column("reduced", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["merchant_id"], ["merchants.id"], name=op.f("fk_announced_prices_merchant_id")
        ),
        sa.ForeignKeyConstraint(
            ["post_id"], ["posts.id"], name=op.f("fk_announced_prices_post_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_announced_prices")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_announced_prices_of", "announced_prices", ["merchant_id", "name", "currency", "since"]
    )
    op.create_index(op.f("ix_announced_prices_post_id"), "announced_prices", ["post_id"])
    some: list[dict[str, Any]] = []
    for row in _told():
        some.append(row)
        if len(some) == _CHUNK:
            op.bulk_insert(table, some)
            some = []
    if some:
        op.bulk_insert(table, some)


def _told() -> Iterator[dict[str, Any]]:
    """What the revisions of published posts said, each until the next; a price that stayed is one row for each of them."""
    posts = sa.table(
        "posts",
        sa.column("id", sa.Uuid()),
        sa.column("merchant_id", sa.Uuid()),
        sa.column("kind", sa.String()),
        sa.column("published_at", _MOMENT),
        sa.column("withdrawn_at", _MOMENT),
    )
    revisions = sa.table(
        "revisions",
        sa.column("post_id", sa.Uuid()),
        sa.column("number", sa.Integer()),
        sa.column("content", sa.JSON()),
        sa.column("created_at", _MOMENT),
    )
    found = op.get_bind().execute(
        sa.select(posts, revisions.c.number, revisions.c.content, revisions.c.created_at)
        .join(revisions, revisions.c.post_id == posts.c.id)
        .where(posts.c.kind == "offer", posts.c.published_at.is_not(None))
        .order_by(posts.c.id, revisions.c.number.desc())
    )
    last, ended = None, None
    for row in found.yield_per(_CHUNK).mappings():
        if row["id"] != last:
            last, ended = row["id"], row["withdrawn_at"]
        announced = max(row["created_at"], row["published_at"])
        for price in _prices(row["content"]):
            since = max(price.since or announced, announced)
            until = min((one for one in (price.until, ended) if one is not None), default=None)
            if until is None or until > since:
                yield {
                    "merchant_id": row["merchant_id"],
                    "post_id": row["id"],
                    "name": price.name,
                    "currency": price.currency,
                    "cents": int(price.amount * 100),
                    "since": since,
                    "until": until,
                    "reduced": price.reduced,
                }
        ended = announced


def _prices(content: dict[str, Any]) -> list[Any]:
    try:
        read = kept(content)
    except (ValidationError, ArithmeticError):
        return []
    return list(kinds.of(read).prices(read))


def downgrade() -> None:
    op.drop_table("announced_prices")
