"""A merchant's keys at the desk: made and shown once, told in words, taken back; another's are not there."""

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from syndication.accounts import people, sessions
from syndication.accounts.sessions import Device
from syndication.config import Settings
from syndication.infra import db
from syndication.models import Person
from syndication.publishing import api_keys, merchants
from syndication.publishing.api_keys import KeyRequest
from syndication.web import signed_in
from syndication.web.app import create_app
from tests import factories

HOME = "/desk/merchants/cafe/keys"
TILL = {"name": "Kasse im Laden", "scopes": ["posts:write", "posts:read"]}
SHAPE = re.compile(r"syn_[0-9a-f]{8}_[\w-]{43}")


@pytest.fixture
def client(database: str, settings: Settings) -> Iterator[TestClient]:
    with db.transaction() as session:
        factories.merchant(session, "cafe")
        factories.merchant(session, "wein")
    people.join("rosa@cafe.example", "cafe", "owner")
    with TestClient(create_app(settings), headers={"Accept": "text/html"}) as one:
        with db.transaction() as session:
            person = session.scalars(select(Person)).one()
            secret, _ = sessions.begin(session, person, Device(), "link")
        one.cookies.set(signed_in._cookie(), secret)
        yield one


def filled(client: TestClient) -> dict[str, str]:
    """The hidden fields of the form as the page has them now."""
    page = client.get(HOME).text
    return {name: re.findall(rf'name="{name}" value="(\w*)"', page)[0] for name in ("token", "seen")}


def of_cafe() -> list[api_keys.KeyRecord]:
    return api_keys.listed(merchants.by_slug("cafe").id)


def test_a_key_is_made_shown_once_and_posts(client: TestClient) -> None:
    said = {**filled(client), **TILL}
    (text,) = SHAPE.findall(client.post(HOME, data=said).text)
    page = client.get(HOME).text
    assert not SHAPE.search(page)
    assert "darf: Ihre Beiträge sehen; posten, ändern und zurückziehen" in page
    assert "noch nicht benutzt" in page
    holder = api_keys.authenticate(text)
    assert holder is not None
    assert holder.scopes == {"posts:read", "posts:write"}
    assert "zuletzt benutzt" in client.get(HOME).text
    again = client.post(HOME, data=said)
    assert again.status_code == 422
    assert "schon gemacht" in again.text
    assert len(of_cafe()) == 1


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({"name": ""}, 'id="fault-name"'),
        ({"name": "x" * 101}, 'id="fault-name"'),
        ({"scopes": []}, 'id="fault-scopes"'),
        ({"scopes": ["eaten"]}, 'id="fault-scopes"'),
        ({"scopes": ["operator"]}, 'id="fault-scopes"'),
    ],
)
def test_what_no_key_may_be_is_said_beside_the_box(
    client: TestClient, wrong: dict[str, object], place: str
) -> None:
    page = client.post(HOME, data={**filled(client), **TILL, **wrong})
    assert page.status_code == 422
    assert place in page.text
    assert of_cafe() == []


def test_a_key_is_taken_back_at_once_and_one_of_another_merchant_is_not_there(client: TestClient) -> None:
    mine = api_keys.create(merchants.by_slug("cafe").id, KeyRequest(name="Kasse"))
    other = api_keys.create(merchants.by_slug("wein").id, KeyRequest(name="Fremd"))
    city = api_keys.create(None, KeyRequest(name="Rathauskasse"))
    page = client.get(HOME).text
    assert "Kasse" in page
    assert "Fremd" not in page
    assert "Rathauskasse" not in page
    token = {"token": filled(client)["token"]}
    for foreign in (other, city):
        assert client.post(f"{HOME}/{foreign.key.id}", data=token).status_code == 404
        assert api_keys.authenticate(foreign.text) is not None
    assert "zurückgenommen am" in client.post(f"{HOME}/{mine.key.id}", data=token).text
    assert api_keys.authenticate(mine.text) is None


def test_a_merchant_makes_no_more_keys_than_there_is_room_for(client: TestClient) -> None:
    cafe = merchants.by_slug("cafe").id
    for number in range(api_keys.MOST_OWN):
        api_keys.create(cafe, KeyRequest(name=f"Kasse {number}"))
    full = client.post(HOME, data={**filled(client), **TILL})
    assert full.status_code == 422
    assert f"Cafe hat {api_keys.MOST_OWN} Schlüssel" in full.text
    api_keys.revoke(of_cafe()[0].id)
    assert SHAPE.search(client.post(HOME, data={**filled(client), **TILL}).text)


def test_one_that_is_not_admitted_makes_none(client: TestClient) -> None:
    merchants.suspend(merchants.by_slug("cafe").id)
    page = client.post(HOME, data={**filled(client), **TILL})
    assert page.status_code == 422
    assert of_cafe() == []
