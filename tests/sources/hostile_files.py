"""Files that are made to take all memory, or no end, of whoever reads them; and odd ones that people send in good faith."""

import io
import zipfile

_SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org"
_TYPES = (
    f'<Types xmlns="{_PACKAGE}/package/2006/content-types"><Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override '
    'PartName="/xl/worksheets/sheet1.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
    "</Types>"
)


def _related(kind: str, target: str) -> str:
    relation = f"{_PACKAGE}/officeDocument/2006/relationships/{kind}"
    return (
        f'<Relationships xmlns="{_PACKAGE}/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{relation}" Target="{target}"/></Relationships>'
    )


def workbook(sheet: bytes) -> bytes:
    """An .xlsx whose one sheet is this XML."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        archive.writestr("_rels/.rels", _related("officeDocument", "xl/workbook.xml"))
        archive.writestr("xl/_rels/workbook.xml.rels", _related("worksheet", "worksheets/sheet1.xml"))
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{_SHEET}" xmlns:r="{_PACKAGE}/officeDocument/2006/relationships"><sheets>'
            '<sheet name="A" sheetId="1" r:id="rId1"/></sheets></workbook>',
        )
        archive.writestr("xl/worksheets/sheet1.xml", sheet)
    return target.getvalue()


def _rows(body: str, head: str = "") -> bytes:
    return f'{head}<worksheet xmlns="{_SHEET}"><sheetData>{body}</sheetData></worksheet>'.encode()


def _cell(text: str) -> str:
    return f'<c t="inlineStr"><is><t>{text}</t></is></c>'


def zip_bomb() -> bytes:
    """A sheet of 110 MB of nothing in 110 kB."""
    return workbook(_rows(" " * 110_000_000))


def heavy_rows() -> bytes:
    """A sheet that unfolds to what is just allowed, all of it cells."""
    row = f"<row>{_cell('Titel') * 190}</row>"
    return workbook(_rows(row * (95_000_000 // len(row))))


def billion_laughs() -> bytes:
    """Entities of entities of entities (CWE-776)."""
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    head = f'<!DOCTYPE x [<!ENTITY e0 "lol">{entities}]>'
    return workbook(_rows(f"<row>{_cell('Titel')}{_cell('&e11;')}</row>", head))


def open_file() -> bytes:
    """An entity that names a file of whoever reads it (CWE-611)."""
    head = '<!DOCTYPE x [<!ENTITY own SYSTEM "file:///etc/passwd">]>'
    return workbook(_rows(f"<row>{_cell('Titel')}{_cell('Preis')}</row><row>{_cell('&own;')}</row>", head))


def nested_archive() -> bytes:
    """A zip in a zip, called a table."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("xl/workbook.xml.zip", zip_bomb())
    return target.getvalue()


def wide_table() -> bytes:
    """A heading of a million columns, and a line of as many."""
    return b"Titel;Datum" + b";" * 1_000_000 + b"\na;24.12.2036" + b";x" * 1_000_000 + b"\n"


def _calendar(*lines: str) -> bytes:
    entry = ["BEGIN:VEVENT", "UID:1", "SUMMARY:Chor", *lines, "END:VEVENT"]
    return "\r\n".join(["BEGIN:VCALENDAR", *entry, "END:VCALENDAR", ""]).encode()


def endless_rule() -> bytes:
    """A rule that finds no date for thousands of years."""
    return _calendar("DTSTART:20360229T100000", "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30")


def every_second() -> bytes:
    """A rule by the second, without an end."""
    return _calendar("DTSTART:20360229T100000", "RRULE:FREQ=SECONDLY")


def many_days() -> bytes:
    """A rule with all there is to a BY, and dates that fall out by the ten thousand."""
    numbers = ",".join(map(str, range(1, 367)))
    out = ",".join(
        f"2036{n % 12 + 1:02}{n % 28 + 1:02}T{n % 24:02}{n % 60:02}{n // 600:02}" for n in range(30_000)
    )
    return _calendar(
        "DTSTART:20360101T100000", f"RRULE:FREQ=DAILY;BYYEARDAY={numbers};BYSETPOS={numbers}", f"EXDATE:{out}"
    )


def deep_json() -> bytes:
    """Lists in lists, deeper than a reader can go."""
    return b"[" * 1_000_000


def many_entries() -> bytes:
    """More entries than are taken at once."""
    return b"Titel;Datum\n" + b"a;24.12.2036\n" * 3_000
