"""A series that comes by calendars is one post, whichever file brings which of its dates."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from syndication import clock, sources
from syndication.config import Settings
from syndication.content import schedule
from syndication.content.post import Content, matters
from syndication.infra import db
from syndication.models import Change, Post
from syndication.publishing import from_file, posts
from tests import factories

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2036, 11, 20, 12, 0, tzinfo=UTC)
FIXTURES = Path(__file__).parents[1] / "fixtures" / "series"
HEAD = "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:abendmarkt@musterstadt.example\nSUMMARY:Abendmarkt\n"
END = "END:VEVENT\nEND:VCALENDAR\n"
THURSDAYS = "DTSTART;TZID=Europe/Berlin:20361204T170000\nDTEND;TZID=Europe/Berlin:20361204T200000\nRRULE:FREQ=WEEKLY;BYDAY=TH;COUNT=12\nLOCATION:Marktplatz\n"  # noqa: E501 -- one entry


@pytest.fixture
def merchant_id(database: str, settings: Settings) -> UUID:
    clock.travel(NOW - clock.now())
    with db.transaction() as session:
        return factories.merchant(session, "stadt").id


def run(file: Path, merchant_id: UUID, *, dry_run: bool = False) -> list[str]:
    """What became of each row; a dry run first says the same."""
    rows = list(sources.read(file, zone=BERLIN, now=clock.now()))
    told = from_file.run(rows, merchant_id, dry_run=True)
    if dry_run:
        return [result.what for result in told.results]
    done = from_file.run(rows, merchant_id)
    assert told.results == done.results
    return [result.what for result in done.results]


def fixture(name: str) -> Path:
    return FIXTURES / f"{name}.ics"


def written(folder: Path, lines: str) -> Path:
    file = folder / "calendar.ics"
    file.write_text(f"{HEAD}{lines}\n{END}", encoding="utf-8")
    return file


def the_one() -> Content:
    (record,) = [one for one in posts.listed() if one.state == "published"]
    return record.content


def changes() -> list[str]:
    with db.reading() as session:
        return list(session.scalars(select(Change.action).order_by(Change.id)))


def days(content: Content) -> list[str]:
    starts = schedule.occurrences(content, BERLIN, after=NOW, most=99)
    return [f"{start.astimezone(BERLIN):%m-%d}" for start in starts]


def test_an_exception_revises_the_series_and_nothing_else(merchant_id: UUID) -> None:
    assert run(fixture("choir"), merchant_id) == ["created"]
    assert run(fixture("choir-with-a-gap"), merchant_id) == ["revised"]
    assert days(the_one())[:2] == ["12-01", "12-08"]
    assert run(fixture("choir-with-a-gap"), merchant_id) == ["unchanged"]
    assert changes() == ["published", "revised"]


def test_files_that_bring_one_date_change_the_series(merchant_id: UUID) -> None:
    assert run(fixture("market"), merchant_id) == ["created"]
    assert run(fixture("market-moved-date"), merchant_id) == ["revised"]
    assert run(fixture("market-cancelled-date"), merchant_id) == ["revised"]
    market = the_one()
    assert days(market)[2:5] == ["12-18", "12-23", "01-08"]
    assert [own.status for own in market.dates] == [None, "cancelled"]
    assert changes() == ["published", "revised", "revised"]
    for again in ("market", "market-moved-date", "market-cancelled-date", "market-whole"):
        assert run(fixture(again), merchant_id) == ["unchanged"], again
    assert the_one() == market


def test_the_newer_word_about_a_date_wins(merchant_id: UUID, tmp_path: Path) -> None:
    run(fixture("market"), merchant_id)
    run(fixture("market-moved-date"), merchant_id)
    gap = f"{THURSDAYS}EXDATE;TZID=Europe/Berlin:20361225T170000"
    assert run(written(tmp_path, f"{gap}\nSEQUENCE:1"), merchant_id) == ["unchanged"]
    assert run(written(tmp_path, f"{gap}\nSEQUENCE:4"), merchant_id) == ["revised"]
    assert days(the_one())[2:4] == ["12-18", "01-01"]
    assert run(fixture("market-moved-date"), merchant_id) == ["unchanged"]
    back = "RECURRENCE-ID;TZID=Europe/Berlin:20361225T170000\nDTSTART;TZID=Europe/Berlin:20361225T170000"
    assert run(written(tmp_path, f"{back}\nSEQUENCE:5\nDURATION:PT3H\nLOCATION:Marktplatz"), merchant_id) == [
        "revised"
    ]
    assert days(the_one())[2:4] == ["12-18", "12-25"]


def test_a_series_that_is_told_anew_forgets_what_was_said_of_single_dates(
    merchant_id: UUID, tmp_path: Path
) -> None:
    run(fixture("market-whole"), merchant_id)
    assert len(the_one().dates) == 2
    assert run(written(tmp_path, f"{THURSDAYS}SEQUENCE:9"), merchant_id) == ["revised"]
    assert the_one().dates == ()


def test_a_date_of_no_series_is_a_post_of_its_own_and_goes_into_the_series_when_that_comes(
    merchant_id: UUID,
) -> None:
    assert run(fixture("market-moved-date"), merchant_id) == ["created"]
    assert run(fixture("market-whole"), merchant_id) == ["revised"]
    assert the_one().recurrence
    assert days(the_one())[2:5] == ["12-18", "12-23", "01-08"]


def test_a_cancelled_date_that_the_series_does_not_have_is_no_news(merchant_id: UUID, tmp_path: Path) -> None:
    run(fixture("market"), merchant_id)
    foreign = "RECURRENCE-ID;TZID=Europe/Berlin:20361207T170000\nDTSTART;TZID=Europe/Berlin:20361207T170000\nSTATUS:CANCELLED"
    assert run(written(tmp_path, foreign), merchant_id) == ["unchanged"]


def test_many_exceptions_are_one_post_and_one_piece_of_news(merchant_id: UUID) -> None:
    assert run(fixture("tour"), merchant_id) == ["created"]
    assert changes() == ["published"]


def test_evenings_of_a_course_are_one_post(merchant_id: UUID) -> None:
    assert run(fixture("course"), merchant_id) == ["created"]
    assert days(the_one()) == ["01-09", "01-16", "01-23", "01-30"]


def test_that_the_first_evening_is_off_is_news_of_that_evening_alone(
    merchant_id: UUID, tmp_path: Path
) -> None:
    run(fixture("course"), merchant_id)
    before = the_one()
    file = tmp_path / "course.ics"
    said = fixture("course").read_text(encoding="utf-8")
    file.write_text(said.replace("SUMMARY:", "SUMMARY:Entfällt: ", 1), encoding="utf-8")
    assert run(file, merchant_id)[0] == "revised"
    assert matters(before, the_one(), NOW) == ("dates",)
    assert days(the_one()) == ["01-16", "01-23", "01-30"]


def test_evenings_of_a_course_are_the_same_in_whatever_order_they_come(
    merchant_id: UUID, tmp_path: Path
) -> None:
    run(fixture("course"), merchant_id)
    head, *evenings = fixture("course").read_text(encoding="utf-8").split("BEGIN:VEVENT")
    whole = [evening.replace("END:VCALENDAR", "") for evening in evenings]
    for order in (whole, whole[::-1], [*whole[2:], *whole[:2]]):
        file = tmp_path / "again.ics"
        file.write_text("BEGIN:VEVENT".join([head, *order]) + "END:VCALENDAR\n", encoding="utf-8")
        assert run(file, merchant_id)[0] == "unchanged"
    assert changes() == ["published"]


def test_a_series_that_was_withdrawn_here_stays_withdrawn(merchant_id: UUID) -> None:
    run(fixture("market"), merchant_id)
    with db.reading() as session:
        post_id = session.scalars(select(Post.id)).one()
    posts.withdraw(merchant_id, post_id)
    assert run(fixture("market-whole"), merchant_id) == ["unchanged"]
    assert posts.read(post_id).state == "withdrawn"


def test_a_series_that_is_called_off_whole_keeps_its_dates(merchant_id: UUID, tmp_path: Path) -> None:
    run(fixture("market-whole"), merchant_id)
    off = "DTSTART;TZID=Europe/Berlin:20361204T170000\nSTATUS:CANCELLED\nSEQUENCE:7"
    assert run(written(tmp_path, off), merchant_id) == ["revised"]
    market = the_one()
    assert (market.status, market.recurrence) == ("cancelled", "FREQ=WEEKLY;COUNT=12;BYDAY=TH")
