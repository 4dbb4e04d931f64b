"""Fan-out to very many: chunk by chunk, each reader once, wherever it was cut, and with a wake-up a second."""

import itertools

import pytest
from sqlalchemy import func, insert, select

from syndication import clock, config
from syndication.audience import interests
from syndication.content.interest import Interest
from syndication.delivery import fanout
from syndication.infra import db, wakeups
from syndication.ledger import policy
from syndication.models import Change, Delivery, Edition, Heartbeat, Reader
from tests.town import publish

READERS = 3000


def many() -> None:
    with db.transaction() as session:
        interest_id = interests.ensure(session, Interest())
        before = clock.now()
        values = {
            "interest_id": interest_id, "cadence": "instantly", "state": "confirmed", "created_at": before,
            "confirmed_at": before, "covered_until": before,
        }  # fmt: skip
        languages = itertools.cycle(("de", "en"))
        rows = [
            {**values, "email": f"r{number}@example.org", "language": next(languages)}
            for number in range(READERS)
        ]
        session.execute(insert(Reader), rows)


def told() -> tuple[int, int]:
    """Copies in all, and readers who have one."""
    with db.reading() as session:
        copies = select(func.count(), func.count(Delivery.reader_id.distinct()))
        found = session.execute(copies.where(Delivery.reader_id.is_not(None))).one()
        return found[0], found[1]


def test_each_reader_is_told_once_in_their_language_with_few_bells(city: config.Settings) -> None:
    many()
    woken: list[str] = []
    publish()
    wakeups.use(lambda name, _: woken.append(name))
    with db.reading() as session:
        change_id = session.scalars(select(Change.id)).one()
    assert fanout.fan_out(change_id)
    wakeups.use(None)
    assert told() == (READERS, READERS)
    with db.reading() as session:
        wrong = (
            select(func.count())
            .select_from(Delivery)
            .join(Reader, Reader.id == Delivery.reader_id)
            .join(Edition, Edition.id == Delivery.edition_id)
            .where(Edition.language != Reader.language)
        )
        assert session.scalar(wrong) == 0
    assert woken[-1] == "mail", "what came last is woken for"
    assert woken.count("mail") <= 10


def test_what_was_cut_goes_on_behind_the_last_reader(
    city: config.Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    many()
    publish()
    with db.reading() as session:
        change_id = session.scalars(select(Change.id)).one()
    monkeypatch.setattr(fanout, "_SECONDS", -1.0)  # each call ends after its first chunk
    calls = 1
    while not fanout.fan_out(change_id):
        calls += 1
        assert told()[0] <= READERS
    assert calls > 1
    assert told() == (READERS, READERS)


def test_a_bell_apart_rings_once_and_without_it_always(city: config.Settings) -> None:
    woken: list[str] = []
    wakeups.use(lambda name, _: woken.append(name))
    for _ in range(5):
        with db.transaction() as session:
            wakeups.after_commit(session, "mail", apart=60.0)
    assert woken == ["mail"]
    with db.transaction() as session:
        wakeups.after_commit(session, "mail")
    wakeups.use(None)
    assert woken == ["mail", "mail"]


def test_new_rows_are_counted_and_known_ones_passed_over(city: config.Settings) -> None:
    rows = [{"name": f"part {number}", "at": clock.now(), "ahead": 0.0} for number in range(50)]
    found = []
    for some in (rows[:30], rows, rows, []):
        with db.transaction() as session:
            found.append(db.insert_new(session, Heartbeat.__table__, some))
    assert found == [30, 20, 0, 0]


def test_a_chunk_grows_while_it_is_quick_and_shrinks_where_it_is_not() -> None:
    assert policy.chunk(500, 0.001, one_writer=True) == 1000, "twice at most"
    assert policy.chunk(500, 0.3, one_writer=True) == 200, "the least"
    assert policy.chunk(500, 0.03, one_writer=True) == 500
    assert policy.chunk(500, 0.03, one_writer=False) > policy.chunk(500, 0.03, one_writer=True)
    assert policy.chunk(5000, 0.0, one_writer=False) == 5000, "the most"
