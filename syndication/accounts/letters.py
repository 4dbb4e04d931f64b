"""Letters about what the town hall decided: to a merchant's owners, to operators, to whoever reported something."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from syndication.channels.built_in.letter import Letter
from syndication.channels.built_in.newsletter import Newsletter
from syndication.config import settings
from syndication.content.base import new_id
from syndication.infra import db, wakeups
from syndication.ledger import lifecycle
from syndication.models import Delivery, Destination, Membership, Merchant, Person


def to_owners(session: Session, merchant: Merchant, about: Mapping[str, str]) -> None:
    """One to each owner of a merchant, in their language; to the merchant's own address where nobody owns it."""
    owners = (
        select(Person)
        .join(Membership, Membership.person_id == Person.id)
        .where(Membership.merchant_id == merchant.id, Membership.role == "owner")
    )
    if found := session.scalars(owners.order_by(Person.id)).all():
        to_people(session, found, about)
    else:
        _to_nobody_known(session, {**about, "to": merchant.email, "name": merchant.name})


def to_operators(session: Session, about: Mapping[str, str]) -> None:
    """One to each who may decide for the city; to the city's address where nobody may yet."""
    operators = session.scalars(select(Person).where(Person.role == "operator").order_by(Person.id)).all()
    if operators:
        to_people(session, operators, about)
    elif settings().operator_email:
        _to_nobody_known(session, {**about, "to": settings().operator_email, "name": ""})


def to_people(session: Session, people: Iterable[Person], about: Mapping[str, str]) -> None:
    """One to each, in their language."""
    for one in people:
        payload = {**about, "to": one.email, "language": one.language, "name": one.name}
        _write(session, payload, person_id=one.id)


def to_reporter(session: Session, report_id: UUID, about: Mapping[str, str]) -> None:
    """One to whoever reported a post; it is forgotten together with the report's personal data."""
    _write(session, about, report_id=report_id)


def _to_nobody_known(session: Session, about: Mapping[str, str]) -> None:
    """A letter to an address that is no person's here goes with the city's own mail."""
    ours = select(Destination.id).where(
        Destination.channel == Newsletter.kind, Destination.merchant_id.is_(None)
    )
    if (outlet := session.scalars(ours.limit(1)).first()) is not None:
        _write(session, {**about, "language": settings().language}, destination_id=outlet)


def _write(
    session: Session, payload: Mapping[str, str], *, report_id: UUID | None = None, **recipient: Any
) -> None:
    row = lifecycle.row(Letter, f"l{new_id().hex}", db.now(session), payload=payload, **recipient)
    session.add(Delivery(**row, report_id=report_id))
    wakeups.after_commit(session, Letter.queue)
