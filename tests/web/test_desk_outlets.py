"""A merchant's outlets at the desk: seen, connected, tried, paused, given a rhythm, removed; another's are not there."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from syndication import channels, clock, destinations
from syndication.accounts import people, sessions
from syndication.accounts.sessions import Device
from syndication.config import Settings
from syndication.content.interest import Interest
from syndication.content.reason import Reason
from syndication.destinations.values import PAUSED
from syndication.errors import NotFound
from syndication.infra import db
from syndication.kinds import NAMES
from syndication.ledger import lifecycle
from syndication.models import ConnectLink, Delivery, Destination, Person
from syndication.publishing import merchants, posts
from syndication.web import signed_in
from syndication.web.app import create_app
from tests import factories
from tests.town import fan_out

HOME = "/desk/merchants/cafe/outlets"
CLOSED = Reason.quoted("The door is closed.")
SINCE = datetime(2026, 8, 15, 15, tzinfo=UTC)


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


#: How an outlet stands → its words, whether a new access is offered in the list, and whether it can be tried.
STANDINGS = [
    ({}, "läuft", False, True),
    ({"failures": 2, "failing_since": SINCE, "trouble": CLOSED}, "geht nicht seit", False, True),
    (
        {"state": "paused", "reason": CLOSED, "failing_since": SINCE},
        "nimmt unseren Zugang nicht mehr an seit",
        True,
        False,
    ),
    ({"state": "paused", "reason": PAUSED}, "pausiert", False, False),
    ({"state": "paused", "reason": PAUSED, "failing_since": SINCE}, "pausiert", False, False),
    ({"state": "disabled", "reason": CLOSED, "failing_since": SINCE}, "abgeschaltet", True, False),
]  # fmt: skip -- one glance shows every standing


@pytest.mark.parametrize(("stands", "words", "again", "tried"), STANDINGS)
def test_how_it_stands_is_said_in_words_with_what_helps(
    client: TestClient, stands: dict[str, Any], words: str, again: bool, tried: bool
) -> None:
    identity = outlet()
    with db.transaction() as session:
        for name, value in stands.items():
            setattr(session.get_one(Destination, identity), name, value)
    listed, alone = client.get(HOME).text, client.get(f"{HOME}/{identity}").text
    assert words in listed
    assert words in alone
    assert ("/reconnect" in listed) is again
    assert ("/test" in alone) is tried
    assert (str(CLOSED) in alone) is (CLOSED in stands.values())
    assert ("15. August 2026" in alone) is ("seit" in words)


def test_what_went_there_last_is_told_in_words(client: TestClient) -> None:
    identity = outlet()
    assert "Noch nichts" in client.get(f"{HOME}/{identity}").text
    posts.create(merchants.by_slug("cafe").id, factories.event("Weinprobe"))
    fan_out()
    tried = destinations.test(identity, owner=merchants.by_slug("cafe").id)
    with db.transaction() as session:
        test = session.get_one(Delivery, tried)
        test.state, test.reason = "failed", CLOSED
        ntfy = channels.by_kind("ntfy")
        session.add(Delivery(**lifecycle.row(ntfy, f"{test.key}-back", clock.now(), destination_id=identity)))
        letter = channels.by_kind("letter")
        session.add(Delivery(**lifecycle.row(letter, "n1", clock.now(), destination_id=identity)))
    last = client.get(f"{HOME}/{identity}").text.split("Was zuletzt dorthin ging")[1].split("</section>")[0]
    first, second = re.findall(r"<li.*?</li>", last, re.S)
    assert all(words in first for words in ("Probe", "nicht angekommen", str(CLOSED)))
    assert all(words in second for words in ("Weinprobe", "wartet", "/desk/merchants/cafe/posts/"))


def test_all_outlets_of_the_city_are_named_however_many_merchants_have(client: TestClient) -> None:
    with db.transaction() as session:
        factories.destination(session, "telegram", name="Coburg auf Telegram", settings={"chat": "@coburg"})
        factories.destination(session, "ntfy", name="Alarm", settings={"topic": "alarm"}, alarms=True)
        wein = merchants.by_slug("wein").id
        for number in range(110):
            factories.destination(
                session, "telegram", name=f"W{number}", settings={"chat": "@w"}, merchant_id=wein
            )
    page = client.get(HOME).text
    assert "Coburg auf Telegram" in page
    assert "Alarm" not in page
    assert "W109" not in page


def test_connecting_leads_to_the_page_that_asks_for_the_access(client: TestClient) -> None:
    page = client.post(HOME, data={"token": token(client), "channel": "telegram"})
    assert page.status_code == 200
    assert page.url.path.startswith("/connect/")
    assert "Name des Kanals" in page.text
    with db.reading() as session:
        (link,) = session.scalars(select(ConnectLink)).all()
    assert (link.made_by, link.name) == ("person", "Telegram")
    wrong = client.post(HOME, data={"token": token(client), "channel": "eaten"})
    assert wrong.status_code == 422


def test_the_page_after_connecting_leads_back_to_the_desk_of_whoever_has_one(client: TestClient) -> None:
    done = "/connect/done/telegram?lang=de"
    assert f'href="{HOME}"' in client.get(done).text
    client.cookies.clear()
    assert "/desk" not in client.get(done).text.split("<main")[1].split("</main>")[0]


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


def test_it_gets_the_kinds_and_topics_that_are_ticked_and_all_where_all_are(client: TestClient) -> None:
    identity, cafe = outlet(), merchants.by_slug("cafe").id
    posts.create(cafe, factories.event("Weinprobe", topics=["Bio-Wein"]))
    at, secret = f"{HOME}/{identity}", token(client)
    assert client.get(at).text.count('name="kinds"') == len(NAMES)
    assert 'value="Bio-Wein">' in client.get(at).text
    said = {"token": secret, "kinds": ["event"], "topics": ["Bio-Wein"], "topics.more": "Musik,  Kinder ,"}
    assert "Gespeichert" in client.post(f"{at}/interest", data=said).text
    kept = destinations.read(identity).interest
    assert (kept.kinds, kept.topics) == (("event",), ("bio-wein", "musik", "kinder"))
    assert 'value="Musik" checked' in client.get(at).text
    for wrong, box in (
        ({"kinds": []}, "kinds"),
        ({"topics.more": "!!!"}, "topics"),
        ({"kinds": ["eaten"]}, "kinds"),
    ):
        refused = client.post(f"{at}/interest", data={**said, **wrong})
        assert refused.status_code == 422, wrong
        assert f'id="fault-{box}"' in refused.text
        assert 'value="Bio-Wein" checked' in refused.text
    assert destinations.read(identity).interest == kept
    client.post(f"{at}/interest", data={"token": secret, "kinds": list(NAMES)})
    assert destinations.read(identity).interest == Interest()


WEBHOOK = {"channel": "webhook", "name": "Unser Webshop", "url": "https://shop.example/hook"}


def test_a_webhook_is_set_up_once_and_its_secret_shown_once(client: TestClient) -> None:
    identity = re.findall(r'name="identity" value="(.+?)"', client.get(HOME).text)[0]
    said = {"token": token(client), "identity": identity, **WEBHOOK}
    made = client.post(HOME, data=said)
    assert made.status_code == 200
    assert len(re.findall(r"whsec_[\w+/=]+", made.text)) == 1
    again = client.post(HOME, data=said)
    assert again.url.path == f"{HOME}/{identity}"
    assert "https://shop.example/hook" in again.text
    assert "whsec_" not in again.text
    assert [one.name for one in destinations.listed(owner=merchants.by_slug("cafe").id)] == ["Unser Webshop"]


@pytest.mark.parametrize(
    ("wrong", "box"),
    [
        ({"url": ""}, "url"),
        ({"url": "nirgends"}, "url"),
        ({"url": "ftp://shop.example/"}, "url"),
        ({"name": "x" * 201}, "name"),
    ],
)
def test_a_webhook_that_cannot_be_is_refused_beside_the_box(
    client: TestClient, wrong: dict[str, str], box: str
) -> None:
    page = client.post(HOME, data={"token": token(client), **WEBHOOK, **wrong})
    assert page.status_code == 422
    assert f'id="fault-{box}"' in page.text
    assert destinations.listed(owner=merchants.by_slug("cafe").id) == []


def test_another_merchants_outlet_is_never_made_again_under_its_id(client: TestClient) -> None:
    other = outlet("wein")
    page = client.post(HOME, data={"token": token(client), "identity": str(other), **WEBHOOK})
    assert page.status_code == 422
    assert "gibt es schon" in page.text
    assert destinations.read(other).merchant_slug == "wein"


def test_a_new_secret_is_shown_once_and_loading_that_page_again_makes_no_other(client: TestClient) -> None:
    client.post(HOME, data={"token": token(client), **WEBHOOK})
    (record,) = destinations.listed(owner=merchants.by_slug("cafe").id)
    at, said = f"{HOME}/{record.id}", {"token": token(client), "seen": ""}
    first = client.post(f"{at}/secret", data=said).text
    assert first.count("whsec_") == 1
    assert "noch 24 Stunden" in first
    again = client.post(f"{at}/secret", data=said)
    assert again.status_code == 422
    assert "whsec_" not in again.text
    assert "whsec_" not in client.get(at).text
    seen = re.findall(r'name="seen" value="(.+?)"', again.text)[0]
    assert client.post(f"{at}/secret", data={**said, "seen": seen}).text.count("whsec_") == 1
    none = client.post(f"{HOME}/{outlet()}/secret", data=said)
    assert none.status_code == 422


def test_it_is_removed(client: TestClient) -> None:
    identity = outlet()
    client.post(f"{HOME}/{identity}/remove", data={"token": token(client)})
    with pytest.raises(NotFound):
        destinations.read(identity)


def test_anothers_outlet_is_not_there_and_a_member_may_look_and_try(client: TestClient) -> None:
    other, own = outlet("wein"), outlet()
    secret = token(client)
    assert client.get(f"{HOME}/{other}").status_code == 404
    for act in ("test", "pause", "remove", "rhythm", "reconnect", "interest", "secret"):
        assert client.post(f"{HOME}/{other}/{act}", data={"token": secret}).status_code == 404
    enter(client, "paul@cafe.example")
    page = client.get(f"{HOME}/{own}").text
    assert "Probe senden" in page
    assert "Pausieren" not in page
    secret = re.findall(r'name="token" value="(\w+)"', client.get("/desk/account").text)[0]
    assert "Probe ist unterwegs" in client.post(f"{HOME}/{own}/test", data={"token": secret}).text
    assert client.post(f"{HOME}/{own}/pause", data={"token": secret}).status_code == 403
