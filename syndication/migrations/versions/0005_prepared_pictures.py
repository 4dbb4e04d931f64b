"""Pictures of posts in the sizes of the city's site, made by workers."""

import sqlalchemy as sa
from alembic import op

from syndication.infra import db

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "prepared_pictures",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("url", sa.String(length=2000), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("due_at", db.UTCDateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("made_at", db.UTCDateTime(timezone=True), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("page", sa.LargeBinary(), nullable=True),
        sa.Column("framed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_prepared_pictures")),
    )
    op.create_index(op.f("ix_prepared_pictures_due_at"), "prepared_pictures", ["due_at"])
    op.create_table(
        "picture_wants",
        sa.Column("post_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["post_id"], ["posts.id"], name=op.f("fk_picture_wants_post_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("post_id", "key", name=op.f("pk_picture_wants")),
    )
    op.create_index(op.f("ix_picture_wants_key"), "picture_wants", ["key"])


def downgrade() -> None:
    op.drop_table("picture_wants")
    op.drop_table("prepared_pictures")
