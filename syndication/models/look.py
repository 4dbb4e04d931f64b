"""The table of how the service looks and who is behind it, as the town hall says it."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from syndication.models.base import Base


class KeptLook(Base):
    """What everybody sees (`current`), and what is being prepared (`draft`). What is empty is as the settings say."""

    __tablename__ = "looks"
    __table_args__ = (CheckConstraint("state IN ('current', 'draft')", name="state"),)

    state: Mapped[str] = mapped_column(String(10), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    #: `#a63a25`, as it was chosen; what is shown of it is corrected.
    brand: Mapped[str] = mapped_column(String(7))
    link: Mapped[str] = mapped_column(String(7))
    #: Page → language → Markdown.
    texts: Mapped[dict[str, Any]]
    logo: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    #: Begins the SHA-256 of the logo; empty where there is none.
    logo_digest: Mapped[str] = mapped_column(String(16))
    changed_at: Mapped[datetime]
