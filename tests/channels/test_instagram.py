"""Instagram: a picture's way in two steps, what is safe to repeat, and every error by its code in words."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from syndication.channels.instagram import RULES, InstagramSettings
from syndication.channels.social.graph import Row
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Refused, TryLater, Verdict
from syndication.content.post import Image
from syndication.content.reason import Reason
from syndication.delivery.decide import skip_reason
from syndication.delivery.session_cache import SessionCache
from syndication.stack.receiver import Receiver, Reply
from tests.channels.network import Account, account
from tests.channels.samples import AT
from tests.remotes.graph import error

PUBLISH = "POST .*/media_publish"


@pytest.fixture
def shop(receiver: Receiver, tools: Tools) -> Account:
    return account("instagram", receiver, tools)


def elsewhere(one: Account) -> Account:
    """The same account as another worker process speaks to it: it remembers nothing."""
    return replace(one, tools=replace(one.tools, sessions=SessionCache()))


def test_a_picture_is_published_and_withdrawn(shop: Account) -> None:
    before, receipt = shop.publish()
    ((media, post),) = shop.remote.media.items()
    assert receipt.reference == media
    assert receipt.link == f"https://www.instagram.com/p/C{media}/"
    assert "Weinabend" in post["caption"]
    assert before.post.link in post["caption"]
    shown = f"https://coburg.example/posts/{before.post.id}/pictures/1-framed.jpg"
    assert (post["image_url"].partition("?")[0], post["alt_text"]) == (shown, "Zwei Gläser")
    shop.send(shop.change(before, receipt, "withdrawn"))
    assert shop.remote.media == {}


def test_what_stands_there_cannot_be_changed_and_the_merchant_is_told(shop: Account) -> None:
    before, receipt = shop.publish()
    after = shop.change(before, receipt, status="cancelled")
    assert skip_reason(after, shop.channel.abilities, shop.channel.label) == (
        "dropped",
        "Instagram cannot change what was posted. Please correct it there by hand.",
    )
    with pytest.raises(Refused, match="by hand"):
        shop.send(after)


def test_a_cancelled_event_that_never_stood_there_says_so(shop: Account) -> None:
    shop.send(shop.envelope("revised", status="cancelled"))
    (post,) = shop.remote.media.values()
    assert post["caption"].startswith("Abgesagt: Weinabend")


def test_without_a_picture_it_is_refused_in_words(shop: Account) -> None:
    with pytest.raises(Refused, match="without a picture"):
        shop.channel.render(shop.envelope(images=()))
    shop.channel.render(shop.envelope("withdrawn", images=()))


def test_one_picture_is_posted_and_the_others_are_named(shop: Account) -> None:
    names = ("bild", "neu", "nie-gefragt")
    images = tuple(Image(url=f"https://weinhaus.example/{name}.jpg", alt=name) for name in names)
    _, receipt = shop.publish(images=images)
    assert "2 more pictures" in receipt.remark


def test_long_texts_are_cut_and_the_link_stays(shop: Account) -> None:
    before, receipt = shop.publish(body="Wein und Käse 🍷. " * 500)
    (post,) = shop.remote.media.values()
    assert 2100 < len(post["caption"].encode("utf-16-le")) / 2 <= 2200
    assert before.post.link in post["caption"]
    assert receipt.remark.startswith("Shortened")


def test_the_merchants_own_words_go_before_ours(shop: Account) -> None:
    shop.publish(texts={"instagram": "Heut gibt's Wein! #Coburg @nachbar"}, topics=("a", "b", "c", "d", "e"))
    (container,) = shop.remote.containers.values()
    assert container["caption"].startswith("Heut gibt's Wein! #Coburg @nachbar\n")
    assert container["caption"].endswith("#A #B #C #D"), "five hashtags with the merchant's own"


def test_hashtags_that_do_not_fit_are_named_and_too_many_refused(shop: Account) -> None:
    _, receipt = shop.publish(topics=("a", "b", "c", "d", "e", "kinder-und-familie"))
    assert "left out: #KinderUndFamilie." in receipt.remark
    for own in (" ".join(f"#tag{n}" for n in range(31)), " ".join(f"@shop{n}" for n in range(21))):
        with pytest.raises(Refused, match="at most 30 hashtags and 20 mentions"):
            shop.channel.render(shop.envelope(texts={"instagram": own}))
        shop.channel.render(shop.envelope("withdrawn", texts={"instagram": own}))


def test_a_picture_that_is_being_worked_on_is_waited_for_and_goes_on_where_it_was(shop: Account) -> None:
    shop.remote.state = "IN_PROGRESS"
    envelope = shop.envelope()
    with pytest.raises(TryLater) as caught:
        shop.send(envelope)
    assert (caught.value.after, caught.value.outlet) == (30, False)
    (container,) = shop.remote.containers.values()
    container["status_code"] = "FINISHED"
    shop.send(replace(envelope, doubtful=True))
    assert (len(shop.remote.containers), len(shop.remote.media)) == (1, 1)


@pytest.mark.parametrize("where", ["same process", "another process"])
@pytest.mark.parametrize("step", ["/media$", "GET .*/179", PUBLISH])
def test_a_try_that_was_cut_off_is_made_again_and_posts_once(shop: Account, step: str, where: str) -> None:
    shop.remote.fail(Reply(close=True), on=step)
    envelope = shop.envelope()
    with pytest.raises(TryLater):
        shop.send(envelope)
    other = shop if where == "same process" else elsewhere(shop)
    other.send(replace(envelope, doubtful=True))
    assert len(shop.remote.media) == 1


@pytest.mark.parametrize("where", ["same process", "another process"])
def test_what_an_earlier_try_published_unknown_to_us_is_found(shop: Account, where: str) -> None:
    envelope, first = shop.publish()
    other = shop if where == "same process" else elsewhere(shop)
    again = other.send(replace(envelope, doubtful=True))
    assert (again.reference, again.link) == (first.reference, first.link)
    assert len(shop.remote.media) == 1


def test_a_container_that_was_published_is_never_published_again(shop: Account) -> None:
    envelope, _ = shop.publish()
    shop.remote.media.clear()  # not shown yet
    with pytest.raises(TryLater, match="does not show it yet"):
        shop.send(replace(envelope, doubtful=True))
    assert shop.remote.media == {}


def test_last_weeks_post_with_the_same_words_is_not_taken_for_this_one(shop: Account) -> None:
    shop.remote.now = AT - timedelta(days=7)
    envelope, first = shop.publish()
    shop.remote.now = AT
    again = elsewhere(shop).send(replace(envelope, doubtful=True))
    assert again.reference != first.reference


def test_a_withdrawal_finds_what_an_unknown_try_left_there(shop: Account) -> None:
    shop.publish()
    shop.send(replace(shop.envelope("withdrawn"), doubtful=True))
    assert shop.remote.media == {}
    assert "nothing to delete" in shop.send(replace(shop.envelope("withdrawn"), doubtful=True)).remark
    assert "nothing to delete" in shop.send(shop.envelope("withdrawn")).remark


@pytest.mark.parametrize("state", ["EXPIRED", "gone"])
def test_a_picture_that_instagram_lost_is_prepared_anew(shop: Account, state: str) -> None:
    shop.remote.state = "IN_PROGRESS"
    with pytest.raises(TryLater):
        shop.publish()
    (container,) = shop.remote.containers.values()
    container["status_code"] = state
    shop.remote.state = "FINISHED"
    with pytest.raises(TryLater, match="lost"):
        shop.publish()
    shop.publish()
    assert len(shop.remote.media) == 1
    shop.remote.fail(error(24, "The requested resource does not exist", 2207006), on=PUBLISH)
    with pytest.raises(TryLater, match="lost"):
        elsewhere(shop).publish()


def test_a_picture_that_cannot_be_used_is_refused_in_words(shop: Account) -> None:
    shop.remote.state, shop.remote.said = "ERROR", "Error: Media upload has failed with error code 2207009"
    with pytest.raises(Refused, match="too wide or too tall"):
        shop.publish()
    shop.remote.said = "Error"
    with pytest.raises(Refused, match="could not use the picture"):
        shop.publish()
    shop.remote.loads = False
    with pytest.raises(Refused, match="open to everybody"):
        elsewhere(shop).publish()


def test_a_picture_that_cannot_be_had_is_said_before_instagram_is_asked(shop: Account) -> None:
    shop.remote.calls.clear()
    with pytest.raises(TryLater, match="The picture was not fetched"):
        shop.publish(images=(Image(url="https://nowhere.invalid/x.jpg", alt="x"),))
    with pytest.raises(Refused, match="its address answered 404"):
        shop.publish(images=(Image(url=shop.receiver.url("/x.jpg"), alt="x"),))
    assert [call.path for call in shop.remote.calls] == ["/x.jpg"]


@pytest.mark.parametrize("fault", [error(10), error(200), error(3), error(100, "(#100) no"), None])
def test_what_must_not_be_deleted_is_left_to_the_merchant_and_stops_no_posting(
    shop: Account, fault: Reply | None
) -> None:
    before, receipt = shop.publish()
    if fault:
        shop.remote.fail(fault, on="DELETE")
    shop.remote.may_delete = False
    with pytest.raises(Refused, match="by hand") as caught:
        shop.send(shop.change(before, receipt, "withdrawn"))
    assert not caught.value.credentials


def test_deleting_what_somebody_deleted_is_fine(shop: Account) -> None:
    before, receipt = shop.publish()
    shop.remote.media.clear()
    assert "somebody deleted it" in shop.send(shop.change(before, receipt, "withdrawn")).remark


def test_trouble_with_the_permalink_loses_nothing(shop: Account) -> None:
    shop.publish()
    shop.remote.fail(Reply(close=True), on=r"GET .*/17900004")
    receipt = shop.send(replace(shop.envelope(), key="c9-0"))
    assert (receipt.reference, receipt.link) == ("17900004", None)


def test_an_access_is_looked_after(shop: Account) -> None:
    ends = datetime(2026, 10, 1, tzinfo=UTC)
    shop.remote.debug["data_access_expires_at"] = int(ends.timestamp())
    learned = shop.channel.tend(shop.envelope().settings, shop.tools, AT)
    assert isinstance(learned, InstagramSettings)
    assert (learned.username, learned.access_ends_at) == ("weinhaus.coburg", ends)


@pytest.mark.parametrize("row", RULES, ids=lambda row: f"{row.code} {row.subcodes} {row.says}")
@pytest.mark.parametrize("step", ["/media$", PUBLISH])
def test_every_row_of_the_table_becomes_its_verdict(shop: Account, row: Row, step: str) -> None:
    code = row.code[0] if isinstance(row.code, tuple) else row.code
    shop.remote.fail(error(code, f"… {row.says} …", row.subcodes[0] if row.subcodes else 0), on=step)
    with pytest.raises(Verdict) as caught:
        shop.publish()
    assert caught.value.reason == Reason(row.reason, "Instagram")
    later: Any = TryLater if row.verdict in ("later", "soon", "unsure") else Refused
    assert isinstance(caught.value, later)
    assert getattr(caught.value, "credentials", False) == (row.verdict == "access")
    if isinstance(caught.value, TryLater):
        assert caught.value.outlet == (row.verdict != "soon")


def test_no_secret_is_ever_shown(shop: Account) -> None:
    shop.remote.fail(error(190, f"Malformed access token {shop.remote.token}"), on="/media$")
    envelope = shop.envelope()
    with pytest.raises(Refused) as caught:
        shop.send(envelope)
    shown = repr(shop.channel.render(envelope)) + repr(envelope.settings)
    shown += caught.value.reason + caught.value.answer
    assert shop.remote.token not in shown
    assert shop.remote.secret not in shown
