"""Tables of what goes out: editions, deliveries, attempts, leases, feed documents, and the operator's counts."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from syndication.content.reason import Reason
from syndication.models.base import Base, Counter, ReasonText


class Edition(Base):
    """One composed newsletter issue, shared by every reader who gets the same content.

    `key` says what it tells, so that the same is stored once: `slot:…` for a digest, `change:…` for instant readers,
    `instead:…` for what took the place of an edition that was not true any more. `parts` holds the rendered mail with
    placeholders for what differs between readers; EditionPost says of which posts it tells.
    """

    __tablename__ = "editions"

    id: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    key: Mapped[str] = mapped_column(String(120), unique=True)
    language: Mapped[str] = mapped_column(String(5))
    slot_at: Mapped[datetime] = mapped_column(index=True)
    composed_at: Mapped[datetime]
    #: What the town hall wrote above it.
    introduction: Mapped[str] = mapped_column(Text, default="", server_default="")
    parts: Mapped[dict[str, Any]]


class EditionPost(Base):
    """That an edition tells of a post, and what: this revision, as it stood after the change `change_id`.

    `since` is the change that its readers were told of last before it, where it corrects that; None: it tells it as news.
    """

    __tablename__ = "edition_posts"

    edition_id: Mapped[int] = mapped_column(
        Counter, ForeignKey("editions.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    post_id: Mapped[UUID] = mapped_column(
        ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    revision: Mapped[int]
    change_id: Mapped[int] = mapped_column(Counter)
    since: Mapped[int | None] = mapped_column(Counter)


class Lease(Base):
    """A worker's claim on deliveries that go over one connection in the order of their ids.

    Everything up to `position` was sent, even where the deliveries do not say so yet; `current` is the one on the wire.
    A destination has at most one lease, so its deliveries keep their order.
    """

    __tablename__ = "leases"

    id: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    queue: Mapped[str] = mapped_column(String(20), index=True)
    owner: Mapped[str] = mapped_column(String(100))
    destination_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("destinations.id", ondelete="CASCADE"), unique=True
    )
    until: Mapped[datetime] = mapped_column(index=True)
    position: Mapped[int] = mapped_column(Counter, default=0)
    current: Mapped[int] = mapped_column(Counter, default=0)


_WAITING = text("state = 'waiting'")
_TO_PERSON = text("person_id IS NOT NULL")
_TO_APPLICANT = text("application_id IS NOT NULL")
_TO_REPORTER = text("report_id IS NOT NULL")
_RECIPIENTS = ("destination_id", "reader_id", "person_id", "application_id", "report_id")
_ONE_RECIPIENT = " + ".join(f"CASE WHEN {name} IS NULL THEN 0 ELSE 1 END" for name in _RECIPIENTS) + " = 1"
_LATE = text("state = 'waiting' AND late_since IS NOT NULL")


class Delivery(Base):
    """One message for one destination, reader or person: waiting → sending → sent, failed, dropped, unconfirmed.

    `key` is what makes fan-out repeatable and what receivers recognise a repeat by (webhook-id, Message-ID).
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        CheckConstraint(
            "state IN ('waiting', 'sending', 'sent', 'failed', 'dropped', 'unconfirmed')", name="state"
        ),
        CheckConstraint(_ONE_RECIPIENT, name="one_recipient"),
        Index("ix_deliveries_state_queue_priority_due_at", "state", "queue", "priority", "due_at"),
        Index("ix_deliveries_destination_id_state_due_at", "destination_id", "state", "due_at"),
        Index("ix_deliveries_reader_id_post_id", "reader_id", "post_id"),
        Index("ix_deliveries_lease_id", "lease_id"),
        # In the order of readers, so that a correction to very many goes through them chunk by chunk.
        Index("ix_deliveries_post_id_reader_id", "post_id", "reader_id"),
        Index("ix_deliveries_edition_id_reader_id", "edition_id", "reader_id"),
        # What became stale while it waited, found without a walk over all that waits.
        Index("ix_deliveries_over_at", "over_at", postgresql_where=_WAITING, sqlite_where=_WAITING),
        Index("ix_deliveries_person_id", "person_id", postgresql_where=_TO_PERSON, sqlite_where=_TO_PERSON),
        Index(
            "ix_deliveries_application_id",
            "application_id",
            postgresql_where=_TO_APPLICANT,
            sqlite_where=_TO_APPLICANT,
        ),
        Index(
            "ix_deliveries_report_id", "report_id", postgresql_where=_TO_REPORTER, sqlite_where=_TO_REPORTER
        ),
        # What an outlet that fails keeps waiting, the oldest first.
        Index("ix_deliveries_late", "queue", "late_since", postgresql_where=_LATE, sqlite_where=_LATE),
    )

    id: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    key: Mapped[str] = mapped_column(String(100), unique=True)
    channel: Mapped[str] = mapped_column(String(40))
    queue: Mapped[str] = mapped_column(String(20))
    destination_id: Mapped[UUID | None] = mapped_column(ForeignKey("destinations.id", ondelete="CASCADE"))
    reader_id: Mapped[int | None] = mapped_column(ForeignKey("readers.id", ondelete="CASCADE"))
    #: Whom a letter about signing in is for.
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"))
    #: Whom a letter is for that asks whether an applicant's address is right: nobody is known by it yet.
    application_id: Mapped[UUID | None] = mapped_column(ForeignKey("applications.id", ondelete="CASCADE"))
    #: Whom a letter is for who reported a post.
    report_id: Mapped[UUID | None] = mapped_column(ForeignKey("reports.id", ondelete="CASCADE"))
    change_id: Mapped[int | None] = mapped_column(ForeignKey("changes.id", ondelete="CASCADE"), index=True)
    edition_id: Mapped[int | None] = mapped_column(ForeignKey("editions.id", ondelete="CASCADE"))
    post_id: Mapped[UUID | None] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))
    state: Mapped[str] = mapped_column(String(12), default="waiting")
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    #: When it first became due, where its outlet failed since; None: `due_at` says it. What waits for a time of its own,
    #: such as the end of quiet hours or what its recipient's mailbox asked for, is not late before that time.
    late_since: Mapped[datetime | None]
    #: 0 goes before 5: a confirmation does not wait behind a newsletter.
    priority: Mapped[int] = mapped_column(SmallInteger, default=5)
    #: From this moment it is dropped instead of sent (P4); None: never.
    over_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    lease_id: Mapped[int | None] = mapped_column(Counter)
    sent_at: Mapped[datetime | None]
    #: The remote's name for what was sent, so that a revision can edit and a withdrawal delete.
    reference: Mapped[str | None] = mapped_column(String(1000))
    #: Where people see it there.
    link: Mapped[str | None] = mapped_column(String(2000))
    reason: Mapped[Reason] = mapped_column(default=Reason())
    #: A person sent it again: it waits for no rhythm, and they have looked whether it stands there. Until it ends.
    by_hand: Mapped[bool] = mapped_column(default=False)
    #: What a test delivery or a ping carries instead of a change or an edition.
    payload: Mapped[dict[str, Any] | None]


class Attempt(Base):
    """One try of a delivery; append-only."""

    __tablename__ = "attempts"

    id: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("deliveries.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]
    #: Milliseconds from the start of the send to its outcome.
    duration: Mapped[int]
    outcome: Mapped[str] = mapped_column(String(12))
    reason: Mapped[Reason] = mapped_column(default=Reason())
    #: The remote's status code, and the beginning of what it said.
    code: Mapped[int | None]
    answer: Mapped[str] = mapped_column(Text, default="")
    trigger: Mapped[str] = mapped_column(String(12), default="schedule")


_OPEN = text("ended_at IS NULL")


class Outage(Base):
    """An outlet of the city that takes nothing any more, from its first failure until it has worked for a while.

    `told_by` is the way by which the operator was told: a letter (`mail`), outlets that hear of outages (`alarm`), the
    warning that its access was refused (`owner`), or nothing yet.
    """

    __tablename__ = "outages"
    __table_args__ = (
        CheckConstraint("told_by IN ('', 'mail', 'alarm', 'owner')", name="told_by"),
        # An outlet has one at a time, whoever looks.
        Index("ix_outages_open", "destination_id", unique=True, postgresql_where=_OPEN, sqlite_where=_OPEN),
    )

    id: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    destination_id: Mapped[UUID] = mapped_column(ForeignKey("destinations.id", ondelete="CASCADE"))
    began_at: Mapped[datetime] = mapped_column(index=True)
    #: What the outlet said, as a sentence.
    reason: Mapped[Reason] = mapped_column(default=Reason())
    told_by: Mapped[str] = mapped_column(String(10), default="")
    #: Since when it was seen to work; None again as soon as it fails.
    well_since: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class BulkAct(Base):
    """An act on all deliveries that match, done chunk by chunk in the order of their ids; kept as the record of it.

    Everything up to `position` was looked at; ids behind `until_id` joined later and are not meant.
    """

    __tablename__ = "bulk_acts"
    __table_args__ = (
        CheckConstraint("act IN ('retry', 'replay', 'there', 'drop')", name="act"),
        CheckConstraint("state IN ('running', 'stopped', 'done')", name="state"),
    )

    id: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    act: Mapped[str] = mapped_column(String(10))
    #: What `ledger.selection.Selection.stored` wrote.
    selection: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(10), index=True)
    #: Whose act it is, in words.
    by: Mapped[str] = mapped_column(String(400))
    #: How many it could be done to when it began, and to how many it was done.
    total: Mapped[int]
    done: Mapped[int]
    position: Mapped[int] = mapped_column(Counter)
    until_id: Mapped[int] = mapped_column(Counter)
    asked_at: Mapped[datetime]
    moved_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class FeedDocument(Base):
    """One feed in one format as bytes. It is fresh when `built` equals `wanted` and `stale_at` has not come."""

    __tablename__ = "feed_documents"
    __table_args__ = (UniqueConstraint("scope", "format"), Index("ix_feed_documents_stale_at", "stale_at"))

    id: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    scope: Mapped[str] = mapped_column(String(200))
    format: Mapped[str] = mapped_column(String(10))
    wanted: Mapped[int] = mapped_column(default=1)
    built: Mapped[int] = mapped_column(default=0)
    #: When the next of its posts is over and it must be built again without a change.
    stale_at: Mapped[datetime | None]
    etag: Mapped[str] = mapped_column(String(70), default="")
    modified_at: Mapped[datetime | None]
    body: Mapped[bytes] = mapped_column(LargeBinary, default=b"")
    compressed: Mapped[bytes] = mapped_column(LargeBinary, default=b"")


class KeptEcho(Base):
    """What a network counts of a post that stands there, as of `at`; `asked` is how often it was asked, whatever it said."""

    __tablename__ = "echoes"

    post_id: Mapped[UUID] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True)
    destination_id: Mapped[UUID] = mapped_column(
        ForeignKey("destinations.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    asked: Mapped[int] = mapped_column(SmallInteger)
    likes: Mapped[int | None]
    shares: Mapped[int | None]
    replies: Mapped[int | None]
    at: Mapped[datetime | None]


class FeedAudience(Base):
    """For how many subscribers a program fetched a feed on a day of the city's, as it says itself; the most it said."""

    __tablename__ = "feed_audiences"

    day: Mapped[date] = mapped_column(primary_key=True)
    #: As in the feed's address: `all.rss`.
    feed: Mapped[str] = mapped_column(String(210), primary_key=True)
    program: Mapped[str] = mapped_column(String(40), primary_key=True)
    subscribers: Mapped[int]


class DeadLetter(Base):
    """A message from the queue that could not become a post, with the reason."""

    __tablename__ = "dead_letters"

    id: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    source: Mapped[str] = mapped_column(String(40))
    payload: Mapped[str] = mapped_column(Text)
    reason: Mapped[Reason] = mapped_column(ReasonText())
    created_at: Mapped[datetime]


class Heartbeat(Base):
    """When a part was last seen at work: `beat`, or `worker:<host>:<queue>` at its last claim."""

    __tablename__ = "heartbeats"

    name: Mapped[str] = mapped_column(String(160), primary_key=True)
    at: Mapped[datetime]
    #: How far the clock of its machine is ahead of the database's (seconds).
    ahead: Mapped[float] = mapped_column(default=0.0)


class Tally(Base):
    """Counts folded from attempts, so that /metrics costs the same however long the history is."""

    __tablename__ = "tallies"

    metric: Mapped[str] = mapped_column(String(40), primary_key=True)
    channel: Mapped[str] = mapped_column(String(40), primary_key=True)
    #: The outcome for counters; the upper bound in seconds for histogram buckets; `sum` for their sums.
    label: Mapped[str] = mapped_column(String(20), primary_key=True)
    value: Mapped[float]
