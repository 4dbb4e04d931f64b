"""The town hall suspends a merchant: what becomes of its posts is counted before, its owners are told, and it may end by itself.

What stands is taken back bit by bit, a commit each; where a process dies in between, the sweep goes on.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import structlog
from pydantic import AwareDatetime, Field, TypeAdapter, ValidationError
from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from syndication import clock
from syndication.accounts import letters
from syndication.config import settings
from syndication.content.base import Text, Value
from syndication.content.reason import Reason
from syndication.errors import Invalid
from syndication.infra import db
from syndication.models import Destination, Merchant, Post, Weekly
from syndication.publishing import merchants, posts
from syndication.publishing.merchants import MerchantRecord
from syndication.publishing.withdrawal import Grounds

#: Posts that one commit takes back.
_AT_ONCE = 20
_WHY: TypeAdapter[str] = TypeAdapter(Annotated[Text, Field(min_length=1, max_length=1000)])
_FARTHEST = timedelta(days=3660)
_NO_END = Reason("must lie ahead, within ten years")
_log = structlog.get_logger(__name__)


class Suspension(Value):
    """Why a merchant is suspended, in words that it reads; `until`: when that ends by itself; empty: when you admit it again.

    `withdraw`: what stands is taken back everywhere; else it stays.
    """

    because: Annotated[Text, Field(max_length=1000)] = ""
    until: AwareDatetime | None = None
    withdraw: bool = False


@dataclass(frozen=True)
class Consequences:
    """What is touched as a merchant is suspended, or admitted again, each a number of posts, series or outlets.

    `standing` is out and not over. Of what waits for its hour, `ahead` has it before it, `due` goes out as soon as the merchant
    is admitted, `missed` never will without a new hour. `weekly` comes every week; `outlets` are the merchant's own.
    """

    standing: int
    ahead: int
    due: int
    missed: int
    weekly: int
    outlets: int

    @property
    def scheduled(self) -> int:
        """All that waits for an hour and has one."""
        return self.ahead + self.due


def consequences(merchant_id: UUID) -> Consequences:
    """How many of a merchant's things are touched, as it stands now."""
    with db.reading() as session:
        now = clock.now()
        waits = Post.state == "scheduled"
        old = or_(Post.publish_at < now - posts.LATEST, Post.over_at <= now)
        late = [
            waits,
            Post.skipped.is_(False),
            or_(Post.missed_at.is_not(None), (Post.publish_at <= now) & old),
        ]
        due = [waits, Post.publish_at <= now, or_(Post.over_at.is_(None), Post.over_at > now),
               Post.publish_at >= now - posts.LATEST]  # fmt: skip
        running = select(func.count()).where(Weekly.merchant_id == merchant_id, Weekly.ended_at.is_(None))
        own = select(func.count()).where(Destination.merchant_id == merchant_id)
        return Consequences(
            standing=_count(session, merchant_id, *_stands(now)),
            ahead=_count(session, merchant_id, waits, Post.publish_at > now),
            due=_count(session, merchant_id, *due),
            missed=_count(session, merchant_id, *late),
            weekly=session.scalar(running) or 0,
            outlets=session.scalar(own) or 0,
        )


def because(typed: str) -> str:
    """A reason as it is kept. Raises Invalid where none was given, as on a page, which asks for one."""
    try:
        return _WHY.validate_python(typed)
    except ValidationError as error:
        raise Invalid.field(
            "because", Reason("Please write a sentence, with at most 1,000 characters.")
        ) from error


def suspend(merchant_id: UUID, wanted: Suspension) -> MerchantRecord:
    """Let a merchant publish nothing more, tell its owners why and what becomes of its posts, and take back what stands where
    that is wanted. Doing it again changes reason and end. Raises NotFound, and Invalid for an end that is over, or too far.
    """
    if wanted.until is not None and not clock.now() < wanted.until <= clock.now() + _FARTHEST:
        raise Invalid.field("until", _NO_END)
    with db.transaction() as session:
        found = consequences(merchant_id)
        record = merchants.suspend(
            merchant_id, because=wanted.because, until=wanted.until, takes_back=wanted.withdraw
        )
        merchant = session.get_one(Merchant, merchant_id)
        about = {
            "letter": "suspended",
            "merchant": merchant.name,
            "because": wanted.because,
            "scheduled": str(found.scheduled or ""),
            "standing": str(found.standing or ""),
            "withdraw": "yes" if wanted.withdraw else "",
            "page": _desk(merchant),
            "reply_to": settings().operator_email or settings().mail_from,
        }
        ends = {"until": wanted.until.isoformat()} if wanted.until else {}
        letters.to_owners(session, merchant, about | ends)
    take_back(merchant_id)
    return record


def take_back(merchant_id: UUID) -> int:
    """Go on taking back what stands of a merchant whose suspension wants that; returns how many posts that were."""
    done = 0
    while (now_done := _some(merchant_id)) is not None:
        done += now_done
    return done


def tell_admitted_again(session: Session, merchant: Merchant) -> None:
    """Its owners hear that it may publish again, and what became of what waited. Called before the state changes."""
    found = consequences(merchant.id)
    about = {
        "letter": "admitted_again",
        "merchant": merchant.name,
        "scheduled": str(found.scheduled or ""),
        "missed": str(found.missed or ""),
        "page": _desk(merchant),
    }
    letters.to_owners(session, merchant, about)


def sweep() -> None:
    """Take back what a process that died left standing, and end the suspensions whose end has come."""
    with db.reading() as session:
        unfinished = session.scalars(select(Merchant.id).where(Merchant.taking_back.is_(True))).all()
        ended = session.scalars(
            select(Merchant.id).where(Merchant.state == "suspended", Merchant.suspended_until <= clock.now())
        ).all()
    for merchant_id in unfinished:
        take_back(merchant_id)
    for merchant_id in ended:
        with db.transaction() as session:
            merchant = session.get_one(Merchant, merchant_id, with_for_update=True)
            until = merchant.suspended_until
            if merchant.state == "suspended" and until is not None and until <= clock.now():
                tell_admitted_again(session, merchant)
                merchants.admit(merchant_id)
                _log.info("merchant.suspension_over", merchant=merchant.slug)


def _some(merchant_id: UUID) -> int | None:
    """Take back the next posts; None where nothing is left to do."""
    with db.transaction() as session:
        merchant = session.get(Merchant, merchant_id, with_for_update=True)
        if merchant is None or not merchant.taking_back:
            return None
        ids = session.scalars(
            select(Post.id)
            .where(Post.merchant_id == merchant_id, *_stands(clock.now()))
            .order_by(Post.id)
            .limit(_AT_ONCE)
        ).all()
        if not ids:
            merchant.taking_back = False
            return None
        grounds = Grounds("other", merchant.suspended_because, merchant.suspended_by)
        for post_id in ids:
            posts.withdraw(None, post_id, grounds)
        return len(ids)


def _stands(now: datetime) -> list[ColumnElement[bool]]:
    return [Post.state == "published", or_(Post.over_at.is_(None), Post.over_at > now)]


def _count(session: Session, merchant_id: UUID, *conditions: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).where(Post.merchant_id == merchant_id, *conditions)) or 0


def _desk(merchant: Merchant) -> str:
    return f"{settings().base_url}/desk/merchants/{merchant.slug}"
