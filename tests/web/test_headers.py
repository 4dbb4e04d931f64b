"""Every answer says what browsers may do with it: pages, API, feeds, pictures, errors (OWASP ASVS 5.0, V3.4)."""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from fastapi.routing import iter_route_contexts
from PIL import Image
from starlette.testclient import TestClient

from syndication import config
from syndication.config import Settings
from syndication.infra import db
from syndication.publishing import posts
from syndication.web.app import create_app
from tests import factories
from tests.conftest import settings_for
from tests.web.conftest import Party

pytestmark = pytest.mark.enough("sqlite")  # headers alone

HTTPS = "https://news.coburg.example"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


@pytest.fixture
def secure(database: str, tmp_path: Path) -> Iterator[TestClient]:
    """A city behind https, as in production."""
    cfg = settings_for(tmp_path, base_url=HTTPS, allow_private_addresses=False)
    config.use(cfg)
    with TestClient(create_app(cfg), raise_server_exceptions=False, follow_redirects=False) as client:
        yield client
    config.use(None)


def check(answer: Any, *, https: bool = True) -> None:
    """What ASVS 5.0 asks of every answer on level 2."""
    said = answer.headers
    where = f"{answer.request.method} {answer.request.url.path} {answer.status_code}"
    if https:
        found = re.fullmatch(r"max-age=(\d+); includeSubDomains", said.get("strict-transport-security", ""))
        assert found, where
        assert int(found[1]) >= 31_536_000, where  # 3.4.1
    else:
        assert "strict-transport-security" not in said, where
    policy = said["content-security-policy"]  # 3.4.3, 3.4.6
    for part in ("default-src", "object-src", "base-uri", "frame-ancestors"):
        assert f"{part} 'none'" in policy, where
    assert len(re.findall(r"default-src", policy)) == 1, where
    assert said["x-content-type-options"] == "nosniff", where  # 3.4.4
    assert said["referrer-policy"] in ("no-referrer", "same-origin"), where  # 3.4.5
    assert said["cross-origin-opener-policy"] == "same-origin", where  # 3.4.8
    assert said["cross-origin-resource-policy"] in ("same-origin", "cross-origin"), where
    assert "camera=()" in said["permissions-policy"], where
    assert said["cache-control"], where
    assert "server" not in said, where
    if answer.content:
        kind = said["content-type"]
        assert "charset=" in kind or not re.match(r"text/|.*(\+xml|/xml)", kind), where  # 4.1.1
    for name in ("access-control-allow-origin", "access-control-allow-credentials"):  # 3.4.2
        if name in said:
            assert answer.request.url.path.startswith("/feeds/"), where
            assert said[name] == "*", where
    if "location" in said:
        assert re.match(rf"/(?!/)|{HTTPS}", said["location"]), where


def addresses(settings: Settings) -> list[str]:
    """An address of each route, with something in place of its parameters."""
    paths = {getattr(route, "path", "") for route in iter_route_contexts(create_app(settings).routes)}
    found = {re.sub(r"\{[^}]*\}", filling, path) for path in paths for filling in ("x", "1")}
    return sorted(
        found
        | {
            "/nothing",
            "//evil.example/x",
            "/notices/",
            "/api/v1/posts/",
            "/feeds/none.rss",
            "/%00",
            "/a%0d%0ab",
        }
    )


def test_every_route_and_method_answers_with_every_header(secure: TestClient, settings: Settings) -> None:
    count = 0
    for path in addresses(settings):
        for method in METHODS:
            for accept in ("text/html", "application/json"):
                answer = secure.request(method, f"{HTTPS}{path}", headers={"Accept": accept})
                check(answer)
                # Without a broker the city is not ready, as it says.
                assert answer.status_code < (504 if path == "/readyz" else 500), (method, path)
                count += 1
    assert count > 500


def test_answers_from_before_and_behind_the_routes_too(secure: TestClient) -> None:
    large = secure.post(
        "/api/v1/readers", content=b"x" * 20_000, headers={"Content-Type": "application/json"}
    )
    broken = secure.post(
        "/api/v1/readers", content=b"[" * 10_000, headers={"Content-Type": "application/json"}
    )
    for answer, status in ((large, 413), (broken, 400)):
        assert answer.status_code == status
        check(answer)


def test_a_failure_of_ours_too(secure: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr("syndication.publishing.views.newest", broken)
    for accept in ("text/html", "application/json"):
        answer = secure.get("/", headers={"Accept": accept})
        assert answer.status_code == 500
        check(answer)


def test_without_https_nothing_is_demanded_that_cannot_be_had(client: TestClient) -> None:
    check(client.get("/"), https=False)


def test_with_a_key_too(operator: Party) -> None:
    made = operator("POST", "/merchants", json={"name": "Café", "email": "a@b.example"})
    assert made.status_code == 201
    for answer in (
        made,
        operator("GET", "/merchants"),
        operator("GET", "/posts/1"),
        operator("PUT", "/posts"),
    ):
        check(answer, https=False)
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("form", ["rss", "atom", "json", "ics"])
def test_feeds_may_be_read_by_everybody(secure: TestClient, form: str) -> None:
    with db.transaction() as session:
        merchant_id = factories.merchant(session).id
    posts.create(merchant_id, factories.event())
    answer = secure.get(f"/feeds/all.{form}")
    assert answer.status_code == 200
    check(answer)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    # Browsers draw XML and JSON with styles of their own.
    assert "style-src 'unsafe-inline'" in answer.headers["content-security-policy"]


def test_pictures_may_be_shown_by_everybody(operator: Party) -> None:
    made = io.BytesIO()
    Image.new("RGB", (300, 200), "red").save(made, "PNG")
    with db.transaction() as session:
        factories.merchant(session)
    kept = operator(
        "POST", "/pictures?merchant=cafe", content=made.getvalue(), headers={"Content-Type": "image/png"}
    )
    assert kept.status_code == 201, kept.text
    answer = operator.client.get(urlsplit(kept.json()["url"]).path)
    assert answer.status_code == 200
    check(answer, https=False)
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"


def test_the_service_worker_may_ask_us(secure: TestClient) -> None:
    # It lives by the policy of its own script and not by that of the page.
    answer = secure.get("/notices.js")
    check(answer)
    assert "connect-src 'self'" in answer.headers["content-security-policy"]


def test_personal_pages_are_kept_by_nobody(secure: TestClient) -> None:
    for path in ("/confirm/x", "/preferences/x", "/leave/x", "/connect/x"):
        answer = secure.get(path, headers={"Accept": "text/html"})
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
