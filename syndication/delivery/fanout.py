"""Fan-out: turns one change into a delivery for every destination and reader it concerns. Running it twice is harmless."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select, update
from sqlalchemy.orm import Session

from syndication import channels, clock
from syndication.audience import corrections, editions, gathering, interests, stories
from syndication.audience.corrections import News
from syndication.channels.built_in.newsletter import Newsletter
from syndication.config import Settings, settings
from syndication.content.interest import Interest
from syndication.content.reason import NO_REASON
from syndication.infra import db, sqlite_turns, wakeups
from syndication.ledger import lifecycle, policy
from syndication.models import Change, Delivery, Destination, Merchant, Post, Reader, Revision
from syndication.publishing import feed_marks, views

#: Rows of one insert.
_CHUNK = 500
#: Devices of one transaction, and readers of the first one; the next takes more or fewer by how long that took.
_PEOPLE = 500
#: While chunk follows on chunk, mail is woken once in so many seconds.
_APART = 1.0
#: Share of a chunk's time, and most seconds, for which fan-out then lets others be the one writer. A lock wakes who waits
#: for it, but whoever lets go of it and asks again at once is faster.
_REST, _LONGEST_REST = 0.5, 0.03
#: How long one call is at a change (seconds).
_SECONDS = 20.0
#: A wake-up gets this long before the sweep does its work.
_PATIENCE = timedelta(seconds=3)


def fan_out(change_id: int) -> bool:
    """Go on with the fan-out of one change, after those of earlier changes of the same post; returns whether it is complete.

    After some seconds it leaves the rest to another call, which it wakes; what is done is not done again. While one
    call is at a change others pass it over. An unknown id is complete.
    """
    return all(_go_on(one) for one in (*_unfinished_before(change_id), change_id))


def sweep(*, most: int = 100) -> int:
    """Wake the changes that nobody is at, though they are not told yet; returns how many there were.

    The fan-out itself runs where it holds up no sweep.
    """
    with db.reading() as session:
        now = db.now(session)
        waiting = select(Change.id).where(
            Change.fanned_at.is_(None), Change.created_at < now - _PATIENCE, _free(now)
        )
        # Those that were tried last come last, so that some which cannot be told do not hold up the others.
        order = (Change.taken_until.asc().nulls_first(), Change.id)
        ids = session.scalars(waiting.order_by(*order).limit(most)).all()
    for change_id in ids:
        wakeups.wake("fanout", change_id)
    return len(ids)


def _unfinished_before(change_id: int) -> list[int]:
    with db.reading() as session:
        post_id = select(Change.post_id).where(Change.id == change_id).scalar_subquery()
        earlier = select(Change.id).where(
            Change.post_id == post_id, Change.id < change_id, Change.fanned_at.is_(None)
        )
        return list(session.scalars(earlier.order_by(Change.id)))


def _free(now: datetime) -> ColumnElement[bool]:
    """Nobody is at it, or whoever was has died."""
    return or_(Change.taken_until.is_(None), Change.taken_until < now)


def _go_on(change_id: int) -> bool:
    cfg, deadline = settings(), clock.monotonic() + _SECONDS
    with db.transaction() as session:
        if not _take(session, change_id):
            done = select(Change.id).where(Change.id == change_id, Change.fanned_at.is_(None))
            return session.scalar(done) is None
        news = _join(session, change_id, cfg)
        if news.change.reached == 0:
            _to_outlets(session, news)
            feed_marks.mark(session, _scopes(news))
    # What is behind this tells machines; very many people are told without holding them up.
    with sqlite_turns.patiently():
        return _to_people(news, cfg, deadline)


def _to_people(news: News, cfg: Settings, deadline: float) -> bool:
    """Tell devices and readers, and note that this call is done; returns whether all are told."""
    if news.change.reached == 0:
        _to_devices(news)
    complete = _to_readers(news, cfg, deadline)
    with db.transaction() as session:
        change_id = news.change.id
        ended = {"fanned_at": db.now(session)} if complete else {}
        session.execute(update(Change).where(Change.id == change_id).values(taken_until=None, **ended))
        # What is left, or the next change of this post, which had to wait for this one.
        following = change_id if not complete else _next_of(session, news)
        if following is not None:
            wakeups.after_commit(session, "fanout", following)
    return complete


def _next_of(session: Session, news: News) -> int | None:
    later = (Change.post_id == news.view.id, Change.id > news.change.id, Change.fanned_at.is_(None))
    return session.scalar(select(func.min(Change.id)).where(*later))


def _lease(now: datetime) -> datetime:
    """Until when a change is somebody's; each chunk of readers prolongs it."""
    return now + timedelta(seconds=settings().lease)


def _take(session: Session, change_id: int) -> bool:
    """Be the one who is at a change; False where it is done, unknown, or somebody else's."""
    now = db.now(session)
    mine = update(Change).where(Change.id == change_id, Change.fanned_at.is_(None), _free(now))
    taken = session.execute(mine.values(taken_until=_lease(now)).execution_options(synchronize_session=False))
    return bool(taken.rowcount)  # type: ignore[attr-defined]  # an UPDATE has it


def _reach(session: Session, reader_id: int, *, news: News) -> None:
    """Everything up to this reader is done; in the transaction that did it. The change stays ours for a while longer."""
    known = update(Change).where(Change.id == news.change.id)
    values = {"reached": reader_id, "taken_until": _lease(db.now(session))}
    session.execute(known.values(**values).execution_options(synchronize_session=False))


def _join(session: Session, change_id: int, cfg: Settings) -> News:
    """Give the change its place in the line of changes and read what it says."""
    change = session.get_one(Change, change_id, with_for_update=True)
    if change.joined_at is None:
        db.advisory_lock(session, stories.LINE, shared=True)
        change.joined_at = db.now(session)
    post = session.get_one(Post, change.post_id)
    merchant = session.get_one(Merchant, post.merchant_id)
    revision = session.get_one(Revision, (post.id, change.revision))
    before = session.get(Revision, (post.id, change.revision - 1)) if change.action == "revised" else None
    return News(
        change,
        views.view(post, revision, merchant, cfg.base_url),
        merchant.id,
        _over_at(change, revision, before, cfg),
        views.content_of(before) if before else None,
        post.quiet,
        untold=change.action == "withdrawn" and post.withdrawn_untold,
    )


def _over_at(change: Change, revision: Revision, before: Revision | None, cfg: Settings) -> datetime | None:
    """When the news is stale: a withdrawal never is, and a revision that ends a post early lives as long as the post did."""
    if change.action == "withdrawn":
        return None
    ends = [views.content_of(one).over_at(cfg.zone) for one in (revision, before) if one is not None]
    return None if None in ends else max(end for end in ends if end is not None)


def _scopes(news: News) -> list[str]:
    contents = [news.view.content, *([news.before] if news.before else [])]
    return sorted(
        {
            scope
            for one in contents
            for scope in feed_marks.scopes_of(one.kind, one.topics, news.view.merchant.slug)
        }
    )


def outlets(session: Session, news: News) -> list[Destination]:
    """The destinations to which the news goes, but for people's devices."""
    shared = Destination.channel.not_in(channels.personal_kinds())
    return _hearing(session, news, session.scalars(destinations(news).where(shared)).all())


def _to_outlets(session: Session, news: News) -> None:
    _tell(session, news, outlets(session, news))


def _to_devices(news: News) -> None:
    """People's devices, of which there may be thousands, in chunks that each commit."""
    devices = Destination.channel.in_(channels.personal_kinds())
    chunk = destinations(news).where(devices).order_by(Destination.id).limit(_PEOPLE)
    last: UUID | None = None
    while True:
        with (
            db.reading() as session
        ):  # mostly there is none, and nobody need wait for a turn as a writer to see that
            rows = session.scalars(chunk if last is None else chunk.where(Destination.id > last)).all()
        if not rows:
            return
        with db.transaction() as session:
            _tell(session, news, _hearing(session, news, rows))
        last = rows[-1].id


def destinations(news: News) -> Select[Destination]:
    """All that may hear news of this merchant, whatever interests them."""
    mine = (Destination.merchant_id.is_(None)) | (Destination.merchant_id == news.merchant_id)
    # An outlet that hears of outages is for the operator alone.
    return select(Destination).where(Destination.state != "disabled", Destination.alarms.is_(False), mine)


def _hearing(session: Session, news: News, some: Sequence[Destination]) -> list[Destination]:
    """Those that want to hear the news, or heard of the post before."""
    wanted = interests.all_of(session)
    heard = corrections.heard(session, news, [destination.id for destination in some])
    return [
        destination
        for destination in some
        if channels.known(destination.channel)
        and (destination.id in heard or _is_to_hear(news, destination, wanted[destination.interest_id]))
    ]


def _tell(session: Session, news: News, found: Sequence[Destination]) -> None:
    """A delivery for each of these destinations."""
    for start in range(0, len(found), _CHUNK):
        chunk = found[start : start + _CHUNK]
        moments = corrections.to_destinations(session, news, chunk, settings())
        rows = [_row(news, destination, moments) for destination in chunk if destination.id in moments.due]
        db.insert_new(session, Delivery.__table__, rows)
    for queue in {channels.by_kind(destination.channel).queue for destination in found}:
        wakeups.after_commit(session, queue)


def _is_to_hear(news: News, destination: Destination, interest: Interest) -> bool:
    """Whether a destination that never heard of the post is to hear of it by this change.

    A network that was connected later has a stock before it that is no news there, even where a part of it is revised.
    """
    channel = channels.by_kind(destination.channel)
    if not channel.takes_changes or not news.concerns(interest):
        return False
    is_stock = news.change.action != "published" and destination.created_at > news.view.published_at
    came_later = channel.abilities.keeps_track and is_stock
    return not channel.tells or not (news.quiet or came_later)


def _row(news: News, destination: Destination, moments: corrections.Moments) -> dict[str, Any]:
    channel, due = channels.by_kind(destination.channel), moments.due[destination.id]
    return lifecycle.row(
        channel,
        f"c{news.change.id}-{destination.id.hex}",
        moments.now,
        destination_id=destination.id,
        change_id=news.change.id,
        post_id=news.view.id,
        due_at=due,
        over_at=news.over_at,
        reason=corrections.HELD if due > moments.now else NO_REASON,
    )


# Readers who hear instantly


def _to_readers(news: News, cfg: Settings, deadline: float) -> bool:
    """Tell the readers behind `reached`, until `deadline` (monotonic seconds); returns whether all are told."""
    if news.quiet and news.change.action == "published":
        return True
    if news.change.action != "published":
        chunks = corrections.to_readers(news, cfg, after=news.change.reached, keep=partial(_reach, news=news))
    else:
        chunks = _publish(news, cfg)
    begun, pause, told = clock.monotonic(), threading.Event(), 0
    for _ in chunks:
        if clock.monotonic() >= deadline:
            return False
        if db.one_writer():
            pause.wait(min(_LONGEST_REST, _REST * (clock.monotonic() - begun)))
        begun, told = clock.monotonic(), told + 1
    if told > 1:
        wakeups.wake(Newsletter.queue)  # for what came since it was woken last
    return True


def _publish(news: News, cfg: Settings) -> Iterator[int]:
    """Tell each reader who hears at once, in chunks that each commit; yields the last reader of each."""
    with db.reading() as session:
        hears = (Reader.state == "confirmed", Reader.cadence == "instantly")
        wanted = interests.all_of(session, select(Reader.interest_id).where(*hears).distinct())
    matching = [key for key, interest in wanted.items() if news.concerns(interest)]
    if not matching:
        return
    audience = (*hears, Reader.interest_id.in_(matching))
    telling = _gathered(news, audience, cfg) if cfg.instant_window else _at_once(news, audience, cfg)
    last, rows = news.change.reached, _PEOPLE
    while (until := _reader_after(telling.audience, last, rows)) is not None:
        with db.transaction() as session:
            begun = clock.monotonic()  # waiting for its turn as a writer says nothing about the chunk
            telling.tell(session, (Reader.id > last, Reader.id <= until))
            last = until
            _reach(session, last, news=news)
        rows = policy.chunk(rows, clock.monotonic() - begun, one_writer=db.one_writer())
        yield last


#: Some conditions on readers.
_Some = tuple[ColumnElement[bool], ...]


@dataclass(frozen=True)
class _Telling:
    """Who hears of a new post, and how some of them are told in a transaction."""

    audience: _Some
    tell: Callable[[Session, _Some], None]


def _at_once(news: News, hears: _Some, cfg: Settings) -> _Telling:
    """Each gets a copy of the edition that tells of this post alone, due now."""
    # A reader who switched to hearing instantly has everything up to the switch in one last edition.
    since = func.coalesce(Reader.next_slot_at, Reader.covered_until)
    audience = (*hears, since < news.change.joined_at)
    with db.reading() as session:
        languages = session.scalars(select(Reader.language).where(*hears).distinct()).all()
    made = {language: editions.of_change(news.change, news.view, language, cfg) for language in languages}
    with db.transaction() as session:
        stored = {language: editions.store(session, edition) for language, edition in made.items() if edition}

    def tell(session: Session, some: _Some) -> None:
        for language, edition_id in stored.items():
            editions.enqueue(
                session,
                edition_id,
                (*audience, Reader.language == language, *some),
                over_at=news.over_at,
                change_id=news.change.id,
                post_id=news.view.id,
            )
        wakeups.after_commit(session, Newsletter.queue, apart=_APART)

    return _Telling(audience, tell)


def _gathered(news: News, hears: _Some, cfg: Settings) -> _Telling:
    """Each gets it in the edition that tells all that comes within a short while."""
    assert news.change.joined_at is not None  # fan-out began with that
    with db.reading() as session:
        window = gathering.window(session, news.change.joined_at, news.over_at, cfg.instant_window)
    return _Telling((*hears, window.lacking()), lambda session, some: window.open(session, *hears, *some))


def _reader_after(audience: tuple[ColumnElement[bool], ...], last: int, rows: int) -> int | None:
    """The last reader of a chunk of so many behind `last`, looked up without a turn as a writer; None: there is nobody."""
    chunk = select(Reader.id).where(*audience, Reader.id > last).order_by(Reader.id).limit(rows).subquery()
    with db.reading() as session:
        found: int | None = session.scalar(select(func.max(chunk.c.id)))
        return found
