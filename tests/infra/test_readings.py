"""What only reads: sessions of its own, or one that many join."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from syndication import clock
from syndication.infra import db
from syndication.models import Merchant
from tests import factories

IDLE = "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction' AND datname = current_database()"

pytestmark = pytest.mark.usefixtures("database")


def added(slug: str) -> None:
    with db.transaction() as session:
        factories.merchant(session, slug)


def count() -> int:
    with db.reading() as session:
        return session.scalar(select(func.count()).select_from(Merchant)) or 0


def test_inside_of_one_reading_all_read_by_the_same_session_and_outside_by_their_own() -> None:
    with db.one_reading():
        with db.reading() as first, db.reading() as second:
            assert first is second
        with db.one_reading(), db.reading() as inner:
            assert inner is first
        with db.reading() as still:
            assert still is first
        with ThreadPoolExecutor(1) as other, db.reading() as mine:
            assert other.submit(lambda: mine is joined()).result() is False
    with db.reading() as first, db.reading() as second:
        assert first is not second


def joined() -> object:
    with db.reading() as session:
        return session


def test_a_statement_that_fails_takes_no_other_with_it() -> None:
    added("cafe")
    with db.one_reading():
        assert count() == 1
        with pytest.raises(DBAPIError), db.reading() as session:
            session.execute(text("SELECT no_such_column FROM merchants"))
        assert count() == 1


def test_whoever_reads_holds_up_nobody_who_writes_and_the_next_one_sees_it() -> None:
    with db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Merchant)) == 0
        added("cafe")
    with db.one_reading():
        assert count() == 1
        added("bar")
    assert count() == 2


def test_rows_that_are_changed_where_one_only_reads_are_refused() -> None:
    added("cafe")
    with db.reading() as session:
        session.scalars(select(Merchant)).one().name = "Bar"
        with pytest.raises(RuntimeError, match="only reads"):
            session.flush()
    assert count() == 1


def test_whoever_has_read_leaves_no_transaction_open_that_keeps_old_rows_from_being_cleared_away() -> None:
    """On SQLite a snapshot ends with the session; PostgreSQL would see it as idle in a transaction."""
    with db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Merchant)) == 0
        if not db.one_writer():
            with db.engine().connect() as other:
                assert other.scalar(text(IDLE)) == 0


def test_the_moment_goes_on_inside_and_follows_a_clock_that_is_moved() -> None:
    with db.one_reading(), db.reading() as session:
        first = db.now(session)
        assert abs(first - clock.now()) < timedelta(seconds=5)
        assert db.now(session) > first
        clock.travel(timedelta(hours=1))
        assert timedelta(hours=1) < db.now(session) - first < timedelta(hours=1, minutes=1)


def test_of_two_moments_the_later_one_is_never_before_the_earlier() -> None:
    with db.transaction() as session:
        moments = [db.now(session) for _ in range(300)]
    assert moments == sorted(moments)
