"""Lets people in whom somebody named, says what they may do, and tells them by mail."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from syndication.accounts import letters, people
from syndication.accounts.people import Account, MembershipRole, PersonRecord, Role
from syndication.channels.built_in.letter import Letter
from syndication.config import settings
from syndication.content.base import new_id
from syndication.content.reason import Reason
from syndication.errors import Conflict
from syndication.infra import db, mail_addresses, wakeups
from syndication.ledger import lifecycle, mailboxes
from syndication.models import Delivery, Merchant, Person
from syndication.publishing import views

_ENOUGH = Reason("This mailbox got several mails from here today. Please invite them again tomorrow.")


def to_merchant(
    known: Account, email: str, merchant_slug: str, role: MembershipRole, *, name: str = ""
) -> PersonRecord:
    """Let somebody act for a merchant, in the name of whoever is signed in. Raises Invalid, NotFound, Conflict."""
    with db.transaction() as session:
        full = _full(session, email)
        found = people.find(session, email)
        before = people.memberships(session, found.id) if found else {}
        # Who is known already keeps the name that they gave themselves: it is shown to others too.
        called = "" if found else name
        person = people.join(email, merchant_slug, role, name=called, language=known.language)
        if merchant_slug not in before:
            if full:
                raise Conflict(_ENOUGH)
            where = session.scalars(select(Merchant.name).where(Merchant.slug == merchant_slug)).one()
            _write(session, known, person, where)
        return person


def to_city(known: Account, email: str, role: Role, *, name: str = "") -> PersonRecord:
    """Let somebody act for the city, in the name of whoever is signed in. Raises Invalid and Conflict."""
    with db.transaction() as session:
        full = _full(session, email)
        found = people.find(session, email)
        had = found.role if found else None
        person = people.add(email, name="" if found else name, language=known.language, role=role)
        if had is None:
            if full:
                raise Conflict(_ENOUGH)
            _write(session, known, person, views.city(settings()).name)
        return person


def change_role(person_id: UUID, role: Role | None, *, who: str) -> bool:
    """Another role for the city, or none, and a mail about it in the name of `who`. Whether anything changed.

    A mail that says what somebody may no longer do is not held back by what else their mailbox got. Raises NotFound, Conflict.
    """
    with db.transaction() as session:
        if not people.give_role(person_id, role):
            return False
        about = {"letter": "role", "who": who, "where": views.city(settings()).name, "role": role or ""}
        letters.to_people(session, [session.get_one(Person, person_id)], about)
        return True


def _full(session: Session, email: str) -> bool:
    """Whether a mailbox got its letters, asked before anybody is made known. Raises Invalid for what is no address."""
    box = mail_addresses.key(mail_addresses.spelled(email))
    db.advisory_lock(session, f"mailbox {box}")
    return mailboxes.full(session, box, db.now(session))


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
