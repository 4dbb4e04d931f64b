"""What becomes of feeds when a topic is called otherwise or filed elsewhere: who follows an old address is led on."""

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session, aliased

from syndication.audience import feeds
from syndication.config import settings
from syndication.content.base import new_id
from syndication.content.feed_scopes import scopes_of
from syndication.models import FeedDocument, Merchant, Post, PostTopic, TopicName
from syndication.publishing import feed_marks, filing


def mark_topic(session: Session, slug: str) -> None:
    """Note, in the caller's transaction, that every document is wanted anew that shows a post of this topic, or names it."""
    other, elsewhere = aliased(PostTopic), aliased(TopicName)
    of_topic = select(PostTopic.post_id).where(filing.is_under(slug))
    said = (
        select(Post.kind, func.coalesce(elsewhere.filed_as, other.topic), Merchant.slug)
        .join(Merchant, Merchant.id == Post.merchant_id)
        .join(other, other.post_id == Post.id)
        .outerjoin(elsewhere, elsewhere.slug == other.topic)
        .where(Post.id.in_(of_topic))
        .distinct()
    )
    concerned = {
        scope
        for kind, topic, merchant in session.execute(said)
        for scope in scopes_of(kind, (topic,), merchant)
    }
    there = set(session.scalars(select(FeedDocument.scope).distinct()))
    named = {one for one in there if _names(one, slug)}
    feed_marks.mark(session, sorted(there & concerned | named))


def leave(session: Session, slug: str, to: str) -> None:
    """The documents of a topic that is filed elsewhere are given up; hubs tell whoever follows them, who then is led on."""
    rows = session.execute(
        select(FeedDocument.id, FeedDocument.scope, FeedDocument.format).where(
            FeedDocument.scope.contains(f"topic/{slug}", autoescape=True)
        )
    ).all()
    gone = [row for row in rows if _names(row.scope, slug)]
    cfg = settings()
    if cfg.websub_hub:
        for row in gone:
            feeds.ping(session, f"w{row.id}-{new_id().hex}", f"{cfg.base_url}/feeds/{row.scope}.{row.format}")
    session.execute(delete(FeedDocument).where(FeedDocument.id.in_([row.id for row in gone])))
    # Its documents from before it was given another name may be there still.
    feed_marks.mark(session, sorted({row.scope.replace(f"topic/{slug}", f"topic/{to}") for row in gone}))


def _names(scope: str, slug: str) -> bool:
    parts = scope.split("/")
    return slug in [value for name, value in zip(parts[::2], parts[1::2], strict=False) if name == "topic"]
