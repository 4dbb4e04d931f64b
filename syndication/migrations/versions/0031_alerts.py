"""Alerts: what is over its limit, who was told, and the limits that were chosen."""

import sqlalchemy as sa
from alembic import op

from syndication.infra import db
from syndication.models.base import ReasonText

revision = "0031"
down_revision = "0028"
branch_labels = None
depends_on = None

_MOMENT = db.UTCDateTime(timezone=True)
_COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "alerts",
        sa.Column("id", _COUNTER, nullable=False),
        sa.Column("rule", sa.String(40), nullable=False),
        sa.Column("about", sa.String(100), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("began_at", _MOMENT, nullable=False),
        sa.Column("found_at", _MOMENT, nullable=False),
        sa.Column("on_at", _MOMENT, nullable=True),
        sa.Column("seen_at", _MOMENT, nullable=False),
        sa.Column("said", ReasonText(500), nullable=False),
        sa.Column("well_since", _MOMENT, nullable=True),
        sa.Column("ended_at", _MOMENT, nullable=True),
        sa.Column("told_elsewhere", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
        sqlite_autoincrement=True,
    )
    unended = sa.text("ended_at IS NULL")
    op.create_index(
        "ix_alerts_open",
        "alerts",
        ["rule", "about"],
        unique=True,
        postgresql_where=unended,
        sqlite_where=unended,
    )
    op.create_index(op.f("ix_alerts_began_at"), "alerts", ["began_at"])
    op.create_index(op.f("ix_alerts_ended_at"), "alerts", ["ended_at"])
    op.create_table(
        "alert_messages",
        sa.Column("id", _COUNTER, nullable=False),
        sa.Column("alert_id", _COUNTER, nullable=True),
        sa.Column("key", sa.String(120), nullable=False),
        sa.Column("edge", sa.String(5), nullable=False),
        sa.Column("recipient", sa.String(60), nullable=False),
        sa.Column("made_at", _MOMENT, nullable=False),
        sa.Column("due_at", _MOMENT, nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("held_until", _MOMENT, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("sent_at", _MOMENT, nullable=True),
        sa.Column("reason", ReasonText(500), nullable=False),
        sa.CheckConstraint("edge IN ('on', 'over', 'test')", name=op.f("ck_alert_messages_edge")),
        sa.CheckConstraint("state IN ('waiting', 'sent', 'dropped')", name=op.f("ck_alert_messages_state")),
        sa.ForeignKeyConstraint(
            ["alert_id"], ["alerts.id"], name=op.f("fk_alert_messages_alert_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_messages")),
        sa.UniqueConstraint("key", name=op.f("uq_alert_messages_key")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_alert_messages_alert_id", "alert_messages", ["alert_id"])
    op.create_table(
        "alert_choices",
        sa.Column("rule", sa.String(40), nullable=False),
        sa.Column("on", sa.Boolean(), nullable=False),
        sa.Column("limit", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("rule", name=op.f("pk_alert_choices")),
    )


def downgrade() -> None:
    op.drop_table("alert_choices")
    op.drop_table("alert_messages")
    op.drop_table("alerts")
