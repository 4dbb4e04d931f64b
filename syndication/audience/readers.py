"""What readers can do: confirm, choose, unsubscribe, and use their rights under the GDPR."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from syndication.audience import interests, stories, suppressions, tokens
from syndication.audit import log
from syndication.config import settings
from syndication.content.base import Record
from syndication.content.cadence import Cadence, next_slot, previous_slot
from syndication.content.interest import Interest
from syndication.content.reason import Reason
from syndication.errors import Invalid, NotFound
from syndication.infra import db, mail_addresses
from syndication.infra.languages import LANGUAGES
from syndication.ledger import lifecycle
from syndication.models import Change, Consent, Delivery, InterestRow, Reader, SignUp

_LEFT = Reason("The reader unsubscribed.")
_MERGED = Reason("The address was on the list twice, in capitals and in small letters.")
#: Readers forgotten in one transaction of the sweep.
_CHUNK = 500
#: A moment that is no slot, just before one.
_BESIDE = timedelta(microseconds=1)


class ReaderRecord(Record):
    """A reader as the reader may see it."""

    email: str
    state: str
    language: str
    interest: Interest
    cadence: str
    created_at: datetime
    confirmed_at: datetime | None
    next_slot_at: datetime | None


def confirm(token: str) -> ReaderRecord:
    """Confirm a sign-up; doing it twice is harmless.

    Raises NotFound for a token that is not ours, is older than seven days, or was followed by a newer letter.
    """
    with db.transaction() as session:
        now = db.now(session)
        reader = tokens.asked(session, token, now)
        if reader.state == "pending":
            asked = session.scalars(
                select(Consent)
                .where(Consent.reader_id == reader.id, Consent.action == "asked")
                .order_by(Consent.id.desc())
            ).first()
            said, source = (asked.wording, asked.source) if asked else ("", "unknown")
            session.add(Consent(reader_id=reader.id, action="confirmed", wording=said, source=source, at=now))
            plan(reader, Cadence.parse(reader.cadence), now)
            reader.state, reader.confirmed_at, reader.left_at = "confirmed", now, None
            suppressions.forget(session, _spelled(reader.email))
        return _record(session, reader)


def asked(token: str) -> ReaderRecord:
    """The reader whom `confirm` would confirm with this token, or did. Raises what it raises."""
    with db.reading() as session:
        return _record(session, tokens.asked(session, token, db.now(session)))


def read(token: str) -> ReaderRecord:
    """The reader of a link in a mail. Raises NotFound for a token that is not ours."""
    with db.reading() as session:
        return _record(session, tokens.owner(session, token))


def by_number(reader_id: int) -> ReaderRecord:
    """The reader with this number, for the town hall. Raises NotFound."""
    with db.reading() as session:
        reader = session.get(Reader, reader_id)
        if reader is None:
            raise NotFound("Nothing is kept about this reader any more.")
        return _record(session, reader)


def update_preferences(token: str, *, interest: Interest, cadence: str, language: str) -> ReaderRecord:
    """Change what a reader hears and when; nothing is told twice and nothing is skipped by the change.

    Raises NotFound for a token that is not ours or a reader who left, and Invalid.
    """
    rhythm, spoken = parsed_cadence(cadence), known_language(language)
    with db.transaction() as session:
        reader = tokens.owner(session, token)
        if reader.state != "confirmed":
            raise NotFound("This address is not on the list any more. Please sign up again.")
        reader.interest_id = interests.ensure(session, interest)
        reader.language = spoken
        if reader.cadence != str(rhythm):
            if reader.cadence == "instantly" and reader.next_slot_at is None:
                reader.covered_until = _told_until(session, reader)
            now = db.now(session)
            reader.cadence = str(rhythm)
            # One last edition tells what has gathered; from then on each post comes at once.
            reader.next_slot_at = next_slot(rhythm, now, settings().zone) or now
        return _record(session, reader)


def leave(token: str) -> ReaderRecord:
    """Unsubscribe at once; doing it twice is harmless. Raises NotFound for a token that is not ours."""
    with db.transaction() as session:
        reader = tokens.owner(session, token)
        for one in _same(session, reader):
            if one.state in ("confirmed", "pending"):
                _end(session, one, "left", _LEFT, "withdrawn", "link")
        return _record(session, reader)


def leave_by_address(email: str) -> bool:
    """Unsubscribe somebody who asked the operator for it; returns whether the address was on the list."""
    with db.transaction() as session:
        listed = [
            reader
            for reader in of_address(session, email, lock=True)
            if reader.state in ("confirmed", "pending")
        ]
        for reader in listed:
            _end(session, reader, "left", _LEFT, "withdrawn", "operator")
        address = mail_addresses.spelled(email)
        log.record(session, "reader.left", log.of_reader(address), found=len(listed))
        return bool(listed)


def suppress(reader_id: int, reason: Reason) -> None:
    """Never write to a mailbox again that does not exist; joins the caller's transaction."""
    with db.transaction() as session:
        reader = session.get(Reader, reader_id, with_for_update=True)
        if reader is not None and reader.state not in ("left", "suppressed"):
            _end(session, reader, "suppressed", reason, "suppressed", "mail server")


def export(token: str) -> dict[str, Any]:
    """Everything that is kept about a reader (GDPR Art. 15 and 20), as plain JSON types."""
    with db.reading() as session:
        reader = tokens.owner(session, token)
        consents = session.scalars(select(Consent).where(Consent.reader_id == reader.id).order_by(Consent.id))
        mails = session.execute(
            select(Delivery.created_at, Delivery.state, Delivery.sent_at, Delivery.reason)
            .where(Delivery.reader_id == reader.id)
            .order_by(Delivery.id)
        )
        waiting = session.scalars(select(SignUp).where(SignUp.email == _spelled(reader.email)))
        return {
            "reader": _plain(_record(session, reader).__dict__),
            "consents": [
                _plain({"action": one.action, "wording": one.wording, "source": one.source, "at": one.at})
                for one in consents
            ],
            "mails": [_plain(row._asdict()) for row in mails],
            "sign_ups": [_plain(_wish(one)) for one in waiting.all()],
        }


def export_by_address(email: str) -> dict[str, Any]:
    """Everything that is kept about an address, for the operator who was asked (GDPR Art. 15). Raises Invalid and NotFound.

    Mostly one reader; sign-ups that no worker looked at yet are kept without one.
    """
    address = mail_addresses.spelled(email)
    with db.transaction() as session:
        found = of_address(session, address)
        waiting = session.scalars(select(SignUp).where(func.lower(SignUp.email) == address)).all()
        log.record(session, "reader.exported", log.of_reader(address), found=len(found) + len(waiting))
    if not found and not waiting:
        raise NotFound(f"Nothing is kept about {address}.")
    said = [export(tokens.own(row.id, row.nonce)) for row in found]
    return {"address": address, "readers": said, "sign_ups": [_plain(_wish(one)) for one in waiting]}


def looked_up(email: str) -> None:
    """Write down that somebody of the town hall looks at what is kept about this address, or looked for it in vain."""
    with db.transaction() as session:
        log.record(session, "reader.found", log.of_reader(email))


def erase_by_address(email: str) -> int:
    """Delete all that is kept about an address (GDPR Art. 17); returns how many readers and sign-ups. Raises Invalid.

    A keyed hash of it stays, so that no list brings it back.
    """
    address = mail_addresses.spelled(email)
    with db.transaction() as session:
        waiting = session.scalars(select(SignUp).where(func.lower(SignUp.email) == address)).all()
        rows = [*waiting, *of_address(session, address, lock=True)]
        for row in rows:
            session.delete(row)
        if rows:
            suppressions.suppress(session, address)
        log.record(session, "reader.erased", log.of_reader(address), found=len(rows))
        return len(rows)


def erase(token: str) -> None:
    """Delete a reader and all that hangs on it (GDPR Art. 17); every link of theirs is dead afterwards."""
    with db.transaction() as session:
        reader = tokens.owner(session, token)
        session.execute(delete(SignUp).where(SignUp.email == _spelled(reader.email)))
        suppressions.suppress(session, _spelled(reader.email))
        for one in _same(session, reader):
            session.delete(one)


def sweep() -> int:
    """Forget addresses that nobody confirmed for seven days; returns how many.

    Whoever was a reader before, or had been taken off the list, is what they were again, with the proof of it.
    """
    forgotten = 0
    while True:
        with db.transaction() as session:
            before = db.now(session) - tokens.CONFIRM_WITHIN
            asked = func.coalesce(Reader.asked_at, Reader.created_at)
            old = select(Reader).where(Reader.state == "pending", asked <= before).limit(_CHUNK)
            rows = session.scalars(old.with_for_update(skip_locked=True)).all()
            for reader in rows:
                if reader.confirmed_at is None and reader.left_at is None:
                    session.delete(reader)
                else:
                    reader.state, reader.left_at = "left", reader.left_at or reader.confirmed_at
                    session.execute(delete(Consent).where(*_unanswered(session, reader)))
        forgotten += len(rows)
        if len(rows) < _CHUNK:
            return forgotten


def merge() -> int:
    """Leave one reader of each address that is on the list twice, from when capitals made another; returns how many ended.

    The one who was confirmed first stays, with what they chose; a link of the others still unsubscribes.
    """
    with db.reading() as session:
        listed = (
            select(Reader.mailbox)
            .where(Reader.state == "confirmed")
            .group_by(Reader.mailbox)
            .having(func.count() > 1)
        )
        boxes = session.scalars(listed).all()
    ended = 0
    for box in boxes:
        with db.transaction() as session:
            rows = session.scalars(
                select(Reader)
                .where(Reader.mailbox == box, Reader.state == "confirmed")
                .order_by(Reader.confirmed_at, Reader.id)
                .with_for_update()
            ).all()
            seen = set[str]()
            for reader in rows:
                if _spelled(reader.email) in seen:
                    _end(session, reader, "left", _MERGED, "merged", "sweep")
                    ended += 1
                seen.add(_spelled(reader.email))
    return ended


def _same(session: Session, reader: Reader) -> list[Reader]:
    """The rows of this reader's address, itself among them."""
    try:
        found = of_address(session, reader.email, lock=db.writes(session))
    except Invalid:  # kept since a time when more was taken for an address
        found = []
    return found if any(one.id == reader.id for one in found) else [reader]


def of_address(session: Session, email: str, *, lock: bool = False) -> list[Reader]:
    """Who has this address, whatever capitals it was or is typed with: mostly one, the one to write to first."""
    address = mail_addresses.spelled(email)
    statement = select(Reader).where(Reader.mailbox == mail_addresses.key(address)).order_by(Reader.id)
    rows = session.scalars(statement.with_for_update() if lock else statement).all()
    # Rows of the time when capitals made another reader: the one that is on the list goes before the others.
    same = [row for row in rows if row.email == address or _spelled(row.email) == address]
    return sorted(same, key=lambda row: (row.state != "confirmed", row.email != address))


def token_for(email: str) -> str:
    """The token in every link of the reader with that address. Raises Invalid and NotFound."""
    with db.reading() as session:
        found = of_address(session, email)
    if not found:
        raise NotFound("This address is not on the list.")
    reader = next((one for one in found if one.email == email), found[0])
    return tokens.own(reader.id, reader.nonce)


def known_language(text: str) -> str:
    """A language that mails are written in. Raises Invalid."""
    if text not in LANGUAGES:
        raise Invalid.field("language", Reason("must be one of {}", ", ".join(LANGUAGES)))
    return text


def parsed_cadence(text: str) -> Cadence:
    """When a reader hears. Raises Invalid."""
    try:
        return Cadence.parse(text)
    except ValueError as error:
        raise Invalid.field("cadence", str(error)) from error


# How it is done


def _spelled(email: str) -> str:
    try:
        return mail_addresses.spelled(email)
    except Invalid:  # kept since a time when more was taken for an address
        return email


def _unanswered(session: Session, reader: Reader) -> tuple[ColumnElement[bool], ...]:
    """Requests that nothing followed: they prove nothing, and may be a stranger's."""
    mine = Consent.reader_id == reader.id
    answered = session.scalar(select(func.max(Consent.id)).where(mine, Consent.action != "asked")) or 0
    return (mine, Consent.action == "asked", Consent.id > answered)


def plan(reader: Reader, cadence: Cadence, now: datetime) -> None:
    """The first edition begins where everybody's last one ended, so that newcomers share it and hear the current news."""
    zone = settings().zone
    reader.covered_until = previous_slot(cadence, now, zone) or now
    if (
        reader.left_at is not None
    ):  # was told things before: a window that begins beside the slots looks which
        reader.covered_until -= _BESIDE
    reader.next_slot_at = next_slot(cadence, now, zone)


def _told_until(session: Session, reader: Reader) -> datetime:
    """Up to when a reader who hears at once has been told everything; what is being told right now is left to an edition.

    Whoever composes that looks what the reader got after all, since this is no slot.
    """
    db.advisory_lock(session, stories.LINE)
    under_way = select(func.min(Change.joined_at)).where(
        Change.action == "published",
        Change.joined_at.is_not(None),
        Change.fanned_at.is_(None),
        Change.reached < reader.id,
    )
    first = session.scalar(under_way)
    return first - _BESIDE if first is not None else db.now(session)


def _end(session: Session, reader: Reader, state: str, reason: Reason, action: str, source: str) -> None:
    now = db.now(session)
    reader.state, reader.left_at, reader.next_slot_at = state, now, None
    session.add(Consent(reader_id=reader.id, action=action, wording=reason, source=source, at=now))
    lifecycle.end(session, Delivery.reader_id == reader.id, state="dropped", reason=reason)


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


def _wish(one: SignUp) -> dict[str, Any]:
    return {
        name: getattr(one, name) for name in ("language", "interest", "cadence", "wording", "source", "at")
    }


def _plain(values: Any) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        if isinstance(value, datetime):
            return value.isoformat()
        return value.model_dump(mode="json") if isinstance(value, Interest) else value

    return {name: plain(value) for name, value in values.items()}
