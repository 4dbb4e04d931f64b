"""What readers of files say of them can be said in German: each sentence has an id, and names where in the file it is meant."""

import ast
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from syndication import sources
from syndication.content.reason import Reason
from syndication.infra.reasons import translated_reason

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2036, 8, 1, tzinfo=UTC)
PACKAGE = Path(__file__).parents[2] / "syndication" / "sources"
#: Whose sentence it is: the call, and the place of the argument.
_SAYS = {"Fault": 1, "field": 1, "append": 0, "refused": 0, "made": 0}


def mere_texts(tree: ast.AST) -> list[str]:
    """Sentences, and names of places in a file, that nobody can translate."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            owner = ast.unparse(getattr(node.func, "value", node.func))
            if name not in _SAYS or len(node.args) <= _SAYS[name]:
                continue
            if name == "append" and not owner.endswith(("remarks", "faults")):
                continue
            said = node.args[_SAYS[name]]
        elif isinstance(node, ast.AugAssign) and ast.unparse(node.target).endswith("remarks"):
            said = node.value.elts[0] if isinstance(node.value, ast.List) and node.value.elts else node.value
        else:
            continue
        if isinstance(said, ast.JoinedStr | ast.Constant):
            found.append(f"line {node.lineno}: {ast.unparse(said)}")
    return found


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("*.py")), ids=lambda path: path.name)
def test_every_sentence_about_a_file_has_an_id(path: Path) -> None:
    assert mere_texts(ast.parse(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "code",
    ['Fault("UID", f"is {x}")', 'Invalid.field("file", "is empty")', 'entry.remarks.append("mended")',
     'remarks += ["mended"]', 'refused(f"line {n}", fault)'],
)  # fmt: skip
def test_a_sentence_without_an_id_is_found(code: str) -> None:
    assert mere_texts(ast.parse(code))


CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VEVENT
UID:1
SUMMARY:Chor
DTSTART;TZID=Europe/Berlin:20360901T200000
RRULE:FREQ=WEEKLY;COUNT=6
END:VEVENT
BEGIN:VEVENT
UID:1
RECURRENCE-ID;TZID=Europe/Berlin:20360922T200000
SUMMARY:Chor
DESCRIPTION:heute
  im Saal
DTSTART:20360923T180000Z
END:VEVENT
BEGIN:VEVENT
UID:2
SUMMARY:Abgesagt: Tanz
DTSTART:bald
END:VEVENT
BEGIN:VEVENT
UID:3
SUMMARY:Rückwärts
DTSTART:20360923T180000Z
DTEND:20360923T170000Z
END:VEVENT
BEGIN:VTODO
SUMMARY:Einkaufen
END:VTODO
END:VCALENDAR
"""


def test_a_german_reads_german_with_the_lines_of_the_file() -> None:
    chorus, dance, backwards, errand = sources.read_bytes(
        CALENDAR.replace("\n", "\r\n").encode(), zone=BERLIN, now=NOW, name="a.ics"
    )

    def german(text: str) -> str:
        return translated_reason(Reason(text), "de")

    assert german(chorus.position) == "Eintrag 1, Zeile 3"
    assert "Eintrag 2, Zeile 9 ist darin aufgegangen, als Termin vom 2036-09-22" in map(
        german, chorus.remarks
    )
    assert (german(dance.position), german(dance.faults[0].message)) == (
        "Eintrag 3, Zeile 17",
        "ist kein Datum: „bald“",
    )
    assert "Der Titel sagt „abgesagt“: wird so angekündigt" in map(german, dance.remarks)
    fault = backwards.faults[0]
    assert (german(fault.field), fault.field) == ("Ende", "ends_at")
    assert (german(errand.position), german(errand.faults[0].message)) == (
        "Eintrag 5, Zeile 28",
        "ist ein VTODO; nur Termine (VEVENT) werden Beiträge",
    )
