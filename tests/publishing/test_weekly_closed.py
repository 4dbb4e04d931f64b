"""What comes every week is closed for several times, or until its merchant says otherwise, and goes on behind each."""

from uuid import UUID

import pytest
from sqlalchemy import update

from syndication.config import Settings
from syndication.errors import Invalid
from syndication.infra import db
from syndication.models import Merchant, Weekly
from syndication.publishing import posts, weekly, weekly_making
from syndication.publishing.weekly import Amendment
from syndication.publishing.weekly_records import Closure
from syndication.publishing.weekly_rules import MOST_CLOSED, Span
from tests import factories
from tests.publishing.test_weekly import begun, day, go_to, moment, post_on, stands, told


@pytest.fixture
def cafe(database: str, settings: Settings) -> UUID:
    """On Friday, 27 November 2026, at noon."""
    go_to("2026-11-27T12:00")
    with db.transaction() as session:
        return factories.merchant(session).id


def closures(cafe: UUID, weekly_id: UUID) -> list[tuple[str, str]]:
    found = weekly.read(cafe, weekly_id).closures
    return [(f"{one.first:%m-%d}", f"{one.last:%m-%d}" if one.last else "") for one in found]


def test_several_times_stand_beside_each_other_and_each_is_taken_back_alone(cafe: UUID) -> None:
    weekly_id = begun(cafe)
    weekly.close(cafe, weekly_id, day("2026-12-24"), day("2027-01-07"))
    weekly.close(cafe, weekly_id, day("2026-12-10"), day("2026-12-10"))
    assert closures(cafe, weekly_id) == [("12-10", "12-10"), ("12-24", "01-07")]
    assert stands(cafe, weekly_id) == {
        "12-03": "waits", "12-10": "closed", "12-17": "waits", "01-14": "waits",
    }  # fmt: skip
    assert weekly.read(cafe, weekly_id).closures[1] == Closure(
        day("2026-12-24"), day("2027-01-07"), behind_on=day("2027-01-14")
    )
    weekly.close(cafe, weekly_id, day("2026-12-24"), day("2026-12-31"))  # on the same day: in its place
    assert closures(cafe, weekly_id) == [("12-10", "12-10"), ("12-24", "12-31")]
    weekly.go_on(cafe, weekly_id, day("2026-12-10"))
    weekly.go_on(cafe, weekly_id, day("2026-12-10"))  # a second tap
    assert closures(cafe, weekly_id) == [("12-24", "12-31")]
    assert stands(cafe, weekly_id)["12-10"] == "waits"


def test_a_pause_without_an_end_lasts_until_its_merchant_goes_on(cafe: UUID) -> None:
    weekly_id = begun(cafe)
    weekly.close(cafe, weekly_id, day("2026-12-24"), day("2027-01-07"))
    weekly.close(cafe, weekly_id, day("2026-12-05"), None)
    found = weekly.read(cafe, weekly_id)
    assert found.paused
    assert found.closures[0] == Closure(day("2026-12-05"), None, behind_on=None)
    assert set(stands(cafe, weekly_id).items()) >= {
        ("12-03", "waits"),
        ("12-10", "closed"),
        ("12-17", "closed"),
    }
    go_to("2027-02-19T12:00")
    weekly_making.sweep()
    posts.publish_due()
    assert "12-10" not in [on for on, _ in told()]
    assert weekly.read(cafe, weekly_id).next_on is None
    weekly.go_on(cafe, weekly_id, day("2026-12-05"))
    assert list(stands(cafe, weekly_id).items())[-3:] == [
        ("02-25", "waits"),
        ("03-04", "waits"),
        ("03-11", "waits"),
    ]
    assert not weekly.read(cafe, weekly_id).paused


def test_going_on_from_a_pause_leaves_the_holidays_closed(cafe: UUID) -> None:
    weekly_id = begun(cafe)
    weekly.close(cafe, weekly_id, day("2026-12-24"), day("2027-01-07"))
    weekly.close(cafe, weekly_id, day("2026-11-27"), None)
    weekly.go_on(cafe, weekly_id, day("2026-11-27"))
    assert closures(cafe, weekly_id) == [("12-24", "01-07")]
    assert post_on(cafe, weekly_id, "2026-12-10").publish_at == moment("2026-12-09T17:00")
    weekly.go_on(cafe, weekly_id)
    assert closures(cafe, weekly_id) == []


def test_a_suspended_merchant_closes_and_goes_on(cafe: UUID) -> None:
    weekly_id = begun(cafe)
    with db.transaction() as session:
        session.execute(update(Merchant).values(state="suspended"))
    weekly.close(cafe, weekly_id, day("2026-12-01"), None)
    assert set(stands(cafe, weekly_id).values()) == {"closed"}
    weekly.go_on(cafe, weekly_id, day("2026-12-01"))
    assert set(stands(cafe, weekly_id).values()) == {"waits"}


def test_all_times_to_come_are_set_at_once_and_what_is_over_is_forgotten(cafe: UUID) -> None:
    weekly_id = begun(cafe)
    weekly.close(cafe, weekly_id, day("2026-11-27"), day("2026-12-04"))
    go_to("2026-12-07T12:00")
    assert closures(cafe, weekly_id) == []
    spans = (Span(first_day=day("2026-12-24"), last_day=day("2026-12-31")), Span(first_day=day("2027-06-01")))
    weekly.amend(cafe, weekly_id, Amendment(closures=spans))
    assert closures(cafe, weekly_id) == [("12-24", "12-31"), ("06-01", "")]
    go_to("2027-03-01T12:00")
    weekly.amend(cafe, weekly_id, Amendment(closures=(Span(first_day=day("2027-06-01")),)))
    with db.reading() as session:
        assert [tuple(one) for one in session.get_one(Weekly, weekly_id).closed] == [("2027-06-01", None)]
    weekly.amend(cafe, weekly_id, Amendment(closed=None))
    assert closures(cafe, weekly_id) == []


def test_times_that_are_none_are_refused_and_nothing_of_them_is_kept(cafe: UUID) -> None:
    weekly_id = begun(cafe)
    good = Span(first_day=day("2026-12-24"), last_day=day("2026-12-31"))
    many = tuple(Span(first_day=day(f"2027-01-{number:02}"), last_day=None) for number in range(1, 22))
    for spans, closed, field in (
        ((good, Span(first_day=day("2026-11-01"), last_day=day("2026-11-26"))), None, "closures"),
        ((good, Span(first_day=day("2026-12-24"))), None, "closures"),
        ((Span(first_day=day("2029-12-24")),), None, "closures"),
        (many, None, "closures"),
        ((good,), good, "closed"),
    ):
        wanted = Amendment.model_construct(closures=spans) if len(spans) > MOST_CLOSED else None
        wanted = wanted or Amendment(closures=spans, **({"closed": closed} if closed else {}))
        with pytest.raises(Invalid) as refused:
            weekly.amend(cafe, weekly_id, wanted)
        assert refused.value.faults[0].field == field
    assert closures(cafe, weekly_id) == []
    for number in range(1, MOST_CLOSED + 1):
        weekly.close(cafe, weekly_id, day(f"2027-01-{number:02}"), day(f"2027-01-{number:02}"))
    with pytest.raises(Invalid):
        weekly.close(cafe, weekly_id, day("2027-02-01"), day("2027-02-01"))
