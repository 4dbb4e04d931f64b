"""Mattermost, Rocket.Chat and Microsoft Teams: one message, corrections beside it, and every answer in words."""

from typing import Any

import pytest

from syndication import channels
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Gone, Refused, TryLater, Unconfirmed, Verdict
from syndication.stack.receiver import Receiver, Reply
from tests.channels.network import Account, account

KINDS = ("mattermost", "rocketchat", "teams")


@pytest.fixture(params=KINDS)
def coburg(request: pytest.FixtureRequest, receiver: Receiver, tools: Tools) -> Account:
    return account(request.param, receiver, tools)


def said(one: Account) -> str:
    """All words of the last message, in their order."""

    def words(found: Any) -> list[str]:
        if isinstance(found, str):
            return [found]
        inner = found.values() if isinstance(found, dict) else found if isinstance(found, list) else ()
        return [word for part in inner for word in words(part)]

    return "\n".join(words(one.remote.messages[-1]))


def test_a_post_shows_its_facts_its_picture_and_its_link(coburg: Account) -> None:
    before, receipt = coburg.publish()
    text = said(coburg)
    assert "Weinabend & Käse" in text
    assert "Sa., 15. August 2026" in text
    assert "Zwei Gläser" in text
    assert f"{before.post.link}/pictures/1-page.jpg?v=" in text, "small, and from the city's own site"
    assert before.post.link in text
    assert receipt.code in (200, 202)


def test_a_correction_is_posted_beside_it_and_says_first_what_changed(coburg: Account) -> None:
    before, receipt = coburg.publish()
    coburg.send(coburg.change(before, receipt, place={"name": "Rathaus"}))
    assert len(coburg.remote.messages) == 2
    text = said(coburg)
    assert text.index("Neuer Ort: Rathaus") < text.index("Weinabend")


def test_nothing_is_formatted_and_nobody_is_woken(coburg: Account) -> None:
    coburg.publish(title="@all **laut** [x](http://evil.example)", body="@channel @here `code`", topics=())
    text = said(coburg)
    assert "@all" not in text
    assert "@here" not in text
    assert "**laut**" not in text
    assert "\\[x\\](http" in text, "the brackets of a link are escaped"


def test_own_words(coburg: Account) -> None:
    coburg.publish(texts={coburg.channel.kind: "Heute gibt es Wein!"})
    assert "Heute gibt es Wein!" in said(coburg)


def test_the_longest_post_fits(coburg: Account) -> None:
    _, receipt = coburg.publish(title="👩‍👩‍👧‍👦" * 28, body="Ä_*🍷 " * 3500)
    assert receipt.remark.startswith("Shortened")


@pytest.mark.parametrize(
    "fault",
    [Reply(close=True), pytest.param(Reply(hang=True), marks=pytest.mark.no_answer), Reply(502), Reply(500)],
)
def test_what_cannot_be_known_is_unconfirmed(coburg: Account, fault: Reply) -> None:
    coburg.remote.fail(fault)
    with pytest.raises(Unconfirmed):
        coburg.publish()


def test_a_limit_is_waited_for(coburg: Account) -> None:
    coburg.remote.fail(Reply(429, {"Retry-After": "12"}))
    with pytest.raises(TryLater) as caught:
        coburg.publish()
    assert caught.value.after == 12


ROWS = [(kind, rule) for kind in KINDS for rule in channels.by_kind(kind).rules]  # type: ignore[attr-defined]  # a Hook


@pytest.mark.parametrize(
    ("kind", "rule"), ROWS, ids=lambda one: one if isinstance(one, str) else f"{one.status} {one.says}"
)
def test_every_row_of_the_table_becomes_its_verdict(
    kind: str, rule: Any, receiver: Receiver, tools: Tools
) -> None:
    one = account(kind, receiver, tools)
    one.remote.fail(Reply(rule.status or 400, {}, rule.says.encode()))
    with pytest.raises(Verdict) as caught:
        one.publish()
    assert caught.value.reason == rule.reason
    assert isinstance(caught.value, Gone if rule.verdict == "gone" else Refused)
    assert getattr(caught.value, "credentials", False) == (rule.verdict == "access")


@pytest.mark.parametrize(
    ("body", "verdict"),
    [(b'{"success": false, "error": "x"}', Refused), (b"<html>", Unconfirmed), (b"", Unconfirmed)],
)
def test_rocket_chat_may_say_no_with_status_200(
    body: bytes, verdict: type[Exception], receiver: Receiver, tools: Tools
) -> None:
    one = account("rocketchat", receiver, tools)
    one.remote.fail(Reply(200, {}, body))
    with pytest.raises(verdict):
        one.publish()


def test_the_address_is_a_secret(coburg: Account) -> None:
    address = coburg.envelope().settings.webhook.get_secret_value()  # type: ignore[attr-defined]  # HookSettings
    assert address.rpartition("/")[2] not in repr(coburg.channel.render(coburg.envelope()))
    assert address not in repr(coburg.envelope().settings)
