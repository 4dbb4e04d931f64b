"""What an earlier version published as several posts becomes one series at the next import, and nobody hears of it.

The rows are those that the version before made of the same files.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from syndication import clock, sources
from syndication.audience import feeds, stories
from syndication.config import Settings
from syndication.content import schedule
from syndication.content.post import Content, matters
from syndication.infra import db
from syndication.kinds.reading import draft, kept
from syndication.models import Change, Delivery, Edition, EditionPost, Post, Revision
from syndication.publishing import from_file, posts
from tests import factories

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2036, 11, 20, 12, 0, tzinfo=UTC)
FIXTURES = Path(__file__).parents[1] / "fixtures" / "series"
MARKET, CHOIR, TOUR = (f"{name}@musterstadt.example" for name in ("abendmarkt", "chor", "fuehrung"))
Rows = list[tuple[str, str, str, dict[str, Any]]]
SEVEN, MONDAYS = "FREQ=WEEKLY;COUNT=7;BYDAY=TH", "FREQ=WEEKLY;BYDAY=MO;UNTIL=20370330T220000Z"
PLACE = {"place": {"name": "Marktplatz"}}
#: Reference, start, end, and what else.
WHOLE: Rows = [
    (MARKET, "2036-12-04T16:00", "2036-12-04T19:00", {"recurrence": "FREQ=WEEKLY;BYDAY=TH;UNTIL=20361218T160000Z", **PLACE}),
    (f"{MARKET}/20370108T160000Z", "2037-01-08T16:00", "2037-01-08T19:00", {"recurrence": SEVEN, **PLACE}),
    (f"{MARKET}/20361225T160000Z", "2036-12-23T16:00", "2036-12-23T19:00", {"title": "Abendmarkt (verlegt)"}),
    (f"{MARKET}/20370101T160000Z", "2037-01-01T16:00", "2037-01-01T19:00", {"status": "cancelled"}),
]  # fmt: skip
#: The series that went on naming the dates, and beside it what two later files brought.
BESIDE: Rows = [
    (MARKET, "2036-12-04T16:00", "2036-12-04T19:00", {"recurrence": "FREQ=WEEKLY;COUNT=12;BYDAY=TH", **PLACE}),
    *WHOLE[2:],
]  # fmt: skip
#: The series as it was, and from the first file with a gap on the rest of it once more.
TWICE: Rows = [
    (CHOIR, "2036-10-06T17:00", "2036-10-06T19:00", {"recurrence": MONDAYS}),
    (f"{CHOIR}/20361201T180000Z", "2036-12-01T18:00", "2036-12-01T20:00", {"recurrence": MONDAYS}),
]  # fmt: skip
#: Only parts that were still to come when it was first read.
HEADLESS: Rows = [(ref, *rest) for ref, *rest in WHOLE[1:]]  # type: ignore[misc]  # the rest is three


@pytest.fixture
def merchant_id(database: str, settings: Settings) -> UUID:
    clock.travel(NOW - clock.now())
    with db.transaction() as session:
        return factories.merchant(session, "stadt").id


def fill(merchant_id: UUID, rows: Rows) -> list[UUID]:
    """Posts as the version before made them; all were told."""
    ids = []
    for ref, starts, ends, more in rows:
        title = {MARKET: "Abendmarkt", CHOIR: "Offene Probe des Stadtchors"}[ref.partition("/")[0]]
        times = {"starts_at": f"{starts}Z", "ends_at": f"{ends}Z"}
        fields = {"kind": "event", "title": title, "source_ref": ref, **times, **more}
        ids.append(posts.submit(merchant_id, draft(fields), manner=posts.Manner(imported=True)).post.id)
    with db.transaction() as session:
        for change in session.scalars(select(Change)):
            change.joined_at = change.fanned_at = clock.now()
    clock.travel(timedelta(hours=1))
    return ids


def run(name: str, merchant_id: UUID) -> list[str]:
    rows = list(sources.read(FIXTURES / f"{name}.ics", zone=BERLIN, now=clock.now()))
    return [result.what for result in from_file.run(rows, merchant_id).results]


def the_one() -> Content:
    (record,) = [one for one in posts.listed() if one.state == "published"]
    return record.content


def days(content: Content) -> list[str]:
    starts = schedule.occurrences(content, BERLIN, after=NOW, most=99)
    return [f"{start.astimezone(BERLIN):%m-%d}" for start in starts]


def number_of_changes() -> int:
    with db.reading() as session:
        return session.scalar(select(func.count()).select_from(Change)) or 0


@pytest.mark.parametrize("rows", [WHOLE, BESIDE, HEADLESS], ids=["whole", "beside", "headless"])
def test_the_parts_become_the_series_and_nobody_hears_of_it(
    merchant_id: UUID, rows: Rows, woken: list[Any]
) -> None:
    ids = fill(merchant_id, rows)
    before = number_of_changes()
    woken.clear()
    run("market-whole", merchant_id)
    market = the_one()
    assert days(market)[-8:] == ["12-23", "01-08", "01-15", "01-22", "01-29", "02-05", "02-12", "02-19"]
    assert {own.status for own in market.dates} == {None, "cancelled"}
    if rows is not HEADLESS:  # there the dates before its first part are told now
        assert number_of_changes() == before
        assert woken == []
    with db.reading() as session:
        (series,) = session.scalars(select(Post).where(Post.state == "published"))
        assert (series.id, series.source_ref) == (ids[0], MARKET)
        assert [session.get_one(Post, one).joined_to for one in ids] == [None, *[series.id] * (len(ids) - 1)]
    assert run("market-whole", merchant_id) == ["unchanged"]


def test_what_files_said_of_single_dates_is_kept_by_a_file_that_knows_nothing_of_them(
    merchant_id: UUID, woken: list[Any]
) -> None:
    fill(merchant_id, BESIDE)
    woken.clear()
    assert run("market", merchant_id) == ["unchanged"]
    assert run("market-moved-date", merchant_id) == ["unchanged"]
    assert run("market-cancelled-date", merchant_id) == ["unchanged"]
    assert run("market", merchant_id) == ["unchanged"]
    assert days(the_one())[2:5] == ["12-18", "12-23", "01-08"]
    assert woken == []


def test_a_series_that_was_told_twice_is_told_once(merchant_id: UUID, woken: list[Any]) -> None:
    fill(merchant_id, TWICE)
    woken.clear()
    assert run("choir-with-a-gap", merchant_id) == ["revised"]
    # That the 24th falls out was never said of the series, so this one thing is news.
    with db.reading() as session:
        last = session.scalars(select(Change).order_by(Change.id.desc()).limit(1)).one()
        assert (last.action, last.revision) == ("revised", 3)
    assert days(the_one())[:2] == ["12-01", "12-08"]
    assert [name for name, _ in woken] == ["fanout"]


def test_what_was_told_of_a_part_counts_as_told_of_the_series(merchant_id: UUID, settings: Settings) -> None:
    first, second, *_ = fill(merchant_id, WHOLE)
    with db.transaction() as session:
        factories.reader(session, "a@example.org")
        told_both, told_second = _told(session, 1, [first, second]), _told(session, 2, [second])
    run("market-whole", merchant_id)
    with db.reading() as session:
        rows = session.execute(
            select(EditionPost.edition_id, EditionPost.post_id, EditionPost.revision).order_by(
                EditionPost.edition_id
            )
        ).all()
        assert (told_both, first, 2) in [tuple(row) for row in rows]
        assert (told_second, first, 2) in [tuple(row) for row in rows]
        changes = session.scalars(select(Change.revision).where(Change.post_id == first))
        assert set(changes) == {2}
        story = stories.of_posts(session, [first], settings)[first]
    gone = story.view.content.model_copy(update={"excluded": (datetime(2036, 12, 11, 16, tzinfo=UTC),)})
    assert matters(story.view.content, gone, NOW) == ("dates",)


def _told(session: Any, number: int, post_ids: list[UUID]) -> int:
    edition = Edition(
        key=f"slot:{number}", language="de", slot_at=clock.now(), composed_at=clock.now(), parts={}
    )
    session.add(edition)
    session.flush()
    for post_id in post_ids:
        change = session.scalars(select(Change.id).where(Change.post_id == post_id)).one()
        session.add(EditionPost(edition_id=edition.id, post_id=post_id, revision=1, change_id=change))
    session.flush()
    return int(edition.id)


def test_a_calendar_shows_the_series_once_and_no_part_as_cancelled(merchant_id: UUID) -> None:
    fill(merchant_id, WHOLE)
    before = feeds.document("all", "ics").body
    assert before.count(b"BEGIN:VEVENT") == 4
    run("market-whole", merchant_id)
    after = feeds.document("all", "ics").body.decode()
    assert after.count("BEGIN:VEVENT") == 3
    assert len({line for line in after.splitlines() if line.startswith("UID:")}) == 1
    assert "Zurückgezogen" not in after


def test_a_series_that_was_withdrawn_here_takes_nothing_in(merchant_id: UUID) -> None:
    first, *_ = fill(merchant_id, WHOLE)
    posts.withdraw(merchant_id, first)
    assert run("market-whole", merchant_id) == ["unchanged"]
    with db.reading() as session:
        assert session.scalar(select(func.count()).where(Post.joined_to.is_not(None))) == 0
        assert session.scalar(select(func.count()).select_from(Delivery)) == 0


def test_a_series_that_moved_to_another_hour_meanwhile_is_told_as_that(
    merchant_id: UUID, tmp_path: Path
) -> None:
    first, *_ = fill(merchant_id, WHOLE)
    moved = (
        (FIXTURES / "market.ics").read_bytes().replace(b"T170000", b"T180000").replace(b"T200000", b"T210000")
    )
    (tmp_path / "later.ics").write_bytes(moved)
    rows = list(sources.read(tmp_path / "later.ics", zone=BERLIN, now=clock.now()))
    assert [result.what for result in from_file.run(rows, merchant_id).results] == ["revised"]
    with db.reading() as session:
        said = {
            row.number: kept(row.content)
            for row in session.scalars(select(Revision).where(Revision.post_id == first))
        }
    assert matters(said[2], said[3], NOW) == ("time",)
