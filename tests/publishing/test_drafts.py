"""Drafts: kept, published once however often the button is tapped, forgotten after 90 days; and the pictures in them."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from uuid import UUID

import pytest
from PIL import Image
from sqlalchemy import func, select

from syndication import clock
from syndication.config import Settings
from syndication.content.base import new_id
from syndication.errors import Conflict, Invalid, NotFound, QuotaExceeded
from syndication.infra import db
from syndication.models import DraftPicture, Post, Revision, StoredPicture
from syndication.publishing import drafts, posts, unlawful, uploads
from syndication.publishing.drafts import KEPT_FOR, Written
from syndication.publishing.withdrawal import Grounds
from tests import factories


@pytest.fixture
def cafe(database: str, settings: Settings) -> UUID:
    with db.transaction() as session:
        return factories.merchant(session).id


def other() -> UUID:
    with db.transaction() as session:
        return factories.merchant(session, "wein").id


def kept(cafe: UUID, **typed: str) -> Written:
    draft = Written(new_id(), "event", {"title": "Weinabend", **typed})
    drafts.save(cafe, draft)
    return draft


def picture(cafe: UUID) -> str:
    file = BytesIO()
    Image.new("RGB", (60, 40), "red").save(file, "PNG")
    file.seek(0)
    return uploads.add(cafe, file).url


def key(url: str) -> str:
    return url.rsplit("/", 1)[1].removesuffix(".jpg")


def count(model: type) -> int:
    with db.reading() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def test_a_draft_is_kept_as_it_was_written_and_the_one_touched_last_is_first(cafe: UUID) -> None:
    first, second = kept(cafe, starts_at="Sa"), kept(cafe)
    clock.travel(timedelta(minutes=1))
    drafts.save(
        cafe, replace(first, typed={"title": "Lesung"}, kept={"source_ref": "7"}, texts={"mastodon": "Hallo"})
    )
    found = drafts.listed(cafe)
    assert [one.id for one in found] == [first.id, second.id]
    assert (found[0].title, found[0].kept, found[0].texts) == (
        "Lesung",
        {"source_ref": "7"},
        {"mastodon": "Hallo"},
    )
    changed = found[0].updated_at
    assert changed is not None
    assert timedelta() <= clock.now() - changed < timedelta(seconds=30)


def test_anothers_draft_is_unknown(cafe: UUID) -> None:
    draft, wine = kept(cafe), other()
    post = posts.create(cafe, factories.event())
    tries: list[Callable[[], object]] = [
        lambda: drafts.read(wine, draft.id),
        lambda: drafts.save(wine, draft),
        lambda: drafts.publish(wine, draft.id, factories.event()),
        lambda: drafts.save(wine, Written(post.id, "event", {})),
    ]
    for one in tries:
        with pytest.raises(NotFound):
            one()
    drafts.discard(wine, draft.id)
    assert drafts.known(wine, draft.id) is None
    assert drafts.read(cafe, draft.id).title == "Weinabend"


def test_a_second_tap_publishes_nothing_more(cafe: UUID) -> None:
    draft = kept(cafe)
    said = factories.event()
    outcomes = [drafts.publish(cafe, draft.id, said).what for _ in range(2)]
    assert outcomes == ["created", "unchanged"]
    assert (count(Post), count(Revision), drafts.listed(cafe)) == (1, 1, [])


def test_two_taps_at_the_same_moment_make_one_post(cafe: UUID) -> None:
    draft, said = kept(cafe), factories.event()
    ready, outcomes = threading.Barrier(4), []

    def tap() -> None:
        ready.wait()
        outcomes.append(drafts.publish(cafe, draft.id, said).what)

    taps = [threading.Thread(target=tap) for _ in range(4)]
    for one in taps:
        one.start()
    for one in taps:
        one.join(20)
    assert sorted(outcomes) == ["created", "unchanged", "unchanged", "unchanged"]
    assert (count(Post), count(Revision)) == (1, 1)


def test_a_correction_is_refused_where_somebody_else_corrected_meanwhile_and_stays(cafe: UUID) -> None:
    post = posts.create(cafe, factories.event())
    drafts.save(cafe, Written(post.id, "event", {"title": "Neu"}, seen=post.revision))
    posts.revise(cafe, post.id, factories.event("Von woanders"))
    with pytest.raises((Conflict, Invalid)):
        drafts.publish(cafe, post.id, factories.event("Neu"))
    assert drafts.read(cafe, post.id).title == "Neu"
    assert posts.read(post.id).content.title == "Von woanders"


def test_a_correction_whose_post_is_taken_back_goes_with_it(cafe: UUID) -> None:
    post = posts.create(cafe, factories.event())
    drafts.save(cafe, Written(post.id, "event", {"images.0.url": picture(cafe)}, seen=post.revision))
    posts.withdraw(cafe, post.id)
    assert (drafts.listed(cafe), count(DraftPicture)) == ([], 0)


def test_drafts_that_nobody_touched_for_90_days_are_forgotten(cafe: UUID) -> None:
    old = kept(cafe)
    clock.travel(timedelta(days=1))
    young = kept(cafe)
    clock.travel(KEPT_FOR - timedelta(hours=23))
    drafts.sweep()
    assert [one.id for one in drafts.listed(cafe)] == [young.id]
    assert drafts.known(cafe, old.id) is None


def test_the_pictures_of_a_draft_are_kept_as_long_as_it_is(cafe: UUID) -> None:
    url = picture(cafe)
    draft = kept(cafe, **{"images.0.url": url})
    clock.travel(timedelta(days=30))
    uploads.sweep()
    assert uploads.shown(key(url)).startswith(b"\xff\xd8")
    drafts.discard(cafe, draft.id)
    uploads.sweep()
    assert count(StoredPicture) == 0


@pytest.mark.parametrize(("reason", "seen"), [("wrong", True), ("unlawful", False)])
def test_a_picture_of_a_post_that_was_taken_back_is_seen_by_whoever_writes_with_it_again(
    cafe: UUID, reason: str, seen: bool
) -> None:
    url = picture(cafe)
    post = posts.create(cafe, factories.event(images=[{"url": url, "alt": "Rot"}]))
    grounds = Grounds(reason, "Gegen das Gesetz.", "command")  # type: ignore[arg-type]  # one of its reasons
    (unlawful.withdraw if reason == "unlawful" else lambda one, why: posts.withdraw(cafe, one, why))(
        post.id, grounds
    )
    with pytest.raises(NotFound):
        uploads.shown(key(url))
    kept(cafe, **{"images.0.url": url})
    assert (uploads.own(url) is not None) == seen


def test_nobody_fills_the_disk_with_drafts(cafe: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafts, "_MOST", 2)
    first = kept(cafe)
    kept(cafe)
    with pytest.raises(QuotaExceeded, match="2 drafts"):
        kept(cafe)
    drafts.save(cafe, first)
