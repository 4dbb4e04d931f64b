"""Remembers at which prices a merchant announced a thing, and gives advice on reductions (PAngV § 11, Directive 98/6/EC Art. 6a).

Only what was announced here is known; what was charged in the shop may have been less.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from syndication import clock, kinds
from syndication.config import settings
from syndication.content.post import Content, Draft
from syndication.infra import db
from syndication.kinds.announced import Advice, Known, Price
from syndication.models import AnnouncedPrice, Post

_WINDOW = timedelta(days=30)
#: A reduction that ends in the evening and is deeper from the next morning on has had no interruption.
_OVERNIGHT = timedelta(days=1)
#: So far back the steps of one reduction are followed, and so many rows are read.
_LONGEST_STEPS, _MOST_ROWS = timedelta(days=400), 1000


def note(session: Session, post: Post, content: Content | None, now: datetime) -> None:
    """Remember what `post` announces from `now` on; None: it announces nothing any more. In the transaction of its Change."""
    announced = [] if content is None else list(kinds.of(content).prices(content))
    for row in _standing(session, post, now) if content is None or post.revision > 1 else ():
        if (again := next((one for one in announced if _same(row, one, now)), None)) is not None:
            announced.remove(again)
            row.until = again.until
        elif row.since >= now:
            session.delete(row)
        else:
            row.until = now
    session.add_all(
        AnnouncedPrice(
            merchant_id=post.merchant_id,
            post_id=post.id,
            name=one.name,
            currency=one.currency,
            cents=_cents(one.amount),
            since=max(one.since or now, now),
            until=one.until,
            reduced=one.reduced,
        )
        for one in announced
    )


def _standing(session: Session, post: Post, now: datetime) -> Sequence[AnnouncedPrice]:
    still = or_(AnnouncedPrice.until.is_(None), AnnouncedPrice.until > now)
    return session.scalars(select(AnnouncedPrice).where(AnnouncedPrice.post_id == post.id, still)).all()


def forget(session: Session, post_id: UUID) -> None:
    """Keep no word of a post that may not be repeated."""
    session.execute(delete(AnnouncedPrice).where(AnnouncedPrice.post_id == post_id))


def lowest(
    merchant_id: UUID, name: str, currency: str, before: datetime, *, price: Decimal | None = None
) -> Known | None:
    """The lowest price of a thing in the 30 days before its reduction at `before`, aware (PAngV § 11 (1), Art. 6a (2)).

    `name` is what `kinds.announced.product_name` makes of a title. With the reduced `price`, a reduction to it that is already
    running counts from its own beginning, and the price before the first of several steps is told (§ 11 (2), Art. 6a (5)).
    None where nothing was announced in that time.
    """
    with db.reading() as session:
        rows = session.scalars(
            select(AnnouncedPrice)
            .where(
                AnnouncedPrice.merchant_id == merchant_id,
                AnnouncedPrice.name == name,
                AnnouncedPrice.currency == currency,
                AnnouncedPrice.since < before,
                or_(AnnouncedPrice.until.is_(None), AnnouncedPrice.until > before - _LONGEST_STEPS),
            )
            .order_by(AnnouncedPrice.since.desc(), AnnouncedPrice.id.desc())
            .limit(_MOST_ROWS)
        ).all()
    start, first = before, before
    if price is not None:
        cents = _cents(price)
        start = first = _begun(rows, before, cents)
        while (step := _step_before(rows, first, cents)) is not None:
            cents, first = step.cents, _begun(rows, step.since, step.cents)
    known = _within(rows, start)
    if not known:
        return None
    low = min(known, key=lambda row: (row.cents, row.since))
    steps = _within(rows, first) if first < start else []
    known_since, covered = _cover(known, start)
    return Known(
        amount=_amount(low.cents),
        currency=currency,
        since=low.since,
        known_since=known_since,
        covered=covered,
        before_steps=_amount(min(row.cents for row in steps)) if steps else None,
    )


def advice(merchant_id: UUID, draft: Draft | Content, *, language: str | None = None) -> list[Advice]:
    """What to know of a reduction that `draft` announces, field by field; nothing is refused for it.

    `language` is that of amounts and days in the sentences; None: the city's.
    """
    content = draft.content() if isinstance(draft, Draft) else draft
    publish_at = draft.publish_at if isinstance(draft, Draft) else None

    def recall(name: str, currency: str, since: datetime | None, price: Decimal | None) -> Known | None:
        return lowest(merchant_id, name, currency, since or publish_at or clock.now(), price=price)

    here = settings()
    return list(kinds.of(content).price_advice(content, recall, here.zone, language or here.language))


def _same(row: AnnouncedPrice, price: Price, now: datetime) -> bool:
    """Whether the row goes on; what is announced today holds from today, whatever else it says."""
    told = (price.name, price.currency, _cents(price.amount), price.reduced, max(price.since or now, now))
    return (row.name, row.currency, row.cents, row.reduced, max(row.since, now)) == told


def _within(rows: Iterable[AnnouncedPrice], before: datetime) -> list[AnnouncedPrice]:
    """Those that held at some time of the 30 days."""
    start = before - _WINDOW
    return [row for row in rows if row.since < before and (row.until is None or row.until > start)]


def _cover(rows: Iterable[AnnouncedPrice], before: datetime) -> tuple[datetime, bool]:
    """From when on a price is known within the 30 days, and whether one is for all of them."""
    start = before - _WINDOW
    spans = sorted((max(row.since, start), min(row.until or before, before)) for row in rows)
    reached, whole = spans[0][1], spans[0][0] <= start
    for since, until in spans[1:]:
        whole = whole and since <= reached
        reached = max(reached, until)
    return spans[0][0], whole and reached >= before


def _begun(rows: Sequence[AnnouncedPrice], at: datetime, cents: int) -> datetime:
    """Since when a reduction to `cents` has been running that still ran at `at`; `at` where none did."""
    for row in rows:  # the latest first
        if row.cents == cents and _ran_until(row, at):
            at = row.since
    return at


def _step_before(rows: Sequence[AnnouncedPrice], at: datetime, cents: int) -> AnnouncedPrice | None:
    """The lesser reduction that was running until `at`, of several the latest."""
    return next((row for row in rows if row.cents > cents and _ran_until(row, at)), None)


def _ran_until(row: AnnouncedPrice, at: datetime) -> bool:
    return row.reduced and row.since < at and (row.until is None or row.until >= at - _OVERNIGHT)


def _cents(amount: Decimal) -> int:
    return int((amount * 100).to_integral_value())


def _amount(cents: int) -> Decimal:
    return Decimal(cents) / 100
