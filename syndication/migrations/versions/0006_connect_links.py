"""Links by which owners connect outlets become rows, so that each is used once and can be ended."""

import sqlalchemy as sa
from alembic import op

from syndication.infra import db

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = db.UTCDateTime(timezone=True)
    op.create_table(
        "connect_links",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("merchant_id", sa.Uuid(), nullable=True),
        sa.Column("destination_id", sa.Uuid(), nullable=False),
        sa.Column("renews", sa.Boolean(), nullable=False),
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("interest", sa.JSON(), nullable=False),
        sa.Column("known", sa.Text(), nullable=False),
        sa.Column("made_by", sa.String(length=10), nullable=False),
        sa.Column("key_id", sa.String(length=12), nullable=True),
        sa.Column("made_at", moment, nullable=False),
        sa.Column("ends_at", moment, nullable=False),
        sa.Column("used_at", moment, nullable=True),
        sa.Column("ended_at", moment, nullable=True),
        sa.Column("browser", sa.String(length=64), nullable=False),
        sa.Column("ways", sa.JSON(), nullable=False),
        sa.CheckConstraint("made_by IN ('key', 'command', 'letter')", name=op.f("ck_connect_links_made_by")),
        sa.ForeignKeyConstraint(["merchant_id"], ["merchants.id"], name=op.f("fk_connect_links_merchant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connect_links")),
        sa.UniqueConstraint("digest", name=op.f("uq_connect_links_digest")),
    )
    for column in ("merchant_id", "destination_id", "ends_at"):
        op.create_index(op.f(f"ix_connect_links_{column}"), "connect_links", [column])


def downgrade() -> None:
    op.drop_table("connect_links")
