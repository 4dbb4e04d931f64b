"""Files of strangers, read apart: hostile ones cost a process that is thrown away, odd ones are read or refused in words."""

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from syndication import clock, sources
from syndication.content.reason import Reason
from syndication.errors import Invalid
from syndication.infra.reasons import translated_reason
from syndication.sources import Row, apart, examples, written
from tests.sources import hostile_files

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2036, 11, 26, 12, tzinfo=UTC)
TABLE = "Titel;Datum;Beginn\nGrüße;24.12.2036;19:30\n"
CALENDAR = (
    "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Grüße\r\n"
    "DTSTART:20361224T193000\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
STARTS = datetime(2036, 12, 24, 18, 30, tzinfo=UTC)


def read(data: bytes, name: str = "a.csv") -> list[Row]:
    return apart.read(data, zone=BERLIN, now=NOW, name=name, most=2000)


def refusal(data: bytes, name: str = "a.csv") -> str:
    with pytest.raises(Invalid) as refused:
        read(data, name)
    return "; ".join(translated_reason(Reason(one.message), "de") for one in refused.value.faults)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (hostile_files.zip_bomb, "enthält mehr als 100 MB"),
        (hostile_files.billion_laughs, "ist eine beschädigte Arbeitsmappe"),
        (hostile_files.open_file, "ist eine beschädigte Arbeitsmappe"),
        (hostile_files.nested_archive, "ist keine Tabelle"),
        (hostile_files.deep_json, "ist kein JSON"),
        (hostile_files.many_entries, "a.csv enthält 3000 Einträge; 2000 werden auf einmal genommen"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_hostile_file_is_refused_in_words(make: Callable[[], bytes], words: str) -> None:
    assert words in refusal(make())


@pytest.mark.parametrize(
    "make", [hostile_files.endless_rule, hostile_files.every_second, hostile_files.many_days]
)
def test_a_hostile_rule_is_a_fault_of_its_entry(make: Callable[[], bytes]) -> None:
    (row,) = read(make(), "a.ics")
    assert "ist keine Regel nach RFC 5545" in translated_reason(Reason(row.faults[0].message), "de")


def test_a_table_of_a_million_columns_is_read_as_far_as_a_sheet_would_be() -> None:
    begun = clock.monotonic()
    (row,) = read(hostile_files.wide_table())
    assert row.title == "a"
    assert clock.monotonic() - begun < 10


def test_what_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the file is to blame for how fast this machine is, so its time is made short."""
    monkeypatch.setattr(apart, "_SECONDS", 2.0)
    assert "entfaltet sich zu mehr" in refusal(hostile_files.heavy_rows())


@pytest.mark.parametrize(
    "data",
    [
        TABLE.encode(),
        TABLE.encode("utf-8-sig"),
        TABLE.encode("cp1252"),
        TABLE.encode("utf-16"),
        TABLE.encode("utf-16-le"),
        TABLE.encode("utf-16-be"),
        TABLE.replace(";", "\t").encode("utf-16"),
        TABLE.replace(";", ",").encode(),
        ("sep=;\n" + TABLE).encode(),
        TABLE.replace("\n", "\r").encode(),
        CALENDAR.encode(),
        CALENDAR.encode("utf-8-sig"),
        CALENDAR.encode("utf-16"),
        CALENDAR.encode("utf-16-le"),
        CALENDAR.encode("cp1252"),
        b"\r\n\r\n" + CALENDAR.encode(),
    ],
)
@pytest.mark.parametrize("name", ["a.csv", "a.ics", "Liste", "a.xlsx"])
def test_the_content_says_what_a_file_is_and_not_its_name(data: bytes, name: str) -> None:
    (row,) = sources.read_bytes(data, zone=BERLIN, now=NOW, name=name)
    assert row.draft is not None, row.faults
    assert (row.title, row.draft.begins) == ("Grüße", STARTS)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "ist leer"),
        (b"\xef\xbb\xbf \r\n", "ist leer"),
        (b"Titel;Datum\n", "enthält keine Einträge"),
        (b"PK\x03\x04 broken", "ist eine beschädigte Arbeitsmappe"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 500, "ist eine alte Excel-Datei"),
        (b"<html><table><tr><td>Titel</td></tr></table></html>", "ist eine Webseite"),
        (b"\xef\xbb\xbf\r\n<!DOCTYPE html><html>", "ist eine Webseite"),
        ("<html>".encode("utf-16"), "ist eine Webseite"),
        (b"%PDF-1.7\n", "ist ein PDF"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "hat keine Spalte für den Titel"),
        (b"Liebe Kollegen,\nhier unsere Termine.\n", "hat keine Spalte für den Titel"),
        (b'{"posts": 3}', "muss eine Liste von Beiträgen enthalten"),
        (b"[1, 2", "ist kein JSON"),
    ],
)
def test_what_is_no_file_of_ours_is_named_as_what_it_is(data: bytes, words: str) -> None:
    with pytest.raises(Invalid) as refused:
        list(sources.read_bytes(data, zone=BERLIN, now=NOW, name="a.csv"))
    assert words in translated_reason(Reason(refused.value.faults[0].message), "de")


def test_days_and_hours_of_a_workbook_come_through_the_wall() -> None:
    """Its libraries are there although the process has no way to the disk."""
    _, data = examples.example("vorlage.xlsx", NOW.date())
    first, _ = read(data, "a.xlsx")
    assert first.draft is not None
    assert first.draft.begins == datetime(2036, 12, 26, 18, 30, tzinfo=UTC)


def test_a_row_comes_out_as_it_was() -> None:
    """Topics with their spellings, dates of a series with their ranks, faults and remarks with their places."""
    lines = ["BEGIN:VCALENDAR"]
    for entry in (
        "UID:1\nSUMMARY:Chor\nCATEGORIES:Kunst & Kultur\nDTSTART:20361201T200000\nRRULE:FREQ=WEEKLY;COUNT=6\nSEQUENCE:2",
        "UID:1\nRECURRENCE-ID:20361208T200000\nSUMMARY:Chor\nDTSTART:20361209T200000\nDTSTAMP:20361101T000000Z",
        "UID:2\nRECURRENCE-ID:20361208T200000\nSUMMARY:Tanz\nDTSTART:20361209T200000",
        "UID:3\nSUMMARY:Kaputt\nDTSTART:bald",
    ):
        lines += ["BEGIN:VEVENT", *entry.split("\n"), "END:VEVENT"]
    data = "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()
    rows = list(sources.read_bytes(data, zone=BERLIN, now=NOW, name="a.ics"))
    assert len(rows) == 3
    again = read(data, "a.ics")
    assert again == rows == [written.read(written.written(row)) for row in rows]
    assert rows[0].draft is not None
    assert again[0].draft is not None
    assert [topic.name for topic in again[0].draft.topics] == ["Kunst & Kultur"]
    assert translated_reason(Reason(again[2].position), "de") == "Eintrag 4, Zeile 23"
    for one, same in zip(again, rows, strict=True):
        assert [translated_reason(Reason(said), "de") for said in one.remarks] == [
            translated_reason(Reason(said), "de") for said in same.remarks
        ]
