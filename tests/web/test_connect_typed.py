"""Connecting an outlet by typing in its access: the form, what the network says to it at once, and a test message."""

import html
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.testclient import TestClient

from syndication import channels, clock
from syndication.config import Settings
from syndication.delivery import drain
from syndication.destinations import connect_form
from syndication.destinations.sealed import decrypted
from syndication.infra.rate_limits import Buckets
from syndication.infra.rendering import translations
from syndication.insight import audit_log
from syndication.insight.audit_log import LogFilter
from syndication.ledger import sealed_links
from syndication.stack.receiver import Receiver
from syndication.web.app import create_app
from tests.channels.samples import SAMPLES, filled_in
from tests.remotes import REMOTES
from tests.town import deliveries, fan_out, later, states
from tests.web.conftest import Party, admitted
from tests.web.test_connect import BROWSER, asked_for, rows

pytestmark = pytest.mark.enough(
    "sqlite"
)  # forms and networks; tests/web/test_connect_links.py has what is kept, on both

TYPED = [one.kind for one in channels.CHANNELS if one.typed]
#: One wrong answer for each network that can be asked, and what its owner then reads.
WRONG = {
    "telegram": ({"bot_token": "1:wrong"}, "no longer knows this bot", "kennt diesen Bot nicht mehr"),
    "discord": ({"webhook": "(here)/api/webhooks/9/other"}, "was deleted on Discord", "wurde bei Discord gelöscht"),
    "bluesky": ({"app_password": "wrong"}, "does not accept this name", "nimmt diesen Namen"),
    "matrix": ({"access_token": "wrong"}, "no longer accepts our access", "nimmt unseren Zugang nicht mehr an"),
}  # fmt: skip


@pytest.fixture
def client(city: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(city), base_url="http://localhost:8000") as one:
        yield one


@pytest.fixture
def cafe(client: TestClient) -> Party:
    return admitted(client, "cafe")


def network(kind: str, receiver: Receiver) -> Any:
    remote = REMOTES[kind]()
    receiver.answer = remote.answer
    return remote


def answers(kind: str, receiver: Receiver) -> dict[str, str]:
    """What an owner types in, as in the contract's sample."""
    given = {name: filled_in(str(one), receiver.url("")) for name, one in SAMPLES[kind][0].items()}
    return {name: value for name, value in given.items() if name in channels.by_kind(kind).typed}


def drain_a_second_later() -> None:
    """Of many accounts one message a second is taken."""
    later(2)
    drain.drain("push")


@pytest.fixture(autouse=True)
def _seconds_pass_for_rates_too(city: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = Buckets(monotonic=lambda: clock.now().timestamp())
    monkeypatch.setattr(drain, "_buckets", lambda: counts)


@pytest.fixture(autouse=True)
def _telegram_is_here(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one network whose address nobody types in."""
    field = channels.by_kind("telegram").settings.model_fields["api"]
    monkeypatch.setattr(field, "default", receiver.url(""))
    channels.by_kind("telegram").settings.model_rebuild(force=True)


@pytest.mark.parametrize("kind", TYPED)
def test_an_owner_connects_an_outlet_by_typing_in_its_access(
    client: TestClient, receiver: Receiver, cafe: Party, kind: str
) -> None:
    remote = network(kind, receiver)
    link, given = asked_for(cafe, kind), answers(kind, receiver)
    form = client.get(link, headers=BROWSER).text
    for name in channels.by_kind(kind).typed:
        secret = name in channels.by_kind(kind).settings.secret_names()
        assert f'<input type="{"password" if secret else "text"}" name="{name}"' in form
    end = client.post(link, data=given, headers=BROWSER)
    assert (end.status_code, "is connected" in end.text) == (200, True), end.text
    (row,) = rows()
    assert (row.channel, row.name, row.merchant_id, row.state) == (
        kind,
        "Our account",
        cafe.merchant_id,
        "active",
    )
    (line,) = audit_log.lines(LogFilter(what="outlet.made"))
    assert (line.by.partition(" ")[0], line.way, line.merchant) == ("link", "page", "cafe")
    secrets = {name for name in given if name in channels.by_kind(kind).settings.secret_names()}
    assert {name: decrypted(row)[name] for name in secrets} == {name: given[name] for name in secrets}
    drain.drain("push")
    tested = connect_form.shown_by_a_test(kind)
    assert ("A test message" in end.text, bool(states(kind))) == (tested, tested)
    if tested:
        assert (states(kind)[0], deliveries(kind)[0].reason) == ("sent", "")
    cafe("POST", "/posts", json={"kind": "offer", "title": "Tee"})
    fan_out()
    drain_a_second_later()
    assert states(kind)[-1] == "sent"
    assert remote.copies >= 1


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_access_is_said_in_the_form_and_nothing_is_kept(
    client: TestClient, receiver: Receiver, cafe: Party, kind: str, language: str
) -> None:
    network(kind, receiver)
    wrong, english, german = WRONG[kind]
    given = answers(kind, receiver) | {
        name: value.replace("(here)", receiver.url("").rstrip("/")) for name, value in wrong.items()
    }
    link = asked_for(cafe, kind)
    answer = client.post(f"{link}?lang={language}", data=given, headers=BROWSER)
    page = html.unescape(answer.text)
    assert answer.status_code == 422
    assert (english if language == "en" else german) in page
    assert rows() == []
    secrets = channels.by_kind(kind).settings.secret_names()
    assert [name for name in secrets if given.get(name, "none") in page] == [], "a secret is not shown again"
    assert all(given[name] in page for name in given if name not in secrets), "all else stands there still"
    assert "is connected" in client.post(link, data=answers(kind, receiver), headers=BROWSER).text


def test_what_does_not_look_right_is_said_beside_its_field(
    client: TestClient, receiver: Receiver, cafe: Party
) -> None:
    network("telegram", receiver)
    link = asked_for(cafe, "telegram")
    page = client.post(f"{link}?lang=de", data={"chat": "coburg"}, headers=BROWSER)
    assert page.status_code == 422
    assert "Das sieht nicht richtig aus." in page.text
    assert "Bitte ausfüllen" in page.text
    assert "[A-Za-z]" not in page.text
    assert "Content-Transfer-Encoding" not in page.text, "the empty text is not the catalogue's head"


def test_a_bot_that_may_not_write_is_noticed_before_a_post_needs_it(
    client: TestClient, receiver: Receiver, cafe: Party
) -> None:
    network("telegram", receiver).status = "left"
    page = client.post(asked_for(cafe, "telegram"), data=answers("telegram", receiver), headers=BROWSER)
    assert (page.status_code, "make it an administrator" in page.text) == (422, True)


def test_a_refused_access_is_typed_in_anew_by_the_link_in_the_letter_and_all_is_sent(
    client: TestClient, receiver: Receiver, cafe: Party
) -> None:
    remote = network("telegram", receiver)
    client.post(asked_for(cafe, "telegram"), data=answers("telegram", receiver), headers=BROWSER)
    remote.token = "123456:a-new-token"
    cafe("POST", "/posts", json={"kind": "offer", "title": "Kaffee"})
    fan_out()
    drain.drain("push")
    assert states("telegram") == ["failed"]
    (letter,) = deliveries("letter")
    link = sealed_links.opened(letter.payload or {})
    form = client.get(link, headers=BROWSER).text
    assert 'value="@coburg"' in form, "a wrong name could be mended beside the token"
    assert "123456:telegram-bot-token" not in form
    end = client.post(link, data={"bot_token": remote.token, "chat": "@coburg"}, headers=BROWSER)
    assert "is connected" in end.text
    drain_a_second_later()
    assert states("telegram") == ["sent"]
    assert len(rows()) == 1


def test_a_link_that_is_used_twice_makes_one_outlet(
    client: TestClient, receiver: Receiver, cafe: Party
) -> None:
    network("telegram", receiver)
    link, given = asked_for(cafe, "telegram"), answers("telegram", receiver)
    client.get(link, headers=BROWSER)  # the browser keeps what makes a second press its own
    with ThreadPoolExecutor(4) as pool:  # pressed more than once
        ends = list(pool.map(lambda _: client.post(link, data=given, headers=BROWSER), range(4)))
    ends.append(client.post(link, data=given, headers=BROWSER))
    assert [end.status_code for end in ends] == [200] * 5
    assert len(rows()) == 1


def test_a_secret_that_is_left_empty_stays(client: TestClient, receiver: Receiver, cafe: Party) -> None:
    network("ntfy", receiver)
    client.post(asked_for(cafe, "ntfy"), data=answers("ntfy", receiver), headers=BROWSER)
    (row,) = rows()
    link = cafe("POST", f"/destinations/{row.id}/connect").json()["url"]
    client.post(link, data=answers("ntfy", receiver) | {"access_token": "", "topic": "neu"}, headers=BROWSER)
    (row,) = rows()
    assert row.settings["topic"] == "neu"
    assert decrypted(row) == {"access_token": "tk_ntfy-access-token"}


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "is needed again, because the outlet moves to another server"),
        ("de", "wird noch einmal gebraucht, weil der Kanal auf einen anderen Server umzieht"),
    ],
)
@pytest.mark.parametrize("kind", ["matrix", "bluesky"])
def test_another_server_wants_the_access_anew_and_sees_nothing_of_the_old_one(
    client: TestClient, receiver: Receiver, cafe: Party, kind: str, language: str, words: str
) -> None:
    network(kind, receiver)
    given = answers(kind, receiver)
    client.post(asked_for(cafe, kind), data=given, headers=BROWSER)
    (row,) = rows()
    link = cafe("POST", f"/destinations/{row.id}/connect").json()["url"]
    (secret,) = (name for name in given if name in channels.by_kind(kind).settings.secret_names())
    with Receiver() as trap:
        trap.answer = receiver.answer
        moved = given | {"server": trap.url(""), secret: ""}
        page = client.post(f"{link}?lang={language}", data=moved, headers=BROWSER)
        assert page.status_code == 422
        text = html.unescape(page.text)
        assert f'id="fault-{secret}">{words}' in text
        assert all(value in text for name, value in moved.items() if name != secret), "what was typed stays"
        assert trap.requests == []
        (row,) = rows()
        assert row.settings["server"] == given["server"].rstrip("/")
        end = client.post(link, data=moved | {secret: given[secret]}, headers=BROWSER)
        # A Matrix server said whose account it was, so one elsewhere is another's; at Bluesky a slip of the pen is mended.
        renewed = "is connected" in end.text
        assert renewed is (kind == "bluesky"), end.text
        assert renewed or "another account" in html.unescape(end.text)
        assert (rows()[0].settings["server"] == trap.url("")) is renewed


def test_an_access_that_is_not_needed_is_not_taken_to_another_server(
    client: TestClient, receiver: Receiver, cafe: Party
) -> None:
    network("ntfy", receiver)
    client.post(asked_for(cafe, "ntfy"), data=answers("ntfy", receiver), headers=BROWSER)
    (row,) = rows()
    link = cafe("POST", f"/destinations/{row.id}/connect").json()["url"]
    with Receiver() as trap:
        moved = answers("ntfy", receiver) | {"access_token": "", "server": trap.url("")}
        client.post(link, data=moved, headers=BROWSER)
        drain_a_second_later()
        assert trap.requests
        assert [one.headers.get("authorization") for one in trap.requests] == [None] * len(trap.requests)
    assert decrypted(rows()[0]) == {}


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "What you enter goes to evil.example"), ("de", "Was Sie eintragen, geht an evil.example")],
)
def test_who_types_in_an_access_is_told_of_a_server_they_are_not_asked_for(
    client: TestClient, receiver: Receiver, cafe: Party, language: str, words: str
) -> None:
    network("telegram", receiver)
    client.post(asked_for(cafe, "telegram"), data=answers("telegram", receiver), headers=BROWSER)
    (row,) = rows()
    link = cafe("POST", f"/destinations/{row.id}/connect").json()["url"] + f"?lang={language}"
    assert words not in client.get(link, headers=BROWSER).text
    moved = {"api": "http://evil.example", "bot_token": "1:bogus"}
    assert cafe("PATCH", f"/destinations/{row.id}", json={"settings": moved}).status_code == 200
    assert words in client.get(link, headers=BROWSER).text


def test_an_address_within_the_house_is_refused_in_the_form(
    client: TestClient, receiver: Receiver, cafe: Party
) -> None:
    page = client.post(asked_for(cafe, "slack"), data={"webhook": "ftp://192.168.0.1/x"}, headers=BROWSER)
    assert (page.status_code, "must begin with https://" in page.text) == (422, True)


@pytest.mark.parametrize("kind", TYPED)
def test_the_form_says_where_to_find_what_it_asks(client: TestClient, cafe: Party, kind: str) -> None:
    page = client.get(asked_for(cafe, kind), headers={**BROWSER, "Accept-Language": "de"}).text
    assert "So geht es" in page
    assert page.count("<li>") >= 1


def test_every_question_has_german_words() -> None:
    texts = {
        str(channel.settings.model_fields[name].description)
        for channel in channels.CHANNELS
        for name in channel.typed
    }
    catalogue = translations("de")._catalog
    assert sorted(text for text in texts if text not in catalogue) == []
