"""What is said of a post before it is done, the hour it is published at, and whose pictures it shows."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from syndication import clock, config, sources
from syndication.content.post import Draft
from syndication.errors import Invalid
from syndication.infra import db
from syndication.models import Change, Post, PreparedPicture, Revision
from syndication.publishing import from_file, merchants, posts, rehearsal, uploads
from tests import factories
from tests.infra.test_images import drawn
from tests.town import later

Woken = list[tuple[str, tuple[str, ...]]]


@pytest.fixture
def cafe(database: str, settings: config.Settings) -> UUID:
    with db.transaction() as session:
        return factories.merchant(session, "cafe").id


def soon(**delta: float) -> str:
    return (clock.now() + timedelta(**delta)).isoformat()


def rows() -> list[int]:
    """How much stands in the tables that a draft writes."""
    with db.reading() as session:
        return [
            session.scalar(select(func.count()).select_from(one)) or 0
            for one in (Post, Revision, Change, PreparedPicture)
        ]


DRAFTS = {
    "another kind": lambda: factories.offer(source_ref="1"),
    "published after its end": lambda: factories.event(days=2, source_ref="2", publish_at=soon(days=3)),
    "a picture that is not kept": lambda: factories.event(
        source_ref="3", images=[{"url": uploads.address("a" * 32), "alt": "x"}]
    ),
    "another hour for what is published": lambda: factories.event(source_ref="1", publish_at=soon(days=1)),
    "over already": lambda: factories.event(days=-2, source_ref="4"),
    "the same": lambda: factories.event("Lesung", days=5, source_ref="5"),
    "other words": lambda: factories.event("Lesung am Abend", source_ref="1"),
    "something new": lambda: factories.event(
        source_ref="6", images=[{"url": "https://x.example/a.jpg", "alt": "x"}]
    ),
    "without a name": factories.event,
}


@pytest.mark.parametrize("draft", DRAFTS)
def test_a_dry_run_says_what_then_happens_and_leaves_nothing(cafe: UUID, draft: str, woken: Woken) -> None:
    posts.create(cafe, factories.event(source_ref="1"))
    same = DRAFTS["the same"]()
    posts.create(cafe, same)
    one = same if draft == "the same" else DRAFTS[draft]()

    def outcome(act: object) -> object:
        try:
            return act()  # type: ignore[operator]  # one of the two below
        except Invalid as error:
            return error.faults

    before = rows()
    woken.clear()
    told = outcome(lambda: rehearsal.preview(cafe, one))
    assert rows() == before
    assert woken == []
    assert told == outcome(lambda: posts.submit(cafe, one, manner=posts.Manner(imported=True)).what)


def test_a_dry_run_of_a_file_that_names_an_entry_twice_says_what_then_happens(
    cafe: UUID, tmp_path: Path
) -> None:
    file = tmp_path / "shop.csv"
    file.write_text(
        "source_ref;kind;title;starts_at\n"
        f"a;event;Lesung;{soon(days=3)[:16]}\n"
        f"a;event;Lesung;{soon(days=3)[:16]}\n"
        f"a;event;Lesung am Abend;{soon(days=3)[:16]}\n"
        f"b;event;Konzert;{soon(days=3)[:16]}\n"
    )

    def run(*, dry_run: bool) -> list[tuple[str, str]]:
        read = sources.read(file, zone=ZoneInfo("Europe/Berlin"), now=clock.now())
        return [(one.what, one.reason) for one in from_file.run(read, cafe, dry_run=dry_run).results]

    told = run(dry_run=True)
    assert rows() == [0, 0, 0, 0]
    assert told == run(dry_run=False)
    assert [what for what, _ in told][-1] == "created"


def scheduled(cafe: UUID) -> tuple[posts.PostRecord, Draft]:
    one = factories.event(days=7, publish_at=soon(hours=2))
    return posts.create(cafe, one), one


def again(one: Draft, **fields: object) -> Draft:
    return one.model_copy(update=fields)


def test_a_post_that_waits_for_its_hour_is_moved(cafe: UUID) -> None:
    post, one = scheduled(cafe)
    hour = clock.now() + timedelta(hours=5)
    moved = posts.revise(cafe, post.id, again(one, publish_at=hour))
    assert (moved.what, moved.post.publish_at, moved.post.revision) == ("revised", hour, 2)
    assert posts.revise(cafe, post.id, again(one, publish_at=hour)).what == "unchanged"
    later(3 * 3600)
    assert posts.publish_due() == 0, "not at the old hour"
    later(3 * 3600)
    assert posts.publish_due() == 1


def test_a_post_that_waits_is_published_now_where_its_hour_is_moved_to_now(cafe: UUID) -> None:
    post, one = scheduled(cafe)
    posts.revise(cafe, post.id, again(one, publish_at=clock.now() - timedelta(minutes=1)))
    assert posts.publish_due() == 1
    assert posts.read(post.id).state == "published"


def test_without_an_hour_the_one_it_has_stays(cafe: UUID) -> None:
    post, one = scheduled(cafe)
    revised = posts.revise(cafe, post.id, again(one, publish_at=None, title="Neu")).post
    assert (revised.publish_at, revised.state, revised.content.title) == (one.publish_at, "scheduled", "Neu")


def test_the_hour_of_a_published_post_is_refused_in_words_and_its_old_one_is_not(cafe: UUID) -> None:
    post, one = scheduled(cafe)
    later(3 * 3600)
    posts.publish_due()
    with pytest.raises(Invalid, match="published already"):
        posts.revise(cafe, post.id, again(one, publish_at=clock.now() + timedelta(days=1)))
    assert posts.revise(cafe, post.id, one).what == "unchanged", "what was handed in is handed in again"
    assert posts.revise(cafe, post.id, again(one, title="Neu")).what == "revised"


def test_a_post_that_waits_cannot_be_over_before_its_hour(cafe: UUID) -> None:
    post, one = scheduled(cafe)
    with pytest.raises(Invalid, match="lies before the post would be published"):
        posts.revise(cafe, post.id, again(one, publish_at=clock.now() + timedelta(days=30)))
    with pytest.raises(Invalid, match="lies before the post would be published"):
        posts.revise(cafe, post.id, factories.event(days=0.02, ends_at=soon(hours=1)))


def test_a_post_shows_its_own_merchants_uploads_alone(cafe: UUID) -> None:
    with db.transaction() as session:
        other = factories.merchant(session, "hut").id
    image = {"url": uploads.add(cafe, drawn()).url, "alt": "x"}
    post = posts.create(other, factories.event())
    for act in (
        lambda: posts.create(other, factories.event(images=[image])),
        lambda: posts.revise(other, post.id, factories.event(images=[image])),
        lambda: rehearsal.preview(other, factories.event(images=[image])),
    ):
        with pytest.raises(Invalid, match="upload it again"):
            act()
    posts.create(cafe, factories.event(images=[image]))
    own = uploads.add(other, drawn())
    posts.create(other, factories.event(images=[{"url": own.url, "alt": "x"}]))


def suspended(cafe: UUID, one: Draft, *, hours: float) -> posts.PostRecord:
    """A post whose hour passed, so long ago, while its merchant was suspended; the merchant is admitted again."""
    post = posts.create(cafe, one)
    merchants.suspend(cafe)
    later((2 + hours) * 3600)
    assert posts.publish_due() == 0
    assert posts.read(post.id).publish_at is not None, (
        "as long as it may not be published, nothing is decided"
    )
    merchants.admit(cafe)
    return post


@pytest.mark.parametrize(
    ("hours", "days", "published"),
    [(0.5, 9, 1), (23, 9, 1), (25, 9, 0), (24 * 5, 9, 0), (3, 0.15, 0)],
    ids=["half an hour late", "within a day", "a day late", "days late", "over by then"],
)
def test_what_a_merchant_scheduled_before_it_was_suspended_goes_out_unless_it_is_old(
    cafe: UUID, hours: float, days: float, published: int
) -> None:
    post = suspended(cafe, factories.offer(days=days, publish_at=soon(hours=2)), hours=hours)
    assert posts.publish_due() == published
    found = posts.read(post.id)
    assert found.state == ("published" if published else "scheduled")
    assert found.missed_at == (None if published else post.publish_at)
    if not published:
        assert found.publish_at is None
    assert posts.publish_due() == 0


def test_what_missed_its_hour_goes_out_at_a_new_one(cafe: UUID) -> None:
    same = factories.event(days=9, publish_at=soon(hours=2))
    post = suspended(cafe, same, hours=30)
    posts.publish_due()
    assert posts.revise(cafe, post.id, same).what == "unchanged", (
        "a file that is handed in again publishes nothing"
    )
    assert posts.publish_due() == 0
    posts.revise(cafe, post.id, again(same, title="Neu"))
    assert posts.publish_due() == 0
    posts.revise(cafe, post.id, again(same, publish_at=clock.now() + timedelta(hours=1)))
    assert posts.read(post.id).missed_at is None
    later(3700)
    assert posts.publish_due() == 1


def test_what_missed_its_hour_goes_out_now_by_any_other_that_has_passed(cafe: UUID) -> None:
    same = factories.event(days=9, publish_at=soon(hours=2))
    post = suspended(cafe, same, hours=30)
    posts.publish_due()
    posts.revise(cafe, post.id, again(same, publish_at=clock.now() - timedelta(days=3)))
    assert posts.publish_due() == 1
