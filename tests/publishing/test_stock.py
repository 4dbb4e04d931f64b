"""A stock of posts: how much of a file is new, what the one post says that tells of it, and that no quota counts it."""

from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from syndication import clock, sources
from syndication.channels import wording
from syndication.config import Settings
from syndication.errors import QuotaExceeded
from syndication.infra import db
from syndication.kinds import roundup
from syndication.kinds.reading import draft
from syndication.models import Post
from syndication.publishing import from_file, posts, stock
from syndication.sources import Row
from syndication.sources.row import DateOf, made
from tests import factories

BERLIN = ZoneInfo("Europe/Berlin")
STOCK = Path(__file__).parents[1] / "fixtures" / "stock.csv"
SOON = "2030-05-01T10:00:00+02:00"


@pytest.fixture
def merchant_id(database: str, settings: Settings) -> UUID:
    with db.transaction() as session:
        return factories.merchant(session, "stadt", name="Stadt Coburg", posts_per_day=1).id


def rows() -> list[Row]:
    return list(sources.read(STOCK, zone=BERLIN, now=clock.now()))


def event(ref: str, **fields: object) -> Row:
    return made(ref, {"kind": "event", "title": ref, "starts_at": SOON, "source_ref": ref, **fields})


def test_only_what_people_would_hear_of_now_is_new(merchant_id: UUID) -> None:
    posts.create(merchant_id, factories.event(source_ref="known"))
    later = (clock.now() + timedelta(days=2)).isoformat()
    date = DateOf("known", datetime.fromisoformat(SOON))
    found: list[tuple[Row, int]] = [
        (event("new"), 1),
        (event("known"), 0),
        (event("over", starts_at="2020-01-01T10:00:00Z"), 0),
        (event("waits", publish_at=later), 0),
        (event("refused", title=""), 0),
        (Row("1", "known/x", "moved", event("x").draft, date_of=date), 0),
        (Row("1", "lost/x", "moved", event("x").draft, date_of=DateOf("lost", date.named)), 1),
    ]
    assert [stock.new([row], merchant_id) for row, _ in found] == [count for _, count in found]
    assert stock.new([row for row, _ in found] + [event("new")], merchant_id) == 2


@pytest.mark.parametrize("tell", stock.TELLS)
def test_an_import_uses_up_no_quota(merchant_id: UUID, tell: stock.Tell) -> None:
    assert from_file.run(rows(), merchant_id, tell=tell).count("created") == 12
    posts.create(merchant_id, factories.event())
    with pytest.raises(QuotaExceeded):
        posts.create(merchant_id, factories.event())
    assert from_file.run([event("one more")], merchant_id).count("created") == 1


def quiet() -> set[str]:
    with db.reading() as session:
        return set(session.scalars(select(Post.source_ref).where(Post.quiet.is_(True))))


def test_who_waits_for_an_hour_of_its_own_is_told_at_that_hour(merchant_id: UUID) -> None:
    later = (clock.now() + timedelta(days=2)).isoformat()
    from_file.run([event("now"), event("waits", publish_at=later)], merchant_id, tell="nobody")
    assert quiet() == {"now"}


def test_the_summary_says_how_many_whose_and_when_in_both_languages(merchant_id: UUID) -> None:
    report = from_file.run(rows(), merchant_id, tell="summary")
    assert report.summary is not None
    told = posts.read(report.summary).content
    assert wording.title(told, "de") == told.title == "12 neue Veranstaltungen von Stadt Coburg"
    assert wording.title(told, "en") == "12 new events from Stadt Coburg"
    assert wording.when(told, BERLIN, "de", clock.now()) == "Di., 1. Januar 2030 bis Sa., 12. Januar 2030"
    with db.reading() as session:
        assert len(stock.told_by(session, report.summary, 100)) == 12


def test_an_import_that_was_cut_off_sums_up_all_when_it_is_run_again(merchant_id: UUID) -> None:
    from_file.run(rows()[:7], merchant_id, tell="nobody")  # as far as it came
    report = from_file.run(rows(), merchant_id, tell="summary")
    assert (report.count("created"), report.count("unchanged")) == (5, 7)
    assert report.summary is not None
    assert posts.read(report.summary).content.title == "12 neue Veranstaltungen von Stadt Coburg"
    assert from_file.run(rows(), merchant_id, tell="summary").summary is None, "nothing is left to tell"
    assert from_file.run([*rows(), event("more")], merchant_id, tell="summary").summary is not None


def test_a_dry_run_sums_up_nothing(merchant_id: UUID) -> None:
    report = from_file.run(rows(), merchant_id, tell="summary", dry_run=True)
    assert (report.count("created"), report.summary) == (12, None)
    assert quiet() == set()


@pytest.mark.parametrize(
    ("kinds", "german", "english"),
    [
        (["event"], "1 neue Veranstaltung von Café", "1 new event from Café"),
        (["offer"] * 2, "2 neue Angebote von Café", "2 new offers from Café"),
        (["event", "offer"], "2 neue Beiträge von Café", "2 new posts from Café"),
    ],
)
def test_a_summary_names_what_it_tells_of(kinds: list[str], german: str, english: str) -> None:
    samples = {
        "event": draft({"kind": "event", "title": "A", "starts_at": SOON, "topics": ["musik"]}),
        "offer": draft({"kind": "offer", "title": "B"}),
    }
    made = roundup.of([samples[kind].content() for kind in kinds], "Café", "de", BERLIN)
    assert [wording.title(made, language) for language in ("de", "en")] == [german, english]
    assert set(made.about) == set(kinds)
    assert made.topics == (("musik",) if "event" in kinds else ())
    assert (made.over_at(BERLIN) is None) == ("offer" in kinds), "as long as one of them stands"
