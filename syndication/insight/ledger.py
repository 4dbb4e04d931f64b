"""Lists deliveries: what went where, what did not and why, and what needs a person."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, or_, select

from syndication.content.base import Record
from syndication.content.reason import Reason
from syndication.errors import NotFound
from syndication.infra import db
from syndication.ledger.selection import Selection
from syndication.models import Attempt, Change, DeadLetter, Delivery, Destination, Merchant, Post, Revision

#: Rows looked at in one go for those of one cause, and how often for one page.
_LOOKED_AT, _MOST_LOOKS = 500, 10
#: States that a person should look at: nothing more happens by itself.
TROUBLED = ("failed", "unconfirmed")


@dataclass(frozen=True)
class Filters:
    """Which deliveries to list; None or empty narrows nothing. Moments are aware and bound `created_at`."""

    states: Sequence[str] = ()
    channel: str | None = None
    destination_id: UUID | None = None
    merchant: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class DeliveryRow:
    """One delivery. A reader's address is never in it; moments are aware, in UTC."""

    id: int
    key: str
    channel: str
    queue: str
    state: str
    reason: Reason
    destination_id: UUID | None
    destination: str | None
    reader_id: int | None
    merchant: str | None
    post_id: UUID | None
    action: str | None
    revision: int | None
    edition_id: int | None
    created_at: datetime
    due_at: datetime
    sent_at: datetime | None
    over_at: datetime | None
    attempts: int
    reference: str | None
    #: Where people see it at the outlet.
    link: str | None


class AttemptRow(Record):
    """One try: when (UTC), for how long (milliseconds), with what outcome, and what the remote said."""

    at: datetime
    duration: int
    outcome: str
    reason: Reason
    code: int | None
    answer: str
    trigger: str


@dataclass(frozen=True)
class MessageRow:
    """A message from the queue that could not become a post."""

    id: int
    source: str
    reason: Reason
    created_at: datetime
    payload: str


def deliveries(
    filters: Filters | None = None, *, limit: int = 50, before: int | None = None
) -> list[DeliveryRow]:
    """Deliveries, newest first; `before` is the id of the last one already seen."""
    wanted = filters or Filters()
    statement = _rows().order_by(Delivery.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(Delivery.id < before)
    if wanted.states:
        # Where nearly all rows match, walking down the ids finds a page at once; the index would sort a million.
        state = func.coalesce(Delivery.state, "") if "sent" in wanted.states else Delivery.state
        statement = statement.where(state.in_(wanted.states))
    pairs: tuple[tuple[Any, Any], ...] = (
        (Delivery.channel, wanted.channel),
        (Delivery.destination_id, wanted.destination_id),
    )
    statement = statement.where(*(column == value for column, value in pairs if value is not None))
    if wanted.merchant is not None:
        statement = statement.where(Merchant.slug == wanted.merchant)
    if wanted.since is not None:
        statement = statement.where(Delivery.created_at >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(Delivery.created_at < wanted.until)
    with db.reading() as session:
        return [DeliveryRow(*row) for row in session.execute(statement)]


def matching(
    wanted: Selection, *, limit: int = 50, before: int | None = None
) -> tuple[list[DeliveryRow], int | None]:
    """Deliveries of a selection, newest first, and the id behind which there may be more (None: there are none).

    A cause is compared here, so a page may hold fewer than `limit` where it is rare among very many.
    """
    found: list[int] = []
    # Where nearly all rows match, walking down the ids finds a page at once, and the index would sort a million; where few do,
    # it is the other way round. Neither database knows which, so one of the two indexes is hidden from it.
    many = not wanted.states or bool(set(wanted.states) & {"sent", "dropped"})
    state = func.coalesce(Delivery.state, "") if many else Delivery.state
    order = Delivery.id if many else Delivery.id + 0
    statement = select(Delivery.id, Delivery.reason).where(*replace(wanted, states=()).where())
    if wanted.states:
        statement = statement.where(state.in_(wanted.states))
    size = max(limit + 1, _LOOKED_AT if wanted.cause else 0)
    with db.reading() as session:
        for _ in range(_MOST_LOOKS):
            here = statement if before is None else statement.where(Delivery.id < before)
            rows = session.execute(here.order_by(order.desc()).limit(size)).all()
            found += [identity for identity, reason in rows if wanted.alike(reason)]
            before = rows[-1][0] if len(rows) == size else None
            if before is None or len(found) > limit:
                break
        shown = found[:limit]
        # Joined for what is shown alone.
        whole = _rows().where(Delivery.id.in_(shown)).order_by(Delivery.id.desc())
        more = shown[-1] if len(found) > limit else before
        return [DeliveryRow(*row) for row in session.execute(whole)], more


def titles(rows: Iterable[DeliveryRow]) -> dict[UUID, str]:
    """What the posts of these deliveries are called now."""
    current = (Revision.post_id == Post.id) & (Revision.number == Post.revision)
    chosen = Post.id.in_({row.post_id for row in rows if row.post_id is not None})
    with db.reading() as session:
        found = session.execute(select(Post.id, Revision.content).join(Revision, current).where(chosen))
        return {post_id: str(content["title"]) for post_id, content in found}


def delivery(delivery_id: int) -> DeliveryRow:
    """One delivery. Raises NotFound."""
    with db.reading() as session:
        row = session.execute(_rows().where(Delivery.id == delivery_id)).one_or_none()
    if row is None:
        raise NotFound(f"There is no delivery {delivery_id}.")
    return DeliveryRow(*row)


def attempts(delivery_id: int) -> list[AttemptRow]:
    """The tries of a delivery, in their order."""
    columns = (
        Attempt.at,
        Attempt.duration,
        Attempt.outcome,
        Attempt.reason,
        Attempt.code,
        Attempt.answer,
        Attempt.trigger,
    )
    with db.reading() as session:
        found = session.execute(
            select(*columns).where(Attempt.delivery_id == delivery_id).order_by(Attempt.id)
        )
        return [AttemptRow(**dict(zip(AttemptRow.model_fields, row, strict=True))) for row in found]


def troubled(*, limit: int = 50) -> list[DeliveryRow]:
    """Deliveries that were given up, or whose fate is unknown; newest first."""
    return deliveries(Filters(states=TROUBLED), limit=limit)


def messages(*, limit: int = 50) -> list[MessageRow]:
    """Messages from the queue that could not become a post; newest first."""
    with db.reading() as session:
        found = session.scalars(select(DeadLetter).order_by(DeadLetter.id.desc()).limit(limit))
        return [MessageRow(row.id, row.source, row.reason, row.created_at, row.payload) for row in found]


def message(message_id: int) -> MessageRow:
    """One such message. Raises NotFound."""
    with db.reading() as session:
        row = session.get(DeadLetter, message_id)
    if row is None:
        raise NotFound(f"There is no dead message {message_id}.")
    return MessageRow(row.id, row.source, row.reason, row.created_at, row.payload)


def _rows() -> Select[*tuple[Any, ...]]:
    """Deliveries in the order of DeliveryRow's fields; the merchant is the post's, else the outlet's."""
    return (
        select(
            Delivery.id,
            Delivery.key,
            Delivery.channel,
            Delivery.queue,
            Delivery.state,
            Delivery.reason,
            Delivery.destination_id,
            Destination.name,
            Delivery.reader_id,
            Merchant.slug,
            Delivery.post_id,
            Change.action,
            Change.revision,
            Delivery.edition_id,
            Delivery.created_at,
            Delivery.due_at,
            Delivery.sent_at,
            Delivery.over_at,
            Delivery.attempts,
            Delivery.reference,
            Delivery.link,
        )
        .outerjoin(Destination, Destination.id == Delivery.destination_id)
        .outerjoin(Change, Change.id == Delivery.change_id)
        .outerjoin(Post, Post.id == Delivery.post_id)
        .outerjoin(
            Merchant,
            or_(
                Merchant.id == Post.merchant_id,
                Delivery.post_id.is_(None) & (Merchant.id == Destination.merchant_id),
            ),
        )
    )
