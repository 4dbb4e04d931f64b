"""Mastodon: one post's life on a timeline that its own client library reads back, and every answer in words."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from mastodon import Mastodon as Client

from syndication.channels.mastodon import RULES, MastodonSettings
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Refused, TryLater, Verdict
from syndication.content.post import Image
from syndication.stack.receiver import Receiver, Reply
from tests.channels.network import Account, account
from tests.channels.samples import AT
from tests.remotes.remote import reply


@pytest.fixture
def coburg(receiver: Receiver, tools: Tools) -> Account:
    return account("mastodon", receiver, tools)


def timeline(one: Account) -> list[Any]:
    """What Mastodon.py, the network's own client library, sees."""
    client = Client(
        access_token=one.remote.token,
        api_base_url=one.receiver.url("").rstrip("/"),
        version_check_mode="none",
    )
    return list(client.account_statuses(client.account_verify_credentials()))


def test_a_post_is_published_with_its_picture_revised_and_withdrawn(coburg: Account) -> None:
    before, receipt = coburg.publish()
    (status,) = timeline(coburg)
    assert "Weinabend" in status.content
    assert (status.language, status.visibility) == ("de", "public")
    assert status.media_attachments[0].description == "Zwei Gläser"
    assert receipt.link == status.url
    receipt = coburg.send(coburg.change(before, receipt, status="cancelled"))
    (edited,) = timeline(coburg)
    assert edited.id == status.id
    assert "Abgesagt: Weinabend" in edited.content
    assert len(edited.media_attachments) == 1, "an edit keeps the picture"
    assert sum("/media" in call.path for call in coburg.remote.calls) == 1, "which is not uploaded twice"
    coburg.send(coburg.change(before, receipt, "withdrawn"))
    assert timeline(coburg) == []


def test_a_changed_picture_is_uploaded_and_replaces_the_old_one(coburg: Account) -> None:
    before, receipt = coburg.publish()
    images = (Image(url="https://weinhaus.example/bild.jpg", alt="Drei Gläser"),)
    coburg.send(coburg.change(before, receipt, images=images))
    (status,) = timeline(coburg)
    assert [one.description for one in status.media_attachments] == ["Drei Gläser"]


@pytest.mark.parametrize("lost", ["within the hour", "after the key was forgotten"])
def test_a_repeat_makes_no_second_post(coburg: Account, lost: str) -> None:
    envelope, _ = coburg.publish()
    if lost != "within the hour":
        coburg.remote.keys.clear()
    receipt = coburg.send(replace(envelope, doubtful=True))
    assert [str(status.id) for status in timeline(coburg)] == [str(receipt.reference).split()[0]]


def test_last_weeks_post_of_the_same_title_is_another_one(coburg: Account) -> None:
    envelope, _ = coburg.publish()
    (status,) = coburg.remote.statuses.values()
    status["created_at"] = "2026-08-03T05:00:01.000Z"
    coburg.send(replace(envelope, key="c9-0", doubtful=True))
    assert len(timeline(coburg)) == 2


def test_own_words_are_found_again(coburg: Account) -> None:
    envelope, _ = coburg.publish(texts={"mastodon": "Heut gibt's Wein!"})
    coburg.remote.keys.clear()
    coburg.send(replace(envelope, doubtful=True))
    assert len(timeline(coburg)) == 1


def test_a_withdrawal_finds_what_an_unknown_try_left_there(coburg: Account) -> None:
    coburg.publish()
    coburg.send(replace(coburg.envelope("withdrawn"), doubtful=True))
    assert timeline(coburg) == []
    receipt = coburg.send(replace(coburg.envelope("withdrawn"), doubtful=True))
    assert "nothing to delete" in receipt.remark


def test_deleting_what_somebody_deleted_is_fine_and_editing_it_is_said(coburg: Account) -> None:
    before, receipt = coburg.publish()
    coburg.remote.statuses.clear()
    with pytest.raises(Refused, match="somebody deleted it"):
        coburg.send(coburg.change(before, receipt))
    assert coburg.send(coburg.change(before, receipt, "withdrawn")).code == 404


@pytest.mark.parametrize("status", [404, 405])
def test_a_server_that_cannot_edit_is_told_from_a_post_that_is_gone(coburg: Account, status: int) -> None:
    before, receipt = coburg.publish()
    coburg.remote.fail(reply({"error": "no"}, status), on="PUT")
    with pytest.raises(Refused, match="cannot change what was posted"):
        coburg.send(coburg.change(before, receipt))
    assert len(timeline(coburg)) == 1


def test_long_texts_are_cut_as_the_server_counts(receiver: Receiver, tools: Tools) -> None:
    one = account("mastodon", receiver, tools, characters=200)
    one.remote.characters = 200
    _, receipt = one.publish(body="Wein und Käse 🍷. " * 200, topics=("musik", "essen-und-trinken"))
    (status,) = one.remote.statuses.values()
    assert one.remote.length(status["text"]) <= 200
    assert one.envelope().post.link in status["text"]
    assert receipt.remark.startswith("Shortened")


def test_the_merchants_own_words_go_before_ours(coburg: Account) -> None:
    before, receipt = coburg.publish(texts={"mastodon": "Heut gibt's Wein! #Coburg", "bluesky": "anders"})
    (status,) = coburg.remote.statuses.values()
    assert status["text"].startswith("Heut gibt's Wein! #Coburg\n")
    assert before.post.link in status["text"]
    assert "anders" not in status["text"]
    texts = {"mastodon": "Heut gibt's Wein! #Coburg"}
    coburg.send(coburg.change(before, receipt, texts=texts, status="cancelled"))
    (status,) = coburg.remote.statuses.values()
    assert status["text"].startswith("Abgesagt: Heut gibt's Wein!")


def test_a_picture_that_cannot_be_had_is_said_and_holds_up_nothing(coburg: Account) -> None:
    _, receipt = coburg.publish(images=(Image(url="https://nowhere.invalid/x.jpg", alt="x"),))
    assert "without a picture" in receipt.remark
    assert len(coburg.remote.statuses) == 1


def test_what_the_server_allows_is_learned(receiver: Receiver, tools: Tools) -> None:
    one = account("mastodon", receiver, tools)
    one.remote.characters, one.remote.per_link = 5000, 30
    learned = one.channel.tend(one.envelope().settings, tools, AT)
    assert isinstance(learned, MastodonSettings)
    assert (learned.characters, learned.per_link, learned.account) == (5000, 30, "coburg")
    assert learned.access_token.get_secret_value() == one.remote.token


def test_a_server_too_old_to_say_what_it_allows_is_looked_after_all_the_same(
    receiver: Receiver, tools: Tools
) -> None:
    """Before version 4 there is no such address; many servers answer it with a page."""
    one = account("mastodon", receiver, tools)
    one.remote.fail(Reply(404, {}, b"<!DOCTYPE html><title>Not found</title>"), on="GET /api/v2/instance")
    learned = one.channel.tend(one.envelope().settings, tools, AT)
    assert isinstance(learned, MastodonSettings)
    assert (learned.characters, learned.account) == (500, "coburg")


def test_an_exhausted_limit_is_waited_for(coburg: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    until = datetime.now(UTC).replace(microsecond=0)
    monkeypatch.setattr(
        coburg.remote,
        "limits",
        lambda: {
            "X_RateLimit_Remaining": "0",
            "X_RateLimit_Reset": until.replace(year=until.year + 1).isoformat().replace("+00:00", "Z"),
            "Date": until.strftime("%a, %d %b %Y %H:%M:%S GMT"),
        },
    )
    _, receipt = coburg.publish()
    assert receipt.cooldown > 86_400


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.status} {rule.says}")
def test_every_row_of_the_table_becomes_its_verdict(coburg: Account, rule: Any) -> None:
    coburg.remote.fail(reply({"error": f"… {rule.says} …"}, rule.status), on="/statuses")
    with pytest.raises(Verdict) as caught:
        coburg.publish()
    assert caught.value.reason == rule.reason
    assert isinstance(caught.value, TryLater if rule.verdict == "later" else Refused)
    assert getattr(caught.value, "credentials", False) == (rule.verdict == "access")


def test_an_answer_that_is_not_mastodons_is_tried_again(coburg: Account) -> None:
    coburg.remote.fail(Reply(200, {}, b"<html>captive portal</html>"), on="/statuses")
    with pytest.raises(TryLater, match="no JSON"):
        coburg.publish()


@pytest.mark.parametrize(
    ("about", "software"),
    [
        ({"version": "4.3.1"}, ""),
        ({"version": "4.4.0-alpha.1+glitch", "source_url": "https://github.com/glitch-soc/mastodon"}, ""),
        ({"version": "takahe/0.11.0"}, "takahe"),
        ({"version": "2.7.2 (compatible; Pleroma 2.7.0)"}, "pleroma"),
        (
            {"version": "0.17.3", "source_url": "https://codeberg.org/superseriousbusiness/gotosocial"},
            "gotosocial",
        ),
    ],
)
def test_a_server_of_another_make_counts_links_as_they_are_written(
    coburg: Account, monkeypatch: pytest.MonkeyPatch, about: dict[str, str], software: str
) -> None:
    monkeypatch.setattr(coburg.remote, "about", about)
    learned = coburg.channel.tend(coburg.envelope().settings, coburg.tools, AT)
    assert isinstance(learned, MastodonSettings)
    assert learned.software == software
    links = " ".join(f"https://weinhaus.example/eine/lange/adresse/{number}" for number in range(12))
    told = replace(coburg.envelope(body=links, topics=()), settings=learned)
    status = coburg.channel.render(told).status
    text = status["status"]
    assert status.get("content_type") == ("text/plain" if software else None), (
        "no account of theirs reads Markdown"
    )
    assert (len(text) > 500) == (software == "")
