"""What workers do with files that merchants brought: read them, find out what would become of each entry, take them in.

Each call works for a moment and hands on, so that a large file holds up nobody. What was done to an entry is written in the
transaction that did it, so whoever dies in the middle leaves nothing to be done twice, and nothing undone.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Literal, cast
from uuid import UUID

import structlog
from sqlalchemy import or_, select, update

from syndication import clock
from syndication.audit import acting
from syndication.config import settings
from syndication.content.reason import Reason
from syndication.errors import Invalid, SyndicationError
from syndication.infra import db, wakeups
from syndication.models import BroughtFile, FileEntry
from syndication.publishing import files
from syndication.publishing.from_file import Import, Result
from syndication.publishing.stock import Tell
from syndication.sources import apart, written

_log = structlog.get_logger(__name__)
#: How long (seconds) one call works at entries, and for how long nobody else takes the file up.
_MOMENT, _BUSY = 4.0, timedelta(seconds=10)
#: The same where the file itself is read, which `apart` bounds.
_READING = timedelta(seconds=40)
#: So often an entry, or a file, is begun that ends its worker each time.
_TRIES = 3
_OURS = Reason("could not be taken in, by a fault of ours; please write it by hand")
_NEVER_READ = Reason("{} could not be read, by a fault of ours; please save it in another format.")


_Step = Literal["foreseen", "became"]


class _Done(Exception):
    """Somebody else did it."""


def work(file_id: UUID) -> None:
    """Do what is to be done with a file next, for a moment; safe to run twice, and at once."""
    claimed = _claimed(file_id)
    if claimed is None:
        return
    try:
        step: dict[str, Callable[[BroughtFile], None]] = {"new": _read, "looking": _look, "wanted": _take}
        step[claimed.state](claimed)
    finally:
        with db.transaction() as session:
            session.execute(update(BroughtFile).where(BroughtFile.id == file_id).values(busy_until=None))
            if session.scalar(select(BroughtFile.state).where(BroughtFile.id == file_id)) in files.AT_WORK:
                wakeups.after_commit(session, files.WAKEUP, file_id)


def sweep() -> None:
    """Wake the files that wait for a worker: those whose wake-up was lost, or whose worker died."""
    with db.reading() as session:
        free = or_(BroughtFile.busy_until.is_(None), BroughtFile.busy_until < clock.now())
        waiting = select(BroughtFile.id).where(BroughtFile.state.in_(files.AT_WORK), free)
        found = session.scalars(waiting.order_by(BroughtFile.at).limit(20)).all()
    for file_id in found:
        wakeups.wake(files.WAKEUP, file_id)


def _claimed(file_id: UUID) -> BroughtFile | None:
    """The file, which nobody else takes up for a while; None where nothing is to be done, or somebody does it."""
    now = clock.now()
    with db.transaction() as session:
        row = session.get(BroughtFile, file_id, with_for_update=True)
        if row is None or row.state not in files.AT_WORK or (row.busy_until and row.busy_until > now):
            return None
        row.busy_until, row.tries = now + (_READING if row.state == "new" else _BUSY), row.tries + 1
        return row


def _read(claimed: BroughtFile) -> None:
    """Write down its entries, or why there are none; the file itself is needed no longer."""
    cfg = settings()
    with db.reading() as session:
        data = session.scalar(select(BroughtFile.data).where(BroughtFile.id == claimed.id)) or b""
    rows, reason = [], Reason(_NEVER_READ, claimed.name) if claimed.tries > _TRIES else Reason()
    if not reason:
        try:
            rows = apart.read(
                data, zone=cfg.zone, now=clock.now(), name=claimed.name, most=files.MOST_ENTRIES
            )
        except Invalid as error:
            reason = Reason.joined(*(one.message for one in error.faults))
    with db.transaction() as session:
        row = session.get(BroughtFile, claimed.id, with_for_update=True)
        if row is None or row.state != "new":
            return
        row.state, row.reason, row.data, row.tries = "refused" if reason else "looking", reason, None, 0
        session.add_all(
            FileEntry(file_id=row.id, number=number, row=written.written(one), remarks=[])
            for number, one in enumerate(rows, 1)
        )


def _look(claimed: BroughtFile) -> None:
    """Find out what would become of the entries, and write it down."""
    if _each(claimed, "nobody", dry_run=True):
        _move_on(claimed.id, "looking", "ready")


def _take(claimed: BroughtFile) -> None:
    """Take the entries in, and at the end tell of all of them where that was wished for."""
    with acting.by(acting.behind(claimed.taken_by)):
        _take_all(claimed)


def _take_all(claimed: BroughtFile) -> None:
    if not _each(claimed, cast("Tell", claimed.tell), dry_run=False):
        return
    with db.transaction() as session:
        row = session.get(BroughtFile, claimed.id, with_for_update=True)
        if row is None or row.state != "wanted":
            return
        outcomes = [
            (one.row["source_ref"], one.became or "")
            for one in session.scalars(select(FileEntry).where(FileEntry.file_id == row.id))
        ]
        row.state, row.tries = "done", 0
        if row.tell != "summary":
            return
        try:
            row.summary_id = Import((), row.merchant_id, tell="summary", counted=True).sum_up(outcomes)
        except SyndicationError as error:  # it says so before it writes anything
            row.reason = Reason(str(error))


def _each(claimed: BroughtFile, tell: Tell, *, dry_run: bool) -> bool:
    """Go on with the entries for a moment; whether none is left."""
    step: _Step = "foreseen" if dry_run else "became"
    with db.reading() as session:
        mine = select(FileEntry).where(FileEntry.file_id == claimed.id).order_by(FileEntry.number)
        every = session.scalars(mine).all()
    left = [one.number for one in every if getattr(one, step) is None]
    if not left:
        return True
    rows = {one.number: written.read(one.row) for one in every}
    if claimed.tries > _TRIES:
        number = left.pop(0)
        _log.error("file.entry_given_up", file=str(claimed.id), number=number)
        row = rows[number]
        _alone(claimed.id, number, step, Result(row.position, row.source_ref, row.title, "refused", _OURS))
    importing = Import(list(rows.values()), claimed.merchant_id, tell=tell, dry_run=dry_run, counted=True)
    deadline = clock.monotonic() + _MOMENT
    for number in left:
        if clock.monotonic() > deadline:
            return False
        with suppress(_Done):
            importing.take(rows[number], partial(_note, claimed.id, number, step))
    return True


def _alone(file_id: UUID, number: int, step: _Step, result: Result) -> None:
    with db.transaction(), suppress(_Done):
        _note(file_id, number, step, result)


def _note(file_id: UUID, number: int, step: _Step, result: Result) -> None:
    """Write down, in the transaction that did it, what became of an entry. Raises _Done, which takes it back, where that is
    written down already, or the file was thrown away."""
    with db.transaction() as session:
        entry = session.get(FileEntry, (file_id, number), with_for_update=True)
        if entry is None or getattr(entry, step) is not None:
            raise _Done
        setattr(entry, step, result.what)
        entry.reason = result.reason
        entry.remarks = [Reason.quoted(one).stored() for one in result.remarks]
        going_on = {"tries": 0, "busy_until": clock.now() + _BUSY}
        session.execute(update(BroughtFile).where(BroughtFile.id == file_id).values(**going_on))


def _move_on(file_id: UUID, before: str, after: str) -> None:
    mine = (BroughtFile.id == file_id, BroughtFile.state == before)
    with db.transaction() as session:
        session.execute(update(BroughtFile).where(*mine).values(state=after, tries=0))
