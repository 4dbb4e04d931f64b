"""ntfy: one notice that is replaced and taken back, and every answer in words."""

from typing import Any

import pytest

from syndication.channels.ntfy import RULES
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Refused, TryLater, Verdict
from syndication.stack.receiver import Receiver
from tests.channels.network import Account, account
from tests.remotes.remote import reply


@pytest.fixture
def coburg(receiver: Receiver, tools: Tools) -> Account:
    return account("ntfy", receiver, tools)


def test_a_notice_is_published_replaced_and_deleted(coburg: Account) -> None:
    before, receipt = coburg.publish()
    (notice,) = coburg.remote.shown.values()
    assert notice["title"] == before.post.content.title
    assert notice["message"].startswith("📅 Sa., 15. August 2026")
    assert before.post.link not in notice["message"], "the notice itself is the link"
    assert notice["click"] == before.post.link
    assert notice["attach"].startswith(f"{before.post.link}/pictures/1-page.jpg?v=")
    assert (notice["priority"], notice["tags"]) == (3, ["musik", "wein"])
    coburg.send(coburg.change(before, receipt, status="cancelled"))
    (notice,) = coburg.remote.shown.values()
    assert notice["title"].startswith("Abgesagt: ")
    assert notice["priority"] == 4
    coburg.send(coburg.change(before, receipt, "withdrawn"))
    assert coburg.remote.shown == {}
    coburg.send(coburg.change(before, receipt, "withdrawn"))


def test_a_repeat_is_the_same_notice(coburg: Account) -> None:
    envelope, _ = coburg.publish()
    coburg.send(envelope)
    assert len(coburg.remote.shown) == 1


def test_without_a_token_only_open_topics_take_it(receiver: Receiver, tools: Tools) -> None:
    with pytest.raises(Refused) as caught:
        account("ntfy", receiver, tools, access_token=None).publish()
    assert caught.value.credentials


def test_long_texts_fit_into_the_bytes(coburg: Account) -> None:
    _, receipt = coburg.publish(body="Ä🍷 " * 3000)
    assert receipt.remark.startswith("Shortened")


@pytest.mark.parametrize("rule", RULES, ids=lambda one: str(one.status))
def test_every_row_of_the_table_becomes_its_verdict(coburg: Account, rule: Any) -> None:
    coburg.remote.fail(reply({"error": "x"}, rule.status))
    with pytest.raises(Verdict) as caught:
        coburg.publish()
    assert caught.value.reason == rule.reason
    assert isinstance(caught.value, TryLater if rule.verdict == "later" else Refused)
    assert getattr(caught.value, "credentials", False) == (rule.verdict == "access")
