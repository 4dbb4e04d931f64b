"""Calendars with the flaws of real files: each entry becomes a post, or a row that says why not."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar, Event

from syndication import sources
from syndication.content import schedule
from syndication.content.post import Draft
from syndication.errors import Invalid
from syndication.kinds.event_content import event_draft
from syndication.sources import Row, calendar

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2036, 1, 15, 12, 0, tzinfo=UTC)
FIXTURES = Path(__file__).parent.parent / "fixtures"


def rows(*entries: str, head: str = "") -> list[Row]:
    """The rows of a calendar with these VEVENTs, each given as its lines without BEGIN and END."""
    body = "".join(f"BEGIN:VEVENT\n{entry}\nEND:VEVENT\n" for entry in entries)
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\n{head}{body}END:VCALENDAR\n"
    return list(calendar.read(text.replace("\n", "\r\n").encode(), zone=BERLIN, now=NOW))


def one(entry: str, *, head: str = "") -> Row:
    (row,) = rows(entry, head=head)
    return row


def good(entry: str, *, head: str = "") -> Draft:
    row = one(entry, head=head)
    assert row.draft is not None, row.faults
    return row.draft


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


BASE = "UID:1\nSUMMARY:Konzert\n"
EVENING = BASE + "DTSTART:20360822T180000Z\nDTEND:20360822T200000Z\n"


def test_a_towns_calendar_loses_no_entry() -> None:
    found = list(sources.read(FIXTURES / "town.ics", zone=BERLIN, now=NOW))
    assert [row.position for row in found] == [
        f"entry {n}, line {line}" for n, line in enumerate((23, 34, 45, 58, 69), 1)
    ]
    assert [row.source_ref for row in found] == [
        f"{name}@musterstadt.example" for name in ("1-past", "2-allday", "3-text", "4-garbled", "5-backwards")
    ]
    assert [row.draft is None for row in found] == [False, False, False, False, True]


def test_invisible_characters_repeated_links_and_export_notes_go_and_are_named() -> None:
    lecture = list(sources.read(FIXTURES / "town.ics", zone=BERLIN, now=NOW))[2]
    assert lecture.draft is not None
    assert lecture.draft.title == "Lesung: „Die Brücke“"
    assert lecture.draft.body == "Ein Abend mit Büchern & Musik, Eintritt 5 \\* frei [..]"
    assert lecture.draft.url == "https://musterstadt.example/termine/lesung"
    assert lecture.draft.place is not None
    assert lecture.draft.place.name == "Haus am Markt Markt 1, 12345 Musterstadt"
    assert lecture.remarks == ("invisible characters removed", "note on the time of export left out")


def test_a_description_that_is_only_a_link_becomes_the_url() -> None:
    found = one(EVENING + "DESCRIPTION:https://town.example/a")
    assert found.draft is not None
    assert (found.draft.body, found.draft.url) == ("", "https://town.example/a")
    assert "link in the description used as url" in found.remarks


def test_another_link_than_the_url_stays_in_the_text() -> None:
    found = good(EVENING + "URL:https://town.example/a\nDESCRIPTION:Karten:\\nhttps://tickets.example/1")
    assert "https://tickets.example/1" in found.body
    assert found.url == "https://town.example/a"


def test_umlauts_garbled_by_another_program_are_restored() -> None:
    crime = list(sources.read(FIXTURES / "town.ics", zone=BERLIN, now=NOW))[3]
    assert crime.draft is not None
    assert crime.draft.title == "Krimiabend in der Heilstätte"
    assert crime.draft.body == "Mord – und Musik für alle"
    assert "garbled umlauts restored" in crime.remarks


@pytest.mark.parametrize("start", ["DTSTART:20360822", "DTSTART;VALUE=DATE:20360822"])
@pytest.mark.parametrize(
    "end", ["DTEND:20360823", "DTEND;VALUE=DATE:20360822", "DURATION:P1D", "DURATION:PT3H"]
)
def test_a_date_is_the_whole_day_in_the_city_however_its_end_is_told(start: str, end: str) -> None:
    found = good(f"{BASE}{start}\n{end}")
    assert found.all_day
    assert found.starts_at == berlin("2036-08-22T00:00")
    assert found.ends_at == berlin("2036-08-23T00:00")


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        ("DTSTART;TZID=Europe/Berlin:20360822T000000", "DTEND;TZID=Europe/Berlin:20360824T000000", 2),
        ("DTSTART:20360822T000000", "DTEND:20360823T000000", 1),
        ("DTSTART:20360822T000000", "DTEND:20360822T000000", 1),
        ("DTSTART:20360822T000000", "DTEND:20360822T235900", 1),
        ("DTSTART:20360821T220000Z", "DTEND:20360823T220000Z", 2),
        ("DTSTART:20360822T000000Z", "DTEND:20360823T000000Z", 1),
        ("DTSTART:20360822T000000", "DURATION:P1D", 1),
    ],
)
@pytest.mark.parametrize("mark", ["X-MICROSOFT-CDO-ALLDAYEVENT:TRUE", "X-FUNAMBOL-ALLDAY:1"])
def test_midnights_that_outlook_calls_days_are_days(start: str, end: str, days: int, mark: str) -> None:
    found = good(f"{BASE}{start}\n{end}\n{mark}")
    assert found.all_day
    assert found.starts_at == berlin("2036-08-22T00:00")
    assert found.ends_at == berlin("2036-08-22T00:00") + timedelta(days=days)


@pytest.mark.parametrize("mark", ["X-MICROSOFT-CDO-ALLDAYEVENT:FALSE", "X-MICROSOFT-CDO-ALLDAYEVENT:TRUE"])
def test_hours_stay_hours_whatever_outlook_calls_them(mark: str) -> None:
    found = good(f"{EVENING}{mark}")
    assert (found.all_day, found.starts_at) == (False, berlin("2036-08-22T20:00"))


@pytest.mark.parametrize(
    "end", ["DTEND:20360822T180000Z", "DTEND;TZID=Europe/Berlin:20360822T200000", "DURATION:PT0S"]
)
def test_what_ends_when_it_begins_has_no_end_and_is_over_when_the_kind_says(end: str) -> None:
    row = one(f"{BASE}DTSTART:20360822T180000Z\n{end}")
    assert row.draft is not None
    assert event_draft(row.draft).ends_at is None
    assert row.draft.over_at(BERLIN) == berlin("2036-08-22T20:00") + schedule.UNSTATED_LENGTH
    assert row.remarks == ("ends when it begins: read as without an end",)


def test_a_series_of_what_ends_when_it_begins_is_over_hours_after_its_last_date() -> None:
    found = good(f"{BASE}DTSTART:20360822T180000Z\nDURATION:PT0S\nRRULE:FREQ=WEEKLY;COUNT=2")
    assert found.over_at(BERLIN) == berlin("2036-08-29T20:00") + schedule.UNSTATED_LENGTH


def test_a_date_without_an_end_is_that_day() -> None:
    found = good(BASE + "DTSTART:20360822")
    assert (found.all_day, found.ends_at, found.length()) == (True, None, timedelta(days=1))


@pytest.mark.parametrize(
    ("start", "utc", "remark"),
    [
        ("DTSTART:20360822T200000", "18:00", "time without a zone: read in the city's zone"),
        ("DTSTART;TZID=Nowhere/Land:20360822T200000", "18:00", "unknown time zone “Nowhere/Land”"),
        ("DTSTART;TZID=W. Europe Standard Time:20360822T200000", "18:00", ""),
        ("DTSTART;TZID=America/New_York:20360822T200000", "00:00", ""),
        ("DTSTART:2036-08-22T20:00:00+02:00", "18:00", "not in the form of RFC 5545"),
        ("DTSTART:20360822T200000+0200", "18:00", "not in the form of RFC 5545"),
        ("DTSTART:20360822T2000", "18:00", "not in the form of RFC 5545"),
        ("DTSTART:20360822T180000Z", "18:00", ""),
    ],
)
def test_times_are_read_in_their_zone_or_the_citys_and_that_is_said(
    start: str, utc: str, remark: str
) -> None:
    found = one(BASE + start)
    assert found.draft is not None, found.faults
    assert found.draft.starts_at is not None
    assert f"{found.draft.starts_at:%H:%M}" == utc
    assert [note for note in found.remarks if remark and remark in note] or found.remarks == ()


@pytest.mark.parametrize("hours", [4, 6])
def test_a_zone_that_the_file_describes_itself_is_used_and_forgotten(hours: int) -> None:
    zone = (
        "BEGIN:VTIMEZONE\nTZID:Ours\nBEGIN:STANDARD\nDTSTART:16010101T000000\n"
        f"TZOFFSETFROM:+0{hours}00\nTZOFFSETTO:+0{hours}00\nEND:STANDARD\nEND:VTIMEZONE\n"
    )
    found = good(BASE + "DTSTART;TZID=Ours:20360822T200000", head=zone)
    assert found.starts_at == datetime(2036, 8, 22, 20 - hours, 0, tzinfo=UTC)
    assert good(BASE + "DTSTART;TZID=Ours:20360822T200000").starts_at == berlin("2036-08-22T20:00")


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY",
        "FREQ=MINUTELY;COUNT=100000000",
        "FREQ=DAILY",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYHOUR=3",
    ],
)
def test_a_zone_whose_clock_changes_by_the_minute_or_never_is_not_waited_for(rule: str) -> None:
    change = "BEGIN:{0}\nDTSTART:19700101T000000\nTZOFFSETFROM:{1}\nTZOFFSETTO:{2}\nRRULE:{3}\nEND:{0}\n"
    summer = change.format("DAYLIGHT", "+0400", "+0500", "FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU")
    zone = f"BEGIN:VTIMEZONE\nTZID:Ours\n{change.format('STANDARD', '+0500', '+0400', rule)}{summer}END:VTIMEZONE\n"
    row = one(BASE + "DTSTART;TZID=Ours:20360822T200000", head=zone)
    assert row.draft is not None
    assert row.draft.begins == berlin("2036-08-22T20:00")
    assert "unknown time zone “Ours”" in row.remarks[0]
    nested = one(f"{BASE}{zone}DTSTART;TZID=Ours:20360822T200000")
    assert nested.draft == row.draft


@pytest.mark.parametrize("until", ["", ";UNTIL=20991231T000000Z", ";COUNT=200"])
def test_a_zone_with_summer_time_of_its_own_is_used(until: str) -> None:
    rule = "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH={4}{5}"
    change = f"BEGIN:{{0}}\nDTSTART:{{1}}T020000\nTZOFFSETFROM:{{2}}\nTZOFFSETTO:{{3}}\n{rule}\nEND:{{0}}\n"
    winter = change.format("STANDARD", "19701025", "+0500", "+0400", 10, until)
    summer = change.format("DAYLIGHT", "19700329", "+0400", "+0500", 3, until)
    head = f"BEGIN:VTIMEZONE\nTZID:Ours\n{winter}{summer}END:VTIMEZONE\n"
    found = good(BASE + "DTSTART;TZID=Ours:20360822T200000", head=head)
    assert found.starts_at == datetime(2036, 8, 22, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("lines", "field", "words"),
    [
        ("UID:1\nDTSTART:20360822T180000Z", "title", "is needed"),
        (BASE.strip(), "DTSTART", "is missing"),
        (BASE + "DTSTART:garbage", "DTSTART", "is not a date"),
        (BASE + "DTSTART:20361345", "DTSTART", "is not a date"),
        (
            BASE + "DTSTART:20360822T180000Z\nDTEND:20360822T170000Z",
            "ends_at",
            "must not be before starts_at",
        ),
        (BASE + "DTSTART:20360822T180000Z\nDTEND:soon", "DTEND", "is not a date"),
        (BASE + "DTSTART:20360822T180000Z\nDURATION:-PT1H", "DURATION", "is not a length of time"),
        (EVENING + "CLASS:PRIVATE", "CLASS", "not for the public"),
        (EVENING + "RRULE:FREQ=HOURLY", "recurrence", "must begin with FREQ="),
        (EVENING + "RRULE:FREQ=WEEKLY;BYHOUR=9", "recurrence", "BYHOUR"),
        (EVENING + "RRULE:FREQ=WEEKLY\nRRULE:FREQ=DAILY", "recurrence", "more than one rule"),
        (EVENING + "RRULE:FREQ=WEEKLY\nEXDATE:soon", "recurrence", "EXDATE"),
        (
            BASE + "DTSTART;TZID=America/New_York:20360822T180000\nRRULE:FREQ=WEEKLY",
            "recurrence",
            "the clock of another time zone",
        ),
    ],
)
def test_what_cannot_be_a_post_is_refused_with_the_field_and_why_and_the_rest_goes_on(
    lines: str, field: str, words: str
) -> None:
    bad, fine = rows(lines, EVENING.replace("UID:1", "UID:2"))
    assert bad.draft is None
    assert [fault for fault in bad.faults if fault.field == field and words in fault.message], bad.faults
    assert fine.draft is not None


def test_an_end_before_the_start_is_refused_for_whole_days_too() -> None:
    found = one(BASE + "DTSTART:20360822\nDTEND:20360820")
    assert "ends_at: must not be before starts_at" in str(found.faults[0])


def test_an_entry_without_uid_is_told_apart_the_same_way_at_every_export() -> None:
    entry = "SUMMARY:Konzert\nDTSTART:20360822T180000Z\nDESCRIPTION:{}"
    first, second = one(entry.format("a")), one(entry.format("b"))
    assert first.source_ref == second.source_ref
    assert first.source_ref
    assert "without UID: told apart by title and start" in first.remarks


def test_of_two_entries_with_one_uid_the_newer_is_read_and_the_other_named() -> None:
    new, old = rows(EVENING + "SEQUENCE:2\nDESCRIPTION:new", EVENING + "SEQUENCE:1\nDESCRIPTION:old")
    assert new.draft is not None
    assert new.draft.body == "new"
    assert str(old.faults[0]) == "UID: is also that of entry 1, line 3, which is newer and was read instead"


def test_of_two_equally_new_entries_with_one_uid_the_later_in_the_file_is_read() -> None:
    old, new = rows(EVENING + "DTSTAMP:19700101T000000Z", EVENING + "DTSTAMP:19700101T000000Z\nDESCRIPTION:b")
    assert old.draft is None
    assert new.draft is not None


def test_cancelled_entries_and_calendars_are_cancelled_events() -> None:
    assert good(EVENING + "STATUS:CANCELLED").status == "cancelled"
    assert good(EVENING, head="METHOD:CANCEL\n").status == "cancelled"
    assert good(EVENING + "STATUS:CONFIRMED").status == "scheduled"


def test_a_series_is_one_post_with_its_rule_and_an_end_in_utc() -> None:
    found = good(BASE + "DTSTART;TZID=Europe/Berlin:20360822T200000\nRRULE:FREQ=WEEKLY;UNTIL=20360919")
    assert found.recurrence == "FREQ=WEEKLY;UNTIL=20360919T215959Z"
    whole_day = good(BASE + "DTSTART;VALUE=DATE:20361220\nRRULE:FREQ=DAILY;UNTIL=20361224")
    assert whole_day.over_at(BERLIN) == berlin("2036-12-25T00:00")


def test_exceptions_replacements_and_added_dates_of_a_series_are_all_told() -> None:
    series_entry = (
        BASE + "DTSTART;TZID=Europe/Berlin:20360901T200000\nDTEND;TZID=Europe/Berlin:20360901T220000\n"
        "RRULE:FREQ=WEEKLY;COUNT=6\nEXDATE;TZID=Europe/Berlin:20360908T200000\n"
        "RDATE;TZID=Europe/Berlin:20361231T200000"
    )
    moved = BASE + "RECURRENCE-ID;TZID=Europe/Berlin:20360922T200000\nDTSTART:20360923T180000Z"
    (found,) = rows(series_entry, moved)
    assert found.draft is not None
    assert (found.position, found.source_ref) == ("entry 1, line 3", "1")
    assert found.draft.recurrence == "FREQ=WEEKLY;COUNT=6"
    assert found.draft.excluded == (berlin("2036-09-08T20:00"),)
    assert found.draft.added == (berlin("2036-12-31T20:00"),)
    (own,) = found.draft.dates
    assert (own.recurrence_id, own.starts_at) == (berlin("2036-09-22T20:00"), berlin("2036-09-23T20:00"))
    assert "entry 2, line 12 went into it as its date of 2036-09-22" in found.remarks


def test_a_change_of_all_later_dates_is_refused_aloud() -> None:
    series_entry = EVENING + "RRULE:FREQ=WEEKLY"
    later = EVENING + "RECURRENCE-ID;RANGE=THISANDFUTURE:20360829T180000Z"
    assert "changes all later dates" in str(rows(series_entry, later)[-1].faults[0])


def test_a_series_in_utc_keeps_the_citys_clock_and_says_so() -> None:
    found = one(EVENING + "RRULE:FREQ=WEEKLY;COUNT=30")
    assert found.draft is not None
    assert "a series in UTC: repeats at the same time on the city's clock" in found.remarks


def test_place_position_categories_pictures_and_language_are_carried_over() -> None:
    found = good(
        "UID:1\nSUMMARY;LANGUAGE=en:Concert\nDTSTART:20360822T180000Z\n"
        "LOCATION:Altes Rathaus\\nMarkt 1\\n96450 Coburg\nGEO:50.2584;10.9643\n"
        "CATEGORIES:Musik,Für Kinder\nCATEGORIES:Musik\n"
        "ATTACH;FMTTYPE=image/png:https://town.example/a.png"
    )
    assert found.place is not None
    assert (found.place.name, found.place.address) == ("Altes Rathaus", "Markt 1, 96450 Coburg")
    assert (found.place.latitude, found.place.longitude) == (50.2584, 10.9643)
    assert found.topics == ("musik", "fuer-kinder")
    assert [(image.url, image.alt) for image in found.images] == [("https://town.example/a.png", "Concert")]
    assert found.language == "en"


@pytest.mark.parametrize(
    ("line", "remark"),
    [
        ("GEO:0;0", "GEO left out"),
        ("GEO:nowhere", "GEO left out"),
        ("URL:not an address", "URL left out"),
        ("URL:www.town.example/a", "https:// put before the address"),
        ("ATTACH:http://town.example/list.pdf", "attachment left out"),
        ("ATTACH;ENCODING=BASE64;VALUE=BINARY:aGFsbG8=", "attachment left out"),
        ("STATUS:TENTATIVE", "STATUS TENTATIVE read as scheduled"),
        ("CATEGORIES:a,b,c,d,e,f,g,h,i,j,k,l", "more than 10 categories"),
        ("a line without its colon", "line left out"),
        ("DESCRIPTION:<p>Viel <b>Spaß</b></p>", "HTML read as text"),
        ("LOCATION:" + "x" * 300, "place shortened to 200 characters"),
    ],
)
def test_what_is_left_out_or_changed_is_remarked(line: str, remark: str) -> None:
    found = one(EVENING + line)
    assert found.draft is not None, found.faults
    assert [note for note in found.remarks if remark in note], found.remarks


def test_lines_folded_in_the_middle_of_a_letter_are_joined() -> None:
    lines = ("BEGIN:VCALENDAR", "BEGIN:VEVENT", "DTSTART:20360822T180000Z", "SUMMARY:Grüße", "END:VEVENT")
    data = "\r\n".join(lines).encode()
    middle = data.index("ü".encode()) + 1
    (row,) = calendar.read(data[:middle] + b"\r\n " + data[middle:], zone=BERLIN, now=NOW)
    assert row.title == "Grüße"


def test_an_entry_in_another_encoding_is_read_and_the_others_are_not_hurt() -> None:
    entry = "BEGIN:VEVENT\nUID:{}\nDTSTART:20360822T180000Z\nSUMMARY:Straßenfest\nEND:VEVENT\n"
    data = (
        b"BEGIN:VCALENDAR\n"
        + entry.format(1).encode()
        + entry.format(2).encode("cp1252")
        + b"END:VCALENDAR\n"
    )
    first, second = calendar.read(data, zone=BERLIN, now=NOW)
    assert (first.title, first.remarks) == ("Straßenfest", ())
    assert (second.title, second.remarks) == ("Straßenfest", ("is not UTF-8: read as Windows-1252",))


def test_an_entry_that_does_not_end_is_named_and_the_others_are_read() -> None:
    whole = f"BEGIN:VEVENT\n{EVENING}END:VEVENT\n"
    text = f"BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:0\n{whole}END:VCALENDAR\n"
    damaged, fine = calendar.read(text.encode(), zone=BERLIN, now=NOW)
    assert "never ends: the file is damaged here" in str(damaged.faults[0])
    assert fine.draft is not None


@pytest.mark.parametrize("end", ["", "END:VCALENDAR\n"])
def test_the_last_entry_of_a_file_that_was_cut_off_is_named(end: str) -> None:
    whole = f"BEGIN:VEVENT\n{EVENING}END:VEVENT\n"
    text = f"BEGIN:VCALENDAR\n{whole}BEGIN:VEVENT\nUID:2\nSUMMARY:Halb{end and chr(10)}{end}"
    fine, damaged = calendar.read(text.encode(), zone=BERLIN, now=NOW)
    assert fine.draft is not None
    assert "never ends: the file is damaged here" in str(damaged.faults[0])


def test_tasks_and_journals_are_named_not_passed_over() -> None:
    text = "BEGIN:VCALENDAR\nBEGIN:VTODO\nUID:1\nEND:VTODO\nEND:VCALENDAR\n"
    (row,) = calendar.read(text.encode(), zone=BERLIN, now=NOW)
    assert str(row.faults[0]) == "is a VTODO; only events (VEVENT) become posts"


def test_an_alarm_inside_an_entry_does_not_disturb_it() -> None:
    alarm = "BEGIN:VALARM\nACTION:DISPLAY\nDESCRIPTION:Aufstehen\nTRIGGER:-PT5M\nEND:VALARM"
    assert good(EVENING + "DESCRIPTION:Text\n" + alarm).body == "Text"


def test_a_calendar_that_another_library_wrote_reads_back_equal() -> None:
    made = Calendar()
    made.add("prodid", "-//test//")
    made.add("version", "2.0")
    event = Event()
    event.add("uid", "a")
    event.add("summary", "Lange, lange; Nacht \\ der Bücher " * 4)
    event.add("description", "Zeile eins\nZeile zwei, mit Komma; und *Stern*")
    event.add("dtstart", datetime(2036, 10, 26, 1, 30, tzinfo=BERLIN))
    event.add("dtend", datetime(2036, 10, 26, 4, 0, tzinfo=BERLIN))
    made.add_component(event)
    (row,) = calendar.read(made.to_ical(), zone=BERLIN, now=NOW)
    assert row.draft is not None
    assert row.draft.title == ("Lange, lange; Nacht \\ der Bücher " * 4).strip()
    assert row.draft.body == "Zeile eins\\\nZeile zwei, mit Komma; und \\*Stern\\*"
    assert row.draft.starts_at == datetime(2036, 10, 25, 23, 30, tzinfo=UTC)
    assert row.draft.ends_at == datetime(2036, 10, 26, 3, 0, tzinfo=UTC)


def test_what_is_no_calendar_is_refused_as_a_whole() -> None:
    with pytest.raises(Invalid, match="does not begin with BEGIN:VCALENDAR"):
        list(calendar.read(b"hello", zone=BERLIN, now=NOW))
