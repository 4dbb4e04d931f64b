"""The town hall may look at posts before they go out: whose, and what waits."""

import sqlalchemy as sa
from alembic import op

from syndication.infra import db

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "review_rules",
        sa.Column("name", sa.String(10), nullable=False),
        sa.Column("scope", sa.String(10), nullable=False),
        sa.Column("first_posts", sa.Integer(), nullable=True),
        sa.Column("since", db.UTCDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("scope IN ('nobody', 'new', 'all')", name=op.f("ck_review_rules_scope")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_review_rules")),
    )
    op.create_table(
        "reviews",
        sa.Column("post_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("content", sa.JSON(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("handed_in_at", db.UTCDateTime(timezone=True), nullable=False),
        sa.Column("told_at", db.UTCDateTime(timezone=True), nullable=True),
        sa.Column("decided_at", db.UTCDateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(60), nullable=False),
        sa.Column("because", sa.String(1000), nullable=False),
        sa.Column("edits", sa.JSON(), nullable=False),
        sa.Column("hour_was", db.UTCDateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'returned', 'approved', 'expired')", name=op.f("ck_reviews_state")
        ),
        sa.ForeignKeyConstraint(
            ["post_id"], ["posts.id"], name=op.f("fk_reviews_post_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("post_id", name=op.f("pk_reviews")),
    )
    op.create_index("ix_reviews_state", "reviews", ["state", "handed_in_at"])
    op.add_column("merchants", sa.Column("review", sa.String(10), nullable=True))


def downgrade() -> None:
    op.drop_column("merchants", "review")
    op.drop_table("reviews")
    op.drop_table("review_rules")
