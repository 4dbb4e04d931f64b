"""Calendars with series as towns export them: one row, one post, whatever was moved, called off or added."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from syndication import sources
from syndication.content import schedule
from syndication.content.post import Draft
from syndication.sources import Row, calendar
from syndication.sources.row import DateOf

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2036, 11, 20, 12, 0, tzinfo=UTC)
FIXTURES = Path(__file__).parents[1] / "fixtures" / "series"
MARKET = "UID:m\nSUMMARY:Markt\nDTSTART;TZID=Europe/Berlin:20361204T170000\nRRULE:FREQ=WEEKLY;COUNT=4\n"
MOVED = "UID:m\nSUMMARY:Markt\nRECURRENCE-ID;TZID=Europe/Berlin:20361211T170000\nDTSTART;TZID=Europe/Berlin:20361212T170000\n"


def read(name: str) -> list[Row]:
    return list(sources.read(FIXTURES / f"{name}.ics", zone=BERLIN, now=NOW))


def rows(*entries: str) -> list[Row]:
    body = "".join(f"BEGIN:VEVENT\n{entry}\nEND:VEVENT\n" for entry in entries)
    return list(calendar.read(f"BEGIN:VCALENDAR\n{body}END:VCALENDAR\n".encode(), zone=BERLIN, now=NOW))


def one(found: list[Row]) -> Draft:
    (row,) = found
    assert row.draft is not None, row.faults
    return row.draft


def days(content: Draft, most: int = 6) -> list[str]:
    starts = schedule.occurrences(content, BERLIN, after=NOW, most=most)
    return [f"{start.astimezone(BERLIN):%Y-%m-%d %H:%M}" for start in starts]


def test_a_series_with_a_gap_is_the_same_post_as_before() -> None:
    before, after = one(read("choir")), one(read("choir-with-a-gap"))
    assert before.source_ref == after.source_ref == "chor@musterstadt.example"
    assert after.model_copy(update={"excluded": ()}) == before
    assert days(before, 2) == ["2036-11-24 19:00", "2036-12-01 19:00"]
    assert days(after, 2) == ["2036-12-01 19:00", "2036-12-08 19:00"]


def test_twelve_mondays_without_a_tour_are_one_post() -> None:
    tour = one(read("tour"))
    assert (len(tour.excluded), tour.dates) == (12, ())
    assert days(tour, 9)[5:] == [
        "2037-01-04 15:00",
        "2037-01-06 15:00",
        "2037-01-07 15:00",
        "2037-01-08 15:00",
    ]


def test_moved_and_cancelled_dates_of_one_file_go_into_their_series() -> None:
    market = one(read("market-whole"))
    assert days(market)[2:6] == [
        "2036-12-18 17:00",
        "2036-12-23 17:00",
        "2037-01-08 17:00",
        "2037-01-15 17:00",
    ]
    moved, off = market.dates
    assert (moved.title, moved.status) == ("Abendmarkt (verlegt)", None)
    assert (off.title, off.status) == (None, "cancelled")


def test_a_date_alone_says_whose_it_is() -> None:
    (row,) = read("market-moved-date")
    assert row.date_of == DateOf("abendmarkt@musterstadt.example", datetime(2036, 12, 25, 16, tzinfo=UTC))
    assert row.source_ref == "abendmarkt@musterstadt.example/20361225T160000Z"


def test_a_course_whose_evenings_share_a_uid_has_all_of_them() -> None:
    course = one(read("course"))
    assert days(course) == ["2037-01-09 18:30", "2037-01-16 18:30", "2037-01-23 18:30", "2037-01-30 18:30"]
    assert [own.title for own in course.dates] == [f"Töpferkurs ({n}. Abend)" for n in (2, 3, 4)]


@pytest.mark.parametrize("off", ["STATUS:CANCELLED", "SUMMARY:Abgesagt: Kurs"])
@pytest.mark.parametrize("which", [0, 1, 2])
def test_one_evening_that_is_off_leaves_the_course_on(off: str, which: int) -> None:
    evenings = [
        f"UID:k\nDTSTART;TZID=Europe/Berlin:2037010{day}T183000\n{off if place == which else 'SUMMARY:Kurs'}"
        + ("" if "SUMMARY" in off or place != which else "\nSUMMARY:Kurs")
        for place, day in enumerate((2, 5, 8))
    ]
    course = one(rows(*evenings))
    assert (course.title, course.standing) == ("Kurs", "scheduled")
    assert course.begins == datetime(2037, 1, 2, 17, 30, tzinfo=UTC)
    left = [f"2037-01-0{day} 18:30" for place, day in enumerate((2, 5, 8)) if place != which]
    assert days(course) == left
    assert [own.status for own in course.dates] == ["cancelled"]


def test_a_course_that_is_off_whole_is_off() -> None:
    evenings = [
        f"UID:k\nSUMMARY:Abgesagt: Kurs\nDTSTART;TZID=Europe/Berlin:2037010{day}T183000" for day in (2, 5)
    ]
    assert one(rows(*evenings)).standing == "cancelled"


def test_the_series_own_exception_wins_over_an_older_replacement_and_yields_to_a_newer_one() -> None:
    gap = "EXDATE;TZID=Europe/Berlin:20361211T170000\n"
    older = one(rows(MARKET + gap + "SEQUENCE:2", MOVED + "SEQUENCE:1"))
    assert (days(older)[1], older.dates) == ("2036-12-18 17:00", ())
    newer = one(rows(MOVED + "SEQUENCE:3", MARKET + gap + "SEQUENCE:2"))
    assert (days(newer)[1], newer.excluded) == ("2036-12-12 17:00", ())


def test_a_replacement_that_cannot_be_told_takes_its_date_out() -> None:
    private = MOVED + "CLASS:PRIVATE"
    series, refused = rows(MARKET, private)
    assert "not for the public" in str(refused.faults[0])
    assert series.draft is not None
    assert days(series.draft) == ["2036-12-04 17:00", "2036-12-18 17:00", "2036-12-25 17:00"]


@pytest.mark.parametrize(
    "named", ["RECURRENCE-ID;VALUE=DATE:20361211", "RECURRENCE-ID;TZID=Europe/Berlin:20361211T160000"]
)
def test_a_replaced_date_is_found_by_its_day(named: str) -> None:
    found = one(rows(MARKET, f"UID:m\nSUMMARY:Markt\nDTSTART;TZID=Europe/Berlin:20361212T170000\n{named}"))
    assert [own.recurrence_id for own in found.dates] == [datetime(2036, 12, 11, 16, tzinfo=UTC)]


def test_replacements_whose_series_is_refused_stand_for_themselves() -> None:
    series, alone = rows(MARKET.replace("WEEKLY", "HOURLY"), MOVED)
    assert series.draft is None
    assert alone.draft is not None
    assert alone.date_of is not None


def test_of_very_many_dates_of_their_own_those_that_are_over_go() -> None:
    series = "UID:m\nSUMMARY:Markt\nDTSTART;TZID=Europe/Berlin:20360101T170000\nRRULE:FREQ=DAILY"
    first = datetime(2036, 1, 1, 17, tzinfo=BERLIN)
    own = []
    for day in range(0, 360, 3):
        named = f"{(first + timedelta(days=day)):%Y%m%d}"
        own.append(
            f"UID:m\nSUMMARY:Anders\nRECURRENCE-ID;TZID=Europe/Berlin:{named}T170000\nDTSTART;TZID=Europe/Berlin:{named}T180000"
        )
    found = one(rows(series, *own))
    assert len(found.dates) == 12
    assert min(found.dates, key=lambda date: date.recurrence_id).recurrence_id > NOW
