"""Who is told of alerts: people who decide for the city, the operator's address, and outlets that hear of outages."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from syndication.config import Settings
from syndication.infra import mail_addresses
from syndication.models import Destination, Person

CITY = "city"


@dataclass(frozen=True)
class Mailbox:
    """Where a mail goes, and in which language."""

    address: str
    language: str
    name: str = ""


def recipients(session: Session, cfg: Settings, *, but_for: str = "") -> list[str]:
    """As AlertMessage.recipient has them. `but_for`: the id of an outlet that is itself in trouble."""
    people = session.scalars(select(Person).where(Person.role == "operator").order_by(Person.id)).all()
    found = [f"person {one.id.hex}" for one in people]
    if cfg.operator_email and mail_addresses.key(cfg.operator_email) not in {
        mail_addresses.key(one.email) for one in people
    }:
        found.append(CITY)
    outlets = select(Destination.id).where(
        Destination.alarms, Destination.merchant_id.is_(None), Destination.state == "active"
    )
    found += [
        f"outlet {one.hex}"
        for one in session.scalars(outlets.order_by(Destination.id))
        if str(one) != but_for
    ]
    return found


def mailbox(session: Session, cfg: Settings, recipient: str) -> Mailbox | None:
    """The mailbox of somebody; None for an outlet, and for a person who is not there any more."""
    kind, _, which = recipient.partition(" ")
    if kind == CITY:
        return Mailbox(cfg.operator_email, cfg.language) if cfg.operator_email else None
    if kind == "person" and (person := session.get(Person, UUID(which))) is not None:
        return Mailbox(person.email, person.language, person.name)
    return None


def mailboxes(session: Session, cfg: Settings, of: Iterable[str]) -> list[Mailbox]:
    """Those of them that are mailboxes."""
    return [found for one in of if (found := mailbox(session, cfg, one)) is not None]


def outlet(session: Session, recipient: str) -> Destination | None:
    """The outlet that a recipient is; None for anybody else, and for one that is not open any more."""
    kind, _, which = recipient.partition(" ")
    row = session.get(Destination, UUID(which)) if kind == "outlet" else None
    return row if row is not None and row.state == "active" else None
