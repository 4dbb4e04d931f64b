"""Reads the sheets of an OpenDocument spreadsheet (.ods, ISO/IEC 26300) as lines of texts."""

import io
import re
from collections.abc import Iterator
from typing import Any
from zipfile import ZipFile

from defusedxml.ElementTree import iterparse

from syndication.sources.grid import DEEPEST_HEADING, Line
from syndication.sources.row import MOST_ENTRIES
from syndication.sources.typed import MOST_COLUMNS, UNCALCULATED, text_of

_OFFICE, _TABLE, _TEXT, _LINK, _CALC = (
    "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}",
    "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}",
    "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}",
    "{http://www.w3.org/1999/xlink}",
    "{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}",
)
#: One more than may be read below any heading.
_MOST_LINES = MOST_ENTRIES + DEEPEST_HEADING + 1
_TIME = re.compile(r"PT(\d{1,4})H(\d{1,2})M(?:(\d{1,2})(?:[.,]\d+)?S)?")


def sheets(data: bytes) -> Iterator[tuple[str, list[Line]]]:
    """Name and lines of each sheet. Raises ParseError, KeyError or BadZipFile for a damaged file."""
    with ZipFile(io.BytesIO(data)) as archive, archive.open("content.xml") as file:
        name, reader, nested = "", _Sheet(), 0
        sheet: Any = None
        for event, element in iterparse(file, events=("start", "end")):
            if element.tag == f"{_TABLE}table":
                nested += 1 if event == "start" else -1
                if event == "start" and nested == 1:
                    name, reader, sheet = element.get(f"{_TABLE}name", ""), _Sheet(), element
                elif event == "end" and nested == 0:
                    yield name, reader.lines
                    element.clear()
            elif event == "end" and element.tag == f"{_TABLE}table-row" and nested == 1:
                reader.add(element)
                element.clear()
                sheet.clear()


class _Sheet:
    """The lines of one sheet, and the cells that reach down into those that follow."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self._number = 0
        #: Text and last line of the cells that reach down, by their columns.
        self._below: dict[int, tuple[str, int]] = {}

    def add(self, row: Any) -> None:
        """One row, which may stand for many that are the same."""
        times = _count(row, "number-rows-repeated")
        if not any(_text_of(cell).strip() for cell in row if cell.tag == f"{_TABLE}table-cell"):
            self._number += times
            return
        for _ in range(min(times, _MOST_LINES - len(self.lines))):
            self._number += 1
            self.lines.append(Line(self._number, tuple(self._cells(row))))

    def _cells(self, row: Any) -> list[str]:
        cells: list[str] = []
        for cell in row:
            times = min(_count(cell, "number-columns-repeated"), MOST_COLUMNS - len(cells))
            if cell.tag == f"{_TABLE}covered-table-cell":
                for _ in range(times):
                    cells.append(self._merged(len(cells)))
            elif cell.tag == f"{_TABLE}table-cell":
                text, last = _text_of(cell), self._number + _count(cell, "number-rows-spanned") - 1
                self._below[len(cells)] = (text, last)
                cells += [text] * times
        return cells

    def _merged(self, column: int) -> str:
        text, last = self._below.get(column, ("", 0))
        return text if self._number <= last else ""


def _count(element: Any, name: str) -> int:
    said = element.get(_TABLE + name, "1")
    return int(said) if said.isdecimal() and len(said) < 20 else 1


def _text_of(cell: Any) -> str:
    """By the type of the value (section 19.387); an error, which has none, as it is shown."""
    shown = "\n".join(_words(one) for one in cell if one.tag in (f"{_TEXT}p", f"{_TEXT}h")).strip()
    if cell.get(f"{_CALC}value-type") == "error":
        return shown or UNCALCULATED
    match cell.get(f"{_OFFICE}value-type"):
        case "date":
            return _date(cell.get(f"{_OFFICE}date-value", ""))
        case "time":
            found = _TIME.fullmatch(cell.get(f"{_OFFICE}time-value", ""))
            return f"{int(found[1]):02}:{int(found[2]):02}" if found else shown
        case "boolean":
            return str(cell.get(f"{_OFFICE}boolean-value", ""))
        case "float" | "currency" | "percentage":
            return _number(cell.get(f"{_OFFICE}value", ""), shown)
        case None if cell.get(f"{_TABLE}formula") and not shown:
            return UNCALCULATED
    return shown or cell.get(f"{_OFFICE}string-value", "")


def _date(said: str) -> str:
    """Midnight is how programs write a day without an hour."""
    day, _, hour = said.partition("T")
    if day == "1899-12-30":  # a time that was formatted as a date with its hour
        return hour[:5]
    return day if not hour or hour.startswith("00:00:00") else f"{day} {hour[:5]}"


def _number(said: str, shown: str) -> str:
    try:
        value = float(said)
    except ValueError:
        return shown
    return text_of(int(value) if value.is_integer() and abs(value) < 1e15 else value)


def _words(element: Any) -> str:
    """The words of a paragraph, with its lines, blanks and links (sections 6.1 and 6.2); notes stand outside of it."""
    pieces = [element.text or ""]
    for one in element:
        match one.tag.removeprefix(_TEXT):
            case "s":
                pieces.append(" " * min(int(one.get(f"{_TEXT}c", "1")), 100))
            case "tab":
                pieces.append("\t")
            case "line-break":
                pieces.append("\n")
            case "a":
                words, address = _words(one), one.get(f"{_LINK}href", "")
                pieces.append(words if address in ("", words) else f"{words} ({address})")
            case _:
                pieces.append(_words(one))
        pieces.append(one.tail or "")
    return "".join(pieces)
