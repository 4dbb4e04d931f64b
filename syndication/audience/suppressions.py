"""Remembers that an address was erased without keeping it, so that no list brings it back (GDPR Art. 17, Art. 5(1)(c))."""

from collections.abc import Iterable

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from syndication.config import settings
from syndication.content.reason import Reason
from syndication.infra import db
from syndication.infra.signing import veiled
from syndication.models import ReaderImport, Suppression

_ERASED = Reason("This address was erased.")


def suppress(session: Session, address: str) -> None:
    """Keep a keyed hash of an address that is erased; joins the caller's transaction."""
    row = {"digest": _digest(settings().keys[0], address), "at": db.now(session)}
    db.insert_new(session, Suppression.__table__, [row])
    # A list on its way in keeps its lines, so that it knows how far it is, and of this one only that it was there.
    for one in session.scalars(select(ReaderImport).where(ReaderImport.state != "done").with_for_update()):
        lines = [
            {**line, "email": "", "fault": _ERASED.stored()} if line["email"] == address else line
            for line in one.entries["lines"]
        ]
        if lines != one.entries["lines"]:
            one.entries = {"lines": lines}


def forget(session: Session, address: str) -> None:
    """Whoever agreed anew by themselves is welcome."""
    session.execute(delete(Suppression).where(Suppression.digest.in_(_digests(address))))


def among(session: Session, addresses: Iterable[str]) -> set[str]:
    """Those of these addresses that were erased."""
    known = {digest: address for address in addresses for digest in _digests(address)}
    if not known:
        return set()
    found = session.scalars(select(Suppression.digest).where(Suppression.digest.in_(known)))
    return {known[digest] for digest in found}


def _digests(address: str) -> list[str]:
    return [_digest(key, address) for key in settings().keys]


def _digest(key: str, address: str) -> str:
    return veiled(key, "suppression", address)
