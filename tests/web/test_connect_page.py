"""The page behind a link: for whom something is connected, in our words; and that a renewal keeps to the account there was."""

import html
from datetime import datetime
from typing import Any

import pytest
from starlette.testclient import TestClient

from syndication import channels, clock, config
from syndication.config import Settings
from syndication.destinations.sealed import decrypted
from syndication.infra import db
from syndication.models import Destination
from syndication.publishing import api_keys
from syndication.publishing.api_keys import KeyRequest
from syndication.stack.receiver import Receiver, Reply
from tests.channels.samples import SAMPLES, filled_in
from tests.web.conftest import Party
from tests.web.test_connect import BROWSER, Owner, asked_for, rows
from tests.web.test_connect_links import _telegram_is_here, cafe, client, connected, renewing

__all__ = ["_telegram_is_here", "cafe", "client"]


# Another account


def test_a_renewal_does_not_move_an_outlet_to_another_account(
    client: TestClient, receiver: Receiver, cafe: Party
) -> None:
    owner = Owner(client, receiver, "mastodon")
    owner.connect(asked_for(cafe, "mastodon"), {"server": "(here)"})
    (row,) = rows()
    with db.transaction() as session:
        kept = session.get_one(Destination, row.id)
        kept.settings = {**kept.settings, "account": "cafe"}  # as the service learns it
    before = decrypted(row)
    usual = receiver.answer

    def somebody_else(request: Any) -> Any:
        if request.path.endswith("/verify_credentials"):
            return Reply(200, {"Content-Type": "application/json"}, b'{"id": "9", "acct": "other"}')
        return usual(request)

    receiver.answer = somebody_else
    link = renewing(cafe, row)
    end = owner.connect(link, {})
    assert end.status_code == 409
    said = html.unescape(end.text)
    assert "@cafe@" in said
    assert "@other@" in said
    assert decrypted(rows()[0]) == before
    receiver.answer = usual
    with db.transaction() as session:  # the fake calls itself what it likes
        kept = session.get_one(Destination, row.id)
        kept.settings = {name: one for name, one in kept.settings.items() if name != "account"}
    assert "is connected" in owner.connect(link, {}).text


def test_what_is_typed_in_for_a_renewal_names_no_other_chat_once_the_outlet_worked(
    client: TestClient, receiver: Receiver, cafe: Party
) -> None:
    row = connected(client, receiver, cafe)
    with db.transaction() as session:
        session.get_one(Destination, row.id).last_sent_at = clock.now()
    receiver.answer = lambda _: Reply(
        200, {}, b'{"ok": true, "result": {"type": "group", "status": "member"}}'
    )
    end = client.post(
        renewing(cafe, row), data={"bot_token": "1:evil", "chat": "@elsewhere"}, headers=BROWSER
    )
    assert end.status_code == 422
    assert "@coburg" in end.text
    assert "@elsewhere" in end.text
    assert rows()[0].settings["chat"] == "@coburg"


#: Their address is all there is: nobody can say whose it is.
NAMELESS = {"slack", "teams", "mattermost", "rocketchat", "apprise"}


def test_every_network_that_can_be_connected_says_whose_account_it_is(city: Settings) -> None:
    silent = set()
    for channel in channels.CHANNELS:
        if channel.connector is None and not channel.typed:
            continue
        given = {
            name: filled_in(one, "http://127.0.0.1:9/x") if isinstance(one, str) else one
            for name, one in SAMPLES[channel.kind][0].items()
        }
        learned = {
            name: "123"
            for name in ("account", "server_id", "channel_id")
            if name in channel.settings.model_fields and name not in given
        }
        if channel.settings.model_validate({**given, **learned}).speaks_as is None:
            silent.add(channel.kind)
    assert silent == NAMELESS


def test_a_renewal_is_refused_whose_login_manages_another_page(
    client: TestClient, receiver: Receiver, cafe: Party
) -> None:
    owner = Owner(client, receiver, "facebook")
    owner.connect(asked_for(cafe, "facebook"), {})
    (row,) = rows()
    before = decrypted(row)
    owner.remote.pages[:] = [{"id": "999", "name": row.settings["page_id"], "access_token": "theirs"}]
    end = owner.connect(renewing(cafe, row), {})
    assert end.status_code == 409
    assert "another account" in end.text
    (after,) = rows()
    assert (after.settings["page_id"], decrypted(after)) == (row.settings["page_id"], before)


def test_a_renewal_is_refused_whose_webhook_posts_into_another_channel(
    client: TestClient, receiver: Receiver, cafe: Party
) -> None:
    row = connected(client, receiver, cafe, "discord")
    assert row.settings["channel_id"], "what Discord says is kept at once"
    usual = receiver.answer

    def elsewhere(request: Any) -> Any:
        if request.method == "GET":
            return Reply(200, {"Content-Type": "application/json"}, b'{"guild_id": "66", "channel_id": "77"}')
        return usual(request)

    receiver.answer = elsewhere
    end = client.post(
        renewing(cafe, row), data={"webhook": receiver.url("/api/webhooks/9/theirs")}, headers=BROWSER
    )
    assert (end.status_code, "66/77" in end.text) == (422, True)
    assert "theirs" not in end.text
    assert "theirs" not in str(decrypted(rows()[0]))


# The page


@pytest.mark.parametrize(
    ("language", "heading", "label"),
    [
        ("de", "Telegram verbinden für Café Rosengarten (Coburg)", "Name des Kanals"),
        ("en", "Connect Telegram for Café Rosengarten (Coburg)", "Name of the channel"),
    ],
)
def test_the_page_names_merchant_and_city_in_our_words(
    client: TestClient, cafe: Party, language: str, heading: str, label: str
) -> None:
    bait = "Sparkasse: Konto prüfen https://evil.example <b>jetzt</b>"
    link = asked_for(cafe, "telegram", name=bait)
    page = client.get(f"{link}?lang={language}", headers=BROWSER).text
    said = html.unescape(page)
    assert f"<h1>{heading}</h1>" in said
    assert f"<title>{heading}</title>" in said
    assert "evil.example" in said.partition("<h1>")[2], "it is shown as what it is"
    assert label in said
    assert 'href="https://evil' not in page
    assert "<b>jetzt" not in page


def test_the_citys_own_outlet_is_named_by_the_city(client: TestClient) -> None:
    hall = Party(client, None, api_keys.create(None, KeyRequest(name="hall", scopes=("operator",))).text)
    page = client.get(asked_for(hall, "telegram"), headers=BROWSER).text
    assert "<h1>Connect Telegram for Coburg</h1>" in page


def test_a_link_that_the_city_made_for_a_merchants_outlet_names_the_merchant(
    client: TestClient, receiver: Receiver, cafe: Party
) -> None:
    row = connected(client, receiver, cafe)
    hall = Party(client, None, api_keys.create(None, KeyRequest(name="hall", scopes=("operator",))).text)
    page = client.get(renewing(hall, row), headers=BROWSER).text
    assert "Café Rosengarten (Coburg)" in page


def test_what_the_sender_filled_in_is_shown_and_secrets_are_not(client: TestClient, cafe: Party) -> None:
    link = asked_for(cafe, "mastodon", settings={"server": "https://evil.example"})
    page = client.get(link, headers=BROWSER).text
    assert "https://evil.example" in page
    assert 'href="https://evil' not in page


def test_until_when_a_link_is_good_is_said(client: TestClient, cafe: Party) -> None:
    answer = cafe("POST", "/destinations/connect", json={"channel": "telegram", "name": "x"}).json()
    until = datetime.fromisoformat(answer["until"]).astimezone(config.settings().zone)
    assert f"{until:%H:%M}" in client.get(answer["url"], headers=BROWSER).text
