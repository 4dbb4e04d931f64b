"""Series with exceptions: the parts say exactly the dates of the rule without the exceptions."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given
from hypothesis import strategies as st

from syndication.content.post import draft, occurrences
from syndication.errors import Invalid
from syndication.sources import series

BERLIN = ZoneInfo("Europe/Berlin")
LONG_AGO = datetime(1990, 1, 1, tzinfo=UTC)
HOURS = timedelta(hours=2)
RULES = (
    "FREQ=DAILY;COUNT=40",
    "FREQ=DAILY;INTERVAL=3",
    "FREQ=WEEKLY;BYDAY=MO,TH",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SA;WKST=MO",
    "FREQ=WEEKLY;COUNT=12",
    "FREQ=MONTHLY;BYDAY=2TH",
    "FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=31",
    "FREQ=WEEKLY;UNTIL=20371230T225959Z",
    "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=9",
)


def said(parts: list[series.Part], most: int) -> list[datetime]:
    """Every date the parts announce, as the posts made of them would."""
    found = []
    for part in parts:
        content = draft(
            {"kind": "event", "title": "x", "starts_at": part.starts_at, "recurrence": part.recurrence}
        ).content()
        found += occurrences(content, BERLIN, after=LONG_AGO, most=most)
    return found[:most]


@given(
    rule=st.sampled_from(RULES),
    first=st.integers(0, 400),
    skipped=st.sets(st.integers(0, 35), max_size=6),
    foreign=st.sets(st.integers(0, 100), max_size=2),
)
def test_the_parts_say_exactly_the_rule_without_its_exceptions(
    rule: str, first: int, skipped: set[int], foreign: set[int]
) -> None:
    wished = datetime(2036, 1, 1, 19, 30, tzinfo=BERLIN) + timedelta(days=first)
    start = next(iter(rrulestr(rule, dtstart=wished)))
    dates = [
        moment.astimezone(UTC) for moment, _ in zip(rrulestr(rule, dtstart=start), range(60), strict=False)
    ]
    exceptions = {dates[i].astimezone(BERLIN).date() for i in skipped if i < len(dates)}
    exceptions |= {(start + timedelta(days=days)).date() for days in foreign}
    wanted = [moment for moment in dates if moment.astimezone(BERLIN).date() not in exceptions]
    if not wanted:
        with pytest.raises(Invalid):
            series.split(rule, dates[0], exceptions, length=HOURS, zone=BERLIN, now=LONG_AGO)
        return
    parts, _ = series.split(rule, dates[0], exceptions, length=HOURS, zone=BERLIN, now=LONG_AGO)
    assert said(parts, len(wanted)) == wanted


def test_a_series_without_exceptions_stays_one_part_with_its_own_rule() -> None:
    start = datetime(2036, 3, 6, 18, 0, tzinfo=UTC)
    parts, remarks = series.split("FREQ=WEEKLY;COUNT=5", start, (), length=HOURS, zone=BERLIN, now=LONG_AGO)
    assert [(part.starts_at, part.recurrence) for part in parts] == [(start, "FREQ=WEEKLY;COUNT=5")]
    assert remarks == []


def test_a_day_that_is_an_exception_and_no_date_of_the_series_changes_nothing() -> None:
    start = datetime(2036, 3, 6, 18, 0, tzinfo=UTC)
    parts, _ = series.split("FREQ=WEEKLY", start, {date(2036, 3, 7)}, length=HOURS, zone=BERLIN, now=LONG_AGO)
    assert [(part.starts_at, part.recurrence) for part in parts] == [(start, "FREQ=WEEKLY")]


def test_parts_that_are_over_are_left_out_and_said() -> None:
    start = datetime(2036, 3, 6, 18, 0, tzinfo=UTC)
    exceptions = {date(2036, 3, 13), date(2036, 4, 10)}
    now = datetime(2036, 3, 29, tzinfo=UTC)
    parts, remarks = series.split("FREQ=WEEKLY", start, exceptions, length=HOURS, zone=BERLIN, now=now)
    assert [f"{part.starts_at:%m-%d}" for part in parts] == ["03-20", "04-17"]
    assert "1 earlier parts of the series are over and left out" in remarks


def test_a_series_that_is_wholly_over_leaves_its_last_part() -> None:
    start = datetime(2020, 3, 6, 18, 0, tzinfo=UTC)
    now = datetime(2036, 1, 1, tzinfo=UTC)
    parts, _ = series.split(
        "FREQ=WEEKLY;COUNT=4", start, {date(2020, 3, 13)}, length=HOURS, zone=BERLIN, now=now
    )
    assert [f"{part.starts_at:%m-%d}" for part in parts] == ["03-20"]


def test_a_start_that_the_rule_leaves_out_becomes_a_post_of_its_own_and_counts() -> None:
    monday = datetime(2036, 3, 3, 18, 0, tzinfo=UTC)
    parts, remarks = series.split(
        "FREQ=WEEKLY;BYDAY=TU;COUNT=3", monday, (), length=HOURS, zone=BERLIN, now=LONG_AGO
    )
    assert [(f"{p.starts_at:%m-%d}", p.recurrence) for p in parts] == [
        ("03-03", None),
        ("03-04", "FREQ=WEEKLY;BYDAY=TU;COUNT=2"),
    ]
    assert any("its rule leaves out" in remark for remark in remarks)


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SOMETIMES",
        "BYDAY=MO",
        "FREQ=WEEKLY;COUNT=x",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=MONTHLY;INTERVAL=00;BYMONTHDAY=31",
        "",
    ],
)
def test_a_rule_that_is_none_is_refused_in_words(rule: str) -> None:
    start = datetime(2036, 3, 3, 18, 0, tzinfo=UTC)
    with pytest.raises(
        Invalid,
        match=r"recurrence: (is not a rule of RFC 5545|must begin with FREQ=|has an INTERVAL that is no number)",
    ):
        series.split(rule, start, (), length=HOURS, zone=BERLIN, now=LONG_AGO)


def test_a_series_with_too_many_exceptions_is_refused_in_words() -> None:
    start = datetime(2036, 1, 1, 18, 0, tzinfo=UTC)
    exceptions = {date(2036, 1, 1) + timedelta(days=2 * i) for i in range(70)}
    with pytest.raises(Invalid, match="so many exceptions that it would become 70 posts"):
        series.split("FREQ=DAILY", start, exceptions, length=HOURS, zone=BERLIN, now=LONG_AGO)


def test_a_rule_means_the_same_in_a_zone_with_the_same_clock_only() -> None:
    for name, same in (("Europe/Vienna", True), ("UTC", False), ("America/New_York", False)):
        start = datetime(2036, 1, 3, 18, 0, tzinfo=ZoneInfo(name))
        assert series.agrees("FREQ=WEEKLY", start, BERLIN) is same
    assert series.agrees("FREQ=DAILY;COUNT=3", datetime(2036, 1, 3, 18, 0, tzinfo=UTC), BERLIN)
