"""A LinkedIn page: one post's life, its text format, tokens that are renewed in time, every answer in words."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from syndication.channels.by_http import Rule
from syndication.channels.linkedin import RULES, TOKEN_RULES, LinkedInSettings, little, within_linkedin
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Refused, TryLater, Unconfirmed, Verdict
from syndication.content.post import Image
from syndication.stack.receiver import Receiver, Reply
from tests.channels.network import Account, account
from tests.channels.samples import AT
from tests.remotes.linkedin import error, read
from tests.remotes.remote import reply

CREATE = "POST /rest/posts$"
RENEWING = {"client_id": "78app", "client_secret": "WPL-secret", "refresh_token": "AQX-refresh"}


@pytest.fixture
def page(receiver: Receiver, tools: Tools) -> Account:
    return account("linkedin", receiver, tools)


def only(one: Account) -> dict[str, Any]:
    (post,) = one.remote.posts.values()
    return dict(post)


def test_a_post_is_published_with_its_picture_revised_and_withdrawn(page: Account) -> None:
    before, receipt = page.publish()
    (urn,) = page.remote.posts
    assert receipt.reference == urn
    assert receipt.link == f"https://www.linkedin.com/feed/update/{urn}"
    assert only(page)["text"].startswith("Weinabend & Käse <b>für alle</b> 🍷\n")
    assert before.post.link in only(page)["text"]
    assert only(page)["text"].endswith("#Musik #Wein")
    assert only(page)["content"]["media"]["altText"] == "Zwei Gläser"
    again = page.send(page.change(before, receipt, status="cancelled"))
    assert only(page)["text"].startswith("Abgesagt: Weinabend")
    assert (again.reference, again.link, again.remark) == (receipt.reference, receipt.link, "")
    assert sum("/images" in call.path for call in page.remote.calls) == 1
    page.send(page.change(before, receipt, "withdrawn"))
    assert page.remote.posts == {}


@pytest.mark.parametrize(
    ("api", "url", "shown"),
    [
        ("https://api.linkedin.com", "https://www.linkedin.com/dms-uploads/1", True),
        ("https://api.linkedin.com", "http://www.linkedin.com/dms-uploads/1", False),
        ("https://api.linkedin.com", "https://www.linkedin.com:8443/dms-uploads/1", False),
        ("https://api.linkedin.com", "https://www.linkedin.com.evil.example/dms-uploads/1", False),
        ("https://api.linkedin.com", "https://evil-linkedin.com/dms-uploads/1", False),
        ("https://proxy.example", "https://www.linkedin.com/dms-uploads/1", False),
    ],
)
def test_the_access_is_shown_to_linkedins_own_servers_alone(api: str, url: str, *, shown: bool) -> None:
    assert within_linkedin(api, url) is shown


def test_without_pictures_the_link_makes_a_card_that_keeps_its_title(page: Account) -> None:
    before, receipt = page.publish(images=())
    article = only(page)["content"]["article"]
    assert article["source"] == before.post.link
    assert article["description"] == "Sechs Weine aus Franken"
    receipt = page.send(page.change(before, receipt, images=(), status="cancelled"))
    assert "keeps its earlier title" in receipt.remark
    assert "cannot change the pictures" in page.send(page.change(before, receipt)).remark


def test_several_pictures_stand_side_by_side(page: Account) -> None:
    images = tuple(Image(url="https://weinhaus.example/bild.jpg", alt=f"Bild {n}") for n in range(3))
    page.publish(images=images)
    shown = only(page)["content"]["multiImage"]["images"]
    assert [one["altText"] for one in shown] == ["Bild 0", "Bild 1", "Bild 2"]


def test_a_picture_that_cannot_be_had_is_said_and_holds_up_nothing(page: Account) -> None:
    _, receipt = page.publish(images=(Image(url="https://nowhere.invalid/x.jpg", alt="x"),))
    assert "without a picture" in receipt.remark
    assert "article" in only(page)["content"]


@pytest.mark.parametrize(
    "text",
    [
        r"(a) [b] {c} <d> @e *f* _g_ ~h~ \i | j #",
        "#Wein_und_Käse, #Fest2026! a#b https://x.example/a_(b)#teil~ #Ende",
        "{hashtag|\\#|Trick} \\# @[Eddy](urn:li:person:1)",
        "👩‍👩‍👧‍👦 ﷽ \u202e Größe",
    ],
)
def test_no_sign_is_taken_for_markup(text: str) -> None:
    assert read(little(text)) == text


def test_hashtags_become_hashtags_and_addresses_hold_none() -> None:
    assert little("#Wein_1 https://x.example/#a") == r"{hashtag|\#|Wein\_1} https://x.example/\#a"


def test_long_texts_are_cut_and_the_link_stays(page: Account) -> None:
    before, receipt = page.publish(body="Wein_und *Käse* (gut) 🍷. " * 500)
    assert 2700 < len(page.channel.render(before).commentary.encode("utf-16-le")) / 2 <= 3000
    assert before.post.link in only(page)["text"]
    assert receipt.remark.startswith("Shortened")


def test_the_merchants_own_words_go_before_ours(page: Account) -> None:
    before, _ = page.publish(texts={"linkedin": "Heut gibt's Wein! #Coburg", "mastodon": "anders"})
    assert only(page)["text"].startswith("Heut gibt's Wein! #Coburg\n")
    assert before.post.link in only(page)["text"]
    assert "anders" not in only(page)["text"]


@pytest.mark.parametrize(
    "fault", [Reply(close=True), Reply(500, {}, b"oops"), Reply(201)], ids=["cut off", "broken", "no id"]
)
def test_an_unknown_outcome_of_the_post_itself_is_unconfirmed(page: Account, fault: Reply) -> None:
    page.remote.fail(fault, on=CREATE)
    with pytest.raises(Unconfirmed):
        page.publish()


@pytest.mark.parametrize("on", ["POST /rest/images", "PUT", "POST /rest/posts/urn", "DELETE"])
def test_everything_else_may_be_repeated(page: Account, on: str) -> None:
    before, receipt = page.publish()
    page.remote.fail(Reply(close=True), on=on)
    change = page.change(before, receipt, "withdrawn" if on == "DELETE" else "revised", status="cancelled")
    with pytest.raises(TryLater):
        page.send(change if "posts" in on or on == "DELETE" else page.envelope(status="cancelled"))


def test_what_stands_there_already_is_recognised_by_linkedin_itself(page: Account) -> None:
    before, first = page.publish()
    receipt = page.send(before)
    assert receipt.reference == first.reference
    assert "stood on LinkedIn already" in receipt.remark
    page.remote.fail(error(422, "DUPLICATE_POST", "Content is a duplicate of urn:li:activity:1"), on=CREATE)
    with pytest.raises(Refused, match="same text"):
        page.publish()


def test_deleting_what_somebody_deleted_is_fine_and_editing_it_is_said(page: Account) -> None:
    before, receipt = page.publish()
    page.remote.posts.clear()
    with pytest.raises(Refused, match="somebody deleted it"):
        page.send(page.change(before, receipt))
    assert page.send(page.change(before, receipt, "withdrawn")).code == 404
    assert "nothing to delete" in page.send(page.envelope("withdrawn")).remark


def test_an_access_is_renewed_before_it_ends(receiver: Receiver, tools: Tools) -> None:
    page = account("linkedin", receiver, tools, **RENEWING)
    learned = page.channel.tend(page.envelope().settings, tools, AT)
    assert isinstance(learned, LinkedInSettings)
    assert learned.access_token.get_secret_value() == page.remote.token != "AQX-access"
    assert learned.token_ends_at == AT + timedelta(days=60)
    assert learned.access_ends_at == AT + timedelta(seconds=20_000_000), "when renewing itself ends"
    calls = len(page.remote.calls)
    assert page.channel.tend(learned, tools, AT + timedelta(days=49)) == learned
    assert len(page.remote.calls) == calls
    again = page.channel.tend(learned, tools, AT + timedelta(days=51))
    assert again.token_ends_at == AT + timedelta(days=111)  # type: ignore[attr-defined]  # the same settings
    page.remote.refresh = "another"
    with pytest.raises(Refused, match="no longer renews") as caught:
        page.channel.tend(again, tools, AT + timedelta(days=105))
    assert caught.value.credentials


def test_an_access_that_cannot_be_renewed_is_asked_for_its_end(receiver: Receiver, tools: Tools) -> None:
    page = account("linkedin", receiver, tools, client_id="78app", client_secret="WPL-secret")
    learned = page.channel.tend(page.envelope().settings, tools, AT)
    assert learned.access_ends_at == datetime.fromtimestamp(1_790_000_000, UTC)
    page.remote.active = False
    with pytest.raises(Refused, match="has run out") as caught:
        page.channel.tend(learned, tools, AT)
    assert caught.value.credentials


def test_without_the_app_nothing_is_asked(page: Account) -> None:
    settings = page.envelope().settings
    assert page.channel.tend(settings, page.tools, AT) == settings
    assert page.remote.calls == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.status} {rule.says}")
def test_every_row_of_the_table_becomes_its_verdict(page: Account, rule: Rule) -> None:
    page.remote.fail(error(rule.status or 400, "CODE", f"… {rule.says} …"), on=CREATE)
    with pytest.raises(Verdict) as caught:
        page.publish()
    assert caught.value.reason == rule.reason
    assert isinstance(caught.value, TryLater if rule.verdict == "later" else Refused)
    assert getattr(caught.value, "credentials", False) == (rule.verdict == "access")


@pytest.mark.parametrize("rule", TOKEN_RULES, ids=lambda rule: f"{rule.status} {rule.says}")
def test_every_answer_about_the_access_becomes_its_verdict(
    receiver: Receiver, tools: Tools, rule: Rule
) -> None:
    page = account("linkedin", receiver, tools, **RENEWING)
    page.remote.fail(reply({"error": rule.says or "invalid_request"}, rule.status or 401), on="accessToken")
    with pytest.raises(Refused) as caught:
        page.channel.tend(page.envelope().settings, tools, AT)
    assert (caught.value.reason, caught.value.credentials) == (rule.reason, True)


def test_no_secret_is_ever_shown(receiver: Receiver, tools: Tools) -> None:
    page = account("linkedin", receiver, tools, **RENEWING)
    envelope = page.envelope()
    page.remote.fail(error(401, "REVOKED_ACCESS_TOKEN", service=65601), on=CREATE)
    with pytest.raises(Refused) as caught:
        page.send(envelope)
    shown = repr(page.channel.render(envelope)) + repr(envelope.settings)
    shown += caught.value.reason + caught.value.answer
    assert "AQX" not in shown
    assert "WPL" not in shown
    assert all("AQX" not in call.path for call in page.remote.calls)
