"""Reasons are stored as ids and arguments, which may be longer than their words; what stands there stays as it is."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

#: Table → its columns that hold a reason of at most 500 characters.
_REASONS = {
    "deliveries": ("reason",),
    "attempts": ("reason",),
    "destinations": ("reason", "trouble"),
    "outages": ("reason",),
    "prepared_pictures": ("reason",),
}


def _columns() -> list[tuple[str, str]]:
    return [(table, column) for table, columns in _REASONS.items() for column in columns]


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":  # SQLite's texts have no end
        for table, column in _columns():
            op.alter_column(
                table, column, type_=sa.Text(), existing_type=sa.String(500), existing_nullable=False
            )
    for table, column in [*_columns(), ("dead_letters", "reason")]:
        # An English sentence that happens to begin as the new form does must not be taken for one.
        cells = sa.table(table, sa.column(column, sa.Text()))
        stored = cells.c[column]
        op.execute(sa.update(cells).where(stored.like("[%")).values({column: sa.literal(" ") + stored}))


def downgrade() -> None:
    connection = op.get_bind()
    for table, column in [*_columns(), ("dead_letters", "reason")]:
        cells = sa.table(table, sa.column(column, sa.Text()))
        stored, most = cells.c[column], None if table == "dead_letters" else 500
        new = sa.select(stored).where(stored.like("[%")).distinct().limit(1000)
        while found := connection.scalars(new).all():
            for text in found:
                english = _english(text)[:most]
                connection.execute(sa.update(cells).where(stored == text).values({column: english}))
    if connection.dialect.name == "postgresql":
        for table, column in _columns():
            op.alter_column(
                table, column, type_=sa.String(500), existing_type=sa.Text(), existing_nullable=False
            )


def _english(stored: str) -> str:
    """The words of a stored reason, as they were when this migration was written."""
    said = _said(json.loads(stored))
    return f" {said}" if said.startswith("[") else said


def _said(reason: list[Any]) -> str:
    return " ".join(one if isinstance(one, str) else _sentence(one) for one in reason)


def _sentence(sentence: dict[str, Any]) -> str:
    first, *others = str(sentence["id"]).split("{}")
    arguments = [one if isinstance(one, str) else _said(one) for one in sentence.get("with", ())]
    arguments += [""] * (len(others) - len(arguments))
    return first + "".join(argument + rest for argument, rest in zip(arguments, others, strict=False))
