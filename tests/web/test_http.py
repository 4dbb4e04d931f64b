"""HTTP itself (RFC 9110): HEAD is GET without a body, Allow says what an address knows, OPTIONS asks for it."""

import http.client
import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.testclient import TestClient

from syndication import clock
from syndication.audience import feeds
from syndication.config import Settings
from syndication.infra import db
from syndication.publishing import api_keys, posts
from syndication.publishing.api_keys import KeyRequest
from syndication.web.app import create_app
from tests import factories
from tests.web.serving import served
from tests.web.test_site import confirmed

pytestmark = pytest.mark.enough("sqlite")  # what stands above SQL


@pytest.fixture
def known(database: str, settings: Settings) -> dict[str, str]:
    """What stands for the parameters of paths, and `key`."""
    with db.transaction() as session:
        merchant = factories.merchant(session)
        hook = factories.destination(session, merchant_id=merchant.id)
        known = {"slug": merchant.slug, "destination_id": str(hook.id), "kind": "telegram"}
        merchant_id = merchant.id
    known["post_id"] = str(posts.create(merchant_id, factories.event()).id)
    known["key"] = api_keys.create(None, KeyRequest(name="hall", scopes=("operator",))).text
    known |= {"token": confirmed(), "delivery_id": "1", "path": "all.atom", "number": "1", "size": "page"}
    return known


def addresses(app: FastAPI, known: dict[str, str]) -> dict[str, set[str]]:
    """Every address of the service and the methods of its routes."""
    found: dict[str, set[str]] = {}
    for route in iter_route_contexts(app.routes):
        path = re.sub(
            r"\{(\w+)(?::\w+)?\}", lambda one: known.get(one[1], "x"), getattr(route, "path", "") or "/"
        )
        found.setdefault(path, set()).update(getattr(route, "methods", None) or ())
    assert len(found) > 50
    return found


def test_head_says_what_get_says_and_sends_no_body(settings: Settings, known: dict[str, str]) -> None:
    app, headers = create_app(settings), {"Authorization": f"Bearer {known['key']}"}
    with TestClient(app, follow_redirects=False) as client:
        asked = 0
        client.get("/feeds/all.atom")
        clock.travel(timedelta(seconds=5))  # within its first second a feed is dated back
        for path in [
            one for one, methods in addresses(app, known).items() if "GET" in methods and one != "/metrics"
        ]:  # which counts on meanwhile
            for accept in ("text/html", "*/*"):
                got = client.get(path, headers={**headers, "Accept": accept})
                told = client.head(path, headers={**headers, "Accept": accept})
                assert (told.status_code, told.content) == (got.status_code, b""), path
                assert {**told.headers, "set-cookie": ""} == {**got.headers, "set-cookie": ""}, path
                assert (
                    int(told.headers["content-length"]) == len(got.content)
                    or "content-encoding" in got.headers
                ), path
                asked += got.status_code == 200
        assert asked > 40


def test_head_works_over_a_connection_that_goes_on(settings: Settings, known: dict[str, str]) -> None:
    with served(settings) as base:
        connection = http.client.HTTPConnection(urlsplit(base).netloc, timeout=10)
        feed = feeds.document("all", "atom")
        for path in ("/", "/nothing", "/style.css", "/feeds/all.atom", "/api/v1/channels", "/healthz"):
            connection.request("HEAD", path)
            told = connection.getresponse()
            assert told.read() == b""
            connection.request("GET", path)
            got = connection.getresponse()
            body = got.read()
            assert told.status == got.status
            assert told.headers["content-length"] == got.headers["content-length"] == str(len(body)), path
            assert told.headers["etag"] == got.headers["etag"]
        assert len(feed.body) > 100
        connection.request("OPTIONS", "*")
        star = connection.getresponse()
        star.read()
        assert (star.status, "GET" in star.headers["allow"]) == (204, True)
        connection.close()


def test_every_address_says_which_methods_it_knows(settings: Settings, known: dict[str, str]) -> None:
    app = create_app(settings)
    with TestClient(app, follow_redirects=False) as client:
        for path, methods in addresses(app, known).items():
            asked = client.options(path)
            assert (asked.status_code, asked.content) == (204, b""), path
            allowed = set(asked.headers["allow"].split(", "))
            assert allowed >= methods | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set()), path
            for method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"} - allowed:
                refused = client.request(method, path)
                assert refused.status_code == 405, (method, path)
                assert refused.headers["allow"] == asked.headers["allow"], (method, path)
            for method in allowed & {"PUT", "PATCH", "POST"}:
                assert client.request(method, path).status_code not in (405, 500), (method, path)


@pytest.mark.parametrize("method", ["OPTIONS", "GET", "HEAD", "DELETE"])
def test_what_is_not_there_is_not_there_for_any_method(client: TestClient, method: str) -> None:
    assert client.request(method, "/nothing/at/all").status_code == 404


@pytest.mark.parametrize(
    ("tags", "status"),
    [("{}", 304), ("W/{}", 304), ('"x", {}', 304), ("*", 304), ('"x"', 200), ("", 200), ("{}x", 200)],
)
def test_a_file_that_is_known_is_not_sent_again(client: TestClient, tags: str, status: int) -> None:
    etag = client.get("/style.css").headers["etag"]
    for ask in (client.get, client.head):
        answer = ask("/style.css", headers={"If-None-Match": tags.format(etag)})
        assert (answer.status_code, answer.headers["etag"]) == (status, etag)


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
@pytest.mark.parametrize(
    "path", ["/", "/nothing", "/api/v1/posts", "/api/v1/nothing", "/feeds/none.rss", "/confirm/x"]
)
def test_every_answer_says_in_which_language_it_is_and_that_it_depends_on_that(
    client: TestClient, path: str, accept: str
) -> None:
    said: list[Any] = []
    for language in ("de", "en"):
        answer = client.get(path, headers={"Accept": accept, "Accept-Language": language})
        assert answer.headers["content-language"] == language
        assert "Accept-Language" in answer.headers["vary"]
        said.append(answer.text)
    assert said[0] != said[1]
