"""Somebody looked whether something that may have arrived is there: the ledger takes their word, once, for their own (P7)."""

import pytest
from sqlalchemy import select, update

from syndication import config
from syndication.content.base import new_id
from syndication.delivery import drain
from syndication.errors import Conflict, NotFound
from syndication.infra import db
from syndication.ledger import looked
from syndication.models import Delivery, LogLine
from syndication.stack.receiver import Receiver, Reply
from tests.remotes import REMOTES, Losing
from tests.town import account, deliveries, fan_out, publish


@pytest.fixture
def doubtful(city: config.Settings, receiver: Receiver) -> Delivery:
    """A delivery of which nobody knows whether it arrived: the network took it and said nothing."""
    receiver.answer = Losing(REMOTES["discord"](), Reply(close=True)).answer
    account("discord", receiver)
    publish(days=30)
    fan_out()
    drain.drain("push")
    (row,) = deliveries("discord")
    assert row.state == "unconfirmed"
    return row


def acts() -> list[str]:
    with db.reading() as session:
        seen = LogLine.what == "delivery.seen"
        return [one.about_id for one in session.scalars(select(LogLine).where(seen))]


def test_it_is_there_once_somebody_says_so(doubtful: Delivery) -> None:
    looked.there(doubtful.id)
    (row,) = deliveries("discord")
    assert row.state == "sent"
    assert str(row.reason) == "Somebody looked: it is there."
    assert row.sent_at is not None
    assert len(acts()) == 1
    with pytest.raises(Conflict):
        looked.there(doubtful.id)
    assert len(acts()) == 1, "what was no longer in doubt is no act"


def test_nobody_says_so_of_what_is_not_theirs(doubtful: Delivery) -> None:
    with pytest.raises(NotFound):
        looked.there(doubtful.id, merchant_id=new_id())
    with pytest.raises(NotFound):
        looked.there(doubtful.id + 1000)
    assert deliveries("discord")[0].state == "unconfirmed"


def test_of_many_only_those_in_doubt_are_taken_to_be_there(doubtful: Delivery) -> None:
    with db.transaction() as session:
        session.execute(update(Delivery).where(Delivery.id != doubtful.id).values(state="failed"))
        ids = list(session.scalars(select(Delivery.id)))
        assert len(ids) > 1
        assert looked.all_there(session, ids) == 1
        assert looked.all_there(session, ids) == 0
        states = dict(session.execute(select(Delivery.id, Delivery.state)).tuples().all())
    assert states == {one: "sent" if one == doubtful.id else "failed" for one in ids}
