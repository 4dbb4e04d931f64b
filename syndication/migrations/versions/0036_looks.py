"""How the service looks and who is behind it: name, logo, colours, imprint, privacy, accessibility."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "looks",
        sa.Column("state", sa.String(10), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("brand", sa.String(7), nullable=False),
        sa.Column("link", sa.String(7), nullable=False),
        sa.Column("texts", sa.JSON(), nullable=False),
        sa.Column("logo", sa.LargeBinary(), nullable=True),
        sa.Column("logo_digest", sa.String(16), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('current', 'draft')", name=op.f("ck_looks_state")),
    )


def downgrade() -> None:
    op.drop_table("looks")
