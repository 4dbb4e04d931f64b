"""Parts of town, and what the town hall does with them: call one otherwise, make two one, take a former name apart again.

Each act is one small transaction, however many readers it concerns; see publishing.districts.
"""

from pydantic import ValidationError
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from syndication import clock
from syndication.audience import wishes
from syndication.audit import log
from syndication.audit.log import About
from syndication.content.base import Record, Value
from syndication.content.faults import faults_of
from syndication.content.reason import Reason
from syndication.errors import Conflict, Invalid, NotFound
from syndication.infra import db
from syndication.models import Destination, DistrictName, Merchant, Reader
from syndication.publishing import districts, feed_marks
from syndication.publishing.merchants import District

_UNKNOWN = Reason("There is no such part of town any more.")


class _Named(Value):
    name: District


class DistrictRow(Record):
    """A part of town: so many businesses are said to be in it, confirmed readers chose it, and outlets and devices did."""

    name: str
    merchants: int
    readers: int
    outlets: int
    #: What it was called before.
    formerly: tuple[str, ...]


def listed() -> list[DistrictRow]:
    """All in which a business is, or that somebody chose, as a dictionary sorts them."""
    with db.reading() as session:
        return _listed(session)


def read(name: str) -> DistrictRow:
    """One of them. Raises NotFound."""
    with db.reading() as session:
        return _of(_listed(session), name)


def spelled(name: str) -> str:
    """A name as it is kept. Raises Invalid."""
    try:
        return _Named(name=name.strip()).name
    except ValidationError as error:
        raise Invalid(*faults_of(error)) from error


def rename(name: str, to: str, *, join: bool = False) -> str:
    """Call a part of town otherwise: businesses, readers and outlets go along. Returns the name as it is kept.

    Raises NotFound, Invalid, and Conflict where another one has that name and they are not to `join`.
    """
    wanted = spelled(to)
    with db.transaction() as session:
        db.advisory_lock(session, districts.LOCK)
        rows = _listed(session)
        row = _of(rows, name)
        if wanted == name:
            return wanted
        if not join and any(one.name == wanted for one in rows):
            raise Conflict(Reason("There is a part of town {} already.", wanted))
        _move(session, name, wanted)
        about = About("district", "", name)
        log.record(
            session, "district.renamed", about, to=wanted, merchants=row.merchants, readers=row.readers
        )
        return wanted


def split(name: str) -> str:
    """A former name is a part of town of its own again, for whoever chose it then; businesses stay where they are.

    Returns what it was called meanwhile. Raises NotFound.
    """
    with db.transaction() as session:
        db.advisory_lock(session, districts.LOCK)
        row = session.get(DistrictName, name)
        if row is None:
            raise NotFound(_UNKNOWN)
        session.delete(row)
        session.flush()
        districts.forget(session)
        log.record(session, "district.split", About("district", "", name), to=row.called)
        return row.called


def _move(session: Session, name: str, to: str) -> None:
    now = clock.now()
    here = session.scalars(select(Merchant).where(Merchant.district == name)).all()
    for merchant in here:
        merchant.district = to
    session.flush()
    for merchant in here:
        feed_marks.mark_merchant(session, merchant)
    session.execute(
        update(DistrictName)
        .where(DistrictName.called == name)
        .values(called=to, changed_at=now)
        .execution_options(synchronize_session=False)
    )
    if (former := session.get(DistrictName, to)) is not None:
        session.delete(former)  # what was called so before is called so again
    session.merge(DistrictName(name=name, called=to, changed_at=now))
    session.flush()
    districts.forget(session)


def _of(rows: list[DistrictRow], name: str) -> DistrictRow:
    found = next((one for one in rows if one.name == name), None)
    if found is None:
        raise NotFound(_UNKNOWN)
    return found


def _listed(session: Session) -> list[DistrictRow]:
    grouped = select(Merchant.district, func.count()).where(Merchant.district.is_not(None))
    merchants = {name: count for name, count in session.execute(grouped.group_by(Merchant.district)) if name}
    renamed = districts.renamed(session)
    readers, outlets = (
        wishes.counted(wishes.of(session, who, "districts", lambda one: renamed.get(one, one)))
        for who in (Reader, Destination)
    )
    called: dict[str, list[str]] = {}
    for former, name in renamed.items():
        called.setdefault(name, []).append(former)
    return [
        DistrictRow(
            name=name,
            merchants=merchants.get(name, 0),
            readers=readers[name],
            outlets=outlets[name],
            formerly=tuple(districts.in_order(called.get(name, ()))),
        )
        for name in districts.in_order([*merchants, *readers, *outlets])
    ]
