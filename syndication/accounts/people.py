"""People and what they may do: for the city by a role, for merchants as owner or member."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, TypeAdapter, ValidationError
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from syndication.audit import acting, log
from syndication.audit.log import About
from syndication.content.base import Line, Record
from syndication.content.reason import Reason
from syndication.errors import Conflict, Invalid, NotFound
from syndication.infra import db, mail_addresses
from syndication.infra.languages import LANGUAGES
from syndication.models import Membership, Merchant, Person

#: What somebody may do for the city, each also all before it: look; write and put right; decide.
Role = Literal["viewer", "editor", "operator"]
#: What somebody may do for a merchant: act for it; also say who else may.
MembershipRole = Literal["member", "owner"]
ROLES: tuple[Role, ...] = ("viewer", "editor", "operator")
MEMBERSHIP_ROLES: tuple[MembershipRole, ...] = ("member", "owner")
PersonName = Annotated[Line, Field(min_length=1, max_length=200)]
_NAME: TypeAdapter[str] = TypeAdapter(PersonName)
_UNKNOWN = Reason("There is nobody with this address.")
_LAST_OWNER = Reason(
    "Somebody must remain who may say who belongs to it. Please make another person an owner first."
)
_LAST_OPERATOR = Reason(
    "Somebody must remain who may decide for the city. Please make another person an operator first."
)


class PersonRecord(Record):
    """A person. `merchants` says by slug what they may do for each."""

    id: UUID
    name: str
    email: str
    language: str
    role: str | None
    merchants: dict[str, str]
    created_at: datetime


class MemberRecord(Record):
    """A person as those see them who belong to the same merchant."""

    id: UUID
    name: str
    email: str
    role: str
    since: datetime


@dataclass(frozen=True)
class Acting:
    """Whose desk somebody of the town hall has open in that merchant's name; `until` is aware, in UTC."""

    slug: str
    name: str
    until: datetime


@dataclass(frozen=True)
class Account:
    """Whoever sends a request: a person who is signed in, and what they may do. `merchants`: slug → role. `language`: the one
    that they read this page in.

    `acting`: whose desk they have open in that merchant's name, as somebody of the town hall (accounts.in_their_name).
    """

    person_id: UUID
    session_id: UUID
    name: str
    email: str
    language: str
    role: str | None
    merchants: Mapping[str, str]
    acting: Acting | None = None

    def may(self, role: Role) -> bool:
        """Whether they may do for the city what `role` may."""
        return self.role is not None and ROLES.index(self.role) >= ROLES.index(role)

    def may_for(self, slug: str, role: MembershipRole) -> bool:
        """Whether they may do for a merchant what `role` may; in its name an operator what its owner may, an editor what a
        member may, but for what rules.TABLE keeps for the merchant's own people."""
        if self.acts_for(slug):
            return self.may("operator" if role == "owner" else "editor")
        own = self.merchants.get(slug)
        return own is not None and (role == "member" or own == "owner")

    def acts_for(self, slug: str) -> bool:
        """Whether they act in this merchant's name, and not as one of its own people."""
        return self.acting is not None and self.acting.slug == slug

    def owns(self, slug: str) -> bool:
        """Whether they own it themselves, so that its secrets and its people are their affair."""
        return not self.acts_for(slug) and self.may_for(slug, "owner")

    def signature(self, slug: str = "") -> str:
        """Who they are, in words that are kept beside what is done later; `slug`: for which merchant."""
        behalf = self.acting.name if self.acting is not None and self.acts_for(slug) else ""
        return acting.signature(self.name, self.email, behalf)[:460]


def add(email: str, *, name: str = "", language: str = "de", role: Role | None = None) -> PersonRecord:
    """A new person; one who is known gets the name and the role that are given, and keeps the rest.

    Raises Invalid for what is no mail address or language, and Conflict where the city would lose its last operator.
    """
    spelled = mail_addresses.spelled(email)
    if language not in LANGUAGES:
        raise Invalid.field("language", f"must be one of {', '.join(LANGUAGES)}")
    with db.transaction() as session:
        person = _of_address(session, spelled)
        if person is None:
            person = Person(
                name=_named(name or spelled.partition("@")[0]),
                email=spelled,
                language=language,
                role=role,
                created_at=db.now(session),
            )
            session.add(person)
            session.flush()
            given: dict[str, Any] = {"role": role} if role else {}
            log.record(session, "person.added", _about(person), **given)
        else:
            if (called := _named(name or person.name)) != person.name:
                person.name = called
                log.record(session, "person.changed", _about(person), fields=["name"])
            if role is not None and role != person.role:
                _keep_an_operator(session, person, role)
                person.role = role
                log.record(session, "person.role", _about(person), role=role)
        return _record(session, person)


def join(
    email: str, merchant_slug: str, role: MembershipRole = "member", *, name: str = "", language: str = "de"
) -> PersonRecord:
    """Let a person act for a merchant, a new one where nobody has the address. Raises Invalid, NotFound, Conflict."""
    with db.transaction() as session:
        merchant = _merchant(session, merchant_slug)
        person_id = add(email, name=name, language=language).id
        person = session.get_one(Person, person_id)
        found = session.get(Membership, (person_id, merchant.id))
        if found is None:
            session.add(
                Membership(person_id=person_id, merchant_id=merchant.id, role=role, since=db.now(session))
            )
            session.flush()
        else:
            if role != "owner":
                _keep_an_owner(session, found)
            found.role = role
        log.record(session, "person.joined", _about(person), merchant_id=merchant.id, role=role)
        return _record(session, person)


def amend(person_id: UUID, *, name: str, language: str) -> None:
    """Another name and language for a person. Raises Invalid that names the field, and NotFound."""
    if language not in LANGUAGES:
        raise Invalid.field("language", f"must be one of {', '.join(LANGUAGES)}")
    called = _named(name)
    with db.transaction() as session:
        person = _known(session, person_id)
        person.name, person.language = called, language
        log.record(session, "person.changed", _about(person), fields=["language", "name"])


def give_role(person_id: UUID, role: Role | None) -> bool:
    """A person may do this for the city from now on, in every browser in which they are signed in; None: nothing more.

    Whether that is another role than before. Raises NotFound, and Conflict for the last operator.
    """
    with db.transaction() as session:
        person = _known(session, person_id)
        if person.role == role:
            return False
        _keep_an_operator(session, person, role)
        person.role = role
        log.record(session, "person.role", _about(person), role=role or "")
        return True


def leave(person_id: UUID, merchant_slug: str) -> None:
    """A person acts for a merchant no more. Raises NotFound, and Conflict for its last owner."""
    with db.transaction() as session:
        found = session.get(Membership, (person_id, _merchant(session, merchant_slug).id))
        if found is None:
            raise NotFound(_UNKNOWN)
        _keep_an_owner(session, found)
        about = _about(session.get_one(Person, person_id))
        log.record(session, "person.left", about, merchant_id=found.merchant_id)
        session.delete(found)


def remove(email: str) -> PersonRecord:
    """Forget a person, their passkeys and their sessions. Raises NotFound, and Conflict for the city's last operator.

    A merchant may be left without an owner by it: the city decides about that.
    """
    with db.transaction() as session:
        person = _of_address(session, mail_addresses.spelled(email))
        if person is None:
            raise NotFound(_UNKNOWN)
        _keep_an_operator(session, person, None)
        gone = _record(session, person)
        log.record(session, "person.removed", _about(person))
        session.execute(delete(Membership).where(Membership.person_id == person.id))
        session.delete(person)
        return gone


def listed(*, role: Role | None = None) -> list[PersonRecord]:
    """Everybody who may sign in, by name; only those with this role for the city."""
    statement = select(Person).order_by(func.lower(Person.name), Person.id)
    if role is not None:
        statement = statement.where(Person.role == role)
    with db.reading() as session:
        return [_record(session, person) for person in session.scalars(statement)]


def of_address(email: str) -> PersonRecord:
    """The person with this mail address, whatever its case. Raises NotFound, and Invalid for what is no address."""
    with db.reading() as session:
        person = _of_address(session, mail_addresses.spelled(email))
        if person is None:
            raise NotFound(_UNKNOWN)
        return _record(session, person)


def members(merchant_slug: str) -> list[MemberRecord]:
    """Who acts for a merchant, owners first, then by name. Raises NotFound."""
    with db.reading() as session:
        statement = (
            select(Person, Membership)
            .join(Membership, Membership.person_id == Person.id)
            .where(Membership.merchant_id == _merchant(session, merchant_slug).id)
            .order_by(Membership.role.desc(), func.lower(Person.name), Person.id)
        )
        return [
            MemberRecord(id=one.id, name=one.name, email=one.email, role=own.role, since=own.since)
            for one, own in session.execute(statement)
        ]


def known(person_id: UUID) -> PersonRecord | None:
    """The person of that id; None where they were removed."""
    with db.reading() as session:
        found = session.get(Person, person_id)
        return _record(session, found) if found is not None else None


def memberships(session: Session, person_id: UUID) -> dict[str, str]:
    """What a person may do for merchants: slug → role, by the merchants' names."""
    statement = (
        select(Merchant.slug, Membership.role)
        .join(Membership, Membership.merchant_id == Merchant.id)
        .where(Membership.person_id == person_id)
        .order_by(func.lower(Merchant.name), Merchant.slug)
    )
    return {row.slug: row.role for row in session.execute(statement)}


def find(session: Session, email: str) -> Person | None:
    """The person with this mail address, locked where `session` writes. Raises Invalid for what is no address."""
    return _of_address(session, mail_addresses.spelled(email))


def _known(session: Session, person_id: UUID) -> Person:
    found = session.get(Person, person_id, with_for_update=True)
    if found is None:
        raise NotFound(_UNKNOWN)
    return found


def _named(name: str) -> str:
    try:
        return _NAME.validate_python(name)
    except ValidationError as error:
        raise Invalid.field("name", "must have 1 to 200 characters") from error


def _of_address(session: Session, spelled: str) -> Person | None:
    statement = select(Person).where(Person.email == spelled)
    return session.scalars(statement.with_for_update() if db.writes(session) else statement).one_or_none()


def _merchant(session: Session, slug: str) -> Merchant:
    found = session.scalars(select(Merchant).where(Merchant.slug == slug)).one_or_none()
    if found is None:
        raise NotFound(Reason("There is no such merchant."))
    return found


def _keep_an_owner(session: Session, going: Membership) -> None:
    """Raise Conflict where a merchant would be left without an owner. Two who go at once wait for each other."""
    db.advisory_lock(session, f"owners of {going.merchant_id}")
    owners = select(Membership.person_id).where(
        Membership.merchant_id == going.merchant_id, Membership.role == "owner"
    )
    if set(session.scalars(owners)) == {going.person_id}:
        raise Conflict(_LAST_OWNER)


def _keep_an_operator(session: Session, person: Person, role: Role | None) -> None:
    if person.role != "operator" or role == "operator":
        return
    db.advisory_lock(session, "operators")
    if set(session.scalars(select(Person.id).where(Person.role == "operator"))) == {person.id}:
        raise Conflict(_LAST_OPERATOR)


def _about(person: Person) -> About:
    return About("person", person.id, person.name)


def _record(session: Session, person: Person) -> PersonRecord:
    return PersonRecord(
        id=person.id,
        name=person.name,
        email=person.email,
        language=person.language,
        role=person.role,
        merchants=memberships(session, person.id),
        created_at=person.created_at,
    )
