"""The schema that migrations make is the models', nothing is lost on the way there, and no number is given twice."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from alembic import command
from sqlalchemy import JSON, Column, Connection, Engine, MetaData, Table, inspect, select, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.orm import Session
from sqlalchemy.schema import CreateTable

from syndication import clock, migrations
from syndication.content.reason import Reason
from syndication.infra import db
from syndication.infra.reasons import translated_reason
from syndication.models import AnnouncedPrice, Attempt, Base, DeadLetter, Delivery, Destination, Outage
from tests.conftest import empty_database

COUNTING = [table for table in Base.metadata.sorted_tables if table.autoincrement_column is not None]
#: What the tables' checks allow.
ALLOWED = {
    "alert_messages.edge": "on",
    "alert_messages.state": "waiting",
    "review_rules.scope": "new",
    "reviews.state": "waiting",
    "merchants.state": "admitted",
    "destinations.state": "active",
    "readers.state": "confirmed",
    "posts.state": "published",
    "deliveries.state": "sent",
    "mailings.state": "open",
    "reader_imports.state": "done",
    "deliveries.destination_id": None,
    "deliveries.person_id": None,
    "deliveries.application_id": None,
    "deliveries.report_id": None,
    "reports.state": "open",
    "looks.state": "draft",
    "applications.state": "confirmed",
    "files.state": "ready",
    "application_steps.act": "admitted",
    "announced_prices.currency": "EUR",
    "changes.action": "published",
    "connect_links.made_by": "key",
    "outages.told_by": "mail",
    "bulk_acts.act": "replay",
    "bulk_acts.state": "done",
    "people.role": "viewer",
    "memberships.role": "owner",
    "browser_sessions.way": "link",
}
#: Columns whose content stands in another table now, or that nobody read.
MOVED = {"editions": {"posts", "over_at"}}


@pytest.fixture(params=["sqlite", "postgresql"])
def bare_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'bare.sqlite'}"
        return
    name = f"bare_{abs(hash(request.node.nodeid)):x}"
    with empty_database(request.getfixturevalue("postgres"), name) as url:
        yield url


def described(engine: Engine) -> dict[str, Any]:
    """All that a database says of its tables, whatever the order of their columns."""
    found = inspect(engine)
    return {
        table: {
            "columns": {
                one["name"]: (str(one["type"]), one["nullable"], str(one["default"]).partition("_id_seq")[1])
                for one in found.get_columns(table)
            },
            "key": found.get_pk_constraint(table),
            "foreign keys": sorted(found.get_foreign_keys(table), key=str),
            "unique": sorted(found.get_unique_constraints(table), key=str),
            "checks": sorted(
                (str(one["name"]), one["sqltext"]) for one in found.get_check_constraints(table)
            ),
            "indexes": sorted(
                (str(one["name"]), tuple(map(str, one["column_names"])), bool(one["unique"]))
                for one in found.get_indexes(table)
            ),
            "counts": _counts(engine, table),
        }
        for table in found.get_table_names()
        if table != "alembic_version"
    }


def _counts(engine: Engine, table: str) -> bool:
    """Whether SQLite never gives a number of the table away again."""
    if engine.dialect.name != "sqlite":
        return True
    with engine.connect() as connection:
        made = connection.scalar(text("SELECT sql FROM sqlite_master WHERE name = :name"), {"name": table})
    return "AUTOINCREMENT" in str(made)


def test_migrations_make_the_schema_of_the_models(bare_url: str) -> None:
    migrations.upgrade(bare_url)
    engine = db.open_engine(bare_url)
    by_migrations = described(engine)
    with engine.begin() as connection:
        Base.metadata.drop_all(connection)
        Base.metadata.create_all(connection)
    by_models = described(engine)
    engine.dispose()
    assert set(by_migrations) == set(by_models)
    for table, made in by_models.items():
        assert by_migrations[table] == made, table


@pytest.mark.parametrize("table", COUNTING, ids=lambda table: table.name)
def test_every_table_that_counts_counts_for_good(table: Table) -> None:
    assert "AUTOINCREMENT" in str(CreateTable(table).compile(dialect=sqlite.dialect()))


def test_a_new_table_cannot_forget_it() -> None:
    from sqlalchemy.orm import Mapped, mapped_column

    from syndication.models.base import Counter

    class Forgetful(Base):
        __tablename__ = "forgetful"
        id: Mapped[int] = mapped_column(Counter, primary_key=True)

    made = Forgetful.__table__
    assert isinstance(made, Table)
    Base.metadata.remove(made)
    assert "AUTOINCREMENT" in str(CreateTable(made).compile(dialect=sqlite.dialect()))


def test_every_row_survives_the_way_to_the_newest_schema(bare_url: str) -> None:
    command.upgrade(migrations._config(bare_url), "0003")
    engine = db.open_engine(bare_url)
    with engine.begin() as connection:
        for number in (1, 2, 3):
            fill(connection, number)
        connection.execute(text("DELETE FROM attempts WHERE id = 3"))
        before = rows(connection)
    engine.dispose()
    migrations.upgrade(bare_url)
    engine = db.open_engine(bare_url)
    with engine.begin() as connection:
        after = rows(connection)
        for name, kept in before.items():
            known = kept[0].keys() - MOVED.get(name, set())
            same = [{column: row[column] for column in known} for row in kept]
            assert [{column: row[column] for column in known} for row in after[name]] == same, name
        if engine.dialect.name == "sqlite":
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
        given = {table.name: {1, 2, 3} for table in COUNTING if table.name in before}
        for table in reversed(reflected(connection).sorted_tables):
            connection.execute(table.delete())
        fill(connection, 4)
        for name, earlier in given.items():
            assert [row["id"] for row in rows(connection)[name] if row["id"] in earlier] == [], name
    engine.dispose()


def test_reasons_of_an_earlier_version_are_read_and_new_ones_have_room(bare_url: str) -> None:
    """A sentence that looks like the new form, too: somebody else may have said it."""
    command.upgrade(migrations._config(bare_url), "0010")
    english, forged = (
        "The address answered 503. It will be tried again.",
        '[{"id":"The reader unsubscribed."}]',
    )
    long = Reason("The settings of this outlet cannot be used: {}. Please enter them again.", "x" * 290)
    engine = db.open_engine(bare_url)
    with engine.begin() as connection:
        for number in (1, 2):
            fill(connection, number)
        for table in ("deliveries", "attempts", "destinations", "outages", "dead_letters"):
            # Nothing but names of tables.
            connection.execute(text(f"UPDATE {table} SET reason = :reason"), {"reason": english})
        connection.execute(text("UPDATE deliveries SET reason = :reason WHERE id = 2"), {"reason": forged})
    engine.dispose()
    migrations.upgrade(bare_url)
    engine = db.open_engine(bare_url)
    with Session(engine) as session, session.begin():
        for model in (Attempt, Destination, Outage, DeadLetter):
            assert {one.reason for one in session.scalars(select(model))} == {english}, model
        first, second = session.scalars(select(Delivery).order_by(Delivery.id))
        assert translated_reason(first.reason, "de").startswith("Die Adresse hat mit 503 geantwortet.")
        assert translated_reason(second.reason, "de").strip() == forged
        first.reason = Reason.joined(long, long)
    with Session(engine) as session:
        kept = session.get_one(Delivery, first_id(session)).reason
        assert kept == f"{long} {long}"
        assert translated_reason(kept, "de").startswith("Die Einstellungen dieses Kanals")
    engine.dispose()
    command.downgrade(migrations._config(bare_url), "0010")
    engine = db.open_engine(bare_url)
    with engine.begin() as connection:
        kept = connection.scalar(text("SELECT reason FROM deliveries WHERE id = 1"))
        assert kept == f"{long} {long}"[:500]
    engine.dispose()


def first_id(session: Session) -> int:
    return session.scalars(select(Delivery.id).order_by(Delivery.id)).first() or 0


def reflected(connection: Connection) -> MetaData:
    found = MetaData()
    found.reflect(connection)
    found.remove(found.tables["alembic_version"])
    return found


def rows(connection: Connection) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table, in the order of their keys."""
    return {
        table.name: [
            dict(row) for row in connection.execute(select(table).order_by(*table.primary_key)).mappings()
        ]
        for table in reflected(connection).sorted_tables
    }


def fill(connection: Connection, number: int) -> None:
    """A row in every table; those with a number `number` point at each other."""
    made: dict[tuple[str, str], Any] = {}
    for table in reflected(connection).sorted_tables:
        values = {
            column.name: _value(table, column, number, made)
            for column in table.columns
            if not (table.primary_key.columns.keys() == ["id"] and column.name == "id" and _is_number(column))
        }
        key = connection.execute(table.insert().values(values)).inserted_primary_key
        assert key is not None
        made |= {
            (table.name, name): value
            for name, value in zip(table.primary_key.columns.keys(), key, strict=True)
        }


def _value(table: Table, column: Column[Any], number: int, made: dict[tuple[str, str], Any]) -> Any:
    name = f"{table.name}.{column.name}"
    if name in ALLOWED:
        return ALLOWED[name]
    for target in column.foreign_keys:
        return made[target.column.table.name, target.column.name]
    if str(column.type) == "CHAR(32)":
        return f"{number:032x}"
    if isinstance(column.type, JSON):
        return {"one": number}
    kind = column.type.python_type
    if kind is bool:
        return False
    values: dict[Any, Any] = {UUID: UUID(int=number), bytes: b"x", str: f"{column.name[:4]}{number}"}
    if kind in values:
        return values[kind]
    return number if _is_number(column) else clock.now()


def _is_number(column: Column[Any]) -> bool:
    return column.type.python_type in (int, float)


def test_what_editions_told_moves_into_a_table(bare_url: str) -> None:
    command.upgrade(migrations._config(bare_url), "0007")
    engine = db.open_engine(bare_url)
    with engine.begin() as connection:
        fill(connection, 1)
        tables = reflected(connection).tables
        # SQLite's reflection knows no UUIDs.
        (post_id,) = connection.scalars(select(tables["posts"].c.id))
        (change_id,) = connection.scalars(select(tables["changes"].c.id))
        told = (
            tables["editions"]
            .update()
            .values(posts=[[str(UUID(str(post_id))), "1"], [str(UUID(int=9)), "1"]])
        )
        connection.execute(told.values(key=f"change:{change_id}:de:correction:7"))
    engine.dispose()
    migrations.upgrade(bare_url)
    engine = db.open_engine(bare_url)
    with engine.begin() as connection:
        (row,) = rows(connection)["edition_posts"]
    engine.dispose()
    assert (row["revision"], row["change_id"], row["since"]) == (1, change_id, 7)
    assert UUID(str(row["post_id"])) == UUID(str(post_id)), "a post that was deleted is told of no more"


def test_prices_that_were_announced_before_are_remembered(bare_url: str) -> None:
    command.upgrade(migrations._config(bare_url), "0016")
    engine = db.open_engine(bare_url)
    start = clock.now() - timedelta(days=20)
    with engine.begin() as connection:
        fill(connection, 1)
        tables = reflected(connection).tables
        posts, revisions = tables["posts"], tables["revisions"]
        offered = {"kind": "offer", "published_at": start, "withdrawn_at": start + timedelta(days=9)}
        connection.execute(posts.update().values(**offered))
        (row,) = connection.execute(select(revisions)).mappings()
        connection.execute(revisions.delete())
        for number, price in enumerate(("1.69", "1.29", None, "no price"), 1):
            content = {"kind": "offer", "title": "Bananen – reduziert", "price": price}
            made = {"number": number, "content": content, "created_at": start + timedelta(days=number - 1)}
            connection.execute(revisions.insert().values({**row, **made}))
    engine.dispose()
    migrations.upgrade(bare_url)
    engine = db.open_engine(bare_url)
    with Session(engine) as session:
        found = session.scalars(select(AnnouncedPrice).order_by(AnnouncedPrice.since)).all()
        told = [(one.name, one.cents, one.reduced, one.since - start, one.until) for one in found]
    engine.dispose()
    day = timedelta(days=1)
    assert told == [
        ("bananen", 169, True, timedelta(), start + day),
        ("bananen", 129, True, day, start + 2 * day),
    ]


def test_a_time_of_being_closed_moves_into_the_list_of_them_and_back(bare_url: str) -> None:
    command.upgrade(migrations._config(bare_url), "0026")
    engine = db.open_engine(bare_url)
    with engine.begin() as connection:
        fill(connection, 1)
        weekly = reflected(connection).tables["weekly"]
        connection.execute(
            weekly.update().values(closed_from=date(2026, 12, 24), closed_until=date(2027, 1, 7))
        )
    command.upgrade(migrations._config(bare_url), "0028")
    with engine.begin() as connection:
        (row,) = rows(connection)["weekly"]
        assert row["closed"] == [["2026-12-24", "2027-01-07"]]
    command.downgrade(migrations._config(bare_url), "0026")
    with engine.begin() as connection:
        (row,) = rows(connection)["weekly"]
        assert (row["closed_from"], row["closed_until"]) == (date(2026, 12, 24), date(2027, 1, 7))
    engine.dispose()
