"""What happened in each hour is counted once, also what happened before there were such counts."""

from datetime import timedelta

from alembic import command

from syndication import clock, migrations
from syndication.infra import db
from syndication.insight import tallies
from syndication.models import Attempt, Tally
from tests import factories
from tests.ledger.test_bulk import fill


def test_hours_before_the_upgrade_are_counted_as_far_as_attempts_were(database: str) -> None:
    with db.transaction() as session:
        hook = factories.destination(session).id
    fill(hook, 3)
    with db.transaction() as session:
        first = session.query(Attempt).order_by(Attempt.id).all()[0]
        first.at -= timedelta(hours=3)
        session.add(Tally(metric=tallies.FOLDED, channel="", label="", value=float(first.id + 1)))
    config = migrations._config(database)
    command.downgrade(config, "0024")
    command.upgrade(config, "head")
    since = clock.now() - timedelta(days=1)
    with db.reading() as session:
        found = [(one.outcome, one.count) for one in tallies.hours(session, since)]
    assert found == [("later", 1), ("later", 1)]
