"""Foresees what a post, or a new version of one, will cause at each outlet, by the choices and the code that will send it.

Nothing is asked of any network: what is foreseen comes from the database alone, and holds no secrets.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.orm import Session

from syndication import channels, clock
from syndication.audience import interests, reach
from syndication.audience.corrections import News
from syndication.channels.contract import Channel
from syndication.channels.envelope import Envelope, PostView
from syndication.channels.preview import Preview
from syndication.channels.settings import Settings as ChannelSettings
from syndication.config import Settings, settings
from syndication.content.cadence import Cadence, next_slot
from syndication.content.post import Action, Content
from syndication.content.reason import NO_REASON, Reason
from syndication.delivery import afterwards, fanout, pacing
from syndication.delivery.decide import skip_reason
from syndication.delivery.dry_run import seen
from syndication.delivery.load import Known, channel_settings, known_of
from syndication.errors import Conflict, NotFound
from syndication.infra import db
from syndication.infra.images import SIZES, Limits
from syndication.models import Change, Destination, Merchant, Post, Revision
from syndication.publishing import uploads, views
from syndication.publishing.publishers import publisher

#: What will be done: posted anew, changed in place, corrected by a note beside it, or nothing.
What = Literal["posted", "changed", "corrected", "stays"]
_SAID: dict[What, Reason] = {
    "posted": Reason("Will be posted there."),
    "changed": Reason("Will be changed there."),
    "corrected": Reason("A correction will be posted beside it."),
}
_UNUSABLE = Reason("The settings of this outlet cannot be used. Please enter them again.")
_PAUSED = Reason("This outlet is paused. What is posted meanwhile waits until somebody resumes it.")
_OVER = Reason("The post is over by then, so it will not go there.")
#: Greater than any change's number: what is foreseen comes after all that was.
_NEXT = 2**62


@dataclass(frozen=True)
class Readers:
    """So many people hear of it at the same moment (UTC); `rhythm` is theirs."""

    rhythm: Literal["instantly", "daily", "weekly"]
    people: int
    at: datetime


@dataclass(frozen=True)
class Foreseen:
    """What will become of a post at one outlet.

    `own`: it is the merchant's, not the city's. `said` is `what` as a sentence. `preview` is None where nothing new is
    shown; then `refused` says what to do, where something can be done. `problems` are of pictures. `frame`: the least and
    the greatest ratio of width to height that the first picture has there; another gets white margins. `own_words` are the
    merchant's for this channel. `at` (UTC) is when it goes there, None: nobody knows; `waits` says why not at once.
    `afterwards` says what can still be done there later. `shown` is what stands there now. `readers` are whom it reaches
    where an outlet serves people, by when they hear.
    """

    destination_id: UUID
    name: str
    channel: str
    label: str
    own: bool
    what: What
    said: Reason
    preview: Preview | None = None
    refused: Reason = NO_REASON
    problems: tuple[Reason, ...] = ()
    frame: tuple[float, float] | None = None
    own_words: str = ""
    at: datetime | None = None
    waits: Reason = NO_REASON
    afterwards: Reason = NO_REASON
    shown: Content | None = None
    readers: tuple[Readers, ...] = ()


@dataclass(frozen=True)
class _Plan:
    """The news as it would be, and what all outlets share."""

    news: News
    at: datetime
    cfg: Settings
    sides: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def content(self) -> Content:
        return self.news.view.content

    @property
    def action(self) -> Action:
        return self.news.change.action  # type: ignore[return-value]  # the table keeps it as a text


def foreseen(
    merchant_id: UUID, post_id: UUID, content: Content, *, publish_at: datetime | None = None
) -> list[Foreseen]:
    """What `content` will cause at each outlet that gets it, the merchant's own first, then the city's.

    `post_id` is that of a post which stands, whose correction this would be, or of one that will be made. `publish_at`:
    when it goes out; None: now, or when a scheduled post does. Raises NotFound, and Conflict for a withdrawn post.
    """
    cfg = settings()
    with db.reading() as session:
        plan = _plan(session, merchant_id, post_id, content, publish_at, cfg)
        found = [_at_outlet(session, one, plan) for one in fanout.outlets(session, plan.news)]
        found += _people(session, plan)
    return sorted(found, key=lambda one: (not one.own, one.label, one.name))


def _plan(
    session: Session,
    merchant_id: UUID,
    post_id: UUID,
    content: Content,
    publish_at: datetime | None,
    cfg: Settings,
) -> _Plan:
    merchant, post, now = session.get(Merchant, merchant_id), session.get(Post, post_id), clock.now()
    if merchant is None or (post is not None and post.merchant_id != merchant_id):
        raise NotFound(Reason("There is no such post."))
    if post is not None and post.state == "withdrawn":
        raise Conflict(
            Reason("This post was withdrawn. A withdrawn post cannot be revised; create a new one.")
        )
    stands = post is not None and post.published_at is not None
    before = (
        views.content_of(session.get_one(Revision, (post.id, post.revision))) if post and stands else None
    )
    at = now if stands else max(now, publish_at or (post.publish_at if post else None) or now)
    revision = post.revision + 1 if post else 1
    over_at = content.over_at(cfg.zone)
    view = PostView(
        id=post_id,
        revision=revision,
        content=content,
        merchant=publisher(merchant),
        published_at=(post.published_at if post else None) or at,
        updated_at=at,
        link=content.url or views.page(cfg.base_url, post_id),
        over_at=over_at,
    )
    change = Change(id=_NEXT, post_id=post_id, revision=revision, action="revised" if stands else "published")
    news = News(change, view, merchant_id, over_at, before, post.quiet if post else False)
    return _Plan(news, at, cfg, uploads.sides(session, [image.url for image in content.images]))


def _at_outlet(session: Session, destination: Destination, plan: _Plan) -> Foreseen:
    channel = channels.by_kind(destination.channel)
    known = known_of(session, destination, plan.news.view.id) if plan.action == "revised" else Known()
    begun = _begun(destination, channel, plan, known)
    try:
        envelope = _envelope(plan, channel_settings(destination, plan.cfg), known)
    except (KeyError, ValueError):
        return replace(begun, refused=_UNUSABLE)
    if skipped := skip_reason(envelope, channel.abilities, channel.label):
        return replace(begun, what="stays", said=skipped[1])
    shown, refused = seen(channel, envelope)
    begun = replace(begun, preview=shown, refused=refused, problems=tuple(_problems(channel, shown, plan)))
    return begun if refused else _timed(session, begun, destination, envelope.settings, plan)


def _begun(
    destination: Destination, channel: Channel[Any, Any], plan: _Plan, known: Known = Known()
) -> Foreseen:
    what: What = "posted"
    if plan.action == "revised" and (known.shown is not None or not channel.abilities.keeps_track):
        what = "changed" if channel.abilities.revise else "corrected"
    return Foreseen(
        destination_id=destination.id,
        name=destination.name,
        channel=channel.kind,
        label=channel.label,
        own=destination.merchant_id is not None,
        what=what,
        said=_SAID[what],
        frame=_frame(channel),
        own_words=plan.content.texts.get(channel.kind, ""),
        afterwards=afterwards.sentence(channel),
        shown=known.shown,
    )


def _frame(channel: Channel[Any, Any]) -> tuple[float, float] | None:
    limits = SIZES.get(channel.abilities.frame, Limits())
    least, most = limits.least_ratio, limits.most_ratio
    return (least, most) if least and most else None


def _envelope(plan: _Plan, chosen: ChannelSettings, known: Known) -> Envelope:
    return Envelope(
        key="foreseen",
        action=plan.action,
        post=plan.news.view,
        city=views.city(plan.cfg),
        settings=chosen,
        tried_at=plan.at,
        sequence=0,
        reference=known.reference,
        shown=known.shown,
        doubtful=known.doubtful,
        earlier=known.earlier,
    )


def _problems(channel: Channel[Any, Any], shown: Preview | None, plan: _Plan) -> Iterator[Reason]:
    """What is known to be wrong with pictures that are kept here; others are fetched when it is sent."""
    abilities, images = channel.abilities, shown.images if shown else ()
    for image in images:
        width, height = plan.sides.get(image.url, (0, 0))
        if not width:
            continue
        if min(width, height) < abilities.least_side:
            yield Reason(
                "The picture “{}” is too small for {}. Please take one with at least {} pixels on each side.",
                image.alt,
                channel.label,
                abilities.least_side,
            )
        frame = _frame(channel)
        if frame and not frame[0] <= width / height <= frame[1]:
            shape = Reason("tall") if width < height else Reason("wide")
            yield Reason(
                "The picture “{}” is too {} for {}, so it gets margins there.",
                image.alt,
                shape,
                channel.label,
            )


def _timed(
    session: Session, one: Foreseen, destination: Destination, chosen: ChannelSettings, plan: _Plan
) -> Foreseen:
    """With the moment at which it goes out, and why not at once."""
    if destination.state == "paused":
        return replace(one, waits=Reason.joined(_PAUSED, destination.reason))
    at, waits = plan.at, NO_REASON
    if plan.action == "published" and chosen.rhythm is not None:
        turn = pacing.turn_of(session, destination.id, chosen.rhythm, plan.at, plan.cfg.zone)
        at, waits = turn.at, turn.reason
    if destination.held_until is not None and destination.held_until > at:
        at, waits = destination.held_until, Reason("Waits until {} can be reached again.", one.label)
    if plan.news.over_at is not None and plan.news.over_at <= at:
        waits = Reason.joined(waits, _OVER)
    return replace(one, at=at, waits=waits)


# Outlets that serve people


def _people(session: Session, plan: _Plan) -> Iterator[Foreseen]:
    """The newsletter with its readers, and people's devices as one outlet for each channel."""
    personal = channels.personal_kinds()
    shared = session.scalars(
        fanout.destinations(plan.news).where(
            Destination.channel.not_in(personal), Destination.merchant_id.is_(None)
        )
    )
    for destination in shared:
        known = channels.known(destination.channel)
        if known and channels.by_kind(destination.channel).serves == "readers":
            channel = channels.by_kind(destination.channel)
            if readers := _readers(session, plan):
                yield _for_people(session, destination, channel, plan, readers)
    for kind in personal:
        people, device = _devices(session, kind, plan)
        if device is not None:
            readers = (Readers("instantly", people, plan.at),)
            yield _for_people(session, device, channels.by_kind(kind), plan, readers)


def _for_people(
    session: Session,
    destination: Destination,
    channel: Channel[Any, Any],
    plan: _Plan,
    readers: tuple[Readers, ...],
) -> Foreseen:
    begun = replace(_begun(destination, channel, plan), name=channel.label, readers=readers)
    if plan.action == "revised" and channel.serves == "readers":
        begun = replace(begun, what="corrected", said=Reason("Whoever was told of it hears what is new."))
    try:
        chosen = channel_settings(destination, plan.cfg)
    except (KeyError, ValueError):
        return replace(begun, refused=_UNUSABLE)
    shown, refused = seen(channel, _envelope(plan, chosen, Known(shown=plan.news.before)))
    begun = replace(begun, preview=shown, refused=refused)
    return begun if refused else _timed(session, begun, destination, chosen, plan)


def _readers(session: Session, plan: _Plan) -> tuple[Readers, ...]:
    """Who hears by mail and when, the first moment first."""
    if plan.action == "revised":
        told = reach.told_of(session, plan.news.view.id)
        return (Readers("instantly", told, plan.at),) if told else ()
    if plan.news.quiet:
        return ()
    found: Counter[tuple[datetime, Any]] = Counter()
    for text, people in reach.by_cadence(session, plan.content, plan.news.view.merchant).items():
        cadence = Cadence.parse(text)
        found[next_slot(cadence, plan.at, plan.cfg.zone) or plan.at, cadence.rhythm] += people
    return tuple(Readers(rhythm, people, at) for (at, rhythm), people in sorted(found.items()))


def _devices(session: Session, kind: str, plan: _Plan) -> tuple[int, Destination | None]:
    """How many devices are to hear it, and one of them."""
    if plan.news.quiet or not channels.known(kind):
        return 0, None
    some = fanout.destinations(plan.news).where(Destination.channel == kind)
    counted = some.with_only_columns(Destination.interest_id, func.count()).group_by(Destination.interest_id)
    by_interest = {row[0]: row[1] for row in session.execute(counted)}
    if not by_interest:
        return 0, None
    wanted = [
        key
        for key, interest in interests.all_of(session, list(by_interest)).items()
        if plan.news.concerns(interest)
    ]
    one = session.scalars(some.where(Destination.interest_id.in_(wanted)).limit(1)).first()
    return sum(by_interest[key] for key in wanted), one
