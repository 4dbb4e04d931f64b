"""Files that merchants bring to their desk: kept for a day, looked at by a worker, taken in once somebody says so.

Reasons: docs/decisions/0044-files-at-the-desk.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import IO, Any
from uuid import UUID

from sqlalchemy import case, delete, func, select
from sqlalchemy.orm import Session

from syndication import clock
from syndication.audit import log
from syndication.audit.log import About
from syndication.content.post import Draft
from syndication.content.reason import Reason
from syndication.errors import Conflict, Invalid, NotFound, QuotaExceeded
from syndication.infra import db, wakeups
from syndication.models import BroughtFile, FileEntry
from syndication.publishing import merchants, quota
from syndication.publishing.from_file import OUTCOMES, What
from syndication.publishing.stock import Tell
from syndication.sources import written

#: For how long a file and what became of it are kept, and how many files of one merchant.
KEPT_FOR = timedelta(days=1)
_MOST_FILES = 20
#: Largest file (bytes), and most entries of one.
MOST_BYTES, MOST_ENTRIES = 5_000_000, 2_000
WAKEUP = "file"
#: States in which it is a worker's move.
AT_WORK = ("new", "looking", "wanted")
_UNKNOWN = Reason("There is no such file any more. What is brought here is kept for a day.")
_TOO_MANY = (
    "People would be told of {} posts, and you have {} left for today."
    " Please choose another way to tell, or bring fewer."
)
_PIECE = 100_000


@dataclass(frozen=True)
class FileRecord:
    """How it stands with a file. `at` is aware, in UTC; `foreseen` and `became` count outcomes; see BroughtFile for `state`."""

    id: UUID
    state: str
    at: datetime
    by: str
    name: str
    tell: Tell
    reason: Reason
    entries: int
    foreseen: Mapping[What, int]
    became: Mapping[What, int]
    summary_id: UUID | None

    @property
    def at_work(self) -> bool:
        """Whether a worker is at it, or will be."""
        return self.state in AT_WORK

    @property
    def done(self) -> int:
        """How many entries were looked at, or were taken in where that goes on."""
        return sum((self.became if self.state in ("wanted", "done") else self.foreseen).values())

    @property
    def counts(self) -> Mapping[What, int]:
        """What became of the entries, or what would."""
        return self.became if self.state == "done" else self.foreseen


@dataclass(frozen=True)
class EntryRecord:
    """One entry: where it stands in the file, what it says, and what would become, or became, of it and why."""

    position: Reason
    title: str
    draft: Draft | None
    what: What
    reason: Reason
    remarks: tuple[Reason, ...]


def add(merchant_id: UUID, file: IO[bytes], name: str, *, tell: Tell, by: str) -> UUID:
    """Keep a file, which a worker then looks at; its id. `name` is what it was called, `by` who brought it.

    Raises Invalid (empty, too large), Forbidden (merchant not admitted), QuotaExceeded (too many in a day).
    """
    parts, size = list[bytes](), 0
    while part := file.read(_PIECE):
        size += len(part)
        if size > MOST_BYTES:
            raise Invalid.field(
                "files", Reason("The file is larger than {} MB. Please split it.", MOST_BYTES // 1_000_000)
            )
        parts.append(part)
    if not size:
        raise Invalid.field("files", Reason("Please choose a file."))
    now = clock.now()
    with db.transaction() as session:
        merchants.require(session, merchant_id, "upload")
        db.advisory_lock(session, f"files of {merchant_id}")
        kept = select(func.count()).where(BroughtFile.merchant_id == merchant_id)
        if (session.scalar(kept) or 0) >= _MOST_FILES:
            raise QuotaExceeded(
                Reason("{} files were brought within a day. Please try again tomorrow.", _MOST_FILES)
            )
        row = BroughtFile(
            merchant_id=merchant_id, state="new", at=now, by=by[:460], name=shown(name), tell=tell,
            data=b"".join(parts),
        )  # fmt: skip
        session.add(row)
        session.flush()
        wakeups.after_commit(session, WAKEUP, row.id)
        return row.id


def shown(name: str) -> str:
    """What a file was called, fit to be shown: without folders, signs that nobody sees, and an end that is too long."""
    last = name.replace("\\", "/").rpartition("/")[2]
    plain = " ".join("".join(c if c.isprintable() else " " for c in last).split())
    return plain if len(plain) <= 100 else f"{plain[:60]}…{plain[-39:]}"


def read(merchant_id: UUID, file_id: UUID) -> FileRecord:
    """One file. Raises NotFound, also for another's."""
    with db.reading() as session:
        return _record(session, _own(session, merchant_id, file_id))


def listed(merchant_id: UUID) -> list[FileRecord]:
    """The files of a merchant that are still kept, the newest first."""
    statement = (
        select(BroughtFile)
        .where(BroughtFile.merchant_id == merchant_id)
        .order_by(BroughtFile.at.desc(), BroughtFile.id.desc())
    )
    with db.reading() as session:
        return [_record(session, row) for row in session.scalars(statement)]


def entries(merchant_id: UUID, file_id: UUID, most: int) -> list[EntryRecord]:
    """At most so many of a file's entries, those that cannot become posts first. Raises NotFound."""
    with db.reading() as session:
        row = _own(session, merchant_id, file_id)
        what = FileEntry.became if row.state == "done" else FileEntry.foreseen
        order = case((what == "refused", 0), (what == "past", 1), else_=2)
        found = select(FileEntry).where(FileEntry.file_id == file_id, what.is_not(None))
        return [
            _entry(one, one.became if row.state == "done" else one.foreseen)
            for one in session.scalars(found.order_by(order, FileEntry.number).limit(most))
        ]


def told(merchant_id: UUID, file_id: UUID) -> Mapping[Tell, int]:
    """How many posts people would be told of, by who is to hear of it: so many of its daily quota a merchant would need."""
    with db.reading() as session:
        _own(session, merchant_id, file_id)
        new = select(FileEntry.row).where(FileEntry.file_id == file_id, FileEntry.foreseen == "created")
        hours = [row["draft"]["publish_at"] for row in session.scalars(new)]
    waiting = sum(1 for hour in hours if hour and datetime.fromisoformat(hour) > clock.now())
    quiet = len(hours) - waiting
    return {"nobody": waiting, "summary": waiting + min(quiet, 1), "each": len(hours)}


def want(merchant_id: UUID, file_id: UUID, *, tell: Tell, by: str) -> None:
    """Have a file taken in that was looked at; a second tap changes nothing.

    Raises NotFound, Forbidden, Invalid (its posts would not fit into the quota of the day), Conflict (not looked at yet).
    """
    needed, left = told(merchant_id, file_id)[tell], quota.left(merchant_id)
    with db.transaction() as session:
        row = _own(session, merchant_id, file_id, lock=True)
        if row.state in ("wanted", "done"):
            return
        if row.state != "ready":
            raise Conflict(Reason("This file is not ready to be taken in."))
        merchants.require(session, merchant_id, "post")
        if needed > left:
            raise Invalid.field("tell", Reason(_TOO_MANY, needed, left))
        row.state, row.tell, row.taken_by, row.tries = "wanted", tell, by[:460], 0
        about = About("file", row.id, row.name)
        log.record(session, "file.taken", about, merchant_id=merchant_id, count=needed)
        wakeups.after_commit(session, WAKEUP, row.id)


def discard(merchant_id: UUID, file_id: UUID) -> None:
    """Throw a file away; posts that were made of it stay. Twice does it once. Raises Conflict while it is taken in."""
    with db.transaction() as session:
        row = session.get(BroughtFile, file_id, with_for_update=True)
        if row is None or row.merchant_id != merchant_id:
            return
        if row.state == "wanted":
            raise Conflict(Reason("This file is being taken in. Please wait until that is done."))
        session.delete(row)


def sweep() -> None:
    """Forget files after a day, with what their entries say; what was made of them stays."""
    with db.transaction() as session:
        session.execute(delete(BroughtFile).where(BroughtFile.at < clock.now() - KEPT_FOR))


def _own(session: Session, merchant_id: UUID, file_id: UUID, *, lock: bool = False) -> BroughtFile:
    row = session.get(BroughtFile, file_id, with_for_update=lock or None)
    if row is None or row.merchant_id != merchant_id:
        raise NotFound(_UNKNOWN)
    return row


def _record(session: Session, row: BroughtFile) -> FileRecord:
    mine = FileEntry.file_id == row.id

    def counted(column: Any) -> dict[What, int]:
        rows = session.execute(select(column, func.count()).where(mine).group_by(column))
        found: dict[What | None, int] = {what: number for what, number in rows}  # noqa: C416 -- a Row is no pair to mypy
        return {what: found[what] for what in OUTCOMES if found.get(what)}

    return FileRecord(
        id=row.id,
        state=row.state,
        at=row.at,
        by=row.by,
        name=row.name,
        tell=row.tell,  # type: ignore[arg-type]  # `add` and `want` write no other
        reason=row.reason,
        entries=session.scalar(select(func.count()).where(mine)) or 0,
        foreseen=counted(FileEntry.foreseen),
        became=counted(FileEntry.became),
        summary_id=row.summary_id,
    )


def _entry(one: FileEntry, what: str | None) -> EntryRecord:
    row = written.read(one.row)
    return EntryRecord(
        position=Reason.quoted(row.position),
        title=row.title,
        draft=row.draft,
        what=what,  # type: ignore[arg-type]  # only from_file's outcomes are written
        reason=one.reason,
        remarks=tuple(Reason.read(said) for said in one.remarks),
    )
