"""Days and hours as German and English people write them: each form with what it means, or with what is wrong."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.content.reason import Reason
from syndication.sources import when
from syndication.sources.pieces import month_heading
from syndication.sources.when import Frame, Said

TODAY = date(2026, 11, 25)
FRAME = Frame(TODAY)
DECEMBER = Frame(TODAY, 2026, 12)
AMERICAN = Frame(TODAY, order="month/day")
MONTHS = {
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "en": "January February March April May June July August September October November December",
}


def day(text: str) -> date:
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    "text",
    [
        "24.02.2027", "24.2.2027", "24.2.27", "24. 2. 2027", "24. Februar 2027", "24.Februar 2027", "24. Feb. 2027",
        "Mi, 24.02.2027", "Mi. 24.02.2027", "Mittwoch 24. Februar 2027", "Mittwoch, den 24. Februar 2027", "2027-02-24",
        "24/02/2027", "24-02-2027", "24.02.2027 (Mi)", "February 24, 2027", "Feb. 24 2027", "24 February 2027", "Wed 24 Feb 2027",
        "24th February 2027", "ab 24.02.2027", "am 24.02.2027", "\xa024.02.2027\u2009",
    ],
)  # fmt: skip
def test_one_day_has_many_forms(text: str) -> None:
    assert when.said(text, FRAME) == Said(first=day("2027-02-24"))


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("5.–7.12.2026", "2026-12-05", "2026-12-07"),
        ("5-7.12.2026", "2026-12-05", "2026-12-07"),
        ("Sa./So. 5./6.12.2026", "2026-12-05", "2026-12-06"),
        ("5. und 6. Dezember 2026", "2026-12-05", "2026-12-06"),
        ("05.12.2026 bis 06.12.2026", "2026-12-05", "2026-12-06"),
        ("30. November bis 2. Dezember 2026", "2026-11-30", "2026-12-02"),
        ("28.12.2026 - 3.1.2027", "2026-12-28", "2027-01-03"),
        ("28.12. - 3.1.2027", "2026-12-28", "2027-01-03"),
        ("28.12.2026 - 3.1.", "2026-12-28", "2027-01-03"),
        ("28.12. - 3.1.", "2026-12-28", "2027-01-03"),
        ("5. Dezember 2026 bis 7.", "2026-12-05", "2026-12-07"),
        ("Mo–Fr 7.-11.12.2026", "2026-12-07", "2026-12-11"),
        ("Dec 5-7, 2026", "2026-12-05", "2026-12-07"),
        ("17/18.2.2027", "2027-02-17", "2027-02-18"),
    ],
)
def test_several_days_in_one_cell_are_from_the_first_to_the_last(text: str, first: str, last: str) -> None:
    found = when.said(text, FRAME)
    assert (found.first, found.last) == (day(first), day(last))


def test_over_the_end_of_the_year_of_a_heading_a_range_goes_into_the_next() -> None:
    found = when.said("28.12.–3.1.", DECEMBER)
    assert (found.first, found.last) == (day("2026-12-28"), day("2027-01-03"))


@pytest.mark.parametrize(
    ("text", "begins", "ends"),
    [
        ("18:00", "18:00", None), ("18.30 Uhr", "18:30", None), ("18 Uhr", "18:00", None), ("18", "18:00", None),
        ("18h", "18:00", None), ("18h30", "18:30", None), ("12.00h", "12:00", None), ("ab 18 Uhr", "18:00", None),
        ("um 18:00 Uhr", "18:00", None), ("ca. 20 Uhr", "20:00", None), ("20:00:00", "20:00", None), ("7:30 PM", "19:30", None),
        ("7pm", "19:00", None), ("7 p.m.", "19:00", None), ("12 am", "00:00", None), ("12 pm", "12:00", None),
        ("24:00", "24:00", None), ("24.00 Uhr", "24:00", None), ("0:00", "00:00", None), ("18–22 Uhr", "18:00", "22:00"),
        ("18 - 22", "18:00", "22:00"), ("18:00 - 22:00", "18:00", "22:00"), ("18 bis 22 Uhr", "18:00", "22:00"),
        ("von 18 bis 22 Uhr", "18:00", "22:00"), ("18:00-24:00", "18:00", "24:00"), ("7-9 pm", "19:00", "21:00"),
        ("11-1 pm", "11:00", "13:00"), ("9:00 a.m. - 5:00 p.m.", "09:00", "17:00"), ("bis 22 Uhr", None, "22:00"),
        ("20 Uhr - open end", "20:00", None), ("18 Uhr 30", "18:30", None), ("20 Uhr bis Mitternacht", "20:00", "24:00"),
        ("18.30–20.00 Uhr", "18:30", "20:00"), ("18:30h", "18:30", None), ("24 Uhr", "24:00", None),
        ("18:00 Uhr –", "18:00", None), ("1830", "18:30", None), ("1830 Uhr", "18:30", None), ("1930-2200", "19:30", "22:00"),
        ("19 Uhr s.t.", "19:00", None), ("19 Uhr s. t.", "19:00", None), ("8 Uhr abends", "20:00", None),
        ("abends um 8", "20:00", None), ("7 bis 9 Uhr abends", "19:00", "21:00"), ("3 in the afternoon", "15:00", None),
        ("9 Uhr morgens", "09:00", None), ("12 Uhr mittags", "12:00", None), ("nachmittags 15 Uhr", "15:00", None),
    ],
)  # fmt: skip
def test_hours_have_many_forms(text: str, begins: str | None, ends: str | None) -> None:
    def minutes(clock: str | None) -> int | None:
        return None if clock is None else int(clock[:2]) * 60 + int(clock[3:])

    assert when.said(text, FRAME, hours=True) == Said(begins=minutes(begins), ends=minutes(ends))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("24.02.2027, 18:00 bis 22:00 Uhr", Said(day("2027-02-24"), None, 1080, 1320)),
        ("Donnerstag, den 24. Dezember 2026 um 18 Uhr", Said(day("2026-12-24"), None, 1080)),
        ("24.02.2027 18:00 - 25.02.2027 02:00", Said(day("2027-02-24"), day("2027-02-25"), 1080, 120)),
        ("5.-7.12.2026, 10-18 Uhr", Said(day("2026-12-05"), day("2026-12-07"), 600, 1080)),
        ("2027-02-24 18:00:00", Said(day("2027-02-24"), None, 1080)),
        ("2027-02-24 18:00-22:00", Said(day("2027-02-24"), None, 1080, 1320)),
        ("Feb. 24 2027 at 7:30 p.m.", Said(day("2027-02-24"), None, 1170)),
        ("2027-02-24T18:00+01:00", Said(at=datetime.fromisoformat("2027-02-24T18:00+01:00"))),
    ],
)
def test_a_day_and_its_hours_may_stand_together(text: str, found: Said) -> None:
    assert when.said(text, FRAME) == found


@pytest.mark.parametrize(
    ("text", "doors"),
    [
        ("19 Uhr (Einlass 18 Uhr)", "Einlass 18 Uhr"),
        ("Einlass 18:00, Beginn 19:00 Uhr", "Einlass 18:00"),
        ("Einlass: 18 Uhr / Beginn: 19 Uhr", "Einlass: 18 Uhr"),
        ("doors 6 pm, start 7 pm", "doors 6 pm"),
    ],
)
def test_when_doors_open_is_no_beginning(text: str, doors: str) -> None:
    assert when.said(text, FRAME, hours=True) == Said(begins=1140, notes=(doors,))


def test_a_quarter_of_an_hour_later_is_added_and_told() -> None:
    found = when.said("20 Uhr c.t.", FRAME, hours=True)
    assert found == Said(begins=1215, remarks=("c.t. is a quarter of an hour later: 20:15",))


def test_noon_is_an_hour_and_told() -> None:
    found = when.said("24.12.2026 mittags", FRAME)
    assert found == Said(day("2026-12-24"), begins=720, remarks=("“mittags” was read as 12:00",))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("29.11.2026 1830", Said(day("2026-11-29"), begins=1110)),
        ("29.11. 1930", Said(day("2026-11-29"), begins=1170)),
        ("29. November 1930", Said(day("2026-11-29"), begins=1170)),
        ("29. November 2027", Said(day("2027-11-29"))),
        ("24.12.2026 bis 26.12.2026 18 Uhr", Said(day("2026-12-24"), day("2026-12-26"), 1080)),
        ("24.12.2026 bis 18 Uhr", Said(day("2026-12-24"), ends=1080)),
        ("24.12.2026 - 18 Uhr", Said(day("2026-12-24"), begins=1080)),
    ],
)
def test_four_figures_and_a_single_hour_are_what_people_mean_by_them(text: str, found: Said) -> None:
    assert replace(when.said(text, FRAME), remarks=()) == found


def test_whole_days_are_said_in_words() -> None:
    assert when.said("ganztägig", FRAME, hours=True) == Said(whole=True)
    assert when.said("24.02.2027 (ganztägig)", FRAME) == Said(first=day("2027-02-24"), whole=True)


@pytest.mark.parametrize(
    ("text", "frame", "after", "found"),
    [
        ("Sa 5.", DECEMBER, None, "2026-12-05"),
        ("5", DECEMBER, None, "2026-12-05"),
        ("31.12.", DECEMBER, None, "2026-12-31"),
        ("02/03/2027", FRAME, None, "2027-03-02"),
        ("02/03/2027", AMERICAN, None, "2027-02-03"),
        ("31. Januar", FRAME, day("2026-12-05"), "2027-01-31"),
        ("31. Januar", FRAME, day("2027-01-05"), "2027-01-31"),
        ("31. Januar", FRAME, None, "2027-01-31"),
        ("Sa 5.12.", FRAME, None, "2026-12-05"),
        ("20.11.", FRAME, None, "2026-11-20"),
    ],
)
def test_what_a_day_leaves_out_is_said_around_it(
    text: str, frame: Frame, after: date | None, found: str
) -> None:
    assert when.said(text, frame, after=after).first == day(found)


def test_a_year_that_is_taken_from_today_is_told() -> None:
    assert when.said("5.12.", FRAME).remarks == ("without a year: “5.12.” was read as 2026-12-05",)
    assert when.said("31.12.", DECEMBER).remarks == ()


def test_an_end_alone_is_no_beginning() -> None:
    assert when.said("bis 31. Januar", FRAME, after=day("2026-12-05")) == Said(last=day("2027-01-31"))


def test_a_day_of_the_week_that_does_not_fit_is_told() -> None:
    assert when.said("Montag, 6.12.2026", FRAME).remarks == (
        "the day of the week does not fit the date, which was taken: “Montag, 6.12.2026”",
    )


@pytest.mark.parametrize(
    ("text", "hours", "words"),
    [
        ("heute", False, "is not a date such as 24.12.2026 18:00: “heute”"),
        ("31.02.2027", False, "is not a date"),
        ("KW 5", False, "is not a date"),
        ("täglich", False, "is not a date"),
        ("24. Markt 2027", False, "is not a date"),
        ("abends", True, "says “abends” and no hour; please name it, such as 19:00"),
        ("24.12.2026 abends", False, "says “abends” and no hour"),
        ("c.t.", True, "is not a time"),
        ("25:00", True, "is not a time"),
        ("24:30", True, "is not a time"),
        ("18:60", True, "is not a time"),
        ("13 pm", True, "is not a time"),
        ("1860", True, "is not a time"),
        ("2530", True, "is not a time"),
        ("14 und 16 Uhr", True, "names several times"),
        ("10-12 und 14-16 Uhr", True, "names several times"),
        ("5./12.12.2026", False, "names several days"),
        ("So 5.12.", False, "names no year"),
        ("5./7.12.", False, "names several days"),
        ("5.7.", False, "names no year"),
        ("5.", False, "names no month"),
        ("", False, "is not a date"),
        ("-", False, "is not a date"),
        ("2027", False, "is not a date"),
    ],
)
def test_what_says_no_day_or_several_is_refused_and_not_guessed(text: str, hours: bool, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        when.said(text, FRAME, hours=hours)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Dezember 2026", (12, 2026)), ("DEZEMBER 2026", (12, 2026)), ("– Januar –", (1, None)), ("Dez. 2026", (12, 2026)),
        ("May", (5, None)), ("Markt", None), ("Dezember im Park", None), ("2026", None),
    ],
)  # fmt: skip
def test_a_month_alone_heads_what_is_below(text: str, found: tuple[int, int | None] | None) -> None:
    assert month_heading(text) == found


def test_midnight_ends_its_day_whatever_the_clocks_do() -> None:
    zone = ZoneInfo("Europe/Berlin")
    assert when.at(day("2027-03-28"), 1440, zone) == datetime(2027, 3, 29, tzinfo=zone)


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)), st.sampled_from(["de", "en"]), st.data())
def test_every_day_is_found_in_every_form(one: date, language: str, data: st.DataObject) -> None:
    month = MONTHS[language].split()[one.month - 1]
    forms = [f"{one:%d.%m.%Y}", f"{one.day}.{one.month}.{one.year}", one.isoformat(), f"{one:%d/%m/%Y}"]
    forms += [
        f"{one.day}. {month} {one.year}",
        f"{month} {one.day}, {one.year}",
        f"{one.day} {month[:3]} {one.year}",
    ]
    assert when.said(data.draw(st.sampled_from(forms)), FRAME).first == one


@given(st.dates(date(2001, 1, 1), date(2098, 12, 31)), st.integers(1, 40))
def test_a_range_ends_where_it_says(first: date, days: int) -> None:
    last = first + timedelta(days=days)
    found = when.said(f"{first.day}.{first.month}. – {last.day}.{last.month}.{last.year}", FRAME)
    assert (found.first, found.last) == (first, last)


@given(st.text(max_size=40))
def test_whatever_stands_there_is_read_or_refused_in_words(text: str) -> None:
    try:
        found: object = when.said(text, FRAME)
    except ValueError as refused:
        found = refused.args[0]
    assert found != Said()
    assert isinstance(found, Said | Reason)


def test_a_day_of_the_week_must_fit_the_year_of_a_heading() -> None:
    assert when.said("Sa 5.12.", DECEMBER).first == day("2026-12-05")
    with pytest.raises(ValueError, match="is another day of the week in 2026"):
        when.said("So 5.12.", DECEMBER)


def test_words_in_brackets_are_notes_where_they_are_no_days_or_hours() -> None:
    assert when.said("24.12.2026 (Heiligabend)", FRAME) == Said(
        first=day("2026-12-24"), notes=("Heiligabend",)
    )
    assert when.said("24.12.2026 (18 Uhr)", FRAME) == Said(first=day("2026-12-24"), begins=1080)
