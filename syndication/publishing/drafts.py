"""Drafts: the first state of a post, before anybody but its merchant sees it, and corrections that are not out yet."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from syndication import clock
from syndication.content.post import Draft
from syndication.content.reason import Reason
from syndication.errors import NotFound, QuotaExceeded
from syndication.infra import db
from syndication.models import DraftPicture, KeptDraft, Merchant, Post, Weekly
from syndication.publishing import posts, uploads
from syndication.publishing.posts import Outcome

#: For how long a draft that nobody touches is kept.
KEPT_FOR = timedelta(days=90)
#: Drafts of one merchant: far more than anybody has, far fewer than would fill a disk.
_MOST = 200
_UNKNOWN = Reason("There is no such draft; perhaps it was published or thrown away meanwhile.")


@dataclass(frozen=True)
class Written:
    """A draft as it stands. `id` is that of the post that it becomes, or that it corrects.

    `typed`: what stands in the boxes of the form. `kept`: fields that no box asks for. `texts`: own words for single
    outlets, by channel. `seen`: the revision that it corrects; None for a new post. Moments are aware, in UTC.
    """

    id: UUID
    kind: str
    typed: Mapping[str, str]
    kept: Mapping[str, Any] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    seen: int | None = None
    updated_at: datetime | None = None

    @property
    def title(self) -> str:
        """What it is called so far; empty for nothing yet."""
        return self.typed.get("title", "")


def save(merchant_id: UUID, draft: Written) -> None:
    """Keep what was written; whoever belongs to the merchant may go on with it. No quota counts it.

    Raises NotFound where the id is another merchant's, QuotaExceeded for more drafts than anybody has.
    """
    now = clock.now()
    with db.transaction() as session:
        row = session.get(KeptDraft, draft.id)
        if row is None:
            _refuse_foreign(session, merchant_id, draft.id)
            _count(session, merchant_id)
            row = KeptDraft(id=draft.id, merchant_id=merchant_id, kind=draft.kind, created_at=now)
            session.add(row)
        elif row.merchant_id != merchant_id:
            raise NotFound(_UNKNOWN)
        row.typed, row.kept, row.texts = dict(draft.typed), dict(draft.kept), dict(draft.texts)
        row.seen, row.updated_at = draft.seen, now
        session.flush()
        _note_pictures(session, merchant_id, draft)


def read(merchant_id: UUID, draft_id: UUID) -> Written:
    """One draft. Raises NotFound."""
    with db.reading() as session:
        return _written(_own(session, merchant_id, draft_id))


def known(merchant_id: UUID, draft_id: UUID) -> Written | None:
    """The same; None where there is none."""
    try:
        return read(merchant_id, draft_id)
    except NotFound:
        return None


def listed(merchant_id: UUID) -> list[Written]:
    """The drafts of a merchant, the one touched last first."""
    statement = (
        select(KeptDraft)
        .where(KeptDraft.merchant_id == merchant_id)
        .order_by(KeptDraft.updated_at.desc(), KeptDraft.id.desc())
    )
    with db.reading() as session:
        return [_written(row) for row in session.scalars(statement)]


def discard(merchant_id: UUID, draft_id: UUID) -> None:
    """Throw a draft away; a post that it would have corrected stays as it is. Doing it again changes nothing."""
    with db.transaction() as session:
        session.execute(
            delete(KeptDraft).where(KeptDraft.id == draft_id, KeptDraft.merchant_id == merchant_id)
        )


def publish(merchant_id: UUID, draft_id: UUID, draft: Draft) -> Outcome:
    """Make a post of a draft, or correct the post with it; the draft is gone then. A second tap on the button changes nothing.

    Raises NotFound, and what `posts.create` and `posts.revise` raise: then the draft stays.
    """
    with db.transaction() as session:
        posts.alone(session, merchant_id)
        row = session.get(KeptDraft, draft_id)
        post = session.get(Post, draft_id)
        if row is None and post is not None and post.merchant_id == merchant_id:
            return posts.unchanged(session, post)
        if row is None or row.merchant_id != merchant_id:
            raise NotFound(_UNKNOWN)
        if post is None:
            outcome = Outcome(posts.create(merchant_id, draft, post_id=draft_id), "created")
        else:
            outcome = posts.revise(
                merchant_id, draft_id, draft, expected=None if row.seen is None else {row.seen}
            )
        session.delete(row)
        return outcome


def sweep() -> None:
    """Forget drafts that nobody touched for long."""
    with db.transaction() as session:
        session.execute(delete(KeptDraft).where(KeptDraft.updated_at < clock.now() - KEPT_FOR))


def _own(session: Session, merchant_id: UUID, draft_id: UUID) -> KeptDraft:
    row = session.get(KeptDraft, draft_id)
    if row is None or row.merchant_id != merchant_id:
        raise NotFound(_UNKNOWN)
    return row


def _refuse_foreign(session: Session, merchant_id: UUID, post_id: UUID) -> None:
    """The id comes from a page, which anybody may change."""
    for table in (Post, Weekly):
        owner = session.scalar(select(table.merchant_id).where(table.id == post_id))
        if owner is not None and owner != merchant_id:
            raise NotFound(_UNKNOWN)


def _count(session: Session, merchant_id: UUID) -> None:
    session.get(Merchant, merchant_id, with_for_update={"key_share": True})
    found = session.scalar(select(func.count()).where(KeptDraft.merchant_id == merchant_id)) or 0
    if found >= _MOST:
        raise QuotaExceeded(
            Reason("There are {} drafts already. Please throw some away before you begin another.", found)
        )


def _note_pictures(session: Session, merchant_id: UUID, draft: Written) -> None:
    session.execute(delete(DraftPicture).where(DraftPicture.draft_id == draft.id))
    for picture_id in uploads.kept_here(session, merchant_id, draft.typed.values()):
        session.add(DraftPicture(draft_id=draft.id, picture_id=picture_id))


def _written(row: KeptDraft) -> Written:
    return Written(
        row.id, row.kind, dict(row.typed), dict(row.kept), dict(row.texts), row.seen, row.updated_at
    )
