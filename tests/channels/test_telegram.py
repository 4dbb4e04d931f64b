"""Telegram: one post's life in a channel, what cannot be known, and every answer in words."""

from typing import Any

import pytest

from syndication.channels.telegram import RULES, TelegramSettings
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Refused, TryLater, Unconfirmed, Verdict
from syndication.content.post import Image
from syndication.stack.receiver import Receiver, Reply
from tests.channels.network import Account, account
from tests.channels.samples import AT
from tests.remotes.remote import reply


@pytest.fixture
def coburg(receiver: Receiver, tools: Tools) -> Account:
    return account("telegram", receiver, tools)


def message(one: Account) -> Any:
    (found,) = one.remote.messages.values()
    return found


def test_a_post_is_sent_with_its_picture_edited_and_deleted(coburg: Account) -> None:
    before, receipt = coburg.publish()
    assert message(coburg)["caption"].startswith("Weinabend & Käse <b>für alle</b> 🍷\n📅 ")
    assert f"[{before.post.link}]" in message(coburg)["caption"]
    assert receipt.link == "https://t.me/coburg/41"
    receipt = coburg.send(coburg.change(before, receipt, status="cancelled"))
    assert message(coburg)["caption"].startswith("Abgesagt: ")
    assert message(coburg)["photo"] == [{"file_id": "p"}]
    images = (Image(url="https://weinhaus.example/bild.jpg", alt="Neu"),)
    receipt = coburg.send(coburg.change(before, receipt, images=images))
    assert message(coburg)["photo"] == [{"file_id": "another"}]
    coburg.send(coburg.change(before, receipt, "withdrawn"))
    assert coburg.remote.messages == {}
    assert coburg.send(coburg.change(before, receipt, "withdrawn")).code == 200, "what is gone is gone"


def test_without_a_picture_the_text_may_be_long(coburg: Account) -> None:
    before, receipt = coburg.publish(images=(), body="Wein & Käse 🍷 " * 200)
    assert len(message(coburg)["text"]) > 2000
    receipt = coburg.send(coburg.change(before, receipt, images=(), title="Neu"))
    assert message(coburg)["text"].startswith("Neu\n")
    picture = (Image(url="https://weinhaus.example/bild.jpg", alt="Neu"),)
    receipt = coburg.send(coburg.change(before, receipt, images=picture, title="Mit Bild"))
    assert message(coburg)["text"].startswith("Mit Bild\n")
    assert "cannot add a picture" in receipt.remark


def test_an_edit_that_changes_nothing_is_fine(coburg: Account) -> None:
    before, receipt = coburg.publish()
    assert coburg.send(coburg.change(before, receipt)).reference == receipt.reference


@pytest.mark.parametrize("images", [(), (Image(url="https://weinhaus.example/bild.jpg", alt="x"),)])
def test_long_texts_are_cut_in_utf16_after_the_tags_are_gone(coburg: Account, images: Any) -> None:
    _, receipt = coburg.publish(images=images, title="👩‍👩‍👧‍👦" * 28, body="<&>👩‍👩‍👧‍👦 " * 700)
    assert receipt.remark.startswith("Shortened")


def test_own_words_and_silence(receiver: Receiver, tools: Tools) -> None:
    one = account("telegram", receiver, tools, silent=True)
    one.publish(texts={"telegram": "Heute <Wein>!"}, images=())
    assert message(one)["text"].startswith("Heute <Wein>!")
    assert message(one)["silent"] is True


@pytest.mark.parametrize(
    "fault",
    [
        Reply(close=True),
        pytest.param(Reply(hang=True), marks=pytest.mark.no_answer),
        Reply(502),
        Reply(200, {}, b"<html>"),
    ],
)
@pytest.mark.parametrize("method", ["sendPhoto", "sendMessage"])
def test_what_cannot_be_known_is_unconfirmed(coburg: Account, fault: Reply, method: str) -> None:
    coburg.remote.fail(fault, on=method)
    with pytest.raises(Unconfirmed):
        coburg.publish(**({"images": ()} if method == "sendMessage" else {}))


def test_an_edit_may_be_tried_again(coburg: Account) -> None:
    before, receipt = coburg.publish()
    coburg.remote.fail(Reply(close=True), on="edit")
    with pytest.raises(TryLater):
        coburg.send(coburg.change(before, receipt, title="Neu"))


def test_it_waits_as_long_as_telegram_says(coburg: Account) -> None:
    body = {
        "ok": False,
        "error_code": 429,
        "description": "Too Many Requests",
        "parameters": {"retry_after": 35},
    }
    coburg.remote.fail(reply(body, 429), on="send")
    with pytest.raises(TryLater) as caught:
        coburg.publish()
    assert caught.value.after == 35


def test_the_name_of_the_channel_is_learned(coburg: Account) -> None:
    learned = coburg.channel.tend(coburg.envelope().settings, coburg.tools, AT)
    assert isinstance(learned, TelegramSettings)
    assert (learned.title, learned.username) == ("Coburg aktuell", "coburg")


@pytest.mark.parametrize(
    "rule", [rule for rule in RULES if rule.verdict != "fine"], ids=lambda rule: f"{rule.status} {rule.says}"
)
def test_every_row_of_the_table_becomes_its_verdict(coburg: Account, rule: Any) -> None:
    coburg.remote.fail(
        reply({"ok": False, "description": f"Bad Request: {rule.says}"}, rule.status), on="send"
    )
    with pytest.raises(Verdict) as caught:
        coburg.publish()
    assert caught.value.reason == rule.reason
    assert isinstance(caught.value, Refused)
    assert caught.value.credentials == (rule.verdict == "access")


def test_the_token_is_in_the_address_and_nowhere_else(coburg: Account) -> None:
    rendered = coburg.channel.render(coburg.envelope())
    assert "telegram-bot-token" not in repr(rendered)
    assert "telegram-bot-token" not in repr(coburg.envelope().settings)
    assert coburg.envelope().settings.host == "123456"
    for fault in (Reply(close=True), Reply(301), Reply(400), Reply(500)):
        coburg.remote.fail(fault, on="send")
        with pytest.raises(Verdict) as caught:
            coburg.publish()
        assert "telegram-bot-token" not in caught.value.reason + caught.value.answer
