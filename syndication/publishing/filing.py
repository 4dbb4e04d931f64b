"""Under which topic a topic is filed, and what it is called: said by the town hall, and held wherever topics are read.

What merchants wrote stays as it is. Contents and interests are read through one and the same table, so a row of it moves
all posts and all readers at once, and nothing is ever half-way; docs/decisions/0053-topics-are-filed-when-they-are-read.md.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session, object_session

from syndication.content.post import Content
from syndication.content.topics import Topic
from syndication.infra import db
from syndication.models import PostTopic, TopicName
from syndication.models.base import Base

#: Whoever changes the table holds this lock, whoever relies on it while writing shares it.
LOCK: Final = "topics"
_REMEMBERED = "filing"
#: The topic under which a row of PostTopic is filed; in statements that `joined` prepared.
RESOLVED: Final = func.coalesce(TopicName.filed_as, PostTopic.topic)


@dataclass(frozen=True)
class Filing:
    """What is filed elsewhere, or called otherwise than its posts spell it: slug → the topic that it is."""

    known: Mapping[str, Topic]

    def topic(self, one: Topic) -> Topic:
        """The topic that somebody means by this one."""
        return self.known.get(one, one)

    def topics(self, many: Iterable[Topic]) -> tuple[Topic, ...]:
        """The same of several; two that became one are one."""
        return tuple({str(one): one for one in reversed([self.topic(one) for one in many])}.values())[::-1]

    def all_names(self, many: Iterable[Topic]) -> tuple[Topic, ...]:
        """These as they are filed, and everything that is filed under one of them."""
        here = self.topics(many)
        return (*here, *(former for one in here for former in self._under.get(one, ())))

    @cached_property
    def _under(self) -> Mapping[str, list[Topic]]:
        found: dict[str, list[Topic]] = {}
        for slug, topic in self.known.items():
            if slug != topic:
                found.setdefault(topic, []).append(Topic(slug))
        return found

    def concerns(self, many: Iterable[Topic]) -> bool:
        """Whether one of these is filed elsewhere, or called otherwise."""
        return bool(self.known) and not self.known.keys().isdisjoint(many)


def of(session: Session) -> Filing:
    """The table as this session sees it, read once in it."""
    found: Filing | None = session.info.get(_REMEMBERED)
    if found is None:
        rows = session.execute(select(TopicName.slug, TopicName.filed_as, TopicName.name)).all()
        names = {slug: name for slug, filed_as, name in rows if filed_as is None}
        known = {
            slug: Topic(filed_as or slug, (names.get(filed_as) if filed_as else name) or "")
            for slug, filed_as, name in rows
        }
        found = session.info[_REMEMBERED] = Filing(known)
    return found


def of_row(row: Base) -> Filing:
    """The same for whoever holds a row; one whose session is over asks anew."""
    if (session := object_session(row)) is not None:
        return of(session)
    with db.reading() as session:
        return of(session)


def forget(session: Session) -> None:
    """The table was changed in this session."""
    session.info.pop(_REMEMBERED, None)


def filed(filing: Filing, content: Content) -> Content:
    """The content with its topics as they are filed."""
    if not filing.concerns(content.topics):
        return content
    return content.model_copy(update={"topics": filing.topics(content.topics)})


def is_under(slug: str) -> ColumnElement[bool]:
    """Whether a row of PostTopic is filed under this topic."""
    elsewhere = select(TopicName.slug).where(TopicName.filed_as == slug)
    return or_(PostTopic.topic == slug, PostTopic.topic.in_(elsewhere))


def becomes(session: Session, slug: str) -> str:
    """The slug of the topic under which this one is filed; its own where it is filed under itself."""
    return session.scalar(select(TopicName.filed_as).where(TopicName.slug == slug)) or slug
