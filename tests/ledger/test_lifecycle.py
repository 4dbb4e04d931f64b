"""Rows of deliveries: the same from values and from a SELECT, and an end for what waits alone."""

from uuid import UUID

import pytest
from sqlalchemy import literal, select

from syndication import clock, config
from syndication.channels.built_in.letter import Letter
from syndication.channels.built_in.newsletter import Newsletter
from syndication.content.reason import Reason
from syndication.infra import db
from syndication.ledger import lifecycle
from syndication.models import Delivery, Destination, Reader
from tests import factories


@pytest.fixture
def newsletter(city: config.Settings) -> UUID:
    with db.reading() as session:
        return session.scalars(select(Destination.id).where(Destination.channel == "newsletter")).one()


def test_a_row_is_the_same_from_values_and_from_a_select(city: config.Settings) -> None:
    now = clock.now()
    with db.transaction() as session:
        reader_id = factories.reader(session).id
        one = lifecycle.row(Newsletter, "a", now, reader_id=reader_id, over_at=now, reason=Reason("why"))
        db.insert_new(session, Delivery.__table__, [one])
        other = lifecycle.row(
            Newsletter, literal("b"), now, reader_id=Reader.id, over_at=now, reason=Reason("why")
        )
        values = lifecycle.selected(other)
        rows = select(*values.values()).where(Reader.id == reader_id)
        db.insert_new(session, Delivery.__table__, rows, values)
    with db.reading() as session:
        table = Delivery.__table__
        first, second = session.execute(select(table).order_by(table.c.key)).mappings()
        assert {**first, "id": 0, "key": ""} == {**second, "id": 0, "key": ""}
        assert first["payload"] is None
        assert first["due_at"] == first["created_at"] == now


def test_what_waits_ends_with_its_reason_and_nothing_else_does(newsletter: UUID) -> None:
    now = clock.now()
    with db.transaction() as session:
        for state in ("waiting", "sending", "sent", "failed"):
            made = lifecycle.row(Letter, state, now, destination_id=newsletter, state=state)
            session.add(Delivery(**made))
        session.flush()
        mine = Delivery.destination_id == newsletter
        assert lifecycle.end(session, mine, state="dropped", reason=Reason("It says: {}", "x" * 900)) == 1
    with db.reading() as session:
        found = {row.key: (row.state, len(row.reason)) for row in session.scalars(select(Delivery))}
    assert found == {
        "waiting": ("dropped", 309),
        "sending": ("sending", 0),
        "sent": ("sent", 0),
        "failed": ("failed", 0),
    }
