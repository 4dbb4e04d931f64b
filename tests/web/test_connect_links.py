"""A link to connect an outlet: used once, ended with whoever made it, and a page that says in our words for whom it is."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from syndication import channels, clock, config
from syndication.config import Settings
from syndication.delivery import access_notices
from syndication.destinations import links
from syndication.infra import db, signing
from syndication.ledger import sealed_links
from syndication.models import ApiKey, ConnectLink, Delivery, Destination
from syndication.publishing import api_keys, merchants
from syndication.publishing.api_keys import KeyRequest
from syndication.stack.receiver import Receiver
from syndication.web.app import create_app
from tests import factories
from tests.conftest import settings_for
from tests.web.conftest import Party, admitted
from tests.web.test_connect import BROWSER, Owner, asked_for, rows
from tests.web.test_connect_typed import answers, network

OLD = "This link is no longer good. Please ask for a new one."


@pytest.fixture
def client(city: Settings, receiver: Receiver, tmp_path: Path) -> Iterator[TestClient]:
    """A browser, and a city with an app at Meta."""
    here = receiver.url("")
    apps = {"meta": {"id": "138483919580948", "secret": "f00dcafe", "login": here, "api": here}}
    config.use(settings_for(tmp_path, smtp_port=city.smtp_port, oauth_clients=json.dumps(apps)))
    with TestClient(create_app(config.settings()), base_url="http://localhost:8000") as one:
        yield one


@pytest.fixture
def cafe(client: TestClient) -> Party:
    return admitted(client, "cafe", name="Café Rosengarten")


@pytest.fixture(autouse=True)
def _telegram_is_here(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    field = channels.by_kind("telegram").settings.model_fields["api"]
    monkeypatch.setattr(field, "default", receiver.url(""))
    channels.by_kind("telegram").settings.model_rebuild(force=True)


def browser(client: TestClient) -> TestClient:
    """Another browser: it has no cookies of ours."""
    return TestClient(client.app, base_url="http://localhost:8000", raise_server_exceptions=False)


def is_dead(client: TestClient, link: str) -> bool:
    seen = browser(client).get(link, headers=BROWSER)
    sent = browser(client).post(link, data={"bot_token": "1:x", "chat": "@x"}, headers=BROWSER)
    return (seen.status_code, sent.status_code, OLD in seen.text, OLD in sent.text) == (404, 404, True, True)


def connected(client: TestClient, receiver: Receiver, party: Party, kind: str = "telegram") -> Destination:
    """An outlet of this party, connected by a link."""
    network(kind, receiver)
    end = client.post(asked_for(party, kind), data=answers(kind, receiver), headers=BROWSER)
    assert "is connected" in end.text, end.text
    return rows()[-1]


def renewing(party: Party, row: Destination) -> str:
    answer = party("POST", f"/destinations/{row.id}/connect")
    assert answer.status_code == 200, answer.text
    return str(answer.json()["url"])


# Once


def test_a_used_link_moves_nothing_for_whoever_finds_it(
    client: TestClient, receiver: Receiver, cafe: Party
) -> None:
    network("ntfy", receiver)
    link = asked_for(cafe, "ntfy")
    given = answers("ntfy", receiver)
    client.post(link, data=given, headers=BROWSER)
    finder = browser(client).post(link, data=given | {"topic": "elsewhere"}, headers=BROWSER)
    assert (finder.status_code, OLD in finder.text) == (404, True)
    assert is_dead(client, link)
    assert rows()[0].settings["topic"] == given["topic"]


def test_a_used_link_makes_no_deleted_outlet_anew(
    client: TestClient, receiver: Receiver, cafe: Party
) -> None:
    network("telegram", receiver)
    link, given = asked_for(cafe, "telegram"), answers("telegram", receiver)
    client.get(link, headers=BROWSER)
    client.post(link, data=given, headers=BROWSER)
    assert cafe("DELETE", f"/destinations/{rows()[0].id}").status_code == 204
    again = client.post(link, data=given, headers=BROWSER)  # even in the browser that used it
    assert again.status_code == 404
    assert rows() == []


def test_a_renewal_ends_with_its_outlet(client: TestClient, receiver: Receiver, cafe: Party) -> None:
    row = connected(client, receiver, cafe)
    link = renewing(cafe, row)
    cafe("DELETE", f"/destinations/{row.id}")
    assert is_dead(client, link)
    assert rows() == []


def test_pressing_twice_at_once_makes_one_outlet_and_ends_well_in_the_same_browser(
    client: TestClient, receiver: Receiver, cafe: Party
) -> None:
    network("ntfy", receiver)
    link, given = asked_for(cafe, "ntfy"), answers("ntfy", receiver)
    client.get(link, headers=BROWSER)
    with ThreadPoolExecutor(3) as pool:
        ends = list(pool.map(lambda _: client.post(link, data=given, headers=BROWSER), range(3)))
    ends += [client.post(link, data=given, headers=BROWSER), client.get(link, headers=BROWSER)]
    assert [(end.status_code, "is connected" in end.text) for end in ends] == [(200, True)] * 5
    assert len(rows()) == 1


def test_a_wrong_try_leaves_the_link_open(client: TestClient, receiver: Receiver, cafe: Party) -> None:
    network("telegram", receiver)
    link = asked_for(cafe, "telegram")
    wrong = client.post(link, data={"bot_token": "1:wrong", "chat": "@coburg"}, headers=BROWSER)
    assert wrong.status_code == 422
    end = browser(client).post(link, data=answers("telegram", receiver), headers=BROWSER)
    assert "is connected" in end.text


# Its end


@pytest.mark.parametrize("end", ["revoked", "expired", "deleted"])
def test_a_link_ends_with_the_key_that_made_it(
    client: TestClient, receiver: Receiver, cafe: Party, end: str
) -> None:
    network("telegram", receiver)
    made = api_keys.create(
        cafe.merchant_id, KeyRequest(name="till", expires_at=clock.now() + timedelta(minutes=20))
    )
    link = asked_for(Party(client, cafe.merchant_id, made.text), "telegram")
    assert client.get(link, headers=BROWSER).status_code == 200
    if end == "revoked":
        api_keys.revoke(made.key.id)
    elif end == "expired":
        clock.travel(timedelta(minutes=21))
    else:
        with db.transaction() as session:
            session.delete(session.get_one(ApiKey, made.key.id))
    assert is_dead(client, link)
    assert rows() == []


def test_a_link_ends_when_its_merchant_is_suspended(
    client: TestClient, receiver: Receiver, cafe: Party
) -> None:
    assert cafe.merchant_id is not None
    network("telegram", receiver)
    link = asked_for(cafe, "telegram")
    merchants.suspend(cafe.merchant_id)
    assert is_dead(client, link)


def test_a_link_is_good_for_an_hour_or_as_long_as_was_asked_up_to_eight_days(
    client: TestClient, receiver: Receiver, cafe: Party
) -> None:
    short, long = asked_for(cafe, "telegram"), asked_for(cafe, "telegram", valid_for=8 * 86400)
    clock.travel(timedelta(minutes=59))
    assert client.get(short, headers=BROWSER).status_code == 200
    clock.travel(timedelta(minutes=2))
    assert is_dead(client, short)
    clock.travel(timedelta(days=7, hours=22))
    assert client.get(long, headers=BROWSER).status_code == 200
    clock.travel(timedelta(hours=2))
    assert is_dead(client, long)
    for wrong in (8 * 86400 + 1, 0, -5, 10):
        answer = cafe(
            "POST",
            "/destinations/connect",
            json={"channel": "telegram", "name": "x", "valid_for": wrong},
        )
        assert answer.status_code == 422, wrong


def test_links_are_listed_and_revoked(client: TestClient, receiver: Receiver, cafe: Party) -> None:
    museum = admitted(client, "museum")
    row = connected(client, receiver, cafe)
    first, second = asked_for(cafe, "telegram"), renewing(cafe, row)
    listed = cafe("GET", "/destinations/links").json()["data"]
    assert [(one["state"], one["renews"], one["made_by"]) for one in listed] == [
        ("open", True, "key"),
        ("open", False, "key"),
        ("used", False, "key"),
    ]
    assert listed[0]["destination_id"] == str(row.id)
    assert all(part not in json.dumps(listed) for part in (first[-43:], second[-43:])), (
        "no token is told again"
    )
    assert museum("GET", "/destinations/links").json()["data"] == []
    assert museum("DELETE", f"/destinations/links/{listed[0]['id']}").status_code == 404
    assert cafe("DELETE", f"/destinations/links/{listed[0]['id']}").status_code == 204
    assert is_dead(client, second)
    assert client.get(first, headers=BROWSER).status_code == 200
    assert [one["state"] for one in cafe("GET", "/destinations/links").json()["data"]] == [
        "ended",
        "open",
        "used",
    ]


def test_what_is_kept_of_a_link_opens_nothing(client: TestClient, receiver: Receiver, cafe: Party) -> None:
    link = asked_for(cafe, "telegram", settings={"bot_token": "777:a-secret", "chat": "@coburg"})
    with db.reading() as session:
        row = session.scalars(select(ConnectLink)).one()
        kept = str({name: value for name, value in vars(row).items() if not name.startswith("_")})
    assert link.rpartition("/")[2] not in kept
    assert "777:a-secret" not in kept
    assert "777:a-secret" not in client.get(link, headers=BROWSER).text


def test_a_sealed_link_of_an_earlier_version_asks_for_a_new_one(client: TestClient, cafe: Party) -> None:
    wish = {"new": {"channel": "telegram", "name": "x"}, "identity": str(UUID(int=1))}
    sealed = signing.Box(factories.KEYS, "connect link").close({"wish": wish, "at": clock.now().timestamp()})
    assert is_dead(client, f"/connect/{sealed}")


def test_old_links_are_swept_away(client: TestClient, cafe: Party) -> None:

    asked_for(cafe, "telegram")
    clock.travel(timedelta(days=20))
    links.sweep()
    with db.reading() as session:
        assert len(session.scalars(select(ConnectLink)).all()) == 1
    clock.travel(timedelta(days=20))
    links.sweep()
    with db.reading() as session:
        assert session.scalars(select(ConnectLink)).all() == []


# Letters


def warned(row: Destination, days: float) -> str:
    """The link of the letter that says this access ends."""
    with db.transaction() as session:
        kept = session.get_one(Destination, row.id)
        access_notices.ending(
            session, config.settings(), kept, clock.now() + timedelta(days=days), clock.now()
        )
    with db.reading() as session:
        letter = session.scalars(
            select(Delivery).where(Delivery.channel == "letter").order_by(Delivery.id.desc())
        ).first()
    assert letter is not None
    assert letter.payload is not None
    assert "/connect/" not in json.dumps(letter.payload), "a letter that waits does not hold it in plain text"
    return sealed_links.opened(letter.payload)


def test_a_letters_link_is_good_for_eight_days_and_once_and_ends_the_one_before(
    client: TestClient, receiver: Receiver, cafe: Party
) -> None:
    row = connected(client, receiver, cafe)
    first = warned(row, 6)
    clock.travel(timedelta(days=7, hours=20))
    assert client.get(first, headers=BROWSER).status_code == 200
    second = warned(row, 5)
    assert is_dead(client, first)
    client.post(second, data=answers("telegram", receiver), headers=BROWSER)
    assert is_dead(client, second)


def test_a_letter_to_a_suspended_merchant_holds_no_link_that_opens_nothing(
    client: TestClient, receiver: Receiver, cafe: Party
) -> None:
    assert cafe.merchant_id is not None
    row = connected(client, receiver, cafe)
    merchants.suspend(cafe.merchant_id)
    assert warned(row, 6) == ""


# The way over the network


def test_a_way_back_is_walked_once_and_an_unsuccessful_one_too(
    client: TestClient, receiver: Receiver, cafe: Party
) -> None:
    owner = Owner(client, receiver, "mastodon")
    link = asked_for(cafe, "mastodon")
    back = owner.log_in(owner.fill_in(link, {"server": "(here)"}).text)
    state = parse_qs(urlsplit(back).query)["state"][0]
    wrong = owner.come_back(f"http://localhost:8000/connect/back?state={state}&code=wrong")
    assert wrong.status_code == 409
    replayed = owner.come_back(back)  # the right code, but its way was walked
    assert (replayed.status_code, rows()) == (404, [])
    assert "is connected" in owner.connect(link, {"server": "(here)"}).text


def test_a_way_back_is_refused_once_its_link_is_revoked_or_used(
    client: TestClient, receiver: Receiver, cafe: Party
) -> None:
    owner = Owner(client, receiver, "mastodon")
    link = asked_for(cafe, "mastodon")
    back = owner.log_in(owner.fill_in(link, {"server": "(here)"}).text)
    (made,) = cafe("GET", "/destinations/links").json()["data"]
    cafe("DELETE", f"/destinations/links/{made['id']}")
    assert owner.come_back(back).status_code == 404
    assert rows() == []
    link = asked_for(cafe, "mastodon")
    stranger = Owner(browser(client), receiver, "mastodon")
    stranger.remote = owner.remote
    receiver.answer = owner.remote.answer
    waits = stranger.log_in(stranger.fill_in(link, {"server": "(here)"}).text)
    assert "is connected" in owner.connect(link, {"server": "(here)"}).text
    assert stranger.come_back(waits).status_code == 404
    assert len(rows()) == 1
