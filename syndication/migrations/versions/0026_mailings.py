"""The town hall holds newsletters, imports readers, and erases them for good."""

import sqlalchemy as sa
from alembic import op

from syndication.infra import db

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_DUE = "ix_readers_state_next_slot_at"


def upgrade() -> None:
    op.create_table(
        "mailings",
        sa.Column("slot_at", db.UTCDateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("introductions", sa.JSON(), nullable=False),
        sa.Column("begun_at", db.UTCDateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(500), nullable=False),
        sa.Column("decided_at", db.UTCDateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('open', 'held', 'cancelled')", name=op.f("ck_mailings_state")),
        sa.PrimaryKeyConstraint("slot_at", name=op.f("pk_mailings")),
    )
    op.add_column("editions", sa.Column("introduction", sa.Text(), nullable=False, server_default=""))
    op.create_index("ix_editions_slot_at", "editions", ["slot_at"])
    op.create_index("ix_consents_at", "consents", ["at"])
    op.create_table(
        "suppressions",
        sa.Column("digest", sa.String(32), nullable=False),
        sa.Column("at", db.UTCDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_suppressions")),
    )
    op.create_table(
        "reader_imports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("made_by", sa.String(500), nullable=False),
        sa.Column("made_at", db.UTCDateTime(timezone=True), nullable=False),
        sa.Column("ask_wording", sa.Text(), nullable=False),
        sa.Column("entries", sa.JSON(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.CheckConstraint("state IN ('checked', 'running', 'done')", name=op.f("ck_reader_imports_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reader_imports")),
    )
    op.drop_index(_DUE, table_name="readers")
    op.create_index(_DUE, "readers", ["state", "next_slot_at", "cadence", "language", "interest_id"])


def downgrade() -> None:
    op.drop_index(_DUE, table_name="readers")
    op.create_index(_DUE, "readers", ["state", "next_slot_at"])
    op.drop_table("reader_imports")
    op.drop_table("suppressions")
    op.drop_index("ix_consents_at", table_name="consents")
    op.drop_index("ix_editions_slot_at", table_name="editions")
    op.drop_column("editions", "introduction")
    op.drop_table("mailings")
