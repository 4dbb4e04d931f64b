"""Tokens in readers' mails: one opens a reader's preferences for good, one confirms a sign-up within a week."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy.orm import Session

from syndication.config import settings
from syndication.errors import NotFound
from syndication.infra import db
from syndication.infra.signing import Tokens
from syndication.models import Reader

#: How long a sign-up may be confirmed, and an address that nobody confirmed is kept.
CONFIRM_WITHIN = timedelta(days=7)
_LONGEST = 200
_UNKNOWN = "This link is not valid. Please take the link from the newest mail."
_NO_LONGER = "This link is no longer valid. Please sign up again."
_OVER = "This link was good for seven days. Please sign up again."


def own(reader_id: int, nonce: str | None) -> str:
    """The token in every link of a reader's mails, from the reader's number and nonce."""
    return _tokens("reader").make([reader_id, nonce] if nonce else reader_id)


def owner(session: Session, token: str) -> Reader:
    """The reader that `own` made `token` for, locked where `session` writes. Raises NotFound."""
    match _value("reader", token):
        case [int(reader_id), str(nonce)]:
            reader = _reader(session, reader_id, nonce)
        # Links of mails that were sent before readers had a nonce: they are good for readers of that time alone.
        case int(reader_id):
            reader = _reader(session, reader_id, None)
        case _:
            reader = None
    if reader is None:
        raise NotFound(_UNKNOWN)
    return reader


def confirmation(reader: Reader) -> str:
    """The token that confirms what was asked for at `reader.asked_at`."""
    assert reader.asked_at is not None
    return _tokens("confirm").make([reader.id, reader.nonce, int(reader.asked_at.timestamp())])


def asked(session: Session, token: str, now: datetime) -> Reader:
    """The reader who may be confirmed with `token`, or already was, locked.

    Raises NotFound for what is no token of ours, is over, or asks for less than a newer letter does.
    """
    moment: int | None = None
    match _value("confirm", token):
        case [int(reader_id), str() | None as nonce, int(moment)]:
            reader = _reader(session, reader_id, nonce)
        case int(reader_id):  # as above: a letter of the time before, which no later request has followed
            reader = _reader(session, reader_id, None)
        case _:
            reader = None
    if reader is None:
        raise NotFound(_UNKNOWN)
    if reader.state in ("left", "suppressed"):
        raise NotFound(_NO_LONGER)
    if moment != (int(reader.asked_at.timestamp()) if reader.asked_at else None):
        raise NotFound(_UNKNOWN if reader.state == "pending" else _NO_LONGER)
    if (reader.asked_at or reader.created_at) <= now - CONFIRM_WITHIN:
        raise NotFound(_OVER)
    return reader


def _reader(session: Session, reader_id: int, nonce: str | None) -> Reader | None:
    reader = session.get(Reader, reader_id, with_for_update=db.writes(session))
    return reader if reader is not None and reader.nonce == nonce else None


def _value(purpose: str, token: str) -> Any:
    return _tokens(purpose).read(token) if len(token) < _LONGEST else None


def _tokens(purpose: str) -> Tokens:
    return _made(settings().keys, purpose)


@lru_cache(maxsize=8)
def _made(keys: Sequence[str], purpose: str) -> Tokens:
    return Tokens(keys, purpose)
