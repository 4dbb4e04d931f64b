"""What comes every week, whose next dates are posts of their own."""

import sqlalchemy as sa
from alembic import op

from syndication.infra import db

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_MOMENT = db.UTCDateTime(timezone=True)


def upgrade() -> None:
    reason = sa.Text().with_variant(sa.String(length=500), "sqlite")
    op.create_table(
        "weekly",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("merchant_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("interval", sa.Integer(), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=True),
        sa.Column("days_before", sa.Integer(), nullable=False),
        sa.Column("hour", sa.String(length=5), nullable=False),
        sa.Column("skipped", sa.JSON(), nullable=False),
        sa.Column("closed_from", sa.Date(), nullable=True),
        sa.Column("closed_until", sa.Date(), nullable=True),
        sa.Column("ended_at", _MOMENT, nullable=True),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("reason", reason, nullable=True),
        sa.Column("due_at", _MOMENT, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["merchant_id"], ["merchants.id"], name=op.f("fk_weekly_merchant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_weekly")),
    )
    op.create_index(op.f("ix_weekly_merchant_id"), "weekly", ["merchant_id"])
    op.create_index(op.f("ix_weekly_due_at"), "weekly", ["due_at"])
    op.add_column("posts", sa.Column("weekly_id", sa.Uuid(), nullable=True))
    op.add_column("posts", sa.Column("weekly_on", sa.Date(), nullable=True))
    op.add_column("posts", sa.Column("skipped", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index("ix_posts_weekly", "posts", ["weekly_id", "weekly_on"], unique=True)


def downgrade() -> None:
    # What waits for no hour because its date is skipped is nothing that the version before would know.
    op.execute("DELETE FROM posts WHERE skipped AND state = 'scheduled'")
    op.drop_index("ix_posts_weekly", "posts")
    for name in ("skipped", "weekly_on", "weekly_id"):
        op.drop_column("posts", name)
    op.drop_table("weekly")
