"""What search engines read of a series: its schedule, the next dates one by one, and what is different about them."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from syndication.kinds import dates_as_data
from syndication.kinds.event_content import EventContent
from syndication.kinds.reading import draft

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)


def market(**fields: Any) -> EventContent:
    series = {
        "kind": "event", "title": "Markt", "starts_at": "2026-12-03T16:00:00Z", "ends_at": "2026-12-03T19:00:00Z",
        "recurrence": "FREQ=WEEKLY;BYDAY=TH;COUNT=12", "place": {"name": "Marktplatz"},
    }  # fmt: skip
    return draft(series | fields).content()


def test_a_series_has_a_schedule_with_what_falls_out() -> None:
    told = dates_as_data.series(market(excluded=["2026-12-10T16:00:00Z"]), BERLIN, NOW)
    assert told["@type"] == "EventSeries"
    assert told["eventSchedule"] == {
        "@type": "Schedule",
        "repeatFrequency": "P1W",
        "startDate": "2026-12-03",
        "endDate": "2027-02-18",
        "startTime": "17:00:00",
        "endTime": "20:00:00",
        "byDay": ["TH"],
        "exceptDate": ["2026-12-10T17:00:00+01:00"],
        "scheduleTimezone": "Europe/Berlin",
    }
    assert told["startDate"] == "2026-12-03T17:00:00+01:00"


def test_its_next_dates_are_events_that_say_what_is_different() -> None:
    own = [
        {"recurrence_id": "2026-12-03T16:00:00Z", "status": "cancelled"},
        {"recurrence_id": "2026-12-24T16:00:00Z", "starts_at": "2026-12-23T15:00:00Z", "title": "Weihnachtsmarkt"},
        {"recurrence_id": "2026-12-31T16:00:00Z", "status": "sold_out", "price": "5"},
    ]  # fmt: skip
    events = dates_as_data.series(market(dates=own), BERLIN, NOW)["subEvent"]
    assert len(events) == 12
    off, usual, _, moved, full, *_ = events
    assert off["eventStatus"] == "https://schema.org/EventCancelled"
    assert (usual["eventStatus"], usual["location"]["name"]) == (
        "https://schema.org/EventScheduled",
        "Marktplatz",
    )
    assert (moved["name"], moved["eventStatus"]) == ("Weihnachtsmarkt", "https://schema.org/EventRescheduled")
    assert (moved["startDate"], moved["endDate"]) == (
        "2026-12-23T16:00:00+01:00",
        "2026-12-23T19:00:00+01:00",
    )
    assert moved["previousStartDate"] == "2026-12-24T17:00:00+01:00"
    assert full["offers"]["availability"] == "https://schema.org/SoldOut"


def test_whole_days_are_dates_and_a_single_event_is_no_series() -> None:
    days = market(starts_at="2026-12-02T23:00:00Z", ends_at=None, all_day=True, recurrence="FREQ=WEEKLY")
    (first, *_) = dates_as_data.series(days, BERLIN, NOW)["subEvent"]
    assert (first["startDate"], first["endDate"]) == ("2026-12-03", "2026-12-03")
    assert dates_as_data.series(market(recurrence=None), BERLIN, NOW) == {}
