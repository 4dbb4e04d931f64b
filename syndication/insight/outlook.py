"""Says of deliveries in a listing what each tells of, and when it is tried next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from syndication.infra import db
from syndication.insight.ledger import DeliveryRow
from syndication.models import Delivery, Destination, EditionPost, Post, Revision


@dataclass(frozen=True)
class Outlook:
    """What a delivery tells of, as its listing says it; and its next try (UTC), None where there is none.

    `closed`: what waits is tried when somebody resumes its outlet, not by itself.
    """

    title: str
    next_try_at: datetime | None
    closed: bool


def outlooks(rows: Sequence[DeliveryRow]) -> dict[int, Outlook]:
    """The outlook of each, by its id. A post has the title of today; an edition that of its newest, and how many more."""
    with db.reading() as session:
        posts = _titles(session, {row.post_id for row in rows if row.post_id})
        editions = _editions(session, {row.edition_id for row in rows if row.edition_id})
        others = _others(session, [row.id for row in rows if not (row.post_id or row.edition_id)])
        doors = _doors(session, {row.destination_id for row in rows if row.destination_id})
    found = {}
    for row in rows:
        title = (
            posts.get(row.post_id, "")
            if row.post_id
            else editions.get(row.edition_id, "")
            if row.edition_id
            else others.get(row.id, "")
        )
        found[row.id] = Outlook(title, *_next(row, *doors.get(row.destination_id, ("active", None))))
    return found


def _next(row: DeliveryRow, outlet: str, held_until: datetime | None) -> tuple[datetime | None, bool]:
    if row.state != "waiting":
        return None, False
    if outlet != "active":
        return None, True
    return max(filter(None, (row.due_at, held_until))), False


def _titles(session: Session, ids: set[Any]) -> dict[Any, str]:
    if not ids:
        return {}
    current = (Revision.post_id == Post.id) & (Revision.number == Post.revision)
    found = session.execute(select(Post.id, Revision.content).join(Revision, current).where(Post.id.in_(ids)))
    return {identity: str(content["title"]) for identity, content in found}


def _editions(session: Session, ids: set[Any]) -> dict[Any, str]:
    if not ids:
        return {}
    statement = (
        select(EditionPost.edition_id, EditionPost.post_id)
        .where(EditionPost.edition_id.in_(ids))
        .order_by(EditionPost.post_id.desc())
    )
    of: dict[int, list[Any]] = {}
    for edition, post in session.execute(statement):
        of.setdefault(edition, []).append(post)
    titles = _titles(session, {posts[0] for posts in of.values()})
    return {
        edition: titles.get(posts[0], "") + (f" and {len(posts) - 1} more" if len(posts) > 1 else "")
        for edition, posts in of.items()
    }


def _others(session: Session, ids: list[int]) -> dict[int, str]:
    """What tells of no post: of its payload only the sort of message is shown, for it may hold addresses and links."""
    if not ids:
        return {}
    found = session.execute(select(Delivery.id, Delivery.payload).where(Delivery.id.in_(ids)))
    return {identity: _sort(payload or {}) for identity, payload in found}


def _sort(payload: dict[str, Any]) -> str:
    if letter := payload.get("letter"):
        return f"letter: {str(letter).replace('_', ' ')}"
    return "a test" if payload.get("test") else ""


def _doors(session: Session, ids: set[Any]) -> dict[Any, tuple[str, datetime | None]]:
    if not ids:
        return {}
    statement = select(Destination.id, Destination.state, Destination.held_until).where(
        Destination.id.in_(ids)
    )
    return {identity: (state, held) for identity, state, held in session.execute(statement)}
