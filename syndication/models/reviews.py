"""Tables of what the town hall looks at before it goes out: when it does so, and what waits."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from syndication.models.base import Base


class ReviewRules(Base):
    """Whose posts the town hall looks at first; one row. Without it nobody's."""

    __tablename__ = "review_rules"
    __table_args__ = (CheckConstraint("scope IN ('nobody', 'new', 'all')", name="scope"),)

    name: Mapped[str] = mapped_column(String(10), primary_key=True)
    scope: Mapped[str] = mapped_column(String(10))
    #: Of a new merchant, so many; None: all, until somebody says otherwise.
    first_posts: Mapped[int | None]
    #: Who was admitted from then on is new.
    since: Mapped[datetime]


class Review(Base):
    """How it stands with the town hall's look at a post. While it is open (`waiting`, `returned`) the post does not go out.

    Of a post that is out it is a correction that waits: `content` is what it would say, and the post stands as it is.
    """

    __tablename__ = "reviews"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'returned', 'approved', 'expired')", name="state"),
        Index("ix_reviews_state", "state", "handed_in_at"),
    )

    post_id: Mapped[UUID] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True)
    state: Mapped[str] = mapped_column(String(10))
    content: Mapped[dict[str, Any] | None]
    #: Grows with each change, so that nobody approves what they have not seen.
    version: Mapped[int]
    handed_in_at: Mapped[datetime]
    #: When the operators were told that it waits.
    told_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    #: As audit.acting.Actor has it.
    decided_by: Mapped[str] = mapped_column(String(60), default="")
    #: Why it was sent back.
    because: Mapped[str] = mapped_column(String(1000), default="")
    #: What the town hall changed in it, under `made`: name of whoever did, field, before, after.
    edits: Mapped[dict[str, Any]] = mapped_column(default=dict)
    #: The hour that had passed when it was approved.
    hour_was: Mapped[datetime | None]
