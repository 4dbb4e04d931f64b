"""Times as people type them into a form, in German and English: each with what is shown back, or with what is wrong."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.content import recurrence
from syndication.errors import Invalid
from syndication.infra.reasons import translated_reason
from syndication.sources.spoken import Heard, said, understood

BERLIN = ZoneInfo("Europe/Berlin")
#: A Thursday afternoon.
NOW = datetime(2026, 11, 26, 15, 0, tzinfo=BERLIN)


def heard(text: str, language: str = "de", near: datetime | None = None) -> Heard:
    return understood(text, NOW, BERLIN, language, near=near)


def shown(text: str, language: str = "de", near: datetime | None = None) -> str:
    found = heard(text, language, near)
    return said(found.start, found.end, found.whole_days, BERLIN, language)


def remarks(text: str, language: str = "de", near: datetime | None = None) -> list[str]:
    return [translated_reason(one, language) for one in heard(text, language, near).remarks]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("text", "back"),
    [
        ("Sa 19:30", "Samstag, 28. November 2026, 19:30 Uhr"),
        ("Samstag 19.30 Uhr", "Samstag, 28. November 2026, 19:30 Uhr"),
        ("samstag um 19 uhr 30", "Samstag, 28. November 2026, 19:30 Uhr"),
        ("19.30 Uhr", "Donnerstag, 26. November 2026, 19:30 Uhr"),
        ("14 Uhr", "Freitag, 27. November 2026, 14:00 Uhr"),
        ("14-16 Uhr", "Donnerstag, 26. November 2026, 14:00 bis 16:00 Uhr"),
        ("heute 18 Uhr", "Donnerstag, 26. November 2026, 18:00 Uhr"),
        ("morgen 18-22", "Freitag, 27. November 2026, 18:00 bis 22:00 Uhr"),
        ("morgen 18–22 Uhr", "Freitag, 27. November 2026, 18:00 bis 22:00 Uhr"),
        ("morgen Abend um 8", "Freitag, 27. November 2026, 20:00 Uhr"),
        ("Samstagabend 20 Uhr", "Samstag, 28. November 2026, 20:00 Uhr"),
        ("Sonntag morgen 10 Uhr", "Sonntag, 29. November 2026, 10:00 Uhr"),
        ("übermorgen ab 10", "Samstag, 28. November 2026, 10:00 Uhr"),
        ("in 3 Tagen 10 Uhr", "Sonntag, 29. November 2026, 10:00 Uhr"),
        ("29.11. 11:00 bis 13:00", "Sonntag, 29. November 2026, 11:00 bis 13:00 Uhr"),
        ("29.11.26", "Sonntag, 29. November 2026"),
        ("29.11", "Sonntag, 29. November 2026"),
        ("7.12 18:00", "Montag, 7. Dezember 2026, 18:00 Uhr"),
        ("So 29.11. 11-13", "Sonntag, 29. November 2026, 11:00 bis 13:00 Uhr"),
        ("bis 24:00", "bis Donnerstag, 26. November 2026, 24:00 Uhr"),
        ("bis 14 Uhr", "bis Freitag, 27. November 2026, 14:00 Uhr"),
        ("heute bis 18 Uhr", "bis Donnerstag, 26. November 2026, 18:00 Uhr"),
        ("bis Sa", "bis Samstag, 28. November 2026"),
        ("bis zum 31.12.", "bis Donnerstag, 31. Dezember 2026"),
        ("bis Samstag 18 Uhr", "bis Samstag, 28. November 2026, 18:00 Uhr"),
        ("bis Ende Januar", "bis Sonntag, 31. Januar 2027"),
        ("bis Monatsende", "bis Montag, 30. November 2026"),
        ("bis 31.12.", "bis Donnerstag, 31. Dezember 2026"),
        ("ab Montag", "Montag, 30. November 2026"),
        ("ab sofort bis Samstag", "Donnerstag, 26. November 2026, 15:00 Uhr bis Samstag, 28. November 2026, 24:00 Uhr"),
        ("Fr 22:00 bis 2:00", "Freitag, 27. November 2026, 22:00 Uhr bis Samstag, 28. November 2026, 02:00 Uhr"),
        ("Fr 22 Uhr bis Sa 2 Uhr", "Freitag, 27. November 2026, 22:00 Uhr bis Samstag, 28. November 2026, 02:00 Uhr"),
        ("Fr 20 bis 24 Uhr", "Freitag, 27. November 2026, 20:00 bis 24:00 Uhr"),
        ("29.11. – 1.12.", "Sonntag, 29. November 2026 bis Dienstag, 1. Dezember 2026"),
        ("28.12. – 3.1.", "Montag, 28. Dezember 2026 bis Sonntag, 3. Januar 2027"),
        ("20.11. – 1.12.", "Freitag, 20. November 2026 bis Dienstag, 1. Dezember 2026"),
        ("vom 1. bis 24. Dezember", "Dienstag, 1. Dezember 2026 bis Donnerstag, 24. Dezember 2026"),
        ("am Wochenende", "Samstag, 28. November 2026 bis Sonntag, 29. November 2026"),
        ("Do 14-18 Uhr", "Donnerstag, 26. November 2026, 14:00 bis 18:00 Uhr"),
        ("Do 10 Uhr", "Donnerstag, 3. Dezember 2026, 10:00 Uhr"),
        ("bis Do 10 Uhr", "bis Donnerstag, 3. Dezember 2026, 10:00 Uhr"),
        ("nächsten Samstag 10 Uhr", "Samstag, 28. November 2026, 10:00 Uhr"),
        ("Heiligabend 16 Uhr", "Donnerstag, 24. Dezember 2026, 16:00 Uhr"),
        ("29.2.", "Dienstag, 29. Februar 2028"),
        ("Sa 18 bis 5 Uhr am So", "Samstag, 28. November 2026, 18:00 Uhr bis Sonntag, 29. November 2026, 05:00 Uhr"),
        ("29.11. bis Mi", "Sonntag, 29. November 2026 bis Mittwoch, 2. Dezember 2026"),
        ("1.12. bis Sa", "Dienstag, 1. Dezember 2026 bis Samstag, 5. Dezember 2026"),
        ("nur heute bis 18 Uhr", "bis Donnerstag, 26. November 2026, 18:00 Uhr"),
        ("19 h 30", "Donnerstag, 26. November 2026, 19:30 Uhr"),
        ("11/29/2026", "Sonntag, 29. November 2026"),
        ("Mitternacht", "Freitag, 27. November 2026, 00:00 Uhr"),
        ("19 Uhr s.t.", "Donnerstag, 26. November 2026, 19:00 Uhr"),
        ("20 Uhr c.t.", "Donnerstag, 26. November 2026, 20:15 Uhr"),
        ("19 Uhr (Einlass 18 Uhr)", "Donnerstag, 26. November 2026, 19:00 Uhr"),
        ("Sa ganztägig", "Samstag, 28. November 2026"),
        ("mittags", "Freitag, 27. November 2026, 12:00 Uhr"),
        ("1830", "Donnerstag, 26. November 2026, 18:30 Uhr"),
        ("Sa 2000", "Samstag, 28. November 2026, 20:00 Uhr"),
        ("18h30", "Donnerstag, 26. November 2026, 18:30 Uhr"),
        ("2026-11-29T19:30", "Sonntag, 29. November 2026, 19:30 Uhr"),
        ("2026-11-29T19:30:00", "Sonntag, 29. November 2026, 19:30 Uhr"),
        ("2026-11-29T19:30:00Z", "Sonntag, 29. November 2026, 20:30 Uhr"),
        ("2026-11-29T19:30+01:00", "Sonntag, 29. November 2026, 19:30 Uhr"),
        ("2026-11-29", "Sonntag, 29. November 2026"),
        ("1/2", "Montag, 1. Februar 2027"),
        ("12/24", "Donnerstag, 24. Dezember 2026"),
    ],
)  # fmt: skip
def test_german_times_are_shown_back_in_full(text: str, back: str) -> None:
    assert shown(text) == back


@pytest.mark.parametrize(
    ("text", "back"),
    [
        ("7pm", "Thursday, 26 November 2026, 19:00"),
        ("7:30 pm", "Thursday, 26 November 2026, 19:30"),
        ("tomorrow 6-10pm", "Friday, 27 November 2026, 18:00 to 22:00"),
        ("tonight at 8", "Thursday, 26 November 2026, 20:00"),
        ("Sat 7:30pm", "Saturday, 28 November 2026, 19:30"),
        ("by Friday", "until Friday, 27 November 2026"),
        ("29th of November", "Sunday, 29 November 2026"),
        ("until Saturday", "until Saturday, 28 November 2026"),
        ("until the end of January", "until Sunday, 31 January 2027"),
        ("29 November 2026 11am", "Sunday, 29 November 2026, 11:00"),
        ("Nov 29 11am", "Sunday, 29 November 2026, 11:00"),
        ("1/2", "Monday, 1 February 2027"),
        ("from Monday", "Monday, 30 November 2026"),
        ("3 in the afternoon", "Thursday, 26 November 2026, 15:00"),
        ("this weekend", "Saturday, 28 November 2026 to Sunday, 29 November 2026"),
    ],
)
def test_english_times_are_shown_back_in_full(text: str, back: str) -> None:
    assert shown(text, "en") == back


def test_slashes_are_read_by_the_language() -> None:
    assert heard("1/2", "en-US").start == date(2027, 1, 2)
    assert heard("1/2", "en").start == date(2027, 2, 1)
    assert remarks("1/2", "en") == ["1/2 was understood as Monday, 1 February 2027."]


@pytest.mark.parametrize(
    ("text", "rule", "first"),
    [
        ("jeden Donnerstag 19 Uhr", "FREQ=WEEKLY;BYDAY=TH", "2026-11-26T19:00"),
        ("jeden Donnerstag 10 Uhr", "FREQ=WEEKLY;BYDAY=TH", "2026-12-03T10:00"),
        ("donnerstags 19-21 Uhr", "FREQ=WEEKLY;BYDAY=TH", "2026-11-26T19:00"),
        ("dienstags und donnerstags 10 Uhr", "FREQ=WEEKLY;BYDAY=TU,TH", "2026-12-01T10:00"),
        ("montags bis mittwochs 10 Uhr", "FREQ=WEEKLY;BYDAY=MO,TU,WE", "2026-11-30T10:00"),
        ("täglich ab 3.12. 10 Uhr", "FREQ=DAILY", "2026-12-03T10:00"),
        ("täglich 28.11. bis 5.12. 10 Uhr", "FREQ=DAILY;UNTIL=20261205T225959Z", "2026-11-28T10:00"),
        ("jede Woche Donnerstag 19 Uhr", "FREQ=WEEKLY;BYDAY=TH", "2026-11-26T19:00"),
        ("every Thursday 7pm", "FREQ=WEEKLY;BYDAY=TH", "2026-11-26T19:00"),
        ("täglich 10-12 Uhr", "FREQ=DAILY", "2026-11-27T10:00"),
        (
            "jeden Donnerstag 19 Uhr bis 17.12.",
            "FREQ=WEEKLY;BYDAY=TH;UNTIL=20261217T225959Z",
            "2026-11-26T19:00",
        ),
    ],
)
def test_what_comes_every_week_has_a_first_date_and_a_rule(text: str, rule: str, first: str) -> None:
    found = heard(text)
    assert (found.rule, found.start) == (rule, at(first))
    assert recurrence.parsed(rule).frequency in ("DAILY", "WEEKLY")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Fr 22:00 bis 2:00", ["Es endet am nächsten Tag, Samstag, 28. November 2026, um 02:00 Uhr."]),
        ("20 Uhr c.t.", [
            "c.t. heißt eine Viertelstunde später: 20:15",
            "Es ist kein Tag genannt; verstanden als heute, Donnerstag, 26. November 2026.",
        ]),
        ("14 Uhr", ["Es ist kein Tag genannt; verstanden als morgen, Freitag, 27. November 2026."]),
        ("Sa 29.11. 11-13", ["Der Wochentag passt nicht zum Datum; verstanden als Sonntag, 29. November 2026."]),
        ("Sa 29.11.2026", ["Der Wochentag passt nicht zum Datum; verstanden als Sonntag, 29. November 2026."]),
        ("Mitternacht", ["Es ist kein Tag genannt; verstanden als morgen, Freitag, 27. November 2026."]),
        ("Mo bis Fr 9-18 Uhr", ["Verstanden als ein Zeitraum, vom ersten Tag bis zum letzten."]),
        ("Sa 10 Uhr bis So 14 Uhr", []),
        ("20.11.", ["Es ist kein Jahr genannt; verstanden als Samstag, 20. November 2027."]),
        ("20.11. – 1.12.", ["Es hat am Freitag, 20. November 2026 begonnen."]),
        ("Sa 19 Uhr (Einlass 18 Uhr)", ["Gehört nicht zur Zeit und bleibt hier weg: Einlass 18 Uhr."]),
        ("Sa 19:30", []),
    ],
)  # fmt: skip
def test_what_was_assumed_is_told(text: str, words: list[str]) -> None:
    assert remarks(text) == words


def test_an_hour_that_the_clocks_leave_out_is_the_next() -> None:
    assert heard("28.3.2027 2:30").start == at("2027-03-28T03:30")
    assert remarks("28.3.2027 2:30") == [
        "Um 02:30 Uhr am Sonntag, 28. März 2027 werden die Uhren vorgestellt; verstanden als 03:30 Uhr."
    ]


def test_of_an_hour_that_comes_twice_the_first_is_taken() -> None:
    start = heard("31.10.2027 2:30").start
    assert isinstance(start, datetime)
    assert start.utcoffset() == timedelta(hours=2)
    assert remarks("31.10.2027 2:30") == [
        "02:30 Uhr gibt es am Sonntag, 31. Oktober 2027 zweimal, weil die Uhren zurückgestellt werden; gemeint ist das erste Mal."
    ]


@pytest.mark.parametrize(
    ("text", "back"),
    [
        ("23 Uhr", "Samstag, 28. November 2026, 23:00 Uhr"),
        ("2 Uhr", "Sonntag, 29. November 2026, 02:00 Uhr"),
        ("bis 22:30", "bis Samstag, 28. November 2026, 22:30 Uhr"),
        ("bis So 2 Uhr", "bis Sonntag, 29. November 2026, 02:00 Uhr"),
        ("1.2. 10 Uhr", "Montag, 1. Februar 2027, 10:00 Uhr"),
        ("27.11.", "Samstag, 27. November 2027"),
    ],
)
def test_an_end_is_reckoned_from_the_start_that_is_known(text: str, back: str) -> None:
    assert shown(text, near=at("2026-11-28T19:30")) == back


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Bitte sagen Sie, wann"),
        ("abends", "Um wie viel Uhr? Bitte nennen Sie die Uhrzeit, etwa 19:00."),
        ("heute Abend", "Um wie viel Uhr?"),
        ("tonight", "Um wie viel Uhr?"),
        ("half past seven", "„half past seven“ verstehen wir nicht. So geht es zum Beispiel: bis 31.12. · morgen 18–22 Uhr"),
        ("irgendwann", "„irgendwann“ verstehen wir nicht."),
        ("jeden ersten Donnerstag 19 Uhr", "verstehen wir nicht"),
        ("jeden 1. Donnerstag 19 Uhr", "verstehen wir nicht"),
        ("jeden Do 19-21 Uhr ab 3.12.", "verstehen wir nicht"),
        ("31.6.", "verstehen wir nicht"),
        ("25 Uhr", "verstehen wir nicht"),
        ("14 und 16 Uhr", "Hier stehen mehrere Zeiten: 14 und 16 Uhr."),
        ("Sa 18 bis 16 Uhr", "Es würde enden, bevor es beginnt: Sa 18 bis 16 Uhr."),
        ("5.12.2026 – 1.12.2026", "Es würde enden, bevor es beginnt"),
        ("29.11.2024", "Das ist lange vorbei: Freitag, 29. November 2024."),
        ("x" * 5000, "verstehen wir nicht"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_refused_with_what_would_be(text: str, words: str) -> None:
    with pytest.raises(Invalid) as refused:
        heard(text)
    (fault,) = refused.value.faults
    assert words in translated_reason(fault.message, "de")  # type: ignore[arg-type]  # a Reason


def test_whole_days_are_shown_without_hours_also_where_moments_stand_for_them() -> None:
    back = said(at("2026-11-28T00:00"), at("2026-11-29T23:59"), True, BERLIN, "en")
    assert back == "Saturday, 28 November 2026 to Sunday, 29 November 2026"
    assert said(None, None, False, BERLIN, "en") == ""


ZONES = st.sampled_from([BERLIN, ZoneInfo("Europe/London"), ZoneInfo("UTC"), ZoneInfo("America/New_York")])
DAYS = st.dates(date(2026, 11, 26), date(2036, 1, 1))


@st.composite
def spans(draw: st.DrawFn) -> tuple[datetime | date | None, datetime | date | None, ZoneInfo]:
    """From when to when, of every shape that a form holds, at hours that the clock shows once."""
    zone, day, length = draw(ZONES), draw(DAYS), draw(st.integers(1, 40))
    if draw(st.booleans()):
        start: date = day
        end: date = day + timedelta(days=length)
    else:
        minutes = st.integers(3 * 60 + 1, 24 * 60 - 1)
        start = datetime.combine(day, datetime.min.time(), zone) + timedelta(minutes=draw(minutes))
        last = draw(st.sampled_from([day, day + timedelta(days=length)]))
        end = datetime.combine(last, datetime.min.time(), zone) + timedelta(minutes=draw(minutes))
        if draw(st.booleans()):
            end = datetime.combine(last + timedelta(days=1), datetime.min.time(), zone)
        if end <= start:
            start, end = end, start + timedelta(days=1)
    shape = draw(st.sampled_from(["both", "start", "end"]))
    return (None if shape == "end" else start), (None if shape == "start" else end), zone


@given(spans(), st.sampled_from(["de", "en"]))
def test_what_is_shown_back_is_understood_as_the_same(
    span: tuple[datetime | date | None, datetime | date | None, ZoneInfo], language: str
) -> None:
    start, end, zone = span
    whole_days = not isinstance(start, datetime) and not isinstance(end, datetime)
    found = understood(said(start, end, whole_days, zone, language), NOW, zone, language)
    assert (found.start, found.end, found.whole_days) == (start, end, whole_days)


WORDS = st.sampled_from(
    [
        *(
            "heute",
            "morgen",
            "Sa",
            "So",
            "bis",
            "–",
            "-",
            "29.11.",
            "1/2",
            "18",
            "18:30",
            "Uhr",
            "abends",
            "ab",
            "jeden",
        ),
        *(
            "täglich",
            "Ende",
            "Januar",
            "tonight",
            "7pm",
            "every",
            "in",
            "3",
            "Tagen",
            ",",
            "(",
            ")",
            "9999",
            "c.t.",
        ),
    ]
)


@given(st.one_of(st.text(max_size=40), st.lists(WORDS, max_size=7).map(" ".join)))
def test_whatever_is_typed_is_understood_or_refused_in_a_sentence(text: str) -> None:
    try:
        answer = shown(text)
    except Invalid as refused:
        answer = "; ".join(fault.message for fault in refused.faults if fault.message.endswith((".", "?")))
    assert answer
