"""What merchants do with posts: create, revise, withdraw, read. Each writes its Change in the same transaction."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, delete, or_, select
from sqlalchemy.orm import Session

from syndication import clock
from syndication.audit import acting, log
from syndication.config import settings
from syndication.content.base import new_id
from syndication.content.post import Action, Content, Draft
from syndication.content.reason import Reason
from syndication.errors import Conflict, Invalid, NotFound
from syndication.infra import db, wakeups
from syndication.models import Change, KeptDraft, Merchant, Post, PostTopic, Revision
from syndication.publishing import (
    coming,
    filing,
    merchants,
    price_memory,
    quota,
    review,
    site_images,
    timely,
    uploads,
    views,
)
from syndication.publishing.records import Manner as Manner  # noqa: PLC0414 -- they are handed out from here
from syndication.publishing.records import PostRecord as PostRecord  # noqa: PLC0414
from syndication.publishing.records import record as _record
from syndication.publishing.withdrawal import UNSAID, Grounds

What = Literal["created", "revised", "unchanged"]
#: How it stands with a post: out and not over, waiting for its hour, out and over, taken back.
Stand = Literal["running", "coming", "over", "withdrawn"]
LATEST = timely.LATEST
_log = structlog.get_logger(__name__)
#: One post of somebody's, as it is written, counted and told.
ALONE = Manner()


class Stale(Conflict):
    """Somebody else was faster: the post is at another revision than the caller has seen."""


@dataclass(frozen=True)
class Outcome:
    """What handing in a draft led to."""

    post: PostRecord
    what: What


def create(
    merchant_id: UUID, draft: Draft, *, manner: Manner = ALONE, post_id: UUID | None = None
) -> PostRecord:
    """A new post, published now or at `draft.publish_at`; `post_id` is the id that it had as a draft. Where the town hall looks
    first, it waits for that.

    Raises Invalid (already over; `source_ref` taken), Forbidden (merchant not admitted), QuotaExceeded.
    """
    with db.transaction() as session:
        merchant = _publishing(session, merchant_id, alone=True)
        now = clock.now()
        content = filing.filed(filing.of(session), draft.content())
        timely.refuse_dates(content)
        over_at = content.over_at(settings().zone)
        timely.refuse_stale(content, over_at, max(now, draft.publish_at or now))
        if draft.source_ref and by_source(session, merchant_id, draft.source_ref):
            raise Invalid.field("source_ref", "is already used by another post of this merchant")
        if not manner.imported:
            quota.count(session, merchant, now)
        later, waits = (
            draft.publish_at is not None and draft.publish_at > now,
            review.applies(session, merchant),
        )
        post = Post(
            id=post_id or new_id(),
            merchant_id=merchant_id,
            kind=content.kind,
            source_ref=draft.source_ref,
            revision=1,
            state="scheduled" if later or waits else "published",
            created_at=now,
            updated_at=now,
            over_at=over_at,
            publish_at=draft.publish_at if later else None,
            published_at=None if later or waits else now,
            imported=manner.imported,
            quiet=manner.quiet,
            weekly_id=manner.date_of[0] if manner.date_of else None,
            weekly_on=manner.date_of[1] if manner.date_of else None,
        )  # fmt: skip -- one glance shows every column of a new post
        session.add(post)
        session.flush()  # the revision refers to the post by its key
        _write(session, post, content, now)
        said = {name: True for name, so in (("scheduled", later), ("waits", waits)) if so}
        log.record_post(session, "post.created", post, **said)
        if waits:
            review.hand_in(session, post)
        elif not later:
            _announce(session, post, "published", now)
        return _record(post, content, merchant)


def revise(
    merchant_id: UUID | None,
    post_id: UUID,
    draft: Draft | Callable[[PostRecord], Draft],
    *,
    expected: Collection[int] | None = None,
) -> Outcome:
    """The post with new content; `unchanged` where it says the same. `expected` are revisions the caller has seen; None: any.

    A draft may be made of the post as it stands, while nobody else changes it.
    A `publish_at` moves a post that is not published yet. Raises NotFound, Forbidden, Conflict (withdrawn, or revised by
    somebody else meanwhile), Invalid (kind changed; `publish_at` of a published post; over before it is published).
    """
    with db.transaction() as session:
        post = _owned(session, merchant_id, post_id)
        merchants.require(session, merchant_id, "revise")
        merchant = session.get_one(Merchant, post.merchant_id)
        if post.state == "withdrawn":
            raise Conflict("This post was withdrawn. A withdrawn post cannot be revised; create a new one.")
        if expected is not None and post.revision not in expected:
            raise Stale(Reason("This post was revised meanwhile: it stands at revision {}.", post.revision))
        if not isinstance(draft, Draft):
            draft = draft(_record(post, latest(session, post), merchant))
        if draft.source_ref is not None and draft.source_ref != post.source_ref:
            raise Invalid.field("source_ref", "cannot be changed")
        return _revise(session, post, merchant, draft)


def submit(merchant_id: UUID, draft: Draft, *, manner: Manner = ALONE) -> Outcome:
    """Create or revise by `source_ref`, so that handing in the same draft again changes nothing.

    A post that was withdrawn stays withdrawn (`unchanged`). Raises what `create` and `revise` raise.
    """
    with db.transaction() as session:
        # Alone before the look, or the same draft twice at once is unknown twice.
        merchant = _publishing(session, merchant_id, alone=True)
        post = by_source(session, merchant_id, draft.source_ref) if draft.source_ref else None
        if post is None:
            return Outcome(create(merchant_id, draft, manner=manner), "created")
        if post.state == "withdrawn":
            return Outcome(_record(post, _content(session, post), merchant), "unchanged")
        return _revise(session, post, merchant, draft)


def withdraw(merchant_id: UUID | None, post_id: UUID, grounds: Grounds = UNSAID) -> PostRecord:
    """Take a post back, everywhere; doing it again changes nothing. Raises NotFound, and Forbidden (merchant suspended).

    What is `unlawful` goes by `unlawful.withdraw`, which calls this.
    """
    with db.transaction() as session:
        post = _owned(session, merchant_id, post_id)
        merchants.require(session, merchant_id, "withdraw")
        now = clock.now()
        if post.state == "published":
            _announce(session, post, "withdrawn", now)
        if post.state != "withdrawn":
            site_images.forget(session, post.id)
            review.drop(session, post.id)
            session.execute(delete(KeptDraft).where(KeptDraft.id == post.id))  # nothing is left to correct
            post.state, post.withdrawn_at, post.updated_at, post.publish_at = "withdrawn", now, now, None
            post.missed_at = None
            post.withdrawn_reason, post.withdrawn_by = grounds.why, grounds.by
            post.withdrawn_statement, post.withdrawn_untold = grounds.statement, grounds.untold
            log.record_post(session, "post.withdrawn", post, reason=grounds.why or "")
        merchant = session.get_one(Merchant, post.merchant_id)
        return _record(post, _content(session, post), merchant)


def read(post_id: UUID, *, merchant_id: UUID | None = None) -> PostRecord:
    """One post; with `merchant_id` only where it is that merchant's. Raises NotFound."""
    with db.reading() as session:
        post = _owned(session, merchant_id, post_id)
        return _record(post, _content(session, post), session.get_one(Merchant, post.merchant_id))


def series_of(post_id: UUID) -> UUID | None:
    """The post that this one, once published as a part of a series, went into; None for all others."""
    with db.reading() as session:
        return session.scalar(select(Post.joined_to).where(Post.id == post_id))


def listed(
    *,
    merchant_id: UUID | None = None,
    kind: str | None = None,
    state: str | None = None,
    stand: Stand | None = None,
    after: UUID | None = None,
    limit: int = 50,
) -> list[PostRecord]:
    """Posts, newest first; `after` is the id of the last one already seen. `stand`: how it stands with them now."""
    statement = (
        select(Post, Revision, Merchant)
        .join(Revision, (Revision.post_id == Post.id) & (Revision.number == Post.revision))
        .join(Merchant, Merchant.id == Post.merchant_id)
        .order_by(Post.id.desc())
        .limit(limit)
    )
    wanted = ((Post.merchant_id, merchant_id), (Post.kind, kind), (Post.state, state))
    statement = statement.where(*(column == value for column, value in wanted if value is not None))
    if stand is not None:
        statement = statement.where(*_standing(stand, clock.now()))
    if after is not None:
        statement = statement.where(Post.id < after)
    with db.reading() as session:
        return [
            _record(post, views.content_of(revision), merchant)
            for post, revision, merchant in session.execute(statement)
        ]


def _standing(stand: Stand, now: datetime) -> list[ColumnElement[bool]]:
    lasts = or_(Post.over_at.is_(None), Post.over_at > now)
    match stand:
        case "running":
            return [Post.state == "published", lasts]
        case "coming":
            return [Post.state == "scheduled"]
        case "over":
            return [Post.state == "published", Post.over_at <= now]
    return [Post.state == "withdrawn"]


def publish_due(*, most: int = 100, however_late: bool = False) -> int:
    """Publish the scheduled posts whose time has come; returns how many. Posts of suspended merchants stay scheduled.

    One that is over by then, or comes more than LATEST after its hour, because its merchant was suspended or everything
    stood still, is told to nobody: it stays scheduled without an hour, until its merchant chooses a new one. With
    `however_late` it is published all the same.
    """
    with db.transaction() as session:
        now, published = clock.now(), 0
        due = session.scalars(
            select(Post)
            .join(Merchant, Merchant.id == Post.merchant_id)
            .where(
                Post.state == "scheduled",
                Post.publish_at <= now,
                Merchant.state == "admitted",
                ~review.held(),
            )
            .order_by(Post.publish_at)
            .limit(most)
            .with_for_update(skip_locked=True, of=Post)
        ).all()
        for post in due:
            if not however_late and timely.missed(post, now):
                post.missed_at, post.publish_at, post.updated_at = post.publish_at, None, now
                _log.warning("post.missed", post=str(post.id))
                continue
            bring_out(session, post, now)
            published += 1
        return published


def bring_out(session: Session, post: Post, now: datetime) -> None:
    """A post that waited is out from now on."""
    post.state, post.published_at, post.updated_at = "published", now, now
    log.record_post(session, "post.published", post)
    _announce(session, post, "published", now)


def _publishing(session: Session, merchant_id: UUID, *, alone: bool = False) -> Merchant:
    """The admitted merchant; `alone` lets one transaction in at a time, so that quota and `source_ref` hold in parallel."""
    merchant = session.get(Merchant, merchant_id, with_for_update={"key_share": True} if alone else None)
    if merchant is None:
        raise NotFound("There is no such merchant.")
    return merchants.require_of(merchant, "post")


def _owned(session: Session, merchant_id: UUID | None, post_id: UUID) -> Post:
    # Locked, so that two revisions at once become two numbers, not one.
    post = session.get(Post, post_id, with_for_update=db.writes(session))
    if post is None or (merchant_id is not None and post.merchant_id != merchant_id):
        raise NotFound("There is no such post.")
    return post


def by_source(session: Session, merchant_id: UUID, source_ref: str | None) -> Post | None:
    """The post that a merchant hands in under this reference, locked in a transaction; None where there is none."""
    if source_ref is None:
        return None
    statement = select(Post).where(Post.merchant_id == merchant_id, Post.source_ref == source_ref)
    if db.writes(session):
        statement = statement.with_for_update()
    return session.scalars(statement).one_or_none()


def correct(session: Session, post: Post, draft: Draft) -> None:
    """Say what a correction says that waited and was approved."""
    _revise(session, post, session.get_one(Merchant, post.merchant_id), draft, looked_at=True)


def _revise(
    session: Session, post: Post, merchant: Merchant, draft: Draft, *, looked_at: bool = False
) -> Outcome:
    open_one = None if looked_at else review.waiting_for(session, post)
    waits = not looked_at and (open_one is not None or review.applies(session, merchant))
    standing, correction = _content(session, post), review.correction_of(open_one)
    before = correction or standing
    content = filing.filed(filing.of(session), draft.content().spelled_as(before))
    if content.kind != before.kind:
        raise Invalid.field("kind", Reason("cannot be changed: this post is of kind {}", before.kind))
    now = clock.now()
    moved = _moved(post, draft, now)
    if (content == before or content.digest() == before.digest()) and not moved:
        if correction is None:
            _note_spellings(session, post, content, before)
        return Outcome(_record(post, standing, merchant), "unchanged")
    timely.refuse_dates(content)
    if waits and post.state == "published":
        if not review.only_calls_off(standing, correction, content):
            return _wait(session, post, merchant, standing, content)
        content = review.called_off(standing)
        if open_one is not None and correction is not None:
            open_one.content, open_one.version = (
                review.called_off(correction).document(),
                open_one.version + 1,
            )
    over_at = content.over_at(settings().zone)
    if moved and draft.publish_at is not None:
        # An hour that has passed publishes it now, however long ago it was.
        post.publish_at = draft.publish_at if draft.publish_at > now - LATEST / 2 else now
        post.missed_at = None
    if post.state == "scheduled" and post.publish_at is not None and (over_at is None or over_at > now):
        timely.refuse_stale(content, over_at, post.publish_at)
    post.revision += 1
    post.updated_at, post.over_at = now, over_at
    _write(session, post, content, now)
    stands = {} if content.standing == standing.standing else {"standing": content.standing}
    log.record_post(session, "post.revised", post, **stands)
    if waits and post.state == "scheduled":
        if post.publish_at is not None and post.publish_at <= now:
            post.publish_at = None  # at once, which is as soon as somebody has looked
        review.hand_in(session, post)
    if post.state == "published":
        _announce(session, post, "revised", now)
    return Outcome(_record(post, content, merchant), "revised")


def _wait(session: Session, post: Post, merchant: Merchant, standing: Content, content: Content) -> Outcome:
    """A correction of a post that is out waits; one that says what stands already takes the one back that waited."""
    uploads.note(session, post.id, post.merchant_id, standing, content)
    if content.digest() == standing.digest():
        review.drop(session, post.id)
    else:
        review.hand_in(session, post, content)
    return Outcome(_record(post, standing, merchant), "revised")


def _moved(post: Post, draft: Draft, now: datetime) -> bool:
    """Whether a draft asks for another hour than the post has. Raises Invalid where that has passed."""
    if draft.publish_at is None or draft.publish_at in (post.publish_at, post.missed_at):
        return False
    if post.state == "scheduled" and post.skipped:
        raise Invalid.field("publish_at", "cannot be chosen: this date falls out")
    if post.state == "scheduled":
        return True
    if draft.publish_at > now:
        raise Invalid.field("publish_at", "cannot be changed: this post is published already")
    return False


def _write(session: Session, post: Post, content: Content, now: datetime) -> None:
    """Freeze `content` as the post's current revision."""
    post.comes_at = coming.of(content, now)
    session.add(
        Revision(
            post_id=post.id,
            number=post.revision,
            content=content.document(),
            digest=content.digest(),
            created_at=now,
            by_hall=acting.current().hall[:200],
        )
    )
    uploads.note(session, post.id, post.merchant_id, content)
    site_images.want(session, post.id, content)
    _note_topics(session, post, content)


def _note_spellings(session: Session, post: Post, content: Content, before: Content) -> None:
    """Topics that are but spelled in another way are no news to anybody; they are shown so from now on."""
    if content.spellings() != before.spellings() and content.spellings():
        session.get_one(Revision, (post.id, post.revision)).content = content.document()
        _note_topics(session, post, content)


def _note_topics(session: Session, post: Post, content: Content) -> None:
    session.execute(delete(PostTopic).where(PostTopic.post_id == post.id))
    session.add_all(
        PostTopic(post_id=post.id, topic=str(topic), spelling=topic.spelling) for topic in content.topics
    )


def alone(session: Session, merchant_id: UUID) -> None:
    """Let nobody else change posts of this merchant until the transaction ends. Raises NotFound, Forbidden."""
    _publishing(session, merchant_id, alone=True)


def content(session: Session, post: Post) -> Content:
    """What a post says now."""
    return _content(session, post)


def latest(session: Session, post: Post) -> Content:
    """The same, or what a correction of it says that waits for the town hall."""
    return review.correction_of(review.waiting_for(session, post)) or _content(session, post)


def unchanged(session: Session, post: Post) -> Outcome:
    """The post as it is, for whoever brought nothing new."""
    merchant = session.get_one(Merchant, post.merchant_id)
    return Outcome(_record(post, _content(session, post), merchant), "unchanged")


def recast(session: Session, post: Post, said: Content) -> None:
    """Say the same in another form: a new revision that nobody is told of."""
    now = clock.now()
    post.revision += 1
    post.updated_at, post.over_at = now, said.over_at(settings().zone)
    _write(session, post, said, now)
    review.touch(session, post)
    log.record_post(session, "post.revised", post, joined=True)
    session.flush()


def _announce(session: Session, post: Post, action: Action, now: datetime) -> None:
    """Put the Change into the outbox and wake its fan-out; what it announces as a price is remembered."""
    price_memory.note(session, post, None if action == "withdrawn" else _content(session, post), now)
    change = Change(post_id=post.id, revision=post.revision, action=action, created_at=now)
    session.add(change)
    session.flush()  # the wake-up carries the key that the database gives
    wakeups.after_commit(session, "fanout", change.id)


def _content(session: Session, post: Post) -> Content:
    return views.content_of(session.get_one(Revision, (post.id, post.revision)))
