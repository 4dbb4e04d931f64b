"""What keeps from going on what comes every week: a suspension, a quota, words that must not be repeated; and what is refused."""

from uuid import UUID

import pytest
from sqlalchemy import select, update

from syndication.config import Settings
from syndication.content.base import new_id
from syndication.errors import Forbidden, Invalid, NotFound
from syndication.infra import db
from syndication.kinds.reading import draft
from syndication.models import Merchant, Post, Revision, Weekly
from syndication.publishing import posts, unlawful, weekly, weekly_making
from syndication.publishing.weekly import Plan
from tests import factories
from tests.publishing.test_weekly import begun, day, go_to, post_on, quiz, stands, told


@pytest.fixture
def cafe(database: str, settings: Settings) -> UUID:
    """On Friday, 27 November 2026, at noon."""
    go_to("2026-11-27T12:00")
    with db.transaction() as session:
        return factories.merchant(session).id


def test_while_a_merchant_is_suspended_it_stands_still_and_goes_on_afterwards(cafe: UUID) -> None:
    weekly_id = begun(cafe)
    _state(cafe, "suspended")
    go_to("2026-12-04T12:00")
    weekly_making.sweep()
    found = weekly.read(cafe, weekly_id)
    assert "suspended" in str(found.reason)
    assert list(stands(cafe, weekly_id)) == ["12-10", "12-17"]
    weekly.skip(cafe, weekly_id, day("2026-12-10"))  # what is meant is kept
    _state(cafe, "admitted")
    go_to("2026-12-04T13:00")
    weekly_making.sweep()
    assert stands(cafe, weekly_id) == {
        "12-10": "skipped",
        "12-17": "waits",
        "12-24": "waits",
        "12-31": "waits",
    }
    assert weekly.read(cafe, weekly_id).reason is None
    _state(cafe, "suspended")
    with pytest.raises(Forbidden):
        begun(cafe)


def test_what_was_skipped_or_ended_while_suspended_does_not_go_out_afterwards(cafe: UUID) -> None:
    skipped, ended = begun(cafe), begun(cafe)
    _state(cafe, "suspended")
    weekly.skip(cafe, skipped, day("2026-12-03"))
    weekly.end(cafe, ended)
    go_to("2026-12-02T18:00")
    _state(cafe, "admitted")
    posts.publish_due()  # before any sweep comes by
    assert told() == []
    weekly_making.sweep()
    assert set(stands(cafe, ended).values()) == {"withdrawn"}


def test_what_must_not_be_repeated_is_said_on_no_later_date(cafe: UUID) -> None:
    weekly_id, other = begun(cafe, quiz(body="Verbotene Worte")), begun(cafe, quiz(title="Anderes"))
    go_to("2026-12-02T18:00")
    posts.publish_due()
    unlawful.withdraw(post_on(cafe, weekly_id, "2026-12-03").id)
    assert set(stands(cafe, weekly_id).values()) == {"withdrawn"}
    assert weekly.read(cafe, weekly_id).ended_at is not None
    with db.reading() as session:
        mine = select(Revision).join(Post, Post.id == Revision.post_id).where(Post.weekly_id == weekly_id)
        said = [str(one.content) for one in session.scalars(mine)]
        said.append(str(session.get_one(Weekly, weekly_id).content))
    assert len(said) == 4
    assert not any("Verbotene" in one or "Kneipenquiz" in one for one in said)
    assert weekly.read(cafe, other).ended_at is None


def _state(cafe: UUID, state: str) -> None:
    with db.transaction() as session:
        session.execute(update(Merchant).where(Merchant.id == cafe).values(state=state))


def test_where_the_quota_is_reached_the_rest_is_made_the_day_after(cafe: UUID) -> None:
    with db.transaction() as session:
        session.get_one(Merchant, cafe).posts_per_day = 2
    weekly_id = begun(cafe)
    assert list(stands(cafe, weekly_id)) == ["12-03", "12-10"]
    assert "2" in str(weekly.read(cafe, weekly_id).reason)
    go_to("2026-11-28T13:00")
    weekly_making.sweep()
    assert list(stands(cafe, weekly_id)) == ["12-03", "12-10", "12-17"]


def test_what_cannot_come_every_week_is_refused_in_words(cafe: UUID) -> None:
    early = quiz(starts_at="2026-11-26T05:00:00+01:00", ends_at="2026-11-26T07:00:00+01:00")
    cases = [
        (quiz(recurrence="FREQ=WEEKLY"), Plan(), "ends_at"),
        (draft({"kind": "offer", "title": "Immer"}).content(), Plan(), "valid_until"),
        (quiz(ends_at="2026-12-05T10:00:00+01:00"), Plan(), "interval"),
        (early, Plan(days_before=0, hour="08:00"), "hour"),
        (quiz(), Plan(last=day("2026-12-02")), "last_on"),
    ]  # fmt: skip
    for said, plan, field in cases:
        with pytest.raises(Invalid) as refused:
            weekly.begin(cafe, new_id(), said, plan)
        assert refused.value.faults[0].field == field
    with db.reading() as session:
        assert session.scalars(select(Weekly.id)).all() == []


def test_nobody_touches_another_s(cafe: UUID) -> None:
    weekly_id = begun(cafe)
    with db.transaction() as session:
        other = factories.merchant(session, "wein").id
    for act in (weekly.go_on, weekly.end, weekly.read):
        with pytest.raises(NotFound):
            act(other, weekly_id)
    with pytest.raises(NotFound):
        weekly.skip(cafe, weekly_id, day("2026-12-04"))
    with pytest.raises(NotFound):
        weekly.begin(other, weekly_id, quiz(), Plan())


def test_of_a_kind_that_was_taken_away_what_is_there_is_read_and_the_rest_is_said(cafe: UUID) -> None:
    weekly_id = begun(cafe)
    with db.transaction() as session:
        row = session.get_one(Weekly, weekly_id)
        row.content = row.content | {"kind": "vacancy"}
    posts.withdraw(cafe, post_on(cafe, weekly_id, "2026-12-03").id)
    weekly_making.settle(weekly_id)
    found = weekly.read(cafe, weekly_id)
    assert found.content.title == "Kneipenquiz"
    assert "kind" in str(found.reason) or "one of" in str(found.reason)
    assert list(stands(cafe, weekly_id)) == ["12-03", "12-10", "12-17"]
    assert [one.id for one in weekly.listed(cafe)] == [weekly_id]
    weekly.end(cafe, weekly_id)
