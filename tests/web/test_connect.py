"""Connecting an outlet by logging in: the owner's way through link, form, network and back, and every way it can go wrong."""

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from sqlalchemy import select
from starlette.testclient import TestClient

from syndication import channels, clock, config, destinations
from syndication.channels import google_business, linkedin, mastodon
from syndication.config import Settings
from syndication.delivery import access_notices, drain, refresh
from syndication.delivery.drain import tools
from syndication.destinations.sealed import decrypted
from syndication.errors import Invalid
from syndication.infra import db
from syndication.infra.rendering import translations
from syndication.insight import audit_log
from syndication.insight.audit_log import LogFilter
from syndication.ledger import sealed_links
from syndication.models import Delivery, Destination
from syndication.stack.receiver import Receiver, Reply
from syndication.web.app import create_app
from tests.conftest import settings_for
from tests.remotes import REMOTES
from tests.town import fan_out, states
from tests.web.conftest import Party, admitted

pytestmark = pytest.mark.enough(
    "sqlite"
)  # pages and networks; tests/web/test_connect_links.py has what is kept, on both

BROWSER = {"Accept": "text/html", "Accept-Language": "en"}
PAGE = "104512345678901"


@dataclass
class Network:
    """A network, what its owner answers, what is known of the outlet afterwards, and its secrets."""

    kind: str
    answers: dict[str, str]
    settings: dict[str, Any]
    secrets: dict[str, Any]


NETWORKS = [
    Network(
        "mastodon", {"server": "(here)"}, {"server": "(here)"}, {"access_token": "mastodon-access-token"}
    ),
    Network(
        "linkedin",
        {"organization": "5515715"},
        {"organization": "5515715", "client_id": "78app"},
        {"refresh_token": "AQX-refresh"},
    ),
    Network(
        "google_business",
        {"account": "111", "location": "222"},
        {"account": "111", "client_id": "app.apps.example"},
        {"refresh_token": "1//refresh"},
    ),
    Network(
        "facebook",
        {},
        {"page_id": PAGE, "name": "Weinhaus am Markt"},
        {"access_token": "EAAG-page-token", "app_secret": "f00dcafe"},
    ),
    Network(
        "instagram",
        {},
        {"user_id": "17841400008460056", "username": "weinhaus.coburg"},
        {"access_token": "EAAG-page-token"},
    ),
]


@pytest.fixture
def client(city: Settings, receiver: Receiver, tmp_path: Path) -> Iterator[TestClient]:
    """A browser, and a city with an app at every network that wants one; all networks are at the receiver."""
    here = receiver.url("")
    apps = {
        "meta": {"id": "138483919580948", "secret": "f00dcafe", "login": here, "api": here},
        "linkedin": {"id": "78app", "secret": "WPL-secret", "auth": here},
        "google": {"id": "app.apps.example", "secret": "GOCSPX-client", "login": here, "auth": here},
    }
    config.use(settings_for(tmp_path, smtp_port=city.smtp_port, oauth_clients=json.dumps(apps)))
    with TestClient(create_app(config.settings()), base_url="http://localhost:8000") as one:
        yield one


@pytest.fixture
def cafe(client: TestClient) -> Party:
    return admitted(client, "cafe")


class Owner:
    """Somebody with a browser, at a network's fake."""

    def __init__(self, client: TestClient, receiver: Receiver, kind: str) -> None:
        self.client, self.here = client, receiver.url("")
        self.remote: Any = REMOTES[kind]()
        receiver.answer = self.remote.answer
        redirect = "http://localhost:8000/connect/back"
        for app, secret in (
            ("138483919580948", "f00dcafe"),
            ("78app", "WPL-secret"),
            ("app.apps.example", "GOCSPX-client"),
        ):
            self.remote.logins.apps[app] = (secret, redirect)

    def fill_in(self, link: str, answers: dict[str, str]) -> Any:
        """The page after the form."""
        given = {name: value.replace("(here)", self.here) for name, value in answers.items()}
        return self.client.post(link, data=given, headers=BROWSER)

    def log_in(self, page: str) -> str:
        """Follow the button to the network, and agree; the address one is sent back to."""
        found = re.search(r'class="button" href="([^"]+)"', page)
        assert found, page
        answer = requests.get(html.unescape(found.group(1)), allow_redirects=False, timeout=5)
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]

    def come_back(self, url: str, client: TestClient | None = None) -> Any:
        return (client or self.client).get(url, headers=BROWSER)

    def connect(self, link: str, answers: dict[str, str]) -> Any:
        """The whole way."""
        return self.come_back(self.log_in(self.fill_in(link, answers).text))


def asked_for(party: Party, kind: str, **more: Any) -> str:
    answer = party("POST", "/destinations/connect", json={"channel": kind, "name": "Our account", **more})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["url"])


def rows() -> list[Destination]:
    with db.reading() as session:
        return list(session.scalars(select(Destination).where(Destination.merchant_id.is_not(None))))


@pytest.mark.parametrize("network", NETWORKS, ids=lambda one: one.kind)
def test_an_owner_connects_an_account_by_logging_in(
    client: TestClient, receiver: Receiver, cafe: Party, network: Network
) -> None:
    owner = Owner(client, receiver, network.kind)
    link = asked_for(cafe, network.kind, interest={"kinds": ["event"]})
    form = client.get(link, headers=BROWSER)
    assert all(f'name="{name}"' in form.text for name in network.answers)
    end = owner.connect(link, network.answers)
    assert (end.status_code, "is connected" in end.text) == (200, True), end.text
    (row,) = rows()
    assert (row.channel, row.name, row.merchant_id, row.state) == (
        network.kind,
        "Our account",
        cafe.merchant_id,
        "active",
    )
    wanted = {name: value.replace("(here)", owner.here) for name, value in network.settings.items()}
    assert {name: row.settings[name] for name in wanted} == wanted
    assert {name: decrypted(row)[name] for name in network.secrets} == network.secrets
    assert destinations.read(row.id).interest.kinds == ("event",)
    (line,) = audit_log.lines(LogFilter(what="outlet.made"))
    assert (line.by.partition(" ")[0], line.way, line.merchant) == ("link", "page", "cafe")


@pytest.mark.parametrize("network", NETWORKS, ids=lambda one: one.kind)
def test_an_access_is_renewed_and_nothing_else_changes(
    client: TestClient, receiver: Receiver, cafe: Party, network: Network
) -> None:
    owner = Owner(client, receiver, network.kind)
    owner.connect(asked_for(cafe, network.kind), network.answers)
    (before,) = rows()
    destinations.update(before.id, destinations.DestinationAmendment(settings={"gap_minutes": 30}))
    destinations.pause(before.id)
    answer = cafe("POST", f"/destinations/{before.id}/connect")
    end = owner.connect(answer.json()["url"], {})  # what is known is not asked again
    assert "is connected" in end.text
    (after,) = rows()
    assert (after.id, after.state, after.settings["gap_minutes"]) == (before.id, "active", 30)
    assert {name: decrypted(after)[name] for name in network.secrets} == network.secrets
    assert set(decrypted(after)) == set(decrypted(before))


def test_what_could_not_be_posted_is_sent_once_the_access_is_renewed(
    client: TestClient, receiver: Receiver, cafe: Party
) -> None:
    owner = Owner(client, receiver, "mastodon")
    owner.connect(asked_for(cafe, "mastodon"), {"server": "(here)"})
    cafe("POST", "/posts", json={"kind": "offer", "title": "Tee"})
    fan_out()
    drain.drain("push")
    owner.remote.token = "another"
    cafe("POST", "/posts", json={"kind": "offer", "title": "Kaffee"})
    fan_out()
    drain.drain("push")
    assert states("mastodon") == ["sent", "failed"]
    with db.reading() as session:
        letter = session.scalars(select(Delivery.payload).where(Delivery.channel == "letter")).one() or {}
    assert len(sealed_links.opened(letter)) < 100, "it stands in a letter"
    assert "is connected" in owner.connect(sealed_links.opened(letter), {}).text
    drain.drain("push")
    assert states("mastodon") == ["sent", "sent"]
    assert [one["text"].partition("\n")[0] for one in owner.remote.statuses.values()] == ["Tee", "Kaffee"]


@pytest.mark.parametrize("kind", ["linkedin", "google_business"])
def test_what_the_citys_app_was_given_is_renewed_with_the_citys_app(
    client: TestClient, receiver: Receiver, cafe: Party, kind: str
) -> None:
    owner = Owner(client, receiver, kind)
    network = next(one for one in NETWORKS if one.kind == kind)
    owner.connect(asked_for(cafe, kind), network.answers)
    (row,) = rows()
    assert "client_secret" not in decrypted(row)
    clock.travel(timedelta(days=52))
    calls = len(owner.remote.calls)
    refresh.sweep(tools())
    (call,) = [one for one in owner.remote.calls[calls:] if one.method == "POST"]
    assert b"grant_type=refresh_token" in call.body
    assert rows()[0].state == "active"


def test_the_citys_secret_goes_to_no_address_a_merchant_names(
    client: TestClient, receiver: Receiver, cafe: Party
) -> None:
    owner = Owner(client, receiver, "linkedin")
    owner.connect(asked_for(cafe, "linkedin"), {"organization": "5515715"})
    (row,) = rows()
    with Receiver() as trap:
        cafe("PATCH", f"/destinations/{row.id}", json={"settings": {"auth": trap.url("")}})
        clock.travel(timedelta(days=52))
        refresh.sweep(tools())
        assert trap.await_requests(0) == []
    refused = cafe(
        "POST",
        "/destinations/connect",
        json={"channel": "linkedin", "name": "x", "settings": {"auth": "http://evil.example"}},
    )
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "settings.auth")


def test_a_login_at_facebook_with_several_pages_is_asked_which(
    client: TestClient, receiver: Receiver, cafe: Party
) -> None:
    owner = Owner(client, receiver, "facebook")
    owner.remote.pages.append({"id": "999", "name": "Weinfest", "access_token": "other"})
    link = asked_for(cafe, "facebook")
    end = owner.connect(link, {})
    assert end.status_code == 409
    assert f"Weinhaus am Markt ({PAGE}), Weinfest (999)" in end.text
    assert rows() == []
    owner.connect(link, {"page_id": "weinfest"})
    assert rows()[0].settings["page_id"] == "999"


def test_a_login_that_manages_no_page_is_told_so(client: TestClient, receiver: Receiver, cafe: Party) -> None:
    owner = Owner(client, receiver, "facebook")
    owner.remote.pages.clear()
    assert "manages no page" in owner.connect(asked_for(cafe, "facebook"), {}).text


def test_an_instagram_account_has_to_be_linked_with_the_page(
    client: TestClient, receiver: Receiver, cafe: Party
) -> None:
    owner = Owner(client, receiver, "instagram")
    del owner.remote.pages[0]["instagram_business_account"]
    assert "linked with the page Weinhaus am Markt" in owner.connect(asked_for(cafe, "instagram"), {}).text


def test_who_does_not_agree_is_told_and_may_try_again(
    client: TestClient, receiver: Receiver, cafe: Party
) -> None:
    owner = Owner(client, receiver, "mastodon")
    owner.remote.logins.agrees = False
    link = asked_for(cafe, "mastodon")
    end = owner.connect(link, {"server": "(here)"})
    assert (end.status_code, "The access was not given" in end.text) == (409, True)
    owner.remote.logins.agrees = True
    assert "is connected" in owner.connect(link, {"server": "(here)"}).text


def test_another_browser_cannot_finish_what_this_one_began(
    client: TestClient, receiver: Receiver, cafe: Party
) -> None:
    owner = Owner(client, receiver, "mastodon")
    back = owner.log_in(owner.fill_in(asked_for(cafe, "mastodon"), {"server": "(here)"}).text)
    stranger = TestClient(client.app, base_url="http://localhost:8000", raise_server_exceptions=False)
    end = owner.come_back(back, stranger)
    assert (end.status_code, "did not begin here" in end.text) == (404, True)
    assert rows() == []
    assert "is connected" in owner.come_back(back).text


def test_over_https_the_proof_is_bound_to_this_host(
    client: TestClient, receiver: Receiver, cafe: Party
) -> None:
    owner, base = Owner(client, receiver, "mastodon"), "https://news.coburg.example"
    config.use(config.settings().model_copy(update={"base_url": base}))
    page = owner.fill_in(asked_for(cafe, "mastodon"), {"server": "(here)"})
    # RFC 6265bis section 4.1.3.2: the prefix needs Secure, Path=/ and no Domain.
    cookie = page.headers["set-cookie"]
    assert cookie.startswith("__Host-connect=")
    assert {"HttpOnly", "Secure", "Path=/", "SameSite=lax"} <= {part.strip() for part in cookie.split(";")}
    assert "domain" not in cookie.lower()


def test_a_code_is_good_once(client: TestClient, receiver: Receiver, cafe: Party) -> None:
    owner = Owner(client, receiver, "mastodon")
    back = owner.log_in(owner.fill_in(asked_for(cafe, "mastodon"), {"server": "(here)"}).text)
    cookies = dict(client.cookies)
    owner.come_back(back)
    client.cookies.update(cookies)
    end = owner.come_back(back)
    assert (end.status_code, "no longer good" in end.text) == (404, True)
    assert len(rows()) == 1


def test_what_goes_through_the_network_is_no_link(
    client: TestClient, receiver: Receiver, cafe: Party
) -> None:
    owner = Owner(client, receiver, "mastodon")
    back = owner.log_in(owner.fill_in(asked_for(cafe, "mastodon"), {"server": "(here)"}).text)
    state = parse_qs(urlsplit(back).query)["state"][0]
    assert client.get(f"/connect/{state}", headers=BROWSER).status_code == 404


@pytest.mark.parametrize(
    "path", ["/connect/garbage", "/connect/back", "/connect/back?state=x&code=y", "/connect/" + "A" * 3000]
)
def test_a_link_that_is_not_ours_leads_nowhere(client: TestClient, path: str) -> None:
    answer = client.get(path, headers=BROWSER)
    assert (answer.status_code, "no longer good" in answer.text) == (404, True)


def test_links_grow_old(client: TestClient, receiver: Receiver, cafe: Party) -> None:
    owner = Owner(client, receiver, "mastodon")
    link = asked_for(cafe, "mastodon")
    back = owner.log_in(owner.fill_in(link, {"server": "(here)"}).text)
    clock.travel(timedelta(hours=1, minutes=1))
    assert "no longer good" in owner.come_back(back).text
    clock.travel(timedelta(days=8))
    assert client.get(link, headers=BROWSER).status_code == 404


@pytest.mark.parametrize(
    ("server", "words"),
    [
        ("", "is needed"),
        ("not a server", "must"),
        ("http://127.0.0.1:9", "cannot be reached"),
    ],
)
def test_a_server_that_is_none_is_said_in_the_form(
    client: TestClient, receiver: Receiver, cafe: Party, server: str, words: str
) -> None:
    owner = Owner(client, receiver, "mastodon")
    answer = owner.fill_in(asked_for(cafe, "mastodon"), {"server": server})
    assert answer.status_code == 422
    assert words in html.unescape(answer.text)
    assert html.escape(server) in answer.text  # what was typed is still there


def test_an_address_that_speaks_something_else_is_said_in_the_form(
    client: TestClient, receiver: Receiver, cafe: Party
) -> None:
    owner = Owner(client, receiver, "mastodon")
    receiver.answer = lambda _: Reply(404)
    answer = owner.fill_in(asked_for(cafe, "mastodon"), {"server": "(here)"})
    assert "does not seem to be a Mastodon server" in answer.text


def test_who_may_ask_for_a_link(client: TestClient, receiver: Receiver, cafe: Party) -> None:
    museum = admitted(client, "museum")
    owner = Owner(client, receiver, "mastodon")
    owner.connect(asked_for(cafe, "mastodon"), {"server": "(here)"})
    assert museum("POST", f"/destinations/{rows()[0].id}/connect").status_code == 404
    reading = admitted(client, "reader", "posts:read")
    assert (
        reading("POST", "/destinations/connect", json={"channel": "mastodon", "name": "x"}).status_code == 403
    )


@pytest.mark.parametrize(
    ("kind", "status", "words"),
    [
        ("webhook", 422, "must be one of mastodon"),
        ("nonsense", 422, "must be one of mastodon"),
        ("linkedin", 409, "the operator enters it as linkedin"),
    ],
)
def test_what_cannot_be_connected_is_said_at_once(
    client: TestClient, cafe: Party, kind: str, status: int, words: str, tmp_path: Path
) -> None:
    config.use(settings_for(tmp_path))
    answer = cafe("POST", "/destinations/connect", json={"channel": kind, "name": "x"})
    assert (answer.status_code, words in answer.text) == (status, True)


def test_the_letter_about_an_access_holds_the_link(
    client: TestClient, receiver: Receiver, cafe: Party
) -> None:
    owner = Owner(client, receiver, "linkedin")
    owner.connect(asked_for(cafe, "linkedin"), {"organization": "5515715"})
    with db.transaction() as session:
        row = session.scalars(select(Destination).where(Destination.merchant_id.is_not(None))).one()
        access_notices.ending(session, config.settings(), row, clock.now() + timedelta(days=6), clock.now())
    with db.reading() as session:
        payload = session.scalars(select(Delivery.payload).where(Delivery.channel == "letter")).one() or {}
    assert client.get(sealed_links.opened(payload), headers=BROWSER).status_code == 200
    clock.travel(timedelta(days=7))  # still good when the access ends
    assert "is connected" in owner.connect(sealed_links.opened(payload), {}).text


def test_every_question_and_every_answer_has_german_words() -> None:
    texts = {
        field.description
        for one in channels.CHANNELS
        if one.connector is not None
        for field in one.connector.asks.model_fields.values()
    }
    texts |= {
        rule.reason
        for rules in (mastodon.LOGIN_RULES, linkedin.LOGIN_RULES, google_business.LOGIN_RULES)
        for rule in rules
    }
    catalogue = translations("de")._catalog
    assert sorted(text for text in texts if text not in catalogue) == []


def test_apps_that_are_no_json_are_refused_at_the_start(tmp_path: Path) -> None:
    for wrong in ("nonsense", '{"meta": {"id": "1"}}', '["meta"]', '{"meta": {"id": "1", "secret": ""}}'):
        with pytest.raises((Invalid, ValueError), match="must be JSON like"):
            settings_for(tmp_path, oauth_clients=wrong)
