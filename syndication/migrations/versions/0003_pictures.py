"""Pictures that merchants upload, and which posts show them."""

import sqlalchemy as sa
from alembic import op

from syndication.infra import db

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pictures",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("merchant_id", sa.Uuid(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("uploaded_at", db.UTCDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["merchant_id"], ["merchants.id"], name=op.f("fk_pictures_merchant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pictures")),
    )
    op.create_index(op.f("ix_pictures_merchant_id"), "pictures", ["merchant_id"])
    op.create_index(op.f("ix_pictures_uploaded_at"), "pictures", ["uploaded_at"])
    op.create_table(
        "picture_uses",
        sa.Column("post_id", sa.Uuid(), nullable=False),
        sa.Column("picture_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["post_id"], ["posts.id"], name=op.f("fk_picture_uses_post_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["picture_id"], ["pictures.id"], name=op.f("fk_picture_uses_picture_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("post_id", "picture_id", name=op.f("pk_picture_uses")),
    )
    op.create_index(op.f("ix_picture_uses_picture_id"), "picture_uses", ["picture_id"])


def downgrade() -> None:
    op.drop_table("picture_uses")
    op.drop_table("pictures")
