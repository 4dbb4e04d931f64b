"""What merchants do with what they say every week: begin it, change it for all, skip a date, close for a time, end it."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from syndication import clock, kinds
from syndication.config import settings
from syndication.content.base import Day, Value
from syndication.content.bounds import Few
from syndication.content.post import Content, Draft
from syndication.content.reason import Reason
from syndication.errors import Invalid, NotFound, QuotaExceeded
from syndication.infra import db
from syndication.kinds.reading import AnyDraft
from syndication.models import Post, Weekly
from syndication.publishing import merchants, posts, weekly_rules
from syndication.publishing.weekly_days import Days
from syndication.publishing.weekly_making import (
    LONGEST,
    as_draft,
    content_of,
    dates_left,
    days_of,
    finish,
    locked,
    made,
    mark,
    named,
    note,
    on,
    owned,
    settle,
)
from syndication.publishing.weekly_records import WeeklyRecord, follows, record_of
from syndication.publishing.weekly_rules import Span

#: An hour of the clock.
HOUR = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
#: What one merchant may have going on; far more than anybody has.
_MOST = 50
_NO_DATE = Reason("It has no such date, or that is over.")


@dataclass(frozen=True)
class Plan:
    """How it goes on: every so many weeks up to the day `last`, each told `days_before` it at `hour` ("17:00")."""

    interval: int = 1
    last: date | None = None
    days_before: int = 1
    hour: str = "17:00"


class Amendment(Value):
    """What is named changes; what is left out stays."""

    content: Annotated[
        AnyDraft | None,
        Field(description="What all dates say, as on one of them. Those with words of their own keep them."),
    ] = None
    skipped: Annotated[tuple[Day, ...], Few(100), Field(description="All dates to come that fall out.")] = ()
    closures: Annotated[
        tuple[Span, ...],
        Few(weekly_rules.MOST_CLOSED),
        Field(description="All times to come in which all dates fall out."),
    ] = ()
    closed: Annotated[Span | None, Field(description="The same of one time and no other; null: none.")] = None
    last_on: Annotated[Day | None, Field(description="The last date; null: it goes on.")] = None
    days_before: Annotated[int, Field(ge=0, le=30)] = 1
    hour: Annotated[str, Field(pattern=HOUR)] = "17:00"
    ended: Annotated[Literal[True] | None, Field(description="No further date; for good.")] = None


def may_come_weekly(content: Content) -> bool:
    """Whether this can be said every week."""
    return kinds.of(content).weekly_on(content, settings().zone) is not None


def first_of(content: Content) -> Content:
    """What the first date would say: the same at its next date. Raises Invalid where it cannot come every week."""
    now, zone, kind = clock.now(), settings().zone, kinds.of(content)
    named(content, zone)
    first: Content = kind.again(content, zone, now)
    over = first.over_at(zone)
    later: Content = kind.days_later(first, 7, zone) if over is not None and over <= now else first
    return later


def begin(merchant_id: UUID, weekly_id: UUID, said: Content, plan: Plan, *, public: bool = False) -> None:
    """Say from now on every week what `said` says, from its next date on. Under an id that is known nothing happens.

    `public`: everybody may know at once that it comes every week, as where a post says the same already.

    Raises Invalid (at `interval`, `hour` or `last_on`; or it cannot come every week), Forbidden (merchant not admitted),
    QuotaExceeded (too many of them), NotFound (the id is another merchant's).
    """
    now, zone = clock.now(), settings().zone
    with db.transaction() as session:
        posts.alone(session, merchant_id)
        known = session.get(Weekly, weekly_id)
        if known is not None:
            owned(session, merchant_id, weekly_id)
            return
        first = first_of(said)
        day = named(first, zone)
        days = Days(day, plan.last, plan.interval, frozenset(), days_before=plan.days_before, hour=plan.hour)
        weekly_rules.refuse(first, days)
        running = select(func.count()).where(Weekly.merchant_id == merchant_id, Weekly.ended_at.is_(None))
        if (session.scalar(running) or 0) >= _MOST:
            raise QuotaExceeded(Reason("{} things go on every week already. Please end one first.", _MOST))
        row = Weekly(
            id=weekly_id, merchant_id=merchant_id, kind=first.kind, content=first.document(),
            interval=plan.interval, first_on=day, last_on=plan.last, days_before=plan.days_before, hour=plan.hour,
            skipped=[], public=public, version=1, due_at=now, created_at=now, updated_at=now,
        )  # fmt: skip
        session.add(row)
        mark(session, row)
        note(session, "series.begun", row)
    settle(weekly_id)


def correct(merchant_id: UUID, weekly_id: UUID, draft: Draft) -> None:
    """Let all dates say something else from now on; those that say something of their own keep that.

    Whoever heard of one that is out hears of the correction. Raises Invalid (another weekday; cannot come every week), and
    what `posts.revise` raises.
    """
    with _changing(merchant_id, weekly_id) as (session, row):
        _correct(session, row, draft)


def amend(merchant_id: UUID | None, weekly_id: UUID, wanted: Amendment) -> None:
    """Several of these at once, or none of them: see `correct`, `plan`, `skip`, `close`, `end`. None: the city asks.

    Raises NotFound, Conflict, Forbidden, and Invalid with the field that is wrong.
    """
    said = wanted.model_fields_set
    with _changing(merchant_id, weekly_id) as (session, row):
        if "skipped" in said:
            _skip_all(row, wanted.skipped)
        if {"closed", "closures"} <= said:
            raise Invalid.field("closed", Reason("Please name either `closed` or `closures`."))
        if "closures" in said:
            weekly_rules.close_only(row, wanted.closures, "closures")
        if "closed" in said:
            weekly_rules.close_only(row, [wanted.closed] if wanted.closed else [], "closed")
        if "last_on" in said and wanted.last_on != row.last_on:
            weekly_rules.require_unfollowed(row)
        for name in said & {"last_on", "days_before", "hour"}:
            setattr(row, name, getattr(wanted, name))
        if said & {"last_on", "days_before", "hour"}:
            weekly_rules.refuse(on(content_of(row), row.first_on, settings().zone), days_of(row))
        if wanted.content is not None:
            with weekly_rules.within_content(wanted.content):
                _correct(session, row, wanted.content)
        if wanted.ended:
            finish(session, row)


def plan(merchant_id: UUID, weekly_id: UUID, wanted: Plan) -> None:
    """Go on in another way, from the next date that is not made yet; the number of weeks stays. Raises Invalid."""
    with _changing(merchant_id, weekly_id) as (_, row):
        if wanted.last != row.last_on:
            weekly_rules.require_unfollowed(row)
        row.last_on, row.days_before, row.hour = wanted.last, wanted.days_before, wanted.hour
        weekly_rules.refuse(on(content_of(row), row.first_on, settings().zone), days_of(row))


def skip(merchant_id: UUID, weekly_id: UUID, day: date) -> None:
    """Let a date fall out: quietly where it is not out yet, else whoever heard of it hears that. Raises NotFound."""
    with _changing(merchant_id, weekly_id) as (_, row):
        _require_date(row, day)
        ahead = (clock.now() - LONGEST).date().isoformat()  # what is over long since need not be known
        row.skipped = sorted({day.isoformat(), *(one for one in row.skipped if one > ahead)})


def take_place(merchant_id: UUID, weekly_id: UUID, day: date) -> None:
    """A date that was skipped takes place after all. Raises NotFound."""
    with _changing(merchant_id, weekly_id) as (_, row):
        _require_date(row, day)
        row.skipped = [one for one in row.skipped if one != day.isoformat()]


def close(merchant_id: UUID, weekly_id: UUID, first: date, last: date | None) -> None:
    """Let all dates from `first` to `last` fall out, too; behind them it goes on by itself. Without a last day it goes on
    when its merchant says so (`go_on`). A time that begins on the same day is replaced. Raises Invalid at `closed`.
    """
    with _changing(merchant_id, weekly_id) as (_, row):
        weekly_rules.close(row, Span(first_day=first, last_day=last))


def go_on(merchant_id: UUID, weekly_id: UUID, first: date | None = None) -> None:
    """No more closed in the time that begins with `first`, or in any: what fell out only for that takes place."""
    with _changing(merchant_id, weekly_id) as (_, row):
        weekly_rules.open_again(row, first)


def end(merchant_id: UUID, weekly_id: UUID) -> None:
    """No further date: what is not out yet never goes out, what is out stays. Doing it again changes nothing."""
    with db.transaction() as session:
        finish(session, owned(session, merchant_id, weekly_id))
    settle(weekly_id)


def silence(session: Session, weekly_id: UUID, said: Collection[str], silent: Content) -> list[UUID]:
    """One of its dates said what must not be repeated (`said`): where all say so it ends, and says what `silent` says.

    Returns the posts of it that are not out yet; whoever asks forgets their words, too.
    """
    row = locked(session, weekly_id)
    if row is None or not {row.content.get(name) for name in ("title", "summary", "body", "url")} & set(said):
        return []
    finish(session, row)
    row.content = silent.document()
    waiting = select(Post.id).where(Post.weekly_id == weekly_id, Post.state == "scheduled")
    return list(session.scalars(waiting))


def read(merchant_id: UUID | None, weekly_id: UUID) -> WeeklyRecord:
    """One of them, as it stands; with `merchant_id` only where it is that merchant's. Raises NotFound."""
    with db.reading() as session:
        return record_of(session, owned(session, merchant_id, weekly_id))


def known(merchant_id: UUID, weekly_id: UUID) -> WeeklyRecord | None:
    """The same; None where there is none."""
    try:
        return read(merchant_id, weekly_id)
    except NotFound:
        return None


def listed(merchant_id: UUID | None, *, after: UUID | None = None, limit: int = _MOST) -> list[WeeklyRecord]:
    """What a merchant has going on, or the whole city, the newest first; `after` is the id of the last one already seen."""
    going = select(Weekly).where(Weekly.ended_at.is_(None)).order_by(Weekly.id.desc()).limit(limit)
    if merchant_id is not None:
        going = going.where(Weekly.merchant_id == merchant_id)
    if after is not None:
        going = going.where(Weekly.id < after)
    with db.reading() as session:
        return [record_of(session, row) for row in session.scalars(going)]


def _correct(session: Session, row: Weekly, draft: Draft) -> None:
    now, zone = clock.now(), settings().zone
    merchants.require(session, row.merchant_id, "revise")
    after, before = draft.content(), content_of(row)
    if after.kind != before.kind:
        raise Invalid.field("kind", Reason("cannot be changed: this post is of kind {}", before.kind))
    if not days_of(row).has(named(after, zone)):
        raise Invalid.field(
            after.ends_by,
            Reason("It stays on its weekday. For another one please say from which day on it holds."),
        )
    weekly_rules.refuse(after, replace(days_of(row), first=named(after, zone), last=None))
    for day, post in made(session, row, now, zone).items():
        stands = post.state != "withdrawn" and (post.over_at is None or post.over_at > now)
        if stands and follows(posts.content(session, post), before, day):
            posts.revise(row.merchant_id, post.id, as_draft(on(after, day, zone)))
    mark(session, row)  # where it stood before
    row.content = after.document()


def _skip_all(row: Weekly, wanted: Collection[date]) -> None:
    """These, and of those to come no others."""
    left = set(_up_to(dates_left(row, clock.now(), settings().zone), max(wanted, default=date.min)))
    if strange := sorted(set(wanted) - left):
        raise Invalid.field(
            "skipped", Reason("names a day that is no date of it, or is over: {}", strange[0].isoformat())
        )
    row.skipped = sorted(day.isoformat() for day in set(wanted))


@contextmanager
def _changing(merchant_id: UUID | None, weekly_id: UUID) -> Iterator[tuple[Session, Weekly]]:
    """What is meant is changed, and its posts follow. Raises NotFound, Conflict where it has ended."""
    with db.transaction() as session:
        row = owned(session, merchant_id, weekly_id)
        weekly_rules.require_going(row)
        yield session, row
        row.version += 1
        row.updated_at = row.due_at = clock.now()
        mark(session, row)
        if row.ended_at is None:
            note(session, "series.changed", row)
    settle(weekly_id)


def _require_date(row: Weekly, day: date) -> None:
    left = dates_left(row, clock.now(), settings().zone)
    if not any(one == day for one in _up_to(left, day)):
        raise NotFound(_NO_DATE)


def _up_to(days: Iterator[date], last: date) -> Iterator[date]:
    for day in days:
        if day > last:
            return
        yield day
