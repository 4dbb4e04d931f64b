"""What the town hall decides about the newsletter of one moment."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from syndication.models.base import Base


class Mailing(Base):
    """All that the newsletter tells at one slot, to whomever: open → held → open, and cancelled for good.

    A slot of which nobody decided anything has a row from when its first copy was made. `introductions`: language → text.
    """

    __tablename__ = "mailings"
    __table_args__ = (CheckConstraint("state IN ('open', 'held', 'cancelled')", name="state"),)

    slot_at: Mapped[datetime] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(10), default="open")
    introductions: Mapped[dict[str, Any]] = mapped_column(default=dict)
    #: When its first copies were made; from then on its introductions stay as they are.
    begun_at: Mapped[datetime | None]
    #: Who held, released or cancelled it last, and when.
    decided_by: Mapped[str] = mapped_column(String(500), default="")
    decided_at: Mapped[datetime | None]
