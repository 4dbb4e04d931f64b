"""What readers see of a business: hours, phone, imprint, links, licences, a logo; what came of a post; readers of feeds."""

import sqlalchemy as sa
from alembic import op

from syndication.infra import db

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_TEXTS = {
    "opening_hours": 1000,
    "phone": 60,
    "contact": 254,
    "imprint": 4000,
    "license_texts": 40,
    "license_pictures": 40,
    "logo": 16,
}


def upgrade() -> None:
    for name, length in _TEXTS.items():
        op.add_column("merchants", sa.Column(name, sa.String(length=length), nullable=True))
    op.add_column("merchants", sa.Column("links", sa.JSON(), nullable=False, server_default="[]"))
    op.create_table(
        "logos",
        sa.Column("merchant_id", sa.Uuid(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["merchant_id"],
            ["merchants.id"],
            name=op.f("fk_logos_merchant_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("merchant_id", name=op.f("pk_logos")),
    )
    op.create_table(
        "echoes",
        sa.Column("post_id", sa.Uuid(), nullable=False),
        sa.Column("destination_id", sa.Uuid(), nullable=False),
        sa.Column("asked", sa.SmallInteger(), nullable=False),
        sa.Column("likes", sa.Integer(), nullable=True),
        sa.Column("shares", sa.Integer(), nullable=True),
        sa.Column("replies", sa.Integer(), nullable=True),
        sa.Column("at", db.UTCDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["destination_id"],
            ["destinations.id"],
            name=op.f("fk_echoes_destination_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["post_id"], ["posts.id"], name=op.f("fk_echoes_post_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("post_id", "destination_id", name=op.f("pk_echoes")),
    )
    op.create_index(op.f("ix_echoes_destination_id"), "echoes", ["destination_id"])
    op.create_table(
        "feed_audiences",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("feed", sa.String(length=210), nullable=False),
        sa.Column("program", sa.String(length=40), nullable=False),
        sa.Column("subscribers", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "feed", "program", name=op.f("pk_feed_audiences")),
    )


def downgrade() -> None:
    op.drop_table("feed_audiences")
    op.drop_table("echoes")
    op.drop_table("logos")
    for name in (*_TEXTS, "links"):
        op.drop_column("merchants", name)
