"""Where a post is seen at a network, and when an outlet is looked after and its owner was warned."""

import sqlalchemy as sa
from alembic import op

from syndication.infra import db

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("link", sa.String(length=2000), nullable=True))
    op.add_column("destinations", sa.Column("tend_at", db.UTCDateTime(timezone=True), nullable=True))
    op.add_column("destinations", sa.Column("warned_at", db.UTCDateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("destinations", "warned_at")
    op.drop_column("destinations", "tend_at")
    op.drop_column("deliveries", "link")
