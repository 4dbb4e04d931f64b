"""A merchant is suspended with a reason, perhaps until a day: what waits stays back, what stands stays or goes, all are told."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from syndication import clock
from syndication.accounts import admissions, people, suspensions
from syndication.accounts.suspensions import Suspension
from syndication.errors import Forbidden, Invalid
from syndication.infra import db
from syndication.insight import audit_log
from syndication.insight.audit_log import LogFilter
from syndication.models import Merchant
from syndication.publishing import merchants, posts
from tests import factories
from tests.accounts.test_applications import letters

pytestmark = pytest.mark.usefixtures("database", "settings")


@pytest.fixture
def cafe() -> UUID:
    with db.transaction() as session:
        found = factories.merchant(session, "cafe", name="Café Rosengarten").id
    people.join("rosa@cafe.example", "cafe", "owner", name="Rosa Rosen")
    return found


def soon(**span: float) -> str:
    return (clock.now() + timedelta(**span)).isoformat()


def furnished(cafe: UUID) -> None:
    """One post that stands, one that is over, one for in an hour, one for in three days."""
    posts.create(cafe, factories.event("Steht"))
    posts.create(cafe, factories.event("Vorbei", days=0.01))
    posts.create(cafe, factories.event("Gleich", publish_at=soon(hours=1)))
    posts.create(cafe, factories.event("Später", publish_at=soon(days=3)))


def states(cafe: UUID) -> dict[str, str]:
    return {one.content.title: one.state for one in posts.listed(merchant_id=cafe)}


def test_what_it_means_is_counted_before_and_is_what_happens(cafe: UUID) -> None:
    furnished(cafe)
    clock.travel(timedelta(hours=12))
    found = suspensions.consequences(cafe)
    assert (found.standing, found.ahead, found.due, found.missed) == (1, 1, 1, 0)
    suspensions.suspend(cafe, Suspension(because="Werbung für Tabak."))
    assert merchants.read(cafe).suspended_because == "Werbung für Tabak."
    posts.publish_due()
    assert states(cafe)["Gleich"] == "scheduled"
    with pytest.raises(Forbidden):
        posts.create(cafe, factories.event())
    clock.travel(timedelta(days=4))
    found = suspensions.consequences(cafe)
    assert (found.ahead, found.due, found.missed) == (0, 0, 2)
    admissions.admit(cafe, "Otto")
    posts.publish_due()
    assert states(cafe)["Gleich"] == states(cafe)["Später"] == "scheduled"
    assert all(one.missed_at for one in posts.listed(merchant_id=cafe, state="scheduled"))


def test_owners_are_told_why_until_when_and_what_becomes_of_their_posts(cafe: UUID) -> None:
    furnished(cafe)
    until = clock.now() + timedelta(days=2)
    suspensions.suspend(cafe, Suspension(because="Werbung für Tabak.", until=until))
    (told,) = letters("suspended")
    assert (told["to"], told["because"], told["scheduled"]) == (
        "rosa@cafe.example",
        "Werbung für Tabak.",
        "2",
    )
    assert told["until"] == until.isoformat()
    admissions.admit(cafe, "Otto")
    (told,) = letters("admitted_again")
    assert (told["scheduled"], told["missed"]) == ("2", "")
    assert merchants.read(cafe).suspended_because == ""
    admissions.admit(cafe, "Otto")
    assert len(letters("admitted_again")) == 1, "who was admitted all along hears nothing"


def test_what_stands_is_taken_back_where_that_is_wanted(cafe: UUID) -> None:
    furnished(cafe)
    for number in range(45):
        posts.create(cafe, factories.event(f"Abend {number}"))
    clock.travel(timedelta(hours=12))
    suspensions.suspend(cafe, Suspension(because="Werbung.", withdraw=True))
    found = states(cafe)
    assert sum(one == "withdrawn" for one in found.values()) == 46
    assert (found["Vorbei"], found["Gleich"], found["Später"]) == ("published", "scheduled", "scheduled")
    gone = next(one for one in posts.listed(merchant_id=cafe, state="withdrawn"))
    assert (gone.withdrawn_reason, gone.withdrawn_statement) == ("other", "Werbung.")


def test_a_process_that_dies_while_it_takes_back_leaves_nothing_standing(
    cafe: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(45):
        posts.create(cafe, factories.event(f"Abend {number}"))
    monkeypatch.setattr(suspensions, "take_back", lambda _: 0)
    suspensions.suspend(cafe, Suspension(withdraw=True))
    assert set(states(cafe).values()) == {"published"}
    monkeypatch.undo()
    suspensions._some(cafe)
    suspensions.sweep()
    assert set(states(cafe).values()) == {"withdrawn"}
    with db.reading() as session:
        assert session.scalar(select(Merchant.taking_back)) is False


def test_whoever_is_admitted_meanwhile_loses_nothing_more(
    cafe: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    posts.create(cafe, factories.event())
    monkeypatch.setattr(suspensions, "take_back", lambda _: 0)
    suspensions.suspend(cafe, Suspension(withdraw=True))
    monkeypatch.undo()
    admissions.admit(cafe, "Otto")
    suspensions.sweep()
    assert set(states(cafe).values()) == {"published"}


def test_a_suspension_ends_by_itself_once_and_is_written_down(cafe: UUID) -> None:
    suspensions.suspend(cafe, Suspension(because="Ruhe.", until=clock.now() + timedelta(days=2)))
    clock.travel(timedelta(days=1, hours=23))
    suspensions.sweep()
    assert merchants.read(cafe).state == "suspended"
    clock.travel(timedelta(hours=2))
    suspensions.sweep()
    suspensions.sweep()
    assert merchants.read(cafe).state == "admitted"
    assert len(letters("admitted_again")) == 1
    lines = [(one.what, one.way) for one in audit_log.lines(LogFilter(what="merchant.admitted"))]
    assert lines == [("merchant.admitted", "service")]


def test_an_end_in_the_past_or_beyond_all_days_is_refused(cafe: UUID) -> None:
    for until in (clock.now() - timedelta(minutes=1), datetime.max.replace(tzinfo=UTC)):
        with pytest.raises(Invalid, match="ahead"):
            suspensions.suspend(cafe, Suspension(until=until))
    assert merchants.read(cafe).state == "admitted"
    assert letters("suspended") == []
