"""Parts of town: which there are, and what one that was called otherwise is called now.

A business has the name that counts now. Interests keep the names that were chosen and are read through one table, so that a
row of it moves all readers and outlets at once (as topics are, see publishing.filing).
"""

from collections.abc import Iterable, Mapping
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from syndication.content.topics import collated
from syndication.infra import db
from syndication.models import DistrictName, Merchant

#: Whoever changes the table holds this lock, whoever says where a business is shares it.
LOCK: Final = "districts"
_REMEMBERED = "districts"


def known() -> list[str]:
    """Those in which a business is said to be, as a dictionary sorts them."""
    with db.reading() as session:
        named = select(Merchant.district).where(Merchant.district.is_not(None)).distinct()
        return in_order(one for one in session.scalars(named) if one)


def in_order(names: Iterable[str]) -> list[str]:
    """Names as a dictionary sorts them, each once."""
    return sorted(set(names), key=collated)


def renamed(session: Session) -> Mapping[str, str]:
    """Former name → the name now, as this session sees it; read once in it."""
    found: Mapping[str, str] | None = session.info.get(_REMEMBERED)
    if found is None:
        rows = session.execute(select(DistrictName.name, DistrictName.called)).all()
        found = session.info[_REMEMBERED] = {row.name: row.called for row in rows}
    return found


def forget(session: Session) -> None:
    """The table was changed in this session."""
    session.info.pop(_REMEMBERED, None)


def current(session: Session, names: Iterable[str]) -> tuple[str, ...]:
    """What these are called now, each once, in their order."""
    called = renamed(session)
    return tuple(dict.fromkeys(called.get(one, one) for one in names))


def all_names(session: Session, names: Iterable[str]) -> tuple[str, ...]:
    """What these are called now, and what they were called before."""
    now = current(session, names)
    return (*now, *(former for former, called in renamed(session).items() if called in now))


def settle(session: Session, merchant: Merchant) -> None:
    """A business that was just said to be in a part of town by a former name is in what that is called now."""
    if merchant.district:
        db.advisory_lock(session, LOCK, shared=True)
        (merchant.district,) = current(session, [merchant.district])
