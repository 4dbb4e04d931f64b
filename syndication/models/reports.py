"""The table of what people reported."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from syndication.content.base import new_id
from syndication.models.base import Base


class Report(Base):
    """A notice that a post is unlawful (Regulation (EU) 2022/2065, Article 16): open → kept or removed.

    Half a year after the decision `explanation`, `name`, `email` and `mailbox` are emptied.
    """

    __tablename__ = "reports"
    __table_args__ = (CheckConstraint("state IN ('open', 'kept', 'removed')", name="state"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    post_id: Mapped[UUID] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"), index=True)
    state: Mapped[str] = mapped_column(String(8), index=True)
    at: Mapped[datetime]
    language: Mapped[str] = mapped_column(String(5))
    explanation: Mapped[str] = mapped_column(String(4000))
    #: It is about offences against children (Article 16(2)(c)): name and address may be missing.
    children: Mapped[bool]
    #: Empty where they were not given, or are forgotten; `mailbox` is what `mail_addresses.key` makes of the address.
    name: Mapped[str] = mapped_column(String(200))
    email: Mapped[str] = mapped_column(String(254))
    mailbox: Mapped[str] = mapped_column(String(32), index=True)
    #: What was agreed to, word by word.
    wording: Mapped[str] = mapped_column(String(400))
    decided_at: Mapped[datetime | None] = mapped_column(index=True)
    #: `person ID`, `key ID` or `command USER`.
    decided_by: Mapped[str] = mapped_column(String(60))
    #: What whoever reported it is told of why.
    because: Mapped[str] = mapped_column(String(2000))
