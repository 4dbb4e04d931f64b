"""Drafts: what merchants are writing, and the pictures that are kept for it."""

import sqlalchemy as sa
from alembic import op

from syndication.infra import db

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_MOMENT = db.UTCDateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "drafts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("merchant_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("typed", sa.JSON(), nullable=False),
        sa.Column("kept", sa.JSON(), nullable=False),
        sa.Column("texts", sa.JSON(), nullable=False),
        sa.Column("seen", sa.Integer(), nullable=True),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["merchant_id"], ["merchants.id"], name=op.f("fk_drafts_merchant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drafts")),
    )
    op.create_index(op.f("ix_drafts_merchant_id"), "drafts", ["merchant_id"])
    op.create_index(op.f("ix_drafts_updated_at"), "drafts", ["updated_at"])
    op.create_table(
        "draft_pictures",
        sa.Column("draft_id", sa.Uuid(), nullable=False),
        sa.Column("picture_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["draft_id"],
            ["drafts.id"],
            name=op.f("fk_draft_pictures_draft_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["picture_id"],
            ["pictures.id"],
            name=op.f("fk_draft_pictures_picture_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("draft_id", "picture_id", name=op.f("pk_draft_pictures")),
    )
    op.create_index(op.f("ix_draft_pictures_picture_id"), "draft_pictures", ["picture_id"])


def downgrade() -> None:
    op.drop_table("draft_pictures")
    op.drop_table("drafts")
