"""Takes in a list of readers: looked at first, then line by line in the background; whoever dies, it goes on where it was.

Who was erased, unsubscribed, or has no mailbox any more is left out. Without proof of consent nobody is put on the list; they
may be asked by mail, as after a sign-up.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, get_args
from uuid import UUID

import structlog
from sqlalchemy import and_, delete, or_, select
from sqlalchemy.orm import Session

from syndication import kinds
from syndication.audience import interests, readers, suppressions
from syndication.audit import log
from syndication.audit.log import About
from syndication.config import settings
from syndication.content.cadence import Cadence
from syndication.content.interest import Interest
from syndication.content.reason import Reason
from syndication.errors import Conflict, NotFound
from syndication.infra import db, mail_addresses
from syndication.models import Consent, Reader, ReaderImport, SignUp
from syndication.sources import reader_list
from syndication.sources.reader_list import Entry

_log = structlog.get_logger(__name__)
#: What becomes of a line: on the list; asked by mail; known already; left out, since they left or were erased; refused.
Outcome = Literal["taken", "asked", "known", "left out", "without proof", "wrong"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
_CADENCE = "weekly thu 07:00"
#: Lines that one transaction takes in.
_CHUNK = 100
#: Lists that nobody let begin are forgotten, as an address is that nobody confirmed.
_KEPT = timedelta(days=7)
_SOURCE = 40
_STARTED = Reason("This list was begun already.")


@dataclass(frozen=True)
class Line:
    """A line and what will become, or became, of it."""

    number: int
    email: str
    outcome: Outcome
    why: Reason


@dataclass(frozen=True)
class ImportRecord:
    """A list: how far it is, how many lines had which outcome; before it begins, what each line will come to."""

    id: UUID
    state: str
    made_by: str
    made_at: datetime
    asks: bool
    size: int
    position: int
    counts: dict[str, int]
    lines: tuple[Line, ...] = ()


def check(data: bytes, by: str, ask_wording: str = "") -> UUID:
    """Keep a list to be looked at; nobody is put on the newsletter by it. Raises Invalid, by `files`."""
    cfg = settings()
    with db.transaction() as session:
        now = db.now(session)
        found = reader_list.read(data, zone=cfg.zone, now=now)
        row = ReaderImport(
            made_by=by[:500],
            made_at=now,
            ask_wording=ask_wording,
            entries={"lines": [_stored(one) for one in found]},
            size=len(found),
        )
        session.add(row)
        session.flush()
        return row.id


def read(import_id: UUID) -> ImportRecord:
    """A list; one that waits to begin with what each of its lines will come to. Raises NotFound."""
    with db.reading() as session:
        row = session.get(ReaderImport, import_id)
        if row is None:
            raise NotFound("There is no such list.")
        if row.state != "checked":
            return _record(row, row.counts)
        lines = _foreseen(session, [_read(one) for one in row.entries["lines"]], asks=bool(row.ask_wording))
        return _record(row, Counter(line.outcome for line in lines), lines)


def begin(import_id: UUID) -> None:
    """Let a list that was looked at be taken in. Raises NotFound, Conflict."""
    with db.transaction() as session:
        row = session.get(ReaderImport, import_id, with_for_update=True)
        if row is None:
            raise NotFound("There is no such list.")
        if row.state != "checked":
            raise Conflict(_STARTED)
        row.state = "running"
        log.record(session, "readers.imported", About("readers", row.id), count=row.size)


def discard(import_id: UUID) -> None:
    """Forget a list; who is on the newsletter by it stays. Doing it twice is harmless."""
    with db.transaction() as session:
        session.execute(delete(ReaderImport).where(ReaderImport.id == import_id))


def sweep(*, chunks: int = 50) -> int:
    """Take in what was let begin, at most so many chunks; returns how many lines. Forgets lists that nobody let begin."""
    taken = 0
    with db.reading() as session:  # without a turn as a writer: mostly there is nothing
        old = (ReaderImport.state == "checked", ReaderImport.made_at < db.now(session) - _KEPT)
        running = ReaderImport.state == "running"
        if session.scalar(select(ReaderImport.id).where(or_(running, and_(*old))).limit(1)) is None:
            return 0
    with db.transaction() as session:
        session.execute(delete(ReaderImport).where(*old))
    for _ in range(chunks):
        if not (some := _chunk()):
            break
        taken += some
    return taken


def _chunk() -> int:
    """Some lines, and how far it is, both or neither."""
    with db.transaction() as session:
        oldest = select(ReaderImport).where(ReaderImport.state == "running").order_by(ReaderImport.made_at)
        row = session.scalars(oldest.limit(1).with_for_update(skip_locked=True)).first()
        if row is None:
            return 0
        lines = [_read(one) for one in row.entries["lines"][row.position : row.position + _CHUNK]]
        counts = Counter(row.counts)
        now = db.now(session)
        for entry in lines:
            counts[_take(session, entry, row.ask_wording, now)] += 1
        row.position, row.counts = row.position + len(lines), dict(counts)
        if row.position >= row.size:
            row.state, row.entries = "done", {"lines": []}
            _log.info(
                "readers.imported", lines=row.size, **{key.replace(" ", "_"): n for key, n in counts.items()}
            )
        return len(lines)


def _take(session: Session, entry: Entry, ask_wording: str, now: datetime) -> Outcome:
    if not entry.fault:
        db.advisory_lock(session, f"mailbox {mail_addresses.key(entry.email)}")  # as a sign-up does
    known = set() if entry.fault else {entry.email} if readers.of_address(session, entry.email) else set()
    outcome = _outcome(
        session, entry, known, suppressions.among(session, [entry.email]), asks=bool(ask_wording)
    )
    if outcome == "taken":
        _add(session, entry, now)
    elif outcome == "asked":
        wish = SignUp(email=entry.email, source="import", wording=ask_wording, at=now, **_chosen(entry))
        wish.interest = _interest(entry).model_dump(mode="json")
        session.add(wish)
    return outcome


def _outcome(session: Session, entry: Entry, known: set[str], erased: set[str], *, asks: bool) -> Outcome:
    if entry.fault:
        return "wrong"
    if entry.email in erased:
        return "left out"
    if entry.email in known:
        states = {row.state for row in readers.of_address(session, entry.email)}
        return "known" if states & {"confirmed", "pending"} else "left out"
    if entry.proven:
        return "taken"
    return "asked" if asks else "without proof"


def _foreseen(session: Session, entries: Sequence[Entry], *, asks: bool) -> tuple[Line, ...]:
    """What each line will come to, as things stand; a second line of one address finds the first one there."""
    fit = [one.email for one in entries if not one.fault]
    known, erased = set[str](), set[str]()
    for first in range(0, len(fit), _CHUNK):
        some = fit[first : first + _CHUNK]
        boxes = {mail_addresses.key(one) for one in some}
        rows = session.execute(select(Reader.email).where(Reader.mailbox.in_(boxes)))
        known |= {email.lower() for (email,) in rows}
        erased |= suppressions.among(session, some)
    lines, met = list[Line](), set[str]()
    for one in entries:
        twice = one.email in met and not one.fault
        outcome: Outcome = "known" if twice else _outcome(session, one, known, erased, asks=asks)
        met |= {one.email} if outcome in ("taken", "asked") else set()
        lines.append(Line(one.number, one.email, outcome, one.fault))
    return tuple(lines)


def _add(session: Session, entry: Entry, now: datetime) -> None:
    """A reader with the proof that came with them, and where it came from."""
    reader = Reader(
        email=entry.email,
        mailbox=mail_addresses.key(entry.email),
        interest_id=interests.ensure(session, _interest(entry)),
        state="confirmed",
        created_at=now,
        confirmed_at=now,
        **_chosen(entry),
    )
    readers.plan(reader, Cadence.parse(reader.cadence), now)
    session.add(reader)
    session.flush()
    source = f"import: {entry.source}"[:_SOURCE] if entry.source else "import"
    proof = Consent(reader_id=reader.id, action="confirmed", wording=entry.wording, source=source)
    proof.at = entry.at or now
    session.add(proof)


def _chosen(entry: Entry) -> dict[str, Any]:
    return {"language": entry.language or settings().language, "cadence": entry.cadence or _CADENCE}


def _interest(entry: Entry) -> Interest:
    """Words that name a kind of post are kinds, all others topics."""
    named = {
        word.casefold(): kind.name
        for kind in kinds.KINDS
        for word in (kind.name, kind.heading("de"), kind.heading("en"))
    }
    wanted = [named.get(word.casefold()) for word in entry.interests]
    topics = [word for word, kind in zip(entry.interests, wanted, strict=True) if kind is None]
    return Interest.model_validate(
        {"kinds": list(dict.fromkeys(filter(None, wanted))), "topics": topics[:50]}
    )


def _record(row: ReaderImport, counts: dict[str, int], lines: tuple[Line, ...] = ()) -> ImportRecord:
    return ImportRecord(
        row.id,
        row.state,
        row.made_by,
        row.made_at,
        bool(row.ask_wording),
        row.size,
        row.position,
        dict(counts),
        lines,
    )


def _stored(entry: Entry) -> dict[str, Any]:
    values = {**entry.__dict__, "fault": entry.fault.stored() if entry.fault else ""}
    return {**values, "at": entry.at.isoformat() if entry.at else None}


def _read(stored: dict[str, Any]) -> Entry:
    at = datetime.fromisoformat(stored["at"]) if stored["at"] else None
    fault = Reason.read(stored["fault"]) if stored["fault"] else Reason()
    return Entry(**{**stored, "interests": tuple(stored["interests"]), "at": at, "fault": fault})
