"""An outage is said once, by a way that still works, and so is its end; whoever flaps tells little; nothing hangs on memory."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from structlog.testing import capture_logs

from syndication import channels, clock, config, destinations, insight
from syndication.content.interest import Interest
from syndication.content.reason import Reason
from syndication.delivery import drain, outage_notices, outages, resume
from syndication.destinations import alarms
from syndication.errors import Conflict
from syndication.infra import db
from syndication.models import Delivery, Destination, Outage
from syndication.ops import doctor
from syndication.stack.mail_sink import MailSink
from syndication.stack.receiver import Receiver, Reply
from tests import factories
from tests.channels.samples import AT, CITY, SAMPLES, Sample
from tests.town import deliveries, fan_out, hook, later, publish


def found() -> list[Outage]:
    with db.reading() as session:
        return list(session.scalars(select(Outage).order_by(Outage.id)))


def outlet(channel: str) -> Destination:
    with db.reading() as session:
        return session.scalars(select(Destination).where(Destination.channel == channel)).one()


def fails(channel: str, since: float = 400) -> None:
    """As after failures for so many seconds, as tests/delivery/test_waiting.py lets them happen."""
    with db.transaction() as session:
        row = session.scalars(select(Destination).where(Destination.channel == channel)).one()
        row.failures, row.failing_since = 5, clock.now() - timedelta(seconds=since)
        row.trouble = Reason("The mail server {} did not answer within {} seconds.", "127.0.0.1:1", 5)
        row.held_until = clock.now() + timedelta(seconds=300)


def works(channel: str) -> None:
    with db.transaction() as session:
        row = session.scalars(select(Destination).where(Destination.channel == channel)).one()
        resume.recovered(row, shared=channel == "newsletter")


def letters(sink: MailSink) -> list[str]:
    drain.drain("mail")
    return [
        str(mail.message["Subject"]) for mail in sink.mails if mail.recipient == "operator@coburg.example"
    ]


def the_end(cfg: config.Settings, seconds: float = 310) -> None:
    outages.sweep(cfg)
    later(seconds)
    outages.sweep(cfg)


def ntfy(receiver: Receiver, **fields: Any) -> Any:
    receiver.answer = lambda _: Reply(200, body=b'{"id": "1"}')
    settings = {"server": receiver.url(""), "topic": "alarms"}
    with db.transaction() as session:
        return factories.destination(session, "ntfy", settings=settings, **fields).id


def heard(receiver: Receiver) -> list[str]:
    drain.drain("push")
    return [json.loads(request.body)["title"] for request in receiver.requests if request.body]


def test_an_outlet_that_is_down_for_five_minutes_is_told_of_once_and_so_is_its_end(
    city: config.Settings, receiver: Receiver, mail_sink: MailSink
) -> None:
    hook(receiver, name="Stadtportal")
    fails("webhook", 290)
    assert outages.sweep(city) == 0, "not before"
    later(20)
    with capture_logs() as lines:
        assert [outages.sweep(city) for _ in range(3)] == [1, 1, 1]
    assert [(one["event"], one["outlet"]) for one in lines] == [("outlet.down", "Stadtportal")]
    assert letters(mail_sink) == ["Stadtportal nimmt nichts mehr an"]
    works("webhook")
    with capture_logs() as lines:
        the_end(city)
    assert [one["event"] for one in lines] == ["outlet.up"]
    assert outages.sweep(city) == 0
    assert letters(mail_sink) == ["Stadtportal nimmt nichts mehr an", "Stadtportal geht wieder"]


def test_the_letter_says_what_the_outlet_said_in_the_citys_language(
    city: config.Settings, receiver: Receiver, mail_sink: MailSink
) -> None:
    hook(receiver)
    fails("webhook")
    outages.sweep(city.model_copy(update={"language": "en"}))
    assert letters(mail_sink) == ["the webhook takes nothing any more"]
    body = mail_sink.mails[0].message.get_body(("plain",))
    assert body is not None
    assert "did not answer within 5 seconds" in body.get_content()


def test_where_mail_itself_is_down_an_outlet_that_hears_of_outages_is_told(
    city: config.Settings, receiver: Receiver, mail_sink: MailSink
) -> None:
    alarms.mark(ntfy(receiver), hears=True)
    fails("newsletter")
    assert outages.sweep(city) == 1
    assert heard(receiver) == ["Newsletter nimmt nichts mehr an"]
    assert (
        "hat nicht innerhalb von 5 Sekunden geantwortet" in json.loads(receiver.requests[0].body)["message"]
    )
    assert [one.queue for one in deliveries("letter")] == [], "no letter waits for the mail server"
    works("newsletter")
    the_end(city)
    assert heard(receiver) == ["Newsletter nimmt nichts mehr an", "Newsletter geht wieder"]
    assert letters(mail_sink) == []


def test_what_nobody_could_be_told_of_is_told_as_soon_as_somebody_can(
    city: config.Settings, receiver: Receiver, mail_sink: MailSink
) -> None:
    fails("newsletter")
    outages.sweep(city)
    assert [one.told_by for one in found()] == [""]
    identity = ntfy(receiver)
    alarms.mark(identity, hears=True)
    outages.sweep(city)
    assert heard(receiver) == ["Newsletter nimmt nichts mehr an"]


def test_a_mail_outage_that_nobody_heard_of_is_told_by_a_letter_afterwards(
    city: config.Settings, mail_sink: MailSink
) -> None:
    fails("newsletter")
    outages.sweep(city)
    works("newsletter")
    the_end(city)
    assert letters(mail_sink) == ["Newsletter geht wieder"]


def test_one_that_goes_up_and_down_tells_little(
    city: config.Settings, receiver: Receiver, mail_sink: MailSink
) -> None:
    hook(receiver)
    for _ in range(24):  # four hours: six minutes down, four up
        fails("webhook", 330)
        outages.sweep(city)
        works("webhook")
        the_end(city, 240)
        later(360)
    assert len(letters(mail_sink)) <= 10


def test_a_merchants_outlet_and_a_device_are_not_the_operators_affair(
    city: config.Settings, receiver: Receiver, mail_sink: MailSink
) -> None:
    with db.transaction() as session:
        merchant = factories.merchant(session, "wirt").id
    hook(receiver, merchant_id=merchant)
    fails("webhook")
    assert outages.sweep(city) == 0
    assert letters(mail_sink) == []


def test_an_outlet_whose_access_was_refused_is_told_of_by_that_letter_alone(
    city: config.Settings, receiver: Receiver, mail_sink: MailSink
) -> None:
    hook(receiver)
    fails("webhook")
    with db.transaction() as session:
        session.execute(update(Destination).values(warned_at=clock.now()))
    outages.sweep(city)
    works("webhook")
    the_end(city)
    assert letters(mail_sink) == []
    assert [one.told_by for one in found()] == ["owner"]


def test_an_outlet_that_is_paused_meanwhile_is_left_alone(
    city: config.Settings, receiver: Receiver, mail_sink: MailSink
) -> None:
    hook(receiver)
    fails("webhook")
    outages.sweep(city)
    destinations.pause(outlet("webhook").id)
    assert outages.sweep(city) == 0
    assert letters(mail_sink) == ["the webhook nimmt nichts mehr an"]


def test_an_outlet_that_hears_of_outages_hears_of_no_post(city: config.Settings, receiver: Receiver) -> None:
    identity = ntfy(receiver, interest=Interest())
    alarms.mark(identity, hears=True)
    publish()
    fan_out()
    assert heard(receiver) == []
    alarms.mark(identity, hears=False)
    publish("other")
    fan_out()
    assert len(heard(receiver)) == 1


def test_only_an_outlet_of_the_city_can_hear_of_outages(city: config.Settings, receiver: Receiver) -> None:
    with db.transaction() as session:
        merchant = factories.merchant(session, "wirt").id
    with pytest.raises(Conflict, match="merchant"):
        alarms.mark(ntfy(receiver, merchant_id=merchant), hears=True)
    with pytest.raises(Conflict, match="set up"):
        alarms.mark(outlet("newsletter").id, hears=True)


@pytest.mark.parametrize("kind", [kind for kind, (_, form) in SAMPLES.items() if form == "change"])
@pytest.mark.parametrize("over", [False, True])
def test_every_channel_that_may_hear_of_outages_can_say_one(
    kind: str, over: bool, settings: config.Settings
) -> None:
    channel = channels.by_kind(kind)
    if not channel.configurable or channel.personal or channel.abilities.needs_picture:
        return  # it cannot be chosen
    about = {"outlet": "Newsletter", "reason": "x" * 500, "since": AT.isoformat(), "until": AT.isoformat()}
    row = Delivery(
        key="o1-down-0", payload={"alarm": about, "over": over}, created_at=AT, due_at=AT, attempts=0
    )
    chosen = Sample(channel, *SAMPLES[kind]).envelope("http://127.0.0.1:9").settings
    assert channel.render(outage_notices.envelope(row, CITY, chosen)) == channel.render(
        outage_notices.envelope(row, CITY, chosen)
    )


def test_metrics_say_which_outlets_are_down(city: config.Settings, receiver: Receiver) -> None:
    hook(receiver)
    fails("newsletter", 700)
    text = insight.exposition().decode()
    assert 'syndication_outlets_down{channel="newsletter",whose="city"} 1.0' in text
    assert 'syndication_outlets_down{channel="webhook",whose="city"}' not in text


def test_the_doctor_says_which_outlets_are_down_and_what_waits_for_them(
    city: config.Settings, database: str
) -> None:
    with db.transaction() as session:
        factories.reader(session)
    publish(days=30)
    fan_out()
    fails("newsletter", 700)
    later(700)
    looked = doctor.examine(city.model_copy(update={"database_url": database}), parts=("queues", "outlets"))
    found = {one.part: one for one in reversed(list(looked))}
    assert found["outlets"].verdict == "bad"
    assert "Newsletter (newsletter) has taken nothing for 23 minutes" in found["outlets"].said
    assert found["queues"].verdict != "ok"


def test_a_mail_server_that_is_back_is_found_before_anything_has_its_next_turn(
    city: config.Settings, mail_sink: MailSink
) -> None:
    for number in range(3):
        with db.transaction() as session:
            factories.reader(session, f"r{number}@example.org")
    publish(days=30)
    fan_out()
    gone = city.model_copy(update={"smtp_port": 1})
    config.use(gone)
    drain.tools.cache_clear()
    for _ in range(4):
        drain.drain("mail")
        later(15)
    with db.transaction() as session:
        hours = clock.now() + timedelta(hours=2)
        since = clock.now() - timedelta(minutes=1)
        session.execute(update(Delivery).values(due_at=hours, late_since=since, attempts=4))
    assert not outages.ask_mail_server(gone), "nobody answers"
    config.use(city)
    drain.tools.cache_clear()
    assert outages.ask_mail_server(city)
    for _ in range(2):
        drain.drain("mail")
        resume.sweep()
    drain.drain("mail")
    assert [one.state for one in deliveries("newsletter")] == ["sent"] * 3


def test_a_mail_server_that_answers_and_puts_everybody_off_is_down(
    city: config.Settings, mail_sink: MailSink, receiver: Receiver
) -> None:
    alarms.mark(ntfy(receiver), hears=True)
    for number in range(6):
        with db.transaction() as session:
            factories.reader(session, f"r{number}@example.org")
    publish(days=30)
    fan_out()
    mail_sink.on_recipient = lambda _: "452 4.3.1 insufficient system storage"
    drain.drain("mail")
    assert outages.sweep(city) == 0
    later(400)
    assert outages.sweep(city) == 1
    assert heard(receiver) == ["Newsletter nimmt nichts mehr an"]
    assert [(one.channel, "insufficient" in one.reason) for one in insight.down(300)] == [
        ("newsletter", True)
    ]
    mail_sink.on_recipient = lambda _: None
    drain.drain("mail")
    the_end(city)
    assert insight.down(300) == []
    assert len(heard(receiver)) == 2


def test_a_few_full_mailboxes_are_no_outage(city: config.Settings, mail_sink: MailSink) -> None:
    for number in range(6):
        with db.transaction() as session:
            factories.reader(session, f"r{number}@example.org")
    publish(days=30)
    fan_out()
    full = {f"r{number}@example.org" for number in range(5)}
    mail_sink.on_recipient = lambda one: "452 4.2.2 mailbox full" if one in full else None
    drain.drain("mail")
    later(400)
    assert outages.sweep(city) == 0


def test_a_mail_server_that_answers_and_takes_nothing_is_not_back(
    city: config.Settings, mail_sink: MailSink
) -> None:
    fails("newsletter")
    mail_sink.on_greeting = "421 too busy"
    assert not outages.ask_mail_server(city)
    assert outlet("newsletter").failures == 5
