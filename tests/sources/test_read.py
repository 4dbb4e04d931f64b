"""Files as a whole: what cannot be read at all is one clear error; limits hold."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication import sources
from syndication.errors import Invalid
from syndication.sources import calendar, row, structured, table
from syndication.sources.columns import COLUMNS

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2036, 1, 1, tzinfo=UTC)


def read(path: Path) -> list[sources.Row]:
    return list(sources.read(path, zone=BERLIN, now=NOW))


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"", "a.csv", "is empty"),
        (b"\xef\xbb\xbf \r\n", "a.csv", "is empty"),
        (b"PK\x03\x04rest", "a.xlsx", "is a damaged workbook"),
        (b"Titel;Preis\n", "a.csv", "holds no entries"),
        (b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "a.ics", "holds no entries"),
        (b"<html>404</html>", "a.ics", "does not begin with BEGIN:VCALENDAR"),
        (b"\x00\x01\x02\xff" * 100, "a.bin", "has no column for the title"),
    ],
)
def test_a_file_that_holds_nothing_readable_is_one_clear_error(
    content: bytes, name: str, words: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Invalid, match=words):
        read(tmp_path / name)


def test_a_file_that_is_not_there_or_a_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"cannot read .*missing\.csv: No such file"):
        read(tmp_path / "missing.csv")
    with pytest.raises(Invalid, match="Is a directory"):
        read(tmp_path)


def test_a_file_over_20_mb_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "big.csv"
    file.write_bytes(b"Titel\n" + b"a" * row.MOST_BYTES)
    with pytest.raises(Invalid, match=r"big\.csv is larger than 20 MB"):
        read(file)


def test_more_than_20000_entries_are_refused_in_each_format() -> None:
    many = row.MOST_ENTRIES + 1
    with pytest.raises(Invalid, match="more than 20000 lines"):
        list(table.read(b"Titel\n" + b"a\n" * many, zone=BERLIN, now=NOW))
    with pytest.raises(Invalid, match="holds 20001 lines"):
        list(structured.read_lines(b"{}\n" * many))
    with pytest.raises(Invalid, match="holds 20001 posts"):
        list(structured.read(b"[" + b"{}," * (many - 1) + b"{}]"))
    entry = b"BEGIN:VTODO\r\nEND:VTODO\r\n"
    with pytest.raises(Invalid, match="holds 20001 entries"):
        list(calendar.read(b"BEGIN:VCALENDAR\r\n" + entry * many, zone=BERLIN, now=NOW))


_LINE = st.sampled_from(
    [
        b"BEGIN:VEVENT", b"END:VEVENT", b"BEGIN:VALARM", b"END:VALARM", b"END:VCALENDAR", b"UID:1", b"SUMMARY:a",
        b"DTSTART;VALUE=DATE:20360822", b"DTSTART;TZID=X:99991231T235959",
        b"DTEND:00010101T000000", b"RRULE:FREQ=DAILY;INTERVAL=0", b"RRULE:FREQ=YEARLY;COUNT=2", b"RRULE:",
        b"EXDATE:20360823T100000,20360824", b"EXDATE;VALUE=PERIOD:x/y", b"RDATE;VALUE=PERIOD:20360901T100000Z/PT1H",
        b"RECURRENCE-ID:20360823T100000", b"RECURRENCE-ID:x", b"DURATION:P99999999D", b"DURATION:x", b"GEO:1",
        b"CATEGORIES:", b"ATTACH:", b"SEQUENCE:x", b"DTSTAMP:x", b"STATUS:", b"CLASS:", b"\xff\xfe", b" folded", b":", b";",
    ]
)  # fmt: skip


@given(entries=st.lists(st.lists(_LINE | st.binary(max_size=20), max_size=10), min_size=1, max_size=4))
def test_no_calendar_however_broken_ends_in_anything_but_rows(entries: list[list[bytes]]) -> None:
    lines = [b"BEGIN:VCALENDAR", b"VERSION:2.0"]
    for entry in entries:
        lines += [b"BEGIN:VEVENT", b"SUMMARY:a", b"DTSTART:20360822T100000", *entry, b"END:VEVENT"]
    found = list(calendar.read(b"\r\n".join(lines), zone=BERLIN, now=NOW))
    with_others = [note for one in found for note in one.remarks if note.startswith("entry ")]
    assert len(found) + len(with_others) >= len(entries)
    assert all((one.draft is None) == bool(one.faults) for one in found)


@given(text=st.text(alphabet='ab12.;,"\n\t :€ä', max_size=80))
def test_no_table_however_broken_ends_in_anything_but_rows(text: str) -> None:
    header = "Titel;Beginn;Ende;Uhrzeit;Preis;Bis;Breitengrad\n"
    found = list(table.read((header + text).encode(), zone=BERLIN, now=NOW))
    assert all((one.draft is None) == bool(one.faults) for one in found)


DOCS = (Path(__file__).resolve().parent.parent.parent / "docs" / "import.md").read_text(encoding="utf-8")


def test_the_docs_name_every_column_of_a_table_in_each_of_its_spellings() -> None:
    for names in COLUMNS.values():
        assert f"| {', '.join(f'`{name}`' for name in names)} |" in DOCS


@pytest.mark.parametrize("language", ["csv", "json"])
def test_the_examples_of_the_docs_are_read_without_a_remark(language: str, tmp_path: Path) -> None:
    example = DOCS.partition(f"```{language}\n")[2].partition("```")[0]
    file = tmp_path / f"example.{language}"
    file.write_text(example, encoding="utf-8")
    found = read(file)
    assert [(one.faults, one.remarks) for one in found] == [((), ())] * len(found)
