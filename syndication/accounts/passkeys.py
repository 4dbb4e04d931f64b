"""Passkeys: keys that a person's device keeps and unlocks by face, finger or code (Web Authentication Level 2)."""

import json
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Annotated, Any
from urllib.parse import urlsplit
from uuid import UUID

import webauthn
from pydantic import Field, TypeAdapter, ValidationError
from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, options_to_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from syndication.accounts import sessions
from syndication.accounts.people import Account
from syndication.accounts.sessions import Device
from syndication.accounts.sign_in import SignedIn
from syndication.audit import log
from syndication.audit.log import About
from syndication.config import settings
from syndication.content.base import Line, Record
from syndication.content.reason import Reason
from syndication.errors import Conflict, Invalid, NotFound
from syndication.infra import db
from syndication.models import Passkey, PasskeyChallenge, Person
from syndication.publishing import views

#: How long somebody may take with their device, and how many keys one person may have.
_WAIT = timedelta(minutes=5)
_MOST = 20
_NOT_TAKEN = Reason("This device could not sign in. Please try again, or use a link by mail.")
_UNKNOWN = Reason("This passkey is not known here. Please sign in by a link, and add it anew.")
PasskeyName = TypeAdapter(Annotated[Line, Field(min_length=1, max_length=100)])


class PasskeyRecord(Record):
    """A passkey as its owner sees it. Moments are aware, in UTC."""

    id: UUID
    name: str
    made_at: datetime
    used_at: datetime | None


def available() -> bool:
    """Whether browsers make passkeys for this city: they are bound to a domain, which a bare network address is not."""
    try:
        ip_address(_host())
    except ValueError:
        return True
    return False


def listed(person_id: UUID) -> list[PasskeyRecord]:
    """A person's passkeys, the oldest first."""
    with db.reading() as session:
        statement = (
            select(Passkey).where(Passkey.person_id == person_id).order_by(Passkey.made_at, Passkey.id)
        )
        return [
            PasskeyRecord(id=row.id, name=row.name, made_at=row.made_at, used_at=row.used_at)
            for row in session.scalars(statement)
        ]


def offer(known: Account) -> dict[str, Any]:
    """What the browser hands to `navigator.credentials.create` (section 5.4), so that a device makes a key for a person.

    The key stays on the device as a discoverable one, so that signing in asks for no address. Raises Conflict for the one
    too many.
    """
    with db.transaction() as session:
        own = session.scalars(select(Passkey.credential).where(Passkey.person_id == known.person_id)).all()
        if len(own) >= _MOST:
            raise Conflict(
                Reason("There are twenty passkeys already. Please remove one that you no longer use.")
            )
        options = webauthn.generate_registration_options(
            rp_id=_host(),
            rp_name=views.city(settings()).name,
            user_id=known.person_id.bytes,
            user_name=known.email,
            user_display_name=known.name,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=base64url_to_bytes(one)) for one in own],
        )
        _remember(session, options.challenge, known.person_id)
    return _as_json(options)


def add(known: Account, answer: dict[str, Any], name: str) -> PasskeyRecord:
    """Keep the key that a device made after `offer` (section 7.1). Raises Invalid for an answer that does not hold."""
    called = _named(name)
    challenge = _challenge_of(answer)
    try:
        made = webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=_host(),
            expected_origin=_origin(),
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, TypeError, KeyError) as error:
        raise Invalid.field("passkey", Reason("was not taken; please try again")) from error
    with db.transaction() as session:
        _use(session, challenge, known.person_id)
        row = Passkey(
            person_id=known.person_id,
            credential=bytes_to_base64url(made.credential_id),
            public_key=made.credential_public_key,
            sign_count=made.sign_count,
            name=called,
            made_at=db.now(session),
            used_at=None,
        )
        if session.scalar(select(Passkey.id).where(Passkey.credential == row.credential)) is not None:
            raise Invalid.field("passkey", Reason("is known already"))
        session.add(row)
        session.flush()
        _note(session, "passkey.added", known)
        return PasskeyRecord(id=row.id, name=row.name, made_at=row.made_at, used_at=None)


def rename(known: Account, passkey_id: UUID, name: str) -> None:
    """Give a passkey another name. Raises Invalid, and NotFound for one that is not theirs."""
    called = _named(name)
    with db.transaction() as session:
        _own(session, known, passkey_id).name = called
        _note(session, "passkey.changed", known)


def remove(known: Account, passkey_id: UUID) -> None:
    """Let nobody sign in by a passkey any more. Raises NotFound for one that is not theirs."""
    with db.transaction() as session:
        session.delete(_own(session, known, passkey_id))
        _note(session, "passkey.removed", known)


def ask() -> dict[str, Any]:
    """What the browser hands to `navigator.credentials.get` (section 5.5) to sign somebody in, whoever it is."""
    options = webauthn.generate_authentication_options(
        rp_id=_host(), user_verification=UserVerificationRequirement.REQUIRED
    )
    with db.transaction() as session:
        _remember(session, options.challenge, None)
    return _as_json(options)


def sign_in(answer: dict[str, Any], device: Device) -> SignedIn:
    """Sign in whoever's device answered after `ask` (section 7.2). Raises NotFound and Invalid."""
    challenge = _challenge_of(answer)
    with db.transaction() as session:
        _use(session, challenge, None)
        key = session.scalars(
            select(Passkey).where(Passkey.credential == str(answer.get("id", ""))[:1400]).with_for_update()
        ).one_or_none()
        if key is None:
            raise NotFound(_UNKNOWN)
        try:
            checked = webauthn.verify_authentication_response(
                credential=answer,
                expected_challenge=challenge,
                expected_rp_id=_host(),
                expected_origin=_origin(),
                credential_public_key=key.public_key,
                credential_current_sign_count=key.sign_count,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError, TypeError, KeyError) as error:
            raise Invalid.field("passkey", _NOT_TAKEN) from error
        key.sign_count, key.used_at = checked.new_sign_count, db.now(session)
        person = session.get_one(Person, key.person_id)
        secret, _ = sessions.begin(session, person, device, "passkey")
        return SignedIn(secret, person.name, person.language)


def sweep() -> None:
    """Forget what no device answered."""
    with db.transaction() as session:
        session.execute(delete(PasskeyChallenge).where(PasskeyChallenge.ends_at < db.now(session)))


def _host() -> str:
    """The domain that keys are bound to (section 5.1.2, "RP ID"): that of the city's pages."""
    return urlsplit(settings().base_url).hostname or ""


def _origin() -> str:
    parts = urlsplit(settings().base_url)
    return f"{parts.scheme}://{parts.netloc}"


def _as_json(options: Any) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(options_to_json(options))
    return made


def _named(name: str) -> str:
    try:
        return PasskeyName.validate_python(name)
    except ValidationError as error:
        raise Invalid.field("name", Reason("must have 1 to 100 characters")) from error


def _own(session: Session, known: Account, passkey_id: UUID) -> Passkey:
    row = session.get(Passkey, passkey_id, with_for_update=True)
    if row is None or row.person_id != known.person_id:
        raise NotFound(Reason("There is no such passkey any more."))
    return row


def _note(session: Session, what: log.What, known: Account) -> None:
    log.record(session, what, About("person", known.person_id, known.name))


def _remember(session: Session, challenge: bytes, person_id: UUID | None) -> None:
    session.add(
        PasskeyChallenge(
            digest=sessions.digest(bytes_to_base64url(challenge)),
            person_id=person_id,
            ends_at=db.now(session) + _WAIT,
        )
    )


def _use(session: Session, challenge: bytes, person_id: UUID | None) -> None:
    """Take a challenge that was given out for this, the one time. Raises Invalid."""
    row = session.get(PasskeyChallenge, sessions.digest(bytes_to_base64url(challenge)), with_for_update=True)
    if row is None or row.person_id != person_id or row.ends_at <= db.now(session):
        raise Invalid.field("passkey", Reason("came too late; please try again"))
    session.delete(row)


def _challenge_of(answer: dict[str, Any]) -> bytes:
    """The challenge that a device says it signed; whether it did, and whether it was ours, is checked after."""
    try:
        client = json.loads(base64url_to_bytes(answer["response"]["clientDataJSON"]))
        return base64url_to_bytes(client["challenge"])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise Invalid.field("passkey", Reason("cannot be read")) from error
