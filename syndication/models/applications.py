"""Tables of businesses that want to post here: what each wrote of itself, and what the town hall decided."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from syndication.content.base import new_id
from syndication.models.base import Base, Counter


class Application(Base):
    """A business that wants to post here.

    new → asked (a letter asks whether the address is right) → confirmed (the town hall's move) → admitted or declined.
    """

    __tablename__ = "applications"
    __table_args__ = (
        CheckConstraint("state IN ('new', 'asked', 'confirmed', 'admitted', 'declined')", name="state"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    state: Mapped[str] = mapped_column(String(12), index=True)
    at: Mapped[datetime] = mapped_column(index=True)
    language: Mapped[str] = mapped_column(String(5))
    name: Mapped[str] = mapped_column(String(200))
    address: Mapped[str] = mapped_column(String(500))
    about: Mapped[str] = mapped_column(String(400))
    contact: Mapped[str] = mapped_column(String(200))
    #: As `mail_addresses.spelled` spells it, and what `mail_addresses.key` makes of it.
    email: Mapped[str] = mapped_column(String(254))
    mailbox: Mapped[str] = mapped_column(String(32), index=True)
    phone: Mapped[str] = mapped_column(String(60))
    url: Mapped[str | None] = mapped_column(String(2000))
    proof: Mapped[str] = mapped_column(String(400))
    #: What was agreed to, word by word.
    wording: Mapped[str] = mapped_column(String(1000))
    #: When its letter was written; the SHA-256 of the token in it.
    asked_at: Mapped[datetime | None]
    digest: Mapped[str | None] = mapped_column(String(64), unique=True)
    confirmed_at: Mapped[datetime | None]
    #: When the operators were told of it.
    told_at: Mapped[datetime | None]
    merchant_id: Mapped[UUID | None] = mapped_column(ForeignKey("merchants.id"), index=True)


class ApplicationProof(Base):
    """A file by which a business shows that it is one; gone once somebody has decided."""

    __tablename__ = "application_proofs"

    application_id: Mapped[UUID] = mapped_column(
        ForeignKey("applications.id", ondelete="CASCADE"), primary_key=True
    )
    #: Its media type.
    kind: Mapped[str] = mapped_column(String(40))
    data: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    at: Mapped[datetime] = mapped_column(index=True)


class ApplicationStep(Base):
    """What the town hall did about an application, in which words; never updated."""

    __tablename__ = "application_steps"
    __table_args__ = (CheckConstraint("act IN ('admitted', 'declined', 'asked back')", name="act"),)

    id: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    application_id: Mapped[UUID] = mapped_column(
        ForeignKey("applications.id", ondelete="CASCADE"), index=True
    )
    act: Mapped[str] = mapped_column(String(12))
    #: What the applicant was told; empty where they were admitted.
    because: Mapped[str] = mapped_column(String(1000))
    #: Name and mail address of who decided, `key ID`, or "command line".
    by: Mapped[str] = mapped_column(String(460))
    at: Mapped[datetime]
