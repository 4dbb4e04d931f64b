"""Businesses that want to post here, what the town hall decided, and letters to those who are nobody here yet."""

import sqlalchemy as sa
from alembic import op

from syndication.infra import db

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_MOMENT = db.UTCDateTime(timezone=True)
_COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_ONE_OF_THREE = "(destination_id IS NULL) <> ((reader_id IS NULL) = (person_id IS NULL))"
_NOT_BOTH = "reader_id IS NULL OR person_id IS NULL"
_ONE_OF_FOUR = " + ".join(
    f"CASE WHEN {name} IS NULL THEN 0 ELSE 1 END"
    for name in ("destination_id", "reader_id", "person_id", "application_id")
)
_INDEXES = {
    "applications": ("state", "at", "mailbox", "merchant_id"),
    "application_steps": ("application_id",),
}


def upgrade() -> None:
    op.create_table(
        "applications",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("language", sa.String(length=5), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("address", sa.String(length=500), nullable=False),
        sa.Column("about", sa.String(length=400), nullable=False),
        sa.Column("contact", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("mailbox", sa.String(length=32), nullable=False),
        sa.Column("phone", sa.String(length=60), nullable=False),
        sa.Column("url", sa.String(length=2000), nullable=True),
        sa.Column("proof", sa.String(length=400), nullable=False),
        sa.Column("wording", sa.String(length=1000), nullable=False),
        sa.Column("asked_at", _MOMENT, nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=True),
        sa.Column("confirmed_at", _MOMENT, nullable=True),
        sa.Column("told_at", _MOMENT, nullable=True),
        sa.Column("merchant_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "state IN ('new', 'asked', 'confirmed', 'admitted', 'declined')",
            name=op.f("ck_applications_state"),
        ),
        sa.ForeignKeyConstraint(["merchant_id"], ["merchants.id"], name=op.f("fk_applications_merchant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_applications")),
        sa.UniqueConstraint("digest", name=op.f("uq_applications_digest")),
    )
    op.create_table(
        "application_steps",
        sa.Column("id", _COUNTER, autoincrement=True, nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("act", sa.String(length=12), nullable=False),
        sa.Column("because", sa.String(length=1000), nullable=False),
        sa.Column("by", sa.String(length=460), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.CheckConstraint(
            "act IN ('admitted', 'declined', 'asked back')", name=op.f("ck_application_steps_act")
        ),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["applications.id"],
            name=op.f("fk_application_steps_application_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application_steps")),
        sqlite_autoincrement=True,
    )
    for table, columns in _INDEXES.items():
        for column in columns:
            op.create_index(op.f(f"ix_{table}_{column}"), table, [column])
    _letters()


def _letters() -> None:
    """A letter may go to whoever applied, who is nobody here yet."""
    last = _highest()
    with op.batch_alter_table("deliveries", table_kwargs={"sqlite_autoincrement": True}) as deliveries:
        deliveries.add_column(sa.Column("application_id", sa.Uuid(), nullable=True))
        deliveries.create_foreign_key(
            op.f("fk_deliveries_application_id"),
            "applications",
            ["application_id"],
            ["id"],
            ondelete="CASCADE",
        )
        deliveries.drop_constraint(op.f("ck_deliveries_one_recipient"), type_="check")
        deliveries.drop_constraint(op.f("ck_deliveries_reader_or_person"), type_="check")
        deliveries.create_check_constraint(op.f("ck_deliveries_one_recipient"), f"{_ONE_OF_FOUR} = 1")
    _count_on(last)
    to_applicant = sa.text("application_id IS NOT NULL")
    op.create_index(
        "ix_deliveries_application_id",
        "deliveries",
        ["application_id"],
        postgresql_where=to_applicant,
        sqlite_where=to_applicant,
    )


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
    op.execute("DELETE FROM deliveries WHERE application_id IS NOT NULL")
    op.drop_index("ix_deliveries_application_id", "deliveries")
    last = _highest()
    with op.batch_alter_table("deliveries", table_kwargs={"sqlite_autoincrement": True}) as deliveries:
        deliveries.drop_constraint(op.f("ck_deliveries_one_recipient"), type_="check")
        deliveries.drop_constraint(op.f("fk_deliveries_application_id"), type_="foreignkey")
        deliveries.drop_column("application_id")
        deliveries.create_check_constraint(op.f("ck_deliveries_one_recipient"), _ONE_OF_THREE)
        deliveries.create_check_constraint(op.f("ck_deliveries_reader_or_person"), _NOT_BOTH)
    _count_on(last)
    for table in reversed(_INDEXES):
        op.drop_table(table)
