"""Connect links as rows: found by token, usable once, and ended together with whoever made them."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from syndication import clock
from syndication.audit import log
from syndication.audit.log import About
from syndication.config import settings
from syndication.errors import NotFound
from syndication.infra import db
from syndication.infra.signing import Box
from syndication.models import ApiKey, ConnectLink, Destination, Merchant
from syndication.publishing import merchants

#: How long a link is good unless it is asked for longer, how long at most, and how long one in a letter, which is read
#: days after it was written.
USUAL, LONGEST, IN_LETTER = timedelta(hours=1), timedelta(days=8), timedelta(days=8)
#: How long somebody may take at the network, and how long a second press of the button ends well.
WAY = timedelta(hours=1)
#: How long a link that is over can still be looked up.
_KEPT = timedelta(days=30)
#: Ways to the network that may be open at once: a form that was sent twice began two.
_MOST_WAYS = 5
OLD = "This link is no longer good. Please ask for a new one."

State = Literal["open", "used", "ended"]


@dataclass(frozen=True)
class Maker:
    """Who makes a link: a holder of a key, somebody at the command line or at their desk, or a letter of ours."""

    by: Literal["key", "command", "letter", "person"]
    key_id: str | None = None


COMMAND, LETTER, PERSON = Maker("command"), Maker("letter"), Maker("person")


@dataclass(frozen=True)
class Link:
    """An address that the owner opens in a browser, and until when it is good (UTC). It is told this one time."""

    id: UUID
    url: str
    until: datetime


@dataclass(frozen=True)
class LinkRecord:
    """A link as it may be shown: never its address. Moments are aware, in UTC."""

    id: UUID
    state: State
    channel: str
    name: str
    merchant_slug: str | None
    destination_id: UUID
    renews: bool
    made_by: str
    key_id: str | None
    made_at: datetime
    ends_at: datetime
    used_at: datetime | None


def make(
    session: Session,
    maker: Maker,
    *,
    merchant_id: UUID | None,
    destination_id: UUID,
    renews: bool,
    channel: str,
    name: str,
    interest: Mapping[str, Any],
    known: Mapping[str, Any],
    good_for: timedelta,
) -> Link:
    """A new link. One in a letter ends those of earlier letters about the same outlet."""
    now, token = clock.now(), secrets.token_urlsafe(32)
    if maker is LETTER:
        earlier = (ConnectLink.destination_id == destination_id, ConnectLink.made_by == LETTER.by)
        session.execute(
            update(ConnectLink).where(*earlier, ConnectLink.ended_at.is_(None)).values(ended_at=now)
        )
    row = ConnectLink(
        digest=digest(token),
        merchant_id=merchant_id,
        destination_id=destination_id,
        renews=renews,
        channel=channel,
        name=name,
        interest=dict(interest),
        known=_box("connect link").close(known),
        made_by=maker.by,
        key_id=maker.key_id,
        made_at=now,
        ends_at=now + good_for,
        browser="",
        ways=[],
    )  # fmt: skip -- one glance shows every column
    session.add(row)
    session.flush()  # the caller is told its id
    if maker is not LETTER:  # which are written by themselves
        log.record(
            session,
            "link.made",
            About("link", row.id, name),
            merchant_id=merchant_id,
            channel=channel,
            renews=renews,
        )
    return Link(row.id, f"{settings().base_url}/connect/{token}", row.ends_at)


def find(session: Session, token: str) -> ConnectLink:
    """The link behind an address, in whatever state. Raises NotFound where there is none."""
    row = session.scalars(select(ConnectLink).where(ConnectLink.digest == digest(token))).one_or_none()
    if row is None:
        raise NotFound(OLD)
    return row


def locked(session: Session, link_id: UUID) -> ConnectLink:
    """A link by its id, for this transaction alone. Raises NotFound where there is none."""
    row = session.get(ConnectLink, link_id, with_for_update=True)
    if row is None:
        raise NotFound(OLD)
    return row


def refuse_closed(session: Session, row: ConnectLink) -> None:
    """Raise NotFound for a link that was used, has ended, or whose maker, merchant or outlet has."""
    if _state(session, row, clock.now()) != "open":
        raise NotFound(OLD)


def closed_or_used_here(session: Session, row: ConnectLink, nonce: str) -> bool:
    """Whether this browser used the link a moment ago. Raises NotFound for one that is closed to whoever asks."""
    if used_here(session, row, nonce):
        return True
    try:
        refuse_closed(session, row)
    except NotFound:
        # It may have been used between two looks: then what closed it is the press before this one.
        session.refresh(row)
        if used_here(session, row, nonce):
            return True
        raise
    return False


def used_here(session: Session, row: ConnectLink, nonce: str) -> bool:
    """Whether the browser that keeps `nonce` used this link a moment ago, and the outlet still stands."""
    fresh = row.used_at is not None and clock.now() - row.used_at < WAY
    same = bool(nonce) and hmac.compare_digest(row.browser, digest(nonce))
    return fresh and same and session.get(Destination, row.destination_id) is not None


def known(row: ConnectLink) -> dict[str, Any]:
    """What the sender filled in. Raises NotFound where no key opens it any more."""
    try:
        return _box("connect link").open(row.known)
    except ValueError as error:
        raise NotFound(OLD) from error


def begin_way(link_id: UUID) -> str:
    """A new way to the network; what is returned travels there and back, and is good once. Raises NotFound."""
    way = secrets.token_urlsafe(18)
    with db.transaction() as session:
        row = locked(session, link_id)
        refuse_closed(session, row)
        row.ways = [*row.ways, digest(way)][-_MOST_WAYS:]
    return way


def end_way(session: Session, row: ConnectLink, way: str) -> None:
    """Walk a way back, for the one time. Raises NotFound for one that was walked, or never begun."""
    if digest(way) not in row.ways:
        raise NotFound(OLD)
    row.ways = [one for one in row.ways if one != digest(way)]


def use(row: ConnectLink, nonce: str) -> None:
    """Note that the outlet was connected: the link opens nothing more."""
    row.used_at, row.browser, row.ways = clock.now(), digest(nonce), []


def listed(*, owner: UUID | None = None, after: UUID | None = None, limit: int = 50) -> list[LinkRecord]:
    """Links of one merchant, or all, newest first; `after` is the id of the last one already seen."""
    statement = select(ConnectLink).order_by(ConnectLink.id.desc()).limit(limit)
    if owner is not None:
        statement = statement.where(ConnectLink.merchant_id == owner)
    if after is not None:
        statement = statement.where(ConnectLink.id < after)
    with db.reading() as session:
        now = clock.now()
        return [_record(session, row, now) for row in session.scalars(statement)]


def end(link_id: UUID, *, owner: UUID | None = None) -> None:
    """End a link, at once and for good; doing it again changes nothing. Raises NotFound."""
    with db.transaction() as session:
        row = session.get(ConnectLink, link_id, with_for_update=True)
        if row is None or (owner is not None and row.merchant_id != owner):
            raise NotFound("There is no such link.")
        merchants.require(session, owner, "end link")
        if row.ended_at is None:
            row.ended_at = clock.now()
            log.record(session, "link.ended", About("link", row.id, row.name), merchant_id=row.merchant_id)


def sweep() -> None:
    """Forget the links that have been over for a month."""
    with db.transaction() as session:
        over = func.coalesce(ConnectLink.used_at, ConnectLink.ended_at, ConnectLink.ends_at)
        session.execute(delete(ConnectLink).where(over < clock.now() - _KEPT))


def digest(text: str) -> str:
    """What is kept of a token, a way or a browser's nonce: 256 bits, so that a fast hash is enough."""
    return hashlib.sha256(text.encode()).hexdigest()


def _state(session: Session, row: ConnectLink, now: datetime) -> State:
    if row.used_at is not None:
        return "used"
    over = row.ended_at is not None or row.ends_at <= now
    return "ended" if over or not _stands(session, row, now) else "open"


def _stands(session: Session, row: ConnectLink, now: datetime) -> bool:
    """Whether all that a link hangs on is still there: the key, the merchant's leave, the outlet that it renews."""
    if row.made_by == "key":
        key = session.get(ApiKey, row.key_id) if row.key_id else None
        if (
            key is None
            or key.revoked_at is not None
            or (key.expires_at is not None and key.expires_at <= now)
        ):
            return False
    if row.merchant_id is not None:
        merchant = session.get(Merchant, row.merchant_id)
        if merchant is None or not merchants.may(merchant, "connect"):
            return False
    outlet = session.get(Destination, row.destination_id)
    return outlet is not None and outlet.merchant_id == row.merchant_id if row.renews else outlet is None


def _record(session: Session, row: ConnectLink, now: datetime) -> LinkRecord:
    merchant = session.get(Merchant, row.merchant_id) if row.merchant_id else None
    return LinkRecord(
        id=row.id,
        state=_state(session, row, now),
        channel=row.channel,
        name=row.name,
        merchant_slug=merchant.slug if merchant else None,
        destination_id=row.destination_id,
        renews=row.renews,
        made_by=row.made_by,
        key_id=row.key_id,
        made_at=row.made_at,
        ends_at=row.ends_at,
        used_at=row.used_at,
    )  # fmt: skip -- a row for a row


def _box(purpose: str) -> Box:
    return Box(settings().keys, purpose)
