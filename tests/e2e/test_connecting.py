"""An owner connects an account in a real browser: types in a bot's token, wrong at first; or logs in at a Mastodon server."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from syndication import config
from syndication.delivery import drain
from syndication.destinations import connecting, links
from syndication.infra import db
from syndication.models import Destination
from syndication.stack.receiver import Receiver
from tests import factories
from tests.chromium import CHROMIUM, Tab, browsing
from tests.conftest import settings_for
from tests.remotes import REMOTES
from tests.town import fan_out, publish, states
from tests.web.serving import served

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine; .ci/run installs it"),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


@pytest.fixture
def site(city: config.Settings, tmp_path: Path) -> Iterator[str]:
    """The city on a real socket; its public address is the one it is served at."""
    with served(city) as base:
        config.use(settings_for(tmp_path, smtp_port=city.smtp_port, http_timeout=10.0, base_url=base))
        yield base


@pytest.fixture
def tab(tmp_path: Path) -> Iterator[Tab]:
    with browsing(tmp_path) as one:
        one.command("Log.enable")
        yield one


def link(kind: str, **known: Any) -> str:
    with db.transaction() as session:
        merchant_id = factories.merchant(session, "weinhaus").id
    request = connecting.ConnectionRequest(channel=kind, name="Weinhaus am Markt", settings=known)
    return connecting.link(request, links.COMMAND, owner=merchant_id).url


def fill_in(tab: Tab, **answers: str) -> None:
    for name, value in answers.items():
        tab.click(f'input[name="{name}"]')
        tab.evaluate(f"document.querySelector('input[name={name}]').value = ''")
        tab.command("Input.insertText", text=value)


def row() -> Destination:
    with db.reading() as session:
        return session.query(Destination).filter(Destination.merchant_id.is_not(None)).one()


def complaints(tab: Tab) -> list[str]:
    """What the page's own policy (CSP) forbade."""
    return [
        said for one in tab.heard("Log.entryAdded") if "Content Security Policy" in (said := json.dumps(one))
    ]


def test_a_token_that_is_wrong_at_first_is_typed_in(site: str, tab: Tab, receiver: Receiver) -> None:
    remote: Any = REMOTES["discord"]()
    receiver.answer = remote.answer
    tab.open(f"{link('discord')}?lang=de")
    assert "Neuer Webhook" in tab.text(), "the page says where to find it"
    fill_in(tab, webhook=receiver.url("/api/webhooks/222/vertippt"))
    tab.click("button")
    tab.reads("wurde bei Discord gelöscht")
    assert tab.evaluate("document.querySelector('input[name=webhook]').type") == "password"
    fill_in(tab, webhook=receiver.url("/api/webhooks/222/discord-webhook-token"))
    tab.click("button")
    tab.reads("Discord ist verbunden")
    assert tab.evaluate("location.pathname") == "/connect/done/discord"
    assert complaints(tab) == []
    assert row().state == "active"
    publish("weinhaus2")
    fan_out()
    drain.drain("push")
    assert states("discord") == [], "another shop's post is not theirs"


def test_an_owner_logs_in_at_the_network_and_is_back(site: str, tab: Tab, receiver: Receiver) -> None:
    remote: Any = REMOTES["mastodon"]()
    receiver.answer = remote.answer
    tab.open(f"{link('mastodon')}?lang=de")
    fill_in(tab, server=receiver.url(""))
    tab.click("button")
    tab.reads("Jetzt bei Mastodon anmelden")
    tab.click("a.button")
    tab.reads("Mastodon ist verbunden")
    assert tab.evaluate("location.origin") == site
    assert complaints(tab) == []
    assert urlsplit(row().settings["server"]).netloc == urlsplit(receiver.url("")).netloc
