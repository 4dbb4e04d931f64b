"""A list of readers on its way in."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from syndication.content.base import new_id
from syndication.models.base import Base


class ReaderImport(Base):
    """A list that somebody sent: checked, then running, then done. `entries` are forgotten with the last of them.

    `position`: how many of its lines were taken in. `counts`: outcome → lines. `ask_wording`: what those agree to by a click
    who are asked because there is no proof; empty: such lines are refused.
    """

    __tablename__ = "reader_imports"
    __table_args__ = (CheckConstraint("state IN ('checked', 'running', 'done')", name="state"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    state: Mapped[str] = mapped_column(String(10), default="checked")
    made_by: Mapped[str] = mapped_column(String(500))
    made_at: Mapped[datetime]
    ask_wording: Mapped[str] = mapped_column(Text, default="")
    entries: Mapped[dict[str, Any]]
    size: Mapped[int]
    position: Mapped[int] = mapped_column(default=0)
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)
