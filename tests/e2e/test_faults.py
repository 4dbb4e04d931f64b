"""What dies, and what must not be lost by it. Each test shows that its fault happened."""

import json
import random
import re
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import func, select

from syndication import bell, db, migrations
from syndication.models import DeadLetter, Post
from tests import factories, hostile_messages
from tests.conftest import postgres_server
from tests.e2e.city import LEASE, City, every, lost_and_doubled

#: The promise: recovered within the lease and ten seconds more.
RECOVERY = LEASE + 10


def log(city: City, name: str) -> str:
    return (city.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")


def test_ten_random_kills_in_an_edition_of_3000_lose_nothing(database_url: str, tmp_path: Path) -> None:
    with City(tmp_path, database_url) as city:
        city.readers(3000)
        city.mail.delay = 0.006  # two connections need nine seconds: long enough to be shot at
        city.start()
        city.publish()
        city.await_mails(100, seconds=60)
        chance, killed = random.Random(1), set()
        for _ in every(0.3, 100):
            if len(killed) == 10 or not city.unfinished():
                break
            if (pid := city.kill_one(chance)) is not None:
                killed.add(pid)
        assert len(killed) == 10, "ten processes died while mails were waiting"
        city.mail.delay = 0.0
        city.await_mails(3000, seconds=RECOVERY + 60)
        city.await_done(seconds=RECOVERY)
        lost, doubled = lost_and_doubled(city, 3000)
    assert lost == 0
    assert doubled <= len(killed)


@pytest.mark.parametrize("connections", [2, 20])
def test_killing_everything_at_once_loses_nothing(
    database_url: str, tmp_path: Path, connections: int
) -> None:
    with City(tmp_path, database_url, mail_connections=connections) as city:
        city.readers(1000)
        for number in range(10):
            city.webhook(f"/hook{number}")
        city.mail.delay = 0.002
        city.start()
        city.publish(3)
        city.await_that(lambda: len(city.mail.mails) > 200, seconds=60, what="some mails")
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
    assert len(set(copies)) == 3000
    assert len(copies) - 3000 <= connections, "one for each mail connection"
    assert len(set(arrived)) == 30
    assert len(arrived) - 30 <= 10, "one for each webhook connection"


def test_flushing_the_broker_loses_nothing_and_repeats_nothing(database_url: str, tmp_path: Path) -> None:
    with City(tmp_path, database_url) as city:
        city.readers(200)
        city.webhook("/hook")
        city.start()
        city.publish()
        city.await_mails(1, seconds=60)
        flushed = 0
        for _ in every(0.2, 10):
            city.publish()
            city.broker.flush()
            flushed += 1
        city.await_that(lambda: len(city.mail.mails) >= 200 * 11, seconds=60, what="all mails")
        city.await_done(seconds=RECOVERY)
        arrived = [request.headers["webhook-id"] for request in city.hooks.requests]
        copies = [mail.message_id for mail in city.mail.mails]
    assert flushed == 10
    assert len(copies) == len(set(copies)) == 200 * 11
    assert len(arrived) == len(set(arrived)) == 11


def test_a_broker_that_dies_delays_and_loses_nothing(database_url: str, tmp_path: Path) -> None:
    with City(tmp_path, database_url) as city:
        city.readers(100)
        city.webhook("/hook")
        city.start()
        city.publish()
        city.await_mails(100, seconds=60)
        before = city.broker.pid
        restart = threading.Thread(target=lambda: city.broker.restart(pause=3))
        restart.start()
        city.publish(3)  # accepted while the broker is dead
        restart.join()
        assert city.broker.pid != before
        city.await_that(lambda: len(city.mail.mails) >= 400, seconds=RECOVERY + 30, what="all mails")
        city.await_that(lambda: len(city.hooks.requests) >= 4, seconds=RECOVERY + 30, what="all requests")
        copies = [mail.message_id for mail in city.mail.mails]
        assert "Connection" in log(city, "mail") or "onnect" in log(city, "mail")
    assert len(copies) == len(set(copies)) == 400


@pytest.fixture
def own_postgres() -> Iterator[tuple[str, Path]]:
    """A PostgreSQL of this test's own, which syncs its disk and may be stopped; its URL and its pg_ctl's data folder."""
    with postgres_server() as server:
        migrations.upgrade(server.get_uri())
        yield server.get_uri(), server.pgdata


def test_a_postgresql_stopped_at_once_loses_nothing(own_postgres: tuple[str, Path], tmp_path: Path) -> None:
    url, folder = own_postgres
    with City(tmp_path, url) as city:
        city.readers(1000)
        city.mail.delay = 0.002
        city.start()
        city.publish()
        city.await_mails(100, seconds=60)
        _pg_ctl(folder, "stop", "-m", "immediate")
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(url, connect_timeout=2)
        threading.Event().wait(2)
        city.mail.delay = 0.0
        _pg_ctl(folder, "start", "-o", _options(folder))
        city.await_mails(1000, seconds=RECOVERY + 60)
        city.await_done(seconds=RECOVERY + 30)
        lost, doubled = lost_and_doubled(city, 1000)
    assert lost == 0
    assert doubled <= 4, "one for each connection that was sending, before and after"


def test_messages_that_come_while_the_database_is_down_are_kept_good_ones_and_bad_ones(
    own_postgres: tuple[str, Path], tmp_path: Path
) -> None:
    url, folder = own_postgres

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
        _pg_ctl(folder, "stop", "-m", "immediate")
        queue.lpush("housekeeping", message("1"), message("2", content_type="application/data"), "garbage")
        queue.lpush("housekeeping", message("3"), message("4", task="posts.eat"))
        log = tmp_path / "rest.log"
        city.await_that(lambda: log.read_text().count("message.comes_back") >= 3, seconds=40, what="refusals")
        _pg_ctl(folder, "start", "-o", _options(folder))
        city.await_that(
            lambda: (count(Post), count(DeadLetter)) == (3, 3), seconds=60, what="3 posts and 3 dead letters"
        )
        city.await_that(lambda: queue.hlen("unacked") == 0, seconds=20, what="all acknowledged")
        assert queue.llen("housekeeping") == 0


def _pg_ctl(folder: Path, *arguments: str) -> None:
    # The wheel holds several versions; postmaster.opts begins with the program that made this folder.
    server = (folder / "postmaster.opts").read_text(encoding="utf-8").split(" ", 1)[0]
    program = Path(server.strip('"')).with_name("pg_ctl")
    command = [str(program), "-w", "-D", str(folder), "-l", str(folder / "log"), *arguments]
    # PostgreSQL refuses to run as root; the wheel made a user for that.
    import os
    import shutil

    if os.geteuid() == 0:
        assert shutil.which("su")
        command = ["su", "pgserver", "-s", "/bin/sh", "-c", " ".join(f"'{part}'" for part in command)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


def _options(folder: Path) -> str:
    """The options the server was first started with, as postmaster.opts keeps them."""
    text = (folder / "postmaster.opts").read_text(encoding="utf-8")
    sockets = re.search(r'"-k" "([^"]+)"', text)
    assert sockets is not None, text
    return f'-h "" -k {sockets.group(1)}'


def test_two_beats_and_bells_rung_five_times_repeat_nothing(database_url: str, tmp_path: Path) -> None:
    with City(tmp_path, database_url, log_level="DEBUG") as city:  # beats say so only there
        city.readers(100)
        city.webhook("/hook")
        city.start(beats=2)
        for number in every(0.3, 10):
            city.publish()
            for _ in range(5):
                bell.ring("fanout", number + 1)
                for queue in ("push", "mail", "feeds"):
                    bell.ring(queue)
        city.await_that(lambda: len(city.mail.mails) >= 1000, seconds=60, what="all mails")
        city.await_done(seconds=30)
        for number in (0, 1):
            city.await_that(
                lambda n=number: "Sending due task" in log(city, f"beat{n}"),
                seconds=20,
                what=f"beat {number} at work",
            )
        copies = [mail.message_id for mail in city.mail.mails]
        arrived = [request.headers["webhook-id"] for request in city.hooks.requests]
    assert len(copies) == len(set(copies)) == 1000
    assert len(arrived) == len(set(arrived)) == 10
