"""Discord: one post's life as an embed, what cannot be known, and every answer in words."""

from typing import Any

import pytest
from pydantic import ValidationError

from syndication.channels.discord import RULES, DiscordSettings
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Gone, Refused, TryLater, Unconfirmed, Verdict
from syndication.content.post import Image
from syndication.stack.receiver import Receiver, Reply
from tests.channels.network import Account, account
from tests.channels.samples import AT
from tests.remotes.remote import reply

TOPICS = tuple(f"ein-langes-thema-{number}" for number in range(9))


@pytest.fixture
def coburg(receiver: Receiver, tools: Tools) -> Account:
    return account("discord", receiver, tools)


def embed(one: Account) -> Any:
    (message,) = one.remote.messages.values()
    return message["embeds"][0]


def test_a_post_is_shown_with_its_picture_edited_and_deleted(coburg: Account) -> None:
    before, receipt = coburg.publish()
    found = embed(coburg)
    assert found["title"] == "Weinabend & Käse \\<b\\>für alle\\</b\\> 🍷"
    assert found["url"] == before.post.link
    assert {one["name"] for one in found["fields"]} == {"Wann", "Wo", "Preis"}
    assert found["image"] == {"url": "attachment://picture.jpg"}
    (message,) = coburg.remote.messages.values()
    assert message["attachments"] == [{"filename": "picture.jpg", "description": "Zwei Gläser"}]
    receipt = coburg.send(coburg.change(before, receipt, status="cancelled"))
    assert embed(coburg)["title"].startswith("Abgesagt: ")
    assert embed(coburg)["image"] == {"url": "attachment://picture.jpg"}
    assert "multipart" not in coburg.remote.calls[-1].headers["content-type"], "the picture stays where it is"
    receipt = coburg.send(coburg.change(before, receipt, images=()))
    assert "image" not in embed(coburg)
    coburg.send(coburg.change(before, receipt, "withdrawn"))
    assert coburg.remote.messages == {}
    assert coburg.send(coburg.change(before, receipt, "withdrawn")).code == 404, "what is gone is gone"


def test_a_new_picture_replaces_the_old_one(coburg: Account) -> None:
    before, receipt = coburg.publish()
    images = (Image(url="https://weinhaus.example/bild.jpg", alt="Neu"),)
    coburg.send(coburg.change(before, receipt, images=images))
    (message,) = coburg.remote.messages.values()
    assert [one["description"] for one in message["attachments"]] == ["Neu"]


def test_nobody_is_pinged_and_nothing_formatted(coburg: Account) -> None:
    coburg.publish(title="@everyone **laut** <@1>", body="`x` @here\n\n> ruhig")
    found = embed(coburg)
    assert "@everyone" not in found["title"]
    assert "@here" not in found["description"]
    assert "**laut**" not in found["title"]


def test_the_longest_post_fits_into_an_embed(coburg: Account) -> None:
    _, receipt = coburg.publish(
        title="👩‍👩‍👧‍👦" * 28, body="Ä🍷 " * 5000, topics=tuple(f"ein-langes-thema-{n}" * 3 for n in range(9))
    )
    assert receipt.remark.startswith("Shortened")


@pytest.mark.parametrize(
    "fault",
    [
        Reply(close=True),
        pytest.param(Reply(hang=True), marks=pytest.mark.no_answer),
        Reply(502),
        Reply(200, {}, b"<html>"),
    ],
)
@pytest.mark.parametrize("images", [(), (Image(url="https://weinhaus.example/bild.jpg", alt="x"),)])
def test_what_cannot_be_known_is_unconfirmed(coburg: Account, fault: Reply, images: Any) -> None:
    coburg.remote.fail(fault, on="POST")
    with pytest.raises(Unconfirmed):
        coburg.publish(images=images)


def test_an_edit_may_be_tried_again(coburg: Account) -> None:
    before, receipt = coburg.publish()
    coburg.remote.fail(Reply(close=True), on="PATCH")
    with pytest.raises(TryLater):
        coburg.send(coburg.change(before, receipt))


def test_it_waits_as_long_as_discord_says(coburg: Account) -> None:
    coburg.remote.fail(
        reply({"message": "You are being rate limited.", "retry_after": 6.5, "global": False}, 429)
    )
    with pytest.raises(TryLater) as caught:
        coburg.publish()
    assert caught.value.after == 6.5
    coburg.remote.remaining = 0
    assert coburg.publish()[1].cooldown == 1.5


def test_where_it_posts_is_learned_for_the_link(receiver: Receiver, tools: Tools) -> None:
    one = account("discord", receiver, tools)
    learned = one.channel.tend(one.envelope().settings, tools, AT)
    assert isinstance(learned, DiscordSettings)
    known = account("discord", receiver, tools, server_id=learned.server_id, channel_id=learned.channel_id)
    assert known.publish()[1].link == "https://discord.com/channels/100/200/901"


@pytest.mark.parametrize("rule", RULES, ids=lambda one: f"{one.status} {one.says}")
def test_every_row_of_the_table_becomes_its_verdict(coburg: Account, rule: Any) -> None:
    coburg.remote.fail(reply({"code": int(rule.says or 1), "message": "x"}, rule.status), on="POST")
    with pytest.raises(Verdict) as caught:
        coburg.publish()
    assert caught.value.reason == rule.reason
    assert isinstance(caught.value, Gone if rule.verdict == "gone" else Refused)
    assert getattr(caught.value, "credentials", False) == (rule.verdict == "access")


def test_the_address_is_a_secret_and_checked(coburg: Account) -> None:
    assert "discord-webhook-token" not in repr(coburg.channel.render(coburg.envelope()))
    assert "discord-webhook-token" not in repr(coburg.envelope().settings)
    for wrong in (
        "https://discord.com/channels/1/2",
        "ftp://discord.com/api/webhooks/1/x",
        "https://evil.example/",
    ):
        with pytest.raises(ValidationError):
            DiscordSettings(webhook=wrong)
