"""Numbers are never given twice, readers' links hold more than a number, and sign-ups wait in a table."""

import sqlalchemy as sa
from alembic import op

from syndication.errors import Invalid
from syndication.infra import db, mail_addresses

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

#: Tables that count their rows, as they are after 0003.
_COUNTING = (
    "attempts",
    "changes",
    "consents",
    "dead_letters",
    "deliveries",
    "editions",
    "feed_documents",
    "interests",
    "leases",
    "readers",
)
#: Numbers passed over in tables that were in use: some of those behind the highest may have been given away already.
_GAP = 1_000_000
_COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    if sqlite and op.get_bind().exec_driver_sql("PRAGMA foreign_keys").scalar():
        # Dropping an old table would delete, by cascade, what points at it.
        raise RuntimeError("Tables can only be made anew while foreign keys are off; env.py sees to that.")
    _describe_readers()
    if sqlite:
        _count_for_good()
    op.create_table(
        "sign_ups",
        sa.Column("id", _COUNTER, autoincrement=True, nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("language", sa.String(length=5), nullable=False),
        sa.Column("interest", sa.JSON(), nullable=False),
        sa.Column("cadence", sa.String(length=20), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("wording", sa.Text(), nullable=False),
        sa.Column("at", db.UTCDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_ups")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_sign_ups_at"), "sign_ups", ["at"])
    if sqlite and (broken := op.get_bind().exec_driver_sql("PRAGMA foreign_key_check").all()):
        tables = ", ".join(sorted({row[0] for row in broken}))
        raise RuntimeError(f"Rows of these tables point at rows that are not there: {tables}.")


def _describe_readers() -> None:
    with op.batch_alter_table("readers") as readers:
        readers.add_column(sa.Column("nonce", sa.String(length=16), nullable=True))
        readers.add_column(sa.Column("asked_at", db.UTCDateTime(timezone=True), nullable=True))
        readers.add_column(sa.Column("mailbox", sa.String(length=32), nullable=True))
    connection = op.get_bind()
    known = connection.execute(sa.text("SELECT id, email FROM readers")).all()
    if known:
        connection.execute(
            sa.text("UPDATE readers SET mailbox = :mailbox WHERE id = :id"),
            [{"id": row.id, "mailbox": _mailbox(row.email)} for row in known],
        )
    with op.batch_alter_table("readers") as readers:
        readers.alter_column("mailbox", existing_type=sa.String(length=32), nullable=False)
        readers.create_index("ix_readers_mailbox", ["mailbox"])


def _count_for_good() -> None:
    """Make each table anew with AUTOINCREMENT, which SQLite adds to none that exists."""
    connection = op.get_bind()
    highest = {
        table: connection.scalar(sa.select(sa.func.max(sa.column("id"))).select_from(sa.table(table))) or 0
        for table in _COUNTING
    }
    gap = _GAP if any(highest.values()) else 0
    for table in _COUNTING:
        with op.batch_alter_table(table, recreate="always", table_kwargs={"sqlite_autoincrement": True}):
            pass
        connection.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = :table"), {"table": table})
        connection.execute(
            sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES (:table, :highest)"),
            {"table": table, "highest": highest[table] + gap},
        )


def _mailbox(email: str) -> str:
    try:
        return mail_addresses.key(mail_addresses.spelled(email))
    except Invalid:
        return mail_addresses.key(email.lower())


def downgrade() -> None:
    op.drop_table("sign_ups")
    with op.batch_alter_table("readers", table_kwargs={"sqlite_autoincrement": True}) as readers:
        readers.drop_index("ix_readers_mailbox")
        readers.drop_column("mailbox")
        readers.drop_column("asked_at")
        readers.drop_column("nonce")
