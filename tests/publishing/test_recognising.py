"""An exporter that gives every entry another UID each time does not make every post anew."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from syndication import clock, sources
from syndication.config import Settings
from syndication.infra import db
from syndication.infra.reasons import translated_reason
from syndication.kinds import reading
from syndication.models import Change
from syndication.publishing import from_file, posts
from syndication.publishing.from_file import Result
from syndication.publishing.posts import PostRecord
from syndication.publishing.recognising import RECOGNISED
from tests import factories

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2036, 11, 20, 12, 0, tzinfo=UTC)
START = "DTSTART;TZID=Europe/Berlin:20361204T190000"


@pytest.fixture
def merchant_id(database: str, settings: Settings) -> UUID:
    clock.travel(NOW - clock.now())
    with db.transaction() as session:
        return factories.merchant(session, "stadt").id


class Exporter:
    """Writes calendars of entries (their lines without UID), with UIDs that are new each time, and imports them."""

    def __init__(self, merchant_id: UUID, folder: Path) -> None:
        self.merchant_id, self.file, self.number = merchant_id, folder / "calendar.ics", 0

    def run(self, *entries: str, uids: list[str] | None = None) -> list[Result]:
        lines = ["BEGIN:VCALENDAR", "VERSION:2.0"]
        for place, entry in enumerate(entries):
            self.number += 1
            uid = uids[place] if uids else f"export-{self.number}"
            lines += ["BEGIN:VEVENT", f"UID:{uid}", *entry.split("\n"), "END:VEVENT"]
        self.file.write_text("\n".join([*lines, "END:VCALENDAR", ""]), encoding="utf-8")
        rows = list(sources.read(self.file, zone=BERLIN, now=clock.now()))
        told = from_file.run(rows, self.merchant_id, dry_run=True)
        done = from_file.run(rows, self.merchant_id)
        assert told.results == done.results
        return list(done.results)


@pytest.fixture
def exporter(merchant_id: UUID, tmp_path: Path) -> Exporter:
    return Exporter(merchant_id, tmp_path)


def what(results: list[Result]) -> list[tuple[str, bool]]:
    return [(one.what, RECOGNISED in one.remarks) for one in results]


def published() -> list[PostRecord]:
    return [one for one in posts.listed() if one.state == "published"]


CHOIR = f"SUMMARY:Chor\n{START}\nLOCATION:Rathaus\nDESCRIPTION:Offen für alle"


def test_the_same_calendar_with_new_uids_publishes_nothing_anew(exporter: Exporter) -> None:
    tour = f"SUMMARY:Führung\n{START}\nRRULE:FREQ=WEEKLY;COUNT=3"
    assert what(exporter.run(CHOIR, tour)) == [("created", False)] * 2
    assert what(exporter.run(CHOIR, tour)) == [("unchanged", True)] * 2
    assert what(exporter.run(tour, CHOIR)) == [("unchanged", True)] * 2
    with db.reading() as session:
        assert list(session.scalars(select(Change.action))) == ["published"] * 2


def test_a_new_uid_with_another_description_revises_the_post(exporter: Exporter) -> None:
    exporter.run(CHOIR)
    assert what(exporter.run(CHOIR.replace("alle", "jeden"))) == [("revised", True)]
    (post,) = published()
    assert post.content.body == "Offen für jeden"


def test_that_it_is_off_reaches_the_post_under_its_new_uid(exporter: Exporter) -> None:
    exporter.run(CHOIR)
    assert what(exporter.run(CHOIR.replace("Chor", "Abgesagt: Chor"))) == [("revised", True)]
    (post,) = published()
    assert (post.content.title, post.content.standing) == ("Chor", "cancelled")


def test_once_recognised_the_entry_is_known_by_its_uid(exporter: Exporter) -> None:
    exporter.run(CHOIR, uids=["a"])
    assert what(exporter.run(CHOIR, uids=["b"])) == [("unchanged", True)]
    assert what(exporter.run(CHOIR.replace("Chor", "Großer Chor"), uids=["b"])) == [("revised", False)]
    assert len(published()) == 1


@pytest.mark.parametrize(
    "other",
    [
        CHOIR.replace("Rathaus", "Schule"),
        CHOIR.replace("T190000", "T200000"),
        CHOIR.replace("LOCATION:Rathaus\n", ""),
    ],
)
def test_events_that_share_only_their_title_stay_two(exporter: Exporter, other: str) -> None:
    assert what(exporter.run(CHOIR, other)) == [("created", False)] * 2
    assert what(exporter.run(CHOIR, other)) == [("unchanged", True)] * 2
    assert what(exporter.run(other)) == [("unchanged", True)]
    assert len(published()) == 2


def test_two_entries_of_one_file_that_differ_in_words_are_two_and_each_finds_its_own(
    exporter: Exporter,
) -> None:
    second = CHOIR.replace("Offen für alle", "Für Kinder")
    assert what(exporter.run(CHOIR, second)) == [("created", False)] * 2
    assert what(exporter.run(second, CHOIR)) == [("unchanged", True)] * 2
    assert len(published()) == 2


def test_two_entries_of_one_file_that_say_the_same_are_one_post_and_the_second_says_why(
    exporter: Exporter,
) -> None:
    first, second = exporter.run(CHOIR, CHOIR)
    assert (first.what, second.what) == ("created", "refused")
    assert second.reason == "says the same as entry 1, line 3, word for word: one post is enough"
    assert [one.what for one in exporter.run(CHOIR, CHOIR)] == ["unchanged", "refused"]


def test_the_second_of_two_that_say_the_same_is_no_post_however_often_its_file_comes(
    exporter: Exporter,
) -> None:
    for first in ("created", "unchanged", "unchanged"):
        found = exporter.run(CHOIR, CHOIR, uids=["a", "b"])
        assert [one.what for one in found] == [first, "refused"]
    assert [one.what for one in exporter.run(CHOIR, CHOIR, uids=["b", "a"])] == ["refused", "unchanged"]


def test_a_post_whose_own_entry_stands_in_the_file_is_not_taken_for_another(exporter: Exporter) -> None:
    exporter.run(CHOIR, uids=["a"])
    found = exporter.run(CHOIR, CHOIR.replace("alle", "jeden"), uids=["a", "b"])
    assert what(found) == [("unchanged", False), ("created", False)]


def test_what_was_withdrawn_here_is_not_brought_back_by_a_new_uid(
    exporter: Exporter, merchant_id: UUID
) -> None:
    exporter.run(CHOIR)
    (post,) = published()
    posts.withdraw(merchant_id, post.id)
    assert what(exporter.run(CHOIR)) == [("unchanged", True)]
    assert published() == []


def test_a_post_that_was_made_by_hand_is_nobodys_entry(exporter: Exporter, merchant_id: UUID) -> None:
    exporter.run(CHOIR)
    by_hand = {"kind": "event", "title": "Chor", "starts_at": "2036-12-05T19:00:00+01:00"}
    posts.create(merchant_id, reading.draft(by_hand))
    found = exporter.run(CHOIR, CHOIR.replace("20361204", "20361205").replace("LOCATION:Rathaus\n", ""))
    assert what(found) == [("unchanged", True), ("created", False)]


def test_the_import_says_it_in_german_too() -> None:
    assert translated_reason(RECOGNISED, "de") == "an Titel, Beginn und Ort wiedererkannt"
