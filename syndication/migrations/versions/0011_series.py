"""How new the dates of a calendar's series are, and which posts went into one; parts that were split find each other."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("posts", sa.Column("versions", sa.JSON(), nullable=True))
    op.add_column("posts", sa.Column("joined_to", sa.Uuid(), nullable=True))


def downgrade() -> None:
    op.drop_column("posts", "joined_to")
    op.drop_column("posts", "versions")
