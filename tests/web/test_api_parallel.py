"""Many requests at once, over real sockets: one post, one answer, exact counts."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import func, select

from syndication import clock, destinations
from syndication.config import Settings
from syndication.errors import Invalid
from syndication.infra import db
from syndication.models import Change, IdempotencyKey, Post, Revision
from syndication.publishing import api_keys, idempotency
from syndication.publishing.api_keys import KeyRequest
from tests import factories
from tests.web.serving import served

pytestmark = pytest.mark.usefixtures("database")


def fifty(address: str, key: str, requests: list[dict[str, Any]]) -> list[httpx2.Response]:
    """The answers to POST /posts, sent by 50 clients at once."""
    headers = {"Authorization": f"Bearer {key}"}
    with ThreadPoolExecutor(50) as pool, httpx2.Client(base_url=address, timeout=60) as client:

        def send(request: dict[str, Any]) -> httpx2.Response:
            merged = headers | request.get("headers", {})
            return client.post("/api/v1/posts", json=request["json"], headers=merged)

        return list(pool.map(send, requests))


def shop(**fields: Any) -> str:
    """The key of a merchant."""
    with db.transaction() as session:
        merchant_id = factories.merchant(session, **fields).id
    return api_keys.create(merchant_id, KeyRequest(name="shop")).text


def count(table: Any) -> int:
    """Rows of a table."""
    with db.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_fifty_identical_requests_at_once_make_one_post(settings: Settings) -> None:
    key, body = shop(), factories.event().model_dump(mode="json", exclude_unset=True)
    request = {"json": body, "headers": {"Idempotency-Key": "same"}}
    with served(settings) as address:
        answers = fifty(address, key, [request] * 50)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1
    assert (count(Post), count(Revision), count(Change)) == (1, 1, 1)


def test_a_quota_holds_against_fifty_requests_at_once(settings: Settings) -> None:
    key, body = shop(posts_per_day=7), factories.event().model_dump(mode="json", exclude_unset=True)
    with served(settings) as address:
        answers = fifty(address, key, [{"json": body | {"title": f"Abend {n}"}} for n in range(50)])
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(201), statuses.count(429)) == (7, 43)
    assert count(Post) == 7


def test_a_source_is_taken_once_by_fifty_requests_at_once(settings: Settings) -> None:
    key = shop()
    body = factories.event(source_ref="calendar:1").model_dump(mode="json", exclude_unset=True)
    with served(settings) as address:
        answers = fifty(address, key, [{"json": body}] * 50)
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(201), statuses.count(422)) == (1, 49)


def test_a_request_whose_first_copy_is_still_worked_on_is_in_flight(
    database: str, settings: Settings
) -> None:
    if database.startswith("sqlite"):
        pytest.skip("SQLite has one writer at a time: the second request waits, it cannot meet the first")
    outcome: list[BaseException | None] = []

    def second() -> None:
        try:
            idempotency.once("cafe", "k", "mark", lambda: (201, {"id": "2"}))
            outcome.append(None)
        except idempotency.InFlight as error:
            outcome.append(error)

    def first() -> tuple[int, dict[str, Any]]:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(second).result()
        return 201, {"id": "1"}

    assert idempotency.once("cafe", "k", "mark", first).replayed is False
    assert isinstance(outcome[0], idempotency.InFlight)
    assert idempotency.once("cafe", "k", "mark", first).replayed is True


def test_an_answer_is_forgotten_after_a_day(settings: Settings) -> None:
    idempotency.once("cafe", "k", "mark", lambda: (201, {"id": "1"}))
    with pytest.raises(Invalid):
        idempotency.once("cafe", "k", "another", lambda: (201, {"id": "2"}))
    assert idempotency.sweep() == 0
    clock.travel(timedelta(hours=24, seconds=1))
    # What is too old does not answer any more, swept or not.
    assert idempotency.once("cafe", "k", "another", lambda: (201, {"id": "2"})).body == {"id": "2"}
    idempotency.once("cafe", "k2", "mark", lambda: (201, {"id": "3"}))
    clock.travel(timedelta(hours=24, seconds=1))
    assert idempotency.sweep() == 2
    assert count(IdempotencyKey) == 0


def test_what_comes_with_the_city_is_made_once_by_many_processes(settings: Settings) -> None:
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(destinations.ensure_built_in) for _ in range(8)]:
            done.result()
    kinds = [one.channel for one in destinations.listed()]
    assert sorted(kinds) == ["feed", "newsletter"]
