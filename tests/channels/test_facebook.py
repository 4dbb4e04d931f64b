"""A Facebook page: one post's life, what must not be made twice, and every error by its code in words."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from syndication.channels.facebook import RULES, FacebookSettings
from syndication.channels.social.graph import Row
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Refused, TryLater, Unconfirmed, Verdict
from syndication.content.post import Image
from syndication.content.reason import Reason
from syndication.stack.receiver import Receiver, Reply
from tests.channels.network import Account, account
from tests.channels.samples import AT
from tests.remotes.graph import error
from tests.remotes.remote import reply

FEED = "POST .*/feed"


@pytest.fixture
def page(receiver: Receiver, tools: Tools) -> Account:
    return account("facebook", receiver, tools)


def test_a_post_is_published_with_its_picture_revised_and_withdrawn(page: Account) -> None:
    before, receipt = page.publish()
    ((post_id, post),) = page.remote.posts.items()
    assert receipt.reference == post_id
    assert receipt.link == f"https://www.facebook.com/weinhaus/posts/pfbid{post_id.partition('_')[2]}"
    assert "Weinabend" in post["message"]
    assert before.post.link in post["message"]
    assert post["pictures"] == ["Zwei Gläser"]
    again = page.send(page.change(before, receipt, status="cancelled"))
    assert page.remote.posts[post_id]["message"].startswith("Abgesagt: Weinabend")
    assert (again.reference, again.link) == (receipt.reference, receipt.link)
    assert len([call for call in page.remote.calls if "/photos" in call.path]) == 1
    page.send(page.change(before, receipt, "withdrawn"))
    assert page.remote.posts == {}


def test_without_pictures_the_link_makes_a_card(page: Account) -> None:
    before, _ = page.publish(images=())
    (post,) = page.remote.posts.values()
    assert post["link"] == before.post.link


def test_pictures_cannot_be_changed_and_that_is_said(page: Account) -> None:
    before, receipt = page.publish()
    receipt = page.send(page.change(before, receipt, images=()))
    assert "cannot change the pictures" in receipt.remark


def test_a_picture_that_cannot_be_had_is_said_and_holds_up_nothing(page: Account) -> None:
    _, receipt = page.publish(images=(Image(url="https://nowhere.invalid/x.jpg", alt="x"),))
    assert "without a picture" in receipt.remark
    (post,) = page.remote.posts.values()
    assert post["link"]


def test_the_merchants_own_words_go_before_ours(page: Account) -> None:
    before, _ = page.publish(texts={"facebook": "Heut gibt's Wein! #Coburg", "mastodon": "anders"})
    (post,) = page.remote.posts.values()
    assert post["message"].startswith("Heut gibt's Wein! #Coburg\n")
    assert before.post.link in post["message"]
    assert "anders" not in post["message"]


def test_the_longest_text_there_is_fits(page: Account) -> None:
    _, receipt = page.publish(body="Wein🍷 " * 3300)
    (post,) = page.remote.posts.values()
    assert post["message"].count("🍷") == 3301
    assert receipt.remark == ""


@pytest.mark.parametrize(
    "fault",
    [
        Reply(close=True),
        Reply(500, {}, b"oops"),
        reply({"success": True}),
        error(2, status=500),
        error(1, status=500),
    ],
    ids=["cut off", "broken", "no id", "unavailable", "unknown"],
)
def test_an_unknown_outcome_of_the_post_itself_is_unconfirmed(page: Account, fault: Reply) -> None:
    page.remote.fail(fault, on=FEED)
    with pytest.raises(Unconfirmed):
        page.publish()


@pytest.mark.parametrize("fault", [Reply(close=True), error(2, status=500)], ids=["cut off", "unavailable"])
def test_a_picture_whose_outcome_is_unknown_may_be_sent_again(page: Account, fault: Reply) -> None:
    page.remote.fail(fault, on="/photos")
    with pytest.raises(TryLater):
        page.publish()
    assert page.remote.posts == {}


def test_an_edit_whose_outcome_is_unknown_may_be_made_again(page: Account) -> None:
    before, receipt = page.publish()
    page.remote.fail(Reply(close=True), on=r"POST .*/104512345678901_\d+")
    with pytest.raises(TryLater):
        page.send(page.change(before, receipt, status="cancelled"))


@pytest.mark.parametrize(
    "fault", [Reply(close=True), Reply(500), error(190), reply([]), Reply(200, {}, b"?")]
)
def test_trouble_with_the_permalink_loses_nothing(page: Account, fault: Reply) -> None:
    page.remote.fail(fault, on=r"GET .*/104512345678901_\d+")
    _, receipt = page.publish()
    assert receipt.link == f"https://www.facebook.com/{receipt.reference}"


def test_deleting_what_somebody_deleted_is_fine_and_editing_it_is_said(page: Account) -> None:
    before, receipt = page.publish()
    page.remote.posts.clear()
    with pytest.raises(Refused, match="somebody deleted it"):
        page.send(page.change(before, receipt))
    assert "somebody deleted it" in page.send(page.change(before, receipt, "withdrawn")).remark


def test_what_is_there_but_not_ours_to_delete_is_said(page: Account) -> None:
    before, receipt = page.publish()
    page.remote.foreign.add(receipt.reference)
    with pytest.raises(Refused, match="by hand"):
        page.send(page.change(before, receipt, "withdrawn"))


def test_a_rate_limit_is_waited_for_as_long_as_facebook_says(page: Account) -> None:
    usage = '{"104512345678901":[{"type":"pages","call_count":100,"estimated_time_to_regain_access":19}]}'
    page.remote.fail(error(80001, X_Business_Use_Case_Usage=usage), on=FEED)
    with pytest.raises(TryLater) as caught:
        page.publish()
    assert (caught.value.after, caught.value.slow) == (19 * 60, True)
    page.remote.fail(error(32, X_App_Usage='{"call_count":100}', X_Business_Use_Case_Usage="?"), on=FEED)
    with pytest.raises(TryLater) as caught:
        page.publish()
    assert caught.value.after is None


def test_an_access_is_looked_after(page: Account) -> None:
    ends = datetime(2026, 10, 1, tzinfo=UTC)
    page.remote.debug |= {"expires_at": 0, "data_access_expires_at": int(ends.timestamp())}
    learned = page.channel.tend(page.envelope().settings, page.tools, AT)
    assert isinstance(learned, FacebookSettings)
    assert (learned.name, learned.access_ends_at) == ("Weinhaus am Markt", ends)
    page.remote.debug["expires_at"] = int((ends - timedelta(days=3)).timestamp())
    assert page.channel.tend(learned, page.tools, AT).access_ends_at == ends - timedelta(days=3)
    page.remote.fail(error(100, "You must provide an app access token"), on="debug_token")
    assert page.channel.tend(learned, page.tools, AT).access_ends_at is None
    page.remote.debug["is_valid"] = False
    with pytest.raises(Refused) as caught:
        page.channel.tend(learned, page.tools, AT)
    assert caught.value.credentials


def test_the_access_of_another_page_is_refused(page: Account) -> None:
    page.remote.me_id, page.remote.me_name = "1", "Somebody else"
    with pytest.raises(Refused, match="Somebody else") as caught:
        page.channel.tend(page.envelope().settings, page.tools, AT)
    assert caught.value.credentials


@pytest.mark.parametrize("row", RULES, ids=lambda row: f"{row.code} {row.subcodes} {row.says}")
def test_every_row_of_the_table_becomes_its_verdict(page: Account, row: Row) -> None:
    code = row.code[0] if isinstance(row.code, tuple) else row.code
    fault = error(code, f"… {row.says} …", row.subcodes[0] if row.subcodes else 0)
    page.remote.fail(fault, on=FEED)
    with pytest.raises(Verdict) as caught:
        page.publish()
    assert caught.value.reason.startswith(Reason(row.reason, "Facebook"))
    kinds: dict[str, Any] = {"later": TryLater, "unsure": Unconfirmed}
    assert isinstance(caught.value, kinds.get(row.verdict, Refused))
    assert getattr(caught.value, "credentials", False) == (row.verdict == "access")


def test_an_error_that_stands_in_no_table_is_judged_by_its_status(page: Account) -> None:
    page.remote.fail(error(4711, "Neues", status=400), on=FEED)
    with pytest.raises(Refused, match="refuses this post") as caught:
        page.publish()
    assert "Neues" in caught.value.answer
    page.remote.fail(error(4711, status=500), on=FEED)
    with pytest.raises(Unconfirmed):
        page.publish()


def test_no_secret_is_ever_shown(page: Account) -> None:
    page.remote.fail(error(190, f"Malformed access token {page.remote.token}"), on=FEED)
    envelope = page.envelope()
    with pytest.raises(Refused) as caught:
        page.send(envelope)
    shown = (
        repr(page.channel.render(envelope))
        + repr(envelope.settings)
        + caught.value.reason
        + caught.value.answer
    )
    assert page.remote.token not in shown
    assert page.remote.secret not in shown
    assert all(page.remote.token not in call.path for call in page.remote.calls)
