"""Posts that were taken in without a word, what told of them together, and which count in no quota."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("imported", "quiet"):
        op.add_column("posts", sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("posts", sa.Column("told_by", sa.Uuid(), nullable=True))
    op.create_index(op.f("ix_posts_told_by"), "posts", ["told_by"])


def downgrade() -> None:
    op.drop_index(op.f("ix_posts_told_by"), "posts")
    for name in ("told_by", "quiet", "imported"):
        op.drop_column("posts", name)
