"""Who was told of a post is found in the order of readers, without a walk over all of them."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_deliveries_post_id_reader_id", "deliveries", ["post_id", "reader_id"])
    op.drop_index("ix_deliveries_post_id", "deliveries")


def downgrade() -> None:
    op.create_index("ix_deliveries_post_id", "deliveries", ["post_id"])
    op.drop_index("ix_deliveries_post_id_reader_id", "deliveries")
