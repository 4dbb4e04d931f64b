"""A calendar is read whatever happened to it: each entry is a post or a sentence, and none takes another with it."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syndication.sources import Row, calendar
from tests.sources import mutations

FILES = mutations.files()


@given(seed=st.integers(0, 2**32), file=st.sampled_from(FILES))
@settings(max_examples=600, derandomize=True, deadline=None)
def test_no_accident_ends_the_reading_or_costs_a_sound_entry(seed: int, file: bytes) -> None:
    data = mutations.damaged(file, random.Random(seed))
    assert mutations.wrong(data) is None, data.decode(errors="replace")


def read(*lines: str) -> list[Row]:
    """The rows of a calendar with one entry that has these lines too, and a sound one behind it."""
    damaged = "\r\n".join(["BEGIN:VEVENT", "UID:1", "SUMMARY:Chor", *lines, "END:VEVENT", ""])
    data = f"BEGIN:VCALENDAR\r\n{damaged}".encode() + mutations.SOUND + b"END:VCALENDAR\r\n"
    return list(calendar.read(data, zone=mutations.BERLIN, now=mutations.NOW))


STARTS = "DTSTART:20360822T180000Z"


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([STARTS, "RRULE:FREQ=DAILY;COUNT=3", "RDATE:083000"], "has an RDATE that is no date: “083000”"),
        ([STARTS, "RRULE:FREQ=DAILY;COUNT=3", "EXDATE:PT1H"], "has an EXDATE that is no date: “PT1H”"),
        ([STARTS, "RECURRENCE-ID:083000"], "RECURRENCE-ID: is neither a date nor a date with a time"),
        ([STARTS, "RECURRENCE-ID:"], "RECURRENCE-ID: is not a date: “”"),
        ([STARTS, "RECURRENCE-ID:bald"], "RECURRENCE-ID: is not a date: “bald”"),
        ([STARTS, "RECURRENCE-ID:00010101T000000"], "DTSTART: lies outside the years 1 to 9999"),
        (["DTSTART:083000"], "DTSTART: is neither a date nor a date with a time"),
        ([STARTS, "DURATION:20360822"], "DURATION: is not a length of time"),
        ([STARTS, "RRULE:FREQ=WEEKLY;UNTIL=083000"], "has an UNTIL that is no date: 08:30:00"),
        ([STARTS, "RRULE:FREQ=WEEKLY;COUNT=-1"], "has a COUNT that is no number from 1"),
        ([STARTS, "RRULE:FREQ=WEEKLY;COUNT=0"], "has a COUNT that is no number from 1"),
        ([STARTS, "RRULE:FREQ=WEEKLY;INTERVAL=0"], "has an INTERVAL that is no number from 1"),
    ],
)
def test_what_cannot_be_meant_is_a_sentence_about_its_entry_and_the_next_one_comes_in(
    lines: list[str], words: str
) -> None:
    row, sound = read(*lines)
    assert (row.position, row.title, row.draft) == ("entry 1, line 2", "Chor", None)
    assert words in "; ".join(map(str, row.faults))
    assert sound.draft is not None


@pytest.mark.parametrize(
    "lines",
    [
        ["DTSTART;VALUE=TEXT:20360822T180000Z"],
        ["DTSTART;VALUE=URI:20360822T180000Z", "DTSTAMP;VALUE=URI:20360101T000000Z"],
        [STARTS, "SEQUENCE;VALUE=TEXT:3", "GEO;VALUE=TEXT:52.1;12.9"],
        [STARTS, "SEQUENCE:viele", "DTSTAMP:gestern", "GEO:hier", "CATEGORIES;VALUE=DATE:Musik"],
        [STARTS, "SUMMARY;VALUE=BINARY;ENCODING=BASE64:Q2hvcg=="],
        [STARTS, "RRULE:", "EXDATE;VALUE=DATE:", "RDATE: "],
        [
            STARTS,
            "DTEND:",
            "DURATION:",
            "GEO:",
            "URL:",
            "SEQUENCE:",
            "STATUS:",
            "CATEGORIES:",
            "DESCRIPTION:",
        ],
    ],
)
def test_what_says_the_wrong_type_of_itself_is_read_as_what_it_is(lines: list[str]) -> None:
    row, _ = read(*lines)
    assert row.draft is not None, row.faults
    assert row.draft.title == "Chor"
    assert row.draft.begins == mutations.datetime(2036, 8, 22, 18, 0, tzinfo=mutations.UTC)


def test_an_entry_that_a_library_chokes_on_is_named_by_its_title() -> None:
    row, sound = read(STARTS, "BEGIN:VALARM", "BEGIN:VALARM", "END:VEVENT\r\nEND:VALARM")
    assert (row.title, row.draft) == ("Chor", None)
    assert row.faults
    assert sound.draft is not None


@pytest.mark.parametrize(
    "newer",
    [
        "RECURRENCE-ID:083000\r\nDTSTART:20360829T180000Z",
        "RECURRENCE-ID:\r\nDTSTART:20360829T180000Z",
        "DTSTART:bald",
    ],
)
def test_a_newer_entry_that_cannot_be_read_does_not_take_the_place_of_its_series(newer: str) -> None:
    series = [STARTS, "RRULE:FREQ=WEEKLY;COUNT=3", "END:VEVENT"]
    other = ["BEGIN:VEVENT", "UID:1", "SUMMARY:Chor", "SEQUENCE:5", newer]
    row, bad, sound = read(*series, *other)
    assert (row.draft is not None, bad.draft, bad.title) == (True, None, "Chor")
    assert bad.faults
    assert sound.draft is not None
