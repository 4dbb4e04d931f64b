"""What merchants do with what they say every week: begin it, change it for all, skip a date, close for a time, end it."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from syndication import clock, kinds
from syndication.audit import log
from syndication.audit.log import About
from syndication.config import settings
from syndication.content.base import Day, Value
from syndication.content.bounds import Few
from syndication.content.post import Content, Draft
from syndication.content.reason import Reason
from syndication.errors import Conflict, Fault, Invalid, NotFound, QuotaExceeded
from syndication.infra import db
from syndication.kinds.reading import AnyDraft
from syndication.models import Merchant, Post, Weekly
from syndication.publishing import merchants, posts
from syndication.publishing.posts import PostRecord
from syndication.publishing.records import record
from syndication.publishing.weekly_days import Days
from syndication.publishing.weekly_making import (
    LONGEST,
    as_draft,
    content_of,
    dates_left,
    days_of,
    locked,
    made,
    mark,
    named,
    on,
    settle,
)

#: How it stands with one date: it waits for its hour, is out, falls out, or was taken back.
DateState = Literal["waits", "out", "skipped", "closed", "withdrawn"]
#: An hour of the clock.
HOUR = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
#: What one merchant may have going on; far more than anybody has.
_MOST = 50
_LONGEST_CLOSED = timedelta(days=730)
_UNKNOWN = Reason("There is nothing here that comes every week under this name.")
_ENDED = Reason("It has ended. Begin it anew from one of its posts.")
_NO_DATE = Reason("It has no such date, or that is over.")


@dataclass(frozen=True)
class Plan:
    """How it goes on: every so many weeks up to the day `last`, each told `days_before` it at `hour` ("17:00")."""

    interval: int = 1
    last: date | None = None
    days_before: int = 1
    hour: str = "17:00"


class Span(Value):
    """From one day to another, both of them in it."""

    first_day: Day
    last_day: Day


class Amendment(Value):
    """What is named changes; what is left out stays."""

    content: Annotated[
        AnyDraft | None,
        Field(description="What all dates say, as on one of them. Those with words of their own keep them."),
    ] = None
    skipped: Annotated[tuple[Day, ...], Few(100), Field(description="All dates to come that fall out.")] = ()
    closed: Annotated[Span | None, Field(description="All dates in it fall out; null: none.")] = None
    last_on: Annotated[Day | None, Field(description="The last date; null: it goes on.")] = None
    days_before: Annotated[int, Field(ge=0, le=30)] = 1
    hour: Annotated[str, Field(pattern=HOUR)] = "17:00"
    ended: Annotated[Literal[True] | None, Field(description="No further date; for good.")] = None


@dataclass(frozen=True)
class WeeklyDate:
    """One date; `own`: it says something else than all."""

    on: date
    state: DateState
    post: PostRecord
    own: bool


@dataclass(frozen=True)
class WeeklyRecord:
    """What comes every week. `content` is what all dates say, as on `next_on`, or on the last one where none is left.

    `dates` are the posts whose dates are not over; `reason` says what keeps the next from being made. Moments are in UTC.
    """

    id: UUID
    merchant_id: UUID
    merchant_slug: str
    kind: str
    content: Content
    days: Days
    next_on: date | None
    #: The first that takes place behind the time in which all fall out.
    behind_on: date | None
    dates: tuple[WeeklyDate, ...]
    reason: Reason | None
    ended_at: datetime | None


def may_come_weekly(content: Content) -> bool:
    """Whether this can be said every week."""
    return kinds.of(content).weekly_on(content, settings().zone) is not None


def first_of(content: Content) -> Content:
    """What the first date would say: the same at its next date. Raises Invalid where it cannot come every week."""
    now, zone, kind = clock.now(), settings().zone, kinds.of(content)
    named(content, zone)
    first: Content = kind.again(content, zone, now)
    over = first.over_at(zone)
    later: Content = kind.weeks_later(first, 1, zone) if over is not None and over <= now else first
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
            _own(session, merchant_id, weekly_id)
            return
        first = first_of(said)
        day = named(first, zone)
        days = Days(
            day, plan.last, plan.interval, frozenset(), None, days_before=plan.days_before, hour=plan.hour
        )
        _refuse(first, days)
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
        _note(session, "series.begun", row)
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
        if "closed" in said:
            _close(row, wanted.closed)
        for name in said & {"last_on", "days_before", "hour"}:
            setattr(row, name, getattr(wanted, name))
        if said & {"last_on", "days_before", "hour"}:
            _refuse(on(content_of(row), row.first_on, settings().zone), days_of(row))
        if wanted.content is not None:
            _correct_named(session, row, wanted.content)
        if wanted.ended:
            _end(session, row)


def plan(merchant_id: UUID, weekly_id: UUID, wanted: Plan) -> None:
    """Go on in another way, from the next date that is not made yet; the number of weeks stays. Raises Invalid."""
    with _changing(merchant_id, weekly_id) as (_, row):
        row.last_on, row.days_before, row.hour = wanted.last, wanted.days_before, wanted.hour
        _refuse(on(content_of(row), row.first_on, settings().zone), days_of(row))


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


def close(merchant_id: UUID, weekly_id: UUID, first: date, last: date) -> None:
    """Let all dates from `first` to `last` fall out; behind them it goes on by itself. Raises Invalid at `closed`."""
    with _changing(merchant_id, weekly_id) as (_, row):
        _close(row, Span(first_day=first, last_day=last))


def go_on(merchant_id: UUID, weekly_id: UUID) -> None:
    """Closed no more: what fell out only for that takes place."""
    with _changing(merchant_id, weekly_id) as (_, row):
        _close(row, None)


def end(merchant_id: UUID, weekly_id: UUID) -> None:
    """No further date: what is not out yet never goes out, what is out stays. Doing it again changes nothing."""
    with db.transaction() as session:
        _end(session, _own(session, merchant_id, weekly_id))
    settle(weekly_id)


def silence(session: Session, weekly_id: UUID, said: Collection[str], silent: Content) -> list[UUID]:
    """One of its dates said what must not be repeated (`said`): where all say so it ends, and says what `silent` says.

    Returns the posts of it that are not out yet; whoever asks forgets their words, too.
    """
    row = locked(session, weekly_id)
    if row is None or not {row.content.get(name) for name in ("title", "summary", "body", "url")} & set(said):
        return []
    _end(session, row)
    row.content = silent.document()
    waiting = select(Post.id).where(Post.weekly_id == weekly_id, Post.state == "scheduled")
    return list(session.scalars(waiting))


def _end(session: Session, row: Weekly) -> None:
    if row.ended_at is not None:
        return
    out = select(func.max(Post.weekly_on)).where(
        Post.weekly_id == row.id, Post.state == "published", Post.skipped.is_(False)
    )
    last = session.scalar(out) or row.first_on - timedelta(days=1)
    row.last_on = last if row.last_on is None else min(last, row.last_on)
    row.ended_at = row.updated_at = row.due_at = clock.now()
    row.version += 1
    mark(session, row)
    _note(session, "series.ended", row)


def read(merchant_id: UUID | None, weekly_id: UUID) -> WeeklyRecord:
    """One of them, as it stands; with `merchant_id` only where it is that merchant's. Raises NotFound."""
    with db.reading() as session:
        return _record(session, _own(session, merchant_id, weekly_id))


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
        return [_record(session, row) for row in session.scalars(going)]


def _correct(session: Session, row: Weekly, draft: Draft) -> None:
    now, zone = clock.now(), settings().zone
    merchants.require(session, row.merchant_id, "revise")
    after, before = draft.content(), content_of(row)
    if after.kind != before.kind:
        raise Invalid.field("kind", Reason("cannot be changed: this post is of kind {}", before.kind))
    if not days_of(row).has(named(after, zone)):
        raise Invalid.field(
            after.ends_by,
            Reason("It stays on its weekday; for another day end it, and begin it anew from a post."),
        )
    _refuse(after, replace(days_of(row), first=named(after, zone), last=None))
    for day, post in made(session, row, now, zone).items():
        stands = post.state != "withdrawn" and (post.over_at is None or post.over_at > now)
        if stands and _follows(posts.content(session, post), before, day):
            posts.revise(row.merchant_id, post.id, as_draft(on(after, day, zone)))
    mark(session, row)  # where it stood before
    row.content = after.document()


def _correct_named(session: Session, row: Weekly, draft: Draft) -> None:
    """The same, whose faults say that they are within `content`."""
    for name in ("publish_at", "source_ref"):
        if getattr(draft, name) is not None:
            raise Invalid.field(f"content.{name}", Reason("is said of single posts alone"))
    try:
        _correct(session, row, draft)
    except Invalid as error:
        within = type(draft).model_fields
        named = (f"content.{one.field}" if one.field in within else one.field for one in error.faults)
        faults = zip(named, error.faults, strict=True)
        raise Invalid(*(Fault(name, one.message) for name, one in faults)) from error


def _close(row: Weekly, span: Span | None) -> None:
    today = clock.now().astimezone(settings().zone).date()
    if span is not None and span.last_day < max(span.first_day, today):
        raise Invalid.field(
            "closed", Reason("Please name a day that is still to come, and behind the first.")
        )
    if span is not None and span.last_day - today > _LONGEST_CLOSED:
        raise Invalid.field("closed", Reason("That is more than two years ahead. Please end it instead."))
    row.closed_from = span.first_day if span else None
    row.closed_until = span.last_day if span else None


def _skip_all(row: Weekly, wanted: Collection[date]) -> None:
    """These, and of those to come no others."""
    left = set(_up_to(dates_left(row, clock.now(), settings().zone), max(wanted, default=date.min)))
    if strange := sorted(set(wanted) - left):
        raise Invalid.field(
            "skipped", Reason("names a day that is no date of it, or is over: {}", strange[0].isoformat())
        )
    row.skipped = sorted(day.isoformat() for day in set(wanted))


def _own(session: Session, merchant_id: UUID | None, weekly_id: UUID) -> Weekly:
    row = locked(session, weekly_id) if db.writes(session) else session.get(Weekly, weekly_id)
    if row is None or merchant_id not in (None, row.merchant_id):
        raise NotFound(_UNKNOWN)
    return row


@contextmanager
def _changing(merchant_id: UUID | None, weekly_id: UUID) -> Iterator[tuple[Session, Weekly]]:
    """What is meant is changed, and its posts follow. Raises NotFound, Conflict where it has ended."""
    with db.transaction() as session:
        row = _own(session, merchant_id, weekly_id)
        if row.ended_at is not None:
            raise Conflict(_ENDED)
        yield session, row
        row.version += 1
        row.updated_at = row.due_at = clock.now()
        mark(session, row)
        if row.ended_at is None:
            _note(session, "series.changed", row)
    settle(weekly_id)


def _note(session: Session, what: log.What, row: Weekly) -> None:
    log.record(session, what, About("series", row.id), merchant_id=row.merchant_id)


def _require_date(row: Weekly, day: date) -> None:
    left = dates_left(row, clock.now(), settings().zone)
    if not any(one == day for one in _up_to(left, day)):
        raise NotFound(_NO_DATE)


def _up_to(days: Iterator[date], last: date) -> Iterator[date]:
    for day in days:
        if day > last:
            return
        yield day


def _refuse(content: Content, days: Days) -> None:
    """What cannot go on like this: dates that run into each other, are told when they are over, or are none."""
    zone = settings().zone
    over, day = content.over_at(zone), days.first
    following = on(content, day + timedelta(weeks=days.interval), zone).begins
    if over is not None and following is not None and over > following:
        raise Invalid.field(
            "interval", Reason("One date lasts until the next has begun. Please choose two weeks.")
        )
    if over is not None and over <= days.told_at(day, zone):
        raise Invalid.field(
            "hour", Reason("It would come out when it is over. Please choose an earlier hour.")
        )
    if days.last is not None and days.last < day:
        raise Invalid.field("last_on", Reason("That lies before the first date, {}.", f"{day:%d.%m.%Y}"))


def _follows(said: Content, before: Content, day: date) -> bool:
    """Whether a date says what all say."""
    return said.digest() == on(before, day, settings().zone).digest()


def _record(session: Session, row: Weekly) -> WeeklyRecord:
    now, zone = clock.now(), settings().zone
    content, days = content_of(row), days_of(row)
    merchant = session.get_one(Merchant, row.merchant_id)
    left = [day for day, _ in zip(dates_left(row, now, zone), range(200), strict=False)]
    next_on = next((day for day in left if days.takes_place(day)), None)
    closed_until = days.closed[1] if days.closed else date.min
    behind_on = next((day for day in left if day > closed_until and days.takes_place(day)), None)
    found = []
    for day, post in made(session, row, now, zone).items():
        if post.over_at is None or post.over_at > now:
            said = posts.content(session, post)
            own = not _follows(said, content, day) and not post.skipped
            found.append(WeeklyDate(day, _state(post, days, day), record(post, said, merchant), own))
    shown = on(content, next_on, zone) if next_on else content
    return WeeklyRecord(
        row.id, row.merchant_id, merchant.slug, row.kind, shown, days, next_on, behind_on, tuple(found), row.reason, row.ended_at
    )  # fmt: skip


def _state(post: Post, days: Days, day: date) -> DateState:
    if post.state == "withdrawn":
        return "withdrawn"
    if day in days.skipped:
        return "skipped"
    if not days.takes_place(day):
        return "closed"
    return "out" if post.state == "published" else "waits"
