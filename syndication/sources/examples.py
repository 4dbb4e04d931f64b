"""Files that merchants can take as a pattern: tables with the names of columns that people use, a calendar, JSON."""

import csv
import io
import json
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta

from syndication.kinds import KINDS

_Row = tuple[str, date | str, time | str, time | str, str, str, str, str, str]
_GERMAN = ("Titel", "Datum", "Beginn", "Ende", "Ort", "Adresse", "Beschreibung", "Eintritt", "Rubrik")
_ENGLISH = ("Title", "Date", "Start time", "End time", "Venue", "Address", "Description", "Admission", "Category")  # fmt: skip


def _german(day: date) -> tuple[_Row, ...]:
    return (
        ("Beispiel: Lesung im Hof", day, time(19, 30), time(21), "Hofgarten", "Markt 1",
         "Drei Geschichten, dazu Wein.", "8 €", "Literatur"),
        ("Beispiel: Kinderführung", day + timedelta(days=1), time(15), "", "Stadtmuseum", "Schlossplatz 2", "", "frei", "Kinder"),
    )  # fmt: skip


def _english(day: date) -> tuple[_Row, ...]:
    return (
        ("Example: reading in the yard", day, time(19, 30), time(21), "Hofgarten", "Markt 1",
         "Three stories, and wine.", "8 €", "Literature"),
        ("Example: tour for children", day + timedelta(days=1), time(15), "", "Stadtmuseum", "Schlossplatz 2", "", "free",
         "Children"),
    )  # fmt: skip


def _written(cell: date | time | str, language: str) -> str:
    if isinstance(cell, date):
        return f"{cell:%d.%m.%Y}" if language == "de" else f"{cell:%Y-%m-%d}"
    return f"{cell:%H:%M}" if isinstance(cell, time) else cell


def _table(language: str, day: date) -> tuple[tuple[str, ...], tuple[_Row, ...]]:
    return (_GERMAN, _german(day)) if language == "de" else (_ENGLISH, _english(day))


def _csv(language: str, day: date) -> bytes:
    """With the mark and the separator by which Excel opens it as a table when it is clicked."""
    head, rows = _table(language, day)
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";" if language == "de" else ",")
    writer.writerow(head)
    writer.writerows([_written(cell, language) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def _xlsx(language: str, day: date) -> bytes:
    import openpyxl  # takes long to load, and hardly any process needs it

    head, rows = _table(language, day)
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Termine" if language == "de" else "Dates"
    sheet.append(head)
    for row in rows:
        sheet.append(row)
    for column, width in zip("ABCDEFGHI", (32, 12, 10, 10, 20, 24, 40, 12, 14), strict=True):
        sheet.column_dimensions[column].width = width
    for (cell,) in sheet.iter_rows(min_row=2, min_col=2, max_col=2):
        cell.number_format = "dd.mm.yyyy" if language == "de" else "yyyy-mm-dd"
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def _calendar(language: str, day: date) -> bytes:
    """RFC 5545 section 3.4."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//syndication//example//"]
    for number, row in enumerate(_table(language, day)[1], 1):
        title, when, begins, _, place, address, words, *_ = row
        assert isinstance(when, date)
        assert isinstance(begins, time)
        lines += [
            "BEGIN:VEVENT",
            f"UID:example-{number}",
            f"SUMMARY:{title}",
            f"DTSTART:{datetime.combine(when, begins):%Y%m%dT%H%M%S}",  # local time: the city's
            f"LOCATION:{place}\\n{address}",
            *([f"DESCRIPTION:{words.replace(',', chr(92) + ',')}"] if words else []),
            "END:VEVENT",
        ]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


def _json(_language: str, _day: date) -> bytes:
    posts = [{**kind.example[1], "source_ref": f"example-{kind.name}"} for kind in KINDS]
    return json.dumps({"posts": posts}, ensure_ascii=False, indent=2).encode()


#: Format → its media type, and what makes one in a language, with dates from a day on.
_FORMATS: Mapping[str, tuple[str, Callable[[str, date], bytes]]] = {
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", _xlsx),
    "csv": ("text/csv; charset=utf-8", _csv),
    "ics": ("text/calendar; charset=utf-8", _calendar),
    "json": ("application/json", _json),
}
_NAMES = {"de": "vorlage", "en": "template"}
#: What the files are called, by language.
NAMES: Mapping[str, tuple[str, ...]] = {
    language: tuple(f"{name}.{suffix}" for suffix in _FORMATS) for language, name in _NAMES.items()
}


def example(name: str, today: date) -> tuple[str, bytes]:
    """Media type and content of the example of that name, with dates a month from `today` on. Raises KeyError for none."""
    language = {name: language for language, names in NAMES.items() for name in names}[name]
    media_type, make = _FORMATS[name.rpartition(".")[2]]
    return media_type, make(language, today + timedelta(days=30))
