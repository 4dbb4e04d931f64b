"""What a merchant said before is offered to whoever writes the next post."""

from typing import Any
from uuid import UUID

import pytest

from syndication.infra import db
from syndication.publishing import habits, posts
from tests import factories

pytestmark = pytest.mark.usefixtures("database", "settings")
HALL = {"name": "Stadthalle", "address": "Schlossplatz 1"}


@pytest.fixture
def cafe(database: str) -> UUID:
    with db.transaction() as session:
        return factories.merchant(session, "cafe").id


def said(merchant_id: UUID, kind: str = "event", **fields: Any) -> posts.PostRecord:
    return posts.create(
        merchant_id, factories.event(**fields) if kind == "event" else factories.offer(**fields)
    )


def test_topics_used_last_come_first_as_they_are_spelled(cafe: UUID) -> None:
    said(cafe, topics=["Musik", "Kunst & Kultur"])
    said(cafe, topics=["Advent", "Musik"])
    assert habits.of(cafe, "event").topics == ("Advent", "Musik", "Kunst & Kultur")


def test_what_is_usual_for_the_kind_stands_before_the_rest(cafe: UUID) -> None:
    said(cafe, topics=["Musik"], place=HALL)
    said(cafe, "offer", topics=["Kuchen"], place={"name": "Marktstand"})
    event, offer = habits.of(cafe, "event"), habits.of(cafe, "offer")
    assert (event.topics, offer.topics) == (("Musik", "Kuchen"), ("Kuchen", "Musik"))
    assert [one.name for one in event.places] == ["Stadthalle", "Marktstand"]
    assert [one.name for one in offer.places] == ["Marktstand", "Stadthalle"]


def test_places_are_told_apart_by_name_and_address(cafe: UUID) -> None:
    for place in (HALL, HALL, {**HALL, "address": "Ersatzweg 2"}, {"name": "Garten"}):
        said(cafe, place=place)
    assert [(one.name, one.address) for one in habits.of(cafe, "event").places] == [
        ("Garten", None),
        ("Stadthalle", "Ersatzweg 2"),
        ("Stadthalle", "Schlossplatz 1"),
    ]


def test_few_are_offered_and_the_citys_common_topics_fill_up(cafe: UUID) -> None:
    with db.transaction() as session:
        museum = factories.merchant(session, "museum").id
    said(museum, topics=["Ausstellung"], place={"name": "Museum"})
    assert habits.of(cafe, "event") == habits.Habit(("Ausstellung",), ())
    for number in range(15):
        said(cafe, topics=[f"Thema {number:02}"], place={"name": f"Ort {number:02}"})
    habit = habits.of(cafe, "event")
    assert (habit.topics[0], len(habit.topics)) == ("Thema 14", 12)
    assert [one.name for one in habit.places] == ["Ort 14", "Ort 13", "Ort 12", "Ort 11"]


def test_what_was_taken_back_is_no_habit_and_what_is_over_still_is(cafe: UUID) -> None:
    posts.withdraw(cafe, said(cafe, topics=["Irrtum"], place=HALL).id)
    said(cafe, topics=["Lesung"], days=0.00001)
    habit = habits.of(cafe, "event")
    assert habit.topics[:1] == ("Lesung",)
    assert habit.places == ()
