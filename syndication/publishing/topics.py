"""The topics of published posts, as people read and choose them."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from syndication.content import topics
from syndication.infra import db
from syndication.models import Post, PostTopic, TopicName
from syndication.publishing import filing


@dataclass(frozen=True)
class Topic:
    """A topic that can be chosen: what it is known by, and what people read."""

    slug: str
    name: str


@dataclass(frozen=True)
class Topics:
    """All topics of published posts, sorted: those that are used most, and the others."""

    common: tuple[Topic, ...]
    further: tuple[Topic, ...]


def known(also: Iterable[str] = (), most: int = 40) -> Topics:
    """Every topic of a published post, by its commonest spelling, of equals the first; `also` (slugs) whatever they are."""
    used, first = func.count(), func.min(Post.published_at)
    with db.reading() as session:
        statement = (
            select(filing.RESOLVED, PostTopic.spelling, used)
            .join(Post, Post.id == PostTopic.post_id)
            .outerjoin(TopicName, TopicName.slug == PostTopic.topic)
            .where(Post.state == "published")
            .group_by(filing.RESOLVED, PostTopic.spelling)
            .order_by(PostTopic.spelling.is_(None), used.desc(), first)
        )
        found = session.execute(statement).all()
        given = filing.of(session).known
    names = dict.fromkeys(also)
    uses: Counter[str] = Counter()
    for slug, spelling, count in found:
        names[slug] = names.get(slug) or spelling
        uses[slug] += count
    # What the town hall calls one goes before how its posts spell it.
    names |= {slug: given[slug].spelling for slug in names if slug in given and given[slug] == slug}
    common = {*also, *(slug for slug, _ in uses.most_common(most))}
    listed = [Topic(slug, topics.name(slug, spelling)) for slug, spelling in names.items()]
    listed.sort(key=lambda one: topics.collated(one.name))
    return Topics(
        tuple(one for one in listed if one.slug in common),
        tuple(one for one in listed if one.slug not in common),
    )


def name(session: Session, slug: str) -> str:
    """What people read for a topic: what the town hall calls it, else its commonest spelling."""
    given = filing.of(session).known.get(slug)
    if given is not None and given.spelling != given:
        return given.spelling
    statement = (
        select(PostTopic.spelling)
        .where(filing.is_under(slug), PostTopic.spelling.is_not(None))
        .group_by(PostTopic.spelling)
        .order_by(func.count().desc(), PostTopic.spelling)
        .limit(1)
    )
    return session.scalar(statement) or slug
