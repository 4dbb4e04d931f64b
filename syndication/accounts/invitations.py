"""Lets people in whom somebody named, and tells them by mail."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from syndication.accounts import people
from syndication.accounts.people import Account, MembershipRole, PersonRecord, Role
from syndication.channels.built_in.letter import Letter
from syndication.config import settings
from syndication.content.base import new_id
from syndication.infra import db, wakeups
from syndication.ledger import lifecycle
from syndication.models import Delivery, Merchant


def to_merchant(
    known: Account, email: str, merchant_slug: str, role: MembershipRole, *, name: str = ""
) -> PersonRecord:
    """Let somebody act for a merchant, in the name of whoever is signed in. Raises Invalid, NotFound, Conflict."""
    with db.transaction() as session:
        before = _merchants(session, email)
        person = people.join(email, merchant_slug, role, name=name, language=known.language)
        if merchant_slug not in before:
            called = session.scalars(select(Merchant.name).where(Merchant.slug == merchant_slug)).one()
            _write(session, known, person, called)
        return person


def to_city(known: Account, email: str, role: Role, *, name: str = "") -> PersonRecord:
    """Let somebody act for the city, in the name of whoever is signed in. Raises Invalid and Conflict."""
    with db.transaction() as session:
        before = people.find(session, email)
        had = before.role if before else None
        person = people.add(email, name=name, language=known.language, role=role)
        if had is None:
            _write(session, known, person, settings().city_name)
        return person


def _merchants(session: Session, email: str) -> dict[str, str]:
    found = people.find(session, email)
    return people.memberships(session, found.id) if found else {}


def _write(session: Session, known: Account, person: PersonRecord, where: str) -> None:
    row = lifecycle.row(
        Letter,
        f"l{new_id().hex}",
        db.now(session),
        person_id=person.id,
        payload={
            "letter": "invited",
            "to": person.email,
            "language": person.language,
            "name": person.name,
            "who": known.name,
            "where": where,
        },
    )
    session.add(Delivery(**row))
    wakeups.after_commit(session, Letter.queue)
