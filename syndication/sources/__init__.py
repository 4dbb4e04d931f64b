"""Reads other programs' files, entry by entry, as drafts of posts."""

import codecs
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from syndication.content.reason import Reason
from syndication.errors import Fault, Invalid
from syndication.sources import calendar, spreadsheet, structured, table
from syndication.sources.row import DERIVED, MOST_BYTES, Row

__all__ = ["Row", "read"]

_LINES = (".jsonl", ".ndjson")
_CALENDARS = (".ics", ".ical", ".icalendar", ".ifb")


def read(path: Path, *, zone: ZoneInfo, now: datetime) -> Iterator[Row]:
    """A row for each entry of an iCalendar, CSV, .xlsx, .ods, JSON or JSON Lines file; what it is, its content and name tell.

    Times without a zone are on `zone`'s clock. An entry that is wrong is a row with faults, and the rest goes on.
    Raises Invalid, before the first row, where the file as a whole cannot be read.
    """
    data = _bytes(path)
    rows = list(_rows(data, path.suffix.lower(), zone, now))
    if not rows:
        raise Invalid.field("file", f"{path.name} holds no entries")
    return _once(rows)


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise Invalid.field("file", f"cannot read {path}: {error.strerror}") from error
    if len(data) > MOST_BYTES:
        raise Invalid.field(
            "file", f"{path.name} is larger than {MOST_BYTES // 1024 // 1024} MB; please split it"
        )
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):  # what Excel calls "Unicode text"
        data = data.decode("utf-16", errors="replace").encode()
    data = data.removeprefix(codecs.BOM_UTF8)
    if not data.strip():
        raise Invalid.field("file", f"{path.name} is empty")
    return data


def _rows(data: bytes, suffix: str, zone: ZoneInfo, now: datetime) -> Iterator[Row]:
    begin = data[:200].lstrip()
    if suffix in _CALENDARS or begin.upper().startswith(b"BEGIN:VCALENDAR"):
        return calendar.read(data, zone=zone, now=now)
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
                else Reason("{} stands already at {}", repr(row.source_ref), earlier)
            )
            fault = Fault("source_ref", words)
            yield replace(row, draft=None, faults=(fault,))
