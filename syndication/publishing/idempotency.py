"""Gives a repeated request the answer of the first one (draft-ietf-httpapi-idempotency-key-header-07)."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from syndication import clock
from syndication.config import settings
from syndication.errors import Conflict, Invalid
from syndication.infra import db
from syndication.infra.signing import Box
from syndication.models import IdempotencyKey

#: How long an answer is kept.
KEPT = timedelta(hours=24)
#: How long a repeat waits for the first request before it is told that this one is in flight (milliseconds).
_PATIENCE = 2000
#: Rows deleted in one transaction of the sweep.
_CHUNK = 1000
#: PostgreSQL's lock_not_available.
_LOCKED = "55P03"


class InFlight(Conflict):
    """The first request with this key is still being worked on; the same request may be sent again in a moment."""


@dataclass(frozen=True)
class Answer:
    """What a request led to; `replayed` where it was not worked on again."""

    status: int
    body: dict[str, Any]
    replayed: bool


def fingerprint(*parts: Any) -> str:
    """A digest that is equal for requests that ask for the same; `parts` are JSON types."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def once(owner: str, key: str, mark: str, work: Callable[[], tuple[int, dict[str, Any]]]) -> Answer:
    """The answer of `work` (status and JSON body), or the one given before to the same key of this owner.

    `work` joins the transaction in which its answer is kept: both happen or neither. An error keeps nothing, so the
    request can be corrected and sent again. Raises Invalid where the key was used with another fingerprint `mark`,
    and InFlight.
    """
    with db.transaction() as session:
        if not _claimed(session, owner, key, mark):
            return _given_before(session, owner, key, mark)
        status, body = work()
        row = session.get_one(IdempotencyKey, (owner, key))
        # Sealed, because an answer may show a secret that is kept nowhere else in clear.
        row.status, row.body = status, {"sealed": _box().close(body)}
        return Answer(status, body, replayed=False)


def sweep() -> int:
    """Delete answers that are older than 24 hours; returns how many."""
    deleted = 0
    while True:
        with db.transaction() as session:
            old = session.execute(
                select(IdempotencyKey.owner, IdempotencyKey.key)
                .where(IdempotencyKey.created_at < clock.now() - KEPT)
                .limit(_CHUNK)
            ).all()
            for owner, key in old:
                session.execute(
                    delete(IdempotencyKey).where(IdempotencyKey.owner == owner, IdempotencyKey.key == key)
                )
        deleted += len(old)
        if len(old) < _CHUNK:
            return deleted


def _claimed(session: Session, owner: str, key: str, mark: str) -> bool:
    """Whether this transaction is the first to hold the key. Another that holds it is waited for, a moment."""
    now = clock.now()
    mine = (IdempotencyKey.owner == owner, IdempotencyKey.key == key)
    row = {"owner": owner, "key": key, "fingerprint": mark, "status": None, "body": None, "created_at": now}
    patient = (
        session.get_bind().dialect.name == "postgresql"
    )  # SQLite has one writer at a time and waits by itself
    try:
        if patient:
            session.execute(text(f"SET LOCAL lock_timeout = {_PATIENCE}"))
        session.execute(delete(IdempotencyKey).where(*mine, IdempotencyKey.created_at < now - KEPT))
        new = db.insert_new(session, IdempotencyKey.__table__, [row])
        if patient:
            session.execute(text("SET LOCAL lock_timeout = DEFAULT"))
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) == _LOCKED:
            raise InFlight("The first request with this Idempotency-Key is still being worked on.") from error
        raise
    return new == 1


def _given_before(session: Session, owner: str, key: str, mark: str) -> Answer:
    row = session.get_one(IdempotencyKey, (owner, key))
    if row.fingerprint != mark:
        raise Invalid.field(
            "Idempotency-Key", "was already used for another request; please choose a new one"
        )
    if row.status is None or row.body is None:
        raise InFlight("The first request with this Idempotency-Key is still being worked on.")
    return Answer(row.status, _box().open(row.body["sealed"]), replayed=True)


def _box() -> Box:
    return Box(settings().keys)
