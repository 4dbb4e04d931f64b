"""Tables of who publishes what: merchants, keys, posts, revisions, and the outbox of changes."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from syndication.content.base import new_id
from syndication.content.reason import Reason
from syndication.models.base import Base, Counter


class Merchant(Base):
    """Who publishes. Applied → admitted → suspended; only an admitted merchant publishes."""

    __tablename__ = "merchants"
    __table_args__ = (CheckConstraint("state IN ('applied', 'admitted', 'suspended')", name="state"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    email: Mapped[str] = mapped_column(String(254))
    url: Mapped[str | None] = mapped_column(String(2000))
    address: Mapped[str] = mapped_column(String(500), default="")
    district: Mapped[str | None] = mapped_column(String(60))
    state: Mapped[str] = mapped_column(String(12), default="applied")
    posts_per_day: Mapped[int | None]
    created_at: Mapped[datetime]
    admitted_at: Mapped[datetime | None]
    #: What readers see of it beside its posts; see publishing.profile. `contact` is its mail address for the public, `logo`
    #: begins the SHA-256 of its Logo.
    opening_hours: Mapped[str | None] = mapped_column(String(1000))
    phone: Mapped[str | None] = mapped_column(String(60))
    contact: Mapped[str | None] = mapped_column(String(254))
    imprint: Mapped[str | None] = mapped_column(String(4000))
    links: Mapped[list[str]] = mapped_column(default=list, server_default="[]")
    license_texts: Mapped[str | None] = mapped_column(String(40))
    license_pictures: Mapped[str | None] = mapped_column(String(40))
    logo: Mapped[str | None] = mapped_column(String(16))
    #: While it is suspended: since when, until when (None: until somebody admits it), why, by whom (as audit.acting.Actor has
    #: it), and whether what stands is still being taken back; see accounts.suspensions.
    suspended_at: Mapped[datetime | None]
    suspended_until: Mapped[datetime | None]
    suspended_because: Mapped[str] = mapped_column(String(1000), default="", server_default="")
    suspended_by: Mapped[str] = mapped_column(String(60), default="", server_default="")
    #: Whether the town hall looks at its posts first: `always` or `never`; None: as the city's rules say (publishing.review).
    review: Mapped[str | None] = mapped_column(String(10))
    taking_back: Mapped[bool] = mapped_column(default=False, server_default=false())


class Logo(Base):
    """The sign of a merchant, as the JPEG that is shown."""

    __tablename__ = "logos"

    merchant_id: Mapped[UUID] = mapped_column(
        ForeignKey("merchants.id", ondelete="CASCADE"), primary_key=True
    )
    data: Mapped[bytes] = mapped_column(LargeBinary)


class ApiKey(Base):
    """A bearer key: shown once, kept as SHA-256. Without a merchant it is an operator's."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(String(12), primary_key=True)
    merchant_id: Mapped[UUID | None] = mapped_column(ForeignKey("merchants.id"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    digest: Mapped[str] = mapped_column(String(64))
    scopes: Mapped[list[str]]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]


class Post(Base):
    """What a merchant says. Its content stands in its Revisions; the columns here are copies to search by."""

    __tablename__ = "posts"
    __table_args__ = (
        UniqueConstraint("merchant_id", "source_ref"),
        CheckConstraint("state IN ('scheduled', 'published', 'withdrawn')", name="state"),
        Index("ix_posts_state_published_at", "state", "published_at"),
        Index("ix_posts_state_publish_at", "state", "publish_at"),
        # What comes next, and what has no date by its newest; see publishing.coming.
        Index("ix_posts_coming", "state", "comes_at", text("published_at DESC"), text("id DESC")),
        # A date of what comes every week is made at most once.
        Index("ix_posts_weekly", "weekly_id", "weekly_on", unique=True),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchants.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    source_ref: Mapped[str | None] = mapped_column(String(255))
    state: Mapped[str] = mapped_column(String(12))
    revision: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    publish_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    #: Why it was taken back, what its merchant is told, and who did it; see publishing.withdrawal.
    withdrawn_reason: Mapped[str | None] = mapped_column(String(12))
    withdrawn_statement: Mapped[str] = mapped_column(String(2000), default="")
    withdrawn_by: Mapped[str] = mapped_column(String(60), default="")
    #: No reader is told that it was taken back.
    withdrawn_untold: Mapped[bool] = mapped_column(default=False)
    #: The hour that it was to be published at, and was not; it waits for a new one.
    missed_at: Mapped[datetime | None]
    #: From this moment the post is stale (P4); None: never.
    over_at: Mapped[datetime | None] = mapped_column(index=True)
    #: Of what has dates, when it comes next, as of the moment before which that was worked out; see publishing.coming.
    comes_at: Mapped[datetime | None]
    #: SEQUENCE and DTSTAMP of what a calendar said of the series (``) and of dates of its own (by RECURRENCE-ID).
    versions: Mapped[dict[str, Any] | None]
    #: The series that this part of it went into; it was withdrawn without a word to anybody.
    joined_to: Mapped[UUID | None]
    #: It came by a file, and so counts in no merchant's quota.
    imported: Mapped[bool] = mapped_column(default=False)
    #: It was taken in without a word: it stands on pages, in feeds and calendars, and nobody was told that it is there.
    quiet: Mapped[bool] = mapped_column(default=False)
    #: The post that told people of it together with others; its own later changes stay as quiet as before.
    told_by: Mapped[UUID | None] = mapped_column(index=True)
    #: It is this date of what comes every week; see publishing.weekly.
    weekly_id: Mapped[UUID | None]
    weekly_on: Mapped[date | None]
    #: That date falls out: what was not out yet waits without an hour, what was is called off.
    skipped: Mapped[bool] = mapped_column(default=False)


class KeptDraft(Base):
    """What somebody is writing: the first state of a post, before anybody but its merchant sees it, or of its correction.

    `id` is that of the post that it becomes, or that it corrects. `typed` is what stands in the boxes of the form, `kept`
    the fields that no box asks for, `texts` own words for single outlets by channel. `seen` is the revision that is
    corrected; None where there is no post yet.
    """

    __tablename__ = "drafts"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchants.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    typed: Mapped[dict[str, Any]]
    kept: Mapped[dict[str, Any]]
    texts: Mapped[dict[str, Any]]
    seen: Mapped[int | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime] = mapped_column(index=True)


class DraftPicture(Base):
    """That a draft shows an uploaded picture, which is therefore kept."""

    __tablename__ = "draft_pictures"

    draft_id: Mapped[UUID] = mapped_column(ForeignKey("drafts.id", ondelete="CASCADE"), primary_key=True)
    picture_id: Mapped[str] = mapped_column(
        ForeignKey("pictures.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class PostTopic(Base):
    """The topics of a post's current revision, to select feeds by. A topic once used stays known."""

    __tablename__ = "post_topics"

    post_id: Mapped[UUID] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True)
    #: Its slug, by which it is known.
    topic: Mapped[str] = mapped_column(String(60), primary_key=True, index=True)
    #: As the post spells it; None where it was kept before spellings were.
    spelling: Mapped[str | None] = mapped_column(String(60))


class TopicName(Base):
    """What the town hall says of a topic: under which other one it is filed, or else what it is called. See publishing.filing."""

    __tablename__ = "topic_names"

    slug: Mapped[str] = mapped_column(String(60), primary_key=True)
    #: A topic that is filed under itself: no chains.
    filed_as: Mapped[str | None] = mapped_column(String(60), index=True)
    name: Mapped[str | None] = mapped_column(String(60))
    changed_at: Mapped[datetime]


class DistrictName(Base):
    """What a part of town was called before, and what it is called now: no chains. See publishing.districts."""

    __tablename__ = "district_names"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    called: Mapped[str] = mapped_column(String(60), index=True)
    changed_at: Mapped[datetime]


class Revision(Base):
    """The frozen content of a post at one moment of publishing; never updated."""

    __tablename__ = "revisions"

    post_id: Mapped[UUID] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[dict[str, Any]]
    digest: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    #: The name of whoever of the town hall wrote it in the merchant's name; empty: it is the merchant's own.
    by_hall: Mapped[str] = mapped_column(String(200), default="", server_default="")


class AnnouncedPrice(Base):
    """A price that a post announced, from when to when; `until` None: it stands. See publishing.price_memory."""

    __tablename__ = "announced_prices"
    __table_args__ = (Index("ix_announced_prices_of", "merchant_id", "name", "currency", "since"),)

    id: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchants.id"))
    post_id: Mapped[UUID] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"), index=True)
    #: As kinds.announced.product_name makes it.
    name: Mapped[str] = mapped_column(String(200))
    currency: Mapped[str] = mapped_column(String(3))
    #: Hundredths of the currency.
    cents: Mapped[int] = mapped_column(Counter)
    since: Mapped[datetime]
    until: Mapped[datetime | None]
    #: It was announced as a reduction.
    reduced: Mapped[bool]


class StoredPicture(Base):
    """A picture that a merchant uploaded, as the JPEG that is shown; its key is made from merchant and bytes."""

    __tablename__ = "pictures"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchants.id"), index=True)
    data: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    width: Mapped[int]
    height: Mapped[int]
    uploaded_at: Mapped[datetime] = mapped_column(index=True)


class PictureUse(Base):
    """That the current revision of a post shows an uploaded picture."""

    __tablename__ = "picture_uses"

    post_id: Mapped[UUID] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True)
    picture_id: Mapped[str] = mapped_column(
        ForeignKey("pictures.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class PreparedPicture(Base):
    """A picture that posts show, by the SHA-256 of its address, in the sizes of the city's site.

    `due_at` is when a worker tries next; None: it is there, or `reason` says why it never will be.
    """

    __tablename__ = "prepared_pictures"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    url: Mapped[str] = mapped_column(String(2000))
    host: Mapped[str] = mapped_column(String(255))
    due_at: Mapped[datetime | None] = mapped_column(index=True)
    tries: Mapped[int]
    reason: Mapped[Reason]
    made_at: Mapped[datetime | None]
    #: Bytes of both.
    size: Mapped[int]
    page: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    framed: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)


class PictureWant(Base):
    """That the current revision of a post shows a prepared picture. One without the other does no harm: it is made anew."""

    __tablename__ = "picture_wants"

    post_id: Mapped[UUID] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True, index=True)


class Change(Base):
    """One row of the outbox: a post, a revision, and what happened.

    `joined_at` is its place among the windows of editions, set when fan-out begins; `fanned_at` says fan-out is complete.
    Up to reader `reached` it is done; until `taken_until` somebody is at it.
    """

    __tablename__ = "changes"
    __table_args__ = (
        CheckConstraint("action IN ('published', 'revised', 'withdrawn')", name="action"),
        Index("ix_changes_joined_at", "joined_at"),
        Index("ix_changes_fanned_at", "fanned_at"),
    )

    id: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    post_id: Mapped[UUID] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"), index=True)
    revision: Mapped[int]
    action: Mapped[str] = mapped_column(String(12))
    created_at: Mapped[datetime]
    joined_at: Mapped[datetime | None]
    fanned_at: Mapped[datetime | None]
    reached: Mapped[int] = mapped_column(Counter, default=0)
    taken_until: Mapped[datetime | None]


class IdempotencyKey(Base):
    """The answer once given to a request with this key (draft-ietf-httpapi-idempotency-key-header); kept 24 hours."""

    __tablename__ = "idempotency_keys"

    owner: Mapped[str] = mapped_column(String(64), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    status: Mapped[int | None]
    body: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime] = mapped_column(index=True)
