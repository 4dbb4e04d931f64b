"""Files by which a business shows that it is one: kept for the town hall alone, until it has decided or three months have passed.

What a file is, its first bytes tell; nothing of it is opened here. Reasons: docs/decisions/0044-files-at-the-desk.md.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import IO
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from syndication import clock
from syndication.content.reason import Reason
from syndication.errors import Invalid, NotFound
from syndication.infra import db
from syndication.models import Application, ApplicationProof

#: Largest file (bytes), and how long one is kept where nobody decides.
MOST_BYTES, KEPT_FOR = 5_000_000, timedelta(days=90)
#: Files of applications that nobody confirmed: strangers fill no disk.
_MOST_UNCONFIRMED = 100
#: How files begin that are taken: their media type and the end of their name.
_TYPES = (
    (b"%PDF-", "application/pdf", "pdf"),
    (b"\xff\xd8\xff", "image/jpeg", "jpg"),
    (b"\x89PNG\r\n\x1a\n", "image/png", "png"),
)
_NONE = Reason("There is no such file any more. Proofs are deleted once somebody has decided.")


@dataclass(frozen=True)
class Proof:
    """A file as it came; `suffix` is the one that its kind usually has."""

    media_type: str
    suffix: str
    data: bytes


@dataclass(frozen=True)
class ProofRecord:
    """What is said of a file: the end of its name, and bytes."""

    suffix: str
    size: int


def checked(file: IO[bytes]) -> Proof:
    """The file, read as far as it may go. Raises Invalid: too large, or none of the kinds that are taken."""
    data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise Invalid.field("file", Reason("The file is larger than {} MB.", MOST_BYTES // 1_000_000))
    for begins, media_type, suffix in _TYPES:
        if data.startswith(begins):
            return Proof(media_type, suffix, data)
    raise Invalid.field("file", Reason("Only a PDF or a picture (JPEG, PNG) can be taken here."))


def keep(session: Session, application_id: UUID, proof: Proof) -> None:
    """Keep a file with an application of the same transaction. Raises Invalid where strangers sent too many of late."""
    db.advisory_lock(session, "proofs of strangers")
    unconfirmed = Application.state.in_(("new", "asked"))
    waiting = select(func.count()).join(Application, Application.id == ApplicationProof.application_id)
    if (session.scalar(waiting.select_from(ApplicationProof).where(unconfirmed)) or 0) >= _MOST_UNCONFIRMED:
        raise Invalid.field(
            "file",
            Reason("Very many files come in at the moment. Please say it in a sentence, without a file."),
        )
    session.add(
        ApplicationProof(
            application_id=application_id, kind=proof.media_type, data=proof.data, at=clock.now()
        )
    )


def known(session: Session, application_id: UUID) -> ProofRecord | None:
    """What there is of a file; None for none."""
    columns = select(ApplicationProof.kind, func.length(ApplicationProof.data))
    row = session.execute(columns.where(ApplicationProof.application_id == application_id)).one_or_none()
    return ProofRecord(_suffix(row[0]), row[1]) if row is not None else None


def read(application_id: UUID) -> Proof:
    """The file of an application whose address is confirmed. Raises NotFound."""
    statement = (
        select(ApplicationProof.kind, ApplicationProof.data)
        .join(Application, Application.id == ApplicationProof.application_id)
        .where(Application.id == application_id, Application.state == "confirmed")
    )
    with db.reading() as session:
        row = session.execute(statement).one_or_none()
    if row is None:
        raise NotFound(_NONE)
    return Proof(row[0], _suffix(row[0]), row[1])


def forget(session: Session, application_id: UUID) -> None:
    """Delete the file of an application that somebody decided about."""
    session.execute(delete(ApplicationProof).where(ApplicationProof.application_id == application_id))


def sweep(session: Session) -> None:
    """Delete what nobody decided about in three months."""
    session.execute(delete(ApplicationProof).where(ApplicationProof.at <= db.now(session) - KEPT_FOR))


def _suffix(media_type: str) -> str:
    return next(suffix for _, known, suffix in _TYPES if known == media_type)
