"""What tests of alerts do: look as a watcher does, and read what was told."""

import json
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from syndication import clock, config
from syndication.content.reason import Reason
from syndication.destinations import alarms
from syndication.infra import db
from syndication.insight import alert_rules
from syndication.models import (
    Alert,
    AlertChoice,
    AlertMessage,
    Destination,
)
from syndication.ops import alerts
from syndication.ops.alerts import deciding
from syndication.stack.mail_sink import MailSink
from syndication.stack.receiver import Receiver, Reply
from tests import factories
from tests.town import later

OPERATOR = "operator@coburg.example"
#: Of this machine no worker, no broker and no beat is looked at, but where a test is about them.
ELSEWHERE = ("workers", "broker")


def look(cfg: config.Settings, *, but_for: tuple[str, ...] = ELSEWHERE) -> None:
    """As a watcher looks every half minute."""
    alerts.Watcher(cfg, but_for=but_for).look()


def subjects(sink: MailSink) -> list[str]:
    return [str(mail.message["Subject"]) for mail in sink.mails if mail.recipient == OPERATOR]


def text_of(sink: MailSink, number: int = 0) -> str:
    body = sink.mails[number].message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def found() -> list[Alert]:
    with db.reading() as session:
        return list(session.scalars(select(Alert).order_by(Alert.id)))


def messages() -> list[AlertMessage]:
    with db.reading() as session:
        return list(session.scalars(select(AlertMessage).order_by(AlertMessage.id)))


def choose(rule: str, *, on: bool = True, limit: float | None = None) -> None:
    with db.transaction() as session:
        session.merge(AlertChoice(rule=rule, on=on, limit=limit))


def comes_and_goes(
    cfg: config.Settings, sink: MailSink, rule: str, repair: Any, *, but_for: tuple[str, ...] = ELSEWHERE
) -> str:
    """With something over its limit: told once, and so is its end, after `repair`; returns the first mail's text."""
    limit = alert_rules.limits()[rule]
    look(cfg, but_for=but_for)
    if limit.wait:
        assert [one for one in found() if one.on_at] == [], "not at once"
        later(limit.wait)
    for _ in range(3):
        look(cfg, but_for=but_for)
    assert [one.rule for one in found()] == [rule]
    assert len(sink.mails) == 1, "told once"
    words = text_of(sink)
    repair()
    look(cfg, but_for=but_for)
    later(deciding.WELL)
    look(cfg, but_for=but_for)
    look(cfg, but_for=but_for)
    title, end = subjects(sink)
    assert end == f"Wieder in Ordnung: {title}"
    assert "Es dauerte " in text_of(sink, 1)
    assert found()[0].ended_at is not None
    return words


def fails(seconds: float) -> None:
    with db.transaction() as session:
        row = session.scalars(select(Destination).where(Destination.channel == "newsletter")).one()
        row.failures, row.failing_since = 5, clock.now() - timedelta(seconds=seconds)
        row.trouble = Reason("The mail server {} did not answer within {} seconds.", "127.0.0.1:1", 5)


def works() -> None:
    with db.transaction() as session:
        row = session.scalars(select(Destination).where(Destination.channel == "newsletter")).one()
        row.failures, row.failing_since, row.trouble = 0, None, Reason()


def ntfy(receiver: Receiver) -> None:
    receiver.answer = lambda _: Reply(200, body=b'{"id": "1"}')
    with db.transaction() as session:
        found_id = factories.destination(
            session, "ntfy", settings={"server": receiver.url(""), "topic": "alarms"}
        ).id
    alarms.mark(found_id, hears=True)


def heard(receiver: Receiver) -> list[str]:
    return [json.loads(request.body)["title"] for request in receiver.requests if request.body]
