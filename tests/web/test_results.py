"""What came of posts, as their merchant sees it; and feed readers are heard where feeds are fetched."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from syndication import clock
from syndication.accounts import people
from syndication.config import Settings
from syndication.infra import db
from syndication.models import Delivery, FeedAudience, KeptEcho
from syndication.publishing import merchants, posts
from syndication.web.app import create_app
from tests import factories
from tests.town import fan_out, later
from tests.web.test_applications import enter
from tests.web.test_apply import BROWSER

pytestmark = pytest.mark.enough("sqlite")  # pages
PAGE = "/desk/merchants/cafe/results"


@pytest.fixture
def client(database: str, settings: Settings) -> Iterator[TestClient]:
    with db.transaction() as session:
        factories.merchant(session, "cafe", name="Café Rosengarten")
        factories.merchant(session, "museum")
    people.join("rosa@cafe.example", "cafe", "member", name="Rosa Rosen")
    with TestClient(create_app(settings), headers=BROWSER) as one:
        yield one


def echoed(post_id: object, **counts: int) -> None:
    """The post stands at a network, which counts that."""
    with db.transaction() as session:
        query = select(Delivery).where(Delivery.post_id == post_id, Delivery.channel == "mastodon")
        row = session.scalars(query).one()
        row.state = "sent"
        session.add(
            KeptEcho(post_id=post_id, destination_id=row.destination_id, asked=1, at=clock.now(), **counts)
        )


def test_what_networks_count_stands_beside_the_outlet_and_in_the_month(client: TestClient) -> None:
    with db.transaction() as session:
        factories.destination(session, "mastodon", settings={"server": "https://mastodon.example"})
    one = posts.create(merchants.by_slug("cafe").id, factories.event("Weinabend"))
    quiet = posts.create(merchants.by_slug("cafe").id, factories.event("Leise"))
    fan_out()
    echoed(one.id, likes=12, shares=0, replies=2)
    echoed(quiet.id, likes=0)
    enter(client, "rosa@cafe.example")
    for page in (f"/desk/merchants/cafe/posts/{one.id}", PAGE):
        shown = client.get(page).text
        assert "gefällt: 12 · Antworten: 2" in shown
        assert "geteilt" not in shown
    assert "gefällt" not in client.get(f"/desk/merchants/cafe/posts/{quiet.id}").text


def test_a_month_is_named_and_one_to_come_is_this_one(client: TestClient) -> None:
    posts.create(merchants.by_slug("cafe").id, factories.event("Weinabend"))
    enter(client, "rosa@cafe.example")
    assert "Weinabend" in client.get(PAGE).text
    for wrong in ("2999-01", "heute", "2026-13", "2026-11-01", "'"):
        assert "Weinabend" in client.get(PAGE, params={"month": wrong}).text
    earlier = client.get(PAGE, params={"month": "2024-02"}).text
    assert "Februar 2024" in earlier
    assert "In diesem Monat ist nichts erschienen." in earlier
    assert "month=2024-01" in earlier
    assert "month=2024-03" in earlier
    assert client.get("/desk/merchants/museum/results").status_code == 404


def test_a_feed_reader_is_heard_and_nobody_waits_for_that(client: TestClient) -> None:
    feedly = {"User-Agent": "Feedly/1.0 (+http://www.feedly.com/fetcher.html; 16 subscribers)"}
    tag = client.get("/feeds/merchant/cafe.rss", headers=feedly).headers["etag"]
    assert client.get("/feeds/merchant/cafe.rss", headers={**feedly, "If-None-Match": tag}).status_code == 304
    assert client.get("/feeds/merchant/nobody.rss", headers=feedly).status_code == 404
    assert client.get("/feeds/merchant/cafe.rss?page=2", headers=feedly).status_code in (200, 404)
    with db.reading() as session:
        assert session.scalars(select(FeedAudience)).all() == []
    later(61)
    assert client.get("/feeds/merchant/cafe.atom").status_code == 200
    with db.reading() as session:
        rows = session.scalars(select(FeedAudience)).all()
    assert [(row.feed, row.program, row.subscribers) for row in rows] == [("merchant/cafe.rss", "Feedly", 16)]
    enter(client, "rosa@cafe.example")
    assert "Nach Angaben der Feed-Programme: 16." in client.get(PAGE).text


def test_only_this_month_counts(client: TestClient) -> None:
    posts.create(merchants.by_slug("cafe").id, factories.event("Weinabend", days=90))
    later(timedelta(days=40).total_seconds())
    enter(client, "rosa@cafe.example")
    assert "Weinabend" not in client.get(PAGE).text
