"""The table of what merchants say every week; each of its next dates is a post of its own."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from syndication.content.base import new_id
from syndication.content.reason import Reason
from syndication.models.base import Base


class Weekly(Base):
    """What is said anew every week or two: its words, its rhythm, and which dates fall out. All days are the city's.

    Its dates are posts that name it (`Post.weekly_id`, `Post.weekly_on`). What stands here is what is meant; those posts
    are made to follow, however often a worker comes by (see publishing.weekly).
    """

    __tablename__ = "weekly"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchants.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    #: What each date says, as it stands on one of them; its topics also for searching.
    content: Mapped[dict[str, Any]]
    #: Weeks from one date to the next.
    interval: Mapped[int]
    first_on: Mapped[date]
    last_on: Mapped[date | None]
    #: A date's post comes out so many days before it, at this hour of the city's clock ("17:00").
    days_before: Mapped[int]
    hour: Mapped[str] = mapped_column(String(5))
    #: Dates that fall out, as YYYY-MM-DD.
    skipped: Mapped[list[str]]
    #: Times in which all fall out: the first and the last day of each, as YYYY-MM-DD; None: until somebody says otherwise.
    closed: Mapped[list[tuple[str, str | None]]]
    #: What goes on in its place behind its last date, on another weekday or in another rhythm.
    followed_by: Mapped[UUID | None]
    ended_at: Mapped[datetime | None]
    #: It was begun from a post that everybody sees, so calendars may say from the start that it comes every week.
    public: Mapped[bool]
    #: What keeps its next date from being made; it is tried again.
    reason: Mapped[Reason | None]
    #: When somebody must look at it next; None: there is nothing left to do.
    due_at: Mapped[datetime | None] = mapped_column(index=True)
    #: Grows with each change of what is meant.
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
