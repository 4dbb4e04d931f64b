"""Slack: one post as blocks, corrections beside it, what cannot be known, and every answer in words."""

from typing import Any

import pytest

from syndication.channels.slack import RULES
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Gone, Refused, TryLater, Unconfirmed, Verdict
from syndication.stack.receiver import Receiver, Reply
from tests.channels.network import Account, account


@pytest.fixture
def coburg(receiver: Receiver, tools: Tools) -> Account:
    return account("slack", receiver, tools)


def blocks(one: Account, number: int = -1) -> dict[str, Any]:
    return {block["type"]: block for block in one.remote.messages[number]["blocks"]}


def shown(block: Any) -> str:
    """What people see of a rich text block."""
    return "".join(one["text"] for one in block["elements"][0]["elements"])


def said_first(found: Any) -> str:
    """The first words of the message, which are bold."""
    first = found["rich_text"]["elements"][0]["elements"][0]
    assert first["style"] == {"bold": True}
    return str(first["text"])


def test_a_post_is_shown_with_its_facts_and_its_picture(coburg: Account) -> None:
    before, receipt = coburg.publish()
    found = blocks(coburg)
    assert found["header"]["text"]["text"] == before.post.content.title
    assert "Sa., 15. August 2026" in shown(found["rich_text"])
    assert "<script>alert(1)</script>" in shown(found["rich_text"]), "as it was typed: nothing in it is read"
    assert found["image"]["alt_text"] == "Zwei Gläser"
    assert f"<{before.post.link}>" in [one["text"] for one in found["context"]["elements"]]
    assert coburg.remote.messages[0]["text"].startswith("Weinabend")
    assert receipt.answer == "ok"


def test_a_correction_is_posted_beside_it(coburg: Account) -> None:
    before, receipt = coburg.publish()
    coburg.send(coburg.change(before, receipt, status="cancelled"))
    found = blocks(coburg)
    assert found["header"]["text"]["text"].startswith("Abgesagt: ")
    assert said_first(found) == "Abgesagt\n\n"
    coburg.send(coburg.change(before, receipt, place={"name": "Rathaus"}))
    assert said_first(blocks(coburg)) == "Neuer Ort: Rathaus\n\n"


def test_nobody_is_pinged(coburg: Account) -> None:
    coburg.publish(title="<!channel> hallo", summary="<@U123> & <https://evil.example|harmlos>", topics=())
    said = str(coburg.remote.messages[0])
    assert "<@U123>" not in said
    assert "<https://evil.example|" not in said


def test_the_longest_post_fits(coburg: Account) -> None:
    _, receipt = coburg.publish(title="👩‍👩‍👧‍👦" * 28, body="<&>🍷 " * 3000)
    assert receipt.remark.startswith("Shortened")


def test_own_words(coburg: Account) -> None:
    coburg.publish(texts={"slack": "Heute *Wein*!"})
    assert blocks(coburg)["section"]["text"]["text"] == "Heute *Wein*!"


@pytest.mark.parametrize(
    "fault",
    [Reply(close=True), pytest.param(Reply(hang=True), marks=pytest.mark.no_answer), Reply(502), Reply(500)],
)
def test_what_cannot_be_known_is_unconfirmed(coburg: Account, fault: Reply) -> None:
    coburg.remote.fail(fault)
    with pytest.raises(Unconfirmed):
        coburg.publish()


def test_it_waits_as_long_as_slack_says(coburg: Account) -> None:
    coburg.remote.fail(Reply(429, {"Retry-After": "30"}, b"rate_limited"))
    with pytest.raises(TryLater) as caught:
        coburg.publish()
    assert caught.value.after == 30


@pytest.mark.parametrize("rule", RULES, ids=lambda one: f"{one.status} {one.says}")
def test_every_row_of_the_table_becomes_its_verdict(coburg: Account, rule: Any) -> None:
    coburg.remote.fail(Reply(rule.status or 400, {}, rule.says.encode()))
    with pytest.raises(Verdict) as caught:
        coburg.publish()
    assert caught.value.reason == rule.reason
    assert isinstance(caught.value, Gone if rule.verdict == "gone" else Refused)
    assert getattr(caught.value, "credentials", False) == (rule.verdict == "access")


def test_the_address_is_a_secret(coburg: Account) -> None:
    assert "slack-webhook-token" not in repr(coburg.channel.render(coburg.envelope()))
    assert "slack-webhook-token" not in repr(coburg.envelope().settings)
