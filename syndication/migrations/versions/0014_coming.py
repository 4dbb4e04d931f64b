"""When a post comes next, so that feeds hold what does; worked out for all posts anew."""

import sqlalchemy as sa
from alembic import op

from syndication.infra import db

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_INDEX = "ix_posts_coming"


def upgrade() -> None:
    op.add_column("posts", sa.Column("comes_at", db.UTCDateTime(timezone=True), nullable=True))
    op.create_index(_INDEX, "posts", ["state", "comes_at", sa.text("published_at DESC"), sa.text("id DESC")])
    # A moment that has passed is worked out by whoever builds a feed, and by the sweep of the feeds.
    op.execute(sa.text("UPDATE posts SET comes_at = created_at WHERE state <> 'withdrawn'"))


def downgrade() -> None:
    op.drop_index(_INDEX, "posts")
    op.drop_column("posts", "comes_at")
