"""Acts on all deliveries that match, done chunk by chunk; and what happened in each hour, as far as it was counted."""

import sqlalchemy as sa
from alembic import op

from syndication.infra import db

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_MOMENT = db.UTCDateTime(timezone=True)
#: The hour of UTC in which an attempt was made; those behind the mark `folded` are still to be counted.
_HOURS = {
    "postgresql": "to_char(timezone('UTC', a.at), 'YYYY-MM-DD HH24')",
    "sqlite": "strftime('%Y-%m-%d %H', a.at)",
}
_COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "bulk_acts",
        sa.Column("id", _COUNTER, autoincrement=True, nullable=False),
        sa.Column("act", sa.String(length=10), nullable=False),
        sa.Column("selection", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("by", sa.String(length=400), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("position", _COUNTER, nullable=False),
        sa.Column("until_id", _COUNTER, nullable=False),
        sa.Column("asked_at", _MOMENT, nullable=False),
        sa.Column("moved_at", _MOMENT, nullable=False),
        sa.Column("ended_at", _MOMENT, nullable=True),
        sa.CheckConstraint("act IN ('retry', 'replay', 'there', 'drop')", name=op.f("ck_bulk_acts_act")),
        sa.CheckConstraint("state IN ('running', 'stopped', 'done')", name=op.f("ck_bulk_acts_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_acts")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_bulk_acts_state"), "bulk_acts", ["state"])
    hour = _HOURS[op.get_bind().dialect.name]
    op.execute(
        "INSERT INTO tallies (metric, channel, label, value)"  # noqa: S608 -- of ours
        f" SELECT 'hourly_' || a.outcome, d.channel, {hour}, count(*) FROM attempts a JOIN deliveries d ON d.id = a.delivery_id"
        " WHERE a.id <= (SELECT max(value) FROM tallies WHERE metric = 'folded')"
        f" GROUP BY 'hourly_' || a.outcome, d.channel, {hour}"
    )


def downgrade() -> None:
    op.execute("DELETE FROM tallies WHERE metric LIKE 'hourly\\_%' ESCAPE '\\'")
    op.drop_table("bulk_acts")
