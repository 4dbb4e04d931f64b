"""The table of who did what."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from syndication.models.base import Base, Counter

_OF_A_MERCHANT = text("merchant_id IS NOT NULL")


class LogLine(Base):
    """One act: who did it, by which way, about what, and when. Never updated, never deleted while it is young.

    Triggers of the database refuse both (migration 0027), whoever asks. It refers to nothing by a foreign key, so that what
    it tells of can go without it. A post's title is not kept here but read from its revision, where it can be forgotten.
    """

    __tablename__ = "audit_log"
    __table_args__ = (
        Index("ix_audit_log_at", "at", "id"),
        Index("ix_audit_log_what", "what", "at", "id"),
        Index("ix_audit_log_by", "by", "at", "id"),
        Index(
            "ix_audit_log_merchant_id",
            "merchant_id",
            "at",
            "id",
            postgresql_where=_OF_A_MERCHANT,
            sqlite_where=_OF_A_MERCHANT,
        ),
    )

    id: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    at: Mapped[datetime]
    #: As audit.acting.Actor has it.
    by: Mapped[str] = mapped_column(String(60))
    #: The name they had then.
    by_name: Mapped[str] = mapped_column(String(200))
    way: Mapped[str] = mapped_column(String(10))
    what: Mapped[str] = mapped_column(String(30))
    about: Mapped[str] = mapped_column(String(20))
    about_id: Mapped[str] = mapped_column(String(64))
    #: What it was called then; empty for a post and a reader.
    about_name: Mapped[str] = mapped_column(String(200))
    #: The merchant whose affair it is.
    merchant_id: Mapped[UUID | None]
    details: Mapped[dict[str, Any]]
