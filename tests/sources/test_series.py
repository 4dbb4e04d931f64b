"""Series of a calendar: exactly the dates of the rule, without what falls out and with what comes along."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given
from hypothesis import strategies as st

from syndication.content.schedule import occurrences
from syndication.errors import Invalid
from syndication.kinds.event_content import EventContent
from syndication.kinds.reading import draft
from syndication.sources import series

BERLIN = ZoneInfo("Europe/Berlin")
LONG_AGO = datetime(1990, 1, 1, tzinfo=UTC)
THURSDAY = datetime(2036, 3, 6, 18, 0, tzinfo=UTC)
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


def told(
    rule: str | None, start: datetime, excluded: set[datetime], added: set[datetime] = frozenset()
) -> tuple[EventContent, tuple[str, ...]]:  # type: ignore[assignment]  # an empty one
    found = series.dates(rule, start, excluded=excluded, added=added, zone=BERLIN, now=LONG_AGO)
    content = draft(
        {
            "kind": "event", "title": "x", "starts_at": found.starts_at, "recurrence": found.recurrence,
            "excluded": found.excluded, "added": found.added,
        }
    ).content()  # fmt: skip
    return content, found.remarks


@given(
    rule=st.sampled_from(RULES),
    first=st.integers(0, 400),
    skipped=st.sets(st.integers(0, 35), max_size=6),
    foreign=st.sets(st.integers(0, 100), max_size=2),
)
def test_exactly_the_rule_without_its_exceptions_is_told(
    rule: str, first: int, skipped: set[int], foreign: set[int]
) -> None:
    wished = datetime(2036, 1, 1, 19, 30, tzinfo=BERLIN) + timedelta(days=first)
    start = next(iter(rrulestr(rule, dtstart=wished)))
    dates = [
        moment.astimezone(UTC) for moment, _ in zip(rrulestr(rule, dtstart=start), range(60), strict=False)
    ]
    # An EXDATE at another hour counts for its day.
    excluded = {dates[i] + timedelta(hours=i % 3) for i in skipped if i < len(dates)}
    excluded |= {start.astimezone(UTC) + timedelta(days=days) for days in foreign}
    days = {one.astimezone(BERLIN).date() for one in excluded}
    wanted = [moment for moment in dates if moment.astimezone(BERLIN).date() not in days]
    if not wanted:
        with pytest.raises(Invalid, match="leaves no date"):
            told(rule, dates[0], excluded)
        return
    content, _ = told(rule, dates[0], excluded)
    assert occurrences(content, BERLIN, after=LONG_AGO, most=len(wanted)) == wanted


def test_an_exception_that_names_no_date_is_passed_over() -> None:
    content, remarks = told("FREQ=WEEKLY", THURSDAY, {THURSDAY + timedelta(days=1)})
    assert (content.starts_at, content.recurrence, content.excluded) == (THURSDAY, "FREQ=WEEKLY", ())
    assert remarks == ()


def test_a_start_that_the_rule_leaves_out_comes_along_and_counts() -> None:
    monday = datetime(2036, 3, 3, 18, 0, tzinfo=UTC)
    content, remarks = told("FREQ=WEEKLY;BYDAY=TU;COUNT=3", monday, set())
    starts = occurrences(content, BERLIN, after=LONG_AGO, most=9)
    assert [f"{start:%m-%d}" for start in starts] == ["03-03", "03-04", "03-11"]
    assert any("its rule leaves out" in remark for remark in remarks)


def test_very_many_exceptions_cost_one_walk() -> None:
    """Each for itself would walk ten thousand counted dates anew: minutes, where one walk takes a moment."""
    excluded = [THURSDAY + timedelta(days=day, hours=1) for day in range(0, 9000, 31)]
    found = series.dates(
        "FREQ=DAILY;COUNT=9999", THURSDAY, excluded=excluded, added=(), zone=BERLIN, now=LONG_AGO
    )
    assert len(found.excluded) == len(excluded)


def test_a_list_of_dates_loses_what_is_excluded() -> None:
    more = {THURSDAY + timedelta(days=7), THURSDAY + timedelta(days=9)}
    content, _ = told(None, THURSDAY, {THURSDAY + timedelta(days=9)}, more)
    assert (content.added, content.excluded) == ((THURSDAY + timedelta(days=7),), ())


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
    with pytest.raises(
        Invalid,
        match=r"recurrence: (is not a rule of RFC 5545|must begin with FREQ=|has an INTERVAL that is no number)",
    ):
        series.dates(rule, THURSDAY, excluded=(), added=(), zone=BERLIN, now=LONG_AGO)


def test_of_very_many_exceptions_those_that_are_over_go_and_too_many_are_refused_in_words() -> None:
    excluded = [THURSDAY + timedelta(days=2 * day) for day in range(400)]
    with pytest.raises(Invalid, match="has 400 dates in EXDATE; at most 300 can be told"):
        series.dates("FREQ=DAILY", THURSDAY, excluded=excluded, added=(), zone=BERLIN, now=LONG_AGO)
    later = THURSDAY + timedelta(days=300)
    found = series.dates("FREQ=DAILY", THURSDAY, excluded=excluded, added=(), zone=BERLIN, now=later)
    assert len(found.excluded) == 249
    assert found.remarks == ("151 dates of EXDATE are over and were left out",)


def test_a_rule_means_the_same_in_a_zone_with_the_same_clock_only() -> None:
    for name, same in (("Europe/Vienna", True), ("UTC", False), ("America/New_York", False)):
        start = datetime(2036, 1, 3, 18, 0, tzinfo=ZoneInfo(name))
        assert series.agrees("FREQ=WEEKLY", start, BERLIN) is same
    assert series.agrees("FREQ=DAILY;COUNT=3", datetime(2036, 1, 3, 18, 0, tzinfo=UTC), BERLIN)


def test_a_date_says_only_what_is_different_about_it() -> None:
    market, _ = told("FREQ=WEEKLY", THURSDAY, {THURSDAY + timedelta(days=14)})
    alone = draft({"kind": "event", "title": "x", "starts_at": THURSDAY + timedelta(days=8)}).content()
    moved = series.with_date(market, alone, THURSDAY + timedelta(days=7), BERLIN)
    assert [one.model_dump(exclude_none=True) for one in moved.dates] == [
        {"recurrence_id": THURSDAY + timedelta(days=7), "starts_at": THURSDAY + timedelta(days=8)}
    ]
    back = alone.model_copy(update={"starts_at": THURSDAY + timedelta(days=7)})
    assert series.with_date(moved, back, THURSDAY + timedelta(days=7), BERLIN) == market
    again = alone.model_copy(update={"starts_at": THURSDAY + timedelta(days=14)})
    assert series.with_date(market, again, THURSDAY + timedelta(days=14), BERLIN).excluded == ()


def test_a_date_that_the_series_does_not_have_comes_along_unless_it_is_off() -> None:
    market, _ = told("FREQ=WEEKLY", THURSDAY, set())
    sunday = THURSDAY + timedelta(days=10)
    alone = draft({"kind": "event", "title": "y", "starts_at": sunday}).content()
    found = series.with_date(market, alone, sunday, BERLIN)
    assert (found.added, found.dates[0].title) == ((sunday,), "y")
    off = alone.model_copy(update={"status": "cancelled"})
    assert series.with_date(market, off, sunday, BERLIN) == market
