"""What a person sends again: at once, as told by somebody who has looked, and remembered as such."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from syndication import clock, config
from syndication.delivery import drain
from syndication.errors import Conflict
from syndication.infra import db
from syndication.ledger import replay, retry
from syndication.models import Attempt, Delivery, Destination
from syndication.publishing import posts
from syndication.stack.receiver import Receiver, Reply
from tests import factories
from tests.remotes import REMOTES, Losing
from tests.town import account, deliveries, fan_out, hook, later, publish, states


def work() -> None:
    fan_out()
    drain.drain("push")


def triggers() -> list[str]:
    with db.reading() as session:
        statement = select(Attempt.trigger).join(Delivery).where(Delivery.channel == "webhook")
        return list(session.scalars(statement.order_by(Attempt.id)))


def test_the_ledger_tells_a_replay_from_a_retry(city: config.Settings, receiver: Receiver) -> None:
    hook(receiver)
    receiver.answer = lambda _: Reply(500)
    publish(days=30)
    work()
    later(15)
    drain.drain("push")
    receiver.answer = lambda _: Reply()
    later(100)
    drain.drain("push")
    replay.one(deliveries()[0].id)
    drain.drain("push")
    assert triggers() == ["schedule", "schedule", "schedule", "replay"]
    assert not deliveries()[0].by_hand, "what comes of itself afterwards is no replay"


def test_it_does_not_wait_for_quiet_hours(city: config.Settings, receiver: Receiver) -> None:
    receiver.answer = REMOTES["mastodon"]().answer
    identity = account("mastodon", receiver)
    publish(days=30)
    work()
    now = clock.now().astimezone(city.zone)
    with db.transaction() as session:
        row = session.get_one(Destination, identity)
        quiet = {
            "quiet_from": f"{now - timedelta(minutes=5):%H:%M}",
            "quiet_until": f"{now + timedelta(hours=8):%H:%M}",
        }
        row.settings = {**row.settings, **quiet}
    replay.one(deliveries("mastodon")[0].id)
    drain.drain("push")
    assert states("mastodon") == ["sent"]


def test_whoever_looked_can_send_the_revision_of_what_nobody_knew_of(
    city: config.Settings, receiver: Receiver
) -> None:
    remote = REMOTES["discord"]()
    losing = Losing(remote, Reply(close=True))
    losing.arrives = False
    receiver.answer = losing.answer
    account("discord", receiver)
    post = publish(days=30)
    work()
    assert states("discord") == ["unconfirmed"]
    posts.revise(post.merchant_id, post.id, factories.event("Neu", days=31))
    work()
    assert states("discord")[-1] == "unconfirmed"
    receiver.answer = remote.answer
    replay.one(deliveries("discord")[-1].id)
    later(10)
    drain.drain("push")
    assert states("discord")[-1] == "sent"


def held(receiver: Receiver) -> None:
    """Three posts that wait for a later try of an outlet that is held."""
    hook(receiver)
    receiver.answer = lambda _: Reply(500)
    for number in range(3):
        publish(f"m{number}", days=30)
    work()
    assert states() == ["waiting"] * 3


def test_what_waits_for_a_later_try_is_counted_and_tried_at_once(
    city: config.Settings, receiver: Receiver
) -> None:
    held(receiver)
    receiver.answer = lambda _: Reply()
    mine = deliveries()[0].destination_id
    assert retry.count(destination_id=mine) == 3
    assert retry.count(channel="newsletter") == 0
    assert retry.many(destination_id=mine) == 3
    for _ in range(3):  # the breaker lets one through, then the rest
        drain.drain("push")
    assert states() == ["sent"] * 3
    assert triggers().count("schedule") == 6, "a retry is no replay"


def test_what_waits_for_a_time_of_its_own_is_not_tried_before_it(
    city: config.Settings, receiver: Receiver
) -> None:
    hook(receiver)
    publish(days=30)
    fan_out()
    tonight = clock.now() + timedelta(hours=8)
    with db.transaction() as session:
        session.execute(update(Delivery).values(due_at=tonight))
    assert retry.many(channel="webhook") == 0
    with pytest.raises(Conflict):
        retry.one(deliveries()[0].id)
    assert deliveries()[0].due_at == tonight


def test_a_single_one_is_tried_at_once(city: config.Settings, receiver: Receiver) -> None:
    held(receiver)
    receiver.answer = lambda _: Reply()
    retry.one(deliveries()[2].id)
    drain.drain("push")
    assert states()[2] == "sent"
