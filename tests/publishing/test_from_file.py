"""Imports against real databases: each entry accounted for, a second import changes nothing and wakes nobody."""

from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from sqlalchemy import func, select

from syndication import clock, sources
from syndication.config import Settings
from syndication.content.reason import Reason
from syndication.infra import db
from syndication.infra.reasons import translated_reason
from syndication.models import Change, Merchant, Post
from syndication.publishing import from_file, posts
from tests import factories

BERLIN = ZoneInfo("Europe/Berlin")
FIXTURES = Path(__file__).parents[1] / "fixtures"
Woken = list[tuple[str, tuple[str, ...]]]


@pytest.fixture
def merchant_id(database: str, settings: Settings) -> UUID:
    with db.transaction() as session:
        return factories.merchant(session, "stadt", posts_per_day=1).id


def run(path: Path, merchant_id: UUID, *, dry_run: bool = False) -> from_file.Report:
    return from_file.run(sources.read(path, zone=BERLIN, now=clock.now()), merchant_id, dry_run=dry_run)


def changes() -> list[str]:
    with db.reading() as session:
        return list(session.scalars(select(Change.action).order_by(Change.id)))


def counts(report: from_file.Report) -> dict[str, int]:
    return {what: report.count(what) for what in from_file.OUTCOMES if report.count(what)}


def test_every_entry_of_a_towns_calendar_is_accounted_for(merchant_id: UUID) -> None:
    report = run(FIXTURES / "town.ics", merchant_id)
    assert [result.what for result in report.results] == ["past", "created", "created", "created", "refused"]
    assert report.results[0].reason == "already over on 2020-08-29 23:59"
    assert "ends_at: must not be before starts_at" in report.results[4].reason
    assert changes() == ["published"] * 3


def test_a_second_import_changes_nothing_and_wakes_nobody(merchant_id: UUID, woken: Woken) -> None:
    run(FIXTURES / "town.ics", merchant_id)
    assert [name for name, _ in woken] == ["fanout"] * 3
    woken.clear()
    again = run(FIXTURES / "town.ics", merchant_id)
    assert counts(again) == {"unchanged": 3, "past": 1, "refused": 1}
    assert woken == []
    assert changes() == ["published"] * 3


def test_a_later_export_that_only_names_another_time_changes_nothing(
    merchant_id: UUID, tmp_path: Path
) -> None:
    run(FIXTURES / "town.ics", merchant_id)
    later = tmp_path / "later.ics"
    before = (FIXTURES / "town.ics").read_bytes().replace(b"\r\n ", b"")
    assert before.count(b"20:51 Uhr") == 4
    later.write_bytes(before.replace(b"20:51 Uhr", b"23:17 Uhr"))
    assert counts(run(later, merchant_id)) == {"unchanged": 3, "past": 1, "refused": 1}


def test_a_dry_run_tells_the_same_and_writes_nothing(merchant_id: UUID, woken: Woken) -> None:
    told = run(FIXTURES / "town.ics", merchant_id, dry_run=True)
    assert told.dry_run
    with db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Post)) == 0
    assert woken == []
    done = run(FIXTURES / "town.ics", merchant_id)
    assert told.results == done.results


def test_a_dry_run_tells_what_would_be_revised(merchant_id: UUID, tmp_path: Path) -> None:
    run(FIXTURES / "shop.csv", merchant_id)
    changed = tmp_path / "shop.csv"
    changed.write_bytes((FIXTURES / "shop.csv").read_bytes().replace(b"12,50", b"13,50"))
    assert counts(run(changed, merchant_id, dry_run=True)) == {"revised": 1, "unchanged": 2, "refused": 1}
    assert counts(run(changed, merchant_id)) == {"revised": 1, "unchanged": 2, "refused": 1}
    assert changes() == ["published"] * 3 + ["revised"]


def test_the_quota_does_not_hold_an_import_up(merchant_id: UUID) -> None:
    assert run(FIXTURES / "town.ics", merchant_id).count("created") == 3


def test_a_merchant_who_is_not_admitted_imports_nothing_and_hears_why(merchant_id: UUID) -> None:
    with db.transaction() as session:
        session.get_one(Merchant, merchant_id).state = "suspended"
    for dry_run in (True, False):
        report = run(FIXTURES / "shop.csv", merchant_id, dry_run=dry_run)
        assert counts(report) == {"refused": 4}
        assert "is suspended and cannot publish" in report.results[0].reason
    assert changes() == []


def test_what_vanished_from_the_file_stays_published(merchant_id: UUID, tmp_path: Path) -> None:
    run(FIXTURES / "shop.csv", merchant_id)
    shorter = tmp_path / "shop.csv"
    lines = (FIXTURES / "shop.csv").read_bytes().splitlines(keepends=True)
    shorter.write_bytes(lines[0] + lines[1])
    assert counts(run(shorter, merchant_id)) == {"unchanged": 1}
    assert [post.state for post in posts.listed(merchant_id=merchant_id)] == ["published"] * 3


def test_a_post_that_was_withdrawn_here_is_not_brought_back(merchant_id: UUID) -> None:
    run(FIXTURES / "shop.csv", merchant_id)
    withdrawn = posts.listed(merchant_id=merchant_id)[0]
    posts.withdraw(merchant_id, withdrawn.id)
    assert counts(run(FIXTURES / "shop.csv", merchant_id)) == {"unchanged": 3, "refused": 1}
    assert posts.read(withdrawn.id).state == "withdrawn"


def table(path: Path, start: datetime) -> Path:
    path.write_text(
        f"Nummer;Titel;Beginn\n7;Konzert;{start.astimezone(BERLIN):%d.%m.%Y %H:%M}\n", encoding="utf-8"
    )
    return path


def test_a_coming_post_that_turns_out_to_be_over_is_revised_and_one_that_was_over_is_past(
    merchant_id: UUID, tmp_path: Path
) -> None:
    file, now = tmp_path / "one.csv", clock.now()
    assert counts(run(table(file, now + timedelta(days=5)), merchant_id)) == {"created": 1}
    assert counts(run(table(file, now - timedelta(days=5)), merchant_id)) == {"revised": 1}
    assert counts(run(table(file, now - timedelta(days=6)), merchant_id)) == {"past": 1}
    assert changes() == ["published", "revised"]


def test_an_event_at_the_end_of_time_does_not_end_the_import(merchant_id: UUID, tmp_path: Path) -> None:
    file = tmp_path / "far.csv"
    file.write_text("Titel;Beginn\nEwig;31.12.9999 23:30\nMorgen;24.12.2036 18:00\n", encoding="utf-8")
    assert [result.what for result in run(file, merchant_id).results] == ["refused", "created"]


def test_progress_is_told_row_by_row_in_the_order_of_the_file(merchant_id: UUID) -> None:
    seen: list[from_file.Result] = []
    rows = sources.read(FIXTURES / "town.ics", zone=BERLIN, now=clock.now())
    report = from_file.run(rows, merchant_id, progress=seen.append)
    assert tuple(seen) == report.results
    assert report.of("refused") == (report.results[4],)


def test_one_table_as_csv_and_as_a_workbook_is_the_same_posts(merchant_id: UUID, tmp_path: Path) -> None:
    lines: list[tuple[Any, ...]] = [
        ("Datum", "Beginn", "Titel", "Eintritt", "Themen"),
        (date(2036, 2, 24), time(18, 0), "Weinabend", "VVK 12 € / AK 15 €", "Kunst & Kultur"),
        (None, time(20, 0), "Konzert", "frei", "Musik"),
        (None, time(9, 0), "Ohne Tag", None, None),
    ]
    book = openpyxl.Workbook()
    assert book.active is not None
    for line in lines:
        book.active.append(line)
    book.save(tmp_path / "termine.xlsx")
    text = "\n".join(";".join("" if cell is None else str(cell) for cell in line) for line in lines)
    (tmp_path / "termine.csv").write_text(text, encoding="utf-8")
    first = run(tmp_path / "termine.csv", merchant_id)
    assert counts(first) == {"created": 2, "refused": 1}
    assert first.results[2].reason == "Datum: names no day, such as 24.12.2026"
    again = run(tmp_path / "termine.xlsx", merchant_id)
    assert counts(again) == {"unchanged": 2, "refused": 1}
    assert again.results[2].position == "Sheet, row 4"
    assert changes() == ["published"] * 2


def test_what_is_wrong_with_a_rule_is_told_in_german_too(merchant_id: UUID, tmp_path: Path) -> None:
    file = tmp_path / "a.ics"
    rule = "RRULE:FREQ=YEARLY;BYMONTH=4;BYMONTHDAY=31"
    lines = [
        "BEGIN:VCALENDAR",
        "BEGIN:VEVENT",
        "UID:1",
        "SUMMARY:a",
        "DTSTART:20370101T100000Z",
        rule,
        "END:VEVENT",
        "",
    ]
    file.write_text("\n".join(lines), encoding="utf-8")
    (result,) = run(file, merchant_id).results
    assert result.reason == "recurrence: is not a rule of RFC 5545: names a day that none of its months has"
    assert isinstance(result.reason, Reason)
    assert translated_reason(result.reason, "de") == (
        "Wiederholung: ist keine Regel nach RFC 5545: nennt einen Tag, den keiner ihrer Monate hat"
    )
