"""What comes every week, as its merchant sees it: what all dates say, how it stands with each, when it is closed."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from sqlalchemy.orm import Session

from syndication import clock
from syndication.config import settings
from syndication.content.post import Content
from syndication.content.reason import Reason
from syndication.models import Merchant, Post, Weekly
from syndication.publishing import posts, weekly_rules
from syndication.publishing.posts import PostRecord
from syndication.publishing.records import record
from syndication.publishing.weekly_days import Days
from syndication.publishing.weekly_making import content_of, dates_left, days_of, made, on

#: How it stands with one date: it waits for its hour, is out, falls out, or was taken back.
DateState = Literal["waits", "out", "skipped", "closed", "withdrawn"]


@dataclass(frozen=True)
class WeeklyDate:
    """One date; `own`: it says something else than all."""

    on: date
    state: DateState
    post: PostRecord
    own: bool


@dataclass(frozen=True)
class Closure:
    """A time in which all dates fall out; `behind_on` is the first that takes place behind it."""

    first: date
    last: date | None
    behind_on: date | None


@dataclass(frozen=True)
class WeeklyRecord:
    """What comes every week. `content` is what all dates say, as on `next_on`, or on the last one where none is left.

    `dates` are the posts whose dates are not over, `closures` the times that are not; `reason` says what keeps the next from
    being made. `followed_by` goes on in its place behind its last date. Moments are in UTC.
    """

    id: UUID
    merchant_id: UUID
    merchant_slug: str
    kind: str
    content: Content
    days: Days
    next_on: date | None
    closures: tuple[Closure, ...]
    dates: tuple[WeeklyDate, ...]
    reason: Reason | None
    followed_by: UUID | None
    ended_at: datetime | None

    @property
    def paused(self) -> bool:
        """Whether it is closed, now or from a day on, until its merchant says otherwise."""
        return any(one.last is None for one in self.closures)


def follows(said: Content, before: Content, day: date) -> bool:
    """Whether a date says what all say."""
    return said.digest() == on(before, day, settings().zone).digest()


def record_of(session: Session, row: Weekly) -> WeeklyRecord:
    """All of it, as it stands."""
    now, zone = clock.now(), settings().zone
    content, days = content_of(row), days_of(row)
    merchant = session.get_one(Merchant, row.merchant_id)
    left = [day for day, _ in zip(dates_left(row, now, zone), range(200), strict=False)]
    next_on = next((day for day in left if days.takes_place(day)), None)
    closures = []
    for span in weekly_rules.closures(row):
        behind = (day for day in left if span.last_day and day > span.last_day and days.takes_place(day))
        closures.append(Closure(span.first_day, span.last_day, next(behind, None)))
    found = []
    for day, post in made(session, row, now, zone).items():
        if post.over_at is None or post.over_at > now:
            said = posts.content(session, post)
            own = not follows(said, content, day) and not post.skipped
            found.append(WeeklyDate(day, _state(post, days, day), record(post, said, merchant), own))
    shown = on(content, next_on, zone) if next_on else content
    return WeeklyRecord(
        row.id, row.merchant_id, merchant.slug, row.kind, shown, days, next_on, tuple(closures), tuple(found),
        row.reason, row.followed_by, row.ended_at,
    )  # fmt: skip


def _state(post: Post, days: Days, day: date) -> DateState:
    if post.state == "withdrawn":
        return "withdrawn"
    if day in days.skipped:
        return "skipped"
    if not days.takes_place(day):
        return "closed"
    return "out" if post.state == "published" else "waits"
