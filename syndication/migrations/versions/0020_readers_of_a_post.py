"""Who was told of a post, or got an edition, is found in the order of readers, without a walk over all of them."""

from alembic import op

revision = "0020"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in ("post_id", "edition_id"):
        op.create_index(f"ix_deliveries_{column}_reader_id", "deliveries", [column, "reader_id"])
        op.drop_index(f"ix_deliveries_{column}", "deliveries")


def downgrade() -> None:
    for column in ("post_id", "edition_id"):
        op.create_index(f"ix_deliveries_{column}", "deliveries", [column])
        op.drop_index(f"ix_deliveries_{column}_reader_id", "deliveries")
