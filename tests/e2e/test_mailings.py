"""A newsletter that is going out is stopped by the town hall, its workers are killed, and it goes on: each reader once."""

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event

import pytest

from syndication import clock
from syndication.audience import mailings
from syndication.content.cadence import Cadence, previous_slot
from syndication.infra import db
from tests import factories
from tests.e2e.city import LEASE, City
from tests.town import fan_out

READERS = 2000
BY = "Berta Boss <boss@coburg.example>"


def due(city: City, count: int) -> datetime:
    """Readers whose slot was a moment ago, and a post that joined before it; the slot."""
    now = clock.now()
    cadence = f"daily {now.astimezone(city.cfg.zone):%H:%M}"
    slot = previous_slot(Cadence.parse(cadence), now, city.cfg.zone)
    assert slot is not None
    clock.travel(timedelta(minutes=-5))
    city.publish()
    fan_out()
    clock.reset()
    with db.transaction() as session:
        one = factories.reader(
            session, "r0@example.org", cadence=cadence, next_slot_at=slot, covered_until=slot - timedelta(days=1)
        )  # fmt: skip
        row = {column.key: getattr(one, column.key) for column in type(one).__mapper__.column_attrs}
        for own in ("id", "email", "mailbox", "nonce"):
            del row[own]
        session.execute(
            factories.insert(type(one)), [row | {"email": f"r{number}@example.org"} for number in range(1, count)]
        )  # fmt: skip
    return slot


@pytest.mark.enough("sqlite", "postgresql")
def test_a_newsletter_paused_half_way_goes_on_after_kill_9_and_reaches_each_once(
    database_url: str, tmp_path: Path
) -> None:
    with City(tmp_path, database_url) as city:
        city.mail.delay = 0.004
        slot = due(city, READERS)
        city.start()
        city.await_mails(READERS // 3, seconds=60)
        mailings.hold(slot, BY)
        Event().wait(5)
        paused = len(city.mail.mails)
        assert paused < READERS
        city.kill_all()
        city.start()
        Event().wait(LEASE + 3)
        assert len(city.mail.mails) == paused, "a hold outlives every process"
        mailings.release(slot, BY)
        city.await_mails(READERS, seconds=60)
        city.await_done(seconds=30)
        came = Counter(mail.recipient for mail in city.mail.mails)
        assert (len(came), set(came.values())) == (READERS, {1})


@pytest.mark.enough("sqlite", "postgresql")
def test_a_cancelled_newsletter_stops_within_five_seconds(database_url: str, tmp_path: Path) -> None:
    with City(tmp_path, database_url) as city:
        city.mail.delay = 0.02
        slot = due(city, READERS)
        city.start()
        city.await_mails(50, seconds=60)
        mailings.cancel(slot, BY)
        Event().wait(5)
        stopped = len(city.mail.mails)
        assert stopped < READERS
        city.await_done(seconds=30)
        assert len(city.mail.mails) == stopped
        assert city.states("newsletter") == {"sent": stopped, "dropped": READERS - stopped}
