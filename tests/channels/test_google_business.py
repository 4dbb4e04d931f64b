"""A Google Business Profile: events, offers and news with honest ends, tokens that last an hour, every answer in words."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from syndication.channels.by_http import Rule
from syndication.channels.google_business import RULES, TOKEN_RULES, GoogleBusinessSettings
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Refused, TryLater, Unconfirmed, Verdict
from syndication.content.post import Image
from syndication.stack.receiver import Receiver, Reply
from tests.channels.network import Account, account
from tests.channels.samples import AT
from tests.remotes.google_business import error, moment
from tests.remotes.remote import reply

CREATE = "POST .*/localPosts"
OFFER: dict[str, Any] = {
    "kind": "offer",
    "starts_at": None,
    "ends_at": None,
    "place": None,
    "coupon_code": "WEIN10",
    "valid_until": datetime(2026, 8, 31, 22, 0, tzinfo=UTC),  # midnight in Coburg
}


@pytest.fixture
def shop(receiver: Receiver, tools: Tools) -> Account:
    return account("google_business", receiver, tools)


def only(one: Account) -> dict[str, Any]:
    (post,) = one.remote.posts.values()
    return dict(post)


def test_an_event_is_published_with_its_picture_revised_and_withdrawn(shop: Account) -> None:
    before, receipt = shop.publish()
    post = only(shop)
    assert (post["topicType"], post["languageCode"]) == ("EVENT", "de")
    assert post["event"]["title"].startswith("Weinabend")
    schedule = post["event"]["schedule"]
    assert moment(schedule, "start") == datetime(2026, 8, 15, 19, 0), "on the clock of the town"
    assert moment(schedule, "end") == datetime(2026, 8, 15, 23, 0)
    shown = f"https://coburg.example/posts/{before.post.id}/pictures/1-framed.jpg"
    assert post["media"][0]["sourceUrl"].partition("?")[0] == shown
    assert post["callToAction"]["url"] == before.post.link
    assert before.post.link not in post["summary"]
    assert "#" not in post["summary"], "Google knows no hashtags"
    assert (receipt.reference, receipt.link) == (post["name"], post["searchUrl"])
    assert "alternative text" in receipt.remark
    again = shop.send(shop.change(before, receipt, status="cancelled"))
    assert only(shop)["event"]["title"].startswith("Abgesagt: Weinabend")
    assert only(shop)["summary"].startswith("Abgesagt: Weinabend")
    assert (again.reference, again.link) == (receipt.reference, receipt.link)
    shop.send(shop.change(before, receipt, "withdrawn"))
    assert shop.remote.posts == {}


def test_an_offer_has_its_code_and_the_end_that_was_promised(shop: Account) -> None:
    before, _ = shop.publish(**OFFER)
    post = only(shop)
    assert post["topicType"] == "OFFER"
    assert post["offer"] == {"couponCode": "WEIN10", "redeemOnlineUrl": before.post.link}
    schedule = post["event"]["schedule"]
    assert moment(schedule, "start") == datetime(2026, 8, 10, 7, 0), "from when it was posted"
    assert moment(schedule, "end") == datetime(2026, 8, 31, 23, 59), "midnight belongs to the day before"


def test_an_offer_without_an_end_is_news_and_that_is_said(shop: Account) -> None:
    _, receipt = shop.publish(**OFFER | {"valid_until": None})
    assert only(shop)["topicType"] == "STANDARD"
    assert "event" not in only(shop)
    assert "names no end" in receipt.remark
    assert "WEIN10" in only(shop)["summary"]


def test_an_offer_that_is_given_an_end_is_made_anew(shop: Account) -> None:
    before, receipt = shop.publish(**OFFER | {"valid_until": None})
    after = shop.change(before, receipt, **OFFER)
    shop.remote.fail(Reply(close=True), on=CREATE)
    with pytest.raises(Unconfirmed):
        shop.send(after)
    again = shop.send(after)
    assert only(shop)["topicType"] == "OFFER"
    assert again.reference != receipt.reference


def test_an_event_without_an_end_is_given_none(shop: Account) -> None:
    _, receipt = shop.publish(ends_at=None)
    schedule = only(shop)["event"]["schedule"]
    assert moment(schedule, "start") == datetime(2026, 8, 15, 0, 0)
    assert moment(schedule, "end") == datetime(2026, 8, 15, 23, 59)
    assert "whole day" in receipt.remark
    assert "19:00" in only(shop)["summary"]


def test_whole_days_are_whole_days(shop: Account) -> None:
    starts, ends = datetime(2026, 8, 14, 22, 0, tzinfo=UTC), datetime(2026, 8, 16, 22, 0, tzinfo=UTC)
    _, receipt = shop.publish(all_day=True, starts_at=starts, ends_at=ends)
    schedule = only(shop)["event"]["schedule"]
    assert moment(schedule, "start") == datetime(2026, 8, 15, 0, 0)
    assert moment(schedule, "end") == datetime(2026, 8, 16, 23, 59)
    assert "whole day" not in receipt.remark


def test_a_repeated_event_shows_its_next_date(shop: Account) -> None:
    envelope = shop.envelope(recurrence="FREQ=WEEKLY;BYDAY=SA")
    receipt = shop.send(replace(envelope, tried_at=datetime(2026, 10, 26, tzinfo=UTC)))
    schedule = only(shop)["event"]["schedule"]
    assert moment(schedule, "start") == datetime(2026, 10, 31, 19, 0), "also in winter"
    assert "next date" in receipt.remark


def test_texts_and_titles_are_cut_and_codes_too_long_are_named(shop: Account) -> None:
    shop.publish(title="Weinabend 🍷 " * 12, body="Wein und Käse 🍷. " * 300)
    post = only(shop)
    assert 1400 < len(post["summary"].encode("utf-16-le")) / 2 <= 1500
    assert post["event"]["title"].endswith("…")
    shop.remote.posts.clear()
    _, receipt = shop.publish(**OFFER | {"coupon_code": "W" * 60})
    assert "couponCode" not in only(shop)["offer"]
    assert "too long for Google" in receipt.remark
    assert "W" * 60 in only(shop)["summary"]


def test_the_merchants_own_words_go_before_ours(shop: Account) -> None:
    shop.publish(texts={"google_business": "Heut gibt's Wein!", "mastodon": "anders"}, status="cancelled")
    assert only(shop)["summary"] == "Abgesagt: Heut gibt's Wein!"


def test_pictures_are_changed_only_where_they_changed(shop: Account) -> None:
    before, receipt = shop.publish()
    first = only(shop)["media"][0]["sourceUrl"]
    shop.send(shop.change(before, receipt, summary="Neues"))
    assert "media" not in shop.remote.calls[-1].path
    other = (Image(url="https://weinhaus.example/neu.jpg", alt="Neu"), *before.post.content.images)
    receipt = shop.send(shop.change(before, receipt, images=other))
    assert only(shop)["media"][0]["sourceUrl"] != first, "another address, or Google keeps what it has"
    assert "One more picture" in receipt.remark
    shop.send(shop.change(before, receipt, images=()))
    assert "media" not in only(shop)


def test_a_token_is_kept_until_it_ends(shop: Account) -> None:
    shop.publish()
    shop.publish()
    assert shop.remote.tokens == 1
    shop.send(replace(shop.envelope(), tried_at=AT + timedelta(minutes=58)))
    assert shop.remote.tokens == 2


def test_a_token_that_ended_early_is_renewed_with_the_next_try(shop: Account) -> None:
    shop.publish()
    shop.remote.tokens += 1
    with pytest.raises(TryLater, match="renewed"):
        shop.publish()
    shop.publish()
    assert len(shop.remote.posts) == 2
    shop.remote.fail(error(401, "UNAUTHENTICATED"), on=CREATE)
    shop.tools.sessions.put(next(iter(shop.tools.sessions._kept)), None)  # type: ignore[attr-defined]  # another process
    with pytest.raises(Refused) as caught:
        shop.publish()
    assert caught.value.credentials, "a fresh token that is not accepted is no token"


@pytest.mark.parametrize(
    "fault",
    [Reply(close=True), Reply(500, {}, b"oops"), reply({}), Reply(200, {}, b"?")],
    ids=["cut off", "broken", "no name", "no JSON"],
)
def test_an_unknown_outcome_of_the_posting_is_unconfirmed(shop: Account, fault: Reply) -> None:
    shop.remote.fail(fault, on=CREATE)
    with pytest.raises(Unconfirmed):
        shop.publish()


@pytest.mark.parametrize("on", ["/token", "PATCH", "DELETE"])
def test_everything_else_may_be_repeated(shop: Account, on: str) -> None:
    before, receipt = shop.publish()
    shop.tools.sessions.put(next(iter(shop.tools.sessions._kept)), None)  # type: ignore[attr-defined]  # another process
    shop.remote.fail(Reply(close=True), on=on)
    with pytest.raises(TryLater):
        shop.send(shop.change(before, receipt, "withdrawn" if on == "DELETE" else "revised"))


def test_deleting_what_somebody_deleted_is_fine_and_editing_it_is_said(shop: Account) -> None:
    before, receipt = shop.publish()
    shop.remote.posts.clear()
    with pytest.raises(Refused, match="somebody deleted it"):
        shop.send(shop.change(before, receipt))
    assert shop.send(shop.change(before, receipt, "withdrawn")).code == 404
    assert "nothing to delete" in shop.send(shop.envelope("withdrawn")).remark


def test_a_picture_that_cannot_be_had_holds_up_no_post(shop: Account) -> None:
    _, receipt = shop.publish(images=(Image(url="https://nowhere.invalid/x.jpg", alt="x"),))
    assert "media" not in only(shop)
    assert receipt.remark.startswith("Posted without a picture: The picture was not fetched:")


def test_a_picture_google_cannot_use_and_a_post_it_rejects_are_said(shop: Account) -> None:
    shop.remote.usable = False
    with pytest.raises(Refused, match="cannot use the picture"):
        shop.publish()
    shop.remote.usable = True
    shop.remote.state = "REJECTED"
    with pytest.raises(Refused, match="rejected"):
        shop.publish()


def test_an_access_is_looked_after(shop: Account) -> None:
    learned = shop.channel.tend(shop.envelope().settings, shop.tools, AT)
    assert isinstance(learned, GoogleBusinessSettings)
    assert learned.access_ends_at is None
    shop.remote.granted["refresh_token_expires_in"] = 7 * 86_400 + 1800
    learned = shop.channel.tend(learned, shop.tools, AT)
    assert learned.access_ends_at == AT + timedelta(days=7)
    shop.remote.fail(error(403, "PERMISSION_DENIED"), on="GET .*/localPosts")
    with pytest.raises(Refused) as caught:
        shop.channel.tend(learned, shop.tools, AT)
    assert caught.value.credentials


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.status} {rule.says}")
def test_every_row_of_the_table_becomes_its_verdict(shop: Account, rule: Rule) -> None:
    shop.remote.fail(error(rule.status or 400, "STATUS", f"… {rule.says} …"), on=CREATE)
    _judged(shop, rule)


@pytest.mark.parametrize("rule", TOKEN_RULES, ids=lambda rule: f"{rule.status} {rule.says}")
def test_every_answer_about_the_access_becomes_its_verdict(shop: Account, rule: Rule) -> None:
    shop.remote.fail(reply({"error": rule.says or "invalid_request"}, rule.status or 401), on="/token")
    _judged(shop, rule)


def _judged(shop: Account, rule: Rule) -> None:
    with pytest.raises(Verdict) as caught:
        shop.publish()
    assert caught.value.reason == rule.reason
    assert isinstance(caught.value, TryLater if rule.verdict == "later" else Refused)
    assert getattr(caught.value, "credentials", False) == (rule.verdict == "access")


def test_no_secret_is_ever_shown(shop: Account) -> None:
    envelope = shop.envelope()
    shop.remote.fail(reply({"error": "invalid_grant"}, 400), on="/token")
    with pytest.raises(Refused) as caught:
        shop.send(envelope)
    shown = repr(shop.channel.render(envelope)) + repr(envelope.settings) + caught.value.reason
    shown += caught.value.answer
    assert "1//refresh" not in shown
    assert "GOCSPX" not in shown
    shop.send(envelope)
    assert all("ya29" not in call.path for call in shop.remote.calls)
    assert all("1//refresh" not in key for key in shop.tools.sessions._kept)  # type: ignore[attr-defined]  # what a process keeps
