"""What an outlet holds up still waits: its age counts from its first moment, and it goes out as soon as the outlet works."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update

from syndication import clock, config, destinations, insight
from syndication.delivery import drain, resume
from syndication.infra import db
from syndication.models import Delivery, Destination, Reader
from syndication.stack.mail_sink import MailSink
from syndication.stack.receiver import Receiver, Reply
from tests import factories
from tests.conftest import settings_for
from tests.town import deliveries, fan_out, hook, later, publish, states

#: The schedule of a city, as far as it matters here.
SCHEDULE = (5, 300, 1800, 7200, 18000)


@pytest.fixture
def patient(city: config.Settings, mail_sink: MailSink) -> config.Settings:
    """The city with the long waits that cities have."""
    cfg = settings_for(city.data_dir, smtp_port=mail_sink.port, retry_schedule=SCHEDULE, http_timeout=5)
    config.use(cfg)
    drain.tools.cache_clear()
    return cfg


def row(queue: str) -> insight.QueueRow:
    return next(one for one in insight.queues() if one.queue == queue)


def outlet(channel: str = "webhook") -> Destination:
    with db.reading() as session:
        return session.scalars(select(Destination).where(Destination.channel == channel)).one()


def reader(number: int) -> None:
    with db.transaction() as session:
        factories.reader(session, f"r{number}@example.org")


def greylisting(address: str) -> Callable[[str], str | None]:
    return lambda asked: "451 4.7.1 greylisted, come back later" if asked == address else None


def down(cfg: config.Settings) -> None:
    """As if the mail server were gone: nobody listens at its port."""
    config.use(cfg.model_copy(update={"smtp_port": 1}))
    drain.tools.cache_clear()


def up(cfg: config.Settings) -> None:
    config.use(cfg)
    drain.tools.cache_clear()


def an_outage_of_mail(cfg: config.Settings, seconds: float) -> None:
    """Six mails wait while the mail server is down; each is tried as often as its schedule says."""
    for number in range(6):
        reader(number)
    publish(days=30)
    fan_out()
    down(cfg)
    over = clock.now() + timedelta(seconds=seconds)
    while clock.now() < over:
        drain.drain("mail")
        later(240)


def test_the_age_of_a_mail_queue_grows_for_as_long_as_the_mail_server_is_down(
    patient: config.Settings,
) -> None:
    an_outage_of_mail(patient, 1200)
    drain.drain("mail")  # from now on the breaker is open
    mail = row("mail")
    assert (mail.due, mail.later + mail.held, mail.sending) == (0, 6, 0)
    assert (mail.oldest >= 1190, mail.ready) == (True, 0.0)


def test_a_single_mail_that_waits_for_its_next_try_is_late_meanwhile(patient: config.Settings) -> None:
    reader(1)
    publish(days=30)
    fan_out()
    down(patient)
    for seconds in (0, 10, 400):
        later(seconds)
        drain.drain("mail")
    later(600)
    assert row("mail").later == 1
    assert row("mail").oldest >= 1000


def test_what_waits_for_its_first_moment_is_not_late(city: config.Settings, receiver: Receiver) -> None:
    hook(receiver)
    publish(days=30)
    fan_out()
    with db.transaction() as session:  # as quiet hours and the pause of corrections do
        session.execute(update(Delivery).values(due_at=clock.now() + timedelta(hours=8)))
    later(3600)
    assert row("push").oldest == 0.0


def test_what_one_mailbox_asked_for_is_no_delay_of_ours(
    patient: config.Settings, mail_sink: MailSink
) -> None:
    reader(1)
    mail_sink.on_recipient = greylisting("r1@example.org")
    publish(days=30)
    fan_out()
    drain.drain("mail")
    later(2)
    assert states("newsletter") == ["waiting"]
    assert row("mail").oldest == 0.0


def test_when_the_mail_server_is_back_all_that_waits_goes_at_once(
    patient: config.Settings, mail_sink: MailSink
) -> None:
    an_outage_of_mail(patient, 1000)
    up(patient)
    with (
        db.transaction() as session
    ):  # each was tried often enough to wait for hours, and one of them has its turn
        since = func.coalesce(Delivery.late_since, Delivery.due_at)
        hours = clock.now() + timedelta(hours=2)
        session.execute(update(Delivery).values(due_at=hours, late_since=since, attempts=4))
        first = session.scalars(select(Delivery).where(Delivery.channel == "newsletter").limit(1)).one()
        first.due_at = clock.now()
        session.execute(update(Destination).values(held_until=None))
    drain.drain("mail")
    resume.sweep()
    drain.drain("mail")
    assert states("newsletter") == ["sent"] * 6
    assert outlet("newsletter").recovering_from is None
    assert row("mail").oldest == 0.0


def test_a_mailbox_that_asked_to_wait_and_a_post_for_later_stay_where_they_are(
    patient: config.Settings, mail_sink: MailSink
) -> None:
    for number in range(4):
        reader(number)
    mail_sink.on_recipient = greylisting("r0@example.org")
    publish(days=30)
    fan_out()
    down(patient)
    drain.drain("mail")
    up(patient)
    later(20)
    tonight = clock.now() + timedelta(hours=8)
    with db.transaction() as session:
        session.execute(update(Destination).values(held_until=None))
        mine = select(Reader.id).where(Reader.email == "r1@example.org").scalar_subquery()
        session.execute(
            update(Delivery).where(Delivery.reader_id == mine).values(due_at=tonight, late_since=None)
        )
    for _ in range(3):
        drain.drain("mail")
        resume.sweep()
    assert states("newsletter") == ["waiting", "waiting", "sent", "sent"]
    asked, planned, *_ = deliveries("newsletter")
    assert planned.due_at == tonight
    assert asked.due_at > clock.now()


def held_webhook(receiver: Receiver) -> None:
    """A webhook that failed often enough to be held; four posts wait, one of them for a long time."""
    hook(receiver)
    receiver.answer = lambda _: Reply(500)
    for number in range(4):
        publish(f"m{number}", days=30)
    fan_out()
    for _ in range(6):
        drain.drain("push")
        later(240)


def test_a_webhook_that_was_held_gets_the_rest_after_its_first_success(
    patient: config.Settings, receiver: Receiver
) -> None:
    held_webhook(receiver)
    assert any(one.due_at > clock.now() + timedelta(minutes=5) for one in deliveries())
    receiver.answer = lambda _: Reply()
    publish("new", days=30)
    fan_out()
    later(400)
    drain.drain("push")
    resume.sweep()
    drain.drain("push")
    assert states() == ["sent"] * 5


def test_one_post_that_an_outlet_never_takes_keeps_its_schedule(
    patient: config.Settings, receiver: Receiver
) -> None:
    hook(receiver)
    receiver.answer = lambda request: Reply(500 if b"bad" in request.body else 200)
    for number in range(3):
        publish(f"b{number}", title="bad", days=30)
    fan_out()
    for number in range(24):  # an hour in which the outlet is held and works again, time after time
        drain.drain("push")
        if number % 3 == 0:
            publish(f"good{number}", title="fine", days=30)
            fan_out()
        resume.sweep()
        later(150)
    assert {one.state for one in deliveries() if one.attempts > 1} == {"waiting"}
    assert max(one.attempts for one in deliveries()) <= 6


def test_a_resumed_outlet_gets_what_waits_and_not_only_what_comes(
    patient: config.Settings, receiver: Receiver
) -> None:
    held_webhook(receiver)
    receiver.answer = lambda _: Reply()
    destinations.pause(outlet().id)
    destinations.resume(outlet().id)
    resume.sweep()
    drain.drain("push")
    assert states() == ["sent"] * 4


def many_waiting(count: int) -> None:
    """Mails that wait for their own later try after an outage that is over."""
    with db.transaction() as session:
        readers = [factories.reader(session, f"x{number}@example.org").id for number in range(100)]
        shared = session.scalars(select(Destination).where(Destination.channel == "newsletter")).one()
        shared.recovering_from = clock.now() - timedelta(hours=1)
        base: dict[str, Any] = {
            "channel": "newsletter",
            "queue": "mail",
            "state": "waiting",
            "created_at": clock.now(),
            "due_at": clock.now() + timedelta(hours=2),
            "late_since": clock.now() - timedelta(minutes=50),
            "attempts": 3,
        }
        rows = [{**base, "key": f"k{n}", "reader_id": readers[n % 100]} for n in range(count)]
        session.connection().execute(insert(Delivery.__table__), rows)


def test_waking_many_is_done_in_steps_and_goes_on_where_it_ended(city: config.Settings) -> None:
    many_waiting(2300)
    woken = resume.sweep(seconds=0.0)
    assert woken == 0
    while outlet("newsletter").recovering_from is not None:
        woken += resume.sweep(seconds=0.05)
    assert woken == 2300
    assert row("mail").due == 2300
