"""Workbooks of spreadsheet programs: typed cells, merged ones, several sheets, and files that are meant to do harm."""

import io
import zipfile
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest

from syndication import sources
from syndication.errors import Invalid
from syndication.infra.markdown import markdown_to_text
from syndication.kinds.event_content import EventDraft, event_draft
from syndication.sources import Row, spreadsheet, typed

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 25, tzinfo=UTC)
_HEAD = (
    '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
    'xmlns:xlink="http://www.w3.org/1999/xlink" '
    'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0">'
    "<office:body><office:spreadsheet>"
)
_FOOT = "</office:spreadsheet></office:body></office:document-content>"


def read(data: bytes) -> list[Row]:
    return list(spreadsheet.read(data, zone=BERLIN, now=NOW))


def excel(*lines: tuple[Any, ...], merged: tuple[str, ...] = (), more: tuple[str, ...] = ()) -> bytes:
    """A workbook with these lines, and more sheets of these names."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Termine"
    for line in lines:
        sheet.append(line)
    for where in merged:
        sheet.merge_cells(where)
    for name in more:
        book.create_sheet(name).append(("Notiz", "ohne Titel"))
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def ods(*rows: str, before: str = "", start: str = "") -> bytes:
    """An OpenDocument spreadsheet with these rows of cells."""
    lines = "".join(
        row if row.startswith("<table:table-row") else f"<table:table-row>{row}</table:table-row>"
        for row in rows
    )
    sheet = f'<table:table table:name="Termine">{lines}</table:table>'
    return archive({"content.xml": start + _HEAD + before + sheet + _FOOT})


def archive(files: dict[str, str]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as found:
        for name, text in files.items():
            found.writestr(name, text)
    return file.getvalue()


def said(*texts: str) -> str:
    return "".join(f"<table:table-cell><text:p>{text}</text:p></table:table-cell>" for text in texts)


def typed_cell(kind: str, attribute: str, value: str, shown: str = "x") -> str:
    said_so = f'office:value-type="{kind}" office:{attribute}="{value}"'
    return f"<table:table-cell {said_so}><text:p>{shown}</text:p></table:table-cell>"


def event(row: Row) -> EventDraft:
    assert row.draft is not None, row.faults
    return event_draft(row.draft)


def starts(found: list[Row]) -> list[str]:
    return [
        f"{event(row).starts_at.astimezone(BERLIN):%d.%m.%Y %H:%M}" if row.draft else str(row.faults[0])
        for row in found
    ]


# Excel


def test_typed_cells_of_excel_are_days_hours_numbers_and_yes_or_no(tmp_path: Path) -> None:
    file = tmp_path / "termine.xlsx"
    file.write_bytes(
        excel(
            ("Titel", "Datum", "Beginn", "Ende", "Preis", "Ganztägig"),
            ("Wein", datetime(2027, 2, 24), time(18, 30), timedelta(days=1), 12.5, False),
            ("Fest", date(2027, 2, 25), None, None, 7, True),
        )
    )
    wine, fest = sources.read(file, zone=BERLIN, now=NOW)
    assert (event(wine).starts_at, event(wine).ends_at, event(wine).price) == (
        datetime(2027, 2, 24, 18, 30, tzinfo=BERLIN), datetime(2027, 2, 25, tzinfo=BERLIN), Decimal("12.5"),
    )  # fmt: skip
    assert (event(fest).all_day, event(fest).price) == (True, Decimal(7))
    assert wine.position == "Termine, row 2"


def test_merged_days_of_excel_are_those_of_each_line_and_only_of_those() -> None:
    found = read(
        excel(
            ("Veranstaltungen 2027",),
            ("Datum", "Uhrzeit", "Titel"),
            ("24.02.", "18:00", "a"),
            (None, "10:00", "b"),
            (None, "19:00", "c"),
            (None, None, None),
            ("25.02.", "18:00", "d"),
            (None, None, "e"),
            merged=("A1:C1", "A3:A6", "A7:A7"),
        )
    )
    assert starts(found) == [
        "24.02.2027 18:00", "24.02.2027 10:00", "24.02.2027 19:00", "25.02.2027 18:00",
        "Datum: names no day, such as 24.12.2026",
    ]  # fmt: skip


def test_a_heading_of_merged_cells_is_read() -> None:
    (row,) = read(
        excel(
            ("Titel", "Datum", None),
            (None, "von", "bis"),
            ("a", date(2027, 2, 24), date(2027, 2, 26)),
            merged=("A1:A2", "B1:C1"),
        )
    )
    assert event(row).ends_at == datetime(2027, 2, 27, tzinfo=BERLIN)


@pytest.mark.parametrize("shown", ["#REF!", "#N/A", "#NAME?", "#DIV/0!", "#VALUE!"])
def test_an_error_of_excel_is_a_fault_of_its_cell(shown: str) -> None:
    (row,) = read(excel(("Titel", "Datum", "Ort"), ("a", date(2027, 2, 24), shown)))
    assert [str(fault) for fault in row.faults] == [
        f"Ort: holds {shown}, which a spreadsheet shows where it could not calculate"
    ]


def test_a_formula_that_nobody_calculated_is_no_empty_cell() -> None:
    (row,) = read(excel(("Titel", "Datum", "Ort"), ("a", date(2027, 2, 24), '=UPPER("x")')))
    assert str(row.faults[0]).startswith("Ort: holds =…")


def test_the_first_sheet_with_a_heading_is_read_and_named() -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(("Nur eine Notiz",))
    sheet = book.create_sheet("Termine 2027")
    sheet.append(("Titel", "Datum"))
    sheet.append(("a", date(2027, 2, 24)))
    hidden = book.create_sheet("Alt", 0)
    hidden.append(("Titel", "Datum"))
    hidden.sheet_state = "hidden"
    file = io.BytesIO()
    book.save(file)
    (row,) = read(file.getvalue())
    assert row.position == "Termine 2027, row 2"
    assert row.remarks[0] == "the sheet Termine 2027 was read, others were not: Sheet"


def test_a_workbook_without_a_heading_is_refused() -> None:
    with pytest.raises(Invalid, match="has no column for the title"):
        read(excel(("eins", "zwei")))


# OpenDocument


def test_typed_cells_of_an_opendocument_table_are_read() -> None:
    (row,) = read(
        ods(
            said("Titel", "Datum", "Beginn", "Ende", "Preis", "Ganztägig"),
            said("Wein")
            + typed_cell("date", "date-value", "2027-02-24", "24.02.27")
            + typed_cell("time", "time-value", "PT18H30M00S")
            + typed_cell("time", "time-value", "PT24H00M00S")
            + typed_cell("currency", "value", "12.5")
            + typed_cell("boolean", "boolean-value", "false"),
        )
    )
    assert (event(row).starts_at, event(row).ends_at, event(row).price) == (
        datetime(2027, 2, 24, 18, 30, tzinfo=BERLIN), datetime(2027, 2, 25, tzinfo=BERLIN), Decimal("12.5"),
    )  # fmt: skip
    assert row.position == "Termine, row 2"


def test_merged_cells_links_and_notes_of_an_opendocument_table_are_read() -> None:
    first, second = read(
        ods(
            said("Datum", "Uhrzeit", "Titel", "Text"),
            '<table:table-row table:number-rows-repeated="3"><table:table-cell table:number-columns-repeated="1024"/>'
            "</table:table-row>",
            '<table:table-cell table:number-rows-spanned="2" office:value-type="date" office:date-value="2027-02-24T00:00:00">'
            "<text:p>x</text:p></table:table-cell>"
            + said("18:00", "a")
            + "<table:table-cell><office:annotation><text:p>Notiz</text:p></office:annotation>"
            '<text:p>Eins<text:s text:c="2"/>zwei</text:p>'
            '<text:p><text:a xlink:href="https://example.org/">Karten</text:a></text:p></table:table-cell>',
            "<table:covered-table-cell/>" + said("10:00", "b"),
        )
    )
    assert starts([first, second]) == ["24.02.2027 18:00", "24.02.2027 10:00"]
    assert markdown_to_text(event(first).body) == "Eins  zwei\nKarten (https://example.org/)"
    assert (first.position, second.position) == ("Termine, row 5", "Termine, row 6")


def test_an_error_of_an_opendocument_table_is_a_fault_of_its_cell() -> None:
    error = '<table:table-cell table:formula="of:=1/0" office:string-value="" calcext:value-type="error">'
    (row,) = read(
        ods(
            said("Titel", "Datum", "Ort"),
            said("a", "24.02.2027") + error + "<text:p>#DIV/0!</text:p></table:table-cell>",
        )
    )
    assert str(row.faults[0]).startswith("Ort: holds #DIV/0!")


# Values


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""), (True, "true"), (12, "12"), (12.0, "12"), (12.5, "12.5"), (0.1 + 0.2, "0.3"), (1.299, "1.2990"), ("x", "x"),
        (datetime(2027, 2, 24), "2027-02-24"), (datetime(2027, 2, 24, 18, 19, 59, 999999), "2027-02-24 18:20"),
        (date(2027, 2, 24), "2027-02-24"), (time(18, 19, 59, 999999), "18:20"), (timedelta(hours=24), "24:00"),
        (datetime(1900, 1, 1), "24:00"),
    ],
)  # fmt: skip
def test_a_value_becomes_what_people_would_type(value: object, text: str) -> None:
    assert typed.text_of(value) == text


# Harm


@pytest.mark.parametrize("name", ["xl/workbook.xml", "content.xml", "anything.xml"])
def test_a_file_that_would_unpack_to_more_than_fits_is_refused_unopened(name: str) -> None:
    with pytest.raises(Invalid, match="holds more than 100 MB"):
        read(archive({name: "0" * (typed.MOST_UNPACKED + 1)}))


@pytest.mark.parametrize(
    "start",
    [
        '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>',
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>',
    ],
)
def test_entities_are_not_resolved(start: str) -> None:
    with pytest.raises(Invalid, match="is a damaged workbook"):
        read(ods(said("Titel"), start=start))


def test_a_million_repeated_cells_and_lines_end() -> None:
    wide = (
        '<table:table-cell table:number-columns-repeated="1000000000"><text:p>x</text:p></table:table-cell>'
    )
    with pytest.raises(Invalid, match="holds more than 20000 lines"):
        read(
            ods(
                said("Titel", "Datum"),
                f'<table:table-row table:number-rows-repeated="1000000000">{said("a")}{wide}</table:table-row>',
            )
        )


def test_one_long_text_in_very_many_cells_is_refused_before_it_is_read() -> None:
    long = f'<table:table-row table:number-rows-repeated="15000">{said("a", "24.02.2027", "x" * 10_000)}</table:table-row>'
    with pytest.raises(Invalid, match="holds more than 100 MB"):
        read(ods(said("Titel", "Datum", "Text"), long))


def test_a_line_at_the_very_end_of_a_sheet_costs_little() -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(("Titel", "Datum"))
    book.active["XFD1048576"] = "x"
    file = io.BytesIO()
    book.save(file)
    assert read(file.getvalue()) == []


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"PK\x03\x04 and nothing else", "is a damaged workbook"),
        (archive({"xl/workbook.xml": "<x/>"}), "is a damaged workbook"),
        (archive({"content.xml": "<x>"}), "is a damaged workbook"),
        (archive({"word/document.xml": "<x/>"}), "is no table"),
    ],
)
def test_what_is_no_table_is_said_to_be_none(data: bytes, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        read(data)


def test_an_old_or_protected_workbook_is_refused_with_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "termine.xls"
    file.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
    with pytest.raises(Invalid, match=r"please save it as \.xlsx, without one, or as CSV"):
        sources.read(file, zone=BERLIN, now=NOW)
