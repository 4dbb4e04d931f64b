"""First a look: whose posts wait, by each door; what is let out, sent back, put right; and what never waits."""

import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from syndication import clock
from syndication.accounts import people, reviews
from syndication.audit import acting
from syndication.content.base import new_id
from syndication.errors import Conflict, Invalid
from syndication.infra import db
from syndication.insight import audit_log
from syndication.insight.audit_log import LogFilter
from syndication.insight.to_do import to_do
from syndication.models import Change, Merchant, Post, Review, StoredPicture
from syndication.publishing import (
    approving,
    drafts,
    file_work,
    files,
    from_queue,
    merchants,
    posts,
    review,
    stock,
    unlawful,
    uploads,
    weekly,
    weekly_making,
)
from syndication.publishing.drafts import Written
from syndication.publishing.merge_patch import patched
from syndication.publishing.review import Rules
from syndication.publishing.weekly import Plan
from tests import factories
from tests.accounts.test_applications import letters
from tests.infra.test_images import drawn

pytestmark = pytest.mark.usefixtures("database", "settings")


@pytest.fixture
def cafe() -> UUID:
    with db.transaction() as session:
        found = factories.merchant(session, "cafe", name="Café Rosengarten").id
    people.join("rosa@cafe.example", "cafe", "owner", name="Rosa Rosen")
    people.add("otto@coburg.example", name="Otto Amt", role="operator")
    review.set_own(found, "always")
    return found


@pytest.fixture(autouse=True)
def _entered() -> Iterator[None]:
    with acting.entering("page", "person 1", "Otto Amt"):
        yield


def changes() -> list[tuple[str, int]]:
    with db.reading() as session:
        return [(one.action, one.revision) for one in session.scalars(select(Change).order_by(Change.id))]


def version(post_id: UUID) -> int:
    found = review.read(post_id)
    assert found is not None
    return found.version


def later(**span: float) -> str:
    return (clock.now() + timedelta(**span)).isoformat()


def nothing_out(*post_ids: UUID) -> None:
    """Whatever sweeps come by, nobody is told."""
    clock.travel(timedelta(minutes=5))
    posts.publish_due()
    posts.publish_due(however_late=True)
    assert changes() == []
    for post_id in post_ids:
        assert posts.read(post_id).state == "scheduled"
        found = review.read(post_id)
        assert found is not None
        assert found.state == "waiting"


# Whose


def out(merchant_id: UUID) -> bool:
    return posts.create(merchant_id, factories.event()).state == "published"


def test_the_rules_say_whose_posts_wait() -> None:
    with db.transaction() as session:
        old = factories.merchant(session, "alt", admitted_at=clock.now() - timedelta(days=9)).id
    assert out(old)
    review.set_rules(Rules(scope="all"))
    assert not out(old)
    review.set_own(old, "never")
    assert out(old)
    review.set_own(old, None)
    review.set_rules(Rules(scope="new"))
    assert out(old), "it was there before"
    clock.travel(timedelta(minutes=1))
    with db.transaction() as session:
        new = factories.merchant(session, "neu").id
    assert not out(new)
    review.set_own(new, "never")
    assert out(new)
    review.set_own(new, None)
    review.set_rules(Rules(scope="new", first_posts=2))
    assert not out(new), "one is out"
    review.set_own(new, "never")
    assert out(new)
    review.set_own(new, None)
    assert out(new), "two are out"
    review.set_own(old, "always")
    assert not out(old)
    assert {one.details["scope"] for one in audit_log.lines(LogFilter(what="review.rules"))} >= {
        "all",
        "new",
        "never",
    }


# By each door


def test_what_is_posted_at_the_desk_over_the_api_and_by_a_reference_waits(cafe: UUID) -> None:
    at_once = posts.create(cafe, factories.event())
    at_an_hour = posts.create(cafe, factories.event(publish_at=later(minutes=1)))
    handed_in = posts.submit(cafe, factories.event(source_ref="7")).post
    written = Written(new_id(), "event", {"title": "Lesung"})
    drafts.save(cafe, written)
    from_the_form = drafts.publish(cafe, written.id, factories.event()).post
    nothing_out(at_once.id, at_an_hour.id, handed_in.id, from_the_form.id)


def test_what_comes_by_the_queue_waits(cafe: UUID) -> None:
    said = factories.event(source_ref="q1").model_dump(mode="json", exclude_unset=True)
    assert from_queue.submit((), {"merchant": "cafe", "post": said}) is not None
    nothing_out(*(one.id for one in posts.listed(merchant_id=cafe)))
    assert len(posts.listed(merchant_id=cafe)) == 1


@pytest.mark.parametrize("tell", ["nobody", "summary", "each"])
def test_what_comes_by_a_file_waits(cafe: UUID, tell: Any) -> None:
    table = "Titel;Beginn\nLesung;24.12.2030 19:30\nKonzert;25.12.2030 19:30\n"
    file_id = files.add(cafe, io.BytesIO(table.encode()), "t.csv", tell=tell, by="Rosa <r@cafe.example>")
    for step in range(6):
        if step == 3:
            files.want(cafe, file_id, tell=tell, by="Rosa <r@cafe.example>")
        file_work.work(file_id)
    assert len(posts.listed(merchant_id=cafe)) == 2
    nothing_out(*(one.id for one in posts.listed(merchant_id=cafe)))
    assert stock.sum_up(cafe, ["x"]) is None


def test_each_date_of_what_comes_every_week_waits_and_calendars_say_nothing_of_it(cafe: UUID) -> None:
    weekly.begin(
        cafe, new_id(), factories.evening("Quiz", days=1).content(), Plan(days_before=7), public=True
    )
    weekly_making.sweep()
    dates = posts.listed(merchant_id=cafe)
    assert len(dates) == 3
    nothing_out(*(one.id for one in dates))
    from syndication.publishing import weekly_views

    with db.reading() as session:
        assert weekly_views.views(session, [], clock.now(), most=9) == []


def test_a_correction_waits_and_what_stands_stays(cafe: UUID) -> None:
    review.set_own(cafe, "never")
    post = posts.create(cafe, factories.event("Weinabend", price="5"))
    review.set_own(cafe, "always")
    posts.revise(cafe, post.id, lambda now: patched(now, {"title": "Weinabend im Hof"}))
    posts.revise(cafe, post.id, lambda now: patched(now, {"price": "7"}))
    standing, wanted = approving.as_it_would_be(post.id)
    assert (standing.content.title, standing.revision) == ("Weinabend", 1)
    assert (wanted.content.title, str(wanted.content.price)) == ("Weinabend im Hof", "7")  # type: ignore[attr-defined]  # an event
    assert changes() == [("published", 1)]
    approving.approve(post.id, version(post.id))
    assert posts.read(post.id).content.title == "Weinabend im Hof"
    assert changes() == [("published", 1), ("revised", 2)]
    with pytest.raises(Conflict):
        approving.approve(post.id)


def test_a_correction_back_to_what_stands_takes_back_what_waited(cafe: UUID) -> None:
    review.set_own(cafe, "never")
    post = posts.create(cafe, factories.event("Weinabend"))
    review.set_own(cafe, "always")
    posts.revise(cafe, post.id, lambda now: patched(now, {"title": "Anders"}))
    posts.revise(cafe, post.id, lambda now: patched(now, {"title": "Weinabend"}))
    assert review.read(post.id) is None
    assert changes() == [("published", 1)]


def test_what_was_approved_for_an_hour_and_is_changed_before_it_waits_again(cafe: UUID) -> None:
    post = posts.create(cafe, factories.event(publish_at=later(minutes=4)))
    approving.approve(post.id)
    posts.revise(cafe, post.id, lambda now: patched(now, {"title": "Anders"}))
    nothing_out(post.id)


def test_a_picture_of_a_correction_that_waits_is_kept_and_another_s_is_refused(cafe: UUID) -> None:
    review.set_own(cafe, "never")
    post = posts.create(cafe, factories.event())
    review.set_own(cafe, "always")
    mine = uploads.add(cafe, io.BytesIO(drawn(40, 30)))
    with db.transaction() as session:
        other = factories.merchant(session, "museum").id
    theirs = uploads.add(other, io.BytesIO(drawn(50, 30)))
    for url, kept in ((theirs.url, False), (mine.url, True)):
        said = {"images": [{"url": url, "alt": "Ein Bild"}]}
        if kept:
            posts.revise(cafe, post.id, lambda now, said=said: patched(now, said))
        else:
            with pytest.raises(Invalid, match="no picture"):
                posts.revise(cafe, post.id, lambda now, said=said: patched(now, said))
    clock.travel(timedelta(days=30))
    uploads.sweep()
    with db.reading() as session:
        found = session.scalars(select(StoredPicture.merchant_id)).all()
    assert found == [cafe]


# What never waits


def test_a_cancellation_and_a_withdrawal_never_wait(cafe: UUID) -> None:
    review.set_own(cafe, "never")
    post, other = (posts.create(cafe, factories.event(title)) for title in ("Weinabend", "Film"))
    review.set_own(cafe, "always")
    posts.revise(cafe, post.id, lambda now: patched(now, {"title": "Anders"}))
    posts.revise(cafe, post.id, lambda now: patched(now, {"status": "cancelled"}))
    now = posts.read(post.id).content
    assert (now.title, now.standing) == ("Weinabend", "cancelled")
    assert changes()[-1] == ("revised", 2)
    approving.approve(post.id)
    now = posts.read(post.id).content
    assert (now.title, now.standing) == ("Anders", "cancelled"), "what waited is called off, too"
    posts.revise(cafe, other.id, lambda now: patched(now, {"status": "cancelled", "title": "Werbung"}))
    assert posts.read(other.id).content.title == "Film", "more than a cancellation waits"
    posts.withdraw(cafe, other.id)
    assert changes()[-1] == ("withdrawn", 1)
    assert review.read(other.id) is None


def test_what_waits_is_taken_back_without_a_word_to_anybody(cafe: UUID) -> None:
    post = posts.create(cafe, factories.event())
    posts.withdraw(cafe, post.id)
    assert changes() == []
    with pytest.raises(Conflict):
        approving.approve(post.id)


def test_of_an_unlawful_post_no_word_waits(cafe: UUID) -> None:
    review.set_own(cafe, "never")
    post = posts.create(cafe, factories.event("Weinabend"))
    review.set_own(cafe, "always")
    posts.revise(cafe, post.id, lambda now: patched(now, {"title": "Unerhört"}))
    unlawful.withdraw(post.id)
    with db.reading() as session:
        assert session.scalars(select(Review)).all() == []


# Deciding


def test_it_goes_out_at_once_at_its_hour_or_at_once_where_that_has_passed(cafe: UUID) -> None:
    at_once = posts.create(cafe, factories.event())
    assert approving.approve(at_once.id).state == "published"
    ahead = posts.create(cafe, factories.event(publish_at=later(hours=2)))
    assert approving.approve(ahead.id).state == "scheduled"
    passed = posts.create(cafe, factories.event(publish_at=later(hours=3)))
    clock.travel(timedelta(hours=4))
    posts.publish_due()
    assert posts.read(ahead.id).state == "published"
    assert posts.read(passed.id).state == "scheduled"
    assert approving.approve(passed.id).state == "published"
    found = review.read(passed.id)
    assert found is not None
    assert found.hour_was == passed.publish_at
    assert len(changes()) == 3


def test_nobody_approves_what_they_have_not_seen(cafe: UUID) -> None:
    post = posts.create(cafe, factories.event())
    seen = version(post.id)
    posts.revise(cafe, post.id, lambda now: patched(now, {"title": "Ganz anders"}))
    with pytest.raises(Conflict, match="changed meanwhile"):
        approving.approve(post.id, seen)
    approving.approve(post.id, version(post.id))


def test_of_a_suspended_merchant_and_of_what_is_over_nothing_is_approved(cafe: UUID) -> None:
    post = posts.create(cafe, factories.event(days=0.1))
    merchants.suspend(cafe)
    with pytest.raises(Conflict, match="may not publish"):
        approving.approve(post.id)
    merchants.admit(cafe)
    clock.travel(timedelta(days=1))
    with pytest.raises(Conflict, match="over"):
        approving.approve(post.id)
    assert changes() == []


def test_sent_back_it_waits_for_its_merchant_who_is_told_and_hands_it_in_again(cafe: UUID) -> None:
    post = posts.create(cafe, factories.event("Weinabend"))
    with pytest.raises(Invalid):
        reviews.send_back(post.id, "")
    reviews.send_back(post.id, "Bitte ohne Werbung für Tabak.", version(post.id))
    (told,) = letters("review_returned")
    assert (told["to"], told["because"]) == ("rosa@cafe.example", "Bitte ohne Werbung für Tabak.")
    assert to_do().reviews == 0
    posts.publish_due(however_late=True)
    assert changes() == []
    posts.revise(cafe, post.id, lambda now: patched(now, {"title": "Weinabend im Hof"}))
    assert to_do().reviews == 1
    approving.approve(post.id)
    assert changes() == [("published", 2)]


def test_a_correction_that_was_sent_back_is_gone_on_with(cafe: UUID) -> None:
    review.set_own(cafe, "never")
    post = posts.create(cafe, factories.event("Weinabend"))
    review.set_own(cafe, "always")
    posts.revise(cafe, post.id, lambda now: patched(now, {"title": "Anders"}))
    reviews.send_back(post.id, "Warum?")
    assert approving.as_it_would_be(post.id)[1].content.title == "Anders"
    posts.revise(cafe, post.id, lambda now: patched(now, {"summary": "Darum."}))
    wanted = approving.as_it_would_be(post.id)[1].content
    assert (wanted.title, wanted.summary, to_do().reviews) == ("Anders", "Darum.", 1)


def test_the_town_hall_puts_words_right_visibly(cafe: UUID) -> None:
    post = posts.create(cafe, factories.event("Weinabent", summary="Mit Wein."))
    assert approving.edit(post.id, version(post.id), {"title": "Weinabend", "summary": "Mit Wein."})
    assert not approving.edit(post.id, version(post.id), {"title": "Weinabend"})
    found = review.read(post.id)
    assert found is not None
    assert (found.state, found.edits) == ("waiting", (("Otto Amt", "title", "Weinabent", "Weinabend"),))
    with pytest.raises(Invalid):
        approving.edit(post.id, found.version, {"title": ""})
    approving.approve(post.id, found.version)
    found = review.read(post.id)
    assert found is not None
    assert found.edits, "its merchant sees it afterwards, too"
    line = audit_log.lines(LogFilter(what="post.revised"))[0]
    assert (line.by_name, line.details["in_the_name_of"]) == ("Otto Amt", "Café Rosengarten")


# Telling


def test_the_operators_hear_that_something_waits_at_most_once_an_hour(cafe: UUID) -> None:
    reviews.sweep()
    assert letters("review_waiting") == []
    posts.create(cafe, factories.event())
    reviews.sweep()
    assert [(one["to"], one["number"]) for one in letters("review_waiting")] == [("otto@coburg.example", "1")]
    for _ in range(3):
        posts.create(cafe, factories.event())
        clock.travel(timedelta(minutes=19))
        reviews.sweep()
    assert len(letters("review_waiting")) == 1
    clock.travel(timedelta(minutes=10))
    reviews.sweep()
    assert [one["number"] for one in letters("review_waiting")] == ["1", "4"]
    clock.travel(timedelta(hours=2))
    reviews.sweep()
    assert len(letters("review_waiting")) == 2, "of nothing new nobody hears twice"


def test_what_was_over_before_anybody_looked_is_never_silent(cafe: UUID) -> None:
    post = posts.create(cafe, factories.event("Weinabend", days=0.1))
    clock.travel(timedelta(days=2))
    reviews.sweep()
    reviews.sweep()
    (told,) = letters("review_expired")
    assert (told["to"], told["title"]) == ("rosa@cafe.example", "Weinabend")
    posts.publish_due(however_late=False)
    assert changes() == []
    assert [one.about_id for one in audit_log.lines(LogFilter(what="review.expired"))] == [str(post.id)]


def test_whoever_is_looked_at_no_more_keeps_waiting_for_a_decision(cafe: UUID) -> None:
    post = posts.create(cafe, factories.event())
    review.set_own(cafe, "never")
    nothing_out(post.id)
    with db.transaction() as session:
        session.execute(update(Merchant).values(review=None))
        assert session.scalar(select(Post.published_at)) is None
