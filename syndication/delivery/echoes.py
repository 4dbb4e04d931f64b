"""Asks networks what they count of a post: likes, shares, replies. Twice for each outlet, and nothing waits for it."""

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from itertools import groupby
from uuid import UUID

import structlog
from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.orm import Session

from syndication import channels
from syndication.channels.contract import Echo
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Verdict
from syndication.config import settings
from syndication.delivery.load import buckets_of, channel_settings
from syndication.infra import db
from syndication.infra.rate_limits import Buckets, redis_url
from syndication.models import Delivery, Destination, KeptEcho, Post

_log = structlog.get_logger(__name__)
_KINDS = tuple(one.kind for one in channels.CHANNELS if one.echoes)
#: How long after a post first stood there a network is asked; most of what comes, comes by then.
AFTER = (timedelta(days=1), timedelta(days=7))
#: Later than this nobody is asked any more, as where workers were down for long.
_UNTIL = timedelta(days=14)
#: Posts of one sweep, and outlets that are asked side by side: the threads are those of nothing else.
_MOST, _THREADS = 40, 4


@dataclass(frozen=True)
class Ask:
    """One question: about a post at an outlet, which calls it `reference`; `before` is how often it was asked."""

    destination_id: UUID
    post_id: UUID
    reference: str
    before: int


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="echoes")


@lru_cache(maxsize=1)
def _buckets() -> Buckets:
    return Buckets(redis_url(settings().resolved_broker_url))


def sweep(tools: Tools) -> list[Future[None]]:
    """Begin to ask about the posts whose time has come, an outlet in a thread each; whoever calls need not wait."""
    asks = sorted(_claimed(), key=lambda ask: str(ask.destination_id))
    by_outlet = groupby(asks, key=lambda ask: ask.destination_id)
    return [_pool().submit(_walk, destination_id, list(own), tools) for destination_id, own in by_outlet]


def _claimed() -> list[Ask]:
    """Questions that are due; they count as asked from now on, so that no other sweep asks them, too."""
    with db.transaction() as session:
        now = db.now(session)
        first = func.min(Delivery.sent_at)
        asked = func.coalesce(func.max(KeptEcho.asked), 0)
        statement = (
            select(Delivery.destination_id, Delivery.post_id, func.max(Delivery.id), asked)
            .join(Destination, Destination.id == Delivery.destination_id)
            .join(Post, Post.id == Delivery.post_id)
            .outerjoin(
                KeptEcho,
                and_(
                    KeptEcho.post_id == Delivery.post_id, KeptEcho.destination_id == Delivery.destination_id
                ),
            )
            .where(Destination.channel.in_(_KINDS), Destination.state == "active", Post.state == "published")
            .where(Delivery.state == "sent", Delivery.reference.is_not(None), Delivery.due_at > now - _UNTIL)
            .group_by(Delivery.destination_id, Delivery.post_id)
            .having(or_(*(and_(asked == done, first <= now - after) for done, after in enumerate(AFTER))))
            .order_by(func.max(Delivery.id).desc())
            .limit(_MOST)
        )
        asks = []
        for destination_id, post_id, delivery_id, before in session.execute(statement).all():
            assert destination_id is not None, "it was joined"
            assert post_id is not None, "it was joined"
            place = {"post_id": post_id, "destination_id": destination_id}
            db.insert_new(session, KeptEcho, [place | {"asked": 0}])
            if _moved(session, destination_id, post_id, before, before + 1):
                reference = session.get_one(Delivery, delivery_id).reference
                asks.append(Ask(destination_id, post_id, reference or "", before))
        return asks


def _moved(session: Session, destination_id: UUID, post_id: UUID, before: int, after: int) -> bool:
    """Note how often it was asked; False where another sweep did meanwhile."""
    done = session.execute(
        update(KeptEcho)
        .where(KeptEcho.destination_id == destination_id, KeptEcho.post_id == post_id)
        .where(KeptEcho.asked == before)
        .values(asked=after)
        .execution_options(synchronize_session=False)
    )
    return bool(done.rowcount)  # type: ignore[attr-defined]  # an UPDATE has it


def _walk(destination_id: UUID, asks: list[Ask], tools: Tools) -> None:
    """Ask one outlet about its posts. What it does not answer is let go, and the rest is asked another time."""
    try:
        with db.reading() as session:
            destination = session.get_one(Destination, destination_id)
            chosen = channel_settings(destination, settings())
        channel = channels.by_kind(destination.channel)
        buckets = buckets_of(channel, destination_id, chosen)
        while asks and not _buckets().take(buckets):
            ask = asks.pop(0)
            _write(ask, channel.echo(chosen, ask.reference, tools))
    except Verdict as verdict:
        _log.info("echoes.unanswered", destination=str(destination_id), reason=verdict.reason)
    except Exception:  # an outlet that cannot be asked must not end the thread without a word
        _log.exception("echoes.broken", destination=str(destination_id))
    finally:
        with db.transaction() as session:
            for ask in asks:
                _moved(session, ask.destination_id, ask.post_id, ask.before + 1, ask.before)


def _write(ask: Ask, echo: Echo | None) -> None:
    if echo is None:
        return
    with db.transaction() as session:
        session.execute(
            update(KeptEcho)
            .where(KeptEcho.destination_id == ask.destination_id, KeptEcho.post_id == ask.post_id)
            .values(likes=echo.likes, shares=echo.shares, replies=echo.replies, at=db.now(session))
            .execution_options(synchronize_session=False)
        )
