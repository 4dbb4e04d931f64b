"""What the town hall decides about the newsletter of one slot: introduce, hold, release, cancel.

The row is the truth. Whoever makes copies asks it in the transaction that writes them, whoever claims copies in the one that
takes them, and a lane every two seconds: docs/decisions/0047-a-newsletter-is-held-by-a-row.md.
"""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from syndication import clock
from syndication.audit import log
from syndication.audit.log import About
from syndication.channels.built_in.newsletter import EditionView, compose
from syndication.config import settings
from syndication.content.characters import legible
from syndication.content.reason import Reason
from syndication.errors import Conflict, Invalid
from syndication.infra import db, wakeups
from syndication.infra.languages import LANGUAGES
from syndication.ledger import halts, lifecycle
from syndication.models import Delivery, Mailing, Reader
from syndication.publishing import views

_log = structlog.get_logger(__name__)
#: Characters of an introduction: a greeting, no article.
MOST = 2000
CANCELLED = Reason("The town hall cancelled this newsletter.")
#: What is written down where it comes to this.
_DECIDED: dict[str, log.What] = {
    "held": "edition.held",
    "open": "edition.released",
    "cancelled": "edition.cancelled",
}
_OVER = Reason("This newsletter was cancelled. What was cancelled stays so.")
_BEGUN = Reason("This newsletter is already going out, so its introduction stays as it is.")
_DONE = Reason("All of this newsletter has gone out.")
#: Copies that one transaction drops.
_CHUNK = 1000


def hold(slot: datetime, by: str) -> None:
    """Nothing more of it goes out until it is released, whatever is restarted meanwhile. Doing it twice is harmless.

    Raises Conflict where it was cancelled or all of it has gone.
    """
    _decide(slot, by, "held")


def release(slot: datetime, by: str) -> None:
    """It goes out, or on, at its slot or at once where that has passed. Raises Conflict where it was cancelled."""
    _decide(slot, by, "open")


def cancel(slot: datetime, by: str) -> None:
    """Nothing more of it goes out, ever: who has not got it will not be told what it holds. Raises Conflict as `hold`."""
    _decide(slot, by, "cancelled")
    sweep()


def introduce(slot: datetime, said: Mapping[str, str]) -> None:
    """Put a text above what it tells, in each language; empty: none there.

    Raises Invalid, by `introduction_<language>`, and Conflict where it was cancelled or copies were made already.
    """
    texts = {one: checked(one, said.get(one, "")) for one in LANGUAGES}
    with db.transaction() as session:
        row = _locked(session, slot)
        if row.state == "cancelled":
            raise Conflict(_OVER)
        if row.begun_at is not None and row.introductions != texts:
            raise Conflict(_BEGUN)
        row.introductions = texts
        log.record(session, "edition.introduced", about(slot))


def checked(language: str, said: str) -> str:
    """An introduction as it is kept; one is made into a mail before. Raises Invalid."""
    text, field = legible(said.replace("\r\n", "\n")).strip(), f"introduction_{language}"
    if len(text) > MOST:
        raise Invalid.field(field, Reason("must be at most {} characters", MOST))
    cfg = settings()
    try:
        compose(EditionView(language, clock.now(), (), (), text), views.city(cfg), cfg.mail_from)
    except Exception as error:
        _log.exception("introduction.unfit", language=language)
        raise Invalid.field(
            field, Reason("cannot be put into a mail; please write it in other words")
        ) from error
    return text


def introduction(session: Session, slots: Collection[datetime], language: str) -> str:
    """What stands above a newsletter that tells at once what was to be told at these slots."""
    rows = session.scalars(select(Mailing).where(Mailing.slot_at.in_(slots)).order_by(Mailing.slot_at))
    said = [text for row in rows if (text := row.introductions.get(language, ""))]
    return "\n\n".join(dict.fromkeys(said))


def begin(session: Session, slots: Collection[datetime], language: str, said: str) -> bool:
    """Note that copies are made now; False where that was stopped, or `said` above them changed, since it was looked up.

    Joins the transaction that writes the copies: whoever decides afterwards waits for its end and finds them.
    """
    rows = [_locked(session, slot) for slot in sorted(set(slots))]
    if any(row.state != "open" for row in rows) or introduction(session, slots, language) != said:
        return False
    now = db.now(session)
    for row in rows:
        row.begun_at = row.begun_at or now
    return True


def sweep() -> int:
    """Drop the copies of what was cancelled that wait; returns how many."""
    with db.reading() as session:
        slots = [slot for slot, state in halts.halted(session).items() if state == "cancelled"]
        if not slots:
            return 0
        waiting = (Delivery.state == "waiting", halts.copies_of(slots))
        if session.scalar(select(Delivery.id).where(*waiting).limit(1)) is None:
            return 0
    dropped = 0
    while True:
        with db.transaction() as session:
            ids = session.scalars(select(Delivery.id).where(*waiting).limit(_CHUNK)).all()
            dropped += lifecycle.end(session, Delivery.id.in_(ids), state="dropped", reason=CANCELLED)
        if len(ids) < _CHUNK:
            return dropped


def _decide(slot: datetime, by: str, state: str) -> None:
    with db.transaction() as session:
        row = _locked(session, slot)
        if row.state == state:
            return
        if row.state == "cancelled":
            raise Conflict(_OVER)
        if state != "open" and _is_done(session, row):
            raise Conflict(_DONE)
        row.state, row.decided_by, row.decided_at = state, by[:500], db.now(session)
        _log.info("mailing.decided", slot=slot.isoformat(), state=state)
        log.record(session, _DECIDED[state], about(slot))
        wakeups.after_commit(session, "mail")


def about(slot: datetime) -> About:
    """The newsletter of a slot, as the log of acts names it."""
    return About("edition", slot.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ"))


def _is_done(session: Session, row: Mailing) -> bool:
    """Whether its copies were made and none waits any more."""
    if row.begun_at is None:
        return False
    due = select(func.count()).where(Reader.state == "confirmed", Reader.next_slot_at == row.slot_at)
    waits = select(Delivery.id).where(
        halts.copies_of([row.slot_at]), Delivery.state.in_(("waiting", "sending"))
    )
    return session.scalar(waits.limit(1)) is None and not session.scalar(due)


def _locked(session: Session, slot: datetime) -> Mailing:
    """The row of a slot, which nobody else changes until the caller's transaction ends."""
    row = {"slot_at": slot, "state": "open", "introductions": {}, "decided_by": ""}
    db.insert_new(session, Mailing.__table__, [row])
    return session.scalars(
        select(Mailing)
        .where(Mailing.slot_at == slot)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
