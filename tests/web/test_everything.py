"""The page to which a full mail leads: everything that is on, the nearest first, page by page."""

import re
from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from syndication import clock
from syndication.publishing import posts
from tests import factories
from tests.web.conftest import Party

pytestmark = pytest.mark.enough(
    "sqlite"
)  # HTTP alone; tests/audience/test_feed_pages.py has what stands where


def titles(client: TestClient, address: str) -> list[str]:
    page = client.get(address)
    assert page.status_code == 200
    return re.findall(r'<h2>.*?lang="de">(.*?)</a></h2>', page.text)


def test_all_that_is_on_stands_there_once(client: TestClient, cafe: Party) -> None:
    assert cafe.merchant_id
    for day in range(60, 0, -1):
        posts.create(cafe.merchant_id, factories.event(f"in {day} Tagen", days=day))
    posts.create(cafe.merchant_id, factories.offer("Angebot", days=90))
    clock.travel(timedelta(hours=1))
    first = client.get("/posts", headers={"Accept-Language": "de"}).text
    assert '<a class="way" href="/posts?lang=de&amp;page=2" rel="next">Weiter</a>' in first
    assert 'rel="prev"' not in first
    found = titles(client, "/posts") + titles(client, "/posts?page=2")
    assert found == ["Angebot", *(f"in {day} Tagen" for day in range(1, 61))]
    assert 'rel="next"' not in client.get("/posts?page=2").text


@pytest.mark.parametrize("page", ["0", "-1", "x", "", "99999", "3", "²"])
def test_a_page_that_there_is_not_is_said_to_be_none(page: str, client: TestClient) -> None:
    assert client.get("/posts", params={"page": page}).status_code == 404


def test_an_empty_city_has_an_empty_page(client: TestClient) -> None:
    assert "Hier steht noch nichts" in client.get("/posts", headers={"Accept-Language": "de"}).text
