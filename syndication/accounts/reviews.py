"""Tells people about posts that the town hall looks at first: operators that something waits, merchants what it said."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from pydantic import Field, TypeAdapter, ValidationError
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from syndication import clock
from syndication.accounts import letters
from syndication.config import settings
from syndication.content.base import Text
from syndication.content.reason import Reason
from syndication.errors import Invalid
from syndication.infra import db
from syndication.models import Merchant, Post, Review
from syndication.publishing import approving, posts

#: The operators get no second mail before this.
_TOLD_EVERY = timedelta(hours=1)
_BECAUSE: TypeAdapter[str] = TypeAdapter(Annotated[Text, Field(min_length=1, max_length=1000)])


def send_back(post_id: UUID, because: str, version: int | None = None) -> None:
    """Its merchant is to change it, and is told why by mail. Raises Invalid, and Conflict where it does not wait any more."""
    try:
        said = _BECAUSE.validate_python(because)
    except ValidationError as error:
        raise Invalid.field(
            "because", Reason("Please write a sentence, with at most 1,000 characters.")
        ) from error
    with db.transaction() as session:
        post = approving.send_back(session, post_id, said, version)
        _tell(session, post, "review_returned", {"because": said, "reply_to": _reply_to()})


def sweep() -> None:
    """Tell the operators what waits, at most once an hour; and merchants what was over before anybody looked."""
    with db.reading() as session:
        over = select(Review.post_id).join(Post, Post.id == Review.post_id)
        late = session.scalars(over.where(Review.state == "waiting", Post.over_at <= clock.now())).all()
    for post_id in late:
        with db.transaction() as session:
            post = session.get_one(Post, post_id, with_for_update=True)
            row = session.get(Review, post_id, with_for_update=True)
            gone = post.over_at is None or post.over_at > clock.now()
            if row is not None and row.state == "waiting" and not gone:
                _tell(session, approving.expire(session, row), "review_expired", {})
    with db.transaction() as session:
        db.advisory_lock(session, "reviews told")
        now = clock.now()
        waiting = session.scalar(select(func.count()).where(Review.state == "waiting")) or 0
        fresh = Review.state == "waiting", Review.told_at.is_(None)
        told = session.scalar(select(func.max(Review.told_at)))
        if (told is not None and told > now - _TOLD_EVERY) or not session.scalar(
            select(func.count()).where(*fresh)
        ):
            return
        letters.to_operators(session, {"letter": "review_waiting", "number": str(waiting)})
        session.execute(update(Review).where(*fresh).values(told_at=now))


def _tell(session: Session, post: Post, letter: str, more: dict[str, str]) -> None:
    merchant = session.get_one(Merchant, post.merchant_id)
    about = {
        "letter": letter,
        "merchant": merchant.name,
        "title": posts.latest(session, post).title,
        "page": f"{settings().base_url}/desk/merchants/{merchant.slug}/posts/{post.id}",
    }
    letters.to_owners(session, merchant, about | more)


def _reply_to() -> str:
    return settings().operator_email or settings().mail_from
