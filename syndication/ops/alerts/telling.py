"""Sends the messages of alerts at once: no worker and no broker stands between, since one of them may be what is silent.

A message is claimed in one transaction, sent with no session open, and recorded in another. Who dies in between leaves a
claim that runs out; whoever takes it over sends the same message under the same key, so a mail program shows it once.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID, uuid5

import structlog
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from syndication import channels, kinds
from syndication.audit import log
from syndication.audit.log import About
from syndication.channels import by_mail
from syndication.channels.built_in.letter import Letter
from syndication.channels.envelope import Envelope, Note, PostView, Publisher
from syndication.channels.settings import Settings as ChannelSettings
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Gone, Verdict
from syndication.config import Settings
from syndication.content.base import new_id
from syndication.content.reason import NO_REASON, Reason
from syndication.delivery.load import channel_settings
from syndication.delivery.redaction import hide_in, secrets_of
from syndication.delivery.tools import tools
from syndication.infra import db
from syndication.infra.smtp import Outbox
from syndication.models import Alert, AlertMessage
from syndication.ops.alerts import words
from syndication.ops.alerts.addressees import Mailbox, mailbox, outlet, recipients
from syndication.ops.alerts.words import Words
from syndication.publishing import views

_log = structlog.get_logger(__name__)
#: Seconds after which the claim of a watcher that died is taken over.
CLAIM = 90.0
#: Seconds to wait for each answer of a mail server: there may be another recipient whom something reaches.
_PATIENCE = 15.0
#: Seconds until the next try: longer each time, and at most.
_AGAIN, _AT_MOST = 60.0, 1800.0
#: What nobody could be told for so long is no news. A test is given up sooner.
_NEWS, _TEST_TRIES = timedelta(hours=48), 3
#: Messages of one call.
_MOST = 50
PAGE = "/desk/city/alerts"
_NO_ONE = Reason("There is nobody any more to whom it could go.")
_MESSAGES = UUID("0e7a0a8f-9d1e-4d3e-8a51-6d1a5a0b4f02")
#: Longest title and text of a message to an outlet (characters).
_TITLE, _TEXT = 200, 500


@dataclass(frozen=True)
class _Parcel:
    """A claimed message with all that sending needs."""

    id: int
    key: str
    words: Words
    made_at: datetime
    box: Mailbox | None = None
    channel: str = ""
    settings: ChannelSettings | None = None


def test(cfg: Settings) -> int:
    """Write a message that says that it is a test, to everybody who is told; returns to how many. Not sent yet."""
    with db.transaction() as session:
        now, which = db.now(session), new_id().hex
        to = recipients(session, cfg)
        log.record(session, "alerts.tested", About("city"), count=len(to))
        session.add_all(
            AlertMessage(
                alert_id=None, key=f"t{which}-{one.replace(' ', '-')}", edge="test", recipient=one, made_at=now, due_at=now
            )
            for one in to
        )  # fmt: skip
        return len(to)


def deliver(cfg: Settings) -> int:
    """Send what is due, each by its own way; returns how many arrived."""
    arrived = 0
    for _ in range(_MOST):
        with db.reading() as session:  # mostly there is nothing
            if session.scalar(_due(db.now(session)).limit(1)) is None:
                break
        with db.transaction() as session:
            parcel = _claim(session, cfg)
        if isinstance(parcel, _Parcel):
            arrived += _deliver(parcel, cfg)
    return arrived


def _due(now: datetime) -> Any:
    free = or_(AlertMessage.held_until.is_(None), AlertMessage.held_until <= now)
    return (
        select(AlertMessage)
        .where(AlertMessage.state == "waiting", AlertMessage.due_at <= now, free)
        .order_by(AlertMessage.id)
    )


def _claim(session: Session, cfg: Settings) -> _Parcel | None:
    """The next message, for this process alone; None where another took it, or nobody is there who could get it."""
    now = db.now(session)
    row = session.scalars(_due(now).limit(1).with_for_update(skip_locked=True)).one_or_none()
    if row is None:
        return None
    alert = session.get(Alert, row.alert_id) if row.alert_id is not None else None
    old = now - row.made_at > _NEWS or (row.edge == "test" and row.attempts >= _TEST_TRIES)
    if old or (row.edge == "on" and alert is not None and alert.ended_at is not None):
        row.state = "dropped"
        return None
    parcel = _parcel(session, cfg, row, alert, now)
    if parcel is None:
        row.state, row.reason = "dropped", _NO_ONE
        return None
    row.held_until = now + timedelta(seconds=CLAIM)
    row.attempts += 1
    row.due_at = now + timedelta(seconds=min(_AGAIN * 2 ** (row.attempts - 1), _AT_MOST))
    return parcel


def _parcel(
    session: Session, cfg: Settings, row: AlertMessage, alert: Alert | None, now: datetime
) -> _Parcel | None:
    box = mailbox(session, cfg, row.recipient)
    if box is not None:
        return _Parcel(row.id, row.key, _said(row, alert, cfg, box.language, now), row.made_at, box)
    destination = outlet(session, row.recipient)
    if destination is None or not channels.known(destination.channel):
        return None
    try:
        chosen = channel_settings(destination, cfg)
    except ValueError:  # the doctor says which key is missing
        return None
    said = _said(row, alert, cfg, cfg.language, now)
    return _Parcel(row.id, row.key, said, row.made_at, None, destination.channel, chosen)


def _said(row: AlertMessage, alert: Alert | None, cfg: Settings, language: str, now: datetime) -> Words:
    if alert is None:
        return words.test(language)
    if row.edge == "over":
        until = alert.ended_at or now
        return words.ends(alert.rule, alert.name, alert.began_at, until, cfg.zone, language)
    return words.begins(alert.rule, alert.name, alert.said, alert.began_at, cfg.zone, language)


def _deliver(parcel: _Parcel, cfg: Settings) -> bool:
    """Send it and write down what came of it."""
    fault, gone = NO_REASON, False
    try:
        if parcel.box is not None:
            to_mailbox(cfg, parcel.key, parcel.box, parcel.words, parcel.made_at)
        else:
            _to_outlet(parcel, cfg)
    except Verdict as verdict:
        fault, gone = verdict.reason or Reason.quoted(type(verdict).__name__), isinstance(verdict, Gone)
        if parcel.settings is not None:
            known = secrets_of(parcel.settings)
            fault = fault.changed(lambda text: hide_in(text, known))
        _log.warning("alert.untold", message=parcel.key, reason=fault)
    except Exception as error:  # whatever an outlet does must not keep the others from hearing of it
        fault = Reason.quoted(type(error).__name__)
        _log.exception("alert.untold", message=parcel.key)
    with db.transaction() as session:
        row = session.get(AlertMessage, parcel.id)
        if row is not None:
            row.held_until, row.reason = None, fault
            if not fault:
                row.state, row.sent_at = "sent", db.now(session)
            elif gone:
                row.state = "dropped"
    return not fault


def to_mailbox(cfg: Settings, key: str, box: Mailbox, said: Words, at: datetime) -> None:
    """Send one mail at once. Raises the Verdict. Its Message-ID comes from the key, so that a repeat is the same mail."""
    payload = {
        "letter": "alert", "to": box.address, "language": box.language, "title": said.title, "said": said.said,
        "begun": said.since, "whose": said.whose, "first": said.first, "page": f"{cfg.base_url}{PAGE}",
    }  # fmt: skip
    note = Note(key, payload, views.city(cfg), ChannelSettings(), cfg.mail_from, at)
    by_mail.send(Letter().render(note), _doors(cfg))


def _to_outlet(parcel: _Parcel, cfg: Settings) -> None:
    """As a post of the city's own, which every channel can say; see delivery/outage_notices.py."""
    city, channel = views.city(cfg), channels.by_kind(parcel.channel)
    assert parcel.settings is not None
    content = kinds.notice(
        parcel.made_at,
        title=parcel.words.title[:_TITLE],
        summary=" ".join(parcel.words.text.split())[:_TEXT],
        language=city.language,
    )
    post = PostView(
        id=uuid5(_MESSAGES, parcel.key), revision=1, content=content, merchant=Publisher("city", city.name),
        published_at=parcel.made_at, updated_at=parcel.made_at, link=f"{city.base_url}{PAGE}",
    )  # fmt: skip
    envelope = Envelope(parcel.key, "published", post, city, parcel.settings, parcel.made_at, sequence=0)
    channel.send(channel.render(envelope), _doors(cfg))


@lru_cache(maxsize=4)
def _patient(host: str, port: int, security: Any, user: str, password: str, timeout: float) -> Outbox:
    return Outbox(host, port, security, user, password, timeout, final_timeout=timeout)


def _doors(cfg: Settings) -> Tools:
    """This process's doors to the world, with a mail server that is not waited for as long as for a newsletter."""
    password = cfg.smtp_password.get_secret_value()
    mail = _patient(
        cfg.smtp_host,
        cfg.smtp_port,
        cfg.smtp_security,
        cfg.smtp_user,
        password,
        min(cfg.smtp_timeout, _PATIENCE),
    )
    return replace(tools(), mail=mail)
