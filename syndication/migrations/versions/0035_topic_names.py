"""What the town hall says of topics: under which other one each is filed, or what it is called."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "topic_names",
        sa.Column("slug", sa.String(60), primary_key=True),
        sa.Column("filed_as", sa.String(60), nullable=True),
        sa.Column("name", sa.String(60), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_topic_names_filed_as", "topic_names", ["filed_as"])


def downgrade() -> None:
    op.drop_table("topic_names")
