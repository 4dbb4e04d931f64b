"""Reads CSV tables with German or English column names, as spreadsheets save them."""

import csv
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from syndication import kinds
from syndication.content.base import slugify
from syndication.errors import Fault, Invalid
from syndication.kinds import KINDS
from syndication.sources import cell, repair
from syndication.sources.row import MOST_ENTRIES, Row, made, refused

#: Column names, as slugs, of each field; the first is the field's own name. Each kind adds its own. docs/import.md shows all.
COLUMNS: dict[str, tuple[str, ...]] = {
    "kind": ("kind", "art", "typ", "type"),
    "title": ("title", "titel", "name", "ueberschrift"),
    "summary": ("summary", "kurztext", "zusammenfassung", "teaser"),
    "body": ("body", "text", "beschreibung", "description"),
    "url": ("url", "link", "webseite", "website", "internet"),
    "language": ("language", "sprache"),
    "topics": ("topics", "topic", "themen", "thema", "kategorien", "kategorie", "categories", "category", "tags"),
    "image": ("image", "bild", "bild-url", "image-url"),
    "image_alt": ("image-alt", "bildbeschreibung", "bildtext", "alt"),
    "place": ("place", "ort", "veranstaltungsort", "location"),
    "address": ("address", "adresse", "anschrift"),
    "latitude": ("latitude", "breitengrad", "lat"),
    "longitude": ("longitude", "laengengrad", "lon", "lng"),
    "from": ("from", "von"),
    "until": ("until", "bis"),
    "day": ("day", "datum", "date", "tag"),
    "time": ("time", "uhrzeit", "zeit"),
    "last_day": ("last-day", "enddatum", "end-date"),
    "end_time": ("end-time", "endzeit"),
    "status": ("status",),
    "price": ("price", "preis"),
    "currency": ("currency", "waehrung"),
    "publish_at": ("publish-at", "veroeffentlichen-am"),
    "source_ref": ("source-ref", "id", "nummer", "nr", "uid"),
} | {field: names for kind in KINDS for field, names in kind.columns.items()}  # fmt: skip
_FIELD_OF = {name: field for field, names in COLUMNS.items() for name in names}
_KINDS = {word: kind.name for kind in KINDS for word in kind.called}
#: The kinds by which columns a line is looked for, the most telling first; and what it is that has none of them.
_TOLD_APART = sorted((kind for kind in KINDS if kind.known_by), key=lambda kind: len(kind.known_by))
_OTHERWISE = next(kind.name for kind in KINDS if not kind.known_by)
_STATES = {
    "geplant": "scheduled", "abgesagt": "cancelled", "faellt-aus": "cancelled",
    "verschoben": "postponed", "ausverkauft": "sold_out", "sold-out": "sold_out",
}  # fmt: skip
_PLAIN = (
    "title",
    "summary",
    "url",
    "language",
    "currency",
    "source_ref",
)


def read(data: bytes, *, zone: ZoneInfo) -> Iterator[Row]:
    """A row for each line under the header. Raises Invalid where there is no header with a column for the title."""
    remarks: list[str] = []
    lines = _decoded(data, remarks).splitlines(keepends=True)
    delimiter = _delimiter(lines[0])
    header = [_column(name) for name in next(csv.reader(lines[:1], delimiter=delimiter))]
    if "title" not in header:
        raise Invalid.field(
            "file",
            "has no column for the title; its first line must name the columns, such as Titel;Beginn;Ort",
        )
    names = next(csv.reader(lines[:1], delimiter=delimiter))
    if unknown := [
        name.strip() for name, field in zip(names, header, strict=True) if not field and name.strip()
    ]:
        remarks.append(f"unknown columns were not read: {', '.join(unknown)[:300]}")
    if repeated := sorted({field for field in header if field and header.count(field) > 1}):
        raise Invalid.field("file", f"names two columns for {', '.join(repeated)}; please remove one")
    return _rows(lines, delimiter, header, zone, remarks)


def _rows(
    lines: list[str], delimiter: str, header: list[str | None], zone: ZoneInfo, remarks: list[str]
) -> Iterator[Row]:
    """The rows; what is to be said about the whole file stands with the first of them."""
    for count, (number, cells) in enumerate(_records(lines, delimiter), 1):
        if count > MOST_ENTRIES:
            raise Invalid.field("file", f"holds more than {MOST_ENTRIES} lines; please split it")
        row = _row(f"line {number}", cells, header, zone)
        if remarks:
            row, remarks = replace(row, remarks=(*remarks, *row.remarks)), []
        yield row


def _decoded(data: bytes, remarks: list[str]) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        remarks.append("the file is not UTF-8: read as Windows-1252")
        return data.decode("cp1252", errors="replace")


def _delimiter(first: str) -> str:
    """The one of ; , and tab that makes most known columns of the first line."""
    return max(
        ";,\t",
        key=lambda one: sum(_column(name) is not None for name in next(csv.reader([first], delimiter=one))),
    )


def _column(name: str) -> str | None:
    return _FIELD_OF.get(slugify(name.replace("_", "-")))


def _records(lines: list[str], delimiter: str) -> Iterator[tuple[int, list[str] | str]]:
    """Line number and cells of each record that is not blank; a sentence instead of cells where quotes do not match.

    After such a line reading goes on with the next one, so that one forgotten quote does not swallow the rest.
    """
    position = 1
    while position < len(lines):
        reader = csv.reader((lines[i] for i in range(position, len(lines))), delimiter=delimiter, strict=True)
        begin, done = position, 0
        try:
            for cells in reader:
                if any(value.strip() for value in cells):
                    yield begin + done + 1, cells
                done = reader.line_num
            return
        except csv.Error as error:
            yield begin + done + 1, f'cannot be split into cells, look for a lone quotation mark ("): {error}'
            position = begin + done + 1


def _row(position: str, cells: list[str] | str, header: list[str | None], zone: ZoneInfo) -> Row:
    if isinstance(cells, str):
        return refused(position, Fault("", cells))
    remarks: list[str] = []
    values = {
        field: repair.cleaned(value, remarks).strip()
        for field, value in zip(header, cells, strict=False)
        if field and value.strip()
    }
    if any(value.strip() for value in cells[len(header) :]):
        fault = Fault(
            "",
            f"has {len(cells)} cells, the header only {len(header)}: put texts that hold the separator in quotes",
        )
        return refused(position, fault, title=values.get("title", ""))
    reading = _Reading(values, zone)
    try:
        fields = reading.fields()
    except OverflowError:
        return refused(
            position, Fault("", "names a date outside the years 1 to 9999"), title=values.get("title", "")
        )
    return made(position, fields, remarks=remarks, faults=reading.faults)


class _Reading:
    """The cells of one line on their way to the fields of a post; collects every fault. It is the `Cells` of its kind."""

    def __init__(self, values: dict[str, str], zone: ZoneInfo) -> None:
        self.values = values
        self.zone = zone
        self.faults: list[Fault] = []

    def fields(self) -> dict[str, Any]:
        """The post's fields; raises OverflowError for a date outside the years 1 to 9999."""
        found: dict[str, Any] = {name: self.values[name] for name in _PLAIN if name in self.values}
        if body := self.values.get("body"):
            found["body"] = repair.as_markdown(body)
        found["kind"] = self._kind()
        found["price"] = self.price("price")
        if kinds.named(found["kind"]):
            found |= kinds.by_name(found["kind"]).from_cells(self)
        found["status"] = self._status()
        found["place"] = self._place()
        found["topics"] = [
            name.strip() for name in re.split(r"[,;|]", self.values.get("topics", "")) if name.strip()
        ]
        if image := self.values.get("image"):
            found["images"] = [
                {"url": image, "alt": self.values.get("image_alt") or self.values.get("title", "")}
            ]
        found["publish_at"] = self.start_of("publish_at")
        return {name: value for name, value in found.items() if value not in (None, [])}

    def _read(self, name: str, read: Any, *more: Any) -> Any:
        """The cell as `read` takes it; None where it is empty or, with a fault, wrong."""
        text = self.values.get(name)
        if text is None:
            return None
        try:
            return read(text, *more)
        except ValueError as error:
            self.faults.append(Fault(name, str(error)))
            return None

    def _kind(self) -> str:
        said = self.values.get("kind")
        if said is None:
            known = (kind.name for kind in _TOLD_APART if not self.values.keys().isdisjoint(kind.known_by))
            return next(known, _OTHERWISE)
        return _KINDS.get(slugify(said), said)

    def _status(self) -> str | None:
        said = self.values.get("status")
        return None if said is None else _STATES.get(slugify(said), said.lower())

    def price(self, name: str) -> str | None:
        """A price as a plain decimal."""
        return self._read(name, cell.price)  # type: ignore[no-any-return]  # what cell.price gives

    def moment(self, *names: str) -> datetime | date | None:
        """The first of these cells that holds something."""
        name = next((name for name in names if name in self.values), names[0])
        return self._read(name, cell.moment, self.zone)  # type: ignore[no-any-return]  # what cell.moment gives

    def start_of(self, *names: str) -> datetime | None:
        """The same, where a date means its beginning."""
        found = self.moment(*names)
        return found if isinstance(found, datetime) or found is None else self.at(found, time())

    def clock_time(self, name: str) -> time | None:
        """A time of day."""
        return self._read(name, cell.clock_time)  # type: ignore[no-any-return]  # what cell.clock_time gives

    def is_clock_time(self, name: str) -> bool:
        """Whether only a time of day stands there."""
        return cell.is_clock_time(self.values.get(name, ""))

    def yes(self, name: str) -> bool:
        """Whether the cell says yes."""
        return bool(self._read(name, cell.yes))

    def at(self, day: date, hour: time) -> datetime:
        """That time of that day in the city."""
        return cell.at(day, hour, self.zone)

    def day_after(self, day: date) -> datetime:
        """The end of that day in the city."""
        return cell.day_after(day, self.zone)

    def _place(self) -> dict[str, Any] | None:
        name, address = self.values.get("place"), self.values.get("address")
        position: dict[str, Any] = {
            axis: self._read(axis, cell.number) for axis in ("latitude", "longitude") if axis in self.values
        }
        if not (name or address or position):
            return None
        return {"name": name or address or "", "address": address if name else None, **position}
