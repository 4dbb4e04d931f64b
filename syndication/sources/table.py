"""Reads CSV tables with German or English column names, as spreadsheets save them."""

import csv
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from syndication.content.base import slugify
from syndication.errors import Fault, Invalid
from syndication.sources import cell, repair
from syndication.sources.row import MOST_ENTRIES, Row, made, refused

#: Column names, as slugs, of each field; the first is the field's own name. docs/import.md shows this table.
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
    "starts_at": ("starts-at", "start", "beginn", "anfang"),
    "ends_at": ("ends-at", "end", "ende"),
    "all_day": ("all-day", "ganztaegig"),
    "recurrence": ("recurrence", "wiederholung", "rrule"),
    "status": ("status",),
    "valid_from": ("valid-from", "gueltig-ab", "gueltig-von"),
    "valid_until": ("valid-until", "gueltig-bis"),
    "price": ("price", "preis"),
    "price_before": ("price-before", "preis-vorher", "statt", "alter-preis"),
    "lowest_price_30d": ("lowest-price-30d", "niedrigster-preis-30-tage"),
    "currency": ("currency", "waehrung"),
    "coupon_code": ("coupon-code", "gutscheincode", "gutschein", "code"),
    "publish_at": ("publish-at", "veroeffentlichen-am"),
    "source_ref": ("source-ref", "id", "nummer", "nr", "uid"),
}  # fmt: skip
_FIELD_OF = {name: field for field, names in COLUMNS.items() for name in names}
_KINDS = {"offer": "offer", "angebot": "offer", "aktion": "offer"} | dict.fromkeys(
    ("event", "veranstaltung", "termin"), "event"
)
_STATES = {
    "geplant": "scheduled", "abgesagt": "cancelled", "faellt-aus": "cancelled",
    "verschoben": "postponed", "ausverkauft": "sold_out", "sold-out": "sold_out",
}  # fmt: skip
_PLAIN = (
    "title",
    "summary",
    "body",
    "url",
    "language",
    "recurrence",
    "currency",
    "coupon_code",
    "source_ref",
)
_PRICES = ("price", "price_before", "lowest_price_30d")


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
    """The cells of one line on their way to the fields of a post; collects every fault."""

    def __init__(self, values: dict[str, str], zone: ZoneInfo) -> None:
        self.values = values
        self.zone = zone
        self.faults: list[Fault] = []

    def fields(self) -> dict[str, Any]:
        """The post's fields; raises OverflowError for a date outside the years 1 to 9999."""
        found: dict[str, Any] = {name: self.values[name] for name in _PLAIN if name in self.values}
        found["kind"] = self._kind()
        found |= {name: self._price(name) for name in _PRICES}
        found |= self._validity() if found["kind"] == "offer" else self._times()
        found["status"] = self._status()
        found["place"] = self._place()
        found["topics"] = [
            name.strip() for name in re.split(r"[,;|]", self.values.get("topics", "")) if name.strip()
        ]
        if image := self.values.get("image"):
            found["images"] = [
                {"url": image, "alt": self.values.get("image_alt") or self.values.get("title", "")}
            ]
        found["publish_at"] = self._start_of("publish_at")
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
            dated = {"starts_at", "day", "recurrence", "from", "all_day"} & set(self.values)
            return "event" if dated else "offer"
        return _KINDS.get(slugify(said), said)

    def _status(self) -> str | None:
        said = self.values.get("status")
        return None if said is None else _STATES.get(slugify(said), said.lower())

    def _price(self, name: str) -> Any:
        return self._read(name, cell.price)

    def _moment(self, *names: str) -> datetime | date | None:
        name = next((name for name in names if name in self.values), names[0])
        return self._read(name, cell.moment, self.zone)  # type: ignore[no-any-return]  # what cell.moment gives

    def _start_of(self, *names: str) -> datetime | None:
        found = self._moment(*names)
        return found if isinstance(found, datetime) or found is None else cell.at(found, time(), self.zone)

    def _validity(self) -> dict[str, Any]:
        until = self._moment("valid_until", "until", "ends_at", "last_day")
        if until is not None and not isinstance(until, datetime):
            until = cell.day_after(until, self.zone)
        return {"valid_from": self._start_of("valid_from", "from", "starts_at", "day"), "valid_until": until}

    def _times(self) -> dict[str, Any]:
        start = self._joined(self._moment("starts_at", "from", "day"), "time")
        whole = bool(self._read("all_day", cell.yes))
        if start is None:
            return {}
        whole = whole or not isinstance(start, datetime)
        first = start.astimezone(self.zone).date() if isinstance(start, datetime) else start
        end = self._end(start, first)
        if whole:
            last = end.astimezone(self.zone).date() if isinstance(end, datetime) else end
            ends = cell.day_after(last, self.zone) if last else None
            return {"starts_at": cell.at(first, time(), self.zone), "ends_at": ends, "all_day": True}
        if end is not None and not isinstance(end, datetime):
            end = cell.day_after(end, self.zone)
        return {"starts_at": start, "ends_at": end}

    def _end(self, start: datetime | date, first: date) -> datetime | date | None:
        """The end: a date, a date with a time, or a time alone, which is the next one after the start."""
        said = next((name for name in ("ends_at", "until") if name in self.values), "ends_at")
        if not cell.is_clock_time(self.values.get(said, "")):
            end = self._moment(said, "last_day")
            hour = self._read("end_time", cell.clock_time)
            if hour is None or isinstance(end, datetime):
                return end
            return (
                self._after(start, cell.at(end, hour, self.zone))
                if end
                else self._after(start, cell.at(first, hour, self.zone))
            )
        return self._after(start, cell.at(first, self._read(said, cell.clock_time), self.zone))

    @staticmethod
    def _after(start: datetime | date, end: datetime) -> datetime:
        late = isinstance(start, datetime) and end <= start and start - end < timedelta(days=1)
        return end + timedelta(days=1) if late else end

    def _joined(self, day: datetime | date | None, name: str) -> datetime | date | None:
        hour = self._read(name, cell.clock_time)
        if day is None or isinstance(day, datetime) or hour is None:
            return day
        return cell.at(day, hour, self.zone)

    def _place(self) -> dict[str, Any] | None:
        name, address = self.values.get("place"), self.values.get("address")
        position: dict[str, Any] = {
            axis: self._read(axis, cell.number) for axis in ("latitude", "longitude") if axis in self.values
        }
        if not (name or address or position):
            return None
        return {"name": name or address or "", "address": address if name else None, **position}
