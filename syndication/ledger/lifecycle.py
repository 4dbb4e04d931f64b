"""Creates the rows of deliveries, and ends those that will not be sent."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Update, literal, null, update
from sqlalchemy.orm import QueryableAttribute, Session

from syndication.channels.contract import Channel
from syndication.content.reason import NO_REASON, Reason
from syndication.models import Delivery

_COLUMNS = Delivery.__table__.c


def row(
    channel: Channel[Any, Any] | type[Channel[Any, Any]],
    key: Any,
    now: datetime,
    *,
    destination_id: UUID | None = None,
    reader_id: Any = None,
    person_id: UUID | None = None,
    change_id: int | None = None,
    edition_id: int | None = None,
    post_id: UUID | None = None,
    due_at: datetime | None = None,
    over_at: datetime | None = None,
    state: str = "waiting",
    reason: Reason = NO_REASON,
    payload: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The columns of a new delivery by this channel, for one destination, reader or person; due now or at `due_at`.

    `key` is what fan-out and receivers know a repeat by; from `over_at` on it is not sent any more (None: never too late).
    `key` and `reader_id` may be expressions where the rows come from a SELECT, see `selected`.
    """
    made = {
        "key": key,
        "channel": channel.kind,
        "queue": channel.queue,
        "priority": channel.priority,
        "destination_id": destination_id,
        "reader_id": reader_id,
        "person_id": person_id,
        "change_id": change_id,
        "edition_id": edition_id,
        "post_id": post_id,
        "state": state,
        "created_at": now,
        "due_at": now if due_at is None else due_at,
        "over_at": over_at,
        "attempts": 0,
        "reason": reason,
    }
    # A JSON column takes None for the JSON value null, which is not the same as nothing.
    return made if payload is None else {**made, "payload": dict(payload)}


def selected(made: Mapping[str, Any]) -> dict[str, Any]:
    """A row of `row` as columns of a SELECT."""
    return {name: _expression(name, value) for name, value in made.items()}


def _expression(name: str, value: Any) -> Any:
    if isinstance(value, ColumnElement | QueryableAttribute):
        return value
    return null() if value is None else literal(value, _COLUMNS[name].type)


def ending(*where: ColumnElement[bool], state: str, reason: Reason) -> Update:
    """The statement by which what waits, and is `where`, ends as dropped or failed, and why."""
    return (
        update(Delivery)
        .where(*where, Delivery.state == "waiting")
        .values(state=state, reason=reason)
        .execution_options(synchronize_session=False)
    )


def end(session: Session, *where: ColumnElement[bool], state: str, reason: Reason) -> int:
    """End what waits and is `where` as dropped or failed; returns how many."""
    ended = session.execute(ending(*where, state=state, reason=reason))
    return int(ended.rowcount)  # type: ignore[attr-defined]  # an UPDATE has it
