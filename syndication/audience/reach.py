"""Counts the people whom a post reaches."""

from collections import Counter
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from syndication.audience import interests, told
from syndication.channels.envelope import Publisher
from syndication.content.post import Content
from syndication.models import Delivery, EditionPost, Reader


def by_cadence(session: Session, content: Content, publisher: Publisher) -> dict[str, int]:
    """How many confirmed readers want to hear of `content`, by the text of their cadence."""
    groups = (
        select(Reader.interest_id, Reader.cadence, func.count())
        .where(Reader.state == "confirmed")
        .group_by(Reader.interest_id, Reader.cadence)
    )
    rows = session.execute(groups).all()
    wanted = {
        key
        for key, interest in interests.all_of(session, list({row[0] for row in rows})).items()
        if interests.wants(interest, content, publisher)
    }
    found: Counter[str] = Counter()
    for interest_id, cadence, count in rows:
        if interest_id in wanted:
            found[cadence] += count
    return dict(found)


def told_of(session: Session, post_id: UUID) -> int:
    """How many readers have, or are about to get, a mail that tells of the post: they hear of what becomes of it."""
    statement = (
        select(func.count(func.distinct(Delivery.reader_id)))
        .join(EditionPost, EditionPost.edition_id == Delivery.edition_id)
        .where(EditionPost.post_id == post_id, Delivery.state.in_((*told.ARRIVED, "waiting")))
    )
    return session.scalar(statement) or 0
