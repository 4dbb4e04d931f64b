"""A real worker at a real broker into which somebody puts everything but messages: it lives, and each is a dead letter."""

import json
from pathlib import Path

import psutil
import pytest
from sqlalchemy import func, select

from syndication.infra import db
from syndication.models import DeadLetter, Post
from syndication.ops import broker
from tests import factories, hostile_messages
from tests.e2e.city import City

#: What a worker may grow by (bytes) while all of them pass: one of them unfolds to 20 MB, and several are of megabytes.
_MOST_GROWTH = 60_000_000


def _letters() -> int:
    with db.reading() as session:
        return session.scalar(select(func.count()).select_from(DeadLetter)) or 0


def _posts() -> int:
    with db.reading() as session:
        return session.scalar(select(func.count()).select_from(Post)) or 0


def _good(number: int) -> bytes:
    post = hostile_messages.POST | {"source_ref": f"good-{number}"}
    named = {"merchant": "kino", "post": post}
    return json.dumps(hostile_messages.envelope(hostile_messages.body(named=named))).encode()


def test_whatever_lies_in_the_lists_the_worker_lives_and_the_next_post_arrives(
    database_url: str, tmp_path: Path
) -> None:
    hostile = list(hostile_messages.refused())
    assert len(hostile) >= 60
    with City(tmp_path, database_url) as city:
        with db.transaction() as session:
            factories.merchant(session, "kino")
        city.start_worker("rest", "housekeeping,fanout,feeds", 2)
        queue = city.broker.client()
        queue.lpush("housekeeping", _good(0))
        city.await_that(lambda: _posts() == 1, seconds=60, what="a worker that works")
        worker = psutil.Process(city.worker_pid("rest"))
        began, children = worker.memory_info().rss, {child.pid for child in worker.children()}
        for _, name, item in hostile:
            queue.lpush(name, item)
        for number in range(1, 4):
            queue.lpush("housekeeping", _good(number))
        # What is published to the workers' control and event channels is no message either.
        for channel in ("/0.celery.pidbox", "/0.celeryev/worker.online"):
            for garbage in hostile_messages.published():
                queue.publish(channel, garbage)
        city.await_that(
            lambda: _letters() >= len(hostile) and _posts() == 4,
            seconds=90,
            what=f"{len(hostile)} dead letters and 4 posts",
        )
        # A worker that garbage had deafened would answer nobody any more.
        assert len(broker.listeners(city.cfg.resolved_broker_url)) == 1
        assert city.worker_pid("rest") == worker.pid
        assert worker.is_running()
        assert worker.status() != psutil.STATUS_ZOMBIE
        assert {child.pid for child in worker.children()} == children
        grown = worker.memory_info().rss - began
        print(f"{len(hostile)} messages, the worker grew by {grown / 1e6:.1f} MB")
        assert grown < _MOST_GROWTH
        assert _letters() == len(hostile)
        assert [queue.llen(name) for name in ("housekeeping", "fanout", "feeds")] == [0, 0, 0]
        city.await_that(lambda: queue.hlen("unacked") == 0, seconds=20, what="all acknowledged")
        with db.reading() as session:
            for letter in session.scalars(select(DeadLetter)):
                assert " " in letter.reason
                assert len(letter.payload) <= 20_000
                assert "Traceback" not in letter.reason


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_queue_that_is_no_list_stops_a_worker_for_as_long_as_it_is_there(
    database_url: str, tmp_path: Path
) -> None:
    with City(tmp_path, database_url) as city:
        with db.transaction() as session:
            factories.merchant(session, "kino")
        city.start_worker("rest", "housekeeping,fanout", 2)
        queue, log = city.broker.client(), tmp_path / "rest.log"
        queue.lpush("housekeeping", _good(0))
        city.await_that(lambda: _posts() == 1, seconds=60, what="a worker that works")
        city.await_that(lambda: queue.exists("fanout") == 0, seconds=20, what="an empty queue")
        queue.set("fanout", "no list")
        city.await_that(lambda: "ResponseError" in log.read_text(), seconds=30, what="the worker to notice")
        queue.delete("fanout")
        queue.lpush("housekeeping", _good(1))
        city.await_that(lambda: _posts() == 2, seconds=60, what="the next post")
        assert city.worker_pid("rest")
