"""Reads the sheets of an Excel workbook (.xlsx, ECMA-376) as lines of texts."""

import io
import re
from collections.abc import Iterator, Mapping
from typing import Any
from zipfile import ZipFile

import openpyxl
from defusedxml.ElementTree import iterparse
from openpyxl.utils.cell import coordinate_to_tuple, range_boundaries

from syndication.sources.grid import Line
from syndication.sources.typed import MOST_COLUMNS, MOST_LINES, UNCALCULATED, text_of

_SPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def sheets(data: bytes) -> Iterator[tuple[str, list[Line]]]:
    """Name and lines of each sheet that is shown. Raises whatever openpyxl raises for a damaged file."""
    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    with ZipFile(io.BytesIO(data)) as archive:
        for sheet in book.worksheets:
            if sheet.sheet_state == "visible":
                yield sheet.title, list(_lines(sheet, archive))


def _lines(sheet: Any, archive: ZipFile) -> Iterator[Line]:
    # openpyxl's way without memory for the whole sheet knows of no merged cells; where the sheet lies it tells nobody else.
    below, uncalculated = _merged(archive, sheet._worksheet_path)
    sheet.reset_dimensions()  # what a file says of its size is often wrong
    above: dict[int, tuple[str, int]] = {}
    for number, row in enumerate(
        sheet.iter_rows(max_col=MOST_COLUMNS, max_row=MOST_LINES, values_only=True), 1
    ):
        cells = [text_of(value) for value in row]
        for column in uncalculated.get(number, ()):
            _set(cells, column, UNCALCULATED)
        if not any(text.strip() for text in cells):
            continue
        for column, (text, last) in above.items():
            if number <= last:
                _set(cells, column, text)
        for column, last in below.get(number, {}).items():
            above[column] = (cells[column - 1] if column <= len(cells) else "", last)
        yield Line(number, tuple(cells))


def _set(cells: list[str], column: int, text: str) -> None:
    cells += [""] * (column - len(cells))
    cells[column - 1] = text


def _merged(archive: ZipFile, path: str) -> tuple[dict[int, dict[int, int]], Mapping[int, list[int]]]:
    """By lines: the columns whose cell is merged with those below, each with the last line; and formulas without a value."""
    merged: dict[int, dict[int, int]] = {}
    uncalculated: dict[int, list[int]] = {}
    with archive.open(path) as file:
        rows: Any = None
        for event, element in iterparse(file, events=("start", "end")):
            if element.tag == f"{_SPACE}sheetData":
                rows = element
            if event == "start":
                continue
            if element.tag == f"{_SPACE}c":
                formula, value = element.find(f"{_SPACE}f"), element.find(f"{_SPACE}v")
                place = element.get("r", "")
                if (
                    formula is not None
                    and (value is None or not value.text)
                    and re.fullmatch(r"[A-Z]{1,3}\d{1,7}", place)
                ):
                    row, column = coordinate_to_tuple(place)
                    if column <= MOST_COLUMNS:
                        uncalculated.setdefault(row, []).append(column)
            elif element.tag == f"{_SPACE}mergeCell":
                left, top, _, bottom = (side or 0 for side in range_boundaries(element.get("ref", "")))
                if 1 <= left <= MOST_COLUMNS and bottom > top:
                    merged.setdefault(top, {})[left] = bottom
            elif element.tag == f"{_SPACE}row" and rows is not None:
                rows.clear()  # and with it this row, which would be kept else
    return merged, uncalculated
