"""When each post comes next, kept in a column so that feeds need not read all posts to know: worked out again as it passes."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, and_, select, update
from sqlalchemy.orm import Session

from syndication import clock, kinds
from syndication.config import settings
from syndication.content.post import Content
from syndication.infra import db
from syndication.models import Post, Revision
from syndication.publishing import views

#: Posts of one transaction.
_CHUNK = 500


def of(content: Content, now: datetime) -> datetime | None:
    """What stands in `Post.comes_at`: later than `now`, or None for what is over or has no dates, such as an offer."""
    if not kinds.of(content).in_calendars:
        return None
    at = content.comes(settings().zone, now)
    return at if at is not None and at > now else None


def refresh(*, most: int = 2000) -> int:
    """Work out anew what has passed, of at most about `most` posts; returns of how many."""
    done = 0
    while done < most:
        with db.reading() as session:
            if session.scalar(_passed(clock.now()).limit(1)) is None:
                break
        with db.transaction() as session:
            some = _again(session)
        done += some
        if some < _CHUNK:
            break
    return done


def _passed(now: datetime) -> Select[UUID]:
    return select(Post.id).where(Post.state == "published", Post.comes_at <= now)


def _again(session: Session) -> int:
    now = clock.now()
    ids = session.scalars(_passed(now).limit(_CHUNK).with_for_update(skip_locked=True)).all()
    current = and_(Revision.post_id == Post.id, Revision.number == Post.revision)
    rows = session.execute(select(Post.id, Revision).join(Revision, current).where(Post.id.in_(ids))).all()
    new = [{"id": post_id, "comes_at": of(views.content_of(revision), now)} for post_id, revision in rows]
    if new:
        session.execute(update(Post), new)
    return len(new)
