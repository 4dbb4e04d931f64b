"""What dies, and what must not be lost by it. Each test shows that its fault happened."""

import json
import random
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import func, select

from syndication.infra import db, wakeups
from syndication.models import DeadLetter, Post
from tests import factories, hostile_messages
from tests.e2e.city import LEASE, City, every, lost_and_doubled
from tests.e2e.own_postgres import OwnPostgres

#: The promise: recovered within the lease and ten seconds more.
RECOVERY = LEASE + 10


def log(city: City, name: str) -> str:
    return (city.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")


@pytest.mark.enough("postgresql")
def test_ten_random_kills_in_an_edition_of_800_lose_nothing(database_url: str, tmp_path: Path) -> None:
    with City(tmp_path, database_url, mail_batch=40) as city:
        city.readers(800)
        city.mail.delay = 0.05  # two connections would need twenty seconds: long enough to be shot at
        city.start()
        city.publish()
        city.await_mails(50, seconds=60)
        chance, killed = random.Random(1), set()
        for _ in every(0.3, 100):
            if len(killed) == 10 or not city.unfinished():
                break
            if (pid := city.kill_one(chance)) is not None:
                killed.add(pid)
        assert len(killed) == 10, "ten processes died while mails were waiting"
        city.mail.delay = 0.0
        city.await_mails(800, seconds=RECOVERY + 60)
        city.await_done(seconds=RECOVERY)
        lost, doubled = lost_and_doubled(city, 800)
    assert lost == 0
    assert doubled <= len(killed)


@pytest.mark.parametrize("connections", [2, 20])
@pytest.mark.enough("sqlite")
def test_killing_everything_at_once_loses_nothing(
    database_url: str, tmp_path: Path, connections: int
) -> None:
    # A lane of 40, so that there is one for each of twenty connections.
    with City(tmp_path, database_url, mail_connections=connections, mail_batch=40) as city:
        city.readers(300)
        for number in range(10):
            city.webhook(f"/hook{number}")
        city.mail.delay = 0.002 * connections
        city.start()
        city.publish(3)
        city.await_that(lambda: len(city.mail.mails) > 100, seconds=60, what="some mails")
        sending = city.unfinished()
        killed = city.kill_all()
        assert sending > 100
        assert killed
        assert not any(process.is_running() for process in city.pool_processes())
        city.mail.delay = 0.0
        city.start()
        city.await_done(seconds=RECOVERY + 60)
        copies = [mail.message_id for mail in city.mail.mails]
        arrived = [(request.path, request.headers["webhook-id"]) for request in city.hooks.requests]
        assert all(request.verified for request in city.hooks.requests)
    assert len(set(copies)) == 900
    assert len(copies) - 900 <= connections, "one for each mail connection"
    assert len(set(arrived)) == 30
    assert len(arrived) - 30 <= 10, "one for each webhook connection"


@pytest.mark.enough("postgresql")
def test_flushing_the_broker_loses_nothing_and_repeats_nothing(database_url: str, tmp_path: Path) -> None:
    with City(tmp_path, database_url) as city:
        city.readers(50)
        city.webhook("/hook")
        city.start()
        city.publish()
        city.await_mails(1, seconds=60)
        flushed = 0
        for _ in every(0.2, 10):
            city.publish()
            city.broker.flush()
            flushed += 1
        city.await_that(lambda: len(city.mail.mails) >= 50 * 11, seconds=60, what="all mails")
        city.await_done(seconds=RECOVERY)
        arrived = [request.headers["webhook-id"] for request in city.hooks.requests]
        copies = [mail.message_id for mail in city.mail.mails]
    assert flushed == 10
    assert len(copies) == len(set(copies)) == 50 * 11
    assert len(arrived) == len(set(arrived)) == 11


@pytest.mark.enough("sqlite")
def test_a_broker_that_dies_delays_and_loses_nothing(database_url: str, tmp_path: Path) -> None:
    with City(tmp_path, database_url) as city:
        city.readers(50)
        city.webhook("/hook")
        city.start()
        city.publish()
        city.await_mails(50, seconds=60)
        before = city.broker.pid
        restart = threading.Thread(target=lambda: city.broker.restart(pause=1))
        restart.start()
        city.publish(3)  # accepted while the broker is dead
        restart.join()
        assert city.broker.pid != before
        city.await_that(lambda: len(city.mail.mails) >= 200, seconds=RECOVERY + 30, what="all mails")
        city.await_that(lambda: len(city.hooks.requests) >= 4, seconds=RECOVERY + 30, what="all requests")
        copies = [mail.message_id for mail in city.mail.mails]
        assert "Connection" in log(city, "mail") or "onnect" in log(city, "mail")
    assert len(copies) == len(set(copies)) == 200


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[OwnPostgres]:
    """A PostgreSQL of these tests' own, which syncs its disk and may be stopped."""
    with OwnPostgres() as server:
        yield server


def test_a_postgresql_stopped_at_once_loses_nothing(own_postgres: OwnPostgres, tmp_path: Path) -> None:
    url = own_postgres.fresh("stopped")
    with City(tmp_path, url) as city:
        city.readers(400)
        city.mail.delay = 0.005
        city.start()
        city.publish()
        city.await_mails(50, seconds=60)
        own_postgres.stop()
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(url, connect_timeout=2)
        threading.Event().wait(1)
        city.mail.delay = 0.0
        own_postgres.start()
        city.await_mails(400, seconds=RECOVERY + 60)
        city.await_done(seconds=RECOVERY + 30)
        lost, doubled = lost_and_doubled(city, 400)
    assert lost == 0
    assert doubled <= 4, "one for each connection that was sending, before and after"


def test_messages_that_come_while_the_database_is_down_are_kept_good_ones_and_bad_ones(
    own_postgres: OwnPostgres, tmp_path: Path
) -> None:
    url = own_postgres.fresh("down")

    def message(reference: str, **changes: Any) -> str:
        post = hostile_messages.POST | {"source_ref": reference}
        whole = hostile_messages.envelope(
            hostile_messages.body(named={"merchant": "kino", "post": post}), **changes
        )
        return json.dumps(whole)

    def count(model: Any) -> int:
        with db.reading() as session:
            return session.scalar(select(func.count()).select_from(model)) or 0

    with City(tmp_path, url) as city:
        with db.transaction() as session:
            factories.merchant(session, "kino")
        city.start_worker("rest", "housekeeping", 2)
        queue = city.broker.client()
        queue.lpush("housekeeping", message("0"))
        city.await_that(lambda: count(Post) == 1, seconds=60, what="a worker that works")
        own_postgres.stop()
        queue.lpush("housekeeping", message("1"), message("2", content_type="application/data"), "garbage")
        queue.lpush("housekeeping", message("3"), message("4", task="posts.eat"))
        log = tmp_path / "rest.log"
        city.await_that(lambda: log.read_text().count("message.comes_back") >= 3, seconds=40, what="refusals")
        own_postgres.start()
        city.await_that(
            lambda: (count(Post), count(DeadLetter)) == (3, 3), seconds=60, what="3 posts and 3 dead letters"
        )
        city.await_that(lambda: queue.hlen("unacked") == 0, seconds=20, what="all acknowledged")
        assert queue.llen("housekeeping") == 0


@pytest.mark.enough("postgresql")
def test_two_beats_and_wakeups_sent_five_times_repeat_nothing(database_url: str, tmp_path: Path) -> None:
    with City(tmp_path, database_url, log_level="DEBUG") as city:  # beats say so only there
        city.readers(50)
        city.webhook("/hook")
        city.start(beats=2)
        for number in every(0.3, 10):
            city.publish()
            for _ in range(5):
                wakeups.wake("fanout", number + 1)
                for queue in ("push", "mail", "feeds"):
                    wakeups.wake(queue)
        city.await_that(lambda: len(city.mail.mails) >= 500, seconds=60, what="all mails")
        city.await_done(seconds=30)
        for number in (0, 1):
            city.await_that(
                lambda n=number: "Sending due task" in log(city, f"beat{n}"),
                seconds=20,
                what=f"beat {number} at work",
            )
        copies = [mail.message_id for mail in city.mail.mails]
        arrived = [request.headers["webhook-id"] for request in city.hooks.requests]
    assert len(copies) == len(set(copies)) == 500
    assert len(arrived) == len(set(arrived)) == 10
