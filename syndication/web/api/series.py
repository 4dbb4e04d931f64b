"""What comes every week over HTTP: begin it from a post, read it, change what is named of it."""

from contextlib import nullcontext
from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from syndication.content.base import Day, Value, new_id
from syndication.kinds.reading import AnyContent, AnyDraft
from syndication.publishing import posts, weekly, weekly_anew, weekly_rules
from syndication.publishing.weekly import HOUR, Amendment, Plan
from syndication.publishing.weekly_anew import Turn
from syndication.publishing.weekly_records import DateState, WeeklyRecord
from syndication.publishing.weekly_rules import Span
from syndication.web.access import MerchantSlug, PostsReader, PostsWriter, concerned
from syndication.web.api.pages import PREFIX, After, Answer, Page, Paging, page
from syndication.web.api.repeats import HEADERS
from syndication.web.language import Reason
from syndication.web.problems import documented

router = APIRouter(prefix="/series", tags=["posts"])
_LOCATION = {"Location": HEADERS["Location"]}


class NewSeries(Value):
    """A post that is to come every week, from its next date on; the post itself stays as it is."""

    post: UUID
    id: Annotated[
        UUID | None,
        Field(description="An id of your choice. Sent again with the same one, nothing happens twice."),
    ] = None
    interval: Annotated[Literal[1, 2], Field(description="Weeks from one date to the next.")] = 1
    last_on: Annotated[Day | None, Field(description="The last date; left out, it goes on.")] = None
    days_before: Annotated[
        int, Field(ge=0, le=30, description="Each date's post comes out so many days before it.")
    ] = 1
    hour: Annotated[str, Field(pattern=HOUR, description="At this hour of the city's clock.")] = "17:00"


class Successor(Value):
    """How a series goes on from a day on: on that day's weekday, and in all that is named; the rest stays as it is."""

    first_on: Annotated[
        Day, Field(description="The first date that is as said here; none before it changes.")
    ]
    id: Annotated[
        UUID | None,
        Field(description="An id of your choice. Sent again with the same one, nothing happens twice."),
    ] = None
    content: Annotated[
        AnyDraft | None, Field(description="What all dates say, as on one of them: also their hours.")
    ] = None
    interval: Annotated[Literal[1, 2] | None, Field(description="Weeks from one date to the next.")] = None
    days_before: Annotated[int | None, Field(ge=0, le=30)] = None
    hour: Annotated[str | None, Field(pattern=HOUR)] = None


class SeriesDate(Answer):
    """One date that is not over, and its post."""

    date: date
    post: UUID
    state: DateState
    own: bool = Field(description="It says something else than all, and keeps that.")


class SeriesAnswer(Answer):
    """What comes every week: what all dates say, as on `next_on`, and the posts of the next dates."""

    id: UUID
    merchant: str
    kind: str
    content: AnyContent
    interval: int
    first_on: date
    last_on: date | None
    days_before: int
    hour: str
    skipped: list[date]
    closures: list[Span] = Field(description="The times to come in which all dates fall out.")
    closed: Span | None = Field(description="The first of `closures`.")
    next_on: date | None = Field(description="The next date that takes place.")
    dates: list[SeriesDate]
    reason: Reason | None = Field(description="What keeps the next date from being made; it is tried again.")
    followed_by: UUID | None = Field(description="The series that goes on behind its last date.")
    ended_at: datetime | None

    @classmethod
    def of(cls, record: WeeklyRecord) -> "SeriesAnswer":
        """What may be shown of it."""
        days = record.days
        closures = [Span(first_day=one.first, last_day=one.last) for one in record.closures]
        return cls(
            id=record.id,
            merchant=record.merchant_slug,
            kind=record.kind,
            content=record.content,
            interval=days.interval,
            first_on=days.first,
            last_on=days.last,
            days_before=days.days_before,
            hour=days.hour,
            skipped=sorted(days.skipped),
            closures=closures,
            closed=next(iter(closures), None),
            next_on=record.next_on,
            dates=[
                SeriesDate(date=one.on, post=one.post.id, state=one.state, own=one.own)
                for one in record.dates
            ],
            reason=record.reason,
            followed_by=record.followed_by,
            ended_at=record.ended_at,
        )  # fmt: skip -- one glance shows every field


class SeriesFilter(Paging):
    """Whose to list."""

    merchant: MerchantSlug = None
    after: UUID | None = After


@router.post(
    "",
    status_code=201,
    operation_id="createSeries",
    responses={201: {"headers": _LOCATION}, **documented(404, 409, 429)},
)
def create_series(wanted: NewSeries, caller: PostsWriter, response: Response) -> SeriesAnswer:
    """Let a post come every week or two. The next three dates become posts that wait for their hour."""
    post, series_id = posts.read(wanted.post, merchant_id=caller.merchant_id), wanted.id or new_id()
    plan = Plan(wanted.interval, wanted.last_on, wanted.days_before, wanted.hour)
    weekly.begin(post.merchant_id, series_id, post.content, plan, public=post.state == "published")
    response.headers["Location"] = f"{PREFIX}{router.prefix}/{series_id}"
    return SeriesAnswer.of(weekly.read(post.merchant_id, series_id))


@router.get("", operation_id="listSeries")
def list_series(caller: PostsReader, wanted: Annotated[SeriesFilter, Query()]) -> Page[SeriesAnswer]:
    """What comes every week and has not ended, newest first: a merchant's own, or with a key of the city all of it."""
    merchant_id = concerned(caller, wanted.merchant)
    return page(
        lambda most: weekly.listed(merchant_id, after=wanted.after, limit=most),
        wanted.limit,
        SeriesAnswer.of,
        lambda record: record.id,
    )


@router.get("/{series_id}", operation_id="readSeries")
def read_series(series_id: UUID, caller: PostsReader) -> SeriesAnswer:
    """One of them, ended or not."""
    return SeriesAnswer.of(weekly.read(caller.merchant_id, series_id))


@router.patch("/{series_id}", operation_id="changeSeries", responses=documented(409, 429))
def change_series(series_id: UUID, amendment: Amendment, caller: PostsWriter) -> SeriesAnswer:
    """Change what is named: skip dates, close for a time, say something else on all dates, end it. The rest stays."""
    weekly.amend(caller.merchant_id, series_id, amendment)
    return SeriesAnswer.of(weekly.read(caller.merchant_id, series_id))


@router.post(
    "/{series_id}/successor",
    status_code=201,
    operation_id="succeedSeries",
    responses={201: {"headers": _LOCATION}, **documented(409, 429)},
)
def succeed_series(
    series_id: UUID, wanted: Successor, caller: PostsWriter, response: Response
) -> SeriesAnswer:
    """Let a series go on from a day on with another weekday, rhythm or hour: another one, which is answered, takes its place.

    Posts that wait for their hour move along; what is out stays.
    """
    successor = wanted.id or new_id()
    turn = Turn(wanted.first_on, wanted.content, wanted.interval, wanted.days_before, wanted.hour)
    with weekly_rules.within_content(wanted.content) if wanted.content else nullcontext():
        weekly_anew.turn(caller.merchant_id, series_id, successor, turn)
    response.headers["Location"] = f"{PREFIX}{router.prefix}/{successor}"
    return SeriesAnswer.of(weekly.read(caller.merchant_id, successor))
