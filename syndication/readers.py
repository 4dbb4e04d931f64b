"""Readers: sign-up with double opt-in, preferences, leaving, and what the law grants them."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from syndication import bell, db, interests, mail_headers
from syndication.channels.letter import Letter
from syndication.characters import control_characters
from syndication.config import Settings, settings
from syndication.content import Cadence, Interest, new_id
from syndication.delivery import policy
from syndication.errors import Invalid, NotFound, Unavailable
from syndication.models import Consent, Delivery, InterestRow, Reader
from syndication.rendering import LANGUAGES
from syndication.signing import Tokens

#: An address nobody confirmed is forgotten after this long.
_UNCONFIRMED = timedelta(days=7)
#: Letters one address may be sent: so many within so long.
_PER_ADDRESS = ((1, timedelta(minutes=10)), (3, timedelta(hours=24)))
#: Letters of all sign-ups together within a minute: a flood harms the sender's name with every mail server.
_PER_MINUTE = 100
_LEFT = "The reader unsubscribed."


@dataclass(frozen=True)
class ReaderRecord:
    """A reader as the reader may see it. Moments are aware, in UTC."""

    email: str
    state: str
    language: str
    interest: Interest
    cadence: str
    created_at: datetime
    confirmed_at: datetime | None
    next_slot_at: datetime | None


def sign_up(
    email: str, *, language: str, interest: Interest, cadence: str, source: str, wording: str
) -> None:
    """Ask the owner of `email` to confirm. The answer is the same whether the address is known or not.

    `wording` is what the reader agreed to, `source` where. Raises Invalid for what is no address, language or cadence,
    and Unavailable where too many sign up at once.
    """
    address, spoken = _address(email), _language(language)
    rhythm = _cadence(cadence)
    with db.transaction() as session:
        now = db.now(session)
        if _letters(session, now - timedelta(minutes=1)) >= _PER_MINUTE:
            raise Unavailable("Very many people sign up at the moment. Please try again in a minute.")
        reader = _ensure(session, address, spoken, interest, rhythm, now)
        if reader.state == "suppressed" or _too_many(session, reader, now):
            return
        if reader.state == "confirmed":
            _write(session, reader, "already", token_of(reader.id), now)
            return
        # Nothing of what a stranger typed counts before the owner confirms; then the last request does.
        reader.state, reader.language, reader.cadence = "pending", spoken, str(rhythm)
        reader.interest_id = interests.ensure(session, interest)
        reader.created_at = now
        session.add(Consent(reader_id=reader.id, action="asked", wording=wording, source=source, at=now))
        _write(session, reader, "confirm", _confirmation(settings()).make(reader.id), now)


def confirm(token: str) -> ReaderRecord:
    """Confirm a sign-up; doing it twice is harmless. Raises NotFound for a token that is not ours, or too old."""
    with db.transaction() as session:
        reader = _by_token(session, _confirmation(settings()), token)
        if reader.state in ("left", "suppressed"):
            raise NotFound("This link is no longer valid. Please sign up again.")
        if reader.state == "pending":
            now = db.now(session)
            asked = session.scalars(
                select(Consent)
                .where(Consent.reader_id == reader.id, Consent.action == "asked")
                .order_by(Consent.id.desc())
            ).first()
            said, source = (asked.wording, asked.source) if asked else ("", "unknown")
            session.add(Consent(reader_id=reader.id, action="confirmed", wording=said, source=source, at=now))
            reader.state, reader.confirmed_at, reader.left_at = "confirmed", now, None
            _plan(reader, Cadence.parse(reader.cadence), now)
        return _record(session, reader)


def read(token: str) -> ReaderRecord:
    """The reader of a link in a mail. Raises NotFound for a token that is not ours."""
    with db.reading() as session:
        return _record(session, _by_token(session, _links(settings()), token))


def update_preferences(token: str, *, interest: Interest, cadence: str, language: str) -> ReaderRecord:
    """Change what a reader hears and when; nothing is told twice and nothing is skipped by the change.

    Raises NotFound for a token that is not ours or a reader who left, and Invalid.
    """
    rhythm, spoken = _cadence(cadence), _language(language)
    with db.transaction() as session:
        reader = _by_token(session, _links(settings()), token)
        if reader.state != "confirmed":
            raise NotFound("This address is not on the list any more. Please sign up again.")
        reader.interest_id = interests.ensure(session, interest)
        reader.language = spoken
        if reader.cadence != str(rhythm):
            now = db.now(session)
            reader.cadence = str(rhythm)
            # One last edition tells what has gathered; from then on each post comes at once.
            reader.next_slot_at = policy.next_slot(rhythm, now, settings().zone) or now
        return _record(session, reader)


def leave(token: str) -> ReaderRecord:
    """Unsubscribe at once; doing it twice is harmless. Raises NotFound for a token that is not ours."""
    with db.transaction() as session:
        reader = _by_token(session, _links(settings()), token)
        if reader.state in ("confirmed", "pending"):
            _end(session, reader, "left", _LEFT, "withdrawn", "link")
        return _record(session, reader)


def leave_by_address(email: str) -> bool:
    """Unsubscribe somebody who asked the operator for it; returns whether the address was on the list."""
    with db.transaction() as session:
        reader = session.scalars(select(Reader).where(Reader.email == _address(email))).one_or_none()
        if reader is None or reader.state not in ("confirmed", "pending"):
            return False
        _end(session, reader, "left", _LEFT, "withdrawn", "operator")
        return True


def suppress(reader_id: int, reason: str) -> None:
    """Never write to a mailbox again that does not exist; joins the caller's transaction."""
    with db.transaction() as session:
        reader = session.get(Reader, reader_id, with_for_update=True)
        if reader is not None and reader.state not in ("left", "suppressed"):
            _end(session, reader, "suppressed", reason[:500], "suppressed", "mail server")


def export(token: str) -> dict[str, Any]:
    """Everything that is kept about a reader (GDPR Art. 15 and 20), as plain JSON types."""
    with db.reading() as session:
        reader = _by_token(session, _links(settings()), token)
        consents = session.scalars(select(Consent).where(Consent.reader_id == reader.id).order_by(Consent.id))
        mails = session.execute(
            select(Delivery.created_at, Delivery.state, Delivery.sent_at, Delivery.reason)
            .where(Delivery.reader_id == reader.id)
            .order_by(Delivery.id)
        )
        return {
            "reader": _plain(_record(session, reader).__dict__),
            "consents": [
                _plain({"action": one.action, "wording": one.wording, "source": one.source, "at": one.at})
                for one in consents
            ],
            "mails": [_plain(row._asdict()) for row in mails],
        }


def erase(token: str) -> None:
    """Delete a reader and all that hangs on it (GDPR Art. 17); every link of theirs is dead afterwards."""
    with db.transaction() as session:
        session.delete(_by_token(session, _links(settings()), token))


def sweep() -> int:
    """Forget addresses that nobody confirmed for seven days; returns how many."""
    with db.transaction() as session:
        old = (Reader.state == "pending", Reader.created_at < db.now(session) - _UNCONFIRMED)
        forgotten = session.scalars(select(Reader).where(*old).limit(1000)).all()
        for reader in forgotten:
            session.delete(reader)
        return len(forgotten)


def token_of(reader_id: int) -> str:
    """The token in every link of a reader's mails: it opens the preferences and the way out."""
    return _links(settings()).make(reader_id)


def token_for(email: str) -> str:
    """The same for the reader with that address. Raises NotFound."""
    with db.reading() as session:
        reader_id = session.scalar(select(Reader.id).where(Reader.email == email))
    if reader_id is None:
        raise NotFound("This address is not on the list.")
    return token_of(reader_id)


# How it is done


@lru_cache(maxsize=4)
def _tokens(keys: tuple[str, ...], purpose: str) -> Tokens:
    return Tokens(keys, purpose)


def _links(cfg: Settings) -> Tokens:
    return _tokens(tuple(key.get_secret_value() for key in cfg.secret_keys), "reader")


def _confirmation(cfg: Settings) -> Tokens:
    return _tokens(tuple(key.get_secret_value() for key in cfg.secret_keys), "confirm")


def _by_token(session: Session, tokens: Tokens, token: str) -> Reader:
    reader_id = tokens.read(token) if len(token) < 200 else None
    reader = (
        session.get(Reader, reader_id, with_for_update=db.writes(session))
        if isinstance(reader_id, int)
        else None
    )
    if reader is None:
        raise NotFound("This link is not valid. Please take the link from the newest mail.")
    return reader


def _address(text: str) -> str:
    text = text.strip()
    if len(text) > 254 or control_characters(text) or re.search(r"[\s<>,;\"]", text):
        raise Invalid.field("email", "is not a mail address")
    try:
        found = validate_email(text, check_deliverability=False, allow_smtputf8=True)
        mail_headers.address(found.normalized)
    except (EmailNotValidError, mail_headers.Unfit) as error:
        raise Invalid.field("email", "is not a mail address") from error
    return found.normalized.lower() if found.normalized.isascii() else found.normalized


def _language(text: str) -> str:
    if text not in LANGUAGES:
        raise Invalid.field("language", f"must be one of {', '.join(LANGUAGES)}")
    return text


def _cadence(text: str) -> Cadence:
    try:
        return Cadence.parse(text)
    except ValueError as error:
        raise Invalid.field("cadence", str(error)) from error


def _ensure(
    session: Session, address: str, language: str, interest: Interest, cadence: Cadence, now: datetime
) -> Reader:
    row = {
        "email": address,
        "language": language,
        "interest_id": interests.ensure(session, interest),
        "cadence": str(cadence),
        "state": "pending",
        "created_at": now,
    }
    db.insert_new(session, Reader.__table__, [row])
    return session.scalars(select(Reader).where(Reader.email == address).with_for_update()).one()


def _letters(session: Session, since: datetime, reader: Reader | None = None) -> int:
    mine = (Delivery.reader_id == reader.id,) if reader else ()
    statement = select(func.count()).where(
        Delivery.channel == Letter.kind, Delivery.created_at > since, *mine
    )
    return session.scalar(statement) or 0


def _too_many(session: Session, reader: Reader, now: datetime) -> bool:
    return any(_letters(session, now - within, reader) >= most for most, within in _PER_ADDRESS)


def _write(session: Session, reader: Reader, letter: str, token: str, now: datetime) -> None:
    session.add(
        Delivery(
            key=f"l{new_id().hex}",
            channel=Letter.kind,
            queue=Letter.queue,
            priority=Letter.priority,
            reader_id=reader.id,
            state="waiting",
            created_at=now,
            due_at=now,
            attempts=0,
            reason="",
            payload={"letter": letter, "to": reader.email, "language": reader.language, "token": token},
        )
    )
    bell.after_commit(session, Letter.queue)


def _plan(reader: Reader, cadence: Cadence, now: datetime) -> None:
    """The first edition begins where everybody's last one ended, so that newcomers share it and hear the current news."""
    zone = settings().zone
    reader.covered_until = policy.previous_slot(cadence, now, zone) or now
    reader.next_slot_at = policy.next_slot(cadence, now, zone)


def _end(session: Session, reader: Reader, state: str, reason: str, action: str, source: str) -> None:
    now = db.now(session)
    reader.state, reader.left_at, reader.next_slot_at = state, now, None
    session.add(Consent(reader_id=reader.id, action=action, wording=reason, source=source, at=now))
    session.execute(
        update(Delivery)
        .where(Delivery.reader_id == reader.id, Delivery.state == "waiting")
        .values(state="dropped", reason=reason)
        .execution_options(synchronize_session=False)
    )


def _record(session: Session, reader: Reader) -> ReaderRecord:
    return ReaderRecord(
        email=reader.email,
        state=reader.state,
        language=reader.language,
        interest=interests.load(session.get_one(InterestRow, reader.interest_id)),
        cadence=reader.cadence,
        created_at=reader.created_at,
        confirmed_at=reader.confirmed_at,
        next_slot_at=reader.next_slot_at,
    )


def _plain(values: Any) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        if isinstance(value, datetime):
            return value.isoformat()
        return value.model_dump(mode="json") if isinstance(value, Interest) else value

    return {name: plain(value) for name, value in values.items()}
