"""API keys: created, shown once, recognised, revoked."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal, get_args
from uuid import UUID

import structlog
from pydantic import Field
from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.exc import OperationalError

from syndication import clock
from syndication.audit import log
from syndication.audit.log import About
from syndication.content.base import Moment, Value
from syndication.content.bounds import Few
from syndication.content.reason import Reason
from syndication.errors import Conflict, Invalid, NotFound
from syndication.infra import db, signing
from syndication.models import ApiKey, Merchant
from syndication.publishing import merchants
from syndication.publishing.merchants import Name

Scope = Literal[
    "posts:read", "posts:write", "destinations:read", "destinations:write", "deliveries:read", "operator"
]

PREFIX = "syn"
#: The scope that stands for all others, and for admitting merchants and making keys. Only for keys of the city.
OPERATOR: Scope = "operator"
#: What a merchant's key may do where nothing else is asked for.
MERCHANT_SCOPES: tuple[Scope, ...] = tuple(scope for scope in get_args(Scope) if scope != OPERATOR)
#: Keys that are not taken back which a merchant may have by making them itself.
MOST_OWN = 20
#: The last use is written down at most this often, so that reading does not become writing.
_USE_NOTED_EVERY = timedelta(minutes=1)
_SHAPE = re.compile(rf"{PREFIX}_[0-9a-f]{{8}}_[A-Za-z0-9_-]{{43}}")

_log = structlog.get_logger(__name__)


class KeyRequest(Value):
    """What a new key is to be; `scopes` left out means all of a merchant's."""

    name: Annotated[Name, Field(max_length=100)]
    scopes: Annotated[tuple[Scope, ...], Few(len(get_args(Scope)), least=1)] = MERCHANT_SCOPES
    expires_at: Moment | None = None


@dataclass(frozen=True)
class KeyRecord:
    """A key as it may be shown: never its text. Moments are aware, in UTC."""

    id: str
    merchant_slug: str | None
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


@dataclass(frozen=True)
class Created:
    """A new key; `text` is what the holder sends as bearer token and is never to be had again."""

    key: KeyRecord
    text: str


@dataclass(frozen=True)
class Caller:
    """Who is calling: a merchant, or the city where `merchant_id` is None."""

    merchant_id: UUID | None
    key_id: str
    scopes: frozenset[str]
    name: str = ""

    @property
    def is_operator(self) -> bool:
        """Whether this caller may do everything."""
        return self.merchant_id is None and OPERATOR in self.scopes

    def may(self, scope: str) -> bool:
        """Whether this caller holds `scope`."""
        return scope in self.scopes or self.is_operator


def looks_like(text: str) -> bool:
    """Whether a text has the shape of a key; whether it is one, only `authenticate` knows."""
    return _SHAPE.fullmatch(text) is not None


def create(merchant_id: UUID | None, request: KeyRequest) -> Created:
    """A new key for a merchant, or for the city. Raises Invalid, or NotFound for an unknown merchant."""
    now = clock.now()
    if merchant_id is not None and OPERATOR in request.scopes:
        raise Invalid.field("scopes", "may hold operator only for a key of the city, not for a merchant's")
    if request.expires_at is not None and request.expires_at <= now:
        raise Invalid.field("expires_at", "must lie in the future")
    fresh = signing.new_api_key(PREFIX)
    with db.transaction() as session:
        merchant = session.get(Merchant, merchant_id) if merchant_id else None
        if merchant_id is not None and merchant is None:
            raise NotFound("There is no such merchant.")
        row = ApiKey(
            id=fresh.id,
            merchant_id=merchant_id,
            name=request.name,
            digest=fresh.digest,
            created_at=now,
            scopes=sorted(set(request.scopes)),
            expires_at=request.expires_at,
            revoked_at=None,
            last_used_at=None,
        )  # fmt: skip -- one glance shows every column
        session.add(row)
        log.record(session, "key.made", _about(row), merchant_id=merchant_id, scopes=row.scopes)
        return Created(_record(row, merchant), fresh.text)


def create_own(merchant_id: UUID, request: KeyRequest) -> Created:
    """A new key that a merchant makes for itself. Raises Forbidden where it may set up nothing, Conflict at the limit."""
    with db.transaction() as session:
        merchant = merchants.require(session, merchant_id, "set up")
        # Locked, so that two requests at once do not both take the last place.
        session.get(Merchant, merchant_id, with_for_update=True)
        mine = select(func.count()).where(ApiKey.merchant_id == merchant_id, ApiKey.revoked_at.is_(None))
        if merchant is not None and (session.scalar(mine) or 0) >= MOST_OWN:
            raise Conflict(
                Reason(
                    "{} has {} keys, the most there may be. Please take one back first.",
                    merchant.name,
                    MOST_OWN,
                )
            )
        return create(merchant_id, request)


def authenticate(text: str) -> Caller | None:
    """The holder of the key `text`; None where it is unknown, revoked or expired."""
    if not _SHAPE.fullmatch(text):
        return None
    now = clock.now()
    with db.reading() as session:
        row = session.get(ApiKey, signing.key_id(text))
    if row is None or not signing.same(row.digest, signing.key_digest(text)):
        return None
    if row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= now):
        return None
    if row.last_used_at is None or row.last_used_at <= now - _USE_NOTED_EVERY:
        _note_use(row.id, now)
    return Caller(row.merchant_id, row.id, frozenset(row.scopes), row.name)


def revoke(key_id: str, *, owner: UUID | None = None) -> KeyRecord:
    """Take a key back, at once and for good; doing it again changes nothing. Raises NotFound.

    With `owner` only where it is that merchant's.
    """
    with db.transaction() as session:
        row = session.get(ApiKey, key_id)
        if row is None or (owner is not None and row.merchant_id != owner):
            raise NotFound("There is no such key.")
        if row.revoked_at is None:
            row.revoked_at = clock.now()
            log.record(session, "key.revoked", _about(row), merchant_id=row.merchant_id)
        return _record(row, session.get(Merchant, row.merchant_id) if row.merchant_id else None)


def listed(merchant_id: UUID | None = None) -> list[KeyRecord]:
    """All keys, or one merchant's, newest first; revoked ones too, so that the past can be read."""
    return _listed(*([] if merchant_id is None else [ApiKey.merchant_id == merchant_id]))


def of_city() -> list[KeyRecord]:
    """The keys that are no merchant's, newest first; revoked ones too."""
    return _listed(ApiKey.merchant_id.is_(None))


def of_merchants(limit: int) -> list[tuple[str, KeyRecord]]:
    """Keys of merchants that were not taken back, newest first, each with the merchant's name."""
    statement = (
        select(ApiKey, Merchant)
        .join(Merchant, Merchant.id == ApiKey.merchant_id)
        .where(ApiKey.revoked_at.is_(None))
        .order_by(ApiKey.created_at.desc(), ApiKey.id)
        .limit(limit)
    )
    with db.reading() as session:
        return [(merchant.name, _record(row, merchant)) for row, merchant in session.execute(statement)]


def _listed(*conditions: ColumnElement[bool]) -> list[KeyRecord]:
    statement = (
        select(ApiKey, Merchant)
        .outerjoin(Merchant, Merchant.id == ApiKey.merchant_id)
        .where(*conditions)
        .order_by(ApiKey.created_at.desc(), ApiKey.id)
    )
    with db.reading() as session:
        return [_record(row, merchant) for row, merchant in session.execute(statement)]


def _note_use(key_id: str, now: datetime) -> None:
    stale = or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at <= now - _USE_NOTED_EVERY)
    try:
        with db.transaction() as session:
            session.execute(update(ApiKey).where(ApiKey.id == key_id, stale).values(last_used_at=now))
    except OperationalError as error:
        # A full disk or a busy database must not keep a known caller from reading.
        _log.warning("key.use_not_noted", key_id=key_id, error=type(error).__name__)


def _about(row: ApiKey) -> About:
    return About("key", row.id, row.name)


def _record(row: ApiKey, merchant: Merchant | None) -> KeyRecord:
    return KeyRecord(
        id=row.id,
        merchant_slug=merchant.slug if merchant else None,
        name=row.name,
        scopes=tuple(row.scopes),
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
    )  # fmt: skip -- a row for a row
