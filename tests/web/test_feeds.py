"""Feeds over HTTP: types, conditional requests, compression, and addresses that lead nowhere."""

import gzip
import http.client
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

import feedparser  # type: ignore[import-untyped]  # ships no types
import pytest
from starlette.testclient import TestClient

from syndication import clock, config
from syndication.audience import feeds
from syndication.config import Settings
from syndication.infra import db
from syndication.publishing import feed_marks, posts
from tests import factories
from tests.web.conftest import Party, admitted
from tests.web.serving import served

pytestmark = pytest.mark.enough(
    "sqlite"
)  # HTTP alone; tests/audience/test_feeds.py has what is kept, on both


@pytest.fixture
def filled(client: TestClient, cafe: Party) -> TestClient:
    """A city with one event, published an hour ago."""
    assert cafe.merchant_id
    posts.create(cafe.merchant_id, factories.event("Weinabend & Käse 🍷", topics=["wein"]))
    for form in feeds.FORMATS:
        feeds.document("all", form)
    clock.travel(timedelta(hours=1))
    return client


def get(client: TestClient, path: str = "/feeds/all.rss", **headers: str) -> Any:
    """A request without the client's own wish for compression."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.get(path, headers={"Accept-Encoding": "identity"} | names)


@pytest.mark.parametrize(
    ("form", "content_type"),
    [
        ("rss", "application/rss+xml; charset=utf-8"),
        ("atom", "application/atom+xml; charset=utf-8"),
        ("json", "application/feed+json"),
        ("ics", "text/calendar; charset=utf-8"),
    ],
)
def test_each_format_has_its_type_and_says_how_long_it_keeps(
    filled: TestClient, form: str, content_type: str
) -> None:
    answer = get(filled, f"/feeds/kind/event/topic/wein/merchant/cafe.{form}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == content_type
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "Weinabend" in answer.text
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert "set-cookie" not in answer.headers


def test_a_reader_that_has_it_gets_nothing_again(filled: TestClient) -> None:
    first = get(filled)
    again = get(filled, If_None_Match=first.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")
    for name in ("etag", "last-modified", "cache-control", "vary", "link"):
        assert again.headers[name] == first.headers[name]
    dated = get(filled, If_Modified_Since=first.headers["last-modified"])
    assert (dated.status_code, dated.content) == (304, b"")


def test_only_the_right_conditions_save_the_bytes(filled: TestClient) -> None:
    first = get(filled)
    etag, modified = first.headers["etag"], parsedate_to_datetime(first.headers["last-modified"])
    assert not etag.startswith("W/")
    before = format_datetime(modified - timedelta(seconds=1), usegmt=True)
    later = format_datetime(modified + timedelta(days=1), usegmt=True)
    for status, headers in [
        (304, {"If_None_Match": "*"}),
        (304, {"If_None_Match": f'"other", W/{etag}'}),
        (200, {"If_None_Match": '"other"'}),
        (200, {"If_None_Match": etag.strip('"')}),
        (200, {"If_None_Match": ""}),
        (304, {"If_Modified_Since": later}),
        (200, {"If_Modified_Since": before}),
        (200, {"If_Modified_Since": "yesterday"}),
        (200, {"If_Modified_Since": "Mon, 99 Foo 2026 00:00:00 GMT"}),
        (200, {"If_None_Match": '"other"', "If_Modified_Since": later}),
        (304, {"If_None_Match": etag, "If_Modified_Since": before}),
    ]:
        assert get(filled, **headers).status_code == status, headers


def test_a_change_is_not_hidden_by_any_condition(filled: TestClient, cafe: Party) -> None:
    first = get(filled)
    assert cafe.merchant_id
    posts.create(cafe.merchant_id, factories.event("neu"))
    with db.transaction() as session:
        feed_marks.mark(session, ["all"])
    clock.travel(timedelta(seconds=1))
    for condition in (
        {"If_None_Match": first.headers["etag"]},
        {"If_Modified_Since": first.headers["last-modified"]},
    ):
        answer = get(filled, **condition)
        assert answer.status_code == 200
        assert "neu" in answer.text
    assert get(filled).headers["etag"] != first.headers["etag"]


def test_two_changes_within_one_second_are_told_apart_by_date_alone(client: TestClient, cafe: Party) -> None:
    """Dates have whole seconds: who came between two changes of one second must still get the second one."""
    # Begin just behind a full second, so that both changes fall into it.
    clock.travel(timedelta(microseconds=1_000_000 - clock.now().microsecond))
    assert cafe.merchant_id
    between = get(client)
    posts.create(cafe.merchant_id, factories.event("zweite"))
    with db.transaction() as session:
        feed_marks.mark(session, ["all"])
    feeds.document("all", "rss")
    clock.travel(timedelta(seconds=2))
    answer = get(client, If_Modified_Since=between.headers["last-modified"])
    assert answer.status_code == 200
    assert "zweite" in answer.text
    settled = get(client, If_Modified_Since=answer.headers["last-modified"])
    assert settled.status_code == 304


@pytest.mark.parametrize(
    ("accepted", "squeezed"),
    [
        ("gzip", True),
        ("gzip, deflate, br", True),
        ("GZIP;q=0.5", True),
        ("*", True),
        ("identity, gzip; q=0.001", True),
        ("", False),
        ("identity", False),
        ("br", False),
        ("gzip;q=0", False),
        ("*;q=0", False),
        ("*, gzip;q=0", False),
        ("gzip;q=abc", False),
    ],
)
def test_it_is_compressed_for_who_takes_that(filled: TestClient, accepted: str, squeezed: bool) -> None:
    answer = filled.send(filled.build_request("GET", "/feeds/all.rss", headers={"Accept-Encoding": accepted}))
    assert (answer.headers.get("content-encoding") == "gzip") is squeezed
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.text.startswith("<?xml")


def test_the_compressed_form_has_a_tag_of_its_own(filled: TestClient, settings: Settings) -> None:
    plain = get(filled)
    squeezed = get(filled, Accept_Encoding="gzip")
    assert plain.headers["etag"] != squeezed.headers["etag"]
    assert int(squeezed.headers["content-length"]) < len(plain.content)
    assert get(filled, Accept_Encoding="gzip", If_None_Match=squeezed.headers["etag"]).status_code == 304
    assert get(filled, If_None_Match=squeezed.headers["etag"]).status_code == 200
    assert gzip.decompress(feeds.document("all", "rss").compressed) == plain.content


def test_head_tells_the_same_without_the_body(filled: TestClient, settings: Settings) -> None:
    full = get(filled)
    with served(settings) as address:
        host, port = address.removeprefix("http://").split(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=10)
        connection.request("HEAD", "/feeds/all.rss")
        answer = connection.getresponse()
        assert answer.read() == b""
        assert answer.status == 200
        for name in ("etag", "content-type", "content-length", "cache-control"):
            assert answer.headers[name] == full.headers[name]
        connection.close()


def test_feedparser_polls_it_from_a_real_server(filled: TestClient, settings: Settings) -> None:
    with served(settings) as address:
        first = feedparser.parse(f"{address}/feeds/all.atom")
        assert (first.status, first.bozo, first.entries[0].title) == (200, False, "Weinabend & Käse 🍷")
        again = feedparser.parse(f"{address}/feeds/all.atom", etag=first.etag)
        assert (again.status, again.entries) == (304, [])
        dated = feedparser.parse(f"{address}/feeds/all.atom", modified=first.modified)
        assert (dated.status, dated.entries) == (304, [])


@pytest.mark.parametrize(
    "path",
    [
        "/feeds/", "/feeds/all", "/feeds/all.xml", "/feeds/all.RSS", "/feeds/.rss", "/feeds/topic/nobody.rss",
        "/feeds/merchant/nobody.json", "/feeds/kind/concert.rss", "/feeds/merchant/cafe/kind/event.rss",
        "/feeds/ALL.rss", "/feeds/all.rss.rss", "/feeds/all/../all.rss/", "/feeds/topic/%00.rss", "/feeds/topic/a%2Fb.rss",
        "/feeds/topic/" + "a" * 300 + ".rss",
    ],
)  # fmt: skip
def test_addresses_that_lead_nowhere_are_said_to(filled: TestClient, path: str) -> None:
    answer = filled.get(path, headers={"Accept": "application/json"})
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert json.loads(answer.content)["status"] == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_feed_can_only_be_read(filled: TestClient, method: str) -> None:
    assert filled.request(method, "/feeds/all.rss").status_code == 405


def test_a_later_page_is_asked_for_with_conditions_too(
    client: TestClient, cafe: Party, settings: Settings
) -> None:
    assert cafe.merchant_id
    config.use(settings.model_copy(update={"feed_size": 2}))
    for day in range(1, 6):
        posts.create(cafe.merchant_id, factories.event(f"in {day} Tagen", days=day))
    first = get(client, "/feeds/all.json").json()
    second = get(client, first["next_url"].removeprefix("http://localhost:8000"))
    assert [entry["title"] for entry in second.json()["items"]] == ["in 3 Tagen", "in 4 Tagen"]
    assert second.headers["link"] == '<http://localhost:8000/feeds/all.json?page=2>; rel="self"'
    assert second.headers["cache-control"] == "public, max-age=300"
    again = get(client, "/feeds/all.json?page=2", If_None_Match=second.headers["etag"])
    assert again.status_code == 304
    assert get(client, "/feeds/all.json?page=1").json() == first
    clock.travel(timedelta(minutes=1))
    posts.create(cafe.merchant_id, factories.event("heute", days=0.2))
    later = get(client, "/feeds/all.json?page=2", If_None_Match=second.headers["etag"])
    assert [entry["title"] for entry in later.json()["items"]] == ["in 2 Tagen", "in 3 Tagen"]
    for page in ("0", "-1", "01", "x", "", "4", "99999", "100000", "²", "1e3"):
        assert get(client, f"/feeds/all.json?page={page}").status_code == 404
    assert get(client, "/feeds/all.ics?page=2").status_code == 404


def test_the_hub_and_the_feeds_own_address_stand_in_the_head(filled: TestClient, settings: Settings) -> None:
    own = '<http://localhost:8000/feeds/all.rss>; rel="self"'
    assert get(filled).headers["link"] == own
    config.use(settings.model_copy(update={"websub_hub": "https://hub.example/"}))
    with db.transaction() as session:
        feed_marks.mark(session, ["all"])
    clock.travel(timedelta(seconds=1))
    answer = get(filled)
    assert answer.headers["link"] == f'{own}, <https://hub.example/>; rel="hub"'
    assert 'rel="hub"' in answer.text


def test_the_date_is_never_in_the_future(client: TestClient) -> None:
    answer = get(client)
    assert parsedate_to_datetime(answer.headers["last-modified"]) <= datetime.now(UTC)


def test_two_merchants_feeds_are_not_mixed_up_by_what_is_remembered(client: TestClient, cafe: Party) -> None:
    museum = admitted(client, "haus")
    assert cafe.merchant_id
    assert museum.merchant_id
    posts.create(cafe.merchant_id, factories.event("im Café"))
    posts.create(museum.merchant_id, factories.event("im Haus"))
    for _ in range(2):
        assert "im Haus" not in get(client, "/feeds/merchant/cafe.rss").text
        assert "im Haus" in get(client, "/feeds/merchant/haus.rss").text
        assert "im Haus" in get(client, "/feeds/all.json").text
