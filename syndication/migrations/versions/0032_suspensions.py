"""A suspended merchant has a reason, perhaps an end, and what stands may be taken back bit by bit."""

import sqlalchemy as sa
from alembic import op

from syndication.infra import db

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("merchants", sa.Column("suspended_at", db.UTCDateTime(timezone=True), nullable=True))
    op.add_column("merchants", sa.Column("suspended_until", db.UTCDateTime(timezone=True), nullable=True))
    op.add_column(
        "merchants", sa.Column("suspended_because", sa.String(1000), nullable=False, server_default="")
    )
    op.add_column("merchants", sa.Column("suspended_by", sa.String(60), nullable=False, server_default=""))
    op.add_column(
        "merchants", sa.Column("taking_back", sa.Boolean(), nullable=False, server_default=sa.false())
    )


def downgrade() -> None:
    for name in ("taking_back", "suspended_by", "suspended_because", "suspended_until", "suspended_at"):
        op.drop_column("merchants", name)
