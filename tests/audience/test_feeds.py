"""Feed documents on real databases: built once for many changes, never stale, told to the hub."""

import gzip
import hashlib
import json
import threading
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from syndication import clock, config
from syndication.audience import feeds
from syndication.audience.feeds import Scope
from syndication.channels.built_in.feed.documents import Format
from syndication.config import Settings
from syndication.content.post import Draft
from syndication.delivery import fanout
from syndication.errors import NotFound
from syndication.infra import db
from syndication.models import Change, Delivery, FeedDocument, Merchant
from syndication.publishing import feed_marks, posts
from tests import factories
from tests.channels.feed_samples import events, found
from tests.conftest import settings_for

Woken = list[tuple[str, tuple[str, ...]]]


@pytest.fixture
def cafe(database: str, settings: Settings) -> UUID:
    """A merchant with the slug `cafe`."""
    with db.transaction() as session:
        return factories.merchant(session, "cafe").id


def titles(scope: str = "all", form: Format = "json") -> list[str]:
    """What the JSON Feed of a scope lists."""
    return [entry["title"] for entry in json.loads(feeds.document(scope, form).body)["items"]]


def publish(merchant_id: UUID, draft: Draft) -> posts.PostRecord:
    """A post, its change fanned out."""
    post = posts.create(merchant_id, draft)
    fan_out()
    return post


def fan_out() -> None:
    """Do what the wake-up of every waiting change would do."""
    with db.reading() as session:
        waiting = list(
            session.scalars(select(Change.id).where(Change.fanned_at.is_(None)).order_by(Change.id))
        )
    for change_id in waiting:
        fanout.fan_out(change_id)


def stored(scope: str = "all", form: str = "json") -> FeedDocument:
    """The row of a document."""
    with db.reading() as session:
        return session.scalars(
            select(FeedDocument).where(FeedDocument.scope == scope, FeedDocument.format == form)
        ).one()


# Scopes


@pytest.mark.parametrize(
    ("text", "scope"),
    [
        ("all", Scope()),
        ("kind/event", Scope(kind="event")),
        ("topic/musik", Scope(topic="musik")),
        ("merchant/cafe", Scope(merchant="cafe")),
        ("kind/event/topic/musik/merchant/cafe", Scope("event", "musik", "cafe")),
        ("topic/kind", Scope(topic="kind")),
    ],
)
def test_a_scope_and_its_address_are_the_same(text: str, scope: Scope) -> None:
    assert feeds.parse_scope(text) == scope
    assert str(scope) == text


@pytest.mark.parametrize(
    "text",
    [
        "", "everything", "all/", "kind", "kind/", "kind/concert", "topic/Musik", "topic/mu--sik", "topic/musik/",
        "topic/musik/kind/event", "merchant/cafe/topic/musik", "topic/a/topic/b", "all/kind/event", "district/mitte",
        "topic/" + "a" * 61, "kind/event/all", "kind/event/../all", "topic/ä", "topic/a b", "topic/\x00",
    ],
)  # fmt: skip
def test_one_feed_has_one_address_and_all_others_lead_nowhere(text: str) -> None:
    with pytest.raises(NotFound):
        feeds.parse_scope(text)


def test_a_post_stands_in_every_combination_of_its_facets() -> None:
    scopes = list(feed_marks.scopes_of("event", ("musik", "wein"), "cafe"))
    assert len(scopes) == len(set(scopes)) == 12
    assert {"all", "kind/event", "topic/wein", "kind/event/topic/musik/merchant/cafe"} <= set(scopes)
    assert [str(feeds.parse_scope(scope)) for scope in scopes] == scopes


def test_only_what_exists_has_a_feed(cafe: UUID) -> None:
    publish(cafe, factories.event(topics=["musik"]))
    with db.transaction() as session:
        factories.merchant(session, "neu", state="applied")
        factories.merchant(session, "alt", state="suspended")
    for scope in ("topic/musik", "merchant/cafe", "merchant/alt", "kind/offer"):
        assert feeds.document(scope, "rss").body
    for scope in ("topic/tanz", "merchant/neu", "merchant/nobody", "topic/musik/merchant/nobody"):
        with pytest.raises(NotFound):
            feeds.document(scope, "rss")
    with db.reading() as session:
        assert len(session.scalars(select(FeedDocument.id)).all()) == 4


# Contents


def test_each_feed_holds_its_posts_the_newest_first(cafe: UUID) -> None:
    with db.transaction() as session:
        museum = factories.merchant(session, "museum").id
    publish(cafe, factories.event("Konzert", topics=["musik"]))
    publish(museum, factories.offer("Führung", topics=["kunst", "musik"]))
    assert titles() == ["Führung", "Konzert"]
    assert titles("topic/musik") == ["Führung", "Konzert"]
    assert titles("kind/event") == ["Konzert"]
    assert titles("merchant/museum") == ["Führung"]
    assert titles("kind/event/topic/kunst") == []
    assert titles("topic/musik/merchant/cafe") == ["Konzert"]


def test_a_feed_is_limited_to_the_newest(cafe: UUID, settings: Settings) -> None:
    config.use(settings.model_copy(update={"feed_size": 2}))
    for name in ("eins", "zwei", "drei"):
        publish(cafe, factories.offer(name))
    assert titles() == ["drei", "zwei"]


def test_a_calendar_holds_more_than_a_page(cafe: UUID, settings: Settings) -> None:
    config.use(settings.model_copy(update={"feed_size": 2}))
    for day in range(1, 9):
        publish(cafe, factories.event(f"in {day} Tagen", days=day))
    assert len(events(feeds.document("all", "ics").body)) == 8


def test_newer_offers_and_far_events_push_no_event_out_of_the_calendar(
    cafe: UUID, settings: Settings
) -> None:
    config.use(settings.model_copy(update={"calendar_size": 2}))
    publish(cafe, factories.event("Markt", days=30, recurrence="FREQ=WEEKLY"))
    publish(cafe, factories.event("morgen", days=1))
    publish(cafe, factories.event("in einem Jahr", days=365))
    for number in range(3):
        publish(cafe, factories.offer(f"Angebot {number}"))
    shown = events(feeds.document("all", "ics").body).values()
    assert sorted(str(event["summary"]) for event in shown) == ["Markt", "morgen"]


def test_the_stored_bytes_and_their_etag_belong_together(cafe: UUID) -> None:
    publish(cafe, factories.event())
    for form in feeds.FORMATS:
        document = feeds.document("all", form)
        assert document.etag == hashlib.sha256(document.body).hexdigest()
        assert gzip.decompress(document.compressed) == document.body
        assert document.modified_at.microsecond == 0
        assert document.modified_at <= clock.now()


def test_every_form_of_a_feed_names_its_own_address(cafe: UUID) -> None:
    publish(cafe, factories.event(topics=["musik"]))
    assert b"http://localhost:8000/feeds/topic/musik.atom" in feeds.document("topic/musik", "atom").body
    assert b"http://localhost:8000/feeds/topic/musik.rss" in feeds.document("topic/musik", "rss").body


# Freshness


def test_a_fresh_document_is_not_built_again(cafe: UUID) -> None:
    publish(cafe, factories.event())
    first = feeds.document("all", "json")
    with db.transaction() as session:
        session.execute(update(FeedDocument).values(body=b"what lies on the shelf"))
    assert feeds.document("all", "json").body == b"what lies on the shelf"
    assert feeds.document("all", "json", known=first) is first


def test_a_document_that_is_known_is_replaced_once_it_changed(cafe: UUID) -> None:
    publish(cafe, factories.event("eins"))
    first = feeds.document("all", "json")
    publish(cafe, factories.event("zwei"))
    second = feeds.document("all", "json", known=first)
    assert second.etag != first.etag
    assert b"zwei" in second.body


def test_a_revision_shows_and_changes_the_etag(cafe: UUID) -> None:
    post = publish(cafe, factories.event("vorher"))
    before = feeds.document("all", "atom")
    clock.travel(timedelta(minutes=5))
    posts.revise(cafe, post.id, factories.event("nachher"))
    fan_out()
    after = feeds.document("all", "atom")
    assert (titles(), after.etag != before.etag) == (["nachher"], True)
    assert after.modified_at - before.modified_at >= timedelta(minutes=5)
    ids = [found(one.body, "string(//a:entry/a:id)") for one in (before, after)]
    assert ids == [f"urn:uuid:{post.id}"] * 2
    updated = [found(one.body, "string(//a:entry/a:updated)") for one in (before, after)]
    assert updated[0] < updated[1]


def test_a_change_that_shows_nothing_leaves_etag_and_date(cafe: UUID) -> None:
    publish(cafe, factories.event())
    before = feeds.document("all", "rss")
    clock.travel(timedelta(hours=1))
    with db.transaction() as session:
        feed_marks.mark(session, ["all"])
    assert stored(form="rss").wanted == 2
    after = feeds.document("all", "rss")
    assert (after.etag, after.modified_at) == (before.etag, before.modified_at)
    assert stored(form="rss").built == 2


def test_a_post_that_changes_its_topic_leaves_the_old_feed(cafe: UUID) -> None:
    post = publish(cafe, factories.event("Konzert", topics=["musik"]))
    assert titles("topic/musik") == ["Konzert"]
    posts.revise(cafe, post.id, factories.event("Konzert", topics=["tanz"]))
    fan_out()
    assert titles("topic/musik") == []
    assert titles("topic/tanz") == ["Konzert"]


def test_an_offer_that_is_over_leaves_by_itself(cafe: UUID) -> None:
    publish(cafe, factories.offer("bis morgen", days=1))
    publish(cafe, factories.offer("bis auf Weiteres", days=None))
    assert titles() == ["bis auf Weiteres", "bis morgen"]
    clock.travel(timedelta(days=1, seconds=1))
    assert titles() == ["bis auf Weiteres"]


def test_the_sweep_builds_what_became_stale_and_nothing_else(cafe: UUID) -> None:
    publish(cafe, factories.offer("bis morgen", days=1))
    for form in feeds.FORMATS:
        feeds.document("all", form)
    feeds.document("merchant/cafe", "json")
    assert feeds.sweep() == 0
    clock.travel(timedelta(days=1, seconds=1))
    # The calendar never held the offer, so its bytes stay.
    assert feeds.sweep() == 4
    assert b"bis morgen" not in stored("merchant/cafe").body
    assert feeds.sweep() == 0


def test_the_shelf_builds_what_stands_on_it_and_only_that(cafe: UUID) -> None:
    feeds.document("all", "rss")
    feeds.document("all", "ics")
    feeds.document("kind/offer", "rss")
    publish(cafe, factories.event("neu"))
    assert feeds.Shelf().refresh(["all", "kind/event", "merchant/cafe"]) == 2
    assert b"neu" in stored(form="rss").body
    assert b"neu" in stored(form="ics").body
    assert feeds.Shelf().refresh(["all", "kind/event", "merchant/cafe"]) == 0
    with db.reading() as session:
        assert len(session.scalars(select(FeedDocument.id)).all()) == 3


# Withdrawals


def test_a_withdrawn_post_leaves_and_is_remembered_for_thirty_days(cafe: UUID) -> None:
    post = publish(cafe, factories.event("geheim", days=60))
    assert titles() == ["geheim"]
    posts.withdraw(cafe, post.id)
    fan_out()
    atom = feeds.document("all", "atom").body
    assert [one.get("ref") for one in found(atom, "//at:deleted-entry")] == [f"urn:uuid:{post.id}"]
    (event,) = events(feeds.document("all", "ics").body).values()
    assert str(event["status"]) == "CANCELLED"
    for form in feeds.FORMATS:
        assert b"geheim" not in feeds.document("all", form).body
    clock.travel(timedelta(days=30, seconds=1))
    assert found(feeds.document("all", "atom").body, "//at:deleted-entry") == []
    assert events(feeds.document("all", "ics").body) == {}


def test_what_was_withdrawn_before_its_hour_is_never_told(cafe: UUID) -> None:
    later = (clock.now() + timedelta(days=1)).isoformat()
    post = posts.create(cafe, factories.event("noch nicht", publish_at=later))
    assert titles() == []
    posts.withdraw(cafe, post.id)
    fan_out()
    with db.transaction() as session:
        feed_marks.mark(session, ["all"])
    assert str(post.id).encode() not in feeds.document("all", "atom").body
    assert str(post.id).encode() not in feeds.document("all", "ics").body


# The hub


def hub(merchant_id: UUID, settings: Settings) -> None:
    """A city with a hub."""
    config.use(settings.model_copy(update={"websub_hub": "https://hub.example/"}))
    with db.transaction() as session:
        factories.destination(session, "websub", settings={"hub": "https://hub.example/"})
        assert session.get(Merchant, merchant_id)


def pings() -> list[Any]:
    """The pings that wait, as (topic, state, queue)."""
    with db.reading() as session:
        rows = session.scalars(select(Delivery).where(Delivery.channel == "websub").order_by(Delivery.id))
        return [((row.payload or {})["topic"], row.state, row.queue) for row in rows]


def test_the_hub_is_told_once_of_each_new_version(cafe: UUID, settings: Settings, woken: Woken) -> None:
    hub(cafe, settings)
    feeds.document("all", "rss")
    address = "http://localhost:8000/feeds/all.rss"
    assert pings() == [(address, "waiting", "push")]
    assert ("push", ()) in woken
    with db.transaction() as session:
        feed_marks.mark(session, ["all"])
    feeds.document("all", "rss")
    assert len(pings()) == 1, "the bytes are the same"
    publish(cafe, factories.event())
    feeds.Shelf().refresh(["all"])
    assert pings() == [(address, "waiting", "push")] * 2


def test_the_hub_is_told_of_a_version_that_comes_back(cafe: UUID, settings: Settings) -> None:
    hub(cafe, settings)
    feeds.document("kind/offer", "json")
    post = publish(cafe, factories.offer("kurz"))
    feeds.Shelf().refresh(["kind/offer"])
    posts.withdraw(cafe, post.id)
    fan_out()
    feeds.Shelf().refresh(["kind/offer"])
    assert len(pings()) == 3


def test_without_a_hub_nobody_is_told(cafe: UUID, tmp_path: Any) -> None:
    config.use(settings_for(tmp_path))
    publish(cafe, factories.event())
    feeds.document("all", "rss")
    assert pings() == []


def test_a_hub_that_the_operator_paused_is_not_told(cafe: UUID, settings: Settings) -> None:
    config.use(settings.model_copy(update={"websub_hub": "https://hub.example/"}))
    with db.transaction() as session:
        factories.destination(session, "websub", settings={"hub": "https://hub.example/"}, state="paused")
    feeds.document("all", "rss")
    assert pings() == []


# Many at once


def test_posts_and_readers_side_by_side_lose_nothing(cafe: UUID) -> None:
    """Whatever was built before a change came in is built again: at the end every post stands in every format."""
    for form in feeds.FORMATS:
        feeds.document("all", form)
    failures: list[Exception] = []
    done = threading.Event()

    def write(number: int) -> None:
        try:
            for index in range(6):
                posts.create(cafe, factories.event(f"{number}-{index}"), manner=posts.Manner(imported=True))
                with db.transaction() as session:
                    feed_marks.mark(session, ["all"])
        except Exception as error:
            failures.append(error)

    def read() -> None:
        try:
            while not done.is_set():
                feeds.Shelf().refresh(["all"])
                for form in feeds.FORMATS:
                    document = feeds.document("all", form)
                    assert document.etag == hashlib.sha256(document.body).hexdigest()
        except Exception as error:
            failures.append(error)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(3)]
    readers = [threading.Thread(target=read) for _ in range(2)]
    for thread in (*writers, *readers):
        thread.start()
    for thread in writers:
        thread.join(60)
    done.set()
    for thread in readers:
        thread.join(60)
    assert failures == []
    expected = sorted(f"{number}-{index}" for number in range(3) for index in range(6))
    assert sorted(titles()) == expected
    shown = events(feeds.document("all", "ics").body).values()
    assert sorted(str(event["summary"]) for event in shown) == expected


def test_many_first_readers_get_one_document(cafe: UUID) -> None:
    publish(cafe, factories.event())
    etags: list[str] = []
    threads = [
        threading.Thread(target=lambda: etags.append(feeds.document("merchant/cafe", "rss").etag))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(etags) == 6
    assert len(set(etags)) == 1
