"""Takahē, which speaks like Mastodon and differs: scopes, faults of access, lengths, and posts that it hides."""

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from syndication import channels
from syndication.channels.connector import Site
from syndication.channels.mastodon import MastodonSettings
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Refused
from syndication.stack.receiver import Receiver
from tests.channels.network import Account
from tests.channels.samples import AT, SAMPLES
from tests.remotes.takahe import FakeTakahe


def account(receiver: Receiver, tools: Tools, **settings: Any) -> Account:
    """An account there, looked after once."""
    remote = FakeTakahe()
    receiver.answer = remote.answer
    one = Account(
        channels.by_kind("mastodon"), remote, receiver, tools, {**SAMPLES["mastodon"][0], **settings}
    )
    learned = one.channel.tend(one.envelope().settings, tools, AT)
    return replace(
        one,
        settings={**one.settings, **{name: getattr(learned, name) for name in ("software", "characters")}},
    )


@pytest.fixture
def coburg(receiver: Receiver, tools: Tools) -> Account:
    return account(receiver, tools)


@pytest.fixture
def hidden(receiver: Receiver, tools: Tools) -> Account:
    return account(receiver, tools, visibility="private")


def test_it_is_connected_by_logging_in(receiver: Receiver, tools: Tools) -> None:
    remote = FakeTakahe()
    receiver.answer = remote.answer
    connector = channels.by_kind("mastodon").connector
    assert connector is not None
    server = receiver.url("").rstrip("/")
    site = Site("Coburg", "https://coburg.example/connect/done", None)
    beginning = connector.begin(connector.asks(server=server), site, tools)
    back = requests.get(beginning.url, allow_redirects=False, timeout=5).headers["location"]
    code = parse_qs(urlsplit(back).query)["code"][0]
    given = connector.finish(beginning.memo, code, site, tools, AT)
    learned = channels.by_kind("mastodon").tend(MastodonSettings.model_validate(given), tools, AT)
    assert isinstance(learned, MastodonSettings)
    assert (learned.account, learned.software) == ("coburg", "takahe")


def test_a_code_that_was_used_is_said(receiver: Receiver, tools: Tools) -> None:
    receiver.answer = FakeTakahe().answer
    connector = channels.by_kind("mastodon").connector
    assert connector is not None
    site = Site("Coburg", "https://coburg.example/connect/done", None)
    beginning = connector.begin(connector.asks(server=receiver.url("").rstrip("/")), site, tools)
    with pytest.raises(Refused, match="begin once more"):
        connector.finish(beginning.memo, "used", site, tools, AT)


def test_a_post_is_published_revised_and_withdrawn(coburg: Account) -> None:
    before, receipt = coburg.publish()
    coburg.send(coburg.change(before, receipt, status="cancelled"))
    (status,) = coburg.remote.statuses.values()
    assert status["text"].startswith("Abgesagt: ")
    coburg.send(coburg.change(before, receipt, "withdrawn"))
    assert coburg.remote.statuses == {}


def test_an_access_that_was_taken_back_is_to_be_renewed(coburg: Account) -> None:
    coburg.remote.token = "another"
    with pytest.raises(Refused, match="connect the account again") as caught:
        coburg.publish()
    assert caught.value.credentials, "it says 400, which elsewhere means that the post is wrong"


def test_a_scope_that_is_missing_is_a_matter_of_access(coburg: Account) -> None:
    coburg.remote.granted = "read"
    with pytest.raises(Refused, match="agree to posting") as caught:
        coburg.publish()
    assert caught.value.credentials


def test_every_sign_of_a_link_counts(coburg: Account) -> None:
    links = " ".join(f"https://weinhaus.example/eine/lange/adresse/{number}" for number in range(20))
    _, receipt = coburg.publish(body=links)
    (status,) = coburg.remote.statuses.values()
    assert len(status["text"]) <= 500
    assert receipt.remark.startswith("Shortened")


def test_nobody_is_called(coburg: Account) -> None:
    coburg.publish(title="Abend mit @jazzclub", body="@max@social.example, Karten: max@rosenau.example")
    (status,) = coburg.remote.statuses.values()
    assert not coburg.remote.calls_somebody(status["text"])
    assert coburg.remote.calls_somebody("mit @jazzclub")
    assert "max@rosenau.example" in status["text"]


def test_a_repeat_makes_no_second_post(coburg: Account) -> None:
    envelope, _ = coburg.publish()
    coburg.send(replace(envelope, doubtful=True))
    assert coburg.remote.copies == 1


def test_a_repeat_of_a_private_post_is_looked_for_where_it_is_shown(hidden: Account) -> None:
    envelope, receipt = hidden.publish()
    shared = {
        "id": "1",
        "account": {"id": "8"},
        "reblog": {"id": "2"},
        "created_at": "2020-01-01T08:00:00.000Z",
    }
    hidden.remote.strangers = [*others(39, "2026-11-25"), shared, *others(5, "2026-11-24")]
    again = hidden.send(replace(envelope, doubtful=True))
    assert hidden.remote.copies == 1
    assert str(again.reference).split()[0] == str(receipt.reference).split()[0]


def test_a_private_post_that_is_not_there_is_posted(hidden: Account) -> None:
    hidden.remote.strangers = [*others(3, "2026-11-25"), *others(3, "2026-08-01")]
    hidden.send(replace(hidden.envelope(), doubtful=True))
    assert hidden.remote.copies == 1


def test_where_it_cannot_be_known_nothing_is_posted_twice(hidden: Account) -> None:
    envelope, _ = hidden.publish()
    hidden.remote.strangers = others(300, "2026-11-25")
    with pytest.raises(Refused, match="may stand there already"):
        hidden.send(replace(envelope, doubtful=True))
    assert hidden.remote.copies == 1


def others(number: int, day: str) -> list[dict[str, Any]]:
    """Posts of others of that day."""
    return [
        {
            "id": f"9{day[5:7]}{one:04}",
            "account": {"id": "8"},
            "content": "Hallo",
            "created_at": f"{day}T08:00:00.000Z",
        }
        for one in range(number)
    ]
