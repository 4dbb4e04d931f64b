"""Rules of repeated events: the same days as a well-known library names, and no rule costs more than a moment."""

import sys
import time
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from syndication.content import recurrence
from syndication.content.post import Content
from syndication.content.reason import Reason
from syndication.content.schedule import last_occurrence, occurrences
from syndication.errors import Invalid
from syndication.infra.reasons import translated_reason
from syndication.kinds import reading
from syndication.kinds.reading import draft

BERLIN = ZoneInfo("Europe/Berlin")
LONG_AGO = datetime(1990, 1, 1, tzinfo=UTC)
START = "2030-01-01T10:00:00Z"
#: Seconds of CPU that one rule may cost at most; dateutil took 8 to find out that a day does not come.
MOST = 0.2
#: Rules that do happen, and were walked far to find the last of their dates.
RARE = (
    "FREQ=WEEKLY;COUNT=10000;BYDAY=TU,SU,SA,MO,TU,WE,MO;BYMONTHDAY=-29",
    "FREQ=WEEKLY;COUNT=9999;BYMONTHDAY=31",
    "FREQ=YEARLY;BYDAY=SU,MO,TU,WE,TH,FR,SA;BYMONTHDAY=31;COUNT=9999",
    "FREQ=DAILY;BYMONTHDAY=29;BYMONTH=2;COUNT=9999",
)
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
NEVER = (
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29",  # from 2030 on every fourth year has none
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-30",
    "FREQ=MONTHLY;BYDAY=6MO",
    "FREQ=MONTHLY;BYDAY=-6MO",
    "FREQ=MONTHLY;BYDAY=0MO",
    "FREQ=YEARLY;BYDAY=54MO",
    "FREQ=YEARLY;BYMONTH=3;BYDAY=6MO",
    "FREQ=MONTHLY;BYDAY=5MO;BYMONTHDAY=1",
    "FREQ=MONTHLY;INTERVAL=12;BYMONTH=2",
    "FREQ=DAILY;BYSETPOS=2",
    "FREQ=WEEKLY;BYDAY=MO;BYSETPOS=8",
    "FREQ=WEEKLY;BYDAY=MO;BYSETPOS=2",
    "FREQ=MONTHLY;BYMONTHDAY=1;BYSETPOS=-2",
    "FREQ=DAILY;INTERVAL=7;BYDAY=SA",
    "FREQ=DAILY;INTERVAL=14;BYDAY=SA",
    "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=31",
    "FREQ=WEEKLY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=DAILY;COUNT=0",
    "FREQ=DAILY;COUNT=-1",
    "FREQ=DAILY;COUNT=1000000",
    "FREQ=DAILY;INTERVAL=-1",
    "FREQ=DAILY;INTERVAL=²",
    "FREQ=DAILY;INTERVAL=367",
    "FREQ=DAILY;UNTIL=20291231",
    "FREQ=DAILY;UNTIL=00010101",
    "FREQ=DAILY;UNTIL=20300231",
    "FREQ=DAILY;BYWEEKNO=54",
    "FREQ=DAILY;BYYEARDAY=367",
    "FREQ=DAILY;FREQ=WEEKLY",
    "FREQ=WEEKLY;BYDAY=",
    "FREQ=HOURLY",
    "FREQ=SECONDLY;COUNT=3",
    "FREQ=WEEKLY;BYMONTHDAY=1;BYSETPOS=2",
    "FREQ=WEEKLY;INTERVAL=2;BYMONTHDAY=29,-31,-29;BYSETPOS=5",
    "FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=1;BYSETPOS=2",
    "FREQ=YEARLY;BYDAY=MO;BYSETPOS=54",
    "FREQ=YEARLY;BYDAY=53MO;BYMONTHDAY=1",
    "FREQ=YEARLY;INTERVAL=366;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO",
    "FREQ=WEEKLY;INTERVAL=366;BYMONTH=2;BYMONTHDAY=29",
    "FREQ=WEEKLY;WKST=XX",
    "FREQ=YEARLY;BYMONTHDAY=" + ",".join(["31"] * 80) + ";BYMONTH=2",
)


def event(rule: str, start: str = START) -> dict[str, Any]:
    return {"kind": "event", "title": "x", "starts_at": start, "recurrence": rule}


def cost(work: Any) -> float:
    """Seconds of CPU, the least of two: the first may also pay for what is loaded."""

    def once() -> float:
        before = time.thread_time()
        work()
        return time.thread_time() - before

    return min(once(), once())


@pytest.mark.parametrize("rule", NEVER)
def test_a_rule_that_names_no_day_is_refused_in_words_and_at_once(rule: str) -> None:
    def refused() -> None:
        with pytest.raises(Invalid) as caught:
            draft(event(rule))
        (fault,) = caught.value.faults
        assert fault.field == "recurrence"
        assert len(fault.message) > 10

    assert cost(refused) < MOST / 4


def steps(work: Any) -> int:
    """Functions that it calls, which are as many on every machine."""
    called = 0

    def count(_frame: Any, what: str, _argument: Any) -> None:
        nonlocal called
        called += what in ("call", "c_call")

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return called


@pytest.mark.parametrize("rule", NEVER)
def test_a_rule_that_names_no_day_is_refused_after_few_steps_and_in_german_too(rule: str) -> None:
    said: list[str] = []

    def refused() -> None:
        with pytest.raises(ValueError, match=r"\w") as caught:
            recurrence.checked(rule, datetime.fromisoformat(START))
        said.append(str(caught.value))

    recurrence.parsed.cache_clear()
    assert steps(refused) < 20_000
    (reason,) = said
    assert isinstance(reason, Reason)
    assert translated_reason(reason, "de") != reason


@pytest.mark.parametrize("rule", NEVER)
def test_such_a_rule_that_was_kept_once_is_read_at_no_cost(rule: str) -> None:
    kept = reading.kept(event(rule))

    def read() -> None:
        occurrences(kept, BERLIN, after=LONG_AGO, most=3)
        last_occurrence(kept, BERLIN)
        kept.over_at(BERLIN)

    assert cost(read) < MOST


@pytest.mark.parametrize("rule", RARE)
def test_a_rule_that_happens_rarely_is_walked_no_further_than_others(rule: str) -> None:
    assert steps(lambda: draft(event(rule)).over_at(BERLIN)) < 1_000_000


ordinals = st.sampled_from(["", "1", "2", "-1", "5", "-5", "53", "6"])
numbers = st.lists(st.integers(-31, 31), min_size=1, max_size=4)


@st.composite
def rules(draw: st.DrawFn) -> str:
    """Rules as people and attackers write them; many name no day."""
    parts = [f"FREQ={draw(st.sampled_from(['DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY']))}"]
    optional = {
        "INTERVAL": st.integers(0, 400),
        "COUNT": st.integers(-1, 100_000),
        "UNTIL": st.sampled_from(["20300105", "20370101T000000Z", "99991231", "20990101T120000"]),
        "BYDAY": st.lists(st.builds("{}{}".format, ordinals, st.sampled_from(DAYS)), min_size=1, max_size=7),
        "BYMONTHDAY": numbers,
        "BYMONTH": st.lists(st.integers(0, 13), min_size=1, max_size=4),
        "BYSETPOS": numbers,
        "WKST": st.sampled_from(DAYS),
    }
    for name, values_ in optional.items():
        if draw(st.booleans()):
            value = draw(values_)
            parts.append(f"{name}={','.join(map(str, value)) if isinstance(value, list) else value}")
    return ";".join(parts)


@given(rule=rules(), days=st.integers(0, 3000))
@settings(max_examples=150, derandomize=True, deadline=None)
def test_no_rule_costs_more_than_a_moment(rule: str, days: int) -> None:
    start = datetime(2026, 1, 1, 22, 30, tzinfo=UTC) + timedelta(days=days)
    found: list[Content] = []

    def judge() -> None:
        try:
            found.append(draft(event(rule, start.isoformat())))
        except Invalid:
            found.append(reading.kept(event(rule, start.isoformat())))

    assert cost(judge) < MOST

    def read() -> None:
        occurrences(found[-1], BERLIN, after=LONG_AGO, most=3)
        last_occurrence(found[-1], BERLIN)

    assert cost(read) < MOST


@st.composite
def usual_rules(draw: st.DrawFn) -> str:
    """Rules of which dateutil and RFC 5545 think the same.

    dateutil takes BYDAY=MO,2TU for days that are both, and begins the first week of BYSETPOS at the start.
    """
    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    parts = [f"FREQ={frequency}", f"INTERVAL={draw(st.integers(1, 4))}"]
    placed = frequency in ("MONTHLY", "YEARLY") and draw(st.booleans())
    place = st.sampled_from(["1", "2", "-1", "-2", "5"]) if placed else st.just("")
    if draw(st.booleans()):
        days = draw(st.lists(st.builds("{}{}".format, place, st.sampled_from(DAYS)), min_size=1, max_size=4))
        parts.append(f"BYDAY={','.join(days)}")
    if draw(st.booleans()):
        parts.append(f"BYMONTHDAY={draw(st.sampled_from(['1', '13,-1', '31', '29,30', '-7,15']))}")
    if draw(st.booleans()):
        parts.append(f"BYMONTH={draw(st.sampled_from(['2', '1,12', '6,7,8', '2,9']))}")
    if frequency != "WEEKLY" and draw(st.booleans()):
        parts.append(f"BYSETPOS={draw(st.sampled_from(['1', '-1', '1,-1', '2']))}")
    parts.append(f"WKST={draw(st.sampled_from(DAYS))}")
    parts += draw(st.sampled_from([[], ["COUNT=7"], ["UNTIL=20331231T225959Z"]]))
    return ";".join(parts)


@given(rule=usual_rules(), days=st.integers(0, 1500))
@settings(max_examples=150, derandomize=True, deadline=None)
def test_a_rule_names_the_days_that_dateutil_names(rule: str, days: int) -> None:
    start = datetime(2026, 1, 1, 19, 30, tzinfo=BERLIN) + timedelta(days=days)
    try:
        recurrence.checked(rule, start)
    except ValueError:
        return  # dateutil would search to the year 9999
    ours = list(islice(recurrence.walk(recurrence.parsed(rule), start), 6))
    theirs = list(islice(rrulestr(rule, dtstart=start), len(ours) or 1))
    assert ours == theirs


def test_a_week_with_a_place_begins_where_weeks_begin() -> None:
    # RFC 5545 section 3.3.10: BYSETPOS chooses from the whole week, also in the first one.
    tuesday = datetime(2026, 4, 7, 19, 30, tzinfo=BERLIN)
    first = next(recurrence.walk(recurrence.parsed("FREQ=WEEKLY;BYDAY=MO,TU,SU;BYSETPOS=3"), tuesday))
    assert first.date().isoformat() == "2026-04-12"


def test_mondays_and_second_tuesdays_are_both_meant() -> None:
    start = datetime(2026, 6, 1, 10, 0, tzinfo=BERLIN)
    walk = recurrence.walk(recurrence.parsed("FREQ=MONTHLY;BYDAY=MO,2TU"), start)
    assert [f"{one:%m-%d}" for one in islice(walk, 4)] == ["06-01", "06-08", "06-09", "06-15"]


def test_a_start_just_before_midnight_may_lie_on_the_next_day_here() -> None:
    # A Monday in UTC, a Tuesday in Coburg: only there the rule fits.
    content = draft(event("FREQ=DAILY;INTERVAL=7;BYDAY=TU", "2030-01-07T23:30:00Z")).content()
    assert occurrences(content, BERLIN, after=LONG_AGO, most=1)


def test_a_leap_day_is_repeated_after_four_years() -> None:
    rule = "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29"
    content = draft(event(rule, "2028-02-29T10:00:00Z")).content()
    years = [one.year for one in occurrences(content, BERLIN, after=LONG_AGO, most=3)]
    assert years == [2028, 2032, 2036]


def test_no_walk_is_without_an_end() -> None:
    package = Path(recurrence.__file__).parents[1]
    sources = {path: path.read_text(encoding="utf-8") for path in package.rglob("*.py")}
    assert [path.name for path, text in sources.items() if "rrulestr" in text] == []
