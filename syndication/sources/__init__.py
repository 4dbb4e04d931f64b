"""Reads other programs' files, entry by entry, as drafts of posts."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from syndication.content.reason import Reason
from syndication.errors import Fault, Invalid
from syndication.sources import calendar, spreadsheet, structured, table
from syndication.sources.quoting import quoted
from syndication.sources.row import DERIVED, MOST_BYTES, Row

__all__ = ["Row", "read", "read_bytes"]

_LINES = (".jsonl", ".ndjson")
#: How programs begin that save a web page and call it a table.
_PAGE = re.compile(rb"<(?:!doctype|html|head|meta|body|table|style|\?xml)\b", re.IGNORECASE)
_CALENDARS = (".ics", ".ical", ".icalendar", ".ifb")


def read(path: Path, *, zone: ZoneInfo, now: datetime) -> Iterator[Row]:
    """A row for each entry of an iCalendar, CSV, .xlsx, .ods, JSON or JSON Lines file; what it is, its content and name tell.

    Times without a zone are on `zone`'s clock. An entry that is wrong is a row with faults, and the rest goes on.
    Raises Invalid, before the first row, where the file as a whole cannot be read.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise Invalid.field("file", Reason("cannot read {}: {}", path, error.strerror)) from error
    return read_bytes(data, zone=zone, now=now, name=path.name, suffix=path.suffix.lower())


def read_bytes(data: bytes, *, zone: ZoneInfo, now: datetime, name: str, suffix: str = "") -> Iterator[Row]:
    """The same of a file's content. `name` is for sentences alone; without a `suffix` the content tells what it is."""
    if len(data) > MOST_BYTES:
        most = MOST_BYTES // 1024 // 1024
        raise Invalid.field("file", Reason("{} is larger than {} MB; please split it", name, most))
    data = _in_utf8(data)
    if not data.strip():
        raise Invalid.field("file", Reason("{} is empty", name))
    rows = list(_rows(data, suffix, zone, now))
    if not rows:
        raise Invalid.field("file", Reason("{} holds no entries", name))
    return _once(rows)


def _in_utf8(data: bytes) -> bytes:
    """The file as UTF-8 where it is UTF-16, with or without the mark that says so: what Excel calls "Unicode text"."""
    head = data[:200]
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        data = data.decode("utf-16", errors="replace").encode()
    elif head.count(0) > len(head) // 4 and not head.startswith((spreadsheet.ARCHIVE, spreadsheet.OLD)):
        little = head[1::2].count(0) >= head[::2].count(0)
        data = data.decode("utf-16-le" if little else "utf-16-be", errors="replace").encode()
    return data.removeprefix(codecs.BOM_UTF8)


def _rows(data: bytes, suffix: str, zone: ZoneInfo, now: datetime) -> Iterator[Row]:
    begin = data[:200].lstrip()
    if suffix in _CALENDARS or begin.upper().startswith(b"BEGIN:VCALENDAR"):
        return calendar.read(data, zone=zone, now=now)
    if begin.startswith(b"%PDF-"):
        raise Invalid.field(
            "file", Reason("is a PDF; please save the table as .xlsx or CSV, or the calendar as .ics")
        )
    if _PAGE.match(begin):
        raise Invalid.field(
            "file",
            Reason(
                "is a web page, whatever its name says; please open it in a spreadsheet and save it as .xlsx or CSV"
            ),
        )
    if suffix in _LINES:
        return structured.read_lines(data)
    if suffix == ".json" or begin.startswith((b"[", b"{")):
        return structured.read(data)
    if data.startswith(spreadsheet.OLD):
        raise spreadsheet.refuse_old()
    if data.startswith(spreadsheet.ARCHIVE):
        return spreadsheet.read(data, zone=zone, now=now)
    return table.read(data, zone=zone, now=now)


def _once(rows: list[Row]) -> Iterator[Row]:
    """The rows; one whose `source_ref` stood before is refused, for it would overwrite the other at every import."""
    seen: dict[str, str] = {}
    for row in rows:
        if (
            row.draft is None
            or row.source_ref is None
            or seen.setdefault(row.source_ref, row.position) == row.position
        ):
            yield row
        else:
            earlier = seen[row.source_ref]
            words = (
                Reason(
                    "stands already at {}, by title and start; a column Nummer could tell them apart", earlier
                )
                if row.source_ref.startswith(DERIVED)
                else Reason("{} stands already at {}", quoted(row.source_ref), earlier)
            )
            fault = Fault("source_ref", words)
            yield replace(row, draft=None, faults=(fault,))
