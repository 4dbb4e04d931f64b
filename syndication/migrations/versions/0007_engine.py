"""How long an outlet's answers take, how far the clocks of workers are off, what a person sent again, how far fan-out got."""

import sqlalchemy as sa
from alembic import op

from syndication.infra import db

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("destinations", sa.Column("answers", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("destinations", sa.Column("slow", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("heartbeats", sa.Column("ahead", sa.Double(), nullable=False, server_default="0"))
    op.add_column("deliveries", sa.Column("by_hand", sa.Boolean(), nullable=False, server_default=sa.false()))
    counter = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("changes", sa.Column("reached", counter, nullable=False, server_default="0"))
    op.add_column("changes", sa.Column("taken_until", db.UTCDateTime(timezone=True), nullable=True))
    waiting = sa.text("state = 'waiting'")
    op.create_index(
        "ix_deliveries_over_at", "deliveries", ["over_at"], postgresql_where=waiting, sqlite_where=waiting
    )


def downgrade() -> None:
    op.drop_index("ix_deliveries_over_at", "deliveries")
    op.drop_column("deliveries", "by_hand")
    op.drop_column("changes", "taken_until")
    op.drop_column("changes", "reached")
    op.drop_column("heartbeats", "ahead")
    op.drop_column("destinations", "slow")
    op.drop_column("destinations", "answers")
