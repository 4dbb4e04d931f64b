"""A topic is kept as it is spelled, beside the slug by which it is known; of earlier posts only the slug is."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("post_topics", sa.Column("spelling", sa.String(length=60), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("post_topics") as table:
        table.drop_column("spelling")
