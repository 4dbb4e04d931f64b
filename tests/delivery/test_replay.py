"""What a person sends again: at once, as told by somebody who has looked, and remembered as such."""

from datetime import timedelta

from sqlalchemy import select

from syndication import clock, config, db, posts
from syndication.delivery import drain, replay
from syndication.models import Attempt, Delivery, Destination
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
