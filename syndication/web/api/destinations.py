"""Destinations over HTTP: create, read without secrets, change, pause, test, replay, delete."""

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field, StrictBool, model_validator
from starlette.responses import JSONResponse

from syndication import destinations
from syndication.channels.preview import Preview
from syndication.content.base import Moment, Value
from syndication.content.bounds import Few
from syndication.content.faults import Contradiction
from syndication.content.interest import Interest
from syndication.content.post import Action
from syndication.delivery import dry_run as rehearse
from syndication.delivery.tools import tools
from syndication.destinations import DestinationAmendment, DestinationRecord, DestinationRequest, Revealed
from syndication.errors import Fault
from syndication.ledger import replay, retry
from syndication.web.access import DestinationsReader, DestinationsWriter, MerchantSlug, concerned
from syndication.web.api.pages import After, Answer, Page, Paging, page
from syndication.web.api.repeats import HEADERS, IdempotencyKey, created
from syndication.web.language import Reason
from syndication.web.problems import documented

router = APIRouter(prefix="/destinations", tags=["destinations"])

State = Literal["active", "paused", "disabled"]
Finished = Literal["failed", "dropped", "unconfirmed", "sent"]
_DEAD: tuple[Finished, ...] = ("failed", "unconfirmed")


class HealthAnswer(Answer):
    """How a destination is doing."""

    failures: int = Field(description="Failures in a row.")
    failing_since: datetime | None
    held_until: datetime | None = Field(description="Until then nothing is sent, so that it can recover.")
    last_sent_at: datetime | None


class DestinationAnswer(Answer):
    """A destination without its secrets."""

    id: UUID
    merchant: str | None = Field(description="Whose it is; null for the city's.")
    channel: str
    name: str
    settings: Mapping[str, Any]
    secrets: tuple[str, ...] = Field(description="Names of the secrets that are set.")
    interest: Interest
    state: State
    reason: Reason = Field(description="Why it is not active, or empty.")
    created_at: datetime
    health: HealthAnswer

    @classmethod
    def of(cls, record: DestinationRecord) -> Self:
        """What may be shown of a destination."""
        return cls.model_validate(cls.parts(record))

    @staticmethod
    def parts(record: DestinationRecord) -> dict[str, Any]:
        """The fields of the answer."""
        health = HealthAnswer.model_validate(record)
        return {**vars(record), "merchant": record.merchant_slug, "health": health}


class RevealedAnswer(DestinationAnswer):
    """A destination, and the secrets that were made for it just now."""

    new_secrets: Mapping[str, Any] = Field(description="Shown this one time: what was made for you, by name.")

    @classmethod
    def made(cls, revealed: Revealed) -> Self:
        """The one showing of what was made."""
        return cls.model_validate({**cls.parts(revealed.destination), "new_secrets": revealed.secrets})


class DestinationFilter(Paging):
    """Which destinations to list."""

    channel: Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,40}$")] | None = None
    state: State | None = None
    merchant: MerchantSlug = None
    after: UUID | None = After


class ReplayRequest(Value):
    """Which finished deliveries of a destination go out again, by when they were created."""

    since: Moment
    until: Moment | None = Field(None, description="Exclusive; left out: until now.")
    states: Annotated[tuple[Finished, ...], Few(4, least=1)] = _DEAD
    dry_run: StrictBool = Field(False, description="Only count.")

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.until is not None and self.until <= self.since:
            raise Contradiction(Fault("until", "must be later than since"))
        return self


class RetryRequest(Value):
    """Which waiting deliveries of a destination are tried now, by when they were created; without both, all."""

    since: Moment | None = None
    until: Moment | None = Field(None, description="Exclusive.")
    dry_run: StrictBool = Field(False, description="Only count.")


class ReplayAnswer(Answer):
    """How many deliveries go out again, or would."""

    count: int
    dry_run: bool


class TestAnswer(Answer):
    """A test that is on its way."""

    delivery_id: int = Field(
        description="Its attempts tell how it went: GET /api/v1/deliveries/{delivery_id}."
    )


@router.post(
    "",
    status_code=201,
    response_model=RevealedAnswer,
    operation_id="createDestination",
    responses={201: {"headers": HEADERS}, **documented(409, 429)},
)
def create_destination(
    request: DestinationRequest,
    caller: DestinationsWriter,
    key: IdempotencyKey = None,
    merchant: MerchantSlug = None,
) -> JSONResponse:
    """A new destination: a merchant's own gets that merchant's posts, one of the city everybody's.

    Secrets that you do not choose are made for you and shown in this answer only.
    """
    owner = concerned(caller, merchant)
    return created(
        caller,
        key,
        ("createDestination", str(owner), request.model_dump(mode="json")),
        lambda: RevealedAnswer.made(destinations.create(owner, request)),
        router.prefix,
    )


@router.get("", operation_id="listDestinations")
def list_destinations(
    caller: DestinationsReader, wanted: Annotated[DestinationFilter, Query()]
) -> Page[DestinationAnswer]:
    """Destinations, newest first: a merchant's own, or with a key of the city all of them.

    Devices of single people, such as their browsers, are listed only where `channel` asks for them.
    """
    owner = concerned(caller, wanted.merchant)
    return page(
        lambda most: destinations.listed(
            owner=owner, channel=wanted.channel, state=wanted.state, after=wanted.after, limit=most
        ),
        wanted.limit,
        DestinationAnswer.of,
        lambda record: record.id,
    )


@router.get("/{destination_id:uuid}", operation_id="readDestination")
def read_destination(destination_id: UUID, caller: DestinationsReader) -> DestinationAnswer:
    """One destination and how it is doing."""
    return DestinationAnswer.of(destinations.read(destination_id, owner=caller.merchant_id))


@router.patch("/{destination_id:uuid}", operation_id="changeDestination", responses=documented(409, 429))
def change_destination(
    destination_id: UUID, amendment: DestinationAmendment, caller: DestinationsWriter
) -> RevealedAnswer:
    """Change a destination; what is left out stays, also within `settings`.

    Where it moves to another server, its secrets do not go along: those that are needed are asked for again, the others
    are dropped, and a signing secret is made anew and shown in this answer only.
    """
    return RevealedAnswer.made(destinations.update(destination_id, amendment, owner=caller.merchant_id))


@router.delete(
    "/{destination_id:uuid}", status_code=204, operation_id="deleteDestination", responses=documented(409)
)
def delete_destination(destination_id: UUID, caller: DestinationsWriter) -> None:
    """Delete a destination with all its deliveries."""
    destinations.delete(destination_id, owner=caller.merchant_id)


@router.post("/{destination_id:uuid}/pause", operation_id="pauseDestination")
def pause_destination(destination_id: UUID, caller: DestinationsWriter) -> DestinationAnswer:
    """Send nothing more until it is resumed; what comes meanwhile waits."""
    return DestinationAnswer.of(destinations.pause(destination_id, owner=caller.merchant_id))


@router.post("/{destination_id:uuid}/resume", operation_id="resumeDestination", responses=documented(429))
def resume_destination(destination_id: UUID, caller: DestinationsWriter) -> DestinationAnswer:
    """Send again at once, also to one that was switched off after too many failures."""
    return DestinationAnswer.of(destinations.resume(destination_id, owner=caller.merchant_id))


@router.post("/{destination_id:uuid}/rotate-secret", operation_id="rotateSecret", responses=documented(409))
def rotate_secret(destination_id: UUID, caller: DestinationsWriter) -> RevealedAnswer:
    """A new secret. A webhook's old one signs beside it for another 24 hours."""
    return RevealedAnswer.made(destinations.rotate_secret(destination_id, owner=caller.merchant_id))


@router.post(
    "/{destination_id:uuid}/test",
    status_code=202,
    operation_id="testDestination",
    responses=documented(409, 429),
)
def test_destination(destination_id: UUID, caller: DestinationsWriter) -> TestAnswer:
    """Send a made-up post that says that it is one."""
    return TestAnswer(delivery_id=destinations.test(destination_id, owner=caller.merchant_id))


@router.post(
    "/{destination_id:uuid}/replay",
    status_code=202,
    operation_id="replayDestination",
    responses=documented(429),
)
def replay_destination(
    destination_id: UUID, request: ReplayRequest, caller: DestinationsWriter
) -> ReplayAnswer:
    """Send what failed in a time window again, under the keys that the outlet already knows. Ask with `dry_run` first."""
    destinations.read(destination_id, owner=caller.merchant_id)
    if caller.merchant_id is not None:
        destinations.knocking(destination_id, "replay", owner=caller.merchant_id)
    chosen = {
        "destination_id": destination_id,
        "states": request.states,
        "since": request.since,
        "until": request.until,
    }
    count = replay.count(**chosen) if request.dry_run else replay.many(**chosen)
    return ReplayAnswer(count=count, dry_run=request.dry_run)


@router.post(
    "/{destination_id:uuid}/retry",
    status_code=202,
    operation_id="retryDestination",
    responses=documented(429),
)
def retry_destination(
    destination_id: UUID, request: RetryRequest, caller: DestinationsWriter
) -> ReplayAnswer:
    """Try now what waits for a later try, such as after a repair. Ask with `dry_run` first."""
    destinations.read(destination_id, owner=caller.merchant_id)
    if caller.merchant_id is not None:
        destinations.knocking(destination_id, "replay", owner=caller.merchant_id)
    chosen = {"destination_id": destination_id, "since": request.since, "until": request.until}
    count = retry.count(**chosen) if request.dry_run else retry.many(**chosen)
    return ReplayAnswer(count=count, dry_run=request.dry_run)


class RehearsalRequest(Value):
    """Which post, and what is to happen with it."""

    post_id: UUID
    action: Action | None = Field(None, description="What is to be told; without it, what would come next.")


class RehearsedRequest(Answer):
    """One request as it would be sent; secrets are replaced by "(secret)"."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: str = Field(description="As text, where it is text; else empty.")
    body_base64: str = Field(description="The bytes, where they are no text; else empty.")
    size: int = Field(description="Length of the body in bytes.")


class PreviewAnswer(Answer):
    """A post as people would see it there, as plain text."""

    title: str = Field(description="Empty where the outlet shows none beside the text.")
    text: str
    length: int | None = Field(
        description="Length of what is sent, as the network counts it; null: no limit."
    )
    most: int | None = Field(description="Most that the network takes; null: no limit.")
    unit: Literal["characters", "bytes"] = Field(description="In which `length` and `most` are counted.")
    images: list[str] = Field(description="Addresses of the pictures that are shown.")
    left_out: int = Field(description="How many more pictures are not shown.")
    remark: Reason = Field(description="What was shortened or left out.")


class RehearsalAnswer(Answer):
    """What would happen."""

    action: Action
    state: str = Field(description="`sent`, or what the delivery would become without a request.")
    reason: Reason = Field(description="Why it would not be sent, or what would be left out.")
    requests: list[RehearsedRequest]
    readers: dict[str, int] = Field(
        description="How many readers want such posts, by rhythm, where the outlet serves readers."
    )
    preview: PreviewAnswer | None = Field(description="What people would see; null where nothing is shown.")


@router.post("/{destination_id:uuid}/dry-run", operation_id="rehearse", responses=documented(409, 429))
def dry_run(destination_id: UUID, request: RehearsalRequest, caller: DestinationsWriter) -> RehearsalAnswer:
    """What would be sent for a post, request by request and byte for byte. Nothing is sent."""
    found = rehearse.rehearse(
        destination_id, request.post_id, tools(), owner=caller.merchant_id, action=request.action
    )
    shown = [_as_shown(one) for one in found.requests]
    return RehearsalAnswer(
        action=found.action,
        state=found.state,
        reason=found.reason,
        requests=shown,
        readers=dict(found.readers),
        preview=_as_seen(found.preview) if found.preview else None,
    )


def _as_seen(one: Preview) -> PreviewAnswer:
    return PreviewAnswer(
        title=one.title,
        text=one.text,
        length=one.length,
        most=one.most,
        unit=one.unit,
        images=[image.url for image in one.images],
        left_out=one.left_out,
        remark=one.remark,
    )


def _as_shown(one: rehearse.Request) -> RehearsedRequest:
    try:
        text, coded = one.body.decode(), ""
    except UnicodeDecodeError:
        text, coded = "", base64.b64encode(one.body).decode()
    return RehearsedRequest(
        method=one.method,
        url=one.url,
        headers=one.headers,
        body=text,
        body_base64=coded,
        size=len(one.body),
    )
