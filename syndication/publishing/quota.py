"""How many posts a merchant may create in a day; what nobody is told of, and what the city imports, counts in none."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from syndication import clock
from syndication.config import settings
from syndication.content.reason import Reason
from syndication.errors import QuotaExceeded
from syndication.infra import db
from syndication.models import Merchant, Post

_WINDOW = timedelta(hours=24)


def left(merchant_id: UUID) -> int:
    """How many posts a merchant may still create now."""
    with db.reading() as session:
        quota, recent = _used(session, session.get_one(Merchant, merchant_id), clock.now())
        return max(0, quota - recent)


def count(session: Session, merchant: Merchant, now: datetime) -> None:
    """Raise QuotaExceeded where a merchant may create no further post at `now`."""
    quota, recent = _used(session, merchant, now)
    if recent >= quota:
        raise QuotaExceeded(
            Reason(
                "{} may create {} posts in 24 hours, and has. Please try again tomorrow.",
                merchant.name,
                quota,
            )
        )


def _used(session: Session, merchant: Merchant, now: datetime) -> tuple[int, int]:
    """How many posts a merchant may create in a day, and how many it did."""
    recent = select(func.count()).where(
        Post.merchant_id == merchant.id, Post.created_at > now - _WINDOW, Post.imported.is_(False)
    )
    return merchant.posts_per_day or settings().posts_per_day, session.scalar(recent) or 0
