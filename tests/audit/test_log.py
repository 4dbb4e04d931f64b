"""The audit log only grows, stands in the transaction of the act, and holds no word of what was forgotten."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import DatabaseError

from syndication import clock
from syndication.accounts import people
from syndication.audience import readers
from syndication.audit import acting, log
from syndication.audit.log import About
from syndication.config import Settings
from syndication.infra import db
from syndication.insight import audit_log
from syndication.insight.audit_log import KEPT, LogFilter
from syndication.ledger import replay
from syndication.models import Delivery, LogLine
from syndication.publishing import merchants, posts, rehearsal, unlawful
from syndication.publishing.withdrawal import Grounds
from tests import factories
from tests.town import fan_out

pytestmark = pytest.mark.usefixtures("database", "settings")


def said(**wanted: str) -> list[str]:
    """What happened, the oldest first."""
    return [row.what for row in reversed(audit_log.lines(LogFilter(**wanted), limit=500))]  # type: ignore[arg-type]  # texts


def test_a_line_can_neither_be_changed_nor_deleted_by_anybody() -> None:
    merchants.create(merchants.Application(name="Café", email="a@cafe.example"))
    for statement in (
        update(LogLine).values(by_name="somebody else"),
        delete(LogLine),
        text("UPDATE audit_log SET at = '1999-01-01'"),
        text("DELETE FROM audit_log"),
    ):
        with pytest.raises(DatabaseError, match="only grows"), db.transaction() as session:
            session.execute(statement)
    assert said() == ["merchant.applied", "merchant.admitted"]


def test_no_line_is_replaced_and_the_table_is_not_emptied() -> None:
    people.add("a@coburg.example", name="Anna")
    if db.engine().dialect.name == "sqlite":
        again = (
            "INSERT OR REPLACE INTO audit_log SELECT id, at, by, 'x', way, what, about, about_id, about_name,"
            " merchant_id, details FROM audit_log"
        )
    else:
        again = "TRUNCATE audit_log"
    with pytest.raises(DatabaseError, match="only grows"), db.transaction() as session:
        session.execute(text(again))
    assert said() == ["person.added"]


def test_what_is_older_than_four_years_is_forgotten_and_nothing_else() -> None:
    row = {
        "by": "service", "by_name": "", "way": "service", "what": "post.published", "about": "post",
        "about_id": "", "about_name": "", "details": {},
    }  # fmt: skip
    with db.transaction() as session:
        for age in (timedelta(days=1), KEPT - timedelta(days=1), KEPT + timedelta(days=1), 2 * KEPT):
            session.execute(insert(LogLine), row | {"at": clock.now() - age})
    assert audit_log.forget() == 2
    assert audit_log.forget() == 0
    ages = [clock.now() - one.at for one in audit_log.lines(LogFilter())]
    assert len(ages) == 2
    assert max(ages) < KEPT


def test_a_line_stands_where_the_act_does_and_falls_with_it() -> None:
    merchant = merchants.create(merchants.Application(name="Café", email="a@cafe.example"))

    def interrupted() -> None:
        with db.transaction():
            posts.create(merchant.id, factories.event())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        interrupted()
    rehearsal.preview(merchant.id, factories.event())
    assert said(what="post.created") == []
    posts.create(merchant.id, factories.event())
    assert said(what="post.created") == ["post.created"]


def test_a_post_tells_its_title_of_then_until_its_words_are_forgotten() -> None:
    merchant = merchants.create(merchants.Application(name="Café", email="a@cafe.example"))
    first = posts.create(merchant.id, factories.event("Schlimmes Wort"))
    posts.revise(merchant.id, first.id, factories.event("Anderes Wort"))

    def titles() -> list[str]:
        return [row.about_name for row in audit_log.lines(LogFilter()) if row.about == "post"]

    assert titles() == ["Anderes Wort", "Schlimmes Wort"]
    unlawful.withdraw(first.id, Grounds("unlawful", "Gegen das Gesetz", "command line"))
    assert titles() == ["Ein Beitrag"] * 3
    with db.reading() as session:
        kept = str([(one.about_name, one.details) for one in session.scalars(select(LogLine))])
    assert "Wort" not in kept
    assert "Gesetz" not in kept
    unlawful.withdraw(first.id)
    assert said(what="post.withdrawn") == ["post.withdrawn"], "doing it again is no act"


def test_whoever_came_in_is_who_acted_and_else_the_service() -> None:
    people.add("a@coburg.example", name="Anna")
    with acting.entering("page"):
        people.add("b@coburg.example", name="Bert")
        acting.become("person 1", "Carla")
        people.add("c@coburg.example", name="Carl")
    found = [(row.by, row.by_name, row.way, row.about_name) for row in audit_log.lines(LogFilter())]
    assert found == [
        ("person 1", "Carla", "page", "Carl"),
        ("", "", "page", "Bert"),
        ("service", "", "service", "Anna"),
    ]


def test_of_a_reader_a_keyed_hash_is_kept_and_nothing_else(settings: Settings) -> None:
    with db.transaction() as session:
        factories.reader(session, "anna@example.org")
    readers.export_by_address("Anna@example.org")
    readers.leave_by_address("anna@example.org")
    readers.erase_by_address("anna@example.org")
    rows = audit_log.lines(LogFilter())
    assert [row.what for row in rows] == ["reader.erased", "reader.left", "reader.exported"]
    assert len({row.about_id for row in rows}) == 1
    assert "anna" not in str(rows).lower()
    assert rows[0].about_id == log.of_reader("anna@example.org").id


def test_lines_are_found_by_person_merchant_act_and_span_and_page_by_page() -> None:
    cafe = merchants.create(merchants.Application(name="Café", email="a@cafe.example"))
    museum = merchants.create(merchants.Application(name="Museum", email="a@museum.example"))
    with acting.entering("api", "key 1", "Kasse"):
        for number in range(5):
            posts.create(cafe.id, factories.event(f"Abend {number}"))
    posts.create(museum.id, factories.event())
    assert said(merchant="museum") == ["merchant.applied", "merchant.admitted", "post.created"]
    assert said(by="key 1") == ["post.created"] * 5
    assert said(by="service", what="post.created") == ["post.created"]
    rows, seen = audit_log.lines(LogFilter(), limit=3), list[int]()
    while rows:
        seen += [row.id for row in rows]
        rows = audit_log.lines(LogFilter(), limit=3, before=seen[-1])
    assert len(seen) == 10
    assert seen == sorted(seen, reverse=True)
    later = clock.now() + timedelta(seconds=1)
    assert audit_log.lines(LogFilter(since=later)) == []
    assert len(audit_log.lines(LogFilter(until=later))) == 10


def test_what_is_sent_again_is_written_down_for_whoever_it_belongs_to() -> None:
    with db.transaction() as session:
        cafe = factories.merchant(session)
        own = factories.destination(
            session, "webhook", merchant_id=cafe.id, settings={"url": "http://127.0.0.1:1/a"}
        )
        cafe_id, own_id = cafe.id, own.id
    for _ in range(2):
        posts.create(cafe_id, factories.event())
    fan_out()
    with db.transaction() as session:
        session.execute(update(Delivery).values(state="failed"))
    assert replay.many(destination_id=own_id) == 2
    (line,) = audit_log.lines(LogFilter(what="delivery.replayed"))
    assert (line.merchant, line.details) == ("cafe", {"count": 2})


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "＝1"])
def test_no_cell_of_the_file_is_a_formula(name: str) -> None:
    with db.transaction() as session:
        log.record(session, "key.made", About("key", "1", name))
    _, line = "".join(audit_log.as_csv(LogFilter())).split("\r\n")[:2]
    assert f'"\'{name}"' in line
