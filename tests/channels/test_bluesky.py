"""Bluesky: one post's life as a record, facets in bytes, sessions that end, and every answer in words."""

from typing import Any

import pytest

from syndication.channels.bluesky import RULES, tid
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Refused, TryLater, Verdict
from syndication.content.post import Image
from syndication.stack.receiver import Receiver
from tests.channels.network import Account, account
from tests.channels.samples import view
from tests.remotes.remote import reply


@pytest.fixture
def coburg(receiver: Receiver, tools: Tools) -> Account:
    return account("bluesky", receiver, tools)


def record(one: Account) -> Any:
    (found,) = one.remote.records.values()
    return found


def features(found: Any) -> dict[str, Any]:
    """What is shown → what it leads to."""
    text = found["text"].encode()
    return {
        text[one["index"]["byteStart"] : one["index"]["byteEnd"]].decode(): one["features"][0]
        for one in found["facets"]
    }


def test_a_post_is_written_with_its_picture_rewritten_and_deleted(coburg: Account) -> None:
    before, receipt = coburg.publish()
    found = record(coburg)
    assert found["langs"] == ["de"]
    assert found["embed"]["images"][0]["alt"] == "Zwei Gläser"
    assert found["embed"]["images"][0]["aspectRatio"] == {"width": 2000, "height": 1000}
    assert receipt.link == f"https://bsky.app/profile/{coburg.remote.did}/post/{receipt.reference}"
    receipt = coburg.send(coburg.change(before, receipt, status="cancelled"))
    assert record(coburg)["text"].startswith("Abgesagt: Weinabend")
    assert record(coburg)["embed"] == found["embed"]
    assert sum("uploadBlob" in call.path for call in coburg.remote.calls) == 1
    assert "first one" in receipt.remark, "what the apps do with an edit is said"
    coburg.send(coburg.change(before, receipt, "withdrawn"))
    assert coburg.remote.records == {}


def test_links_and_hashtags_are_marked_by_their_bytes(coburg: Account) -> None:
    coburg.publish(title="Käse 🧀 & Wein", topics=("musik", "essen-und-trinken"))
    marked = features(record(coburg))
    assert marked["#Musik"]["tag"] == "Musik"
    assert marked["#EssenUndTrinken"]["tag"] == "EssenUndTrinken"
    links = [what["uri"] for what in marked.values() if what["$type"].endswith("#link")]
    assert links == ["https://wein.example", coburg.envelope().post.link]


def test_without_a_picture_the_link_is_a_card(coburg: Account) -> None:
    coburg.publish(images=())
    external = record(coburg)["embed"]["external"]
    assert external["uri"] == coburg.envelope().post.link
    assert external["description"] == "Sechs Weine aus Franken"
    assert "coburg.example" not in record(coburg)["text"]


def test_a_repeat_replaces_itself(coburg: Account) -> None:
    first, _ = coburg.publish()
    coburg.send(first)
    assert list(coburg.remote.records) == [tid(first.post)]


def test_names_of_records_are_valid_and_differ_between_posts_of_the_same_moment() -> None:
    names = {tid(view(number)) for number in range(500)}
    assert len(names) == 500
    assert all(len(name) == 13 and name[0] in "234567abcdefghij" for name in names)


def test_withdrawing_what_never_came_or_is_gone_is_fine(coburg: Account) -> None:
    before, receipt = coburg.publish()
    coburg.remote.records.clear()
    assert coburg.send(coburg.change(before, receipt, "withdrawn")).code == 200


def test_a_session_serves_many_posts_and_is_renewed_when_it_ends(coburg: Account) -> None:
    before, receipt = coburg.publish()
    coburg.send(coburg.change(before, receipt))
    assert coburg.remote.sessions == 1
    coburg.remote.end_session()
    coburg.send(coburg.change(before, receipt, title="Neu"))
    assert coburg.remote.sessions == 2
    assert sum("createSession" in call.path for call in coburg.remote.calls) == 1
    assert record(coburg)["text"].startswith("Neu")


def test_where_the_renewal_has_ended_too_it_signs_in_again(coburg: Account) -> None:
    before, receipt = coburg.publish()
    coburg.remote.end_session()
    coburg.remote.fail(reply({"error": "ExpiredToken"}, 400), on="refreshSession")
    coburg.send(coburg.change(before, receipt, title="Neu"))
    assert sum("createSession" in call.path for call in coburg.remote.calls) == 2


def test_a_wrong_app_password_is_for_the_owner_to_renew(receiver: Receiver, tools: Tools) -> None:
    with pytest.raises(Refused, match="app password") as caught:
        account("bluesky", receiver, tools, app_password="wrong-wrong").publish()
    assert caught.value.credentials
    assert "wrong-wrong" not in str(caught.value) + caught.value.answer


def test_long_texts_fit_into_300_graphemes(coburg: Account) -> None:
    _, receipt = coburg.publish(
        title="👩‍👩‍👧‍👦" * 28, body="Wörter " * 500, topics=tuple(f"thema-{n}" for n in range(10))
    )
    assert "Shortened" in receipt.remark
    assert features(record(coburg)), "the link is kept"


def test_a_new_picture_replaces_the_old_one_and_a_lost_one_is_said(coburg: Account) -> None:
    before, receipt = coburg.publish()
    images = (Image(url="https://weinhaus.example/bild.jpg", alt="Neu"),)
    receipt = coburg.send(coburg.change(before, receipt, images=images))
    assert record(coburg)["embed"]["images"][0]["alt"] == "Neu"
    images = (Image(url="https://nowhere.invalid/x.jpg", alt="x"),)
    receipt = coburg.send(coburg.change(before, receipt, images=images))
    assert "embed" not in record(coburg)
    assert "without a picture" in receipt.remark


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.status} {rule.says}")
def test_every_row_of_the_table_becomes_its_verdict(coburg: Account, rule: Any) -> None:
    times = 2 if rule.says == "ExpiredToken" else 1  # the first time it only renews the session
    coburg.remote.fail(
        reply({"error": rule.says, "message": "x"}, rule.status or 400), on="putRecord", times=times
    )
    with pytest.raises(Verdict) as caught:
        coburg.publish()
    assert caught.value.reason == rule.reason
    assert isinstance(caught.value, TryLater if rule.verdict == "later" else Refused)
    assert getattr(caught.value, "credentials", False) == (rule.verdict == "access")


def test_a_limit_is_waited_for_as_long_as_the_server_says(coburg: Account) -> None:
    fault = reply(
        {"error": "RateLimitExceeded"},
        429,
        RateLimit_Remaining="0",
        RateLimit_Reset="1786000600",
        Date="Thu, 06 Aug 2026 07:06:40 GMT",
    )
    coburg.remote.fail(fault, on="putRecord")
    with pytest.raises(TryLater) as caught:
        coburg.publish()
    assert caught.value.after == 600
