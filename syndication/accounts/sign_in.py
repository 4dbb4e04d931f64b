"""Signing in by a link in a mail: asked for by anybody, written to those who are known, good once and for minutes.

As with sign-ups (docs/decisions/0010-sign-ups.md) a request only stores what was asked; a worker looks the address up, so that
the answer and its time tell nobody who is known.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from syndication.accounts import sessions
from syndication.accounts.sessions import Device
from syndication.audit import log
from syndication.audit.log import About
from syndication.channels.built_in.letter import Letter
from syndication.config import settings
from syndication.content.base import new_id
from syndication.content.reason import Reason
from syndication.errors import NotFound
from syndication.infra import db, mail_addresses, wakeups
from syndication.ledger import lifecycle, mailboxes, sealed_links
from syndication.models import Delivery, Person, SignInLink, SignInRequest

_log = structlog.get_logger(__name__)
#: How long a link is good, and how long one that was used or is over can still be told from one that never was.
GOOD_FOR = timedelta(minutes=15)
_KEPT = timedelta(days=7)
#: A wake-up gets this long before the sweep does its work; an older request is not answered, since nobody waits for it.
_PATIENCE, _TOO_OLD = timedelta(seconds=2), timedelta(hours=1)
_CHUNK = 100
OLD = Reason("This link is no longer good. Please ask for a new one.")


@dataclass(frozen=True)
class SignedIn:
    """Somebody who just came in: what the cookie of their session holds, told this one time, and their language."""

    secret: str
    name: str
    language: str


def ask(email: str) -> None:
    """Take down that somebody wants to sign in. Raises Invalid for what is no mail address, whoever is known."""
    spelled = mail_addresses.spelled(email)
    with db.transaction() as session:
        row = SignInRequest(email=spelled, at=db.now(session))
        session.add(row)
        session.flush()
        wakeups.after_commit(session, "sign-in", row.id)


def answer(request_id: int) -> None:
    """Write to whoever wants to sign in, where the city knows them, and forget the request, both or neither."""
    with db.transaction() as session:
        wanted = session.get(SignInRequest, request_id, with_for_update={"skip_locked": True})
        if wanted is None:
            return
        session.delete(wanted)
        now, box = db.now(session), mail_addresses.key(wanted.email)
        db.advisory_lock(session, f"mailbox {box}")
        statement = select(Person).where(Person.email == wanted.email).with_for_update()
        person = session.scalars(statement).one_or_none()
        if person is None or wanted.at < now - _TOO_OLD:
            return
        left = mailboxes.left(session, box, now)
        if not left:
            _log.info("sign_in.no_letter", why="the mailbox got its letters")
            return
        # The last lets its owner in until there may be another: docs/decisions/0052-links-that-nobody-uses.md.
        last = left == 1
        ends_at = now + (mailboxes.WITHIN if last else GOOD_FOR)
        about = {"connect": sealed_links.closed(_made(session, person, now, ends_at))}
        if last:
            about["until"] = ends_at.isoformat()
        _write(session, person, "sign_in", about, now, over_at=ends_at)


def sweep() -> int:
    """Answer what no wake-up completed; returns how many requests there were."""
    with db.reading() as session:
        late = select(SignInRequest.id).where(SignInRequest.at < db.now(session) - _PATIENCE)
        ids = session.scalars(late.order_by(SignInRequest.id).limit(_CHUNK)).all()
    for request_id in ids:
        try:
            answer(request_id)
        except Exception:  # one that cannot be answered must not hold up the others; it is tried again
            _log.exception("sign_in.broken", request=request_id)
    return len(ids)


def forget() -> None:
    """Forget links that have been over for a week."""
    with db.transaction() as session:
        session.execute(delete(SignInLink).where(SignInLink.ends_at < db.now(session) - _KEPT))


def link(email: str) -> tuple[str, datetime]:
    """A link for a person, without a mail, and until when it is good (UTC): the way in before mail works. Raises NotFound."""
    with db.transaction() as session:
        person = session.scalars(
            select(Person).where(Person.email == mail_addresses.spelled(email))
        ).one_or_none()
        if person is None:
            raise NotFound("There is nobody with this address; `syndication people add` makes them known.")
        now = db.now(session)
        log.record(session, "person.link", About("person", person.id, person.name))
        return _made(session, person, now, now + GOOD_FOR), now + GOOD_FOR


def whose(token: str) -> str:
    """The name of whoever a link signs in. It is not used by looking. Raises NotFound for one that is no longer good."""
    with db.reading() as session:
        return _open(session, token)[1].name


def use(token: str, device: Device) -> SignedIn:
    """Sign in by a link, this one time, and tell the person by mail. Raises NotFound for one that is no longer good."""
    with db.transaction() as session:
        row, person = _open(session, token)
        row.used_at = now = db.now(session)
        secret, made = sessions.begin(session, person, device, "link")
        about = {"browser": device.browser, "system": device.system, "since": now.isoformat()}
        _write(session, person, "signed_in", about, now, key=f"s{made.id.hex}")
        return SignedIn(secret, person.name, person.language)


def _open(session: Session, token: str) -> tuple[SignInLink, Person]:
    statement = (
        select(SignInLink, Person)
        .join(Person, Person.id == SignInLink.person_id)
        .where(SignInLink.digest == sessions.digest(token[:200]))
    )
    if db.writes(session):
        statement = statement.with_for_update(of=SignInLink)
    found = session.execute(statement).one_or_none()
    if found is None or found[0].used_at is not None or found[0].ends_at <= db.now(session):
        raise NotFound(OLD)
    return found[0], found[1]


def _made(session: Session, person: Person, now: datetime, ends_at: datetime) -> str:
    token = secrets.token_urlsafe(32)
    session.add(
        SignInLink(
            digest=sessions.digest(token),
            person_id=person.id,
            made_at=now,
            ends_at=ends_at,
            used_at=None,
        )
    )
    return f"{settings().base_url}/sign-in/{token}"


def _write(
    session: Session,
    person: Person,
    letter: str,
    about: dict[str, str],
    now: datetime,
    *,
    key: str = "",
    over_at: datetime | None = None,
) -> None:
    payload = {
        "letter": letter,
        "to": person.email,
        "language": person.language,
        "name": person.name,
        **about,
    }
    row = lifecycle.row(
        Letter, key or f"l{new_id().hex}", now, person_id=person.id, over_at=over_at, payload=payload
    )
    session.add(Delivery(**row))
    wakeups.after_commit(session, Letter.queue)
