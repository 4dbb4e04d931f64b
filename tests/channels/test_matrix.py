"""Matrix: one post's life in a room, what a repeat does, and every answer in words."""

from dataclasses import replace
from typing import Any

import pytest

from syndication.channels.matrix import RULES, MatrixSettings
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Refused, TryLater, Verdict
from syndication.content.post import Image
from syndication.stack.receiver import Receiver
from tests.channels.network import Account, account
from tests.channels.samples import AT
from tests.remotes.remote import reply


@pytest.fixture
def coburg(receiver: Receiver, tools: Tools) -> Account:
    return account("matrix", receiver, tools)


def test_a_post_is_sent_with_its_picture_replaced_and_taken_out(coburg: Account) -> None:
    before, receipt = coburg.publish()
    (message,) = coburg.remote.shown()
    assert message["msgtype"] == "m.image"
    assert message["body"].endswith("[Zwei Gläser]")
    assert message["info"]["mimetype"] == "image/jpeg"
    assert "<script>" not in message["formatted_body"]
    assert f'<a href="{before.post.link}">' in message["formatted_body"]
    assert receipt.link == "https://matrix.to/#/%21abc123%3Amatrix.example/%24event0"
    receipt = coburg.send(coburg.change(before, receipt, status="cancelled"))
    (message,) = coburg.remote.shown()
    assert message["body"].startswith("Abgesagt: Weinabend")
    assert message["formatted_body"].startswith("<strong>Abgesagt: ")
    assert len(coburg.remote.media) == 1, "an edit keeps the picture"
    second = replace(coburg.change(before, receipt, title="Neu"), key="c3-0")
    receipt = coburg.send(second)
    assert coburg.remote.shown()[0]["body"].startswith("Neu"), "an edit of an edit names the first message"
    coburg.send(replace(coburg.change(before, receipt, "withdrawn"), key="c4-0"))
    assert coburg.remote.shown() == []


def test_a_repeat_makes_no_second_message(coburg: Account) -> None:
    envelope, first = coburg.publish()
    assert str(coburg.send(envelope).reference).split()[0] == str(first.reference).split()[0]
    assert len(coburg.remote.events) == 1


def test_a_later_change_finds_a_message_whose_id_got_lost(coburg: Account) -> None:
    coburg.publish()
    coburg.send(replace(coburg.envelope("revised", title="Neu"), key="c2-0", doubtful=True))
    (message,) = coburg.remote.shown()
    assert message["body"].startswith("Neu")
    coburg.send(replace(coburg.envelope("withdrawn"), key="c3-0", doubtful=True))
    assert coburg.remote.shown() == []


def test_a_withdrawal_of_what_never_came_finds_nothing(coburg: Account) -> None:
    receipt = coburg.send(replace(coburg.envelope("withdrawn"), doubtful=True))
    assert "nothing to take out" in receipt.remark


def test_a_new_picture_replaces_the_old_one_and_a_lost_one_is_said(coburg: Account) -> None:
    before, receipt = coburg.publish()
    images = (Image(url="https://weinhaus.example/bild.jpg", alt="Drei Gläser"),)
    receipt = coburg.send(coburg.change(before, receipt, images=images))
    assert coburg.remote.shown()[0]["body"].endswith("[Drei Gläser]")
    images = (Image(url="https://nowhere.invalid/x.jpg", alt="x"),)
    receipt = coburg.send(replace(coburg.change(before, receipt, images=images), key="c3-0"))
    assert coburg.remote.shown()[0]["msgtype"] == "m.text"
    assert "without a picture" in receipt.remark


def test_whose_account_it_is_is_learned_and_an_invitation_accepted(coburg: Account) -> None:
    learned = coburg.channel.tend(coburg.envelope().settings, coburg.tools, AT)
    assert isinstance(learned, MatrixSettings)
    assert learned.account == coburg.remote.me
    assert coburg.remote.joined


def test_a_very_long_post_stays_below_the_size_of_an_event(coburg: Account) -> None:
    before, receipt = coburg.publish(body="👩‍👩‍👧‍👦 " * 2000)
    coburg.send(coburg.change(before, receipt, body="👨‍👩‍👧‍👦 " * 2000))
    assert len(coburg.remote.shown()) == 1


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.status} {rule.says}")
def test_every_row_of_the_table_becomes_its_verdict(coburg: Account, rule: Any) -> None:
    coburg.remote.fail(reply({"errcode": rule.says, "error": "x"}, rule.status or 400), on="/send/")
    with pytest.raises(Verdict) as caught:
        coburg.publish()
    assert caught.value.reason == rule.reason
    assert isinstance(caught.value, TryLater if rule.verdict == "later" else Refused)
    assert getattr(caught.value, "credentials", False) == (rule.verdict == "access")
