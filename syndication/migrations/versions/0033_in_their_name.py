"""Somebody of the town hall may have a merchant's desk open in its name; what they write there says so."""

import sqlalchemy as sa
from alembic import op

from syndication.infra import db

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("browser_sessions", sa.Column("acts_for", sa.Uuid(), nullable=True))
    op.add_column("browser_sessions", sa.Column("acts_until", db.UTCDateTime(timezone=True), nullable=True))
    op.add_column("revisions", sa.Column("by_hall", sa.String(200), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("revisions", "by_hall")
    op.drop_column("browser_sessions", "acts_until")
    op.drop_column("browser_sessions", "acts_for")
