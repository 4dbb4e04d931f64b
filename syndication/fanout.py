"""Fan-out: one change becomes one delivery for every destination and every reader it concerns. Running it twice is harmless."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, Select, func, select, update
from sqlalchemy.orm import Session

from syndication import bell, channels, clock, corrections, db, editions, feeds, interests, postview
from syndication.channels.newsletter import Newsletter
from syndication.config import Settings, settings
from syndication.corrections import News
from syndication.models import Change, Delivery, Destination, Merchant, Post, Reader, Revision

_log = structlog.get_logger(__name__)
#: Rows of one insert.
_CHUNK = 500
#: Readers, or devices, of one transaction: few, so that whoever else writes waits some ten milliseconds at most.
_PEOPLE = 250
#: A bell gets this long before the sweep does its work.
_PATIENCE = timedelta(seconds=3)


def fan_out(change_id: int) -> None:
    """Complete the fan-out of one change, after those of earlier changes of the same post. An unknown id is passed over."""
    for earlier in _unfinished_before(change_id):
        _fan_out(earlier)
    _fan_out(change_id)


def sweep(*, most: int = 100) -> int:
    """Fan out what no bell completed; returns how many changes there were."""
    with db.reading() as session:
        waiting = select(Change.id).where(
            Change.fanned_at.is_(None), Change.created_at < clock.now() - _PATIENCE
        )
        ids = session.scalars(waiting.order_by(Change.id).limit(most)).all()
    for change_id in ids:
        try:
            fan_out(change_id)
        except Exception:  # one that cannot be told must not hold up the others; it is tried again
            _log.exception("fanout.broken", change=change_id)
    return len(ids)


def _unfinished_before(change_id: int) -> list[int]:
    with db.reading() as session:
        post_id = select(Change.post_id).where(Change.id == change_id).scalar_subquery()
        earlier = select(Change.id).where(
            Change.post_id == post_id, Change.id < change_id, Change.fanned_at.is_(None)
        )
        return list(session.scalars(earlier.order_by(Change.id)))


def _fan_out(change_id: int) -> None:
    cfg = settings()
    with db.transaction() as session:
        news = _join(session, change_id, cfg)
        if news is None:
            return
        _to_outlets(session, news)
        feeds.mark(session, _scopes(news))
    _to_devices(news)
    _to_readers(news, cfg)
    with db.transaction() as session:
        session.execute(update(Change).where(Change.id == change_id).values(fanned_at=clock.now()))


def _join(session: Session, change_id: int, cfg: Settings) -> News | None:
    """Give the change its place in the line of changes and read what it says; None where it is done or unknown."""
    change = session.get(Change, change_id, with_for_update=True)
    if change is None or change.fanned_at is not None:
        return None
    if change.joined_at is None:
        db.in_line(session, editions.LINE, alone=False)
        change.joined_at = db.now(session)
    post = session.get_one(Post, change.post_id)
    merchant = session.get_one(Merchant, post.merchant_id)
    revision = session.get_one(Revision, (post.id, change.revision))
    before = session.get(Revision, (post.id, change.revision - 1)) if change.action == "revised" else None
    return News(
        change,
        postview.view(post, revision, merchant, cfg.base_url),
        merchant.id,
        _over_at(change, revision, before, cfg),
        postview.content_of(before) if before else None,
    )


def _over_at(change: Change, revision: Revision, before: Revision | None, cfg: Settings) -> datetime | None:
    """When the news is stale: a withdrawal never is, and a revision that ends a post early lives as long as the post did."""
    if change.action == "withdrawn":
        return None
    ends = [postview.content_of(one).over_at(cfg.zone) for one in (revision, before) if one is not None]
    return None if None in ends else max(end for end in ends if end is not None)


def _scopes(news: News) -> list[str]:
    contents = [news.view.content, *([news.before] if news.before else [])]
    return sorted(
        {
            scope
            for one in contents
            for scope in feeds.scopes_of(one.kind, one.topics, news.view.merchant.slug)
        }
    )


def _to_outlets(session: Session, news: News) -> None:
    outlets = Destination.channel.not_in(channels.personal_kinds())
    _tell(session, news, session.scalars(_destinations(news).where(outlets)).all())


def _to_devices(news: News) -> None:
    """People's devices, of which there may be thousands, in chunks that each commit."""
    devices = Destination.channel.in_(channels.personal_kinds())
    chunk = _destinations(news).where(devices).order_by(Destination.id).limit(_PEOPLE)
    last: UUID | None = None
    while True:
        with db.transaction() as session:
            rest = chunk if last is None else chunk.where(Destination.id > last)
            rows = session.scalars(rest).all()
            if not rows:
                return
            _tell(session, news, rows)
            last = rows[-1].id


def _destinations(news: News) -> Select[Destination]:
    mine = (Destination.merchant_id.is_(None)) | (Destination.merchant_id == news.merchant_id)
    return select(Destination).where(Destination.state != "disabled", mine)


def _tell(session: Session, news: News, destinations: Sequence[Destination]) -> None:
    """A delivery for each of `destinations` that wants to hear it, or heard of the post before."""
    wanted = interests.all_of(session)
    heard = corrections.heard(session, news, [destination.id for destination in destinations])
    found = [
        destination
        for destination in destinations
        if channels.known(destination.channel)
        and channels.by_kind(destination.channel).takes_changes
        and (destination.id in heard or news.concerns(wanted[destination.interest_id]))
    ]
    for start in range(0, len(found), _CHUNK):
        chunk = found[start : start + _CHUNK]
        moments = corrections.to_destinations(session, news, chunk, settings())
        rows = [_row(news, destination, moments) for destination in chunk if destination.id in moments.due]
        db.insert_new(session, Delivery.__table__, rows)
    for queue in {channels.by_kind(destination.channel).queue for destination in found}:
        bell.after_commit(session, queue)


def _row(news: News, destination: Destination, moments: corrections.Moments) -> dict[str, Any]:
    channel, due = channels.by_kind(destination.channel), moments.due[destination.id]
    return {
        "key": f"c{news.change.id}-{destination.id.hex}",
        "channel": channel.kind,
        "queue": channel.queue,
        "priority": channel.priority,
        "destination_id": destination.id,
        "change_id": news.change.id,
        "post_id": news.view.id,
        "state": "waiting",
        "reason": corrections.HELD if due > moments.now else "",
        "created_at": moments.now,
        "due_at": due,
        "over_at": news.over_at,
        "attempts": 0,
    }


# Readers who hear instantly


def _to_readers(news: News, cfg: Settings) -> None:
    if news.change.action != "published":
        corrections.to_readers(news, cfg)
        return
    with db.reading() as session:
        languages = list(
            session.scalars(select(Reader.language).where(Reader.state == "confirmed").distinct())
        )
    for language in languages:
        _publish_to(news, language, cfg)


def _publish_to(news: News, language: str, cfg: Settings) -> None:
    with db.reading() as session:
        used = (
            select(Reader.interest_id)
            .where(Reader.state == "confirmed", Reader.cadence == "instantly")
            .distinct()
        )
        wanted = interests.all_of(session, used)
    matching = [key for key, interest in wanted.items() if news.concerns(interest)]
    if not matching:
        return
    # A reader who switched to hearing instantly has everything up to the switch in one last edition.
    since = func.coalesce(Reader.next_slot_at, Reader.covered_until)
    audience = (
        Reader.state == "confirmed",
        Reader.cadence == "instantly",
        Reader.language == language,
        Reader.interest_id.in_(matching),
        since < news.change.joined_at,
    )
    _spread(news, editions.of_change(news.change, news.view, language, cfg), audience)


def _spread(news: News, edition: editions.Composed | None, audience: tuple[ColumnElement[bool], ...]) -> None:
    """One delivery of `edition` for each reader of `audience`, in chunks that each commit; none where there is none."""
    if edition is None:
        return
    with db.transaction() as session:
        edition_id = editions.store(session, edition)
    last = 0
    while True:
        with db.transaction() as session:
            chunk = select(Reader.id).where(*audience, Reader.id > last).order_by(Reader.id).limit(_PEOPLE)
            ids = session.scalars(chunk).all()
            if not ids:
                return
            editions.deliver(
                session,
                edition_id,
                (*audience, Reader.id > last, Reader.id <= ids[-1]),
                over_at=news.over_at,
                change_id=news.change.id,
                post_id=news.view.id,
            )
            bell.after_commit(session, Newsletter.queue)
            last = ids[-1]
