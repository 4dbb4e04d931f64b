"""Owners keep right what readers see of their business."""

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from syndication.accounts import people
from syndication.config import Settings
from syndication.infra import db
from syndication.publishing import merchants, posts
from syndication.web.app import create_app
from tests import factories
from tests.web.test_applications import enter
from tests.web.test_apply import BROWSER
from tests.web.test_desk import token

pytestmark = pytest.mark.enough("sqlite")  # a page
PAGE = "/desk/merchants/cafe/business"


@pytest.fixture
def client(database: str, settings: Settings) -> Iterator[TestClient]:
    with db.transaction() as session:
        factories.merchant(session, "cafe", name="Café Rosengarten", url="https://alt.example/")
    people.join("rosa@cafe.example", "cafe", "owner", name="Rosa Rosen")
    people.join("paul@cafe.example", "cafe", "member", name="Paul Klein")
    with TestClient(create_app(settings), headers=BROWSER) as one:
        yield one


def save(client: TestClient, **typed: str) -> Any:
    sealed = token(client.get(PAGE).text)
    return client.post(PAGE, data={"token": sealed, "address": "Markt 1", "url": "", **typed})


def test_what_an_owner_saves_stands_beside_the_posts(client: TestClient) -> None:
    post = posts.create(merchants.by_slug("cafe").id, factories.event())
    enter(client, "rosa@cafe.example")
    page = client.get(PAGE).text
    assert 'value="Markt 1, 96450 Coburg"' in page
    assert 'value="https://alt.example/"' in page
    assert "Gespeichert." in save(client, address="Herrngasse 12, 96450 Coburg", url="www.neu.example").text
    shown = client.get(f"/posts/{post.id}").text
    assert "Herrngasse 12, 96450 Coburg" in shown
    assert 'href="https://www.neu.example"' in shown
    assert save(client).status_code == 200
    assert merchants.by_slug("cafe").url is None


@pytest.mark.parametrize("typed", [{"url": "rosa@cafe.example"}, {"url": "nix da"}, {"address": "x" * 501}])
def test_what_is_wrong_is_said_and_stays(client: TestClient, typed: dict[str, str]) -> None:
    enter(client, "rosa@cafe.example")
    answer = save(client, **typed)
    assert answer.status_code == 422
    assert f'href="#field-{next(iter(typed))}"' in answer.text
    assert next(iter(typed.values())) in answer.text
    assert merchants.by_slug("cafe").url == "https://alt.example/"


def test_members_see_no_way_to_it_and_change_nothing(client: TestClient) -> None:
    enter(client, "paul@cafe.example")
    assert "Mein Geschäft" not in client.get("/desk/merchants/cafe").text
    assert client.get(PAGE).status_code == 403
