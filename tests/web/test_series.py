"""Series over HTTP: handed in with their dates, refused in words, shown with what comes next, and parts that lead to them."""

from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from syndication import clock, config
from syndication.errors import Invalid
from syndication.infra import db
from syndication.kinds.reading import draft
from syndication.models import PictureUse, Post, StoredPicture
from syndication.publishing import posts
from syndication.web.app import create_app
from tests import factories
from tests.web.conftest import Party

SERIES = {
    "kind": "event",
    "title": "Abendmarkt",
    "starts_at": "2036-12-04T17:00:00+01:00",
    "ends_at": "2036-12-04T20:00:00+01:00",
    "recurrence": "FREQ=WEEKLY;COUNT=8",
}
GAP = "2036-12-11T17:00:00+01:00"
MOVED = {"recurrence_id": "2036-12-25T17:00:00+01:00", "starts_at": "2036-12-23T17:00:00+01:00"}


def test_a_series_comes_back_as_it_was_handed_in(cafe: Party) -> None:
    made = cafe("POST", "/posts", json=SERIES | {"excluded": [GAP], "dates": [MOVED]})
    assert made.status_code == 201
    content = made.json()["content"]
    assert content["excluded"] == ["2036-12-11T16:00:00Z"]
    assert content["dates"][0]["starts_at"] == "2036-12-23T16:00:00Z"
    assert "added" not in content
    again = cafe("PUT", f"/posts/{made.json()['id']}", json=SERIES | {"dates": [MOVED], "excluded": [GAP]})
    assert again.json()["what"] == "unchanged"


@pytest.mark.parametrize(
    ("more", "field", "words"),
    [
        ({"excluded": ["2036-12-12T17:00:00+01:00"]}, "excluded", "is no date of this event"),
        (
            {"dates": [MOVED | {"recurrence_id": GAP[:11] + "18:00:00+01:00"}]},
            "dates",
            "is no date of this event",
        ),
        ({"dates": [MOVED | {"status": "gone"}]}, "dates.0.status", "scheduled"),
        ({"excluded": "tomorrow"}, "excluded", "must be a list"),
    ],
)
def test_a_date_that_is_none_is_refused_with_its_field(
    more: dict[str, Any], field: str, words: str, cafe: Party
) -> None:
    answer = cafe("POST", "/posts", json=SERIES | more)
    assert answer.status_code == 422
    assert [one for one in answer.json()["errors"] if one["field"] == field and words in one["message"]], (
        answer.json()
    )
    made = cafe("POST", "/posts", json=SERIES).json()
    assert cafe("PUT", f"/posts/{made['id']}", json=SERIES | more).status_code == 422


def test_the_page_lists_the_next_dates_with_what_is_different(
    database: str, settings: config.Settings
) -> None:
    with db.transaction() as session:
        merchant_id = factories.merchant(session).id
    own = [MOVED, {"recurrence_id": "2036-12-18T17:00:00+01:00", "status": "cancelled"}]
    one = posts.create(merchant_id, draft(SERIES | {"excluded": [GAP], "dates": own}))
    with TestClient(create_app(settings), follow_redirects=False) as client:
        page = client.get(f"/posts/{one.id}?lang=de").text
    assert "Do., 4. Dezember 2036, dann jeden Donnerstag bis 22. Januar 2037, 17:00–20:00 Uhr" in page
    assert "Nächste Termine" in page
    assert '<del>Do., 18. Dezember 2036, 17:00–20:00 Uhr</del> <span class="mark">abgesagt</span>' in page
    assert 'Di., 23. Dezember 2036, 17:00–20:00 Uhr <span class="mark">statt 25. Dezember 2036</span>' in page
    assert "Do., 11. Dezember 2036, 17:00" not in page
    assert '"@type": "EventSeries"' in page
    assert page.count('"@type": "Event"') == 7


def test_the_page_of_a_part_leads_to_the_series(database: str, settings: config.Settings) -> None:
    with db.transaction() as session:
        merchant_id = factories.merchant(session).id
    series, part = (factories.post(merchant_id, factories.event(title)) for title in ("Markt", "Teil"))
    with db.transaction() as session:
        row = session.get_one(Post, part.id)
        row.state, row.joined_to = "withdrawn", series.id
    with TestClient(create_app(settings), follow_redirects=False) as client:
        answer = client.get(f"/posts/{part.id}")
    assert (answer.status_code, answer.headers["Location"]) == (308, f"/posts/{series.id}")


def test_a_picture_of_one_date_is_kept_and_stands_beside_it(database: str, settings: config.Settings) -> None:
    with db.transaction() as session:
        merchant_id = factories.merchant(session).id
        kept = {"id": "ab" * 16, "merchant_id": merchant_id, "data": b"jpeg", "uploaded_at": clock.now()}
        session.add(StoredPicture(**kept, width=10, height=10))
    picture = {"url": f"{settings.base_url}/pictures/{'ab' * 16}.jpg", "alt": "Ein Zelt"}
    one = posts.create(merchant_id, draft(SERIES | {"dates": [MOVED | {"image": picture}]}))
    with db.reading() as session:
        assert session.scalars(select(PictureUse.post_id)).all() == [one.id]
    with TestClient(create_app(settings), follow_redirects=False) as client:
        page = client.get(f"/posts/{one.id}?lang=de").text
    assert 'alt="Ein Zelt"' in page
    foreign = draft(
        SERIES | {"dates": [MOVED | {"image": picture | {"url": picture["url"].replace("ab", "cd")}}]}
    )
    with pytest.raises(Invalid, match=r"dates\.0\.image\.url: is no picture that is kept here"):
        posts.create(merchant_id, foreign)
