"""Which posts the town hall looks at before they go out, and what waits for that. Why: docs/decisions/0056-first-a-look.md.

A post that waits is an ordinary post that is not out; a correction that waits is kept beside the post, which stands as it is.
Both are written in the transaction that hands them in, and nothing but `approving` lets them out.
"""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field
from sqlalchemy import ColumnElement, and_, exists, func, select
from sqlalchemy.orm import Session

from syndication import clock, kinds
from syndication.audit import log
from syndication.audit.log import About
from syndication.config import settings
from syndication.content.base import Record, Value
from syndication.content.post import Content
from syndication.infra import db
from syndication.kinds.contract import CANCEL
from syndication.kinds.reading import kept
from syndication.models import Merchant, Post, Review, ReviewRules

Scope = Literal["nobody", "new", "all"]
#: What is said of one merchant: looked at always, never, or (None) as the rules for all say.
Own = Literal["always", "never"]
#: States in which a post does not go out.
OPEN = ("waiting", "returned")
_CITY = "city"


class Rules(Value):
    """Whose posts are looked at first: nobody's, those of new merchants, or all.

    `first_posts`: of a new merchant so many that came out; None: all of whoever is admitted from now on, until somebody says
    otherwise at that merchant.
    """

    scope: Scope = "nobody"
    first_posts: Annotated[int, Field(ge=1, le=1000)] | None = None


class ReviewRecord(Record):
    """How it stands with a post's review; see models.Review. Moments are aware, in UTC."""

    post_id: UUID
    state: str
    version: int
    handed_in_at: datetime
    decided_at: datetime | None
    decided_by: str
    because: str
    hour_was: datetime | None
    #: It is a correction of a post that is out.
    correction: bool
    #: Name of whoever of the town hall changed something, the field, before and after.
    edits: tuple[tuple[str, str, str, str], ...]

    @property
    def open(self) -> bool:
        """Whether it keeps the post from going out."""
        return self.state in OPEN


def rules() -> Rules:
    """Whose posts are looked at first."""
    with db.reading() as session:
        row = session.get(ReviewRules, _CITY)
        return Rules(scope=row.scope, first_posts=row.first_posts) if row else Rules()


def set_rules(wanted: Rules) -> None:
    """Say whose posts are looked at from now on. What waits goes on waiting until somebody decides."""
    with db.transaction() as session:
        row = session.get(ReviewRules, _CITY, with_for_update=True)
        if row is None:
            row = ReviewRules(name=_CITY, scope="nobody", since=clock.now())
            session.add(row)
        if row.scope != wanted.scope:
            row.since = clock.now()
        row.scope, row.first_posts = wanted.scope, wanted.first_posts
        about = About("city", "", settings().city_name)
        log.record(session, "review.rules", about, scope=wanted.scope, first_posts=wanted.first_posts)


def set_own(merchant_id: UUID, own: Own | None) -> None:
    """Say it of one merchant; None: as the rules for all say. Raises NotFound."""
    with db.transaction() as session:
        merchant = session.get_one(Merchant, merchant_id, with_for_update=True)
        merchant.review = own
        about = About("merchant", merchant.id, merchant.name)
        log.record(session, "review.rules", about, merchant_id=merchant.id, scope=own or "as for all")


def applies_to(merchant_id: UUID) -> bool:
    """Whether what a merchant posts now is looked at first."""
    with db.reading() as session:
        return applies(session, session.get_one(Merchant, merchant_id))


def own_of(merchant_id: UUID) -> str | None:
    """What is said of one merchant."""
    with db.reading() as session:
        return session.get_one(Merchant, merchant_id).review


def applies(session: Session, merchant: Merchant) -> bool:
    """The same for a merchant that was read already."""
    if merchant.review is not None:
        return merchant.review == "always"
    row = session.get(ReviewRules, _CITY)
    if row is None or row.scope == "nobody":
        return False
    if row.scope == "all":
        return True
    if row.first_posts is None:
        return merchant.admitted_at is None or merchant.admitted_at >= row.since
    out = select(func.count()).where(Post.merchant_id == merchant.id, Post.published_at.is_not(None))
    return (session.scalar(out) or 0) < row.first_posts


def held() -> ColumnElement[bool]:
    """A post that must not go out, whatever its hour."""
    return exists().where(and_(Review.post_id == Post.id, Review.state.in_(OPEN)))


def hand_in(session: Session, post: Post, content: Content | None = None) -> None:
    """It waits from now on, in the place where it waits already; `content`: a correction of a post that is out."""
    now = clock.now()
    row = session.get(Review, post.id, with_for_update=True)
    if row is None:
        row = Review(post_id=post.id, version=0, handed_in_at=now, state="waiting")
        session.add(row)
    if row.state != "waiting":
        row.handed_in_at, row.told_at = now, None
    row.state, row.version, row.edits = "waiting", row.version + 1, {}
    row.content = content.document() if content is not None else None
    row.because, row.decided_by, row.decided_at, row.hour_was = "", "", None, None
    if content is not None:
        log.record_post(session, "review.handed_in", post)


def waiting_for(session: Session, post: Post) -> Review | None:
    """The review of a post that is open."""
    row = session.get(Review, post.id, with_for_update=db.writes(session))
    return row if row is not None and row.state in OPEN else None


def correction_of(row: Review | None) -> Content | None:
    """What a correction that waits would say."""
    return kept(row.content) if row is not None and row.content is not None else None


def called_off(content: Content) -> Content:
    """The same, called off; as it is where its kind knows no such thing."""
    deed = next((one for one in kinds.of(content).deeds if one.name == CANCEL), None)
    return content.model_copy(update=dict(deed.fields)) if deed else content


def only_calls_off(standing: Content, waiting: Content | None, wanted: Content) -> bool:
    """Whether all that is new is that it is called off: people must know that at once, whoever is to look at the rest."""
    if wanted.standing == standing.standing or called_off(wanted).digest() != wanted.digest():
        return False
    return any(called_off(one).digest() == wanted.digest() for one in (standing, waiting) if one is not None)


def touch(session: Session, post: Post) -> None:
    """It says the same in another form: whoever has looked at it looks again."""
    if (row := waiting_for(session, post)) is not None:
        row.version += 1


def drop(session: Session, post_id: UUID) -> None:
    """Nothing waits any more: the post was taken back, or its correction says what stands already."""
    row = session.get(Review, post_id, with_for_update=True)
    if row is not None and row.state in OPEN:
        session.delete(row)
        session.flush()


def read(post_id: UUID) -> ReviewRecord | None:
    """How it stands with a post; None where the town hall never looked at it."""
    with db.reading() as session:
        row = session.get(Review, post_id)
        return _record(row) if row else None


def of(post_ids: list[UUID]) -> dict[UUID, ReviewRecord]:
    """The same of several; those that are open."""
    with db.reading() as session:
        found = session.scalars(select(Review).where(Review.post_id.in_(post_ids), Review.state.in_(OPEN)))
        return {row.post_id: _record(row) for row in found}


def waiting() -> list[ReviewRecord]:
    """What waits for the town hall, the oldest first."""
    statement = select(Review).where(Review.state == "waiting").order_by(Review.handed_in_at, Review.post_id)
    with db.reading() as session:
        return [_record(row) for row in session.scalars(statement)]


def _record(row: Review) -> ReviewRecord:
    edits: list[Any] = row.edits.get("made", [])
    return ReviewRecord(
        post_id=row.post_id,
        state=row.state,
        version=row.version,
        handed_in_at=row.handed_in_at,
        decided_at=row.decided_at,
        decided_by=row.decided_by,
        because=row.because,
        hour_was=row.hour_was,
        correction=row.content is not None,
        edits=tuple((one[0], one[1], one[2], one[3]) for one in edits),
    )
