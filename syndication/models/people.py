"""Tables of people who sign in: who they are, what they may do, how they came in."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from syndication.content.base import new_id
from syndication.models.base import Base, Counter


class Person(Base):
    """Somebody who signs in. `email` is spelled as `mail_addresses.spelled` does; `role` is what they may do for the city."""

    __tablename__ = "people"
    __table_args__ = (CheckConstraint("role IN ('viewer', 'editor', 'operator')", name="role"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(200))
    email: Mapped[str] = mapped_column(String(254), unique=True)
    language: Mapped[str] = mapped_column(String(5))
    role: Mapped[str | None] = mapped_column(String(10))
    created_at: Mapped[datetime]


class Membership(Base):
    """That a person acts for a merchant."""

    __tablename__ = "memberships"
    __table_args__ = (CheckConstraint("role IN ('owner', 'member')", name="role"),)

    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), primary_key=True)
    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchants.id"), primary_key=True, index=True)
    role: Mapped[str] = mapped_column(String(10))
    since: Mapped[datetime]


class SignInRequest(Base):
    """A wish to sign in. Nobody looks the address up before a worker does, so that an answer tells nothing."""

    __tablename__ = "sign_in_requests"

    id: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    email: Mapped[str] = mapped_column(String(254))
    at: Mapped[datetime] = mapped_column(index=True)


class SignInLink(Base):
    """A link by which a person signs in, once; the SHA-256 of its token."""

    __tablename__ = "sign_in_links"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    made_at: Mapped[datetime]
    ends_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


class BrowserSession(Base):
    """A browser in which a person is signed in until `ends_at`; the SHA-256 of what its cookie holds."""

    __tablename__ = "browser_sessions"
    __table_args__ = (CheckConstraint("way IN ('link', 'passkey')", name="way"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    #: Browser and system, such as `Firefox` and `Android`; empty where nobody knows.
    browser: Mapped[str] = mapped_column(String(40))
    system: Mapped[str] = mapped_column(String(40))
    way: Mapped[str] = mapped_column(String(10))
    began_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ends_at: Mapped[datetime] = mapped_column(index=True)
    #: Whose desk somebody of the town hall has open in that merchant's name, and until when.
    acts_for: Mapped[UUID | None]
    acts_until: Mapped[datetime | None]


class Passkey(Base):
    """A key that a person's device keeps (WebAuthn Level 2); `credential` is its id in base64url, at most 1023 bytes."""

    __tablename__ = "passkeys"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    credential: Mapped[str] = mapped_column(String(1400), unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(Counter)
    name: Mapped[str] = mapped_column(String(100))
    made_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class PasskeyChallenge(Base):
    """What a device is to sign, once and within minutes; the SHA-256 of it. Without a person it is for signing in."""

    __tablename__ = "passkey_challenges"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    ends_at: Mapped[datetime] = mapped_column(index=True)
