"""What a merchant usually says: topics and places of its earlier posts, offered to whoever writes the next."""

from dataclasses import dataclass
from uuid import UUID

from syndication.content.post import Place
from syndication.infra import db
from syndication.models import Post
from syndication.publishing import topics, views

#: How many earlier posts are looked at, and how many topics and places of them are offered.
_LOOKED_AT, _TOPICS, _PLACES = 60, 12, 4


@dataclass(frozen=True)
class Habit:
    """Topics as they are spelled, those used last first, filled up by those of the city; places likewise."""

    topics: tuple[str, ...]
    places: tuple[Place, ...]


def of(merchant_id: UUID, kind: str) -> Habit:
    """What a merchant's earlier posts say, those of the same kind first."""
    statement = (
        views.rows(Post.merchant_id == merchant_id, Post.state != "withdrawn")
        .order_by((Post.kind == kind).desc(), Post.id.desc())
        .limit(_LOOKED_AT)
    )
    with db.reading() as session:
        contents = [views.content_of(revision) for _, revision, _ in session.execute(statement)]
    named = dict.fromkeys(str(topic.name) for content in contents for topic in content.topics)
    if len(named) < _TOPICS:
        named |= dict.fromkeys(one.name for one in topics.known(most=_TOPICS).common)
    places: dict[tuple[str, str | None], Place] = {}
    for content in contents:
        if content.place is not None:
            places.setdefault((content.place.name, content.place.address), content.place)
    return Habit(tuple(named)[:_TOPICS], tuple(places.values())[:_PLACES])
