"""Sign-ups: a request only stores what was asked for; a worker looks the address up later and writes the letter.

So the answer takes as long for an address that is known as for one that is not: docs/decisions/0010-sign-ups.md.
"""

from datetime import datetime, timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from syndication.audience import all_letters, interests, readers, tokens
from syndication.channels.built_in.letter import Letter
from syndication.config import settings
from syndication.content.base import new_id
from syndication.content.interest import Interest
from syndication.content.reason import Reason
from syndication.errors import Invalid
from syndication.infra import db, mail_addresses, wakeups
from syndication.ledger import lifecycle, mailboxes
from syndication.models import Consent, Delivery, Reader, SignUp

_log = structlog.get_logger(__name__)
#: One letter at a time; `mailboxes.full` has how many in a day.
_PAUSE = timedelta(minutes=10)
#: A sign-up that no worker looked at for so long is forgotten, as an address is that nobody confirmed.
_KEPT = tokens.CONFIRM_WITHIN
#: A wake-up gets this long before the sweep does its work.
_PATIENCE = timedelta(seconds=2)
#: Sign-ups of one look at the table.
_CHUNK = 100


class OutOfReach(Invalid):
    """An address that the city's mail server cannot deliver to."""


def checked(
    email: str, *, language: str, interest: Interest, cadence: str, source: str, wording: str
) -> SignUp:
    """A wish to get the newsletter, for `ask`. Raises Invalid for what is no address, language or cadence; OutOfReach.

    `wording` is what was agreed to, `source` where.
    """
    address = mail_addresses.spelled(email)
    if all_letters.reached(address, settings()) is False:
        raise OutOfReach.field(
            "email",
            Reason(
                "has letters beyond ASCII before the @, and the city's mail server cannot deliver to such addresses; "
                "please use another one"
            ),
        )
    return SignUp(
        email=address,
        language=readers.known_language(language),
        interest=interest.model_dump(mode="json"),
        cadence=str(readers.parsed_cadence(cadence)),
        source=source,
        wording=wording,
    )


def ask(wanted: SignUp) -> None:
    """Take down a wish that `checked` made; a worker writes to the address, which has to confirm.

    The address is not looked up here.
    """
    with db.transaction() as session:
        wanted.at = db.now(session)
        session.add(wanted)
        session.flush()
        wakeups.after_commit(session, "sign-up", wanted.id)


def answer(sign_up_id: int) -> None:
    """Do what one sign-up asks for and forget it, both or neither. One that is not there any more is passed over."""
    with db.transaction() as session:
        wanted = session.get(SignUp, sign_up_id, with_for_update={"skip_locked": True})
        if wanted is None:
            return
        session.delete(wanted)
        now = db.now(session)
        if wanted.at > now - _KEPT:
            _answer(session, wanted, now)


def sweep() -> int:
    """Answer what no wake-up completed; returns how many sign-ups there were."""
    last = found = 0
    with db.reading() as session:
        before = db.now(session) - _PATIENCE
    while True:
        chosen = select(SignUp.id).where(SignUp.id > last, SignUp.at < before)
        with db.reading() as session:
            ids = session.scalars(chosen.order_by(SignUp.id).limit(_CHUNK)).all()
        for sign_up_id in ids:
            try:
                answer(sign_up_id)
            except Exception:  # one that cannot be answered must not hold up the others; it is tried again
                _log.exception("sign_up.broken", sign_up=sign_up_id)
        found += len(ids)
        if len(ids) < _CHUNK:
            return found
        last = ids[-1]


def _answer(session: Session, wanted: SignUp, now: datetime) -> None:
    box = mail_addresses.key(wanted.email)
    db.advisory_lock(session, f"mailbox {box}")  # two spellings at once are two letters otherwise
    if mailboxes.letters(session, box, now - _PAUSE) or mailboxes.full(session, box, now):
        _log.info("sign_up.no_letter", why="the mailbox got its letters")
        return
    reader = _ensure(session, wanted, box, now)
    if reader.state == "suppressed":
        _log.info("sign_up.no_letter", why="the mailbox does not exist")
        return
    if reader.state == "confirmed":
        _write(session, reader, "already", tokens.own(reader.id, reader.nonce), now)
        return
    # Nothing of what a stranger typed counts before the owner confirms; then the last request does.
    reader.state, reader.language, reader.cadence = "pending", wanted.language, wanted.cadence
    reader.interest_id = interests.ensure(session, Interest.model_validate(wanted.interest))
    reader.asked_at = now.replace(microsecond=0)
    proof = Consent(reader_id=reader.id, action="asked", wording=wanted.wording, source=wanted.source)
    proof.at = wanted.at
    session.add(proof)
    _write(session, reader, "confirm", tokens.confirmation(reader), now)


def _ensure(session: Session, wanted: SignUp, box: str, now: datetime) -> Reader:
    """The reader of an address, whatever its case when it was first typed; a new one is pending."""
    if found := readers.of_address(session, wanted.email, lock=True):
        return found[0]
    row = {
        "email": wanted.email,
        "mailbox": box,
        "language": wanted.language,
        "interest_id": interests.ensure(session, Interest.model_validate(wanted.interest)),
        "cadence": wanted.cadence,
        "state": "pending",
        "created_at": now,
    }
    db.insert_new(session, Reader.__table__, [row])
    return session.scalars(select(Reader).where(Reader.email == wanted.email).with_for_update()).one()


def _write(session: Session, reader: Reader, letter: str, token: str, now: datetime) -> None:
    row = lifecycle.row(
        Letter,
        f"l{new_id().hex}",
        now,
        reader_id=reader.id,
        # Nobody is asked to confirm what no longer can be.
        over_at=now + tokens.CONFIRM_WITHIN if letter == "confirm" else None,
        payload={"letter": letter, "to": reader.email, "language": reader.language, "token": token},
    )
    session.add(Delivery(**row))
    wakeups.after_commit(session, Letter.queue)
