"""Makes the posts of what comes every week: the next three that take place, and what falls out does not go out.

What is meant stands in the table `weekly`; here its posts are made to follow. Doing it twice, or two at once, changes nothing:
a date is a row of its own under a unique key, made in one transaction with all that it says.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from syndication import clock, kinds
from syndication.audit import log
from syndication.audit.log import About
from syndication.config import settings
from syndication.content.post import Content, Draft
from syndication.content.reason import Reason
from syndication.errors import Invalid, NotFound, SyndicationError
from syndication.infra import db
from syndication.kinds.contract import CANCEL, Deed
from syndication.kinds.reading import draft, kept
from syndication.models import Merchant, Post, Weekly
from syndication.publishing import feed_marks, filing, posts
from syndication.publishing.merge_patch import patched
from syndication.publishing.posts import Manner
from syndication.publishing.weekly_days import Days

#: So many dates that take place are posts already.
AHEAD = 3
#: After this time somebody looks again whatever became of single posts meanwhile, and where something kept it from going on.
_LOOK, _AGAIN = timedelta(hours=1), timedelta(minutes=10)
#: How long one date may go on; posts of earlier days are over.
LONGEST = timedelta(days=21)
_FARTHEST = timedelta(days=730)
_NOT_WEEKLY = Reason("This cannot come every week as it stands: it has no end, or several dates already.")
_UNKNOWN = Reason("There is nothing here that comes every week under this name.")
_log = structlog.get_logger(__name__)


def days_of(row: Weekly) -> Days:
    """When it takes place."""
    closed = tuple(
        (date.fromisoformat(one), date.fromisoformat(last) if last else None) for one, last in row.closed
    )
    skipped = frozenset(date.fromisoformat(one) for one in row.skipped)
    return Days(row.first_on, row.last_on, row.interval, skipped, closed, row.days_before, row.hour)


def content_of(row: Weekly) -> Content:
    """What each date says, as it stands on one of them."""
    return filing.filed(filing.of_row(row), kept(row.content))


def named(content: Content, zone: ZoneInfo) -> date:
    """The day by which a date that says this is named. Raises Invalid for what cannot come every week."""
    found = kinds.of(content).weekly_on(content, zone)
    if found is None:
        raise Invalid.field(content.ends_by, _NOT_WEEKLY)
    return found


def on(content: Content, day: date, zone: ZoneInfo) -> Content:
    """The same on another day; as it is where its kind was taken away."""
    kind = kinds.of(content)
    day_of_it = kind.weekly_on(content, zone)
    if day_of_it is None:
        return content
    later: Content = kind.days_later(content, (day - day_of_it).days, zone)
    return later


def as_draft(content: Content) -> Draft:
    """Handed in anew. Raises Invalid for what is refused today."""
    return draft(content.model_dump(mode="json")).spelled_as(content)


def sweep(*, most: int = 500) -> None:
    """Look after what is due."""
    with db.reading() as session:
        due = session.scalars(
            select(Weekly.id).where(Weekly.due_at <= clock.now()).order_by(Weekly.due_at).limit(most)
        ).all()
    for weekly_id in due:
        try:
            settle(weekly_id)
        except Exception:  # a fault of ours in one must not hold up those behind it
            _log.exception("weekly.broken", weekly=str(weekly_id))
            with db.transaction() as session:
                again = {"due_at": clock.now() + _AGAIN}
                session.execute(update(Weekly).where(Weekly.id == weekly_id).values(**again))


def settle(weekly_id: UUID) -> None:
    """Make its posts follow what is meant. What keeps one from being made is noted beside it, and tried again later."""
    _hold(weekly_id)
    try:
        while _step(weekly_id):
            pass
    except SyndicationError as error:
        with db.transaction() as session:
            row = session.get(Weekly, weekly_id)
            if row is not None:
                if row.reason is None:
                    mark(session, row)  # it may go on no further
                said = error.faults[0].message if isinstance(error, Invalid) else str(error)
                row.reason = said if isinstance(said, Reason) else Reason(said)
                row.due_at = clock.now() + _AGAIN
                _log.warning("weekly.stuck", weekly=str(weekly_id), reason=str(error))


def mark(session: Session, row: Weekly) -> None:
    """Note that calendars that tell of it are wanted anew."""
    content, slug = content_of(row), session.get_one(Merchant, row.merchant_id).slug
    topics = tuple(str(topic) for topic in content.topics)
    feed_marks.mark(session, list(feed_marks.scopes_of(content.kind, topics, slug)))


def deed_of(content: Content) -> Deed | None:
    """The deed by which a date that is out falls out; None for a kind whose posts are taken back."""
    return next((deed for deed in kinds.of(content).deeds if deed.name == CANCEL), None)


def dates_left(row: Weekly, now: datetime, zone: ZoneInfo) -> Iterator[date]:
    """Its days that are not over, those that fall out too."""
    content, today = content_of(row), now.astimezone(zone).date()
    for day in days_of(row).since(today - LONGEST):
        if day > max(today, row.first_on) + _FARTHEST:
            return
        over = on(content, day, zone).over_at(zone)
        if over is None or over > now:
            yield day


def made(session: Session, row: Weekly, now: datetime, zone: ZoneInfo) -> dict[date, Post]:
    """Its posts of days that may not be over, by day; locked where the session writes."""
    since = now.astimezone(zone).date() - LONGEST
    statement = select(Post).where(Post.weekly_id == row.id, Post.weekly_on >= since).order_by(Post.weekly_on)
    if db.writes(session):
        statement = statement.with_for_update()
    return {post.weekly_on: post for post in session.scalars(statement) if post.weekly_on is not None}


def locked(session: Session, weekly_id: UUID) -> Weekly | None:
    """The row, behind its merchant's: whoever makes or changes its posts comes one after the other, in this order."""
    owner = session.scalar(select(Weekly.merchant_id).where(Weekly.id == weekly_id))
    if owner is None:
        return None
    session.get_one(Merchant, owner, with_for_update={"key_share": True})
    return session.get_one(Weekly, weekly_id, with_for_update=True, populate_existing=True)


def owned(session: Session, merchant_id: UUID | None, weekly_id: UUID) -> Weekly:
    """The same, where it is that merchant's (None: anybody's). Raises NotFound."""
    row = locked(session, weekly_id) if db.writes(session) else session.get(Weekly, weekly_id)
    if row is None or merchant_id not in (None, row.merchant_id):
        raise NotFound(_UNKNOWN)
    return row


def finish(session: Session, row: Weekly) -> None:
    """No further date: it goes up to the last one that is out. Done again, it changes nothing."""
    if row.ended_at is not None:
        return
    out = select(func.max(Post.weekly_on)).where(
        Post.weekly_id == row.id, Post.state == "published", Post.skipped.is_(False)
    )
    last = session.scalar(out) or row.first_on - timedelta(days=1)
    row.last_on = last if row.last_on is None else min(last, row.last_on)
    row.ended_at = row.updated_at = row.due_at = clock.now()
    row.version += 1
    mark(session, row)
    note(session, "series.ended", row)


def note(session: Session, what: log.What, row: Weekly) -> None:
    """Write down who did this."""
    log.record(session, what, About("series", row.id), merchant_id=row.merchant_id)


def _hold(weekly_id: UUID) -> None:
    """What is not out yet loses its hour where its date falls out, and gets one where it takes place.

    Nothing keeps this from being done, a suspension neither: once that is over, hours count again at once.
    """
    now, zone = clock.now(), settings().zone
    with db.transaction() as session:
        row = locked(session, weekly_id)
        if row is None:
            return
        days = days_of(row)
        for day, post in made(session, row, now, zone).items():
            place = days.takes_place(day)
            if post.state == "scheduled" and place == post.skipped and not _over(post, now):
                post.publish_at = max(days.told_at(day, zone), now) if place else None
                post.missed_at, post.updated_at, post.skipped = None, now, not place


def _step(weekly_id: UUID) -> bool:
    """Put right what is out, and make the next date that is missing; whether one was."""
    now, zone = clock.now(), settings().zone
    with db.transaction() as session:
        row = locked(session, weekly_id)
        if row is None:
            return False
        owner = row.merchant_id
        posts.alone(session, owner)
        days, found = days_of(row), made(session, row, now, zone)
        for day, post in found.items():
            if post.state == "scheduled" and (_over(post, now) or row.ended_at is not None):
                posts.withdraw(owner, post.id)  # nobody was told, and nobody will be
            elif post.state == "published" and not _over(post, now):
                _follow(session, post, place=days.takes_place(day))
        missing = _missing(row, days, found, now)
        if missing is not None:
            told = days.told_at(missing, zone)
            said = as_draft(on(content_of(row), missing, zone))
            said = said.model_copy(update={"publish_at": told if told > now else None})
            posts.create(owner, said, manner=Manner(date_of=(row.id, missing)))
            return True
        if row.reason is not None:
            mark(session, row)
        row.reason, row.due_at = None, _next_look(row, now, zone)
        if row.due_at is None and row.followed_by is not None and row.ended_at is None:
            row.ended_at = now  # what goes on in its place is all that is left
        return False


def _next_look(row: Weekly, now: datetime, zone: ZoneInfo) -> datetime | None:
    """When the next date is over at the latest; None where none is left."""
    day = None if row.ended_at is not None else next(dates_left(row, now, zone), None)
    if day is None:
        return None
    return min(on(content_of(row), day, zone).over_at(zone) or now + _LOOK, now + _LOOK)


def _missing(row: Weekly, days: Days, found: dict[date, Post], now: datetime) -> date | None:
    """The next day that takes place and is no post yet; None where there are enough."""
    there = 0
    for day in dates_left(row, now, settings().zone):
        post = found.get(day)
        if post is None:
            if days.takes_place(day):
                return day
        elif post.state != "withdrawn" and not post.skipped and not _over(post, now):
            there += 1
        if there >= AHEAD:
            return None
    return None


def _follow(session: Session, post: Post, *, place: bool) -> None:
    """Let a date that is out fall out or take place, as is meant; what its merchant did with the post itself stays."""
    if place == post.skipped:
        _call_off(session, post, off=not place)
        post.skipped = not place


def _call_off(session: Session, post: Post, *, off: bool) -> None:
    """Those who heard of it hear that it falls out, or takes place after all."""
    deed = deed_of(posts.content(session, post))
    if deed is None:
        posts.withdraw(post.merchant_id, post.id)
        return
    fields = posts.content(session, post).__class__.model_fields
    said = dict(deed.fields) if off else {name: fields[name].default for name in deed.fields}
    posts.revise(post.merchant_id, post.id, lambda now: patched(now, said))


def _over(post: Post, now: datetime) -> bool:
    return post.over_at is not None and post.over_at <= now
