"""The city's outlets at the desk: the same pages as a merchant's, and no way from them to what a merchant has set up."""

import re
from collections.abc import Iterator
from uuid import UUID

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from syndication import destinations
from syndication.accounts import people
from syndication.config import Settings
from syndication.content.reason import Reason
from syndication.infra import db
from syndication.models import ConnectLink, Delivery, Destination
from syndication.publishing import posts
from syndication.web.app import create_app
from tests import factories
from tests.town import fan_out
from tests.web.test_city_team import BROWSER, enter

pytestmark = pytest.mark.enough("sqlite")  # pages
HOME = "/desk/city/outlets"
ACTS = ("test", "rhythm", "interest", "secret", "pause", "resume", "reconnect", "remove")


@pytest.fixture
def hall(database: str, settings: Settings) -> Iterator[TestClient]:
    people.add("boss@coburg.example", name="Berta Boss", role="operator")
    people.add("ed@coburg.example", name="Edda Emsig", role="editor")
    people.add("paul@coburg.example", name="Paul Klein", role="viewer")
    destinations.ensure_built_in()
    with TestClient(create_app(settings), headers=BROWSER) as one:
        yield one


def webhook(hall: TestClient, token: str) -> UUID:
    """A webhook of the city, set up by the page."""
    wanted = {"channel": "webhook", "name": "Stadtwebsite", "url": "https://coburg.example/hook"}
    made = hall.post(HOME, data={"token": token, **wanted})
    assert made.status_code == 200, made.text
    (secret,) = re.findall(r"whsec_[\w+/=]+", made.text)
    assert secret not in hall.get(HOME).text
    with db.reading() as session:
        return session.scalars(select(Destination.id).where(Destination.name == "Stadtwebsite")).one()


def test_what_is_set_up_here_gets_the_posts_of_every_business(hall: TestClient) -> None:
    token = enter(hall, "boss@coburg.example")
    identity = webhook(hall, token)
    assert destinations.read(identity).merchant_slug is None
    with db.transaction() as session:
        kino = factories.merchant(session, "kino").id
    posts.create(kino, factories.event("Filmnacht", topics=["Film"]))
    fan_out()
    page = hall.get(f"{HOME}/{identity}").text
    assert "Filmnacht" in page
    assert "/desk/city/posts/" in page
    narrowed = hall.post(
        f"{HOME}/{identity}/interest", data={"token": token, "kinds": "event", "topics": "Film"}
    )
    assert "Gespeichert" in narrowed.text
    assert 'value="Film" checked' in narrowed.text, "the topics of all businesses are offered"
    assert destinations.read(identity).interest.topics == ("film",)


def test_a_network_is_connected_for_the_city_and_the_way_leads_back(hall: TestClient) -> None:
    token = enter(hall, "boss@coburg.example")
    page = hall.post(HOME, data={"token": token, "channel": "telegram"})
    assert page.url.path.startswith("/connect/")
    with db.reading() as session:
        (link,) = session.scalars(select(ConnectLink)).all()
    assert (link.merchant_id, link.made_by) == (None, "person")
    assert f'href="{HOME}"' in hall.get("/connect/done/telegram?lang=de").text


def test_it_is_tried_paused_goes_on_and_is_removed(hall: TestClient) -> None:
    token = enter(hall, "boss@coburg.example")
    identity = webhook(hall, token)
    at, said = f"{HOME}/{identity}", {"token": token}
    assert "Probe ist unterwegs" in hall.post(f"{at}/test", data=said).text
    assert "pausiert" in hall.post(f"{at}/pause", data=said).text
    assert "läuft" in hall.post(f"{at}/resume", data=said).text
    assert hall.post(f"{at}/secret", data={**said, "seen": ""}).text.count("whsec_") == 1
    assert "Gespeichert" in hall.post(f"{at}/rhythm", data={**said, "name": "Website"}).text
    assert destinations.read(identity).name == "Website"
    assert hall.post(f"{at}/remove", data=said).url.path == HOME
    assert hall.get(at).status_code == 404


def test_what_comes_with_the_city_can_be_paused_and_nothing_else(hall: TestClient) -> None:
    token = enter(hall, "boss@coburg.example")
    with db.reading() as session:
        newsletter = session.scalars(select(Destination.id).where(Destination.channel == "newsletter")).one()
    at = f"{HOME}/{newsletter}"
    page = hall.get(at).text
    assert "Er gehört zur Stadt" in page
    for act in ("test", "rhythm", "interest", "secret", "remove"):
        assert f"{at}/{act}" not in page
        answer = hall.post(f"{at}/{act}", data={"token": token, "kinds": "event", "name": "x"})
        assert answer.status_code == 422, act
    assert destinations.read(newsletter).channel == "newsletter"
    assert "pausiert" in hall.post(f"{at}/pause", data={"token": token}).text


def test_what_hears_of_alarms_alone_is_listed_here(hall: TestClient) -> None:
    enter(hall, "boss@coburg.example")
    with db.transaction() as session:
        factories.destination(session, "ntfy", name="Alarm", settings={"topic": "alarm"}, alarms=True)
    assert "Alarm" in hall.get(HOME).text


@pytest.mark.parametrize("act", ACTS)
def test_a_merchants_outlet_is_not_to_be_had_here(hall: TestClient, act: str) -> None:
    token = enter(hall, "boss@coburg.example")
    with db.transaction() as session:
        cafe = factories.merchant(session, "wein").id
        theirs = factories.destination(
            session,
            "webhook",
            name="Ihr Webshop",
            settings={"url": "https://wein.example/h"},
            merchant_id=cafe,
        ).id
    assert "Ihr Webshop" not in hall.get(HOME).text
    assert hall.get(f"{HOME}/{theirs}").status_code == 404
    answer = hall.post(f"{HOME}/{theirs}/{act}", data={"token": token, "kinds": "event", "name": "x"})
    assert answer.status_code == 404
    assert destinations.read(theirs).name == "Ihr Webshop"
    with db.reading() as session:
        assert session.scalars(select(Delivery)).all() == []


def test_who_only_looks_has_no_buttons_and_an_editor_can_try(hall: TestClient) -> None:
    identity = webhook(hall, enter(hall, "boss@coburg.example"))
    at = f"{HOME}/{identity}"
    enter(hall, "paul@coburg.example")
    page = hall.get(at).text
    assert "<button" not in page.split("<main")[1].split("</main>")[0]
    assert "Verbinden" not in hall.get(HOME).text
    token = enter(hall, "ed@coburg.example")
    assert "Probe senden" in hall.get(at).text
    assert "Pausieren" not in hall.get(at).text
    assert "Probe ist unterwegs" in hall.post(f"{at}/test", data={"token": token}).text
    assert hall.post(f"{at}/pause", data={"token": token}).status_code == 403


def test_trouble_leads_to_the_outlet(hall: TestClient) -> None:
    token = enter(hall, "boss@coburg.example")
    identity = webhook(hall, token)
    with db.transaction() as session:
        kino = factories.merchant(session, "kino").id
    factories.post(kino, factories.event())
    fan_out()
    with db.transaction() as session:
        for one in session.scalars(select(Delivery).where(Delivery.destination_id == identity)):
            one.state, one.reason, one.attempts = "failed", Reason("The door is closed."), 3
    assert f'href="{HOME}/{identity}"' in hall.get("/desk/city/trouble").text
