"""Posts over HTTP: create, read, revise, withdraw, list, and where each went."""

import re
from collections.abc import Callable, Collection
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Body, Header, Query
from pydantic import Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from syndication import insight
from syndication.content.base import Value
from syndication.content.bounds import Few
from syndication.content.post import Draft
from syndication.destinations import probe_limits
from syndication.insight.journey import ReaderCount, Stop
from syndication.kinds.reading import AnyContent, AnyDraft, KindName
from syndication.publishing import posts, review, unlawful
from syndication.publishing.api_keys import Caller
from syndication.publishing.merge_patch import patched
from syndication.publishing.posts import Manner, PostRecord
from syndication.publishing.withdrawal import Grounds, Statement, Why, by_key
from syndication.web.access import (
    DeliveriesReader,
    MerchantSlug,
    PostsReader,
    PostsWriter,
    concerned,
    publishing,
)
from syndication.web.api.pages import After, Answer, Page, Paging, page
from syndication.web.api.repeats import HEADERS, IdempotencyKey, created
from syndication.web.language import Reason
from syndication.web.problems import MERGE_PATCH, documented

router = APIRouter(prefix="/posts", tags=["posts"])

_TAG = r'((W/)?"[\x21\x23-\x7e]*"|[1-9][0-9]{0,8})'
IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        pattern=rf"^(\*|{_TAG}( ?, ?{_TAG})*)$",
        max_length=500,
        description="The revision you have seen, as the ETag said it. Where the post was revised since, nothing happens.",
        examples=['"1"'],
    ),
]
Tell = Annotated[
    Literal["nobody", "each"],
    Query(
        description="`nobody`: it stands on pages, in feeds and calendars, and nobody gets a message of it, nor of what"
        " becomes of it later. For a stock that is handed in for the first time."
    ),
]
_REVISION = re.compile(r'"([1-9][0-9]{0,8})"|([1-9][0-9]{0,8})')
ETAG = {
    "ETag": {"description": "The revision, for If-Match.", "schema": {"type": "string"}, "example": '"1"'}
}


class PostAnswer(Answer):
    """A post with the content of its current revision."""

    id: UUID
    merchant: str
    state: Literal["scheduled", "published", "withdrawn"]
    revision: int
    content: AnyContent
    topic_names: tuple[str, ...] = Field(
        description="The topics as they are spelled, in the order of `content.topics`."
    )
    source_ref: str | None
    created_at: datetime
    updated_at: datetime
    publish_at: datetime | None
    missed_at: datetime | None = Field(
        description="The hour it was to be published at, where that passed by more than a day, or the post was over by"
        " then: nobody was told, and it waits for a new `publish_at`."
    )
    published_at: datetime | None
    withdrawn_at: datetime | None
    withdrawn_reason: Why | None = Field(description="Why it was taken back, where that was said.")
    withdrawn_statement: str = Field(
        description="What its merchant is told of that; of an unlawful post the statement of reasons (DSA, Article 17)."
    )
    withdrawn_by: str = Field(
        description="`key ID`, `person ID` or `command line`; empty where it is not known."
    )
    over_at: datetime | None
    quiet: bool = Field(description="Taken in without a message to anybody.")
    series: UUID | None = Field(
        description="What comes every week, where this is one date of it: all its dates name the same."
    )
    series_date: date | None = Field(description="Which date of it this is, whatever became of the post.")
    skipped: bool = Field(
        description="That date falls out: the post has no hour, or is called off. It may come back."
    )
    review: Literal["waiting", "returned"] | None = Field(
        description="`waiting`: it, or a correction of it, waits for the town hall to look at it; `returned`: the town hall"
        " asks for another version, and `review_because` says why. What is out stays as it is until then."
    )
    review_because: str = Field(description="What the town hall wrote when it sent it back.")

    @classmethod
    def of(cls, record: PostRecord) -> "PostAnswer":
        """What may be shown of a post."""
        named = tuple(topic.spelling for topic in record.content.topics)
        said = {"merchant": record.merchant_slug, "topic_names": named}
        series = {"series": record.weekly_id, "series_date": record.weekly_on}
        looked = review.read(record.id)
        waits = looked is not None and looked.open
        how = {"review": looked.state if looked and waits else None,
               "review_because": looked.because if looked and waits else ""}  # fmt: skip
        return cls.model_validate({**vars(record), **said, **series, **how})


class RevisionAnswer(Answer):
    """What handing in a revision led to."""

    what: Literal["revised", "unchanged"]
    post: PostAnswer


class StopAnswer(Stop):
    """One delivery of a post to a destination."""

    reason: Reason
    link: str | None = Field(description="Where people see it at the outlet.")


class ReadersAnswer(ReaderCount):
    """How many readers or devices of readers a channel reached, or did not, with one post."""


class JourneyAnswer(Answer):
    """Where a post went: every destination, and readers and their devices in numbers."""

    destinations: list[StopAnswer]
    readers: list[ReadersAnswer]


class PostFilter(Paging):
    """Which posts to list."""

    kind: KindName | None = None
    state: Literal["scheduled", "published", "withdrawn"] | None = None
    merchant: MerchantSlug = None
    after: UUID | None = After


class Withdrawal(Value):
    """Why a post is taken back."""

    reason: Why | None = Field(None, description="`unlawful`: its words are repeated nowhere and forgotten.")
    statement: Statement = Field(
        "", description="What its merchant is told: with `unlawful` what of it is, and by which law."
    )


@router.post(
    "",
    status_code=201,
    response_model=PostAnswer,
    operation_id="createPost",
    responses={201: {"headers": HEADERS | ETAG}, **documented(409, 429)},
)
def create_post(
    draft: AnyDraft,
    caller: PostsWriter,
    key: IdempotencyKey = None,
    merchant: MerchantSlug = None,
    tell: Tell = "each",
) -> JSONResponse:
    """Publish a post now, or at `publish_at`. With a key of the city, `merchant` says whose post it is."""
    merchant_id = publishing(caller, merchant)
    manner = Manner(quiet=tell == "nobody")
    return created(
        caller,
        key,
        ("createPost", str(merchant_id), draft.model_dump(mode="json"), *((tell,) if manner.quiet else ())),
        lambda: PostAnswer.of(posts.create(merchant_id, draft, manner=manner)),
        router.prefix,
    )


@router.get("", operation_id="listPosts")
def list_posts(caller: PostsReader, wanted: Annotated[PostFilter, Query()]) -> Page[PostAnswer]:
    """Posts, newest first: a merchant's own, or with a key of the city all of them."""
    merchant_id = concerned(caller, wanted.merchant)
    return page(
        lambda most: posts.listed(
            merchant_id=merchant_id, kind=wanted.kind, state=wanted.state, after=wanted.after, limit=most
        ),
        wanted.limit,
        PostAnswer.of,
        lambda record: record.id,
    )


@router.get("/{post_id}", operation_id="readPost", responses={200: {"headers": ETAG}})
def read_post(post_id: UUID, caller: PostsReader, response: Response) -> PostAnswer:
    """One post."""
    record = posts.read(post_id, merchant_id=caller.merchant_id)
    response.headers["ETag"] = f'"{record.revision}"'
    return PostAnswer.of(record)


@router.put(
    "/{post_id}",
    operation_id="revisePost",
    responses={200: {"headers": ETAG}, **documented(409, 412, 429)},
)
def revise_post(
    post_id: UUID, draft: AnyDraft, caller: PostsWriter, response: Response, if_match: IfMatch = None
) -> RevisionAnswer:
    """Give a post new content, whole. It goes out as a correction; what says the same changes nothing.

    `publish_at` moves a post that still waits for its hour; without it the hour stays.
    """
    return _revised(caller, post_id, draft, response, if_match)


@router.patch(
    "/{post_id}",
    operation_id="amendPost",
    responses={200: {"headers": ETAG}, **documented(409, 412, 429)},
)
def amend_post(
    post_id: UUID,
    patch: Annotated[dict[str, Any], Few(60), Body(media_type=MERGE_PATCH)],
    caller: PostsWriter,
    response: Response,
    if_match: IfMatch = None,
) -> RevisionAnswer:
    """Change what is named of a post (RFC 7396): null removes, lists are replaced, everything else stays.

    It goes out as a correction, as with PUT.
    """
    return _revised(caller, post_id, lambda record: patched(record, patch), response, if_match)


@router.delete("/{post_id}", operation_id="withdrawPost", responses={200: {"headers": ETAG}})
def withdraw_post(
    post_id: UUID,
    caller: PostsWriter,
    response: Response,
    wanted: Annotated[Withdrawal, Query()],
) -> PostAnswer:
    """Take a post back, everywhere that can take it back. Doing it again changes nothing.

    What is `unlawful` is repeated nowhere, and its words are forgotten; that can be said of a withdrawn post, too.
    """
    grounds = Grounds(wanted.reason, wanted.statement, by_key(caller.key_id))
    if wanted.reason == "unlawful":
        record = unlawful.withdraw(post_id, grounds, merchant_id=caller.merchant_id)
    else:
        record = posts.withdraw(caller.merchant_id, post_id, grounds)
    response.headers["ETag"] = f'"{record.revision}"'
    return PostAnswer.of(record)


@router.get("/{post_id}/deliveries", operation_id="tracePost")
def trace_post(post_id: UUID, caller: DeliveriesReader) -> JourneyAnswer:
    """Where a post went: each destination with its state and reason, and how many readers and devices, by state."""
    posts.read(post_id, merchant_id=caller.merchant_id)
    return JourneyAnswer.model_validate(insight.journey(post_id))


def _revised(
    caller: Caller,
    post_id: UUID,
    draft: Draft | Callable[[PostRecord], Draft],
    response: Response,
    if_match: str | None,
) -> RevisionAnswer:
    if caller.merchant_id is not None:
        probe_limits.count_revision(caller.merchant_id, post_id)
    try:
        outcome = posts.revise(caller.merchant_id, post_id, draft, expected=_seen(if_match))
    except posts.Stale as error:
        raise HTTPException(412, str(error)) from error
    response.headers["ETag"] = f'"{outcome.post.revision}"'
    return RevisionAnswer.model_validate({"what": outcome.what, "post": PostAnswer.of(outcome.post)})


def _seen(if_match: str | None) -> Collection[int] | None:
    """The revisions that a caller has seen; None where any will do. A tag that is weak, or none of ours, is no revision
    (RFC 9110 section 13.1.1)."""
    if if_match is None or if_match == "*":
        return None
    tags = [_REVISION.fullmatch(tag.strip()) for tag in if_match.split(",")]
    return {int(found[1] or found[2]) for found in tags if found}
