"""One reader as an operator sees them, with the proof of consent."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from syndication.audience import interests
from syndication.audience.readers import of_address
from syndication.errors import NotFound
from syndication.infra import db
from syndication.models import Consent, InterestRow, Reader


@dataclass(frozen=True)
class Step:
    """One line of the proof of consent."""

    action: str
    at: datetime
    source: str
    wording: str


@dataclass(frozen=True)
class ReaderRow:
    """What is known of one reader, for the operator who was asked about this address."""

    id: int
    email: str
    state: str
    language: str
    cadence: str
    interest: dict[str, object]
    created_at: datetime
    confirmed_at: datetime | None
    left_at: datetime | None
    next_slot_at: datetime | None
    consents: tuple[Step, ...]


def reader(email: str) -> ReaderRow:
    """The reader with this address. Raises Invalid and NotFound."""
    with db.reading() as session:
        found = of_address(session, email)
        if not found:
            raise NotFound(f"No reader has the address {email}.")
        return _shown(session, found[0])


def numbered(reader_id: int) -> ReaderRow:
    """The reader with this number. Raises NotFound."""
    with db.reading() as session:
        row = session.get(Reader, reader_id)
        if row is None:
            raise NotFound("Nothing is kept about this reader any more.")
        return _shown(session, row)


def _shown(session: Session, row: Reader) -> ReaderRow:
    facets = interests.load(session.get_one(InterestRow, row.interest_id)).model_dump(mode="json")
    steps = session.scalars(select(Consent).where(Consent.reader_id == row.id).order_by(Consent.id))
    return ReaderRow(
        id=row.id,
        email=row.email,
        state=row.state,
        language=row.language,
        cadence=row.cadence,
        interest=facets,
        created_at=row.created_at,
        confirmed_at=row.confirmed_at,
        left_at=row.left_at,
        next_slot_at=row.next_slot_at,
        consents=tuple(Step(one.action, one.at, one.source, one.wording) for one in steps),
    )
