"""A schedule is a rule, dates left out and added, and dates of their own; what says nothing of it is as before."""

from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.content import schedule
from syndication.errors import Invalid
from syndication.kinds.event_content import EventContent
from syndication.kinds.reading import draft

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
OFFER = {
    "kind": "offer", "title": "Zwei Brote", "price": "3.20", "topics": ["lebensmittel"],
    "valid_until": "2030-12-24T13:00:00+01:00",
}  # fmt: skip
EVENT = {"kind": "event", "title": "Weinabend", "starts_at": "2030-12-05T18:00:00+01:00"}
SERIES = {
    "kind": "event", "title": "Markt", "starts_at": "2030-04-06T07:00:00+02:00", "ends_at": "2030-04-06T13:00:00+02:00",
    "recurrence": "FREQ=WEEKLY;BYDAY=SA", "place": {"name": "Marktplatz"}, "texts": {"mastodon": "Markt!"},
}  # fmt: skip


def event(starts_at: str, recurrence: str | None = None, **fields: Any) -> EventContent:
    return draft(
        {"kind": "event", "title": "Markt", "starts_at": starts_at, "recurrence": recurrence, **fields}
    ).content()


def days(content: EventContent, after: datetime = LONG_AGO, most: int = 12) -> list[str]:
    """The starts of dates that take place, on the city's clock."""
    starts = schedule.occurrences(content, BERLIN, after=after, most=most)
    return [f"{start.astimezone(BERLIN):%m-%d %H:%M}" for start in starts]


@pytest.mark.parametrize(
    ("fields", "digest"),
    [
        (OFFER, "e8f10fb2d4d4c90bfaed310ac5289ea78562c767394712deee5d521ea53fe868"),
        (EVENT, "8d9e07c74f3c9328979bbfeb07381a07bceb056a7d52721746a2b9f6ed40a783"),
        (SERIES, "907c7ad3089f5ac282409853ef09012603d00bc531ea57409ff4b935174ea277"),
    ],
)
def test_a_post_without_dates_of_its_own_is_to_the_byte_what_it_was_before_there_were_any(
    fields: dict[str, Any], digest: str
) -> None:
    content = draft(fields).content()
    assert content.digest() == digest
    assert {"excluded", "added", "dates"}.isdisjoint(content.model_dump(mode="json"))
    assert {"excluded", "added", "dates"}.isdisjoint(content.model_dump())


def test_dates_fall_out_come_along_and_move() -> None:
    market = event(
        "2026-12-03T17:00:00+01:00", "FREQ=WEEKLY;COUNT=6", ends_at="2026-12-03T20:00:00+01:00",
        excluded=["2026-12-10T17:00:00+01:00"], added=["2026-12-11T11:00:00+01:00"],
        dates=[
            {"recurrence_id": "2026-12-24T17:00:00+01:00", "starts_at": "2026-12-23T16:00:00+01:00"},
            {"recurrence_id": "2026-12-31T17:00:00+01:00", "status": "cancelled"},
        ],
    )  # fmt: skip
    assert days(market) == ["12-03 17:00", "12-11 11:00", "12-17 17:00", "12-23 16:00", "01-07 17:00"]
    every = list(islice(schedule.dates(market, BERLIN, after=LONG_AGO), 9))
    assert [one.takes_place for one in every] == [True, True, True, True, False, True]
    assert every[3].ends_at - every[3].starts_at == timedelta(hours=3)
    assert market.over_at(BERLIN) == datetime(2027, 1, 7, 19, tzinfo=UTC)
    assert EventContent.model_validate(market.model_dump(mode="json")) == market


def test_several_dates_need_no_rule() -> None:
    course = event(
        "2027-01-08T18:30:00+01:00", added=["2027-01-29T18:30:00+01:00", "2027-01-15T18:30:00+01:00"]
    )
    assert days(course) == ["01-08 18:30", "01-15 18:30", "01-29 18:30"]
    assert course.over_at(BERLIN) == datetime(2027, 1, 29, 20, 30, tzinfo=UTC)


def test_a_date_that_was_moved_behind_the_last_one_is_the_last_and_a_cancelled_one_is_told_to_its_end() -> (
    None
):
    moved = event(
        "2026-12-03T17:00:00+01:00", "FREQ=WEEKLY;COUNT=2",
        dates=[{"recurrence_id": "2026-12-03T17:00:00+01:00", "starts_at": "2026-12-20T17:00:00+01:00"}],
    )  # fmt: skip
    assert schedule.last_occurrence(moved, BERLIN) == datetime(2026, 12, 20, 16, tzinfo=UTC)
    called_off = event(
        "2026-12-03T17:00:00+01:00", "FREQ=WEEKLY;COUNT=2",
        dates=[{"recurrence_id": "2026-12-10T17:00:00+01:00", "status": "cancelled"}],
    )  # fmt: skip
    assert called_off.over_at(BERLIN) == datetime(2026, 12, 10, 19, tzinfo=UTC)
    cut_off = event(
        "2026-12-03T17:00:00+01:00", "FREQ=WEEKLY;COUNT=2", excluded=["2026-12-10T17:00:00+01:00"]
    )
    assert cut_off.over_at(BERLIN) == datetime(2026, 12, 3, 19, tzinfo=UTC)


@pytest.mark.parametrize(
    ("starts_at", "rule", "following"),
    [
        ("2019-04-06T07:00:00+02:00", "FREQ=WEEKLY;BYDAY=SA", "11-28 07:00"),
        ("1971-01-01T07:00:00+01:00", "FREQ=DAILY", "11-25 07:00"),
        ("1971-01-01T20:00:00+01:00", "FREQ=DAILY;INTERVAL=2;BYMONTH=5,11", "11-26 20:00"),
        ("1990-01-02T07:00:00+01:00", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU", "12-01 07:00"),
        ("1990-01-06T07:00:00+01:00", "FREQ=MONTHLY;BYDAY=1SA", "12-05 07:00"),
        ("1990-02-03T07:00:00+01:00", "FREQ=MONTHLY;INTERVAL=2;BYDAY=1SA", "12-05 07:00"),
        ("1984-02-29T07:00:00+01:00", "FREQ=YEARLY;INTERVAL=4", "02-29 07:00"),
        ("2019-01-01T07:00:00+01:00", "FREQ=DAILY;COUNT=5000", "11-25 07:00"),
    ],
)
def test_the_next_date_is_found_however_long_ago_it_began(starts_at: str, rule: str, following: str) -> None:
    content = event(starts_at, rule)
    assert days(content, after=NOW.replace(hour=7), most=1) == [following]


@given(
    rule=st.sampled_from(
        ["FREQ=DAILY;INTERVAL=3", "FREQ=WEEKLY;INTERVAL=3;BYDAY=TU,SA", "FREQ=MONTHLY;INTERVAL=5;BYMONTHDAY=31,1",
         "FREQ=YEARLY;INTERVAL=3;BYMONTH=2,5", "FREQ=DAILY;INTERVAL=5;BYMONTH=1,12"]
    ),
    first=st.integers(0, 800),
    ahead=st.integers(0, 3000),
)  # fmt: skip
def test_entering_a_rule_late_gives_the_dates_that_walking_it_from_its_start_gives(
    rule: str, first: int, ahead: int
) -> None:
    starts = datetime(2001, 1, 1, 19, tzinfo=BERLIN) + timedelta(days=first)
    content = event(starts.isoformat(), rule)
    after = starts + timedelta(days=ahead)
    walked = (one for one in schedule.dates(content, BERLIN, after=LONG_AGO) if one.ends_at > after)
    assert list(islice(schedule.dates(content, BERLIN, after=after), 5)) == list(islice(walked, 5))


@pytest.mark.parametrize(
    ("rule", "last"),
    [
        ("FREQ=WEEKLY;UNTIL=20991231", datetime(2099, 12, 31, 16, tzinfo=UTC)),
        ("FREQ=YEARLY;INTERVAL=9;BYMONTH=12;BYMONTHDAY=3;UNTIL=20401231", datetime(2035, 12, 3, 16, tzinfo=UTC)),
        ("FREQ=DAILY;COUNT=3000", datetime(2035, 2, 18, 16, tzinfo=UTC)),
        ("FREQ=DAILY;COUNT=99999", None),
        ("FREQ=DAILY;UNTIL=99991231", None),
    ],
)  # fmt: skip
def test_the_last_date_is_found_however_far_it_is(rule: str, last: datetime | None) -> None:
    assert schedule.last_occurrence(event("2026-12-03T17:00:00+01:00", rule), BERLIN) == last


def test_a_whole_day_ends_at_midnight_also_where_the_clocks_change() -> None:
    sunday = event("2027-01-03T00:00:00+01:00", "FREQ=WEEKLY", all_day=True)
    ends = {
        one.ends_at.astimezone(BERLIN).hour
        for one in islice(schedule.dates(sunday, BERLIN, after=LONG_AGO), 50)
    }
    assert ends == {0}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (EVENT | {"excluded": ["2030-12-05T17:00:00Z"]}, "excluded: needs a recurrence"),
        (EVENT | {"dates": [{"recurrence_id": "2030-12-05T17:00:00Z"}]}, "dates: needs several dates"),
        (
            SERIES | {"dates": [{"recurrence_id": "2030-04-13T05:00:00Z"}, {"recurrence_id": "2030-04-13T07:00:00+02:00"}]},
            "names one date twice",
        ),
        (
            SERIES | {"excluded": ["2030-04-13T05:00:00Z"], "dates": [{"recurrence_id": "2030-04-13T05:00:00Z"}]},
            "also in added or dates",
        ),
        (
            SERIES | {"dates": [{"recurrence_id": "2030-04-13T05:00:00Z", "ends_at": "2030-04-13T04:00:00Z"}]},
            "dates.0.ends_at: must not be before",
        ),
        (OFFER | {"added": ["2030-04-13T05:00:00Z"]}, "added: does not go with kind offer"),
        (SERIES | {"excluded": ["2030-04-13T05:00:00"]}, "excluded.0: must carry a zone"),
        (SERIES | {"excluded": ["2030-04-13T05:00:00Z"] * 301}, "at most 300"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_in_words(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(Invalid, match=words):
        draft(fields)


def test_dates_that_the_rule_does_not_have_are_named_with_their_field() -> None:
    wrong = event(
        "2026-12-03T17:00:00+01:00", "FREQ=WEEKLY;COUNT=4",
        excluded=["2026-12-10T17:00:00+01:00", "2026-12-11T17:00:00+01:00", "2026-12-31T17:00:00+01:00"],
        dates=[{"recurrence_id": "2026-12-17T18:00:00+01:00", "status": "sold_out"}],
    )  # fmt: skip
    assert [str(fault) for fault in schedule.faults(wrong, BERLIN)] == [
        "excluded: names 2026-12-11T16:00:00Z, which is no date of this event",
        "excluded: names 2026-12-31T16:00:00Z, which is no date of this event",
        "dates: names 2026-12-17T17:00:00Z, which is no date of this event",
    ]
    sound = event(
        "2026-12-03T17:00:00+01:00", "FREQ=WEEKLY;COUNT=4", added=["2026-12-04T17:00:00+01:00"],
        dates=[{"recurrence_id": "2026-12-04T17:00:00+01:00", "status": "sold_out"}],
    )  # fmt: skip
    assert schedule.faults(sound, BERLIN) == []


def test_a_series_with_nothing_left_of_it_is_refused() -> None:
    nothing = event(
        "2026-12-03T17:00:00+01:00", "FREQ=WEEKLY;COUNT=1", excluded=["2026-12-03T17:00:00+01:00"]
    )
    assert [str(fault) for fault in schedule.faults(nothing, BERLIN)] == ["excluded: leaves no date"]
