"""A feed holds what is nearest to now, whatever was posted last, and its later pages hold all the rest."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from lxml import etree
from sqlalchemy import select

from syndication import clock, config
from syndication.audience import feeds
from syndication.channels.built_in.feed.documents import Format
from syndication.config import Settings
from syndication.errors import NotFound, Unavailable
from syndication.infra import db
from syndication.models import Post
from syndication.publishing import coming, posts
from tests import factories

SIZE = 5


@pytest.fixture
def cafe(database: str, settings: Settings) -> UUID:
    """A merchant in a city whose feeds have pages of five."""
    config.use(settings.model_copy(update={"feed_size": SIZE}))
    with db.transaction() as session:
        return factories.merchant(session, "cafe").id


def page(number: int = 1, scope: str = "all", form: Format = "json") -> bytes:
    """The first page as it is kept, or a later one."""
    return (feeds.document(scope, form) if number == 1 else feeds.later_page(scope, form, number)).body


def titles(number: int = 1, scope: str = "all") -> list[str]:
    return [entry["title"] for entry in json.loads(page(number, scope))["items"]]


def event(merchant_id: UUID, title: str, days: float, lasts: float = 0.1, **fields: Any) -> posts.PostRecord:
    """One that may have begun."""
    starts = clock.now() + timedelta(days=days)
    ends = (starts + timedelta(days=lasts)).isoformat()
    return posts.create(merchant_id, factories.event(title, days=days, ends_at=ends, **fields))


def test_after_an_import_the_next_weekend_stands_in_the_feed(cafe: UUID) -> None:
    for day in range(1, 60):
        event(cafe, f"in {day} Tagen", day)
    assert titles() == [f"in {day} Tagen" for day in range(1, SIZE + 1)]
    for form in ("rss", "atom"):
        body = page(form=form).decode()
        assert [f"in {day} Tagen" in body for day in range(1, 60)] == [day <= SIZE for day in range(1, 60)]


def test_what_runs_comes_by_its_end_and_a_series_by_its_next_date(cafe: UUID) -> None:
    event(cafe, "Messe", 40)
    event(cafe, "Ausstellung", -50, 80)
    event(cafe, "Letzte Tage", -50, 52)
    event(cafe, "Markt", -700, recurrence="FREQ=WEEKLY")
    event(cafe, "Konzert", 3)
    assert titles() == ["Markt", "Letzte Tage", "Konzert", "Ausstellung", "Messe"]


def test_new_offers_stand_among_the_next_events_and_old_ones_behind(cafe: UUID) -> None:
    posts.create(cafe, factories.offer("alt", days=90))
    clock.travel(timedelta(days=20))
    posts.create(cafe, factories.offer("neu", days=90))
    clock.travel(timedelta(days=1))
    for day in (2, 9, 30):
        event(cafe, f"in {day} Tagen", day)
    assert titles() == ["neu", "in 2 Tagen", "in 9 Tagen", "alt", "in 30 Tagen"]
    assert titles(scope="kind/offer") == ["neu", "alt"]


def test_the_pages_hold_everything_once(cafe: UUID) -> None:
    for day in range(1, 12):
        event(cafe, f"in {day} Tagen", day)
    for number in range(7):
        posts.create(cafe, factories.offer(f"Angebot {number}"))
    found, address, number = [], "", 0
    while number == 0 or address:
        number += 1
        document = json.loads(page(number))
        found += [entry["title"] for entry in document["items"]]
        assert document["feed_url"] == "http://localhost:8000/feeds/all.json"
        address = document.get("next_url", "")
        assert address in ("", f"http://localhost:8000/feeds/all.json?page={number + 1}")
    assert number == 4
    assert len(found) == len(set(found)) == 18
    for beyond in (5, 99):
        with pytest.raises(NotFound):
            page(beyond)


@pytest.mark.parametrize("form", ["rss", "atom"])
def test_rss_and_atom_lead_to_the_next_page(form: Format, cafe: UUID) -> None:
    for day in range(1, 2 * SIZE + 1):
        event(cafe, f"in {day} Tagen", day)
    links = []
    for number in (1, 2):
        document = etree.fromstring(page(number, form=form))
        found = document.iter("{http://www.w3.org/2005/Atom}link")
        links.append(
            {
                one.get("rel"): one.get("href")
                for one in found
                if one.getparent().tag != "{http://www.w3.org/2005/Atom}entry"
            }
        )
    first, second = links
    base = f"http://localhost:8000/feeds/all.{form}"
    assert (first["self"], first["next"]) == (base, f"{base}?page=2")
    assert second["self"] == f"{base}?page=2"
    assert "next" not in second


def test_a_calendar_has_no_pages_and_an_unknown_scope_has_none(cafe: UUID) -> None:
    event(cafe, "Konzert", 3)
    for scope, form, number in (
        ("all", "ics", 2),
        ("topic/tanz", "json", 2),
        ("all", "json", 1),
        ("all", "json", 2),
    ):
        with pytest.raises(NotFound):
            feeds.later_page(scope, form, number)  # type: ignore[arg-type]  # from a table


def test_who_asks_while_too_many_do_is_asked_to_come_back(
    cafe: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "_PATIENCE", 0.01)
    for day in range(1, 9):
        event(cafe, f"in {day} Tagen", day)
    with feeds._one_at_a_time, pytest.raises(Unavailable, match="Please try again in a moment"):
        page(2)
    assert titles(2) == ["in 6 Tagen", "in 7 Tagen", "in 8 Tagen"]


def test_a_correction_moves_a_post_and_shows_on_whatever_page(cafe: UUID) -> None:
    made = {day: event(cafe, f"in {day} Tagen", day) for day in range(1, 9)}
    assert titles(2) == ["in 6 Tagen", "in 7 Tagen", "in 8 Tagen"]
    before = feeds.later_page("all", "json", 2)
    assert feeds.later_page("all", "json", 2, known=before) is before
    posts.revise(cafe, made[8].id, factories.event("doch schon morgen", days=0.5))
    posts.revise(cafe, made[7].id, factories.event("in 7 Tagen", days=7, status="cancelled"))
    posts.withdraw(cafe, made[2].id)
    assert titles(2) == ["in 6 Tagen", "Abgesagt: in 7 Tagen"]
    assert feeds.later_page("all", "json", 2, known=before) is not before
    with db.reading() as session:
        coming_next = select(Post.id).where(Post.state == "published").order_by(Post.comes_at)
        assert session.scalars(coming_next.limit(1)).one() == made[8].id


def test_what_has_passed_is_worked_out_again_before_a_feed_is_built(cafe: UUID) -> None:
    event(cafe, "Markt", 1, recurrence="FREQ=WEEKLY")
    event(cafe, "Ausstellung", 2, 30)
    event(cafe, "Konzert", 3)
    event(cafe, "Messe", 12)
    assert titles() == ["Markt", "Ausstellung", "Konzert", "Messe"]
    clock.travel(timedelta(days=4))
    assert titles() == ["Markt", "Messe", "Ausstellung"]
    with db.reading() as session:
        passed = select(Post.id).where(Post.comes_at <= clock.now())
        assert session.scalars(passed).all() == []
    assert coming.refresh() == 0


def test_what_a_migration_left_to_be_worked_out_is(cafe: UUID) -> None:
    event(cafe, "Konzert", 3)
    posts.create(cafe, factories.offer("Angebot"))
    with db.transaction() as session:
        known = {post.id: post.comes_at for post in session.scalars(select(Post))}
        for post in session.scalars(select(Post)):
            post.comes_at = post.created_at
    assert coming.refresh() == 2
    with db.reading() as session:
        assert {post.id: post.comes_at for post in session.scalars(select(Post))} == known
