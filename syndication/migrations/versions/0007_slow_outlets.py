"""How long an outlet's answers take."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("destinations", sa.Column("answers", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("destinations", sa.Column("slow", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    op.drop_column("destinations", "slow")
    op.drop_column("destinations", "answers")
