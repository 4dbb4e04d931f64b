"""Connecting an outlet: a link for its owner, who logs in at the network, or types in the access and has it tried."""

import contextlib
import hashlib
import hmac
import secrets
from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import quote, urlsplit
from uuid import UUID

from pydantic import Field, ValidationError
from pydantic.fields import FieldInfo
from sqlalchemy.exc import IntegrityError

from syndication import channels, clock
from syndication.addresses import origin
from syndication.channels.base import Verdict
from syndication.channels.connector import Connector, Site
from syndication.channels.doors import Tools
from syndication.channels.social.oauth import registered
from syndication.config import settings
from syndication.content import Interest, Value, faults_of, new_id
from syndication.destinations import owned
from syndication.destinations.sealed import AnyChannel, checked_by
from syndication.destinations.values import (
    DestinationAmendment,
    DestinationRecord,
    DestinationRequest,
    GivenSettings,
)
from syndication.errors import Conflict, Invalid, NotFound
from syndication.merchants import Name
from syndication.models import Destination
from syndication.signing import Box

#: How long a link for the owner is good, and how long they may take at the network.
LINK, WAY = timedelta(days=8), timedelta(hours=1)
_OLD = "This link is no longer good. Please ask for a new one."
_OTHER_BROWSER = "This browser did not begin here. Please open the link once more."


class ConnectionRequest(Value):
    """An outlet whose owner will log in at its network, or type in the access."""

    channel: str = Field(max_length=40, examples=["mastodon"])
    name: Name
    interest: Interest = Interest()
    settings: GivenSettings = Field(
        default_factory=dict, description="What is known already, so that the owner is not asked for it."
    )


class Wish(Value):
    """What a link is for: a new outlet, or a new access for one that exists; and whose it is.

    A new outlet has its id already, so that a link that is used twice makes one outlet and not two.
    """

    new: ConnectionRequest | None = None
    identity: UUID | None = None
    renew: UUID | None = None
    merchant_id: UUID | None = None


@dataclass(frozen=True)
class Link:
    """An address that the owner opens in a browser, and until when it is good (UTC)."""

    url: str
    until: datetime


@dataclass(frozen=True)
class Opened:
    """What a link asks for: the outlet, what is known of it, and the questions its owner answers.

    `typed`: with these answers it is connected; else the owner then logs in at the network.
    """

    wish: Wish
    channel: str
    name: str
    known: Mapping[str, Any]
    questions: Mapping[str, FieldInfo]
    #: Servers that will see the answers though nobody asks for them here, where they are not the network's own.
    elsewhere: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The network's name."""
        return channels.by_kind(self.channel).label

    @property
    def typed(self) -> bool:
        """Whether the answers are the access itself."""
        return channels.by_kind(self.channel).connector is None

    @property
    def shown_by_a_test(self) -> bool:
        """Whether a test message shows that it works, since the network cannot be asked."""
        return shown_by_a_test(self.channel)

    @property
    def secret(self) -> frozenset[str]:
        """The questions whose answers are never shown again."""
        return (
            frozenset(channels.by_kind(self.channel).settings.secret_names()) if self.typed else frozenset()
        )


@dataclass(frozen=True)
class Connected:
    """The outlet, and since when it had failed, if it had (UTC); `language` is the one its owner began in, where known."""

    destination: DestinationRecord
    failing_since: datetime | None = None
    language: str = ""


@dataclass(frozen=True)
class Way:
    """Where the owner goes to log in. `nonce` is kept by their browser and proves on the way back that it is the same."""

    url: str
    nonce: str


def link(request: ConnectionRequest, *, owner: UUID | None = None) -> Link:
    """A link for a new outlet of a merchant, or of the city. Raises Invalid, and Conflict where no app is registered."""
    asked = _asked(request.channel)
    if unknown := [name for name in request.settings if name not in asked]:
        raise Invalid.field(f"settings.{unknown[0]}", f"is not asked for; known are {', '.join(asked)}")
    return _link(Wish(new=request, identity=new_id(), merchant_id=owner))


def renewal(destination_id: UUID, *, owner: UUID | None = None) -> Link:
    """A link for a destination that exists. Raises NotFound, Invalid, Conflict."""
    _asked(owned.read(destination_id, owner=owner).channel)
    return _link(Wish(renew=destination_id, merchant_id=owner))


def offered(row: Destination) -> str:
    """The address of such a link for a letter; empty for an outlet that is set up in another way."""
    try:
        _asked(row.channel)
    except (Invalid, Conflict):
        return ""
    return _link(Wish(renew=row.id, merchant_id=row.merchant_id)).url


def opened(token: str) -> Opened:
    """What a link asks for. Raises NotFound for one that is old or not ours, and for an outlet that is gone."""
    wish = Wish.model_validate(_unsealed(token, "link", LINK)["wish"])
    about: ConnectionRequest | DestinationRecord
    if wish.renew is not None:
        about = owned.read(wish.renew, owner=wish.merchant_id)
    else:
        assert wish.new is not None
        about = wish.new
    asked = _asked(about.channel)
    known = {name: value for name, value in about.settings.items() if name in asked}
    # What is typed in is shown with what is known, so that a wrong name can be mended beside a new token.
    questions = {
        name: field
        for name, field in asked.items()
        if channels.by_kind(about.channel).typed
        or (name not in known and (field.is_required() or not field.default))
    }
    elsewhere = _elsewhere(channels.by_kind(about.channel), about.settings, questions)
    return Opened(wish, about.channel, about.name, known, questions, elsewhere)


def _elsewhere(channel: AnyChannel, known: Mapping[str, Any], questions: Container[str]) -> tuple[str, ...]:
    """Hosts of an outlet's addresses that somebody has set, that its owner is not asked for, and that are not the usual."""
    if channel.connector is not None:  # a login says itself where its access is used
        return ()
    found = {
        urlsplit(origin(value)).hostname or ""
        for name, value in known.items()
        if name not in questions
        and name in channel.settings.model_fields
        and origin(value) not in ("", origin(channel.settings.model_fields[name].default))
    }
    return tuple(sorted(found))


def begin(token: str, answers: Mapping[str, str], tools: Tools, *, language: str = "") -> "Way | Connected":
    """Where the owner logs in, after they answered; or the outlet, where that was all. Raises NotFound, Invalid, Conflict.

    `language` is what the owner reads, kept for the way back.
    """
    found = opened(token)
    given = {name: value for name, value in answers.items() if value and name in found.questions}
    if found.typed:
        return replace(_typed_in(found, given, tools), language=language)
    connector = _connector(found.channel)
    try:
        asked = connector.asks.model_validate({**found.known, **given})
    except ValidationError as error:
        raise Invalid(*faults_of(error)) from error
    try:
        beginning = connector.begin(asked, _site(connector), tools)
    except Verdict as verdict:
        raise Conflict(verdict.reason) from verdict
    nonce = secrets.token_urlsafe(24)
    state = {
        "wish": _plain(found.wish),
        "channel": found.channel,
        "memo": beginning.memo,
        "nonce": _digest(nonce),
        "language": language,
    }
    return Way(f"{beginning.url}&state={quote(_sealed(state, 'state'), safe='')}", nonce)


def finish(state: str, code: str, nonce: str, tools: Tools) -> Connected:
    """The connected destination. Raises NotFound, Conflict, and what creating a destination raises."""
    found = _unsealed(state, "state", WAY)
    if not hmac.compare_digest(_digest(nonce), found["nonce"]):
        raise NotFound(_OTHER_BROWSER)
    connector = _connector(found["channel"])
    try:
        learned = connector.finish(found["memo"], code, _site(connector), tools, clock.now())
    except Verdict as verdict:
        raise Conflict(verdict.reason) from verdict
    connected = _connected(Wish.model_validate(found["wish"]), learned)
    return replace(connected, language=found.get("language", ""))


def _typed_in(found: Opened, given: dict[str, str], tools: Tools) -> Connected:
    """Keeps what was typed in once the network was asked whether it is right."""
    channel, wish = channels.by_kind(found.channel), found.wish
    if wish.renew is not None:
        checked = owned.preview(wish.renew, given, owner=wish.merchant_id)
    else:
        checked = checked_by(channel, {**found.known, **given})
    try:
        channel.tend(checked, tools, clock.now())
    except Verdict as verdict:
        raise Conflict(verdict.reason) from verdict
    connected = _connected(wish, given if wish.renew is not None else {**found.known, **given})
    if found.shown_by_a_test:
        with contextlib.suppress(Conflict):  # another one is still on its way
            owned.test(connected.destination.id, owner=wish.merchant_id)
    return connected


def shown_by_a_test(kind: str) -> bool:
    """Whether connecting such an outlet ends with a test message."""
    channel = channels.by_kind(kind)
    return channel.connector is None and channel.tended_every is None


def _connected(wish: Wish, learned: dict[str, Any]) -> Connected:
    if wish.new is not None and not _exists(wish.identity):
        request = DestinationRequest(
            channel=wish.new.channel, name=wish.new.name, interest=wish.new.interest, settings=learned
        )
        with contextlib.suppress(IntegrityError):  # pressed twice: the first made it
            return Connected(owned.create(wish.merchant_id, request, identity=wish.identity).destination)
    known = wish.renew or wish.identity
    assert known is not None
    amendment = DestinationAmendment(settings=learned)
    before = owned.update(known, amendment, owner=wish.merchant_id)
    return Connected(owned.resume(known, owner=wish.merchant_id), before.destination.failing_since)


def _exists(identity: UUID | None) -> bool:
    try:
        return identity is not None and bool(owned.read(identity))
    except NotFound:
        return False


def _link(wish: Wish) -> Link:
    sealed = _sealed({"wish": _plain(wish)}, "link")
    return Link(f"{settings().base_url}/connect/{sealed}", clock.now() + LINK)


def _plain(wish: Wish) -> dict[str, Any]:
    # The links stand in letters, so they are kept short.
    return wish.model_dump(mode="json", exclude_defaults=True)


def _asked(kind: str) -> Mapping[str, FieldInfo]:
    """What the owner of such an outlet is asked. Raises Invalid, and Conflict where no app is registered."""
    channel = channels.by_kind(kind) if channels.known(kind) else None
    if channel is None or (channel.connector is None and not channel.typed):
        able = [one.kind for one in channels.CHANNELS if one.connector is not None or one.typed]
        raise Invalid.field(
            "channel", f"must be one of {', '.join(able)}; others are set up by their settings"
        )
    if channel.connector is None:
        return {name: channel.settings.model_fields[name] for name in channel.typed}
    return _connector(kind).asks.model_fields


def _connector(kind: str) -> Connector:
    connector = channels.by_kind(kind).connector
    assert connector is not None
    if connector.app is not None and registered(connector.app) is None:
        raise Conflict(
            f"No app is registered at {channels.by_kind(kind).label} yet: the operator enters it as {connector.app} in"
            " SYNDICATION_OAUTH_CLIENTS."
        )
    return connector


def _site(connector: Connector) -> Site:
    cfg = settings()
    client = registered(connector.app) if connector.app is not None else None
    return Site(cfg.city_name, f"{cfg.base_url}/connect/back", client)


def _sealed(what: dict[str, Any], purpose: Literal["link", "state"]) -> str:
    return _box(purpose).close({**what, "at": clock.now().timestamp()})


def _unsealed(sealed: str, purpose: Literal["link", "state"], good_for: timedelta) -> dict[str, Any]:
    try:
        found = _box(purpose).open(sealed)
    except ValueError as error:
        raise NotFound(_OLD) from error
    if clock.now().timestamp() - found.get("at", 0) > good_for.total_seconds():
        raise NotFound(_OLD)
    return found


def _box(purpose: str) -> Box:
    return Box([key.get_secret_value() for key in settings().secret_keys], f"connect {purpose}")


def _digest(nonce: str) -> str:
    return hashlib.sha256(nonce.encode()).hexdigest()
