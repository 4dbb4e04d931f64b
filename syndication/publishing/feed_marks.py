"""Which feeds a change concerns: their documents are noted, and built anew when somebody asks or a worker comes by."""

from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from syndication.content.feed_scopes import scopes_of
from syndication.models import FeedDocument, Merchant, Post, PostTopic, TopicName
from syndication.publishing import filing

__all__ = ["mark", "mark_merchant", "scopes_of"]


def mark(session: Session, scopes: Sequence[str]) -> None:
    """Note, in the caller's transaction, that the existing documents of `scopes` are wanted anew."""
    session.execute(
        update(FeedDocument)
        .where(FeedDocument.scope.in_(scopes))
        .values(wanted=FeedDocument.wanted + 1)
        .execution_options(synchronize_session=False)
    )


def mark_merchant(session: Session, merchant: Merchant) -> None:
    """Note, in the caller's transaction, that every document that names this merchant is wanted anew."""
    said = (
        select(Post.kind, filing.RESOLVED)
        .outerjoin(PostTopic, PostTopic.post_id == Post.id)
        .outerjoin(TopicName, TopicName.slug == PostTopic.topic)
    )
    rows = session.execute(said.where(Post.merchant_id == merchant.id).distinct())
    mark(
        session,
        sorted(
            {
                scope
                for kind, topic in rows
                for scope in scopes_of(kind, (topic,) if topic else (), merchant.slug)
            }
        ),
    )
    # Its own feeds bear its name even where no post stands in them.
    own = FeedDocument.scope.endswith(f"merchant/{merchant.slug}", autoescape=True)
    mark(session, session.scalars(select(FeedDocument.scope).where(own).distinct()).all())
