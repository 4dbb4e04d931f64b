"""Tables of where posts go: destinations, readers, and their interests."""

import secrets
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import Mapped, mapped_column

from syndication.content.base import new_id
from syndication.content.reason import Reason
from syndication.infra import mail_addresses
from syndication.models.base import Base, Counter


def _mailbox(row: DefaultExecutionContext) -> str:
    return mail_addresses.key(row.get_current_parameters()["email"])  # type: ignore[no-untyped-call]  # SQLAlchemy gives none


class InterestRow(Base):
    """An Interest, kept once for all who share it; `key` is equal for equal interests."""

    __tablename__ = "interests"

    id: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    key: Mapped[str] = mapped_column(String(32), unique=True)
    facets: Mapped[dict[str, Any]]


class Destination(Base):
    """One configured outlet. Without a merchant it is the city's; a merchant's own gets only that merchant's posts."""

    __tablename__ = "destinations"
    __table_args__ = (CheckConstraint("state IN ('active', 'paused', 'disabled')", name="state"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    merchant_id: Mapped[UUID | None] = mapped_column(ForeignKey("merchants.id"), index=True)
    channel: Mapped[str] = mapped_column(String(40), index=True)
    name: Mapped[str] = mapped_column(String(200))
    #: The channel's Settings without its secrets.
    settings: Mapped[dict[str, Any]]
    #: The channel's secrets, encrypted; see signing.Box.
    secrets: Mapped[str] = mapped_column(Text, default="")
    interest_id: Mapped[int] = mapped_column(ForeignKey("interests.id"))
    state: Mapped[str] = mapped_column(String(12), default="active")
    #: Why the state is not active, as a sentence for the owner.
    reason: Mapped[Reason] = mapped_column(default=Reason())
    created_at: Mapped[datetime]
    #: Health: failures in a row, since when, and until when nothing is sent (the open breaker).
    failures: Mapped[int] = mapped_column(default=0)
    failing_since: Mapped[datetime | None]
    held_until: Mapped[datetime | None]
    last_sent_at: Mapped[datetime | None]
    #: What it said when it last failed; empty while it works.
    trouble: Mapped[Reason] = mapped_column(default=Reason())
    #: Since when it had failed, while what waited for it is being made due; None: that is done.
    recovering_from: Mapped[datetime | None]
    #: It hears of other outlets' outages, and of no post.
    alarms: Mapped[bool] = mapped_column(default=False)
    #: How long its last answers took (milliseconds), the newest last; and whether they make it a slow outlet.
    answers: Mapped[list[int]] = mapped_column(default=list)
    slow: Mapped[bool] = mapped_column(default=False)
    #: When the channel is next asked to look after it; None: at once, or never, as the channel says.
    tend_at: Mapped[datetime | None]
    #: When its owner was last told of an access that ends or was refused, and not yet that it is well again.
    warned_at: Mapped[datetime | None]


class ConnectLink(Base):
    """A link by which an owner connects one outlet, once: what it is for, who made it, and how it ended.

    Of the token only its digest is kept. `destination_id` is the outlet it renews, or the id that a new one will have.
    """

    __tablename__ = "connect_links"
    __table_args__ = (CheckConstraint("made_by IN ('key', 'command', 'letter', 'person')", name="made_by"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    merchant_id: Mapped[UUID | None] = mapped_column(ForeignKey("merchants.id"), index=True)
    destination_id: Mapped[UUID] = mapped_column(index=True)
    renews: Mapped[bool]
    channel: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(200))
    interest: Mapped[dict[str, Any]]
    #: What the sender filled in already, encrypted as a destination's secrets are.
    known: Mapped[str] = mapped_column(Text, default="")
    made_by: Mapped[str] = mapped_column(String(10))
    #: The key it was made with; the link ends with it.
    key_id: Mapped[str | None] = mapped_column(String(12))
    made_at: Mapped[datetime]
    ends_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]
    #: When somebody, or a newer letter, ended it.
    ended_at: Mapped[datetime | None]
    #: Digest of what the browser keeps that used it, so that a button pressed twice ends well there.
    browser: Mapped[str] = mapped_column(String(64), default="")
    #: Digests of the ways to the network that were begun and not walked back yet.
    ways: Mapped[list[str]] = mapped_column(default=list)


class Reader(Base):
    """A person with an address and an interest. Pending → confirmed → left; `suppressed` after a hard bounce."""

    __tablename__ = "readers"
    __table_args__ = (
        CheckConstraint("state IN ('pending', 'confirmed', 'left', 'suppressed')", name="state"),
        # Who is due: one slot's audience is a range of this index, which counts them by itself.
        Index("ix_readers_state_next_slot_at", "state", "next_slot_at", "cadence", "language", "interest_id"),
        # Who hears at once, by interest and language.
        Index("ix_readers_state_cadence_interest_id", "state", "cadence", "interest_id"),
        Index("ix_readers_mailbox", "mailbox"),
    )

    id: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    #: 96 random bits in every link of this reader's; None for readers of the time when links held the number alone.
    nonce: Mapped[str | None] = mapped_column(String(16), default=lambda: secrets.token_urlsafe(12))
    email: Mapped[str] = mapped_column(String(254), unique=True)
    #: Equal for all addresses whose mail arrives in one mailbox; see mail_addresses.key.
    mailbox: Mapped[str] = mapped_column(String(32), default=_mailbox)
    language: Mapped[str] = mapped_column(String(5))
    interest_id: Mapped[int] = mapped_column(ForeignKey("interests.id"))
    cadence: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(12), default="pending")
    created_at: Mapped[datetime]
    #: When the newest letter that asks to confirm was written, in whole seconds; None: before links held this moment.
    asked_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    left_at: Mapped[datetime | None]
    #: All changes that joined up to here were offered to this reader; the next edition begins behind it.
    covered_until: Mapped[datetime | None]
    #: When the next edition is due; None for readers who hear instantly.
    next_slot_at: Mapped[datetime | None]


class Consent(Base):
    """Append-only proof (GDPR Art. 7(1)): what a reader agreed to or took back, in which words, when, through what."""

    __tablename__ = "consents"

    id: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    reader_id: Mapped[int] = mapped_column(ForeignKey("readers.id", ondelete="CASCADE"), index=True)
    action: Mapped[str] = mapped_column(String(20))
    wording: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime] = mapped_column(index=True)


class Suppression(Base):
    """That an address was erased, so that no list brings it back: a keyed hash of it, and nothing else."""

    __tablename__ = "suppressions"

    digest: Mapped[str] = mapped_column(String(32), primary_key=True)
    at: Mapped[datetime]


class SignUp(Base):
    """A wish to get the newsletter as somebody typed it; it lives until a worker has looked whom it is about."""

    __tablename__ = "sign_ups"

    id: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    email: Mapped[str] = mapped_column(String(254))
    language: Mapped[str] = mapped_column(String(5))
    interest: Mapped[dict[str, Any]]
    cadence: Mapped[str] = mapped_column(String(20))
    source: Mapped[str] = mapped_column(String(40))
    #: What whoever typed it agreed to.
    wording: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(index=True)
