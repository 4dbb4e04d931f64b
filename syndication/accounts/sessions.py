"""Browsers in which somebody is signed in: rows that their owner sees and can end, each known by what its cookie holds."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from syndication import clock
from syndication.accounts.people import Account, Acting, memberships
from syndication.audit import log
from syndication.audit.acting import Actor
from syndication.audit.log import About
from syndication.config import settings
from syndication.content.base import Record
from syndication.content.reason import Reason
from syndication.errors import NotFound
from syndication.infra import db
from syndication.infra.signing import same, veiled
from syndication.models import BrowserSession, Merchant, Person

#: How long after the last visit somebody stays signed in, and how often a visit is noted: not each costs a write.
LASTS = timedelta(days=30)
_NOTED_AFTER = timedelta(hours=1)
#: Sessions of one person at once; the one that was used longest ago ends when another begins.
_MOST = 30
_LONGEST_COOKIE = 100
#: Roles that may act in merchants' names.
ACT_IN_NAME = ("editor", "operator")
Way = Literal["link", "passkey"]

#: The first that stands in a User-Agent names the browser, or the system: most of them name others for compatibility.
_BROWSERS = (
    ("Edge", ("Edg",)),
    ("Opera", ("OPR/",)),
    ("Samsung Internet", ("SamsungBrowser",)),
    ("Firefox", ("Firefox", "FxiOS")),
    ("Chrome", ("Chrome", "CriOS")),
    ("Safari", ("Safari",)),
)  # fmt: skip -- a table
_SYSTEMS = (
    ("iPhone", ("iPhone",)),
    ("iPad", ("iPad",)),
    ("Android", ("Android",)),
    ("Windows", ("Windows",)),
    ("Mac", ("Macintosh",)),
    ("Chromebook", ("CrOS",)),
    ("Linux", ("Linux",)),
)  # fmt: skip -- a table


@dataclass(frozen=True)
class Device:
    """Browser and system, such as `Firefox` and `Android`; empty where the browser does not say."""

    browser: str = ""
    system: str = ""

    @classmethod
    def of(cls, user_agent: str) -> "Device":
        """What a User-Agent (RFC 9110 section 10.1.5) says; it is shown to the owner and trusted by nobody."""
        return cls(_first(_BROWSERS, user_agent), _first(_SYSTEMS, user_agent))


class SessionRecord(Record):
    """A browser in which a person is signed in. Moments are aware, in UTC; `here`: the one that asks."""

    id: UUID
    browser: str
    system: str
    way: str
    began_at: datetime
    seen_at: datetime
    here: bool


def begin(session: Session, person: Person, device: Device, way: Way) -> tuple[str, BrowserSession]:
    """A new session: what its cookie holds, told this one time, and its row."""
    secret, now = secrets.token_urlsafe(32), db.now(session)
    row = BrowserSession(
        digest=digest(secret),
        person_id=person.id,
        browser=device.browser,
        system=device.system,
        way=way,
        began_at=now,
        seen_at=now,
        ends_at=now + LASTS,
    )
    session.add(row)
    session.flush()
    who = Actor(f"person {person.id}", person.name, "page")
    log.record(session, "person.signed_in", About("person", person.id, person.name), actor=who, how=way)
    newest = select(BrowserSession.id).where(BrowserSession.person_id == person.id)
    kept = session.scalars(
        newest.order_by(BrowserSession.seen_at.desc(), BrowserSession.id.desc()).limit(_MOST)
    )
    session.execute(
        delete(BrowserSession).where(
            BrowserSession.person_id == person.id, BrowserSession.id.not_in(kept.all())
        )
    )
    return secret, row


def account(secret: str) -> Account | None:
    """Who is signed in by a cookie; None where nobody is. The visit makes the session last on."""
    if not secret or len(secret) > _LONGEST_COOKIE:
        return None
    # This machine's clock will do for what ends in hours or days, and every request comes by here.
    now = clock.now()
    with db.reading() as session:
        found = session.execute(
            select(BrowserSession, Person, Merchant)
            .join(Person, Person.id == BrowserSession.person_id)
            .outerjoin(Merchant, Merchant.id == BrowserSession.acts_for)
            .where(BrowserSession.digest == digest(secret), BrowserSession.ends_at > now)
        ).one_or_none()
        if found is None:
            return None
        row, person, whose = found
        until = row.acts_until
        acting = None
        if whose is not None and until is not None and until > now and person.role in ACT_IN_NAME:
            acting = Acting(whose.slug, whose.name, until)
        known = Account(
            person_id=person.id,
            session_id=row.id,
            name=person.name,
            email=person.email,
            language=person.language,
            role=person.role,
            merchants=memberships(session, person.id),
            acting=acting,
        )
        stale = now - row.seen_at > _NOTED_AFTER
    if stale:
        with db.transaction() as session:
            mine = BrowserSession.id == known.session_id
            session.execute(update(BrowserSession).where(mine).values(seen_at=now, ends_at=now + LASTS))
    return known


def listed(known: Account) -> list[SessionRecord]:
    """Where a person is signed in, the one seen last first."""
    with db.reading() as session:
        statement = select(BrowserSession).where(
            BrowserSession.person_id == known.person_id, BrowserSession.ends_at > db.now(session)
        )
        return [
            SessionRecord(
                id=row.id,
                browser=row.browser,
                system=row.system,
                way=row.way,
                began_at=row.began_at,
                seen_at=row.seen_at,
                here=row.id == known.session_id,
            )
            for row in session.scalars(statement.order_by(BrowserSession.seen_at.desc(), BrowserSession.id))
        ]


def end(known: Account, session_id: UUID) -> None:
    """Sign a person out in one of their browsers, at once. Raises NotFound for a session that is not theirs."""
    with db.transaction() as session:
        row = session.get(BrowserSession, session_id)
        if row is None or row.person_id != known.person_id:
            raise NotFound(Reason("You are not signed in there any more."))
        session.delete(row)
        log.record(session, "person.signed_out", _about(known), here=session_id == known.session_id)


def end_others(known: Account) -> None:
    """Sign a person out everywhere but here."""
    with db.transaction() as session:
        session.execute(
            delete(BrowserSession).where(
                BrowserSession.person_id == known.person_id, BrowserSession.id != known.session_id
            )
        )
        log.record(session, "person.signed_out", _about(known), here=False)


def sweep() -> None:
    """Forget sessions that are over."""
    with db.transaction() as session:
        session.execute(delete(BrowserSession).where(BrowserSession.ends_at < db.now(session)))


def form_token(known: Account) -> str:
    """What every form of a signed-in person's pages holds, so that no other site can send one: bound to the session."""
    return veiled(settings().keys[0], "form", str(known.session_id))


def is_form_token(known: Account, text: str) -> bool:
    """Whether `form_token` made `text`, under any key that is in use."""
    return any(same(veiled(key, "form", str(known.session_id)), text) for key in settings().keys)


def digest(secret: str) -> str:
    """What is kept of a cookie, a link or a challenge: 256 random bits, so that a fast hash is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _about(known: Account) -> About:
    return About("person", known.person_id, known.name)


def _first(table: tuple[tuple[str, tuple[str, ...]], ...], user_agent: str) -> str:
    return next((name for name, signs in table if any(sign in user_agent for sign in signs)), "")
