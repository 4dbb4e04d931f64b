"""The wire to PostgreSQL is cut without a word: whoever asks gets an answer all the same, and workers come back."""

import contextlib
import threading
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient

from syndication import clock, config
from syndication.delivery import drain, rescue
from syndication.infra import db, postgres_timeouts
from syndication.models import Delivery, Merchant
from syndication.publishing import api_keys
from syndication.publishing.api_keys import KeyRequest
from syndication.stack.receiver import Receiver, Reply
from syndication.web.app import create_app
from tests import factories
from tests.black_hole import BlackHole, before_postgres
from tests.town import fan_out, hook, later, publish, states

#: Half a second without an answer, then two (libpq's least) for another connection.
SHORT = {"connect_timeout": "2", "tcp_user_timeout": "500"}
#: With much room for a loaded machine; without an end the requests below would wait for as long as the wire is cut.
BOUND = 12.0

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
def hole(database: str) -> Iterator[BlackHole]:
    """This process's database lies behind a wire that can be cut."""
    with before_postgres(database, **SHORT) as (found, url):
        db.connect(url, statement_timeout=30)
        yield found
        found.mend()
        db.connect(database)


@pytest.fixture
def key(hole: BlackHole, settings: config.Settings) -> str:
    with db.transaction() as session:
        merchant = factories.merchant(session).id
    return api_keys.create(merchant, KeyRequest(name="shop")).text


def ask(
    key: str, settings: config.Settings, path: str = "/api/v1/posts", **headers: str
) -> tuple[int, float]:
    client = TestClient(create_app(settings), raise_server_exceptions=False)
    began = clock.monotonic()
    answer = client.get(path, headers={"Authorization": f"Bearer {key}", **headers})
    took = clock.monotonic() - began
    if answer.status_code == 503:
        assert int(answer.headers["Retry-After"]) > 0
        assert ("Datenbank" if headers else "database does not answer") in answer.text
    return answer.status_code, took


def test_a_request_after_the_cut_is_answered_and_so_is_one_after_the_repair(
    hole: BlackHole, key: str, settings: config.Settings
) -> None:
    assert ask(key, settings)[0] == 200
    hole.cut()
    status, took = ask(key, settings)
    assert (status, took < BOUND) == (503, True)
    status, took = ask(key, settings, "/", accept="text/html", **{"accept-language": "de"})
    assert (status, took < BOUND) == (503, True)
    hole.mend()
    threading.Event().wait(postgres_timeouts._AWAY)
    assert ask(key, settings)[0] == 200


def test_a_request_that_is_under_way_when_it_is_cut_is_answered(
    hole: BlackHole, key: str, settings: config.Settings, database: str
) -> None:
    with psycopg.connect(database) as other:
        other.execute("LOCK TABLE posts IN ACCESS EXCLUSIVE MODE")
        answers: list[tuple[int, float]] = []
        asking = threading.Thread(target=lambda: answers.append(ask(key, settings)))
        asking.start()
        await_blocked(database)
        hole.cut()
        asking.join(BOUND)
    assert [status for status, _ in answers] == [503]


def test_a_statement_that_takes_long_is_left_in_peace_while_the_server_is_there(
    hole: BlackHole, key: str, settings: config.Settings, database: str
) -> None:
    with db.reading() as session:
        assert (
            session.scalar(text("SELECT 1 FROM pg_sleep(1.5)")) == 1
        )  # three times as long as an answer may take


def test_a_statement_of_the_web_has_an_end(hole: BlackHole, database: str) -> None:
    db.connect(database, statement_timeout=0.2)
    with pytest.raises(OperationalError) as caught, db.reading() as session:
        session.scalar(text("SELECT 1 FROM pg_sleep(20)"))
    assert db.why(caught.value) == "slow"


def await_blocked(database: str) -> None:
    """Until some statement waits for a lock."""
    with psycopg.connect(database, autocommit=True) as looking:
        until = clock.monotonic() + 30
        while clock.monotonic() < until:
            waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            if looking.execute(waiting).fetchone() != (0,):
                return
            threading.Event().wait(0.02)
    raise AssertionError("nothing waits")


def test_a_worker_comes_back_after_a_cut_and_nothing_is_lost(
    city: config.Settings, hole: BlackHole, receiver: Receiver
) -> None:
    hook(receiver)

    def cut(_request: object) -> Reply:
        hole.cut()
        return Reply()

    receiver.answer = cut
    for number in range(3):
        publish(f"m{number}", days=30)
    fan_out()
    with contextlib.suppress(*db.AWAY):  # the task fails, and is woken again
        drain.drain("push", seconds=1)
    receiver.answer = lambda _: Reply()
    hole.mend()
    threading.Event().wait(postgres_timeouts._AWAY)
    later(60)  # the leases of what was under way run out
    until, found = clock.monotonic() + 60, [""]
    while found != ["sent"] * 3 and clock.monotonic() < until:
        with contextlib.suppress(*db.AWAY):  # two seconds for a connection may be too few on a loaded machine
            rescue.sweep()
            drain.drain("push", seconds=1)
            later(60)
            found = states()
    assert found == ["sent"] * 3
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 3


def test_what_the_cut_off_client_had_locked_is_let_go(hole: BlackHole, database: str) -> None:
    with db.reading() as session:
        idle = session.scalar(text("SHOW idle_in_transaction_session_timeout"))
    assert idle == "1min"
    db.connect(database.replace("?", "?options=-c%20idle_in_transaction_session_timeout%3D300&"))
    with psycopg.connect(database) as other, db.engine().connect() as connection:
        connection.execute(text("LOCK TABLE merchants IN ACCESS EXCLUSIVE MODE"))
        assert other.execute("SELECT count(*) FROM merchants").fetchone() == (0,)
        connection.invalidate()
    with db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Merchant)) == 0
        assert session.scalar(select(func.count()).select_from(Delivery)) == 0
