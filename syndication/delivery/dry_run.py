"""Dry runs: shows the exact requests a post would cause at a destination, without sending any.

It is the same code that sends. Only the door is another: it writes down what it is asked, and answers as the network would
if all went well (`Channel.rehearsed`). Pictures are fetched from the merchant's website as ever.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from syndication import channels, clock
from syndication.audience import reach
from syndication.channels.contract import Channel
from syndication.channels.envelope import Envelope
from syndication.channels.preview import Preview
from syndication.channels.settings import Settings as ChannelSettings
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Refused, Verdict
from syndication.config import Settings, settings
from syndication.content.cadence import Cadence
from syndication.content.post import Action
from syndication.content.reason import NO_REASON, Reason
from syndication.delivery.decide import skip_reason
from syndication.delivery.load import channel_settings, known_of
from syndication.delivery.redaction import hide, hide_in, secrets_of
from syndication.delivery.session_cache import SessionCache
from syndication.destinations import probe_limits
from syndication.errors import Conflict, NotFound
from syndication.infra import db
from syndication.infra.http import Answer, Client
from syndication.models import Destination, Merchant, Post, Revision
from syndication.publishing import merchants, views


@dataclass(frozen=True)
class Request:
    """One request as it would go over the wire; secrets are replaced by "(secret)"."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True)
class Rehearsal:
    """What would happen. `state` is `sent`, or what the delivery would become without a request; `reason` says why.

    `preview` is what people would see there; None where nothing would be shown.
    `readers`: how many confirmed readers want such posts, by rhythm, where an outlet serves readers.
    """

    action: Action
    state: str
    reason: Reason
    requests: tuple[Request, ...]
    readers: Mapping[str, int] = field(default_factory=dict)
    preview: Preview | None = None


class _Door(Client):
    """Writes down requests in place of sending them."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.asked: list[Request] = []

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        most_read: int | None = None,
    ) -> Answer:
        self.asked.append(Request(method, url, tuple(dict(headers).items()), body))
        return self._answer


def rehearse(
    destination_id: UUID,
    post_id: UUID,
    tools: Tools,
    *,
    owner: UUID | None = None,
    action: Action | None = None,
) -> Rehearsal:
    """What would be sent for the post as it stands now; `action` is what would come next unless it is given.

    Raises NotFound, Forbidden, TooOften (a merchant's dry run fetches pictures of the web), and Conflict where the
    destination cannot be used.
    """
    cfg = settings()
    with db.reading() as session:
        envelope, destination = _envelope(session, destination_id, post_id, owner, action, cfg)
        channel = channels.by_kind(destination.channel)
        if not channel.configurable:
            return _of_the_city(session, channel, envelope, cfg)
    if stays := skip_reason(envelope, channel.abilities, channel.label):
        return Rehearsal(envelope.action, *stays, ())
    if owner is not None and envelope.post.content.images:
        probe_limits.count(owner, destination_id, *(image.url for image in envelope.post.content.images))
    door = _Door(channel.rehearsed)
    rehearsing = replace(tools, http=door, sessions=SessionCache())
    try:
        receipt = channel.send(channel.render(envelope), rehearsing)
        state, reason = "sent", Reason.quoted(receipt.remark)
    except Verdict as verdict:
        state, reason = "failed", verdict.reason
    shown = tuple(_shown(door.asked, envelope.settings))
    return Rehearsal(envelope.action, state, reason, shown, preview=seen(channel, envelope)[0])


def seen(channel: Channel[Any, Any], envelope: Envelope) -> tuple[Preview | None, Reason]:
    """What people would see of it, or why it is refused; neither where nothing is shown: a withdrawal, and a channel of
    another package that has no preview."""
    if envelope.action == "withdrawn" or type(channel).preview is Channel.preview:
        return None, NO_REASON
    try:
        return channel.preview(envelope), NO_REASON
    except Refused as refused:
        return None, refused.reason


def _of_the_city(
    session: Session, channel: Channel[Any, Any], envelope: Envelope, cfg: Settings
) -> Rehearsal:
    """What an outlet that comes with the city would show of the post alone; its editions and documents hold others too."""
    found = channel.specimens(envelope, cfg.mail_from)
    if not found:
        raise Conflict(f"{channel.label} tells of no posts.")
    requests = tuple(Request(one.method, one.url, (), one.body) for one in found)
    readers = _interested(session, envelope) if channel.serves == "readers" else {}
    return Rehearsal(envelope.action, "sent", NO_REASON, requests, readers, seen(channel, envelope)[0])


def _interested(session: Session, envelope: Envelope) -> dict[str, int]:
    content, publisher = envelope.post.content, envelope.post.merchant
    found: Counter[str] = Counter()
    for cadence, count in reach.by_cadence(session, content, publisher).items():
        found[Cadence.parse(cadence).rhythm] += count
    return dict(found)


def _envelope(
    session: Session,
    destination_id: UUID,
    post_id: UUID,
    owner: UUID | None,
    action: Action | None,
    cfg: Settings,
) -> tuple[Envelope, Destination]:
    destination, post = session.get(Destination, destination_id), session.get(Post, post_id)
    if destination is None or (owner is not None and not _may_see(destination, owner)):
        raise NotFound("There is no such destination.")
    if post is None or (owner is not None and post.merchant_id != owner):
        raise NotFound("There is no such post.")
    merchants.require(session, owner, "test")
    if not channels.known(destination.channel):
        raise Conflict(f"The channel {destination.channel} is not installed here. Please tell the operator.")
    try:
        chosen = channel_settings(destination, cfg)
    except ValueError as error:
        raise Conflict("The settings of this destination cannot be used. Please enter them again.") from error
    revision = session.get_one(Revision, (post.id, post.revision))
    merchant = session.get_one(Merchant, post.merchant_id)
    known = known_of(session, destination, post.id)
    usual: Action = "withdrawn" if post.state == "withdrawn" else "revised" if known.shown else "published"
    envelope = Envelope(
        key="rehearsal",
        action=action or usual,
        post=views.view(post, revision, merchant, cfg.base_url),
        city=views.city(cfg),
        settings=chosen,
        tried_at=clock.now(),
        sequence=0,
        reference=known.reference,
        shown=known.shown,
        doubtful=known.doubtful,
        earlier=known.earlier,
    )
    return envelope, destination


def _may_see(destination: Destination, owner: UUID) -> bool:
    """A merchant's own outlets, and what comes with the city for all."""
    known = channels.known(destination.channel)
    return destination.merchant_id == owner or (
        known and not channels.by_kind(destination.channel).configurable
    )


def _shown(requests: list[Request], chosen: ChannelSettings) -> Iterable[Request]:
    secrets = secrets_of(chosen)
    for one in requests:
        yield Request(
            one.method,
            hide_in(one.url, secrets),
            tuple((name, hide_in(value, secrets)) for name, value in one.headers),
            hide(one.body, secrets),
        )
