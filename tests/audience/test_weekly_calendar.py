"""What comes every week in the calendar, read back by `icalendar`: a rule, what falls out, and what single dates say."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import icalendar
import pytest
from sqlalchemy import update

from syndication import clock
from syndication.audience import feeds
from syndication.config import Settings
from syndication.content.base import new_id
from syndication.infra import db
from syndication.kinds.reading import draft
from syndication.models import Merchant
from syndication.publishing import posts, weekly, weekly_anew, weekly_making
from syndication.publishing.merge_patch import patched
from syndication.publishing.weekly import Plan
from syndication.publishing.weekly_anew import Turn
from tests import factories
from tests.town import fan_out

BERLIN = ZoneInfo("Europe/Berlin")


def go_to(text: str) -> None:
    clock.travel(datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC) - clock.now())


@pytest.fixture
def cafe(database: str, settings: Settings) -> UUID:
    """On Friday, 27 November 2026, at noon."""
    go_to("2026-11-27T12:00")
    with db.transaction() as session:
        return factories.merchant(session, "cafe").id


def day(text: str) -> date:
    return date.fromisoformat(text)


def soup(name: str) -> list[dict[str, Any]]:
    return [{"name": name, "prices": [{"price": "6.80"}]}]


def begun(cafe: UUID, **fields: Any) -> UUID:
    """A menu on Thursdays, told a week before."""
    said = {"kind": "menu", "title": "Mittagstisch", "from_date": "2026-11-26", "served_from": "11:30",
            "served_until": "14:00", "dishes": soup("Linsensuppe"), "topics": ["Essen"]}  # fmt: skip
    weekly_id = new_id()
    weekly.begin(cafe, weekly_id, draft(said | fields).content(), Plan(days_before=7, hour="09:00"))
    return weekly_id


def at(text: str) -> None:
    """Time passes, and workers do what they do."""
    go_to(text)
    weekly_making.sweep()
    posts.publish_due()
    fan_out()


def change(cafe: UUID, weekly_id: UUID, on: str, **fields: Any) -> None:
    post = next(one.post for one in weekly.read(cafe, weekly_id).dates if one.on == day(on))
    posts.revise(cafe, post.id, lambda now: patched(now, fields))


def components(scope: str = "all") -> list[Any]:
    calendar: Any = icalendar.Calendar.from_ical(feeds.document(scope, "ics").body)
    assert calendar.errors == []
    found: list[Any] = list(calendar.walk("VEVENT"))
    assert all(one.errors == [] for one in found)
    return found


def shown(first: str, last: str) -> dict[str, str]:
    """What a program shows between two days: title and first line of the text by day and hour."""
    found = components()
    named = {(str(one["uid"]), one["recurrence-id"].dt) for one in found if "recurrence-id" in one}
    seen: dict[str, str] = {}
    for one in found:
        starts = [one["dtstart"].dt]
        if "rrule" in one:
            starts = [start for start in _starts(one, last) if (str(one["uid"]), start) not in named]
        for start in starts:
            text = f"{one['summary']}: {str(one['description']).splitlines()[0]}"
            if day(first) <= start.date() < day(last):
                seen[f"{start:%m-%d %H:%M}"] = text
    return dict(sorted(seen.items(), key=lambda one: (one[0] < "06", one[0])))


def _starts(one: Any, last: str) -> list[datetime]:
    """By the clock on the wall, as RFC 5545 section 3.3.10 has it; without what is excluded."""
    start = one["dtstart"].dt
    rule = dict(one["rrule"])
    until = rule.get("UNTIL", [datetime.fromisoformat(last).replace(tzinfo=BERLIN)])[0]
    step = timedelta(weeks=rule["INTERVAL"][0])
    off = {moment.dt for moment in one["exdate"].dts} if "exdate" in one else set()
    numbers = range((until - start) // step + 1)
    return [start + number * step for number in numbers if start + number * step not in off]


EVERY_WEEK = "Mittagstisch: Jede Woche. Was es am einzelnen Tag gibt, steht hier, sobald es angekündigt ist."


def test_one_date_is_skipped_and_one_has_other_words(cafe: UUID) -> None:
    weekly_id = begun(cafe)
    weekly.skip(cafe, weekly_id, day("2026-12-10"))
    change(cafe, weekly_id, "2026-12-17", title="Gänseessen", dishes=soup("Gans"))
    at("2026-12-10T09:30")
    rule, date_out = components()
    assert rule["rrule"] == {"FREQ": ["WEEKLY"], "INTERVAL": [1]}
    assert {str(one["uid"]) for one in (rule, date_out)} == {f"{weekly_id}@localhost"}
    assert date_out["recurrence-id"].dt == datetime(2026, 12, 17, 11, 30, tzinfo=BERLIN)
    assert (str(date_out["summary"]), str(date_out["description"])) == ("Gänseessen", "Gans 6,80\xa0€")
    assert date_out["sequence"] >= rule["sequence"]
    assert shown("2026-12-01", "2027-01-01") == {
        "12-17 11:30": "Gänseessen: Gans 6,80\xa0€",
        "12-24 11:30": EVERY_WEEK,
        "12-31 11:30": EVERY_WEEK,
    }


def test_what_is_not_out_yet_says_no_more_than_that_it_takes_place(cafe: UUID) -> None:
    weekly_id = begun(cafe)
    change(cafe, weekly_id, "2026-12-17", title="Geheim", dishes=soup("Geheim"))
    weekly.skip(cafe, weekly_id, day("2026-12-24"))
    assert shown("2026-12-01", "2026-12-29") == {
        "12-03 11:30": "Mittagstisch: Linsensuppe 6,80\xa0€",
        "12-10 11:30": EVERY_WEEK,
        "12-17 11:30": EVERY_WEEK,
    }
    assert b"Geheim" not in feeds.document("all", "ics").body


def test_nothing_stands_there_before_its_first_date_is_out(cafe: UUID) -> None:
    weekly.begin(cafe, new_id(), draft(factories.event("Quiz").model_dump(mode="json")).content(), Plan())
    assert components() == []


def test_what_was_begun_from_a_post_that_everybody_sees_stands_there_at_once(cafe: UUID) -> None:
    source = posts.create(cafe, factories.event("Quiz", days=1))
    weekly.begin(cafe, new_id(), source.content, Plan(), public=True)
    by_itself, rule = components()
    assert "rrule" not in by_itself
    assert rule["dtstart"].dt == by_itself["dtstart"].dt + timedelta(weeks=1)


def test_closed_for_a_time_it_is_missing_and_comes_back(cafe: UUID) -> None:
    weekly_id = begun(cafe)
    assert len(shown("2026-12-04", "2027-01-10")) == 5
    weekly.close(cafe, weekly_id, day("2026-12-14"), day("2027-01-07"))
    assert list(shown("2026-12-01", "2027-01-22")) == [
        "12-03 11:30",
        "12-10 11:30",
        "01-14 11:30",
        "01-21 11:30",
    ]
    weekly.go_on(cafe, weekly_id)
    assert len(shown("2026-12-01", "2027-01-22")) == 8


def test_what_was_called_off_says_so_and_what_was_taken_back_is_missing(cafe: UUID) -> None:
    weekly_id = begun(cafe)
    weekly.skip(cafe, weekly_id, day("2026-12-03"))
    fan_out()
    called_off = next(one for one in components() if "recurrence-id" in one)
    assert (str(called_off["status"]), called_off["recurrence-id"].dt.day) == ("CANCELLED", 3)
    at("2026-12-03T15:00")
    out = next(one.post for one in weekly.read(cafe, weekly_id).dates if one.on == day("2026-12-10"))
    posts.withdraw(cafe, out.id)
    fan_out()
    assert list(shown("2026-12-01", "2026-12-20")) == ["12-17 11:30"]


def test_a_date_that_was_moved_stands_for_its_own(cafe: UUID) -> None:
    weekly_id = begun(cafe)
    change(cafe, weekly_id, "2026-12-03", from_date="2026-12-04", served_from="12:00")
    fan_out()
    assert list(shown("2026-12-01", "2026-12-12")) == ["12-04 12:00", "12-10 11:30"]


def test_the_clock_on_the_wall_counts_when_clocks_change(cafe: UUID) -> None:
    go_to("2027-03-12T12:00")
    begun(cafe, from_date="2027-03-11")
    assert list(shown("2027-03-15", "2027-04-10")) == [
        "03-18 11:30",
        "03-25 11:30",
        "04-01 11:30",
        "04-08 11:30",
    ]


def test_a_menu_of_several_days_is_a_rule_for_each_and_a_free_friday_is_missing(cafe: UUID) -> None:
    weekly_id = begun(cafe, from_date="2026-11-25", until_date="2026-11-27")
    change(cafe, weekly_id, "2026-12-02", until_date="2026-12-03")
    fan_out()
    days = [one[:5] for one in shown("2026-12-01", "2026-12-12")]
    assert days == ["12-02", "12-03", "12-09", "12-10", "12-11"]
    rules = [one for one in components() if "rrule" in one]
    assert len({str(one["uid"]) for one in rules}) == len(rules) == 3


def test_several_times_of_being_closed_are_exceptions_of_one_rule(cafe: UUID) -> None:
    weekly_id = begun(cafe)
    weekly.close(cafe, weekly_id, day("2026-12-24"), day("2026-12-31"))
    weekly.close(cafe, weekly_id, day("2026-12-10"), day("2026-12-10"))
    rule = components()[0]
    assert [f"{one.dt:%m-%d}" for one in rule["exdate"].dts] == ["12-10", "12-24", "12-31"]
    assert "UNTIL" not in rule["rrule"]
    assert list(shown("2026-12-01", "2027-01-15")) == [
        "12-03 11:30",
        "12-17 11:30",
        "01-07 11:30",
        "01-14 11:30",
    ]


def test_a_pause_without_an_end_ends_the_rule_until_it_goes_on(cafe: UUID) -> None:
    weekly_id = begun(cafe)
    at("2026-12-03T12:00")  # 3 December runs, 10 December is out
    before = components()[0]["sequence"]
    weekly.close(cafe, weekly_id, day("2026-12-08"), None)
    fan_out()
    rule = components()[0]
    assert rule["rrule"]["UNTIL"] == [datetime(2026, 12, 10, 22, 59, 59, tzinfo=UTC)]
    assert rule["sequence"] > before
    assert [str(one["status"]) for one in components() if one.get("recurrence-id") is not None] == [
        "CONFIRMED",
        "CANCELLED",
    ]
    assert list(shown("2026-12-01", "2027-02-01")) == ["12-03 11:30", "12-10 11:30"]
    at("2026-12-11T12:00")
    assert components() == []
    weekly.go_on(cafe, weekly_id, day("2026-12-08"))
    at("2026-12-11T12:01")
    assert list(shown("2026-12-15", "2026-12-29")) == ["12-17 11:30", "12-24 11:30"]


def test_on_another_weekday_one_series_ends_where_another_begins(cafe: UUID) -> None:
    weekly_id, successor = begun(cafe), new_id()
    at("2026-12-03T10:00")  # 3 and 10 December are out
    weekly_anew.turn(cafe, weekly_id, successor, Turn(day("2026-12-16"), interval=2))
    fan_out()
    rules = {str(one["uid"]).split("@")[0]: one for one in components() if "rrule" in one}
    assert rules[str(weekly_id)]["rrule"]["UNTIL"] == [datetime(2026, 12, 10, 22, 59, 59, tzinfo=UTC)]
    assert rules[str(successor)]["rrule"] == {"FREQ": ["WEEKLY"], "INTERVAL": [2]}
    assert rules[str(successor)]["dtstart"].dt == datetime(2026, 12, 16, 11, 30, tzinfo=BERLIN)
    assert list(shown("2026-12-01", "2027-01-01")) == [
        "12-03 11:30",
        "12-10 11:30",
        "12-16 11:30",
        "12-30 11:30",
    ]
    at("2026-12-11T12:00")
    assert {str(one["uid"]).split("@")[0] for one in components()} == {str(successor)}


def test_whole_days_are_dates(cafe: UUID) -> None:
    weekly_id = begun(cafe, served_from=None, served_until=None)
    weekly.skip(cafe, weekly_id, day("2026-12-10"))
    rule, out = components()
    assert out["recurrence-id"].dt == rule["dtstart"].dt == day("2026-12-03")
    assert rule["exdate"].dts[0].dt == day("2026-12-10")


def test_what_ended_goes_on_to_its_last_date_that_is_out(cafe: UUID) -> None:
    weekly_id = begun(cafe)
    weekly.end(cafe, weekly_id)
    assert list(shown("2026-12-01", "2027-01-01")) == ["12-03 11:30"]
    at("2026-12-03T15:00")
    assert components() == []


def test_of_a_suspended_merchant_no_date_is_promised(cafe: UUID) -> None:
    begun(cafe)
    with db.transaction() as session:
        session.execute(update(Merchant).where(Merchant.id == cafe).values(state="suspended"))
    at("2026-11-28T12:00")
    assert list(shown("2026-12-01", "2027-01-01")) == ["12-03 11:30"]


@pytest.mark.parametrize(("scope", "there"), [
    ("merchant/cafe", True), ("kind/menu", True), ("topic/essen", True), ("kind/event", False), ("merchant/wein", False),
])  # fmt: skip
def test_it_stands_in_the_calendars_of_its_own(cafe: UUID, scope: str, there: bool) -> None:
    with db.transaction() as session:
        factories.merchant(session, "wein")
    begun(cafe)
    at("2026-12-03T15:00")  # between two dates that are out, and long before one
    at("2026-12-03T15:01")
    assert any("rrule" in one for one in components(scope)) is there


def test_the_same_says_the_same_and_its_names_stay_for_ever(cafe: UUID) -> None:
    weekly_id = begun(cafe)
    first, sequence = components()[0]["uid"], components()[0]["sequence"]
    assert feeds.document("all", "ics").etag == feeds.document("all", "ics").etag
    at("2027-02-04T15:00")
    at("2027-02-04T15:01")
    weekly.skip(cafe, weekly_id, day("2027-02-18"))
    later = components()[0]
    assert later["uid"] == first
    assert later["sequence"] > sequence


def test_other_feeds_hold_one_entry_for_each_date_that_is_out(cafe: UUID) -> None:
    begun(cafe)
    at("2026-12-03T11:00")
    assert feeds.document("all", "json").body.count(b'"id":"') == 2
