"""What came of a merchant's posts: people they were sent to as news, each once, and what networks count together."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, update

from syndication import clock, config
from syndication.audience import editions
from syndication.channels.contract import Echo
from syndication.content.post import Draft
from syndication.delivery import drain
from syndication.infra import db
from syndication.insight import results
from syndication.models import KeptEcho, Post
from syndication.publishing import posts
from tests import factories
from tests.town import fan_out, later, publish


@pytest.fixture
def readers(city: config.Settings) -> None:
    with db.transaction() as session:
        for name in ("anna", "bert", "cora"):
            factories.reader(session, f"{name}@example.org")


def arrived() -> None:
    """All that is due is on its way to its readers."""
    fan_out()
    later(200)
    editions.sweep()
    drain.drain("mail")


def found(merchant_id: Any) -> list[results.Result]:
    now = clock.now()
    return results.of_posts(merchant_id, now - timedelta(days=1), now + timedelta(days=1))


@pytest.mark.usefixtures("readers")
def test_everybody_who_was_told_counts_once_whatever_came_after() -> None:
    one = publish()
    arrived()
    assert [row.people for row in found(one.merchant_id)] == [3]
    changed: Draft = factories.event(days=9)
    posts.revise(one.merchant_id, one.id, changed)
    arrived()
    later(900)
    drain.drain("mail")
    assert [row.people for row in found(one.merchant_id)] == [3]


@pytest.mark.enough("sqlite")  # sums of rows
def test_the_counts_of_networks_are_added_up_and_what_none_says_stays_unsaid(city: config.Settings) -> None:
    one = publish()
    with db.transaction() as session:
        outlets = [
            factories.destination(session, kind, settings={}).id
            for kind in ("mastodon", "bluesky", "telegram")
        ]
        said = zip(outlets, ((3, 1), (4, None), (None, None)), strict=True)
        rows: list[dict[str, Any]] = [
            {"post_id": one.id, "destination_id": outlet, "asked": 1, "likes": likes, "shares": shares,
             "at": None if likes is None else clock.now()}
            for outlet, (likes, shares) in said
        ]  # fmt: skip
        session.execute(insert(KeptEcho), rows)
    assert found(one.merchant_id)[0].echo == Echo(7, 1, None)
    assert results.echoes_of(one.id) == {outlets[0]: Echo(3, 1, None), outlets[1]: Echo(4, None, None)}


@pytest.mark.enough("sqlite")
def test_a_month_holds_its_own_posts_that_stand_the_newest_first(city: config.Settings) -> None:
    one = publish(title="Erster")
    second = posts.create(one.merchant_id, factories.event("Zweiter"))
    taken = posts.create(one.merchant_id, factories.event("Dritter"))
    posts.withdraw(one.merchant_id, taken.id)
    publish("museum")
    now = clock.now()
    with db.transaction() as session:
        session.execute(update(Post).where(Post.id == one.id).values(published_at=now - timedelta(hours=1)))
    assert [row.post_id for row in found(one.merchant_id)] == [second.id, one.id]
    assert results.of_posts(one.merchant_id, now - timedelta(days=40), now - timedelta(days=2)) == []
