"""What parts of town were called before the town hall called them otherwise."""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "district_names",
        sa.Column("name", sa.String(60), primary_key=True),
        sa.Column("called", sa.String(60), nullable=False, index=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("district_names")
