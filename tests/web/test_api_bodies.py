"""Bad input gets a clear answer, never a failure of ours: bodies that are broken, huge, deep, slow, or not JSON."""

import json
import socket
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from syndication.config import Settings
from syndication.infra import db
from syndication.web import body_limits
from tests.web.conftest import Party
from tests.web.serving import served

pytestmark = pytest.mark.enough("sqlite")  # bodies are refused before any SQL

JSON = {"Content-Type": "application/json"}


def refused(answer: Any, status: int) -> str:
    """The sentence of a problem document, whose form is checked."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["type"] == "about:blank"
    assert problem["title"]
    return str(problem["detail"])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"{", 400),
        (b'{"kind": "offer", "title": "\xff\xfe"}', 400),
        (b'{"kind": "offer", "title": "a"} trailing', 400),
        (b"[" * 100_000, 400),
        (b'{"kind":' * 50_000, 400),
        (b"9" * 5_000, 400),
        (b"null", 422),
        (b"[]", 422),
        (b'"text"', 422),
        (b'{"kind": "offer", "title": "a\\u0000b"}', 422),
        (b'{"kind": "offer", "title": "a\\ud800b"}', 422),
        (b'{"kind": "offer", "title": "line\\nbreak"}', 422),
        (b'{"kind": "offer", "title": "a", "price": NaN}', 422),
        (b'{"kind": "offer", "title": "a", "price": 1e400}', 422),
        (b'{"kind": "offer", "title": "a", "\\ud800": 1}', 422),
        (b'{"kind": "offer", "title": "a", "valid_until": "9999-12-31T23:59:59-12:00"}', 422),
        (b'{"kind": "event", "title": "a", "starts_at": "2030-01-02T00:00Z", "ends_at": "2030-01-01T00:00Z"}', 422),
    ],
)  # fmt: skip
def test_a_bad_body_is_refused_in_words(cafe: Party, body: bytes, status: int) -> None:
    refused(cafe("POST", "/posts", content=body, headers=JSON), status)


def test_a_thousand_faults_are_answered_briefly(cafe: Party) -> None:
    answer = cafe("POST", "/posts", json={f"field{number}": "x" * 500 for number in range(1000)})
    refused(answer, 422)
    assert len(answer.content) < 30_000


def test_a_field_named_twice_is_refused_by_its_name(cafe: Party) -> None:
    body = b'{"kind": "offer", "title": "first", "title": "second"}'
    assert "title twice" in refused(cafe("POST", "/posts", content=body, headers=JSON), 400)


def test_a_body_over_one_megabyte_is_refused_announced_or_not(cafe: Party) -> None:
    large = json.dumps({"kind": "offer", "title": "a", "body": "x" * 1_000_001}).encode()
    assert "1 MB" in refused(cafe("POST", "/posts", content=large, headers=JSON), 413)
    pieces = (large[start : start + 65_536] for start in range(0, len(large), 65_536))
    assert "1 MB" in refused(cafe("POST", "/posts", content=pieces, headers=JSON), 413)


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml", ""]
)
def test_a_body_that_is_not_declared_as_json_is_refused(cafe: Party, content_type: str) -> None:
    body = b'{"kind": "offer", "title": "a"}'
    headers = {"Content-Type": content_type} if content_type else {}
    refused(cafe("POST", "/posts", content=body, headers=headers), 415)


@pytest.mark.parametrize(
    ("accept", "status"),
    [("application/json", 200), ("*/*", 200), ("application/*;q=0.5", 200), ("text/html", 406),
     ("application/json;q=0", 406), ("application/json;q=0, */*", 406)],
)  # fmt: skip
def test_whoever_cannot_read_json_is_told_so(cafe: Party, accept: str, status: int) -> None:
    assert cafe("GET", "/posts", headers={"Accept": accept}).status_code == status


def test_an_unknown_address_and_method_are_problems_too(cafe: Party) -> None:
    refused(cafe("GET", "/nothing"), 404)
    answer = cafe("PUT", "/posts", json={})
    refused(answer, 405)
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS, POST"


@pytest.mark.parametrize(
    "path",
    ["/posts/not-a-uuid", "/deliveries/0", f"/deliveries/{2**63}", "/posts?limit=0", "/posts?limit=201",
     "/posts?after=x", "/posts?merchant=%00", "/deliveries?channel=%00", "/deliveries?since=2026-01-01T00:00:00",
     "/merchants/%00", "/deliveries?after=-1"],
)  # fmt: skip
def test_a_parameter_that_makes_no_sense_is_named(operator: Party, path: str) -> None:
    answer = operator("GET", path)
    refused(answer, 422)
    assert answer.json()["errors"]


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "é".encode()])
def test_an_idempotency_key_that_is_none_is_refused(cafe: Party, key: str | bytes) -> None:
    answer = cafe("POST", "/posts", json={"kind": "offer", "title": "a"}, headers={"Idempotency-Key": key})
    refused(answer, 422)


def test_answers_of_the_api_are_kept_by_no_cache(cafe: Party) -> None:
    answer = cafe("GET", "/posts")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_body_that_trickles_in_is_refused_and_holds_no_worker(
    cafe: Party, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        body_limits, "USUAL", replace(body_limits.USUAL, seconds=0.5)
    )  # ten seconds would only make the test slow
    head = (
        "POST /api/v1/posts HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {cafe.key}\r\nContent-Length: 100\r\n\r\n{{"
    )
    with served(settings) as address:
        host, port = address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            connection.sendall(head.encode())
            answer = connection.recv(65_536).decode()
    assert answer.startswith("HTTP/1.1 408")
    assert "application/problem+json" in answer
    assert "connection: close" in answer.lower()


def test_a_table_that_is_gone_is_our_fault_and_tells_nothing_about_tables(
    client: TestClient, cafe: Party
) -> None:
    with db.engine().begin() as connection:
        connection.execute(text("ALTER TABLE posts RENAME TO posts_away"))
    try:
        answer = cafe("GET", "/posts")
    finally:  # the tests that follow live in the same database
        with db.engine().begin() as connection:
            connection.execute(text("ALTER TABLE posts_away RENAME TO posts"))
    # To SQLite it is an operational error, to PostgreSQL a programming error.
    assert answer.status_code in (500, 503)
    assert "posts_away" not in answer.text
    assert "SELECT" not in answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_database_that_does_not_answer_is_503_with_a_time_to_wait(client: TestClient, cafe: Party) -> None:
    db.connect("postgresql://nobody@127.0.0.1:9/none?connect_timeout=1")
    answer = cafe("GET", "/posts")
    refused(answer, 503)
    assert int(answer.headers["Retry-After"]) > 0
