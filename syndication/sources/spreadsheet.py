"""Reads the workbooks of spreadsheet programs: of their sheets the first that names a column for the title."""

import io
import warnings
from collections.abc import Iterator
from datetime import datetime
from typing import Final
from zipfile import ZipFile
from zoneinfo import ZoneInfo

from syndication.content.reason import Reason
from syndication.errors import Invalid
from syndication.sources import heading, table
from syndication.sources.grid import Line
from syndication.sources.row import Row
from syndication.sources.typed import MOST_UNPACKED

#: How files begin that hold several, and those of older programs, or behind a password.
ARCHIVE: Final = b"PK\x03\x04"
OLD: Final = b"\xd0\xcf\x11\xe0"
_MOST_FILES = 5_000
_EXCEL, _OPEN_DOCUMENT = "xl/workbook.xml", "content.xml"


def refuse_old() -> Invalid:
    """What to say of a workbook that only Excel itself can open."""
    return Invalid.field(
        "file",
        Reason(
            "is an Excel file of an old kind (.xls) or behind a password; please save it as .xlsx, without one, or as CSV."
        ),
    )


def read(data: bytes, *, zone: ZoneInfo, now: datetime) -> Iterator[Row]:
    """A row for each entry of an .xlsx or .ods file. Raises Invalid where it cannot be read, or no sheet has a heading."""
    remarks: list[str] = []
    others: list[str] = []
    chosen: tuple[str, list[Line]] | None = None
    for name, lines in _sheets(data):
        if chosen is None and lines and heading.find(lines) is not None:
            chosen = name, lines
        elif lines:
            others.append(name)
    if chosen is None:
        raise heading.missing()
    name, lines = chosen
    if sum(len(text) for line in lines for text in line.cells) > MOST_UNPACKED:
        raise _too_large()
    if others:
        remarks.append(Reason("the sheet {} was read, others were not: {}", name, ", ".join(others)))
    return table.rows(lines, heading.required(lines), zone=zone, now=now, remarks=remarks, sheet=name)


def _too_large() -> Invalid:
    most = MOST_UNPACKED // 1024 // 1024
    return Invalid.field("file", Reason("holds more than {} MB; please save only its table, as CSV.", most))


def _sheets(data: bytes) -> list[tuple[str, list[Line]]]:
    """Name and lines of each sheet; the file is measured before anything of it is unpacked."""
    # Only here, for both libraries take long to load and a table is seldom a workbook.
    from syndication.sources import excel, opendocument

    damaged = Invalid.field(
        "file", Reason("is a damaged workbook, or behind a password; please save it anew, or as CSV.")
    )
    try:
        with ZipFile(io.BytesIO(data)) as archive:
            files = archive.infolist()
        # No more than that is read of a file of an archive, whatever it holds (zipfile.ZipExtFile).
        if len(files) > _MOST_FILES or sum(file.file_size for file in files) > MOST_UNPACKED:
            raise _too_large()
        names = {file.filename for file in files}
        if _EXCEL in names:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what openpyxl does not know is no matter of a table
                return list(excel.sheets(data))
        if _OPEN_DOCUMENT in names:
            return list(opendocument.sheets(data))
    except Invalid:
        raise
    except Exception as error:
        raise damaged from error
    raise Invalid.field("file", Reason("is no table; please save it as .xlsx, .ods or CSV."))
