"""Whether a post still is, or would be, news at its hour."""

from datetime import datetime, timedelta

from syndication.config import settings
from syndication.content.post import Content
from syndication.content.reason import Reason
from syndication.errors import Invalid
from syndication.models import Post

#: So much after its hour a post is still what its merchant meant to say then.
LATEST = timedelta(days=1)


def missed(post: Post, now: datetime) -> bool:
    """Whether its hour passed too long ago, or it is over by now."""
    late = post.publish_at is not None and post.publish_at < now - LATEST
    return late or (post.over_at is not None and post.over_at <= now)


def refuse_dates(content: Content) -> None:
    """Only here is the city's time known, by which a rule gives its dates. Raises Invalid."""
    if found := content.date_faults(settings().zone):
        raise Invalid(*found)


def refuse_stale(content: Content, over_at: datetime | None, publish_at: datetime) -> None:
    """Raises Invalid for what would be over before it is published."""
    if over_at is not None and over_at <= publish_at:
        raise Invalid.field(
            content.ends_by,
            Reason(
                "lies before the post would be published: it was over on {} UTC", f"{over_at:%Y-%m-%d %H:%M}"
            ),
        )
