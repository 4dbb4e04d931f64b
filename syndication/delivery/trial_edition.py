"""A newsletter before it goes: as it will look, and as a mail to whoever looks at it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from syndication import clock
from syndication.audience import mailings
from syndication.audit import log
from syndication.channels.built_in.letter import TRIAL, Letter
from syndication.channels.built_in.newsletter import Newsletter
from syndication.channels.envelope import Copy
from syndication.config import settings
from syndication.content.base import new_id
from syndication.infra import db, wakeups
from syndication.infra.mail_check import read
from syndication.ledger import lifecycle
from syndication.models import Delivery, Edition
from syndication.publishing import views

#: Whom the mail that is looked at is for (RFC 2606), and what stands in its links: there is no such reader.
_NOBODY, _NO_TOKEN = "reader@example.org", "token-of-the-reader"


@dataclass(frozen=True)
class Seen:
    """A mail as a program shows it: its subject and both parts."""

    subject: str
    html: str
    plain: str


def seen(parts: dict[str, Any]) -> Seen:
    """The mail that a reader gets of an edition, made by what sends it and read back."""
    cfg = settings()
    copy = Copy("e0-r0", parts, _NOBODY, _NO_TOKEN, views.city(cfg), cfg.mail_from, clock.now())
    subject, bodies = read(Newsletter().render(copy).data)
    return Seen(subject, bodies["text/html"], bodies["text/plain"])


def kept(edition_id: int) -> dict[str, Any] | None:
    """The parts of an edition that was made; None where there is none with this number."""
    with db.reading() as session:
        edition = session.get(Edition, edition_id)
        return edition.parts if edition is not None else None


def send(slot: datetime, parts: dict[str, Any], person_id: UUID, to: str, language: str) -> None:
    """Send the edition of a slot to a person of the town hall; its links lead to no reader."""
    with db.transaction() as session:
        payload = {"letter": TRIAL, "to": to, "language": language, "parts": parts}
        row = lifecycle.row(Letter, f"l{new_id().hex}", db.now(session), person_id=person_id, payload=payload)
        session.add(Delivery(**row))
        log.record(session, "edition.tested", mailings.about(slot))
        wakeups.after_commit(session, Letter.queue)
