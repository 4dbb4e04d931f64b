"""A series in the calendar feed, read back by `icalendar`: one UID, its rule, what falls out, comes along and moves."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest

from syndication.channels.built_in.feed import zone as zones
from syndication.channels.built_in.feed.documents import render
from syndication.kinds.event_content import OwnDate
from tests.channels.feed_samples import feed, numbered, withdrawn

BERLIN = ZoneInfo("Europe/Berlin")


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


def utc(text: str) -> datetime:
    return berlin(text).astimezone(UTC)


def market(**fields: Any) -> Any:
    """A market on Thursdays before Christmas, at its third revision."""
    own = (
        OwnDate(recurrence_id=utc("2026-12-24T17:00"), starts_at=utc("2026-12-23T16:00"), title="Markt (verlegt)"),
        OwnDate(recurrence_id=utc("2026-12-31T17:00"), status="cancelled"),
        OwnDate(recurrence_id=utc("2027-01-07T17:00"), status="sold_out", body="Karten sind weg."),
    )  # fmt: skip
    series = {
        "title": "Markt",
        "starts_at": utc("2026-12-03T17:00"),
        "ends_at": utc("2026-12-03T20:00"),
        "recurrence": "FREQ=WEEKLY;COUNT=12",
        "excluded": (utc("2026-12-10T17:00"),),
        "added": (utc("2026-12-12T11:00"),),
        "dates": own,
    }
    return numbered(1, revision=3, **(series | fields))


def read(document: bytes) -> tuple[Any, list[Any]]:
    """The series and its dates of their own."""
    calendar: Any = icalendar.Calendar.from_ical(document)
    assert calendar.errors == []
    events: list[Any] = list(calendar.walk("VEVENT"))
    assert all(one.errors == [] for one in events)
    series = [one for one in events if "recurrence-id" not in one]
    assert len(series) == 1
    return series[0], [one for one in events if "recurrence-id" in one]


def test_what_falls_out_and_comes_along_stands_beside_the_rule() -> None:
    series, _ = read(render("ics", feed(market())))
    assert series["rrule"]["COUNT"] == [12]
    assert [one.dt for one in series["exdate"].dts] == [berlin("2026-12-10T17:00")]
    assert [one.dt for one in series["rdate"].dts] == [berlin("2026-12-12T11:00")]
    assert series["exdate"].params["TZID"] == series["rdate"].params["TZID"] == "Europe/Berlin"


def test_each_date_of_its_own_names_the_one_it_stands_for() -> None:
    series, own = read(render("ics", feed(market())))
    assert {str(one["uid"]) for one in own} == {str(series["uid"])}
    assert {one["sequence"] for one in own} == {series["sequence"]} == {2}
    moved, off, full = own
    assert moved["recurrence-id"].dt == berlin("2026-12-24T17:00")
    assert moved["recurrence-id"].params["TZID"] == "Europe/Berlin"
    assert (moved["dtstart"].dt, moved["dtend"].dt) == (
        berlin("2026-12-23T16:00"),
        berlin("2026-12-23T19:00"),
    )
    assert (str(moved["summary"]), str(moved["status"])) == ("Markt (verlegt)", "CONFIRMED")
    assert (str(off["summary"]), str(off["status"])) == ("Abgesagt: Markt", "CANCELLED")
    assert off["dtstart"].dt == off["recurrence-id"].dt == berlin("2026-12-31T17:00")
    assert str(full["summary"]) == "Ausverkauft: Markt"
    assert "Karten sind weg." in str(full["description"])
    assert "rrule" not in moved


def test_whole_days_are_dates_everywhere() -> None:
    days = market(
        starts_at=utc("2026-12-03T00:00"), ends_at=None, all_day=True, excluded=(utc("2026-12-10T00:00"),),
        added=(utc("2026-12-12T00:00"),),
        dates=(OwnDate(recurrence_id=utc("2026-12-24T00:00"), starts_at=utc("2026-12-23T00:00")),),
    )  # fmt: skip
    document = render("ics", feed(days))
    series, (moved,) = read(document)
    assert [one.dt for one in series["exdate"].dts] == [date(2026, 12, 10)]
    assert [one.dt for one in series["rdate"].dts] == [date(2026, 12, 12)]
    assert (moved["recurrence-id"].dt, moved["dtstart"].dt) == (date(2026, 12, 24), date(2026, 12, 23))
    for line in (
        b"EXDATE;VALUE=DATE:20261210",
        b"RDATE;VALUE=DATE:20261212",
        b"RECURRENCE-ID;VALUE=DATE:20261224",
    ):
        assert line in document


def test_several_dates_without_a_rule_are_a_list() -> None:
    course = market(
        recurrence=None, excluded=(), dates=(), added=(utc("2026-12-03T17:00"), utc("2026-12-04T17:00"))
    )
    series, _ = read(render("ics", feed(course)))
    assert "rrule" not in series
    assert [one.dt for one in series["rdate"].dts] == [berlin("2026-12-04T17:00")]


def test_a_start_that_the_rule_leaves_out_is_no_date_for_anybody() -> None:
    thursday = market(recurrence="FREQ=WEEKLY;BYDAY=FR", excluded=(), added=(), dates=())
    series, _ = read(render("ics", feed(thursday)))
    assert [one.dt for one in series["exdate"].dts] == [berlin("2026-12-03T17:00")]


def test_what_was_withdrawn_is_cancelled_whole_and_says_nothing_more() -> None:
    document = render("ics", feed(removed=(withdrawn(market()),)))
    series, own = read(document)
    assert (str(series["status"]), own) == ("CANCELLED", [])
    assert b"verlegt" not in document


@pytest.mark.parametrize(
    "name", ["Europe/Berlin", "Europe/Lisbon", "America/New_York", "Asia/Kolkata", "UTC"]
)
def test_the_zone_has_yearly_rules_from_before_any_date(name: str) -> None:
    zone = ZoneInfo(name)
    component: Any = icalendar.Timezone.from_ical(zones.described(zone))
    told = component.to_tz(lookup_tzid=False)
    moment = datetime(1970, 1, 8, 12)
    while moment.year < 2045:
        assert told.utcoffset(moment) == zone.utcoffset(moment), moment
        moment += timedelta(days=9)


def test_what_is_true_of_the_zone_today_has_no_end() -> None:
    lines = zones.described(BERLIN).decode().split("\r\n")
    assert "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3" in lines
    assert "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10" in lines
    assert len(lines) < 80
