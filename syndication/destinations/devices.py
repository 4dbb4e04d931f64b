"""Browsers that asked for notices on the city's page; each is a destination of the personal channel.

Whoever knows a device's endpoint may change it: the address cannot be guessed, and a browser tells it nobody but us.
"""

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlsplit
from uuid import UUID, uuid5

from pydantic import Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from syndication import channels, clock
from syndication.audience import interests
from syndication.config import settings
from syndication.content.base import Value
from syndication.content.bounds import Few
from syndication.content.interest import Interest
from syndication.content.reason import NO_REASON
from syndication.content.topics import Topic
from syndication.destinations.sealed import AnyChannel, columns, encrypt_into, validated
from syndication.errors import Invalid, NotFound, Unavailable
from syndication.infra import db, wakeups
from syndication.kinds.reading import KindName
from syndication.models import Destination, InterestRow

#: Fan-out writes a delivery for each; with so many it takes some seconds, in short transactions.
MOST = 10_000
#: The same browser gets the same row, in whatever process it signs up.
_DEVICES = UUID("5f6f1b0a-7c1d-4b53-9d0e-2a8f6c41e7d9")
_NAME = "Browser"


class DeviceAddress(Value):
    """Where a browser's maker takes messages for it."""

    endpoint: Annotated[str, Field(max_length=1000, pattern=r"^[!-~]+$")]


class DeviceKeys(Value):
    """What messages to a browser are encrypted with (RFC 8291 section 2): a point and a secret, base64url."""

    p256dh: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{87}=?$")]
    auth: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{22}(==)?$")]


class DeviceRequest(DeviceAddress):
    """A browser's subscription, and what its owner wants to hear of; nothing named means everything."""

    keys: DeviceKeys
    kinds: Annotated[tuple[KindName, ...], Few(20)] = ()
    topics: Annotated[tuple[Topic, ...], Few(50)] = ()


@dataclass(frozen=True)
class DeviceState:
    """Whether a device gets notices, and of what."""

    on: bool
    interest: Interest


def public_key() -> str:
    """What a browser subscribes with at its push service; empty where the city offers no notices."""
    return _channel().public_key()


def turn_on(request: DeviceRequest) -> None:
    """Send notices to a device from now on; one that is known gets the new interest and keys, and is active again.

    Raises NotFound where no notices are offered, Invalid, and Unavailable where there are too many devices.
    """
    if not public_key():
        raise NotFound("There are no notices here.")
    _refuse_elsewhere(request.endpoint)
    channel = _channel()
    checked = validated(channel, {"endpoint": request.endpoint, **request.keys.model_dump()})
    with db.transaction() as session:
        interest_id = interests.ensure(session, Interest(kinds=request.kinds, topics=request.topics))
        if _by(session, request.endpoint) is None:
            _refuse_too_many(session, channel)
            new = _new(request.endpoint, channel, interest_id, columns(checked))
            db.insert_new(session, Destination.__table__, [new])
        row = _by(session, request.endpoint)
        assert row is not None
        encrypt_into(row, checked)
        row.interest_id, row.state, row.reason = interest_id, "active", NO_REASON
        row.failures, row.failing_since, row.held_until = 0, None, None
        wakeups.after_commit(session, channel.queue)


def state(address: DeviceAddress) -> DeviceState:
    """Whether a device gets notices, and of what."""
    with db.reading() as session:
        row = _by(session, address.endpoint)
        if row is None or row.state == "disabled":
            return DeviceState(False, Interest())
        return DeviceState(True, interests.load(session.get_one(InterestRow, row.interest_id)))


def turn_off(address: DeviceAddress) -> None:
    """Forget a device with all its deliveries; one that is not known is forgotten already."""
    with db.transaction() as session:
        if (row := _by(session, address.endpoint)) is not None:
            session.delete(row)


def _channel() -> AnyChannel:
    """The one channel to people's devices; a second one would need a page of its own."""
    (found,) = (one for one in channels.CHANNELS if one.personal and one.configurable)
    return found


def _id(endpoint: str) -> UUID:
    return uuid5(_DEVICES, endpoint)


def _by(session: Session, endpoint: str) -> Destination | None:
    return session.get(Destination, _id(endpoint), with_for_update=db.writes(session))


def _new(endpoint: str, channel: AnyChannel, interest_id: int, columns: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": _id(endpoint),
        "merchant_id": None,
        "channel": channel.kind,
        "name": _NAME,
        "interest_id": interest_id,
        "state": "active",
        "reason": NO_REASON,
        "created_at": clock.now(),
        "failures": 0,
        **columns,
    }


def _refuse_elsewhere(endpoint: str) -> None:
    """Anybody may sign up, so that without this anybody could have us call any server."""
    cfg = settings()
    try:
        parts = urlsplit(endpoint)
        host = parts.hostname or ""
    except ValueError as error:
        raise Invalid.field("endpoint", "is not a web address") from error
    if parts.scheme != "https" and not cfg.allow_private_addresses:
        raise Invalid.field("endpoint", "must begin with https://")
    known = (host.endswith(one) if one.startswith(".") else host == one for one in cfg.push_services)
    if not any(known):
        raise Invalid.field("endpoint", "is at no push service of a browser's maker that is known here")


def _refuse_too_many(session: Session, channel: AnyChannel) -> None:
    # Two at once may both take the last place, which does no harm.
    if (session.scalar(select(func.count()).where(Destination.channel == channel.kind)) or 0) >= MOST:
        raise Unavailable(
            "So many devices get notices that there is no room for more. Please tell the operator."
        )
