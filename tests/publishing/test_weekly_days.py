"""On which days something takes place that comes every week: over the change of the clocks, the year's end, a pause."""

from datetime import UTC, date, datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from syndication.publishing.weekly_days import Days

BERLIN = ZoneInfo("Europe/Berlin")


def day(text: str) -> date:
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("fields", "since", "right"),
    [
        ({"first": "2026-12-03"}, "2026-11-20", ["2026-12-03", "2026-12-10", "2026-12-17"]),
        ({"first": "2026-12-03"}, "2026-12-03", ["2026-12-03", "2026-12-10", "2026-12-17"]),
        ({"first": "2026-12-03"}, "2026-12-04", ["2026-12-10", "2026-12-17", "2026-12-24"]),
        ({"first": "2026-12-17"}, "2026-12-26", ["2026-12-31", "2027-01-07", "2027-01-14"]),
        ({"first": "2026-12-17", "interval": 2}, "2026-12-18", ["2026-12-31", "2027-01-14", "2027-01-28"]),
        ({"first": "2026-12-17", "last": "2026-12-30"}, "2026-12-01", ["2026-12-17", "2026-12-24"]),
        ({"first": "2026-12-17", "last": "2026-12-24"}, "2026-12-24", ["2026-12-24"]),
        ({"first": "2026-12-17", "last": "2026-12-24"}, "2026-12-25", []),
        ({"first": "2026-12-17", "last": "2026-12-16"}, "2026-01-01", []),
        ({"first": "2028-02-22"}, "2028-02-23", ["2028-02-29", "2028-03-07", "2028-03-14"]),
        ({"first": "2027-02-22"}, "2027-02-23", ["2027-03-01", "2027-03-08", "2027-03-15"]),
        ({"first": "9999-12-20"}, "9999-12-01", ["9999-12-20", "9999-12-27"]),
    ],
)
def test_the_days_since_one(fields: dict[str, Any], since: str, right: list[str]) -> None:
    read = {name: day(value) if isinstance(value, str) else value for name, value in fields.items()}
    assert list(islice(Days(**read).since(day(since)), 3)) == [day(one) for one in right]


def test_what_is_skipped_or_closed_falls_out_and_a_pause_has_both_its_ends_or_none() -> None:
    days = Days(
        day("2026-12-03"),
        skipped=frozenset({day("2026-12-10")}),
        closed=((day("2026-12-24"), day("2027-01-07")), (day("2027-01-21"), None)),
    )
    taking_place = [
        one.isoformat() for one in islice(days.since(day("2026-12-01")), 60) if days.takes_place(one)
    ]
    assert taking_place == ["2026-12-03", "2026-12-17", "2027-01-14"]
    assert days.has(day("2026-12-10"))
    assert not days.takes_place(day("2026-12-04"))


@pytest.mark.parametrize(
    ("on", "before", "hour", "right"),
    [
        ("2026-10-24", 1, "17:00", "2026-10-23T15:00"),
        ("2026-10-25", 0, "08:00", "2026-10-25T07:00"),  # the clocks went back in the night before
        ("2026-10-26", 1, "17:00", "2026-10-25T16:00"),
        ("2027-03-28", 1, "17:00", "2027-03-27T16:00"),
        ("2027-03-28", 0, "08:00", "2027-03-28T06:00"),  # and forward
        ("2027-01-01", 1, "17:00", "2026-12-31T16:00"),
        ("2028-03-07", 7, "09:00", "2028-02-29T08:00"),
    ],
)
def test_a_date_is_told_at_its_hour_of_the_city_s_clock(on: str, before: int, hour: str, right: str) -> None:
    told = Days(day(on), days_before=before, hour=hour).told_at(day(on), BERLIN)
    assert told == datetime.fromisoformat(right).replace(tzinfo=UTC)
