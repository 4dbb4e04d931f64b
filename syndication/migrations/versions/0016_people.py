"""People who sign in: what they may do, the links and passkeys by which they come in, the browsers in which they are."""

import sqlalchemy as sa
from alembic import op

from syndication.infra import db

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_MOMENT = db.UTCDateTime(timezone=True)
_COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TABLES = (
    "people",
    "memberships",
    "sign_in_requests",
    "sign_in_links",
    "browser_sessions",
    "passkeys",
    "passkey_challenges",
)  # fmt: skip -- one glance shows every table
_ONE_OF_TWO = "(destination_id IS NULL) <> (reader_id IS NULL)"
_ONE_OF_THREE = "(destination_id IS NULL) <> ((reader_id IS NULL) = (person_id IS NULL))"
_NOT_BOTH = "reader_id IS NULL OR person_id IS NULL"
_INDEXES = {
    "memberships": ("merchant_id",),
    "sign_in_requests": ("at",),
    "sign_in_links": ("person_id", "ends_at"),
    "browser_sessions": ("person_id", "ends_at"),
    "passkeys": ("person_id",),
    "passkey_challenges": ("person_id", "ends_at"),
}


def upgrade() -> None:
    _people()
    _ways_in()
    _passkeys()
    _letters()
    for table, columns in _INDEXES.items():
        for column in columns:
            op.create_index(op.f(f"ix_{table}_{column}"), table, [column])


def _people() -> None:
    op.create_table(
        "people",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("language", sa.String(length=5), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=True),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.CheckConstraint("role IN ('viewer', 'editor', 'operator')", name=op.f("ck_people_role")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        sa.UniqueConstraint("email", name=op.f("uq_people_email")),
    )
    op.create_table(
        "memberships",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("merchant_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("since", _MOMENT, nullable=False),
        sa.CheckConstraint("role IN ('owner', 'member')", name=op.f("ck_memberships_role")),
        _of_person("memberships"),
        sa.ForeignKeyConstraint(["merchant_id"], ["merchants.id"], name=op.f("fk_memberships_merchant_id")),
        sa.PrimaryKeyConstraint("person_id", "merchant_id", name=op.f("pk_memberships")),
    )


def _ways_in() -> None:
    op.create_table(
        "sign_in_requests",
        sa.Column("id", _COUNTER, autoincrement=True, nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_requests")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "sign_in_links",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("made_at", _MOMENT, nullable=False),
        sa.Column("ends_at", _MOMENT, nullable=False),
        sa.Column("used_at", _MOMENT, nullable=True),
        _of_person("sign_in_links"),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_sign_in_links")),
    )
    op.create_table(
        "browser_sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("browser", sa.String(length=40), nullable=False),
        sa.Column("system", sa.String(length=40), nullable=False),
        sa.Column("way", sa.String(length=10), nullable=False),
        sa.Column("began_at", _MOMENT, nullable=False),
        sa.Column("seen_at", _MOMENT, nullable=False),
        sa.Column("ends_at", _MOMENT, nullable=False),
        sa.CheckConstraint("way IN ('link', 'passkey')", name=op.f("ck_browser_sessions_way")),
        _of_person("browser_sessions"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_browser_sessions")),
        sa.UniqueConstraint("digest", name=op.f("uq_browser_sessions_digest")),
    )


def _passkeys() -> None:
    op.create_table(
        "passkeys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("credential", sa.String(length=1400), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", _COUNTER, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("made_at", _MOMENT, nullable=False),
        sa.Column("used_at", _MOMENT, nullable=True),
        _of_person("passkeys"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkeys")),
        sa.UniqueConstraint("credential", name=op.f("uq_passkeys_credential")),
    )
    op.create_table(
        "passkey_challenges",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("ends_at", _MOMENT, nullable=False),
        _of_person("passkey_challenges"),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_passkey_challenges")),
    )


def _of_person(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["person_id"], ["people.id"], name=op.f(f"fk_{table}_person_id"), ondelete="CASCADE"
    )


def _letters() -> None:
    """A letter may go to a person, who is neither reader nor outlet."""
    connection = op.get_bind()
    sqlite = connection.dialect.name == "sqlite"
    if sqlite:  # it makes the table anew, and would count on from the highest number that is left
        last = sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'deliveries'")
        given = connection.scalar(last) or 0
    with op.batch_alter_table("deliveries", table_kwargs={"sqlite_autoincrement": True}) as deliveries:
        deliveries.add_column(sa.Column("person_id", sa.Uuid(), nullable=True))
        deliveries.create_foreign_key(
            op.f("fk_deliveries_person_id"), "people", ["person_id"], ["id"], ondelete="CASCADE"
        )
        deliveries.drop_constraint(op.f("ck_deliveries_one_recipient"), type_="check")
        deliveries.create_check_constraint(op.f("ck_deliveries_one_recipient"), _ONE_OF_THREE)
        deliveries.create_check_constraint(op.f("ck_deliveries_reader_or_person"), _NOT_BOTH)
    if sqlite:
        connection.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = 'deliveries'"))
        connection.execute(
            sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES ('deliveries', :given)"), {"given": given}
        )
    to_person = sa.text("person_id IS NOT NULL")
    op.create_index(
        "ix_deliveries_person_id",
        "deliveries",
        ["person_id"],
        postgresql_where=to_person,
        sqlite_where=to_person,
    )


def downgrade() -> None:
    op.execute("DELETE FROM deliveries WHERE person_id IS NOT NULL")
    op.drop_index("ix_deliveries_person_id", "deliveries")
    with op.batch_alter_table("deliveries", table_kwargs={"sqlite_autoincrement": True}) as deliveries:
        deliveries.drop_constraint(op.f("ck_deliveries_reader_or_person"), type_="check")
        deliveries.drop_constraint(op.f("ck_deliveries_one_recipient"), type_="check")
        deliveries.drop_constraint(op.f("fk_deliveries_person_id"), type_="foreignkey")
        deliveries.drop_column("person_id")
        deliveries.create_check_constraint(op.f("ck_deliveries_one_recipient"), _ONE_OF_TWO)
    for table in reversed(_TABLES):
        op.drop_table(table)
