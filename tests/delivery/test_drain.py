"""Claim, send, record: deliveries leave through real channels and end in the state that tells what became of them."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, update

from syndication import config
from syndication.delivery import claim, drain, positions, record, rescue
from syndication.infra import db
from syndication.ledger import replay
from syndication.models import Attempt, Change, Delivery, Destination, Lease, Reader
from syndication.publishing import posts
from syndication.stack.mail_sink import MailSink
from syndication.stack.receiver import Receiver, Reply
from tests import factories
from tests.town import deliveries, fan_out, hook, later, publish, states


def test_a_post_reaches_a_webhook_signed(city: config.Settings, receiver: Receiver) -> None:
    hook(receiver)
    publish(title="Weinabend")
    fan_out()
    drain.drain("push")
    (request,) = receiver.requests
    assert request.verified is True
    assert states() == ["sent"]
    with db.reading() as session:
        (attempt,) = session.scalars(select(Attempt).join(Delivery).where(Delivery.channel == "webhook"))
        assert (attempt.outcome, attempt.code) == ("sent", 204)
        assert session.scalars(select(Lease)).all() == []


def test_readers_who_hear_instantly_get_one_mail_each(city: config.Settings, mail_sink: MailSink) -> None:
    with db.transaction() as session:
        for number in range(30):
            factories.reader(session, f"r{number}@example.org")
    publish(title="Weinabend")
    fan_out()
    drain.drain("mail")
    mails = mail_sink.await_mails(30)
    assert {mail.recipient for mail in mails} == {f"r{number}@example.org" for number in range(30)}
    assert len({mail.message_id for mail in mails}) == 30
    assert set(states("newsletter")) == {"sent"}
    assert mail_sink.connections == 1


def test_running_fan_out_and_drain_again_sends_nothing_twice(
    city: config.Settings, receiver: Receiver, mail_sink: MailSink
) -> None:
    hook(receiver)
    with db.transaction() as session:
        factories.reader(session)
    publish()
    for _ in range(3):
        with db.transaction() as session:
            session.execute(update(Change).values(fanned_at=None))
        fan_out()
        for queue in ("push", "mail", "feeds"):
            drain.drain(queue)
    assert len(receiver.requests) == 1
    assert len(mail_sink.mails) == 1


def test_a_failure_is_tried_again_by_the_schedule_under_the_same_id(
    city: config.Settings, receiver: Receiver
) -> None:
    hook(receiver)
    receiver.answer = lambda _: Reply(500, body=b"out of order")
    publish(days=30)
    fan_out()
    drain.drain("push")
    (row,) = deliveries()
    assert (row.state, row.attempts) == ("waiting", 1)
    assert "500" in row.reason
    drain.drain("push")
    assert len(receiver.requests) == 1, "not before it is due"
    receiver.answer = lambda _: Reply()
    later(15)
    drain.drain("push")
    assert states() == ["sent"]
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 1


def test_it_is_given_up_after_the_last_try_and_can_be_replayed(
    city: config.Settings, receiver: Receiver
) -> None:
    hook(receiver)
    receiver.answer = lambda _: Reply(500)
    publish(days=30)
    fan_out()
    for _ in range(3):
        drain.drain("push")
        later(400)
    (row,) = deliveries()
    assert row.state == "failed"
    assert "Given up after 3 tries." in row.reason
    receiver.answer = lambda _: Reply()
    replay.one(row.id)
    drain.drain("push")
    assert states() == ["sent"]
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 1


def test_gone_switches_the_destination_off_and_tells_its_owner(
    city: config.Settings, receiver: Receiver, mail_sink: MailSink
) -> None:
    destination_id = hook(receiver)
    receiver.answer = lambda _: Reply(410)
    publish()
    fan_out()
    drain.drain("push")
    with db.reading() as session:
        found = session.get_one(Destination, destination_id)
        assert found.state == "disabled"
    drain.drain("mail")
    (mail,) = mail_sink.await_mails(1)
    assert mail.recipient == "operator@coburg.example"
    assert states() == ["failed"]


def test_order_is_kept_for_each_destination(city: config.Settings, receiver: Receiver) -> None:
    hook(receiver)
    first = publish(title="eins")
    for number in range(20):
        posts.revise(first.merchant_id, first.id, factories.event(title=f"Nummer {number}"))
        fan_out()
    receiver.answer = lambda _: Reply(delay=0.002)
    drain.drain("push")
    titles = [request.body.decode() for request in receiver.requests]
    assert "Nummer 19" in titles[-1]
    assert len(receiver.requests) == 1, "what was superseded while it waited is not sent"
    assert states()[:-1] == ["dropped"] * 20


@pytest.mark.no_answer
def test_a_hung_destination_holds_up_nobody_else(city: config.Settings, receiver: Receiver) -> None:
    hook(receiver, "/hang")
    for number in range(10):
        hook(receiver, f"/good{number}")
    receiver.answer = lambda request: Reply(hang=request.path == "/hang")
    publish()
    fan_out()
    drain.drain("push")
    assert sorted(states()) == ["sent"] * 10 + ["waiting"]


def test_what_is_over_is_dropped_and_never_sent_late(city: config.Settings, receiver: Receiver) -> None:
    hook(receiver)
    publish(days=0.01)
    fan_out()
    later(86400)
    drain.drain("push")
    assert receiver.requests == []
    assert states() == ["dropped"]


def test_a_reader_who_left_gets_nothing_more(city: config.Settings, mail_sink: MailSink) -> None:
    with db.transaction() as session:
        reader_id = factories.reader(session).id
    publish()
    fan_out()
    with db.transaction() as session:
        session.execute(update(Reader).where(Reader.id == reader_id).values(state="left"))
    drain.drain("mail")
    assert mail_sink.mails == []


def test_a_mailbox_that_does_not_exist_suppresses_its_reader_alone(
    city: config.Settings, mail_sink: MailSink
) -> None:
    with db.transaction() as session:
        for name in ("anna", "gone", "zoe"):
            factories.reader(session, f"{name}@example.org")
    mail_sink.on_recipient = lambda address: "550 5.1.1 unknown" if address.startswith("gone") else None
    publish()
    fan_out()
    drain.drain("mail")
    assert sorted(mail.recipient for mail in mail_sink.mails) == ["anna@example.org", "zoe@example.org"]
    with db.reading() as session:
        assert session.scalars(select(Reader.email).where(Reader.state == "suppressed")).all() == [
            "gone@example.org"
        ]


def test_dead_mailboxes_say_nothing_about_the_mail_server(city: config.Settings, mail_sink: MailSink) -> None:
    with db.transaction() as session:
        for number in range(5):
            factories.reader(session, f"gone{number}@example.org")
    mail_sink.on_recipient = lambda _: "550 5.1.1 unknown"
    publish()
    fan_out()
    drain.drain("mail")
    assert states("newsletter") == ["failed"] * 5
    with db.reading() as session:
        newsletter = session.scalars(select(Destination).where(Destination.channel == "newsletter")).one()
        assert (newsletter.failures, newsletter.failing_since, newsletter.held_until) == (0, None, None)


def test_a_dead_mail_server_costs_one_try_and_all_arrive_afterwards(
    city: config.Settings, mail_sink: MailSink
) -> None:
    with db.transaction() as session:
        for number in range(50):
            factories.reader(session, f"r{number}@example.org")
    publish(days=30)
    fan_out()
    mail_sink.on_greeting = "421 come back later"
    for _ in range(5):
        drain.drain("mail")
    with db.reading() as session:
        tried = len(session.scalars(select(Attempt.id)).all())
    assert tried <= 3, "a server that is down is asked now and then, not once for each reader"
    mail_sink.on_greeting = None
    later(600)
    drain.drain("mail")
    assert len(mail_sink.await_mails(50)) == 50


def test_a_lease_that_ran_out_is_taken_over_without_loss(city: config.Settings, mail_sink: MailSink) -> None:
    with db.transaction() as session:
        for number in range(10):
            factories.reader(session, f"r{number}@example.org")
    publish()
    fan_out()
    (lane,) = claim.claim("mail", "dead/1/1", 1, 0, city)
    third = lane.parcels[2].id
    assert positions.note(lane.lease_id, lane.owner, "position", third)
    later(6)
    assert rescue.sweep() == 1
    assert states("newsletter") == ["sent"] * 3 + ["waiting"] * 7
    assert not positions.note(lane.lease_id, lane.owner, "position", third), "whoever slept on it is stopped"
    drain.drain("mail")
    assert len(mail_sink.await_mails(7)) == 7
    assert set(states("newsletter")) == {"sent"}


def test_a_worker_that_lost_its_lease_writes_nothing(
    city: config.Settings, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook(receiver)
    publish()
    fan_out()

    def steal(_: Any) -> Reply:
        with db.transaction() as session:
            session.execute(update(Lease).values(owner="thief/1/1"))
        return Reply()

    receiver.answer = _once(steal)
    drain.drain("push")
    assert states() == ["sending"], "the thief holds it now"


def _once(action: Callable[[Any], Reply]) -> Callable[[Any], Reply]:
    return action


def test_stale_waiting_deliveries_are_dropped_by_the_sweep(city: config.Settings, receiver: Receiver) -> None:
    hook(receiver, state="paused")
    publish(days=0.01)
    fan_out()
    later(86400)
    assert record.drop_over() >= 1
    assert states() == ["dropped"]
