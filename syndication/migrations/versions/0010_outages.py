"""Since when a delivery could have gone, what an outlet that fails last said, outages, and who hears of them."""

import sqlalchemy as sa
from alembic import op

from syndication.infra import db

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment, counter = db.UTCDateTime(timezone=True), sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("deliveries", sa.Column("late_since", moment, nullable=True))
    late = sa.text("state = 'waiting' AND late_since IS NOT NULL")
    op.create_index(
        "ix_deliveries_late", "deliveries", ["queue", "late_since"], postgresql_where=late, sqlite_where=late
    )
    op.add_column("destinations", sa.Column("trouble", sa.String(500), nullable=False, server_default=""))
    op.add_column("destinations", sa.Column("recovering_from", moment, nullable=True))
    op.add_column(
        "destinations", sa.Column("alarms", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.create_table(
        "outages",
        sa.Column("id", counter, nullable=False),
        sa.Column("destination_id", sa.Uuid(), nullable=False),
        sa.Column("began_at", moment, nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("told_by", sa.String(length=10), nullable=False),
        sa.Column("well_since", moment, nullable=True),
        sa.Column("ended_at", moment, nullable=True),
        sa.CheckConstraint("told_by IN ('', 'mail', 'alarm', 'owner')", name=op.f("ck_outages_told_by")),
        sa.ForeignKeyConstraint(
            ["destination_id"],
            ["destinations.id"],
            name=op.f("fk_outages_destination_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outages")),
        sqlite_autoincrement=True,
    )
    unended = sa.text("ended_at IS NULL")
    op.create_index(
        "ix_outages_open",
        "outages",
        ["destination_id"],
        unique=True,
        postgresql_where=unended,
        sqlite_where=unended,
    )
    op.create_index(op.f("ix_outages_began_at"), "outages", ["began_at"])


def downgrade() -> None:
    op.drop_table("outages")
    op.drop_column("destinations", "alarms")
    op.drop_column("destinations", "recovering_from")
    op.drop_column("destinations", "trouble")
    op.drop_index("ix_deliveries_late", "deliveries")
    op.drop_column("deliveries", "late_since")
