"""Why a post was taken back, what its merchant is told, who did it; and the hour that a post missed."""

import sqlalchemy as sa
from alembic import op

from syndication.infra import db

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_NEW = ("withdrawn_reason", "withdrawn_statement", "withdrawn_by", "missed_at")


def upgrade() -> None:
    op.add_column("posts", sa.Column("withdrawn_reason", sa.String(length=12), nullable=True))
    op.add_column(
        "posts", sa.Column("withdrawn_statement", sa.String(length=2000), nullable=False, server_default="")
    )
    op.add_column("posts", sa.Column("withdrawn_by", sa.String(length=60), nullable=False, server_default=""))
    op.add_column("posts", sa.Column("missed_at", db.UTCDateTime(timezone=True), nullable=True))


def downgrade() -> None:
    for name in reversed(_NEW):
        op.drop_column("posts", name)
