"""Editions: what a slot's readers have not heard yet, composed once for all who get the same, and never empty."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, String, cast, literal, select, update
from sqlalchemy.orm import Session

from syndication import bell, clock, db, deliveries, interests, postview
from syndication.channels.base import PostView
from syndication.channels.newsletter import (
    LEFT_OUT,
    Correction,
    EditionView,
    Entry,
    Newsletter,
    What,
    compose,
)
from syndication.config import Settings, settings
from syndication.content import Cadence, Content, Interest, matters
from syndication.delivery import policy
from syndication.models import Change, Delivery, Destination, Edition, Post, Reader, Revision

_log = structlog.get_logger(__name__)
#: Changes join, and windows are read, in line under this name, so that a window sees all that joined before its end.
LINE = "changes"
#: Readers of one transaction; see fanout.
_READERS = 500
#: How far back the first edition of a reader looks for whom nothing else is known.
_FIRST_WINDOW = timedelta(days=7)


@dataclass(frozen=True)
class Composed:
    """An edition ready to be stored."""

    key: str
    language: str
    slot_at: datetime
    parts: dict[str, Any]
    posts: list[list[str]]
    over_at: datetime | None


@dataclass(frozen=True)
class _Audience:
    """Readers who get equal content: one interest, one language, one window (since, slot]. `due` is their planned slot."""

    interest_id: int
    language: str
    cadence: str
    since: datetime | None
    due: datetime
    slot: datetime

    def readers(self) -> tuple[ColumnElement[bool], ...]:
        return (
            Reader.state == "confirmed",
            Reader.interest_id == self.interest_id,
            Reader.language == self.language,
            Reader.cadence == self.cadence,
            Reader.covered_until.is_(None) if self.since is None else Reader.covered_until == self.since,
            Reader.next_slot_at == self.due,
        )


@dataclass(frozen=True)
class _Story:
    """What a window tells of one post: first heard of in it, or changed since `before`."""

    view: PostView
    fresh: bool
    withdrawn: bool
    before: Content | None
    change_id: int


# Editions of one change, for readers who hear instantly


def of_change(change: Change, view: PostView, language: str, cfg: Settings) -> Composed | None:
    """The edition that tells of one new post; None where the post cannot be put into one, which its merchant is told."""
    key, told = f"change:{change.id}:{language}", {view.id: change.id}
    return _composed(key, language, change.created_at, [Entry(view)], [], cfg, told)


def of_correction(
    change: Change, view: PostView, what: What, language: str, cfg: Settings, *, since: int
) -> Composed | None:
    """The edition that corrects what the change with the number `since` told; None as with `of_change`."""
    key, told = f"change:{change.id}:{language}:correction:{since}", {view.id: change.id}
    return _composed(key, language, change.created_at, [], [Correction(view, what)], cfg, told)


def what_changed(before: Content, after: Content) -> What:
    """The one word for a change that readers must be told."""
    changed = matters(before, after)
    if "status" in changed and after.status != "scheduled":
        return after.status
    words: dict[str, What] = {"time": "time", "place": "moved", "price": "price"}
    return next((words[matter] for matter in changed if matter in words), "changed")


def store(session: Session, edition: Composed) -> int:
    """The id of the stored edition; one with the same key is stored once."""
    row = {
        "key": edition.key,
        "language": edition.language,
        "slot_at": edition.slot_at,
        "composed_at": clock.now(),
        "parts": edition.parts,
        "posts": edition.posts,
        "over_at": edition.over_at,
    }
    db.insert_new(session, Edition.__table__, [row])
    return session.scalars(select(Edition.id).where(Edition.key == edition.key)).one()


def deliver(
    session: Session,
    edition_id: int,
    audience: Iterable[ColumnElement[bool]],
    *,
    over_at: datetime | None,
    change_id: int | None = None,
    post_id: UUID | None = None,
    due_at: datetime | None = None,
    reason: str = "",
) -> int:
    """One delivery of the edition for each reader of `audience`, due now or at `due_at`; returns how many are new.

    Repeating it adds none.
    """
    now = db.now(session)
    row = deliveries.row(
        Newsletter,
        literal(f"e{edition_id}-r") + cast(Reader.id, String),
        now,
        reader_id=Reader.id,
        edition_id=edition_id,
        change_id=change_id,
        post_id=post_id,
        due_at=due_at,
        over_at=over_at,
        reason=reason,
    )
    values = deliveries.selected(row)
    rows = select(*values.values()).where(*audience).order_by(Reader.id)
    return db.insert_new(session, Delivery.__table__, rows, values)


# Editions of a slot


def sweep(*, most: int = 200) -> int:
    """Compose and deliver the editions whose slot has come; returns how many audiences were served."""
    cfg = settings()
    windows: dict[tuple[datetime | None, datetime], list[_Story]] = {}
    audiences = _due(cfg, most)
    for audience in audiences:
        window = (audience.since, audience.slot)
        try:
            if window not in windows:
                windows[window] = _stories(audience.since, audience.slot, cfg)
            _issue(audience, windows[window], cfg)
        except Exception:  # one that cannot be composed must not hold up the others; its readers stay due
            _log.exception("edition.broken", language=audience.language, slot=audience.slot.isoformat())
    return len(audiences)


def _due(cfg: Settings, most: int) -> list[_Audience]:
    columns = (Reader.interest_id, Reader.language, Reader.cadence, Reader.covered_until, Reader.next_slot_at)
    with db.reading() as session:
        now = db.now(session)
        statement = (
            select(*columns)
            .where(Reader.state == "confirmed", Reader.next_slot_at <= now)
            .group_by(*columns)
            .limit(most)
        )
        rows = session.execute(statement).all()
    return [
        _Audience(interest_id, language, cadence, since, due, _slot(cadence, due, now, cfg))
        for interest_id, language, cadence, since, due in rows
        if due is not None
    ]


def _slot(cadence: str, due: datetime, now: datetime, cfg: Settings) -> datetime:
    """The last slot that has passed, so that a pause of days ends in one edition; the switch itself for instant readers."""
    return policy.previous_slot(Cadence.parse(cadence), now, cfg.zone) or due


def _stories(since: datetime | None, slot: datetime, cfg: Settings) -> list[_Story]:
    """What happened to posts in the window (since, slot], in the order of their first change."""
    since = since or slot - _FIRST_WINDOW
    with db.transaction() as session:
        db.in_line(session, LINE, alone=True)
        changes = session.scalars(
            select(Change).where(Change.joined_at > since, Change.joined_at <= slot).order_by(Change.id)
        ).all()
    by_post: dict[UUID, list[Change]] = {}
    for change in changes:
        by_post.setdefault(change.post_id, []).append(change)
    with db.reading() as session:
        views = postview.by_id(session, by_post, cfg.base_url)
        posts = {post.id: post.state for post in session.scalars(select(Post).where(Post.id.in_(by_post)))}
        return [
            _Story(
                views[post_id],
                fresh=any(change.action == "published" for change in told),
                withdrawn=posts[post_id] == "withdrawn",
                before=_content_before(session, told[0]),
                change_id=told[-1].id,
            )
            for post_id, told in by_post.items()
        ]


def _content_before(session: Session, first: Change) -> Content | None:
    revision = (
        session.get(Revision, (first.post_id, first.revision - 1)) if first.action == "revised" else None
    )
    return postview.content_of(revision) if revision else None


def _issue(audience: _Audience, stories: Sequence[_Story], cfg: Settings) -> None:
    with db.reading() as session:
        interest = interests.all_of(session, [audience.interest_id])[audience.interest_id]
    entries, corrections = _selection(interest, stories)
    edition_id = over_at = None
    if entries or corrections:
        key, told = _key(audience, entries, corrections), {one.view.id: one.change_id for one in stories}
        composed = _composed(key, audience.language, audience.slot, entries, corrections, cfg, told)
        if composed is not None:
            over_at = composed.over_at
            with db.transaction() as session:
                edition_id = store(session, composed)
    following = policy.next_slot(Cadence.parse(audience.cadence), audience.slot, cfg.zone)
    while _serve(audience, edition_id, over_at, following):
        pass


def _serve(
    audience: _Audience, edition_id: int | None, over_at: datetime | None, following: datetime | None
) -> int:
    """Deliver to some of the audience and move them to their next slot, both or neither; returns how many."""
    with db.transaction() as session:
        chunk = select(Reader.id).where(*audience.readers()).order_by(Reader.id).limit(_READERS)
        ids = session.scalars(chunk.with_for_update(skip_locked=True)).all()
        if not ids:
            return 0
        some = (*audience.readers(), Reader.id.in_(ids))
        if edition_id is not None:
            deliver(session, edition_id, some, over_at=over_at)
            bell.after_commit(session, Newsletter.queue)
        session.execute(
            update(Reader)
            .where(*some)
            .values(covered_until=audience.slot, next_slot_at=following)
            .execution_options(synchronize_session=False)
        )
        return len(ids)


def _selection(interest: Interest, stories: Iterable[_Story]) -> tuple[list[Entry], list[Correction]]:
    """What of a window somebody with this interest hears. What is over by now is dropped and counted, never told late."""
    entries, corrections, over = [], [], 0
    now = clock.now()
    for story in stories:
        view = story.view
        told = [view.content, *([story.before] if story.before is not None else [])]
        if not any(interests.wants(interest, content, view.merchant) for content in told):
            continue
        if policy.is_over(view.over_at, now) and not story.withdrawn:
            over += 1
        elif story.withdrawn:
            corrections += [] if story.fresh else [Correction(view, "withdrawn")]
        elif story.fresh:
            entries.append(Entry(view))
        elif story.before is not None and matters(story.before, view.content):
            corrections.append(Correction(view, what_changed(story.before, view.content)))
    if over:
        _log.info("edition.over", dropped=over)
    return entries, corrections


def _key(audience: _Audience, entries: Sequence[Entry], corrections: Sequence[Correction]) -> str:
    """Equal for equal content at one slot, so that readers with different interests share an edition where they can."""
    told = [f"{one.post.id}.{one.post.revision}" for one in entries]
    told += [f"{one.post.id}.{one.post.revision}.{one.what}" for one in corrections]
    digest = hashlib.sha256(" ".join(told).encode()).hexdigest()[:32]
    return f"slot:{audience.slot:%Y%m%dT%H%M%S}:{audience.language}:{digest}"


def _composed(
    key: str,
    language: str,
    slot_at: datetime,
    entries: Sequence[Entry],
    corrections: Sequence[Correction],
    cfg: Settings,
    told: Mapping[UUID, int],
) -> Composed | None:
    """The edition, without the posts that cannot be in one; None where nothing is left. `told`: each post's change."""
    try:
        return _whole(key, EditionView(language, slot_at, tuple(entries), tuple(corrections)), cfg)
    except Exception:  # whatever it is that one post holds, all others are told
        # Where not even an edition of nothing can be made, it is no post's fault: its readers wait until it is mended.
        compose(EditionView(language, slot_at, (), ()), postview.city(cfg), cfg.mail_from)
        every: list[Entry | Correction] = [*entries, *corrections]
        sound = [one for one in every if _fits(one, language, slot_at, cfg)]
        unfit = [one.post for one in every if one not in sound]
        if not unfit:
            raise
    _leave_out([(told[post.id], post.id) for post in unfit])
    view = EditionView(
        language,
        slot_at,
        tuple(one for one in sound if isinstance(one, Entry)),
        tuple(one for one in sound if isinstance(one, Correction)),
    )
    return _whole(key, view, cfg) if sound else None


def _whole(key: str, view: EditionView, cfg: Settings) -> Composed:
    ends = [entry.post.over_at for entry in view.entries]
    posts = [entry.post for entry in view.entries] + [correction.post for correction in view.corrections]
    return Composed(
        key=key,
        language=view.language,
        slot_at=view.slot_at,
        parts=compose(view, postview.city(cfg), cfg.mail_from),
        posts=[[str(post.id), str(post.revision)] for post in posts],
        # As long as one thing in it is worth hearing the edition goes out.
        over_at=None if view.corrections or None in ends else max((end for end in ends if end), default=None),
    )


def _fits(one: Entry | Correction, language: str, slot_at: datetime, cfg: Settings) -> bool:
    """Whether an edition of this alone can be made."""
    entries, corrections = ((one,), ()) if isinstance(one, Entry) else ((), (one,))
    try:
        compose(EditionView(language, slot_at, entries, corrections), postview.city(cfg), cfg.mail_from)
    except Exception:
        _log.exception("edition.left_out", post=str(one.post.id), revision=one.post.revision)
        return False
    return True


def _leave_out(told: Iterable[tuple[int, UUID]]) -> None:
    """A dead letter of the newsletter for each change and post: the merchant reads why, and the operator that it is so."""
    with db.transaction() as session:
        newsletter = session.scalar(
            select(Destination.id).where(Destination.channel == Newsletter.kind).limit(1)
        )
        if newsletter is None:  # a city that has none yet; the log has it
            return
        now = db.now(session)
        rows = [
            deliveries.row(
                Newsletter,
                f"c{change_id}-{newsletter.hex}",
                now,
                destination_id=newsletter,
                change_id=change_id,
                post_id=post_id,
                state="failed",
                reason=LEFT_OUT,
            )
            for change_id, post_id in told
        ]
        db.insert_new(session, Delivery.__table__, rows)
