"""Connects an outlet through a link: its owner logs in at the network, or types in an access that is checked at once."""

import contextlib
import hmac
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from pydantic import Field, ValidationError
from sqlalchemy.orm import Session

from syndication import channels, clock
from syndication.audit import acting
from syndication.audit.acting import Actor
from syndication.channels.connector import Connector, Site
from syndication.channels.settings import Settings as ChannelSettings
from syndication.channels.social.oauth import registered
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Verdict
from syndication.config import settings
from syndication.content.base import KEPT, Value, new_id
from syndication.content.faults import faults_of
from syndication.content.reason import Reason
from syndication.destinations import links, owned, probe_limits
from syndication.destinations.connect_form import ConnectForm, asked_of, connector_of, opened
from syndication.destinations.links import LETTER, Link, Maker
from syndication.destinations.sealed import decrypted, validated
from syndication.destinations.values import DestinationAmendment, DestinationRequest, GivenSettings
from syndication.errors import Conflict, Forbidden, Invalid, NotFound
from syndication.infra import db
from syndication.infra.signing import Box
from syndication.kinds.reading import WantedInterest
from syndication.ledger import replay, sealed_links
from syndication.models import ConnectLink, Destination
from syndication.publishing import merchants
from syndication.publishing.merchants import Name

_OTHER_BROWSER = "This browser did not begin here. Please open the link once more."
_OTHER_ACCOUNT = Reason(
    "This is another account: so far {}, now {}. A link only renews the access to the account that was there, so nothing"
    " was changed. For another account please set up a new outlet."
)

ValidFor = Annotated[
    int,
    Field(
        ge=60,
        le=int(links.LONGEST.total_seconds()),
        description="Seconds for which the link is good, at most eight days. It is good once.",
    ),
]
_USUAL = int(links.USUAL.total_seconds())


class ConnectionRequest(Value):
    """An outlet whose owner will log in at its network, or type in the access."""

    channel: str = Field(max_length=40, examples=["mastodon"])
    name: Name
    interest: WantedInterest = WantedInterest()
    settings: GivenSettings = Field(
        default_factory=dict, description="What is known already, so that the owner is not asked for it."
    )
    valid_for: ValidFor = _USUAL


class RenewalRequest(Value):
    """How long a link is good by which an owner renews an access."""

    valid_for: ValidFor = _USUAL


@dataclass(frozen=True)
class Connected:
    """The outlet; `language` is the one its owner began in, where known."""

    channel: str
    destination_id: UUID
    language: str = ""


@dataclass(frozen=True)
class AuthorizationRedirect:
    """Where the owner goes to log in."""

    url: str


def new_nonce() -> str:
    """What a browser keeps to itself: it proves that who comes back, or presses a button twice, is who began."""
    return secrets.token_urlsafe(24)


def link(request: ConnectionRequest, maker: Maker, *, owner: UUID | None = None) -> Link:
    """A link for a new outlet of a merchant, or of the city.

    Raises Invalid, Forbidden where the merchant may not, and Conflict where no app is registered.
    """
    asked = asked_of(request.channel)
    if unknown := [name for name in request.settings if name not in asked]:
        raise Invalid.field(f"settings.{unknown[0]}", f"is not asked for; known are {', '.join(asked)}")
    with db.transaction() as session:
        merchants.require(session, owner, "connect")
        return links.make(
            session,
            maker,
            merchant_id=owner,
            destination_id=new_id(),
            renews=False,
            channel=request.channel,
            name=request.name,
            interest=request.interest.model_dump(mode="json"),
            known=request.settings,
            good_for=timedelta(seconds=request.valid_for),
        )


def renewal(
    destination_id: UUID,
    maker: Maker,
    *,
    owner: UUID | None = None,
    request: RenewalRequest | None = None,
) -> Link:
    """A link for a destination that exists. Raises NotFound, Forbidden, Invalid, Conflict."""
    asked_of(owned.read(destination_id, owner=owner).channel)
    with db.transaction() as session:
        row = session.get(Destination, destination_id)
        if row is None:
            raise NotFound("There is no such destination.")
        # Also where the city makes it: a link that opens nothing would only puzzle whoever gets it.
        merchants.require(session, row.merchant_id, "connect")
        return _renewing(session, row, maker, timedelta(seconds=request.valid_for if request else _USUAL))


def offered(session: Session, row: Destination) -> str:
    """The address of such a link for a letter, encrypted; empty where it would open nothing, or there is no such way."""
    try:
        asked_of(row.channel)
        merchants.require(session, row.merchant_id, "connect")
    except (Invalid, Conflict, Forbidden):
        return ""
    return sealed_links.closed(_renewing(session, row, LETTER, links.IN_LETTER).url)


def _renewing(session: Session, row: Destination, maker: Maker, good_for: timedelta) -> Link:
    return links.make(
        session,
        maker,
        merchant_id=row.merchant_id,
        destination_id=row.id,
        renews=True,
        channel=row.channel,
        name=row.name,
        interest={},
        known={},
        good_for=good_for,
    )


def begin(
    token: str, answers: Mapping[str, str], tools: Tools, *, nonce: str, language: str = ""
) -> AuthorizationRedirect | Connected:
    """Where the owner logs in, after they answered; or the outlet, where that was all.

    `nonce` is kept by their browser, `language` is what the owner reads. Raises NotFound, Invalid, Conflict, TooOften.
    """
    found = opened(token, nonce)
    if found.used:
        return Connected(found.channel, found.destination_id, language)
    given = {name: value for name, value in answers.items() if value and name in found.questions}
    if found.typed:
        return _typed_in(found, given, tools, nonce, language)
    connector = connector_of(found.channel)
    try:
        asked = connector.asks.model_validate({**found.known, **given})
    except ValidationError as error:
        raise Invalid(*faults_of(error)) from error
    texts = [one for one in asked.model_dump(mode="json").values() if isinstance(one, str)]
    probe_limits.count(found.merchant_id, found.link_id, *texts)
    with _told():
        beginning = connector.begin(asked, _site(connector), tools)
    state = {
        "link": str(found.link_id),
        "way": links.begin_way(found.link_id),
        "memo": beginning.memo,
        "nonce": links.digest(nonce),
        "language": language,
        "at": clock.now().timestamp(),
    }
    return AuthorizationRedirect(f"{beginning.url}&state={quote(_box().close(state), safe='')}")


def finish(state: str, code: str, nonce: str, tools: Tools) -> Connected:
    """The connected destination. Raises NotFound, Conflict, and what creating a destination raises."""
    found = _unsealed(state)
    if not hmac.compare_digest(links.digest(nonce), found["nonce"]):
        raise NotFound(_OTHER_BROWSER)
    link_id, language = UUID(found["link"]), found["language"]
    with db.transaction() as session:
        row = links.locked(session, link_id)
        links.refuse_closed(session, row)
        # Before the network is asked: whatever it says, nobody walks this way again.
        links.end_way(session, row, found["way"])
    connector = connector_of(row.channel)
    with _told():
        learned = connector.finish(found["memo"], code, _site(connector), tools, clock.now())
        if row.renews:
            learned = _asked_whose(row, learned, tools)
    return _connected(link_id, learned, nonce, language)


def _typed_in(
    found: ConnectForm, given: dict[str, str], tools: Tools, nonce: str, language: str
) -> Connected:
    """Keeps what was typed in once the network was asked whether it is right."""
    channel = channels.by_kind(found.channel)
    if found.renews:
        changes: dict[str, Any] = given
        checked = owned.preview(found.destination_id, given)
    else:
        # What the sender filled in and the form does not show again, such as a token, stands where nothing was typed.
        changes = {**found.known, **given}
        checked = validated(channel, changes)
    probe_limits.count(found.merchant_id, found.link_id, checked)
    with _told():
        after = channel.tend(checked, tools, clock.now())
    connected = _connected(found.link_id, {**changes, **_learned(checked, after)}, nonce, language)
    if found.shown_by_a_test:
        with contextlib.suppress(Conflict):  # another one is still on its way
            owned.test(found.destination_id, owner=found.merchant_id, counted=True)
    return connected


@contextmanager
def _told() -> Iterator[None]:
    """What a network says against it is said to its owner."""
    try:
        yield
    except Verdict as verdict:
        raise Conflict(verdict.reason) from verdict


def _asked_whose(row: ConnectLink, learned: dict[str, Any], tools: Tools) -> dict[str, Any]:
    """What was learned; where it does not say whose access it is, the network is asked with it. Raises a Verdict."""
    channel = channels.by_kind(row.channel)
    if validated(channel, learned).speaks_as is not None:
        return learned
    checked = owned.preview(row.destination_id, learned)
    after = channel.tend(checked, tools, clock.now())
    return {**learned, **_learned(checked, after)}


def _learned(before: ChannelSettings, after: ChannelSettings) -> dict[str, Any]:
    was = {**before.plain(), **before.secrets()}
    return {name: value for name, value in {**after.plain(), **after.secrets()}.items() if value != was[name]}


def _connected(link_id: UUID, learned: dict[str, Any], nonce: str, language: str) -> Connected:
    """The outlet is connected, and what could not be posted without the access goes out."""
    connected, failing_since = _kept(link_id, learned, nonce, language)
    if failing_since is not None:
        with acting.by(Actor(f"link {link_id}", "", "page")):
            replay.many(
                states=("failed",), destination_id=connected.destination_id, failing_since=failing_since
            )
    return connected


def _kept(
    link_id: UUID, learned: dict[str, Any], nonce: str, language: str
) -> tuple[Connected, datetime | None]:
    """The link is used and the outlet connected, both or neither, and since when it had failed.

    A second press in the same browser changes nothing.
    """
    with db.transaction() as session, acting.by(Actor(f"link {link_id}", "", "page")):
        row = links.locked(session, link_id)
        connected = Connected(row.channel, row.destination_id, language)
        if links.used_here(session, row, nonce):
            return connected, None
        links.refuse_closed(session, row)
        links.use(row, nonce)
        if not row.renews:
            request = DestinationRequest(
                channel=row.channel,
                name=row.name,
                interest=WantedInterest.model_validate(row.interest, context=KEPT),
                settings=learned,
            )
            owned.create(row.merchant_id, request, identity=row.destination_id, counted=True)
            return connected, None
        _refuse_another_account(session, row.destination_id, learned)
        amendment = DestinationAmendment(settings=learned)
        before = owned.update(row.destination_id, amendment, owner=row.merchant_id, counted=True)
        owned.resume(row.destination_id, owner=row.merchant_id, counted=True)
        return connected, before.destination.failing_since


def _refuse_another_account(session: Session, destination_id: UUID, learned: Mapping[str, Any]) -> None:
    """Raise Conflict where an outlet would speak for another account than so far.

    What only somebody entered binds once something was sent there; until then it may be a slip of the pen.
    """
    row = session.get_one(Destination, destination_id)
    channel = channels.by_kind(row.channel)
    try:
        so_far = validated(channel, {**row.settings, **decrypted(row)}, kept=True).speaks_as
    except (Invalid, Conflict):  # nobody can read what was there, so it has to be given anew
        return
    now = validated(channel, {**row.settings, **decrypted(row), **learned}).speaks_as
    bound = so_far is not None and (so_far.told or row.last_sent_at is not None)
    if so_far is not None and bound and (now is None or now.id != so_far.id):
        raise Conflict(Reason(_OTHER_ACCOUNT, so_far.name, now.name if now else "?"))


def _site(connector: Connector) -> Site:
    cfg = settings()
    client = registered(connector.app) if connector.app is not None else None
    return Site(cfg.city_name, f"{cfg.base_url}/connect/back", client)


def _unsealed(state: str) -> dict[str, Any]:
    try:
        found = _box().open(state)
    except ValueError as error:
        raise NotFound(links.OLD) from error
    old = clock.now().timestamp() - found.get("at", 0) > links.WAY.total_seconds()
    if old or "link" not in found:  # those of earlier versions name none
        raise NotFound(links.OLD)
    return found


def _box() -> Box:
    """What travels over the network and back: the memo may hold secrets, such as those of an app that was just registered."""
    return Box(settings().keys, "connect state")
