"""Tables of files that merchants bring to their desk: kept for a day, with what each entry would become and became."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from syndication.content.base import new_id
from syndication.content.reason import NO_REASON, Reason
from syndication.models.base import Base


class BroughtFile(Base):
    """A file that somebody brought for a merchant.

    new (to be read) → looking (what would become of it?) → ready (their move) → wanted (being taken in) → done; or refused,
    where it cannot be read.
    """

    __tablename__ = "files"
    __table_args__ = (
        CheckConstraint("state IN ('new', 'looking', 'ready', 'wanted', 'done', 'refused')", name="state"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchants.id"), index=True)
    state: Mapped[str] = mapped_column(String(12), index=True)
    at: Mapped[datetime] = mapped_column(index=True)
    #: Name and mail address of whoever brought it, and of whoever had it taken in.
    by: Mapped[str] = mapped_column(String(460))
    taken_by: Mapped[str] = mapped_column(String(460), default="")
    #: What it was called there; shown, and trusted in nothing.
    name: Mapped[str] = mapped_column(String(100))
    #: Who is to hear of what is new, as publishing.stock.Tell.
    tell: Mapped[str] = mapped_column(String(10))
    #: Its content, until it was read.
    data: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    #: Why it cannot be read, or why nobody could be told of it.
    reason: Mapped[Reason] = mapped_column(default=NO_REASON)
    #: A worker is at it until then, unless it died; how often one began since anything came of it.
    busy_until: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    #: The post that tells people of what is new, where one does.
    summary_id: Mapped[UUID | None]


class FileEntry(Base):
    """One entry of a file: what it says, what would become of it, and what became of it (publishing.from_file.What)."""

    __tablename__ = "file_entries"

    file_id: Mapped[UUID] = mapped_column(ForeignKey("files.id", ondelete="CASCADE"), primary_key=True)
    #: Its place in the file, from 1.
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    #: As sources.written has it.
    row: Mapped[dict[str, Any]]
    foreseen: Mapped[str | None] = mapped_column(String(12))
    became: Mapped[str | None] = mapped_column(String(12))
    #: Why it was refused or is past; and what was repaired, as Reasons are stored.
    reason: Mapped[Reason] = mapped_column(default=NO_REASON)
    remarks: Mapped[list[str]]
