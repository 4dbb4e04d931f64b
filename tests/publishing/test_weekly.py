"""What comes every week: its next three dates are posts of their own, each made once, skipped, closed, changed, ended."""

import threading
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from syndication import clock
from syndication.config import Settings
from syndication.content.base import new_id
from syndication.errors import Conflict, Invalid
from syndication.infra import db
from syndication.kinds.reading import draft
from syndication.models import Change, Post, Weekly
from syndication.publishing import posts, weekly, weekly_making
from syndication.publishing.merge_patch import patched
from syndication.publishing.weekly import Plan
from tests import factories

BERLIN = ZoneInfo("Europe/Berlin")


def moment(text: str) -> datetime:
    """On the clock of the city, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


def go_to(text: str) -> None:
    clock.travel(moment(text) - clock.now())


@pytest.fixture
def cafe(database: str, settings: Settings) -> UUID:
    """On Friday, 27 November 2026, at noon."""
    go_to("2026-11-27T12:00")
    with db.transaction() as session:
        return factories.merchant(session).id


def quiz(**fields: Any) -> Any:
    """A quiz on Thursday evening, 26 November 2026, which is over."""
    said = {
        "kind": "event",
        "title": "Kneipenquiz",
        "starts_at": "2026-11-26T20:00:00+01:00",
        "ends_at": "2026-11-26T22:30:00+01:00",
        "price": "2.00",
        "topics": ["Kneipe & Quiz"],
    }
    return draft(said | fields).content()


def menu() -> Any:
    dishes = [{"name": "Linsensuppe", "prices": [{"price": "6.80"}]}]
    return draft({"kind": "menu", "title": "Mittagstisch", "from_date": "2026-11-26", "served_from": "11:30",
                  "served_until": "14:00", "dishes": dishes}).content()  # fmt: skip


def begun(cafe: UUID, said: Any = None, **plan: Any) -> UUID:
    weekly_id = new_id()
    weekly.begin(cafe, weekly_id, said or quiz(), Plan(**plan))
    return weekly_id


def day(text: str) -> date:
    return date.fromisoformat(text)


def stands(cafe: UUID, weekly_id: UUID) -> dict[str, str]:
    return {f"{one.on:%m-%d}": one.state for one in weekly.read(cafe, weekly_id).dates}


def post_on(cafe: UUID, weekly_id: UUID, on: str) -> posts.PostRecord:
    return next(one.post for one in weekly.read(cafe, weekly_id).dates if one.on == day(on))


def revised(cafe: UUID, post: posts.PostRecord, **fields: Any) -> None:
    posts.revise(cafe, post.id, lambda now: patched(now, fields))


def told() -> list[tuple[str, str]]:
    """Days and actions of all that anybody heard of."""
    with db.reading() as session:
        rows = session.execute(
            select(Post.weekly_on, Change.action).join(Change, Change.post_id == Post.id).order_by(Change.id)
        )
        return [(f"{on:%m-%d}", action) for on, action in rows]


def test_the_next_three_dates_are_posts_that_wait_for_their_hour(cafe: UUID) -> None:
    weekly_id = begun(cafe)
    found = weekly.read(cafe, weekly_id)
    assert [one.on for one in found.dates] == [day("2026-12-03"), day("2026-12-10"), day("2026-12-17")]
    assert [one.post.publish_at for one in found.dates] == [
        moment("2026-12-02T17:00"), moment("2026-12-09T17:00"), moment("2026-12-16T17:00"),
    ]  # fmt: skip
    assert [one.post.content.begins for one in found.dates] == [
        moment("2026-12-03T20:00"), moment("2026-12-10T20:00"), moment("2026-12-17T20:00"),
    ]  # fmt: skip
    assert [one.post.content.topics[0].spelling for one in found.dates] == ["Kneipe & Quiz"] * 3
    assert not any(one.own for one in found.dates)
    assert told() == []
    posts.publish_due()
    assert told() == []
    go_to("2026-12-02T17:01")
    posts.publish_due()
    assert told() == [("12-03", "published")]


def test_when_a_date_is_over_the_next_is_made(cafe: UUID) -> None:
    weekly_id = begun(cafe)
    go_to("2026-12-03T22:31")
    weekly_making.sweep()
    assert list(stands(cafe, weekly_id)) == ["12-10", "12-17", "12-24"]


def test_an_hour_that_has_passed_tells_the_first_date_at_once(cafe: UUID) -> None:
    weekly_id = begun(cafe, days_before=7, hour="09:00")
    assert list(stands(cafe, weekly_id).values()) == ["out", "waits", "waits"]
    assert told() == [("12-03", "published")]


@pytest.mark.parametrize(
    ("now", "first", "right"),
    [
        ("2026-10-20T12:00", "2026-10-18T20:00:00+02:00", ["10-25T20:00+01:00", "11-01T20:00+01:00"]),
        ("2027-03-22T12:00", "2027-03-21T20:00:00+01:00", ["03-28T20:00+02:00", "04-04T20:00+02:00"]),
    ],
)
def test_the_clock_on_the_wall_counts_when_clocks_change(
    cafe: UUID, now: str, first: str, right: list[str]
) -> None:
    go_to(now)
    weekly_id = begun(cafe, quiz(starts_at=first, ends_at=None))
    begins = [one.post.content.begins for one in weekly.read(cafe, weekly_id).dates]
    assert [at.astimezone(BERLIN).isoformat(timespec="minutes")[5:] for at in begins if at][:2] == right


def test_two_taps_and_two_sweeps_at_once_make_each_date_once(cafe: UUID) -> None:
    weekly_id, said = new_id(), quiz()
    go_to("2026-11-27T12:00")
    barrier = threading.Barrier(4)

    def tap() -> None:
        barrier.wait()
        weekly.begin(cafe, weekly_id, said, Plan())
        weekly_making.settle(weekly_id)

    taps = [threading.Thread(target=tap) for _ in range(4)]
    for one in taps:
        one.start()
    for one in taps:
        one.join()
    with db.reading() as session:
        days = session.scalars(select(Post.weekly_on).where(Post.weekly_id == weekly_id)).all()
    assert sorted(one for one in days if one) == [day("2026-12-03"), day("2026-12-10"), day("2026-12-17")]


def test_a_date_that_is_skipped_in_time_is_told_to_nobody_and_another_comes_behind(cafe: UUID) -> None:
    weekly_id = begun(cafe)
    weekly.skip(cafe, weekly_id, day("2026-12-10"))
    weekly.skip(cafe, weekly_id, day("2026-12-10"))  # a second tap
    assert stands(cafe, weekly_id) == {
        "12-03": "waits",
        "12-10": "skipped",
        "12-17": "waits",
        "12-24": "waits",
    }
    skipped = post_on(cafe, weekly_id, "2026-12-10")
    assert (skipped.state, skipped.publish_at, skipped.skipped) == ("scheduled", None, True)
    with pytest.raises(Invalid):
        revised(cafe, skipped, publish_at="2026-12-09T10:00:00Z")
    go_to("2026-12-09T18:00")
    weekly_making.sweep()
    posts.publish_due()
    assert ("12-10", "published") not in told()
    weekly.take_place(cafe, weekly_id, day("2026-12-10"))
    posts.publish_due()
    assert ("12-10", "published") in told()


def test_a_skipped_date_that_is_over_is_put_away(cafe: UUID) -> None:
    weekly_id = begun(cafe)
    weekly.skip(cafe, weekly_id, day("2026-12-03"))
    post = post_on(cafe, weekly_id, "2026-12-03")
    go_to("2026-12-03T23:00")
    weekly_making.sweep()
    assert posts.read(post.id).state == "withdrawn"
    assert told() == []


def test_a_date_that_is_out_is_called_off_and_takes_place_after_all(cafe: UUID) -> None:
    weekly_id = begun(cafe)
    go_to("2026-12-02T18:00")
    posts.publish_due()
    weekly.skip(cafe, weekly_id, day("2026-12-03"))
    assert post_on(cafe, weekly_id, "2026-12-03").content.standing == "cancelled"
    weekly.take_place(cafe, weekly_id, day("2026-12-03"))
    assert post_on(cafe, weekly_id, "2026-12-03").content.standing == "scheduled"
    assert told() == [("12-03", "published"), ("12-03", "revised"), ("12-03", "revised")]


def test_a_date_that_is_out_of_a_kind_without_a_word_for_it_is_taken_back(cafe: UUID) -> None:
    said = draft({"kind": "offer", "title": "Brot von gestern", "valid_until": "2026-11-28T18:00:00+01:00"})
    weekly_id = begun(cafe, said.content())
    go_to("2026-12-05T10:00")
    posts.publish_due()
    weekly.skip(cafe, weekly_id, day("2026-12-05"))
    assert stands(cafe, weekly_id)["12-05"] == "withdrawn"


def test_what_a_merchant_called_off_by_hand_stays_called_off(cafe: UUID) -> None:
    weekly_id = begun(cafe)
    revised(cafe, post_on(cafe, weekly_id, "2026-12-03"), status="cancelled")
    posts.withdraw(cafe, post_on(cafe, weekly_id, "2026-12-10").id)
    weekly_making.settle(weekly_id)
    assert post_on(cafe, weekly_id, "2026-12-03").content.standing == "cancelled"
    assert stands(cafe, weekly_id) == {
        "12-03": "waits",
        "12-10": "withdrawn",
        "12-17": "waits",
        "12-24": "waits",
    }


def test_closed_for_a_time_it_comes_back_by_itself(cafe: UUID) -> None:
    weekly_id = begun(cafe)
    weekly.skip(cafe, weekly_id, day("2026-12-17"))
    weekly.close(cafe, weekly_id, day("2026-12-05"), day("2027-01-07"))
    assert stands(cafe, weekly_id) == {
        "12-03": "waits", "12-10": "closed", "12-17": "skipped", "12-24": "closed", "01-14": "waits", "01-21": "waits",
    }  # fmt: skip
    assert weekly.read(cafe, weekly_id).next_on == day("2026-12-03")
    weekly.go_on(cafe, weekly_id)
    assert stands(cafe, weekly_id)["12-10"] == "waits"
    assert stands(cafe, weekly_id)["12-17"] == "skipped"
    assert post_on(cafe, weekly_id, "2026-12-10").publish_at == moment("2026-12-09T17:00")


def test_closed_over_all_dates_that_are_left_nothing_goes_out(cafe: UUID) -> None:
    weekly_id = begun(cafe, last=day("2026-12-20"))
    weekly.close(cafe, weekly_id, day("2026-11-27"), day("2027-01-07"))
    assert set(stands(cafe, weekly_id).values()) == {"closed"}
    assert weekly.read(cafe, weekly_id).next_on is None
    go_to("2026-12-21T12:00")
    weekly_making.sweep()
    posts.publish_due()
    assert told() == []
    with db.reading() as session:
        assert session.get_one(Weekly, weekly_id).due_at is None


@pytest.mark.parametrize(
    ("first", "last"),
    [("2026-11-01", "2026-11-26"), ("2026-12-20", "2026-12-19"), ("2026-12-01", "2029-12-01")],
)
def test_a_time_that_is_none_is_refused(cafe: UUID, first: str, last: str) -> None:
    weekly_id = begun(cafe)
    with pytest.raises(Invalid) as refused:
        weekly.close(cafe, weekly_id, day(first), day(last))
    assert refused.value.faults[0].field == "closed"


def test_changed_for_all_dates_with_words_of_their_own_keep_them(cafe: UUID) -> None:
    weekly_id = begun(cafe)
    go_to("2026-12-02T18:00")
    posts.publish_due()
    revised(cafe, post_on(cafe, weekly_id, "2026-12-10"), title="Weihnachtsquiz")
    weekly.skip(cafe, weekly_id, day("2026-12-17"))
    changed = draft(weekly.read(cafe, weekly_id).content.model_dump(mode="json") | {"price": "3.00"})
    weekly.correct(cafe, weekly_id, changed)
    found = weekly.read(cafe, weekly_id)
    said = {f"{one.on:%m-%d}": (one.post.content.title, _price(one.post.content)) for one in found.dates}
    assert said == {
        "12-03": ("Kneipenquiz", "3.00"),
        "12-10": ("Weihnachtsquiz", "2.00"),
        "12-17": ("Kneipenquiz", "3.00"),
        "12-24": ("Kneipenquiz", "3.00"),
    }
    assert [one.own for one in found.dates] == [False, True, False, False]
    assert told() == [("12-03", "published"), ("12-03", "revised")]


def _price(content: Any) -> str:
    return str(content.price)


def test_another_hour_for_all_is_taken_and_another_weekday_is_not(cafe: UUID) -> None:
    weekly_id = begun(cafe)
    said = weekly.read(cafe, weekly_id).content.model_dump(mode="json")
    weekly.correct(cafe, weekly_id, draft(said | {"starts_at": "2026-12-10T19:00:00+01:00", "ends_at": None}))
    assert post_on(cafe, weekly_id, "2026-12-03").content.begins == moment("2026-12-03T19:00")
    for wrong in ({"starts_at": "2026-12-04T19:00:00+01:00", "ends_at": None}, {"recurrence": "FREQ=DAILY"}):
        with pytest.raises(Invalid):
            weekly.correct(cafe, weekly_id, draft(said | wrong))


def test_it_ends_with_what_is_out_and_the_rest_never_goes_out(cafe: UUID) -> None:
    weekly_id = begun(cafe)
    go_to("2026-12-02T18:00")
    posts.publish_due()
    weekly.end(cafe, weekly_id)
    weekly.end(cafe, weekly_id)
    assert stands(cafe, weekly_id) == {"12-03": "out", "12-10": "withdrawn", "12-17": "withdrawn"}
    go_to("2026-12-20T18:00")
    weekly_making.sweep()
    posts.publish_due()
    assert told() == [("12-03", "published")]
    assert weekly.listed(cafe) == []
    with pytest.raises(Conflict):
        weekly.skip(cafe, weekly_id, day("2026-12-24"))


def test_it_ends_by_itself_on_its_last_day(cafe: UUID) -> None:
    weekly_id = begun(cafe, last=day("2026-12-11"), interval=1)
    assert list(stands(cafe, weekly_id)) == ["12-03", "12-10"]
    weekly.plan(cafe, weekly_id, Plan(last=day("2026-12-04")))
    assert stands(cafe, weekly_id) == {"12-03": "waits", "12-10": "closed"}
    weekly.plan(cafe, weekly_id, Plan(last=None, days_before=0, hour="08:00"))
    assert list(stands(cafe, weekly_id)) == ["12-03", "12-10", "12-17"]
    assert post_on(cafe, weekly_id, "2026-12-17").publish_at == moment("2026-12-17T08:00")


def test_what_is_over_today_begins_next_week(cafe: UUID) -> None:
    go_to("2026-12-03T13:59")
    assert f"{weekly.first_of(menu()).begins:%m-%d}" == "12-03"
    go_to("2026-12-03T14:01")
    assert f"{weekly.first_of(menu()).begins:%m-%d}" == "12-10"


def test_menus_and_offers_come_every_week_as_well(cafe: UUID) -> None:
    assert list(stands(cafe, begun(cafe, menu()))) == ["12-03", "12-10", "12-17"]
    offer = draft({"kind": "offer", "title": "Feierabend", "valid_from": "2026-11-25T17:00:00+01:00",
                   "valid_until": "2026-11-25T19:00:00+01:00"}).content()  # fmt: skip
    assert list(stands(cafe, begun(cafe, offer))) == ["12-02", "12-09", "12-16"]
