"""A merchant's outlets at the desk: seen, connected, tried, paused, given a rhythm, removed; another's are not there."""

import re
from collections.abc import Iterator
from uuid import UUID

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from syndication import destinations
from syndication.accounts import people, sessions
from syndication.accounts.sessions import Device
from syndication.config import Settings
from syndication.errors import NotFound
from syndication.infra import db
from syndication.models import ConnectLink, Delivery, Person
from syndication.publishing import merchants
from syndication.web import signed_in
from syndication.web.app import create_app
from tests import factories

HOME = "/desk/merchants/cafe/outlets"


@pytest.fixture
def client(database: str, settings: Settings) -> Iterator[TestClient]:
    with db.transaction() as session:
        factories.merchant(session, "cafe")
        factories.merchant(session, "wein")
    people.join("rosa@cafe.example", "cafe", "owner")
    people.join("paul@cafe.example", "cafe", "member")
    with TestClient(create_app(settings), headers={"Accept": "text/html"}) as one:
        enter(one, "rosa@cafe.example")
        yield one


def enter(client: TestClient, email: str) -> None:
    with db.transaction() as session:
        person = session.scalars(select(Person).where(Person.email == email)).one()
        secret, _ = sessions.begin(session, person, Device(), "link")
    client.cookies.set(signed_in._cookie(), secret)


def outlet(slug: str = "cafe") -> UUID:
    """A ntfy topic of a merchant."""
    request = destinations.DestinationRequest(
        channel="ntfy", name="Unser ntfy", settings={"server": "https://ntfy.example", "topic": "cafe"}
    )
    return destinations.create(merchants.by_slug(slug).id, request, counted=True).destination.id


def token(client: TestClient) -> str:
    return re.findall(r'name="token" value="(\w+)"', client.get(HOME).text)[0]


def test_own_outlets_and_those_of_the_city_are_listed_in_words(client: TestClient) -> None:
    outlet()
    with db.transaction() as session:
        factories.destination(session, "telegram", name="Coburg auf Telegram", settings={"chat": "@coburg"})
        factories.destination(session, "telegram", name="Fremd", settings={"chat": "@f"}, state="disabled")
    page = client.get(HOME).text
    assert "Unser ntfy" in page
    assert "läuft" in page
    assert "Coburg auf Telegram" in page
    assert "Fremd" not in page
    assert "Instagram" in page.split("noch keinen eigenen Zugang")[1][:300]


def test_connecting_leads_to_the_page_that_asks_for_the_access(client: TestClient) -> None:
    page = client.post(HOME, data={"token": token(client), "channel": "telegram", "name": "Unser Kanal"})
    assert page.status_code == 200
    assert page.url.path.startswith("/connect/")
    assert "Unser Kanal" in page.text
    with db.reading() as session:
        (link,) = session.scalars(select(ConnectLink)).all()
    assert (link.made_by, link.name) == ("person", "Unser Kanal")
    wrong = client.post(HOME, data={"token": token(client), "channel": "eaten"})
    assert wrong.status_code == 422


def test_it_is_tried_paused_and_goes_on(client: TestClient) -> None:
    at, secret = f"{HOME}/{outlet()}", token(client)
    assert "Probe ist unterwegs" in client.post(f"{at}/test", data={"token": secret}).text
    with db.reading() as session:
        assert [one.payload for one in session.scalars(select(Delivery))] == [{"test": True}]
    assert "pausiert" in client.post(f"{at}/pause", data={"token": secret}).text
    assert client.post(f"{at}/test", data={"token": secret}).status_code == 422
    assert "läuft" in client.post(f"{at}/resume", data={"token": secret}).text
    assert client.post(f"{at}/eat", data={"token": secret}).status_code == 404


def test_its_rhythm_is_kept_or_refused_beside_the_box(client: TestClient) -> None:
    identity = outlet()
    at, secret = f"{HOME}/{identity}", token(client)
    said = {
        "token": secret,
        "name": "Unser ntfy",
        "quiet_from": "21:00",
        "quiet_until": "7:00",
        "most_per_day": "3",
    }
    assert "Gespeichert" in client.post(f"{at}/rhythm", data=said).text
    kept = destinations.read(identity).settings
    assert (kept["quiet_from"], kept["quiet_until"], kept["most_per_day"]) == ("21:00", "07:00", 3)
    for name, text in (("quiet_from", "spät"), ("most_per_day", "viele"), ("quiet_until", "")):
        wrong = client.post(f"{at}/rhythm", data={**said, name: text})
        assert wrong.status_code == 422, name
        assert f'id="fault-{name}"' in wrong.text
    assert destinations.read(identity).settings == kept


def test_it_is_removed(client: TestClient) -> None:
    identity = outlet()
    client.post(f"{HOME}/{identity}/remove", data={"token": token(client)})
    with pytest.raises(NotFound):
        destinations.read(identity)


def test_anothers_outlet_is_not_there_and_a_member_may_only_look(client: TestClient) -> None:
    other, own = outlet("wein"), outlet()
    secret = token(client)
    assert client.get(f"{HOME}/{other}").status_code == 404
    for act in ("test", "pause", "remove", "rhythm", "reconnect"):
        assert client.post(f"{HOME}/{other}/{act}", data={"token": secret}).status_code == 404
    enter(client, "paul@cafe.example")
    page = client.get(f"{HOME}/{own}").text
    assert "Pausieren" not in page
    secret = re.findall(r'name="token" value="(\w+)"', client.get("/desk/account").text)[0]
    assert client.post(f"{HOME}/{own}/pause", data={"token": secret}).status_code == 403
