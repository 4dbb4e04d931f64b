"""Files that merchants bring to their desk, and what becomes of their entries; files by which businesses show what they are."""

import sqlalchemy as sa
from alembic import op

from syndication.infra import db
from syndication.models.base import ReasonText

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_MOMENT = db.UTCDateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "files",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("merchant_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("by", sa.String(length=460), nullable=False),
        sa.Column("taken_by", sa.String(length=460), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("tell", sa.String(length=10), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=True),
        sa.Column("reason", ReasonText(500), nullable=False),
        sa.Column("busy_until", _MOMENT, nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("summary_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "state IN ('new', 'looking', 'ready', 'wanted', 'done', 'refused')", name=op.f("ck_files_state")
        ),
        sa.ForeignKeyConstraint(["merchant_id"], ["merchants.id"], name=op.f("fk_files_merchant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_files")),
    )
    for column in ("merchant_id", "state", "at"):
        op.create_index(op.f(f"ix_files_{column}"), "files", [column])
    op.create_table(
        "file_entries",
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("row", sa.JSON(), nullable=False),
        sa.Column("foreseen", sa.String(length=12), nullable=True),
        sa.Column("became", sa.String(length=12), nullable=True),
        sa.Column("reason", ReasonText(500), nullable=False),
        sa.Column("remarks", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_id"], ["files.id"], name=op.f("fk_file_entries_file_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("file_id", "number", name=op.f("pk_file_entries")),
    )
    op.create_table(
        "application_proofs",
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["applications.id"],
            name=op.f("fk_application_proofs_application_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("application_id", name=op.f("pk_application_proofs")),
    )
    op.create_index(op.f("ix_application_proofs_at"), "application_proofs", ["at"])


def downgrade() -> None:
    op.drop_table("application_proofs")
    op.drop_table("file_entries")
    op.drop_table("files")
