"""Opening hours as people type them into the boxes of a form, and in words again."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from syndication.content.opening_hours import read
from syndication.errors import Invalid
from syndication.sources.opening import as_typed, understood
from syndication.sources.opening_words import in_words

ZONE = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 26, 12, tzinfo=ZONE)


def heard(**typed: str) -> str:
    return understood({name.replace("_0_", ".0."): text for name, text in typed.items()}, NOW, ZONE, "de")


@pytest.mark.parametrize(
    ("monday", "kept"),
    [
        ("9–12:30, 14–18", "09:00-12:30,14:00-18:00"),
        ("9.30-13 und 14-18 Uhr", "09:30-13:00,14:00-18:00"),
        ("8:00 bis 12:00, 13:00 bis 17:00 Uhr", "08:00-12:00,13:00-17:00"),
        ("9 - 12 14 - 18", "09:00-12:00,14:00-18:00"),
        ("9-12/14-18", "09:00-12:00,14:00-18:00"),
        ("11-14 + 17-22", "11:00-14:00,17:00-22:00"),
        ("14-18, 9-12", "09:00-12:00,14:00-18:00"),
        ("von 9 bis 18 Uhr", "09:00-18:00"),
        ("9h-18h", "09:00-18:00"),
        ("0900-1800", "09:00-18:00"),
        ("9am-5pm", "09:00-17:00"),
        ("9:00 to 5 pm", "09:00-17:00"),
        ("durchgehend 9-18", "09:00-18:00"),
        ("mittags bis 18 Uhr", "12:00-18:00"),
        ("18–02", "18:00-02:00"),
        ("18 – 2 Uhr nachts", "18:00-02:00"),
        ("10-00", "10:00-24:00"),
        ("10–24", "10:00-24:00"),
        ("durchgehend", "00:00-24:00"),
        ("24 Stunden", "00:00-24:00"),
        ("ab 18 Uhr", "18:00+"),
        ("18 Uhr - open end", "18:00+"),
        ("from 6 pm", "18:00+"),
    ],
)
def test_the_hours_of_a_day_are_read_as_people_write_them_and_shown_as_they_are_read(
    monday: str, kept: str
) -> None:
    assert heard(mo=monday) == f"Mo {kept}"
    for language in ("de", "en"):
        assert heard(**as_typed(read(f"Mo {kept}"), language)) == f"Mo {kept}"


@pytest.mark.parametrize("text", ["", "geschlossen", "zu", "Ruhetag", "–", "closed", "x"])
def test_a_day_is_closed_by_many_words_and_by_none(text: str) -> None:
    assert heard(mo="9-18", tu=text) == "Mo 09:00-18:00"


@pytest.mark.parametrize("text", ["dito", "wie oben", "same", '"'])
def test_a_day_may_be_like_the_one_before(text: str) -> None:
    assert heard(mo="9-18", tu=text, we=text) == "Mo-We 09:00-18:00"
    with pytest.raises(Invalid):
        heard(mo=text)


@pytest.mark.parametrize(
    ("monday", "said"),
    [
        ("9", "Until when?"),
        ("9,30-12", "Until when?"),
        ("bis 18", "not understood"),
        ("Mo-Fr 9-18", "not understood"),
        ("24.12. 9-12", "not understood"),
        ("25-26", "not understood"),
        ("9:75-12", "not understood"),
        ("vormittags", "not understood"),
        ("nur nach Vereinbarung", "not understood"),
        ("9-14, 12-18", "do not fit together"),
        ("1-2, 3-4, 5-6, 7-8, 9-10", "do not fit together"),
        ("9-18 " * 30, "not understood"),
    ],
)
def test_what_is_not_understood_is_said_at_its_day_and_all_of_it_at_once(monday: str, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        heard(mo=monday, tu="nie", we="9-12")
    assert [one.field for one in refused.value.faults] == ["mo", "tu"]
    assert said in refused.value.faults[0].message


@pytest.mark.parametrize(
    ("first", "last", "kept"),
    [
        ("24.12.", "6.1.", "2026 Dec 24-2027 Jan 06"),
        ("24.12. bis 6.1.", "", "2026 Dec 24-2027 Jan 06"),
        ("morgen", "", "2026 Nov 27"),
        ("heute", "Sonntag", "2026 Nov 26-2026 Nov 29"),
        ("1.11.", "30.11.", "2026 Nov 01-2026 Nov 30"),  # it has begun
        ("1.12.", "bis 5.12.", "2026 Dec 01-2026 Dec 05"),
        ("3.8.2027", "21.8.2027", "2027 Aug 03-2027 Aug 21"),
    ],
)
def test_holidays_of_ones_own_have_a_first_and_a_last_day(first: str, last: str, kept: str) -> None:
    assert heard(mo="9-12", closed_0_from=first, closed_0_until=last) == f"Mo 09:00-12:00; {kept} off"


@pytest.mark.parametrize(
    ("first", "last", "field", "said"),
    [
        ("", "6.1.", "closed.0.from", "From when?"),
        ("irgendwann", "", "closed.0.from", "do not understand"),
        ("24.12.", "irgendwann", "closed.0.until", "do not understand"),
        ("24.12. 18 Uhr", "", "closed.0.from", "write a day"),
        ("jeden Montag", "", "closed.0.from", "write a day"),
        ("3.8.2026", "21.8.2026", "closed.0.from", "over already"),
        ("24.12.2026", "20.12.2026", "closed.0.until", "end before it begins"),
    ],
)
def test_what_is_wrong_with_them_is_said_at_the_day(first: str, last: str, field: str, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        heard(mo="9-12", closed_0_from=first, closed_0_until=last)
    assert [(one.field, said in one.message) for one in refused.value.faults] == [(field, True)]


def test_nothing_typed_is_nothing_said_and_words_alone_are_something() -> None:
    assert heard(mo=" ", holidays="") == ""
    assert heard(mo="geschlossen") == "off"
    assert heard(hours_note='nach "Anruf"') == "\"nach 'Anruf'\""
    assert heard(holidays="10-14", mo="9-12") == "Mo 09:00-12:00; PH 10:00-14:00"


@pytest.mark.parametrize(
    ("text", "german", "english"),
    [
        ("Mo-Fr 09:00-18:00; Sa 09:00-13:00", "Mo–Fr 9–18, Sa 9–13 Uhr", "Mon–Fri 9:00–18:00, Sat 9:00–13:00"),
        ("Mo,Th 09:00-12:30,14:00-18:00", "Mo und Do 9–12:30 und 14–18 Uhr", "Mon and Thu 9:00–12:30 and 14:00–18:00"),
        ("Fr-Sa 18:00-02:00", "Fr–Sa 18–2 Uhr", "Fri–Sat 18:00–2:00"),
        ("We 18:00+", "Mi ab 18 Uhr", "Wed from 18:00"),
        ("24/7", "Tag und Nacht geöffnet", "Open day and night"),
        ("Su 00:00-24:00", "So 0–24 Uhr", "Sun 0:00–24:00"),
        ("PH off", "An Feiertagen geschlossen", "Closed on public holidays"),
        ("PH 10:00-14:00", "An Feiertagen 10–14 Uhr", "On public holidays 10:00–14:00"),
        ("2026 Dec 24 off", "Geschlossen am Do., 24. Dezember 2026", "Closed on Thu, 24 December 2026"),
        ('"nach Anruf"', "nach Anruf", "nach Anruf"),
    ],
)  # fmt: skip
def test_hours_are_said_in_words(text: str, german: str, english: str) -> None:
    today = date(2026, 11, 26)
    assert in_words(read(text), today, "de") == (german,)
    assert in_words(read(text), today, "en") == (english,)


def test_a_line_each_for_week_holidays_closures_to_come_and_words_of_ones_own() -> None:
    text = 'Mo 09:00-12:00; PH off; 2026 Dec 24-2027 Jan 06 off; 2026 Aug 03 off || "und nach Anruf"'
    assert in_words(read(text), date(2026, 11, 26), "de") == (
        "Mo 9–12 Uhr",
        "An Feiertagen geschlossen",
        "Geschlossen vom Do., 24. Dezember 2026 bis Mi., 6. Januar 2027",
        "und nach Anruf",
    )
