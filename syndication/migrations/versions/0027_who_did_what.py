"""Who did what, in a table that only grows; what people report; and letters to those who reported something."""

import sqlalchemy as sa
from alembic import op

from syndication.infra import db

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_MOMENT = db.UTCDateTime(timezone=True)
_COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_RECIPIENTS = ("destination_id", "reader_id", "person_id", "application_id", "report_id")
#: How long no line may be deleted; audit.KEPT is the same.
_DAYS = 1461
_REFUSED = "the audit log only grows"
_ON_SQLITE = (
    f"CREATE TRIGGER audit_log_stays BEFORE UPDATE ON audit_log BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END",
    f"CREATE TRIGGER audit_log_keeps BEFORE DELETE ON audit_log WHEN OLD.at > datetime('now', '-{_DAYS} days')"
    f" BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END",
    # INSERT OR REPLACE deletes without a trigger of DELETE.
    "CREATE TRIGGER audit_log_adds BEFORE INSERT ON audit_log"
    " WHEN EXISTS (SELECT 1 FROM audit_log WHERE id = NEW.id)"
    " BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END",
)
_ON_POSTGRESQL = (
    f"""CREATE FUNCTION audit_log_refuses() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.at <= now() - interval '{_DAYS} days' THEN RETURN OLD; END IF;
    END IF;
    RAISE EXCEPTION '{_REFUSED}';
END $$""",
    "CREATE TRIGGER audit_log_stays BEFORE UPDATE OR DELETE ON audit_log"
    " FOR EACH ROW EXECUTE FUNCTION audit_log_refuses()",
    "CREATE TRIGGER audit_log_keeps BEFORE TRUNCATE ON audit_log"
    " FOR EACH STATEMENT EXECUTE FUNCTION audit_log_refuses()",
)


def upgrade() -> None:
    _log()
    _reports()
    _letters()
    op.add_column(
        "posts", sa.Column("withdrawn_untold", sa.Boolean(), nullable=False, server_default=sa.false())
    )


def _log() -> None:
    op.create_table(
        "audit_log",
        sa.Column("id", _COUNTER, autoincrement=True, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("by", sa.String(length=60), nullable=False),
        sa.Column("by_name", sa.String(length=200), nullable=False),
        sa.Column("way", sa.String(length=10), nullable=False),
        sa.Column("what", sa.String(length=30), nullable=False),
        sa.Column("about", sa.String(length=20), nullable=False),
        sa.Column("about_id", sa.String(length=64), nullable=False),
        sa.Column("about_name", sa.String(length=200), nullable=False),
        sa.Column("merchant_id", sa.Uuid(), nullable=True),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_log_at", "audit_log", ["at", "id"])
    op.create_index("ix_audit_log_what", "audit_log", ["what", "at", "id"])
    op.create_index("ix_audit_log_by", "audit_log", ["by", "at", "id"])
    of_a_merchant = sa.text("merchant_id IS NOT NULL")
    op.create_index(
        "ix_audit_log_merchant_id",
        "audit_log",
        ["merchant_id", "at", "id"],
        postgresql_where=of_a_merchant,
        sqlite_where=of_a_merchant,
    )
    for statement in _ON_SQLITE if op.get_bind().dialect.name == "sqlite" else _ON_POSTGRESQL:
        op.execute(statement)


def _reports() -> None:
    op.create_table(
        "reports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("post_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("language", sa.String(length=5), nullable=False),
        sa.Column("explanation", sa.String(length=4000), nullable=False),
        sa.Column("children", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("mailbox", sa.String(length=32), nullable=False),
        sa.Column("wording", sa.String(length=400), nullable=False),
        sa.Column("decided_at", _MOMENT, nullable=True),
        sa.Column("decided_by", sa.String(length=60), nullable=False),
        sa.Column("because", sa.String(length=2000), nullable=False),
        sa.CheckConstraint("state IN ('open', 'kept', 'removed')", name=op.f("ck_reports_state")),
        sa.ForeignKeyConstraint(
            ["post_id"], ["posts.id"], name=op.f("fk_reports_post_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reports")),
    )
    for column in ("post_id", "state", "mailbox", "decided_at"):
        op.create_index(f"ix_reports_{column}", "reports", [column])


def _letters() -> None:
    last = _highest()
    with op.batch_alter_table("deliveries", table_kwargs={"sqlite_autoincrement": True}) as deliveries:
        deliveries.add_column(sa.Column("report_id", sa.Uuid(), nullable=True))
        deliveries.create_foreign_key(
            op.f("fk_deliveries_report_id"), "reports", ["report_id"], ["id"], ondelete="CASCADE"
        )
        deliveries.drop_constraint(op.f("ck_deliveries_one_recipient"), type_="check")
        deliveries.create_check_constraint(op.f("ck_deliveries_one_recipient"), _one_of(_RECIPIENTS))
    _count_on(last)
    to_reporter = sa.text("report_id IS NOT NULL")
    op.create_index(
        "ix_deliveries_report_id",
        "deliveries",
        ["report_id"],
        postgresql_where=to_reporter,
        sqlite_where=to_reporter,
    )


def _one_of(names: tuple[str, ...]) -> str:
    return " + ".join(f"CASE WHEN {name} IS NULL THEN 0 ELSE 1 END" for name in names) + " = 1"


def _highest() -> int | None:
    """The highest number that was given away; None on PostgreSQL, where the table stays as it is."""
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        return None
    return connection.scalar(sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'deliveries'")) or 0


def _count_on(last: int | None) -> None:
    """SQLite makes the table anew, and would count on from the highest number that is left."""
    if last is not None:
        connection = op.get_bind()
        connection.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = 'deliveries'"))
        connection.execute(
            sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES ('deliveries', :last)"), {"last": last}
        )


def downgrade() -> None:
    op.drop_column("posts", "withdrawn_untold")
    op.execute("DELETE FROM deliveries WHERE report_id IS NOT NULL")
    op.drop_index("ix_deliveries_report_id", "deliveries")
    last = _highest()
    with op.batch_alter_table("deliveries", table_kwargs={"sqlite_autoincrement": True}) as deliveries:
        deliveries.drop_constraint(op.f("ck_deliveries_one_recipient"), type_="check")
        deliveries.drop_constraint(op.f("fk_deliveries_report_id"), type_="foreignkey")
        deliveries.drop_column("report_id")
        deliveries.create_check_constraint(op.f("ck_deliveries_one_recipient"), _one_of(_RECIPIENTS[:-1]))
    _count_on(last)
    op.drop_table("reports")
    op.drop_table("audit_log")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_log_refuses()")
