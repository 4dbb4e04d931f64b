"""Turns claimed rows into parcels that hold everything a channel needs, so that sending reads nothing."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any
from uuid import UUID

import structlog
from pydantic import ValidationError
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from syndication import channels
from syndication.audience import current_copies, tokens
from syndication.channels.contract import Channel
from syndication.channels.envelope import Copy, Envelope, Note, PostView
from syndication.channels.settings import Settings as ChannelSettings
from syndication.config import Settings
from syndication.content.base import KEPT
from syndication.content.faults import faults_of
from syndication.content.post import Content
from syndication.content.reason import NO_REASON, Reason
from syndication.delivery import outage_notices, superseded, trial_post
from syndication.delivery.decide import NEVER_THERE, skip_reason
from syndication.delivery.lane import Parcel
from syndication.infra import signing
from syndication.infra.rate_limits import Bucket
from syndication.ledger import sealed_links
from syndication.models import Change, Delivery, Destination, Edition, Merchant, Post, Reader, Revision
from syndication.publishing import views

_log = structlog.get_logger(__name__)
_NO_CHANNEL = Reason("The channel of this outlet is not installed here. Please tell the operator.")
_NO_SETTINGS = Reason("The settings of this outlet cannot be used: {}. Please enter them again.")


@lru_cache(maxsize=4)
def _box(keys: tuple[str, ...]) -> signing.Box:
    return signing.Box(keys)


def channel_settings(destination: Destination, cfg: Settings) -> ChannelSettings:
    """A destination's settings with its secrets opened. Raises ValueError where they cannot be read."""
    plain = json.dumps(destination.settings, sort_keys=True)
    return _opened(destination.channel, plain, destination.secrets, cfg.keys)


@lru_cache(maxsize=2000)
def _opened(channel: str, plain: str, secrets: str, keys: tuple[str, ...]) -> ChannelSettings:
    opened = _box(keys).open(secrets)
    return channels.by_kind(channel).settings.model_validate({**json.loads(plain), **opened}, context=KEPT)


def parcels(
    session: Session, lease_ids: Sequence[int], destinations: Mapping[UUID, Destination], cfg: Settings
) -> dict[int, tuple[Parcel, ...]]:
    """The deliveries of each lease in the order of their ids."""
    statement = select(Delivery).where(Delivery.lease_id.in_(lease_ids)).order_by(Delivery.id)
    rows = session.scalars(statement.execution_options(populate_existing=True)).all()
    loader = _Loader(session, rows, destinations, cfg)
    found: dict[int, list[Parcel]] = {lease_id: [] for lease_id in lease_ids}
    for row in rows:
        assert row.lease_id is not None
        found[row.lease_id].append(loader.parcel(row))
    return {lease_id: tuple(mine) for lease_id, mine in found.items()}


def parcel(session: Session, row: Delivery, destination: Destination, cfg: Settings) -> Parcel:
    """One delivery to a destination, for looking at it without a lease."""
    return _Loader(session, [row], {destination.id: destination}, cfg).parcel(row)


@dataclass(frozen=True)
class _Outlet:
    """A destination's settings, or why they cannot be used."""

    settings: ChannelSettings = field(default_factory=ChannelSettings)
    fault: Reason = NO_REASON


class _Loader:
    """Looks up once what many parcels share."""

    def __init__(
        self,
        session: Session,
        rows: Sequence[Delivery],
        destinations: Mapping[UUID, Destination],
        cfg: Settings,
    ) -> None:
        self.cfg, self.city = cfg, views.city(cfg)
        # First: it gives copies the edition that is true now.
        self.stays = current_copies.bring(session, rows, cfg)
        self.outlets = {key: self._open(destination) for key, destination in destinations.items()}
        self.changes = _changes(session, {row.change_id for row in rows if row.change_id is not None})
        edition_ids = {row.edition_id for row in rows if row.edition_id is not None}
        # Mail has no destinations and outlets have no editions: what nobody needs is not asked for.
        self.editions = _editions(session, edition_ids) if edition_ids else {}
        reader_ids = {row.reader_id for row in rows if row.reader_id is not None}
        self.readers = _readers(session, reader_ids) if reader_ids else {}
        self.known = _known(session, rows, destinations)
        self.overtaken = _overtaken(session, rows, self.changes)
        self.views: dict[int, PostView] = {}

    def _open(self, destination: Destination) -> _Outlet:
        try:
            return _Outlet(channel_settings(destination, self.cfg))
        except KeyError:
            return _Outlet(fault=_NO_CHANNEL)
        except ValidationError as error:
            said = Reason.joined(*(Reason(one.message) for one in faults_of(error)))
            return _Outlet(fault=Reason(_NO_SETTINGS, said))
        except ValueError as error:
            return _Outlet(fault=Reason(_NO_SETTINGS, error))

    def parcel(self, row: Delivery) -> Parcel:
        if not channels.known(row.channel):
            # Any channel stands in: a parcel with a fault is never rendered.
            return Parcel(
                row.id, row.key, channels.CHANNELS[0], None, row.attempts, row.over_at, fault=_NO_CHANNEL
            )
        outlet = self.outlets.get(row.destination_id, _Outlet()) if row.destination_id else _Outlet()
        fault, envelope = outlet.fault, None
        try:
            envelope = self._envelope(row, outlet.settings)
        except (ValidationError, KeyError, ValueError) as error:
            _log.exception("delivery.unreadable", delivery=row.id)
            fault = fault or Reason(
                "What was stored for it cannot be read ({}). The operator has the details in the log.",
                type(error).__name__,
            )
        channel = channels.by_kind(row.channel)
        stays = isinstance(envelope, Envelope) and skip_reason(envelope, channel.abilities, channel.label)
        stays = self.stays.get(row.id) or self.overtaken.get(row.id) or stays
        return Parcel(
            row.id,
            row.key,
            channel,
            envelope,
            row.attempts,
            row.over_at,
            "replay" if row.by_hand else "schedule",
            fault,
            stays or None,
            buckets_of(channel, row.destination_id, outlet.settings) if channel.limits else (),
        )

    def _envelope(self, row: Delivery, settings: ChannelSettings) -> Any:
        if row.edition_id is not None and row.reader_id is not None:
            address, nonce = self.readers[row.reader_id]
            return Copy(
                key=row.key,
                parts=self.editions[row.edition_id].parts,
                address=address,
                leave_token=tokens.own(row.reader_id, nonce),
                city=self.city,
                sender=self.cfg.mail_from,
                tried_at=row.due_at,
            )
        if row.change_id is not None:
            return self._of_change(row, row.change_id, settings)
        if (row.payload or {}).get("test"):
            return trial_post.envelope(
                row, self.city, settings, pictured=channels.by_kind(row.channel).abilities.needs_picture
            )
        if "alarm" in (row.payload or {}):
            return outage_notices.envelope(row, self.city, settings)
        payload = row.payload or {}
        if sealed_links.FIELD in payload:
            payload = {**payload, sealed_links.FIELD: sealed_links.opened(payload)}
        return Note(row.key, payload, self.city, settings, self.cfg.mail_from, row.due_at)

    def _of_change(self, row: Delivery, change_id: int, settings: ChannelSettings) -> Envelope:
        change, post, revision, merchant = self.changes[change_id]
        known = self.known.get((row.destination_id, post.id), Known())
        if change_id not in self.views:
            self.views[change_id] = views.view(post, revision, merchant, self.cfg.base_url)
        return Envelope(
            key=row.key,
            action=change.action,  # type: ignore[arg-type]  # the table's check allows exactly the three actions
            post=self.views[change_id],
            city=self.city,
            settings=settings,
            tried_at=row.due_at,
            sequence=change.id,
            reference=known.reference,
            shown=known.shown,
            # Who sends it again by hand has looked; who is tried again by us has not.
            earlier=known.earlier,
            doubtful=(known.doubtful or row.attempts > 0) and not row.by_hand,
        )


def _overtaken(
    session: Session,
    rows: Sequence[Delivery],
    changes: Mapping[int, tuple[Change, Post, Revision, Merchant]],
) -> dict[int, tuple[str, Reason]]:
    """The state and reason of what does not go to its destination now, since the post has changed."""
    old, taken_back = list[int](), dict[int, str]()
    for row in rows:
        if row.destination_id is None or row.change_id is None:
            continue
        change, post, _, _ = changes[row.change_id]
        if change.action == "withdrawn":
            # The others know from what stands there whether they had it.
            if channels.known(row.channel) and not channels.by_kind(row.channel).abilities.keeps_track:
                taken_back[row.id] = channels.by_kind(row.channel).label
        elif post.revision > change.revision or post.state == "withdrawn":
            old.append(row.id)
    unsent = superseded.never_sent(session, taken_back)
    return {
        **superseded.stays(session, old),
        **{key: ("dropped", Reason(NEVER_THERE, taken_back[key])) for key in unsent},
    }


def _changes(session: Session, ids: set[int]) -> dict[int, tuple[Change, Post, Revision, Merchant]]:
    statement = (
        select(Change, Post, Revision, Merchant)
        .join(Post, Post.id == Change.post_id)
        .join(Revision, (Revision.post_id == Change.post_id) & (Revision.number == Change.revision))
        .join(Merchant, Merchant.id == Post.merchant_id)
        .where(Change.id.in_(ids))
    )
    return {
        change.id: (change, post, revision, merchant)
        for change, post, revision, merchant in session.execute(statement)
    }


def _editions(session: Session, ids: set[int]) -> dict[int, Edition]:
    return {row.id: row for row in session.scalars(select(Edition).where(Edition.id.in_(ids)))}


def _readers(session: Session, ids: set[int]) -> dict[int, tuple[str, str | None]]:
    """Address and nonce of each."""
    columns = select(Reader.id, Reader.email, Reader.nonce)
    return {row.id: (row.email, row.nonce) for row in session.execute(columns.where(Reader.id.in_(ids)))}


@dataclass(frozen=True)
class Known:
    """What is known of one post at one outlet; see Envelope."""

    reference: str | None = None
    shown: Content | None = None
    doubtful: bool = False
    earlier: tuple[Content, ...] = ()


def _known(
    session: Session, rows: Sequence[Delivery], destinations: Mapping[UUID, Destination]
) -> dict[tuple[UUID | None, UUID], Known]:
    """What stands at each outlet that cares, so that it can be edited, deleted or corrected there."""
    caring = [one.id for one in destinations.values() if _keeps_track(one)]
    posts = {row.post_id for row in rows if row.post_id is not None and row.destination_id in caring}
    if not posts:
        return {}
    statement = (
        select(Delivery, Revision)
        .join(Change, Change.id == Delivery.change_id)
        .join(Revision, (Revision.post_id == Change.post_id) & (Revision.number == Change.revision))
        .where(Delivery.destination_id.in_(caring), Delivery.post_id.in_(posts))
        .where(or_(Delivery.state.in_(("sent", "unconfirmed")), Delivery.attempts > 0))
        .where(Delivery.id.not_in([row.id for row in rows]))
        .order_by(Delivery.id)
    )
    found: dict[tuple[UUID | None, UUID], Known] = {}
    for earlier, revision in session.execute(statement):
        key = (earlier.destination_id, revision.post_id)
        found[key] = _learned(found.get(key, Known()), earlier, revision)
    return found


def known_of(session: Session, destination: Destination, post_id: UUID) -> Known:
    """What is known of one post at one outlet."""
    nothing_new = Delivery(id=0, destination_id=destination.id, post_id=post_id)
    found = _known(session, [nothing_new], {destination.id: destination})
    return found.get((destination.id, post_id), Known())


def _learned(known: Known, earlier: Delivery, revision: Revision) -> Known:
    """What was known, and what one more delivery tells."""
    said = views.content_of(revision)
    if earlier.state == "sent":
        return Known(earlier.reference or known.reference, said)
    if channels.by_kind(earlier.channel).abilities.repeatable or earlier.state == "unconfirmed":
        return replace(known, doubtful=known.reference is None, earlier=(*known.earlier, said))
    return known


def _keeps_track(destination: Destination) -> bool:
    return channels.known(destination.channel) and channels.by_kind(destination.channel).abilities.keeps_track


def buckets_of(
    channel: Channel[Any, Any], destination_id: UUID | None, settings: ChannelSettings
) -> tuple[Bucket, ...]:
    """The rates that one more delivery of this destination draws from."""
    names = {"destination": str(destination_id), "host": settings.host or channel.kind}
    return tuple(
        Bucket(f"{channel.kind}:{names[limit.scope]}:{limit.rate.count}/{limit.rate.seconds:g}", limit.rate)
        for limit in channel.limits
    )
