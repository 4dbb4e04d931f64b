"""What people type into a cell or a calendar's description is plain text: it is shown as it was typed, links included."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from syndication import clock
from syndication.content.post import Draft
from syndication.infra.markdown import markdown_to_html, markdown_to_text
from syndication.sources import calendar, structured, table

BERLIN = ZoneInfo("Europe/Berlin")
TYPED = [
    "6. Dezember: Nikolaus\n13. Dezember: Lichterfest\n2. Januar: Neujahr",
    "Mo: Linsen\nDi: Spätzle\n\nMi: Ruhetag",
    "Für Anfänger*innen und Profis, Sänger*innen; 2*3 m und 4*5 m",
    "Ablauf\n\n    18 Uhr Einlass\n\t20 Uhr Beginn\n    - Pause -",
    "Einlass\n-----\nBeginn\n=====\n* * *\n___",
    "# 1 der Stadt\n> 18 Jahre\n+ Gast\n1) Suppe\n2) Braten\n| a | b |\n|---|---|",
    "`still` ~~leise~~ _laut_ a_b_c <3 & mehr, R&B [x](https://y.example) \\o/",
]


def from_table(text: str) -> Draft:
    cell = text.replace('"', '""')
    file = f'Titel;Beginn;Beschreibung\nAbend;24.12.2036 18:00;"{cell}"\n'
    (row,) = table.read(file.encode(), zone=BERLIN, now=clock.now())
    assert row.draft is not None, row.faults
    return row.draft


def from_calendar(text: str) -> Draft:
    escaped = text.replace("\\", "\\\\").replace("\n", "\\n").replace(",", "\\,").replace(";", "\\;")
    lines = ["BEGIN:VCALENDAR", "BEGIN:VEVENT", "UID:1", "DTSTART:20361224T180000Z", "SUMMARY:Abend"]
    file = "\r\n".join([*lines, f"DESCRIPTION:{escaped}", "END:VEVENT", "END:VCALENDAR", ""])
    (row,) = calendar.read(file.encode(), zone=BERLIN, now=datetime(2036, 1, 1, tzinfo=UTC))
    assert row.draft is not None, row.faults
    return row.draft


@pytest.mark.parametrize("typed", TYPED)
def test_a_cell_arrives_as_it_was_typed(typed: str) -> None:
    assert markdown_to_text(from_table(typed).body) == typed.expandtabs(4)


@pytest.mark.parametrize("typed", TYPED[:-1])  # what holds HTML is read as HTML there
def test_a_calendars_description_arrives_as_it_was_typed(typed: str) -> None:
    assert markdown_to_text(from_calendar(typed).body) == typed.expandtabs(4)


def test_addresses_in_a_cell_lead_where_they_say() -> None:
    page = markdown_to_html(
        from_table("Karten: https://r.example/karten und www.r.example, max@r.example").body
    )
    for href in ("https://r.example/karten", "https://www.r.example", "mailto:max@r.example"):
        assert f'<a href="{href}"' in page


def test_most_cells_stay_letter_by_letter() -> None:
    for typed in (
        "Ein Abend mit Musik - und Wein (rot), ab 18.30 Uhr, 12,50 €!",
        "Karten: https://r.example/a_b?c=1&d=2",
    ):
        assert from_table(typed).body == typed


def test_what_is_written_for_the_api_is_markdown() -> None:
    file = b'[{"kind": "event", "title": "A", "starts_at": "2036-12-24T18:00:00Z", "body": "*laut*"}]'
    (row,) = structured.read(file)
    assert row.draft is not None
    assert row.draft.body == "*laut*"
