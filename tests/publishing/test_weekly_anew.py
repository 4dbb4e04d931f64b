"""What comes every week goes on from a day on with another weekday, rhythm or hour: what is out stays, what waits moves along."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from syndication.config import Settings
from syndication.content.base import new_id
from syndication.errors import Conflict, Forbidden, Invalid, NotFound
from syndication.infra import db
from syndication.kinds.reading import draft
from syndication.models import Merchant, Post
from syndication.publishing import posts, weekly, weekly_anew, weekly_making
from syndication.publishing.weekly import Plan
from syndication.publishing.weekly_anew import Turn
from tests import factories
from tests.publishing.test_weekly import begun, day, go_to, menu, moment, post_on, revised, stands, told


@pytest.fixture
def cafe(database: str, settings: Settings) -> UUID:
    """On Friday, 27 November 2026, at noon."""
    go_to("2026-11-27T12:00")
    with db.transaction() as session:
        return factories.merchant(session).id


def turned(cafe: UUID, weekly_id: UUID, first: str, **wanted: Any) -> UUID:
    successor = new_id()
    weekly_anew.turn(cafe, weekly_id, successor, Turn(day(first), **wanted))
    return successor


def out(cafe: UUID) -> UUID:
    """A quiz on Thursdays whose first date, 3 December, is out."""
    weekly_id = begun(cafe)
    go_to("2026-12-02T18:00")
    posts.publish_due()
    return weekly_id


def test_on_another_weekday_it_goes_on_from_a_day_and_stays_as_it_was_until_then(cafe: UUID) -> None:
    weekly_id = out(cafe)
    third = post_on(cafe, weekly_id, "2026-12-17")
    successor = turned(cafe, weekly_id, "2026-12-16")
    assert stands(cafe, weekly_id) == {"12-03": "out", "12-10": "waits"}
    assert stands(cafe, successor) == {"12-16": "waits", "12-23": "waits", "12-30": "waits"}
    moved = post_on(cafe, successor, "2026-12-16")
    assert (moved.id, moved.publish_at) == (third.id, moment("2026-12-15T17:00"))
    assert moved.content.begins == moment("2026-12-16T20:00")
    assert told() == [("12-03", "published")]
    found = weekly.read(cafe, weekly_id)
    assert (found.followed_by, found.days.last, found.ended_at) == (successor, day("2026-12-10"), None)
    go_to("2026-12-10T23:00")
    weekly_making.sweep()
    assert weekly.read(cafe, weekly_id).ended_at is not None
    assert [one.id for one in weekly.listed(cafe)] == [successor]


def test_from_the_next_date_on_the_one_before_has_ended_at_once(cafe: UUID) -> None:
    weekly_id = begun(cafe)
    successor = turned(cafe, weekly_id, "2026-12-02")
    assert weekly.read(cafe, weekly_id).ended_at is not None
    assert stands(cafe, weekly_id) == {}
    assert list(stands(cafe, successor)) == ["12-02", "12-09", "12-16"]
    with db.reading() as session:
        assert len(session.scalars(select(Post.id)).all()) == 3


def test_every_second_week_the_dates_between_are_put_away(cafe: UUID) -> None:
    weekly_id = begun(cafe)
    successor = turned(cafe, weekly_id, "2026-12-03", interval=2)
    assert stands(cafe, successor) == {"12-03": "waits", "12-17": "waits", "12-31": "waits"}
    assert stands(cafe, weekly_id) == {"12-10": "withdrawn"}
    assert told() == []


def test_from_every_second_week_to_every_week_the_missing_ones_are_made(cafe: UUID) -> None:
    successor = turned(cafe, begun(cafe, interval=2), "2026-12-03", interval=1)
    assert list(stands(cafe, successor)) == ["12-03", "12-10", "12-17", "12-31"]


def test_another_hour_holds_from_a_day_on(cafe: UUID) -> None:
    weekly_id = begun(cafe)
    said = weekly.read(cafe, weekly_id).content.model_dump(mode="json")
    later = draft(said | {"starts_at": "2026-12-10T19:00:00+01:00", "ends_at": "2026-12-10T22:00:00+01:00"})
    successor = turned(cafe, weekly_id, "2026-12-17", said=later)
    assert post_on(cafe, weekly_id, "2026-12-10").content.begins == moment("2026-12-10T20:00")
    assert post_on(cafe, successor, "2026-12-17").content.begins == moment("2026-12-17T19:00")
    assert post_on(cafe, successor, "2026-12-24").content.begins == moment("2026-12-24T19:00")


def test_words_of_their_own_skipped_dates_and_holidays_move_along(cafe: UUID) -> None:
    weekly_id = begun(cafe)
    revised(cafe, post_on(cafe, weekly_id, "2026-12-10"), title="Nikolausquiz", price="5.00")
    weekly.skip(cafe, weekly_id, day("2026-12-17"))
    weekly.close(cafe, weekly_id, day("2026-12-24"), day("2027-01-07"))
    posts.withdraw(cafe, post_on(cafe, weekly_id, "2026-12-03").id)
    said = draft(weekly.read(cafe, weekly_id).content.model_dump(mode="json") | {"price": "3.00"})
    successor = turned(cafe, weekly_id, "2026-12-01", said=said)
    assert stands(cafe, successor) == {
        "12-08": "waits", "12-15": "skipped", "12-22": "waits", "01-12": "waits",
    }  # fmt: skip
    own = post_on(cafe, successor, "2026-12-08").content
    assert (own.title, str(own.model_dump()["price"])) == ("Nikolausquiz", "3.00")
    assert own.begins == moment("2026-12-08T20:00")
    assert [one.own for one in weekly.read(cafe, successor).dates] == [True, False, False, False]
    assert [one.first for one in weekly.read(cafe, successor).closures] == [day("2026-12-24")]


def test_an_hour_of_its_own_stays_where_only_the_day_changes(cafe: UUID) -> None:
    weekly_id = begun(cafe)
    revised(cafe, post_on(cafe, weekly_id, "2026-12-10"),
            starts_at="2026-12-10T18:00:00+01:00", ends_at="2026-12-10T19:00:00+01:00")  # fmt: skip
    successor = turned(cafe, weekly_id, "2026-12-01")
    own = post_on(cafe, successor, "2026-12-08").content
    assert (own.begins, own.over_at(None)) == (moment("2026-12-08T18:00"), moment("2026-12-08T19:00"))  # type: ignore[arg-type]


def test_a_menu_keeps_the_dishes_of_each_date(cafe: UUID) -> None:
    weekly_id = begun(cafe, menu())
    dishes = [{"name": "Gans", "prices": [{"price": "18.00"}]}]
    revised(cafe, post_on(cafe, weekly_id, "2026-12-10"), dishes=dishes)
    successor = turned(cafe, weekly_id, "2026-12-04")
    names = [one.post.content.model_dump()["dishes"][0]["name"] for one in weekly.read(cafe, successor).dates]
    assert names == ["Linsensuppe", "Gans", "Linsensuppe"]


def test_two_taps_are_one_act_and_it_happens_no_second_time(cafe: UUID) -> None:
    weekly_id, successor = begun(cafe), new_id()
    for _ in range(2):
        weekly_anew.turn(cafe, weekly_id, successor, Turn(day("2026-12-09")))
    with pytest.raises(Conflict):
        turned(cafe, weekly_id, "2026-12-16")
    assert stands(cafe, weekly_id) == {"12-03": "waits"}
    with pytest.raises(Conflict):
        weekly.plan(cafe, weekly_id, Plan())
    weekly.plan(cafe, weekly_id, Plan(last=day("2026-12-03"), hour="12:00"))
    assert len(weekly.listed(cafe)) == 2


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        (Turn(day("2026-12-02")), "first_on"),  # 3 December is out
        (Turn(day("2026-11-25")), "first_on"),
        (Turn(day("2029-11-25")), "first_on"),
        (Turn(day("2026-12-10"), days_before=0, hour="23:00"), "hour"),
        (Turn(day("2026-12-10"), draft({"kind": "offer", "title": "Bier"})), "kind"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_changes(cafe: UUID, wanted: Turn, field: str) -> None:
    weekly_id = out(cafe)
    before = weekly.read(cafe, weekly_id)
    with pytest.raises(Invalid) as refused:
        weekly_anew.turn(cafe, weekly_id, new_id(), wanted)
    assert refused.value.faults[0].field == field
    assert weekly.read(cafe, weekly_id) == before


def test_a_last_date_holds_for_what_goes_on_and_lies_behind_the_day(cafe: UUID) -> None:
    weekly_id = begun(cafe, last=day("2026-12-17"))
    with pytest.raises(Invalid) as refused:
        turned(cafe, weekly_id, "2026-12-18")
    assert refused.value.faults[0].field == "last_on"
    assert stands(cafe, turned(cafe, weekly_id, "2026-12-09")) == {"12-09": "waits", "12-16": "waits"}


def test_nobody_turns_another_s_nor_while_suspended_nor_what_has_ended(cafe: UUID) -> None:
    weekly_id = begun(cafe)
    with db.transaction() as session:
        other = factories.merchant(session, "wein").id
    with pytest.raises(NotFound):
        turned(other, weekly_id, "2026-12-09")
    with pytest.raises(NotFound):
        weekly_anew.turn(cafe, weekly_id, begun(other), Turn(day("2026-12-09")))
    with db.transaction() as session:
        session.execute(update(Merchant).values(state="suspended"))
    with pytest.raises(Forbidden):
        turned(cafe, weekly_id, "2026-12-09")
    weekly.end(cafe, weekly_id)
    with db.transaction() as session:
        session.execute(update(Merchant).values(state="admitted"))
    with pytest.raises(Conflict):
        turned(cafe, weekly_id, "2026-12-09")
