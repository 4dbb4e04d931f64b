"""Topics are called otherwise, filed under another, taken apart: posts, readers and feeds follow, and nobody is told twice."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from syndication.audience import district_acts, feeds, interests, topic_acts
from syndication.audience.topic_acts import Chosen
from syndication.config import Settings
from syndication.content.interest import Interest
from syndication.delivery import fanout
from syndication.errors import Conflict, Invalid, NotFound
from syndication.infra import db
from syndication.insight import audit_log
from syndication.insight.audit_log import LogFilter
from syndication.models import Delivery, FeedDocument, InterestRow, PostTopic, Reader
from syndication.publishing import merchants, posts, topics
from tests import factories
from tests.town import deliveries, fan_out


@pytest.fixture
def cafe(database: str, settings: Settings) -> UUID:
    with db.transaction() as session:
        return factories.merchant(session, "cafe").id


def reader(email: str, *chosen: str, cadence: str = "instantly") -> None:
    with db.transaction() as session:
        factories.reader(
            session, email, cadence=cadence, interest=Interest.model_validate({"topics": chosen})
        )


def told() -> list[str]:
    """Who has, or is about to get, a mail; as often as they do."""
    with db.reading() as session:
        query = select(Reader.email).join(Delivery, Delivery.reader_id == Reader.id).order_by(Reader.email)
        return list(session.scalars(query))


def said(post: posts.PostRecord) -> list[tuple[str, str]]:
    return [(str(one), one.name) for one in posts.read(post.id).content.topics]


def rows() -> dict[str, tuple[str, int, int]]:
    return {one.slug: (one.name, one.posts, one.readers) for one in topic_acts.listed()}


def chosen_by(email: str) -> tuple[str, ...]:
    with db.reading() as session:
        row = session.scalars(
            select(InterestRow)
            .join(Reader, Reader.interest_id == InterestRow.id)
            .where(Reader.email == email)
        ).one()
        return tuple(map(str, interests.load(row).topics))


def test_a_topic_is_called_otherwise_everywhere_and_its_old_feed_leads_on(cafe: UUID) -> None:
    post = factories.post(cafe, factories.event(topics=["Musik", "Kinder"]))
    reader("anna@example.org", "musik")
    assert b"Musik" in feeds.document("topic/musik", "rss").body
    assert topic_acts.rename("musik", "Klang & Ton") == "klang-ton"
    assert said(post) == [("klang-ton", "Klang & Ton"), ("kinder", "Kinder")]
    assert chosen_by("anna@example.org") == ("klang-ton",)
    assert rows() == {"kinder": ("Kinder", 1, 0), "klang-ton": ("Klang & Ton", 1, 1)}
    assert [one.name for one in topics.known().common] == ["Kinder", "Klang & Ton"]
    with pytest.raises(feeds.Moved) as moved:
        feeds.document("topic/musik", "rss")
    assert str(moved.value.to) == "topic/klang-ton"
    body = feeds.document("topic/klang-ton", "rss").body.decode()
    assert "Klang &amp; Ton" in body
    assert "Musik" not in body


def test_only_the_spelling_changes(cafe: UUID) -> None:
    post = factories.post(cafe, factories.event(topics=["musik"]))
    before = {form: feeds.document("all", form).body for form in feeds.FORMATS}
    assert topic_acts.rename("musik", "MUSIK") == "musik"
    assert said(post) == [("musik", "MUSIK")]
    for form, body in before.items():
        assert b"MUSIK" not in body
        assert b"MUSIK" in feeds.document("all", form).body, form


def test_what_is_merged_is_one_for_posts_readers_and_what_comes_later(cafe: UUID) -> None:
    old = factories.post(cafe, factories.event(topics=["Weine", "Wein"], source_ref="1"))
    factories.post(cafe, factories.event(topics=["Wein"]))
    fan_out()
    reader("nur-alt@example.org", "weine")
    reader("nur-neu@example.org", "wein")
    reader("beide@example.org", "wein", "weine")
    reader("anderes@example.org", "kinder")
    before = told()
    topic_acts.merge("weine", "wein")
    fan_out()
    assert told() == before, "what is out already is sent to nobody once more"
    assert said(old) == [("wein", "Wein")]
    assert chosen_by("beide@example.org") == ("wein",)
    later = posts.create(cafe, factories.event(topics=["Weine"]))
    assert [str(one) for one in later.content.topics] == ["wein"]
    with db.reading() as session:
        assert session.scalars(select(PostTopic.topic).where(PostTopic.post_id == later.id)).all() == ["wein"]
    fan_out()
    assert told() == ["beide@example.org", "nur-alt@example.org", "nur-neu@example.org"]
    assert rows()["wein"] == ("Wein", 3, 3)
    assert "weine" not in rows()


def test_handing_in_the_same_post_under_the_old_name_changes_nothing(cafe: UUID) -> None:
    draft = factories.event(topics=["Weine"], source_ref="1")
    posts.submit(cafe, draft)
    factories.post(cafe, factories.event(topics=["Wein"]))
    topic_acts.merge("weine", "wein")
    assert posts.submit(cafe, draft).what == "unchanged"


def test_an_interest_never_becomes_one_in_everything(cafe: UUID) -> None:
    factories.post(cafe, factories.event(topics=["A1", "B1"]))
    reader("anna@example.org", "a1")
    topic_acts.merge("a1", "b1")
    topic_acts.rename("b1", "Anders")
    assert chosen_by("anna@example.org") == ("anders",)
    topic_acts.rename("anders", "A1")
    assert chosen_by("anna@example.org") == ("a1",)
    assert set(rows()) == {"a1"}


def test_it_is_taken_apart_again(cafe: UUID) -> None:
    old = factories.post(cafe, factories.event(topics=["Weine"]))
    factories.post(cafe, factories.event(topics=["Wein"]))
    reader("anna@example.org", "weine")
    topic_acts.merge("weine", "wein")
    meanwhile = factories.post(cafe, factories.event(topics=["Weine"]))
    topic_acts.split("weine")
    assert said(old) == [("weine", "Weine")]
    assert said(meanwhile) == [("wein", "Wein")]
    assert chosen_by("anna@example.org") == ("weine",)
    assert feeds.document("topic/weine", "rss").body.count(b"<item>") == 1
    with pytest.raises(NotFound):
        topic_acts.split("weine")


def test_whatever_was_filed_there_goes_along(cafe: UUID) -> None:
    post = factories.post(cafe, factories.event(topics=["Eins"]))
    for name in ("Zwei", "Drei"):
        factories.post(cafe, factories.event(topics=[name]))
    topic_acts.merge("eins", "zwei")
    topic_acts.merge("zwei", "drei")
    assert said(post) == [("drei", "Drei")]
    assert topic_acts.listed()[0].also == ("eins", "zwei")
    for old in ("eins", "zwei"):
        with pytest.raises(feeds.Moved):
            feeds.document(f"kind/event/topic/{old}", "atom")


def test_what_it_comes_to_is_counted_before(cafe: UUID) -> None:
    for name in ("Weine", "Wein", "Wein"):
        factories.post(cafe, factories.event(topics=[name]))
    reader("a@example.org", "weine")
    reader("b@example.org", "weine", cadence="daily 07:00")
    reader("c@example.org", "wein", cadence="weekly thu 07:00")
    reader("d@example.org", "wein", "weine")
    reader("e@example.org")
    with db.transaction() as session:
        wanted = Interest.model_validate({"topics": ["weine"]})
        factories.destination(session, "webhook", settings={"url": "http://127.0.0.1:9/h"}, interest=wanted)
    found = topic_acts.weigh("weine", "wein")
    assert found.chosen == Chosen(
        only_first=2, only_second=1, both=1, first_at_once=1, second_at_once=0, outlets=1
    )
    assert (found.first.posts, found.second.posts, found.first_month, found.second_month) == (1, 2, 1, 2)


def test_names_that_cannot_be_are_refused(cafe: UUID) -> None:
    factories.post(cafe, factories.event(topics=["Wein", "Bier"]))
    for bad in ("", "!!", "x" * 61):
        with pytest.raises(Invalid):
            topic_acts.rename("wein", bad)
    with pytest.raises(Conflict, match="Bier already"):
        topic_acts.rename("wein", "BIER")
    with pytest.raises(NotFound):
        topic_acts.rename("saft", "Saft")
    with pytest.raises(NotFound):
        topic_acts.merge("wein", "saft")
    with pytest.raises(Invalid):
        topic_acts.merge("wein", "wein")
    assert audit_log.lines(LogFilter(what="topic.renamed")) == []


def test_before_its_commit_nothing_has_changed_and_after_it_everything(cafe: UUID) -> None:
    """There is one commit: whoever dies before it has done nothing."""
    factories.post(cafe, factories.event(topics=["Weine"]))
    factories.post(cafe, factories.event(topics=["Wein"]))
    feeds.document("topic/weine", "rss")

    def state() -> Any:
        with db.reading() as session:
            documents = session.scalar(select(func.count()).select_from(FeedDocument))
        return rows(), documents, len(audit_log.lines(LogFilter()))

    before = state()

    class DiedError(Exception):
        pass

    def die() -> None:
        with db.transaction():
            topic_acts.merge("weine", "wein")
            raise DiedError

    with pytest.raises(DiedError):
        die()
    assert state() == before
    topic_acts.merge("weine", "wein")
    assert set(rows()) == {"wein"}
    line = audit_log.lines(LogFilter(what="topic.merged"))[0]
    assert (line.about_name, line.details) == ("Weine", {"to": "Wein", "posts": 1, "readers": 0})


@pytest.mark.parametrize("moment", ["_to_outlets", "_to_people"])
@pytest.mark.parametrize("act", ["topic", "part of town"])
def test_whoever_is_told_while_a_name_changes_is_not_missed(
    cafe: UUID, monkeypatch: pytest.MonkeyPatch, moment: str, act: str
) -> None:
    merchants.update(cafe, merchants.Amendment(district="Mitte"))
    factories.post(cafe, factories.event(topics=["Wein"]))
    fan_out()
    wanted = Interest.model_validate({"topics": ["musik"]} if act == "topic" else {"districts": ["Mitte"]})
    with db.transaction() as session:
        factories.reader(session, "anna@example.org", cadence="instantly", interest=wanted)
        factories.destination(session, "webhook", interest=wanted)
    posts.create(cafe, factories.event(topics=["Musik"]))
    goes_on = getattr(fanout, moment)

    def renamed(*given: Any) -> Any:
        """The post was read, and whoever wants it not yet."""
        monkeypatch.undo()
        topic_acts.merge("musik", "wein") if act == "topic" else district_acts.rename("Mitte", "Innenstadt")
        return goes_on(*given)

    monkeypatch.setattr(fanout, moment, renamed)
    fan_out()
    assert told() == ["anna@example.org"]
    assert [one.channel for one in deliveries() if one.reader_id is None] == ["webhook"]
