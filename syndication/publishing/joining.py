"""Series that an earlier version published as several posts become one again, without a word to anybody.

The parts are withdrawn without a Change, their pages lead to the series, and what people were told of a part counts as told
of the series: so the next real change of a date is news of that date alone.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import islice
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from syndication import clock
from syndication.audit import log
from syndication.config import settings
from syndication.content import schedule
from syndication.kinds.event_content import EventContent, EventDraft, event
from syndication.models import Change, Delivery, EditionPost, Merchant, Post
from syndication.publishing import feed_marks, posts, review, site_images
from syndication.sources import series

#: A part's reference: that of its series and the start it stands for.
_STAMP = re.compile(r"/(\d{8}T\d{6}Z)")
#: So far (days, dates) what was published is compared with what the file says; behind that it is taken to be equal.
_AHEAD, _MOST = timedelta(days=800), 1000


def parts(session: Session, merchant_id: UUID, source_ref: str | None) -> list[Post]:
    """The posts that stand for parts of the series `source_ref`, the earliest first."""
    if not source_ref:
        return []
    begins = Post.source_ref.startswith(f"{source_ref}/", autoescape=True)
    found = session.scalars(
        select(Post)
        .where(Post.merchant_id == merchant_id, begins, Post.state != "withdrawn", ~review.held())
        .order_by(Post.source_ref)
    )
    return [post for post in found if _STAMP.fullmatch((post.source_ref or "").removeprefix(source_ref))]


def join(session: Session, merchant_id: UUID, whole: EventDraft) -> set[datetime]:
    """Make one post of the parts of a series that `whole` tells again, saying what they said together.

    What `whole` says beyond that is left to whoever hands it in. Returns the dates of their own that came in by files which
    brought them alone, so that `whole` knows nothing of them. Does nothing where there are no parts, or where the series
    itself was withdrawn here.
    """
    mine = parts(session, merchant_id, whole.source_ref)
    first = posts.by_source(session, merchant_id, whole.source_ref)
    if not mine or (first is not None and (first.state == "withdrawn" or review.waiting_for(session, first))):
        return set()
    if first is None:
        own = {one.recurrence_id for one in whole.dates}
        first = next((post for post in mine if _stamped(post.source_ref or "") not in own), mine[0])
        mine.remove(first)
    said = [(post.source_ref or "", event(posts.content(session, post))) for post in (first, *mine)]
    first.source_ref = whole.source_ref
    now, scopes = clock.now(), set[str]()
    merchant = session.get_one(Merchant, merchant_id)
    complete = _with_dates_alone(event(whole.content()), said, settings().zone)
    told = as_published(complete, said, settings().zone, now)
    for content in (told, *(content for _, content in said)):
        scopes |= set(feed_marks.scopes_of(content.kind, content.topics, merchant.slug))
    posts.recast(session, first, told)
    _know_it_as(session, first)
    for post in mine:
        _retire(session, post, first, now)
    feed_marks.mark(session, sorted(scopes))
    return {one.recurrence_id for one in complete.dates} - {one.recurrence_id for one in whole.dates}


def _with_dates_alone(
    whole: EventContent, said: Sequence[tuple[str, EventContent]], zone: ZoneInfo
) -> EventContent:
    """The series with what parts say of single dates of it that are as usual in `whole`: moved, called off, in other words."""
    named = {one.recurrence_id for one in whole.dates} | set(whole.excluded)
    for ref, content in said:
        stamp = _stamped(ref)
        alone = stamp is not None and stamp not in named and not schedule.repeats(content)
        if stamp is not None and alone and series.occurrence(whole, stamp, zone) == stamp:
            whole = series.with_date(whole, content, stamp, zone)
    return whole


def _know_it_as(session: Session, post: Post) -> None:
    """What was ever told of the post counts as what it says now."""
    for table in (Change, EditionPost):
        session.execute(
            update(table)
            .where(table.post_id == post.id)
            .values(revision=post.revision)
            .execution_options(synchronize_session=False)
        )


def _retire(session: Session, part: Post, into: Post, now: datetime) -> None:
    part.state, part.withdrawn_at, part.updated_at, part.publish_at = "withdrawn", now, now, None
    part.joined_to = into.id
    log.record_post(session, "post.withdrawn", part, reason="joined")
    site_images.forget(session, part.id)
    session.flush()
    has = select(EditionPost.edition_id).where(EditionPost.post_id == into.id)
    session.execute(
        update(EditionPost)
        .where(EditionPost.post_id == part.id, EditionPost.edition_id.not_in(has))
        .values(post_id=into.id, revision=into.revision)
        .execution_options(synchronize_session=False)
    )
    heard = select(Delivery.reader_id).where(Delivery.post_id == into.id, Delivery.reader_id.is_not(None))
    session.execute(
        update(Delivery)
        .where(Delivery.post_id == part.id, Delivery.reader_id.is_not(None), Delivery.reader_id.not_in(heard))
        .values(post_id=into.id)
        .execution_options(synchronize_session=False)
    )


def as_published(
    whole: EventContent, said: Sequence[tuple[str, EventContent]], zone: ZoneInfo, now: datetime
) -> EventContent:
    """The series as its parts (by their references) announced it together: `whole` with the dates that they have from `now` on.

    Its words are those of the part that comes next.
    """
    until = now + _AHEAD
    own = {one.recurrence_id: one for one in whole.dates}
    stamps = {_stamped(ref) for ref, _ in said}
    were, off = set[datetime](), set[datetime]()
    for _, content in said:
        for one in islice(schedule.dates(content, zone, after=now), _MOST):
            if one.starts_at > until:
                break
            (were if one.takes_place and content.status != "cancelled" else off).add(one.starts_at)
    kept = {
        key: one
        for key, one in own.items()
        if key in stamps or (one.starts_at or key) in were or _is_over(one, whole, now)
    }
    base = whole.model_copy(update={"dates": tuple(kept.values())})
    comes = {
        one.recurrence_id: one
        for one in islice(schedule.dates(base, zone, after=now), _MOST)
        if one.starts_at <= until
    }
    here = {one.starts_at for one in comes.values()}
    words = _next_one(
        [content for ref, content in said if _stamped(ref) not in own] or [said[0][1]], zone, now
    )
    if were and were.isdisjoint(
        here
    ):  # at another hour, or on other days: that the whole series moved is news
        return words
    missing = {key for key, one in comes.items() if one.own is None and one.starts_at not in were}
    more = {start for start in were - here - off if start not in kept}
    excluded = {*whole.excluded, *(missing - set(whole.added))} - more
    added = ({*whole.added} - missing) | (more - set(whole.excluded))
    if len(excluded) > schedule.MOST_DATES or len(added) > schedule.MOST_DATES:
        return whole
    fields = ("starts_at", "ends_at", "all_day", "recurrence")
    return words.model_copy(
        update={
            **{name: getattr(whole, name) for name in fields},
            "excluded": tuple(sorted(excluded)) if whole.recurrence else (),
            "added": tuple(sorted(added)),
            "dates": base.dates,
        }
    )


def _stamped(source_ref: str) -> datetime | None:
    found = _STAMP.search(source_ref[-17:])
    return datetime.strptime(found[1] + "+0000", "%Y%m%dT%H%M%SZ%z") if found else None


def _is_over(own: schedule.Own, whole: EventContent, now: datetime) -> bool:
    return (own.ends_at or schedule.behind(own.starts_at or own.recurrence_id, whole.length())) <= now


def _next_one(contents: Sequence[EventContent], zone: ZoneInfo, now: datetime) -> EventContent:
    """Which of them has the next date; the last where all are over."""
    coming = [
        (one.starts_at, content) for content in contents if (one := schedule.upcoming(content, zone, now))
    ]
    return min(coming, key=lambda pair: pair[0], default=(now, contents[-1]))[1]
