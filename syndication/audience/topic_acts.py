"""Topics in use, and what the town hall does with them: call one otherwise, file one under another, take that apart again.

Each act is one small transaction, however many posts and readers it concerns; see publishing.filing.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from syndication.audience import feed_moves, wishes
from syndication.audience.wishes import Wish
from syndication.audit import log
from syndication.audit.log import About
from syndication.content import topics as words
from syndication.content.base import Record
from syndication.content.reason import Reason
from syndication.errors import Conflict, Invalid, NotFound
from syndication.infra import db
from syndication.models import Destination, Post, PostTopic, Reader, TopicName
from syndication.publishing import filing, topics

_LONGEST = 60
_MONTH = timedelta(days=30)
_UNKNOWN = Reason("There is no such topic any more.")
_ITSELF = Reason("A topic cannot be filed under itself. Please choose another one.")


class TopicRow(Record):
    """A topic in use. `posts` are published; `readers` are confirmed and chose it; `outlets` are outlets and devices."""

    slug: str
    name: str
    posts: int
    readers: int
    outlets: int
    #: What else is filed under it, as addresses have it.
    also: tuple[str, ...]


@dataclass(frozen=True)
class Chosen:
    """Confirmed readers who chose one topic, the other or both, and who of them hear at once; outlets that chose either."""

    only_first: int = 0
    only_second: int = 0
    both: int = 0
    first_at_once: int = 0
    second_at_once: int = 0
    outlets: int = 0


@dataclass(frozen=True)
class Weighed:
    """What filing the first topic under the second would concern. `month`: posts of the last thirty days."""

    first: TopicRow
    second: TopicRow
    chosen: Chosen
    first_month: int
    second_month: int


def listed() -> list[TopicRow]:
    """All topics that a post has or a reader chose, as a dictionary sorts them."""
    with db.reading() as session:
        return _listed(session)


def read(slug: str) -> TopicRow:
    """One topic. Raises NotFound."""
    with db.reading() as session:
        return _of(_listed(session), slug)


def weigh(slug: str, into: str) -> Weighed:
    """What would come of `merge`; changes nothing. Raises NotFound and Invalid."""
    if slug == into:
        raise Invalid.field("into", _ITSELF)
    with db.reading() as session:
        rows = {one.slug: one for one in _listed(session)}
        if slug not in rows or into not in rows:
            raise NotFound(_UNKNOWN)
        return Weighed(
            rows[slug],
            rows[into],
            _chosen(session, slug, into),
            _month(session, slug),
            _month(session, into),
        )


def rename(slug: str, name: str) -> str:
    """Call a topic otherwise, everywhere; returns its slug from now on.

    Raises NotFound, Invalid, and Conflict where another topic has that name: then they are to be merged.
    """
    wanted = _spelled(name)
    with db.transaction() as session:
        db.advisory_lock(session, filing.LOCK)
        rows = _listed(session)
        row = _of(rows, slug)
        taken = next((one.name for one in rows if one.slug == wanted != slug), None)
        if taken is not None:
            raise Conflict(Reason("There is a topic {} already. File this one under it instead.", taken))
        feed_moves.mark_topic(session, slug)
        _move(session, slug, str(wanted), wanted.spelling)
        if wanted != slug:
            feed_moves.leave(session, slug, str(wanted))
        log.record(
            session,
            "topic.renamed",
            About("topic", slug, row.name),
            to=wanted.spelling,
            posts=row.posts,
            readers=row.readers,
        )
        return str(wanted)


def merge(slug: str, into: str) -> None:
    """File a topic under another, for good: posts, readers, outlets and feeds, also what comes later under its name.

    Raises NotFound, and Invalid for a topic and itself.
    """
    if slug == into:
        raise Invalid.field("into", _ITSELF)
    with db.transaction() as session:
        db.advisory_lock(session, filing.LOCK)
        rows = _listed(session)
        first, second = _of(rows, slug), _of(rows, into)
        feed_moves.mark_topic(session, slug)
        feed_moves.mark_topic(session, into)
        _move(session, slug, into, second.name)
        feed_moves.leave(session, slug, into)
        log.record(
            session,
            "topic.merged",
            About("topic", slug, first.name),
            to=second.name,
            posts=first.posts,
            readers=first.readers,
        )


def split(slug: str) -> None:
    """A topic is one of its own again, with what was filed elsewhere while it kept its name. Raises NotFound."""
    with db.transaction() as session:
        db.advisory_lock(session, filing.LOCK)
        row = session.get(TopicName, slug)
        if row is None or row.filed_as is None:
            raise NotFound(_UNKNOWN)
        feed_moves.mark_topic(session, row.filed_as)
        was = topics.name(session, row.filed_as)
        session.delete(row)
        session.flush()
        filing.forget(session)
        log.record(session, "topic.split", About("topic", slug, topics.name(session, slug)), to=was)


def _spelled(name: str) -> words.Topic:
    if len(name) > _LONGEST:
        raise Invalid.field("name", Reason("must have 1 to {} characters", _LONGEST))
    try:
        return words.spelled(name)
    except ValueError as error:
        raise Invalid.field("name", Reason("must hold a letter or a digit")) from error


def _move(session: Session, slug: str, to: str, name: str) -> None:
    """Whatever is filed under `slug`, and itself, is filed under `to` from now on; `to` is filed under itself and called so."""
    now = db.now(session)
    session.execute(
        update(TopicName)
        .where(TopicName.filed_as == slug, TopicName.slug != to)
        .values(filed_as=to, changed_at=now)
        .execution_options(synchronize_session=False)
    )
    session.merge(TopicName(slug=to, filed_as=None, name=name, changed_at=now))
    if slug != to:
        session.merge(TopicName(slug=slug, filed_as=to, name=None, changed_at=now))
    session.flush()
    filing.forget(session)


def _of(rows: list[TopicRow], slug: str) -> TopicRow:
    found = next((one for one in rows if one.slug == slug), None)
    if found is None:
        raise NotFound(_UNKNOWN)
    return found


def _listed(session: Session) -> list[TopicRow]:
    filed = filing.of(session).known
    posts, spellings = _posts(session)
    readers, outlets = (wishes.counted(_wishes(session, who)) for who in (Reader, Destination))
    also: dict[str, list[str]] = {}
    for slug, topic in filed.items():
        if topic != slug:
            also.setdefault(str(topic), []).append(slug)
    rows = [
        TopicRow(
            slug=slug,
            name=words.name(slug, filed[slug].spelling if slug in filed else spellings.get(slug)),
            posts=posts[slug],
            readers=readers[slug],
            outlets=outlets[slug],
            also=tuple(sorted(also.get(slug, ()))),
        )
        for slug in {*posts, *readers, *outlets}
    ]
    return sorted(rows, key=lambda one: words.collated(one.name))


def _posts(session: Session) -> tuple[Counter[str], dict[str, str]]:
    """How many published posts a topic has, and how most of them spell it."""
    joined = (
        select(filing.RESOLVED, PostTopic.spelling, func.count(Post.id.distinct()))
        .select_from(PostTopic)
        .join(Post, Post.id == PostTopic.post_id)
        .outerjoin(TopicName, TopicName.slug == PostTopic.topic)
        .where(Post.state == "published")
    )
    commonest: dict[str, tuple[int, str]] = {}
    for slug, spelling, count in session.execute(joined.group_by(filing.RESOLVED, PostTopic.spelling)):
        commonest[slug] = max(commonest.get(slug, (0, "")), (count, spelling or ""))
    counts = joined.with_only_columns(filing.RESOLVED, func.count(Post.id.distinct())).group_by(
        filing.RESOLVED
    )
    found: Counter[str] = Counter()
    for slug, count in session.execute(counts):
        found[slug] = count
    return found, {slug: spelling for slug, (_, spelling) in commonest.items()}


def _wishes(session: Session, who: type[Reader] | type[Destination]) -> Iterator[Wish]:
    """What they chose, as it is filed."""
    filed = filing.of(session).known
    return wishes.of(session, who, "topics", lambda one: str(filed.get(one, one)))


def _chosen(session: Session, first: str, second: str) -> Chosen:
    found: Counter[str] = Counter()
    for wish in _wishes(session, Reader):
        one, other = first in wish.chosen, second in wish.chosen
        if not one and not other:
            continue
        which = "both" if one and other else "only_first" if one else "only_second"
        found[which] += wish.count
        if wish.cadence == "instantly" and which != "both":
            found["first_at_once" if one else "second_at_once"] += wish.count
    outlets = sum(wish.count for wish in _wishes(session, Destination) if wish.chosen & {first, second})
    return Chosen(**found, outlets=outlets)


def _month(session: Session, slug: str) -> int:
    statement = (
        select(func.count(PostTopic.post_id.distinct()))
        .join(Post, Post.id == PostTopic.post_id)
        .where(filing.is_under(slug), Post.state == "published", Post.published_at > db.now(session) - _MONTH)
    )
    return session.scalar(statement) or 0
