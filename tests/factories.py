"""Small ways to put a merchant, post, destination or reader into the tables of a test."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.orm import Session

from syndication import clock
from syndication.audience import interests
from syndication.config import settings
from syndication.content.interest import Interest
from syndication.content.post import Content, Draft
from syndication.infra import signing
from syndication.kinds.reading import draft, made
from syndication.models import Destination, Merchant, Reader
from syndication.publishing import posts

KEYS = ("a key of a test city that is long enough",)


def merchant(session: Session, slug: str = "cafe", **fields: Any) -> Merchant:
    """An admitted merchant."""
    values: dict[str, Any] = {
        "slug": slug,
        "name": slug.title(),
        "email": f"{slug}@merchant.example",
        "address": "Markt 1, 96450 Coburg",
        "state": "admitted",
        "created_at": clock.now(),
        "admitted_at": clock.now(),
        "posts_per_day": 1000,
    }
    row = Merchant(**values | fields)
    session.add(row)
    session.flush()
    return row


def event(title: str = "Weinabend", *, days: float = 7, **fields: Any) -> Draft:
    """The draft of an event that begins `days` from now."""
    starts = clock.now() + timedelta(days=days)
    return draft({"kind": "event", "title": title, "starts_at": starts.isoformat(), **fields})


def evening(title: str = "Weinabend", *, days: int, **fields: Any) -> Draft:
    """The draft of an event that begins at 19:30 so many days from today, whatever time it is now."""
    day = clock.now().astimezone(settings().zone) + timedelta(days=days)
    starts = day.replace(hour=19, minute=30, second=0, microsecond=0)
    return draft({"kind": "event", "title": title, "starts_at": starts.isoformat(), **fields})


def offer(title: str = "Kaffee zum halben Preis", *, days: float | None = 7, **fields: Any) -> Draft:
    """The draft of an offer that ends `days` from now; None: never."""
    end = {} if days is None else {"valid_until": (clock.now() + timedelta(days=days)).isoformat()}
    return draft({"kind": "offer", "title": title, **end, **fields})


def content(**fields: Any) -> Content:
    """The content of an event, as channels get it."""
    starts = fields.pop("starts_at", datetime.fromisoformat("2026-08-15T17:00:00+02:00"))
    return made(**{"kind": "event", "title": "Weinabend", "starts_at": starts, **fields})


def post(merchant_id: UUID, one: Draft | None = None) -> posts.PostRecord:
    """A post created through the service."""
    return posts.create(merchant_id, one or event())


def destination(session: Session, channel: str = "webhook", **fields: Any) -> Destination:
    """An active destination, the city's unless `merchant_id` is given; `settings` and `secrets` are plain."""
    secrets = fields.pop("secrets", {})
    interest = fields.pop("interest", Interest())
    values: dict[str, Any] = {
        "channel": channel,
        "name": f"the {channel}",
        "settings": {},
        "secrets": signing.Box(KEYS).close(secrets),
        "interest_id": interests.ensure(session, interest),
        "state": "active",
        "created_at": clock.now(),
        "failures": 0,
    }
    row = Destination(**values | fields)
    session.add(row)
    session.flush()
    return row


def readers(session: Session, emails: Sequence[str]) -> None:
    """Many such readers at once."""
    one = reader(session, emails[0])
    row = {column.key: getattr(one, column.key) for column in Reader.__mapper__.column_attrs}
    for own in ("id", "email", "mailbox", "nonce"):
        del row[own]
    more = [row | {"email": email} for email in emails[1:]]
    if more:
        session.execute(insert(Reader), more)


def reader(session: Session, email: str = "reader@example.org", **fields: Any) -> Reader:
    """A confirmed reader who hears instantly unless `cadence` says otherwise."""
    interest = fields.pop("interest", Interest())
    values: dict[str, Any] = {
        "email": email,
        "language": "de",
        "interest_id": interests.ensure(session, interest),
        "cadence": "instantly",
        "state": "confirmed",
        "created_at": clock.now(),
        "confirmed_at": clock.now(),
        "covered_until": clock.now() - timedelta(seconds=1),
        "next_slot_at": None,
    }
    row = Reader(**values | fields)
    session.add(row)
    session.flush()
    return row
