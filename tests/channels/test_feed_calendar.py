"""The calendar feed, read back by `icalendar`: times on the wall, states, withdrawals, and the letter of RFC 5545."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest
from dateutil.rrule import rrulestr

from syndication.channels.built_in.feed.documents import render
from syndication.channels.envelope import PostView
from syndication.content.post import Place
from syndication.content.schedule import occurrences
from tests.channels.feed_samples import HOSTILE, events, feed, numbered, withdrawn
from tests.channels.samples import AT, CITY, content

BERLIN = ZoneInfo("Europe/Berlin")


def read(post: PostView, **changes: Any) -> Any:
    """The one event of a calendar with `post` alone."""
    (event,) = events(render("ics", feed(post, **changes))).values()
    return event


def test_an_event_comes_back_as_it_was_said() -> None:
    post = numbered(1)
    event = read(post)
    assert str(event["uid"]) == f"{post.id}@coburg.example"
    assert str(event["summary"]) == post.content.title
    assert event["dtstart"].dt == datetime(2026, 8, 15, 19, 0, tzinfo=BERLIN)
    assert event["dtend"].dt == datetime(2026, 8, 15, 23, 0, tzinfo=BERLIN)
    assert event["dtstart"].params["TZID"] == "Europe/Berlin"
    assert str(event["location"]) == "Weinhaus, Markt 3"
    assert (event["geo"].latitude, event["geo"].longitude) == (50.26, 10.96)
    assert str(event["url"]) == post.link
    assert event.categories == ["musik", "wein"]
    assert str(event["status"]) == "CONFIRMED"
    assert "Mit Musik und Wein (https://wein.example)." in str(event["description"])
    assert "24,00\xa0€" in str(event["description"])


def test_moments_come_from_the_post_and_never_from_the_clock() -> None:
    event = read(replace(numbered(1), revision=3, updated_at=AT + timedelta(hours=2)))
    assert event["dtstamp"].dt == AT + timedelta(hours=2)
    assert event["created"].dt == AT
    assert event["sequence"] == 2


@pytest.mark.parametrize(
    ("status", "state", "title"),
    [
        ("scheduled", "CONFIRMED", "Weinabend"),
        ("cancelled", "CANCELLED", "Abgesagt: Weinabend"),
        ("postponed", "TENTATIVE", "Verschoben: Weinabend"),
        ("sold_out", "CONFIRMED", "Ausverkauft: Weinabend"),
    ],
)
def test_a_cancelled_event_stays_and_says_so(status: str, state: str, title: str) -> None:
    event = read(numbered(1, title="Weinabend", status=status, revision=2))
    assert (str(event["status"]), str(event["summary"])) == (state, title)
    assert event["sequence"] == 1


def test_a_withdrawn_event_stays_as_cancelled_without_its_words() -> None:
    post = numbered(1, title="geheim", body="geheim", url="https://geheim.example")
    gone = withdrawn(post, hours=4)
    document = render("ics", feed(removed=(gone,)))
    (event,) = events(document).values()
    assert str(event["uid"]) == f"{post.id}@coburg.example"
    assert str(event["status"]) == "CANCELLED"
    assert event["sequence"] == 1
    assert event["dtstamp"].dt == gone.at
    assert event["dtstart"].dt == datetime(2026, 8, 15, 19, 0, tzinfo=BERLIN)
    assert str(event["summary"]) == "Zurückgezogen"
    assert b"geheim" not in document


def test_offers_stand_in_no_calendar() -> None:
    offer = numbered(2, kind="offer", starts_at=None, ends_at=None, title="Kaffee")
    calendar = render("ics", feed(numbered(1), offer, removed=(withdrawn(offer),)))
    assert len(events(calendar)) == 1
    assert b"Kaffee" not in calendar
    assert events(render("ics", feed(offer))) == {}


@pytest.mark.parametrize(
    ("start", "rule"),
    [
        ("2026-10-04T19:00:00+02:00", "FREQ=WEEKLY;COUNT=8"),
        ("2027-03-14T02:30:00+01:00", "FREQ=WEEKLY;COUNT=4"),
        ("2026-10-20T23:30:00+02:00", "FREQ=DAILY;UNTIL=20261028T223000Z"),
        ("2026-09-01T09:00:00+02:00", "FREQ=MONTHLY;BYDAY=1TU;COUNT=6"),
        ("2026-10-20T00:30:00+02:00", "FREQ=DAILY;UNTIL=20261028"),
    ],
)
def test_a_repeated_event_keeps_its_time_on_the_wall_across_the_change_of_clocks(
    start: str, rule: str
) -> None:
    begins = datetime.fromisoformat(start).astimezone(UTC)
    post = numbered(1, starts_at=begins, ends_at=begins + timedelta(hours=1), recurrence=rule)
    event = read(post)
    again = rrulestr(event["rrule"].to_ical().decode(), dtstart=event["dtstart"].dt)
    expected = occurrences(post.content, BERLIN, after=begins, most=100)
    assert [moment.astimezone(UTC) for moment in again] == expected
    assert len(expected) >= 4


def test_the_zone_is_written_out_with_both_changes_of_clock() -> None:
    calendar: Any = icalendar.Calendar.from_ical(render("ics", feed(numbered(1))))
    (zone,) = [one for one in calendar.walk("VTIMEZONE") if isinstance(one, icalendar.Timezone)]
    told = zone.to_tz(lookup_tzid=False)
    for naive in (datetime(2026, 7, 1, 12), datetime(2026, 12, 1, 12), datetime(2031, 7, 1, 12)):
        assert told.utcoffset(naive) == BERLIN.utcoffset(naive)


def test_whole_days_are_dates_even_where_the_clocks_change() -> None:
    starts = datetime(2026, 10, 24, 0, 0, tzinfo=BERLIN).astimezone(UTC)
    ends = datetime(2026, 10, 26, 0, 0, tzinfo=BERLIN).astimezone(UTC)
    event = read(numbered(1, starts_at=starts, ends_at=ends, all_day=True))
    assert (event["dtstart"].dt, event["dtend"].dt) == (date(2026, 10, 24), date(2026, 10, 26))
    assert event["dtstart"].params["VALUE"] == "DATE"
    one_day = read(numbered(1, starts_at=starts, ends_at=None, all_day=True))
    assert (one_day["dtstart"].dt, one_day["dtend"].dt) == (date(2026, 10, 24), date(2026, 10, 25))


def test_the_end_of_a_rule_for_whole_days_is_a_date() -> None:
    starts = datetime(2026, 8, 15, 0, 0, tzinfo=BERLIN).astimezone(UTC)
    post = numbered(
        1, starts_at=starts, ends_at=None, all_day=True, recurrence="FREQ=WEEKLY;UNTIL=20260829T220000Z"
    )
    assert read(post)["rrule"]["UNTIL"] == [date(2026, 8, 30)]


def test_an_event_without_an_end_or_place_says_none() -> None:
    event = read(numbered(1, ends_at=None, place=None, topics=(), images=()))
    assert {"dtend", "duration", "location", "geo", "categories"}.isdisjoint(name.lower() for name in event)
    without_coordinates = read(numbered(1, place=Place(name="Markt")))
    assert str(without_coordinates["location"]) == "Markt"
    assert "geo" not in without_coordinates


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_words_break_no_line(name: str) -> None:
    post = numbered(1, **content(**HOSTILE[name]).model_dump())
    document = render("ics", feed(replace(post, link=post.content.url or post.link), numbered(2)))
    assert len(events(document)) == 2
    lines = document.split(b"\r\n")
    assert lines[-1] == b""
    assert all(len(line) <= 75 for line in lines)
    assert not any(b"\n" in line or b"\r" in line for line in lines)
    text = document.decode()
    assert not {c for c in text if ord(c) < 32} - {"\r", "\n"}
    summary = str(events(document)[f"{post.id}@coburg.example"]["summary"])
    assert summary == post.content.title.replace("\uffff", "")


def test_the_head_tells_programs_when_to_come_back() -> None:
    document = render("ics", feed(max_age=900, kind="event"))
    calendar: Any = icalendar.Calendar.from_ical(document)
    assert str(calendar["x-wr-calname"]) == "Coburg · Veranstaltungen"
    assert calendar["refresh-interval"].dt == timedelta(minutes=15)
    assert str(calendar["x-published-ttl"]) == "PT15M"
    assert str(calendar["version"]) == "2.0"
    assert CITY.zone.key == str(calendar["x-wr-timezone"])
    assert document.endswith(b"END:VCALENDAR\r\n")


def test_categories_are_spelled_as_in_the_post() -> None:
    event = read(numbered(1, topics=("Kunst & Kultur", "Münster")))
    assert [str(one) for one in event["CATEGORIES"].cats] == ["Kunst & Kultur", "Münster"]
