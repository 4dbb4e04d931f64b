"""A post as it is handed to whoever asks for it."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from syndication.content.post import Content
from syndication.models import Merchant, Post


@dataclass(frozen=True)
class PostRecord:
    """A post with the content of its current revision. All moments are aware, in UTC."""

    id: UUID
    merchant_id: UUID
    merchant_slug: str
    state: str
    revision: int
    content: Content
    source_ref: str | None
    created_at: datetime
    updated_at: datetime
    publish_at: datetime | None
    #: The hour that it was to be published at, and was not: it waits for a new one.
    missed_at: datetime | None
    published_at: datetime | None
    withdrawn_at: datetime | None
    #: Why it was taken back, in words for its merchant, and by whom; see withdrawal.Grounds.
    withdrawn_reason: str | None
    withdrawn_statement: str
    withdrawn_by: str
    #: No reader is told that it was taken back.
    withdrawn_untold: bool
    over_at: datetime | None
    #: It was taken in without a word to anybody.
    quiet: bool
    #: Which date it is of what comes every week, and whether that date falls out.
    weekly_id: UUID | None
    weekly_on: date | None
    skipped: bool


@dataclass(frozen=True)
class Manner:
    """How a draft is taken in. `imported`: of a file, in a way that no quota counts; `quiet`: without a word to anybody.

    `date_of`: what comes every week, and which day of it this is.
    """

    imported: bool = False
    quiet: bool = False
    date_of: tuple[UUID, date] | None = None


def record(post: Post, content: Content, merchant: Merchant) -> PostRecord:
    """A row with the content of its current revision."""
    return PostRecord(
        id=post.id,
        merchant_id=post.merchant_id,
        merchant_slug=merchant.slug,
        state=post.state,
        revision=post.revision,
        content=content,
        source_ref=post.source_ref,
        created_at=post.created_at,
        updated_at=post.updated_at,
        publish_at=post.publish_at,
        missed_at=post.missed_at,
        published_at=post.published_at,
        withdrawn_at=post.withdrawn_at,
        withdrawn_reason=post.withdrawn_reason,
        withdrawn_statement=post.withdrawn_statement,
        withdrawn_by=post.withdrawn_by,
        withdrawn_untold=post.withdrawn_untold,
        over_at=post.over_at,
        quiet=post.quiet,
        weekly_id=post.weekly_id,
        weekly_on=post.weekly_on,
        skipped=post.skipped,
    )  # fmt: skip -- a row for a row
