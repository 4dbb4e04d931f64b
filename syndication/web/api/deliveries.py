"""Deliveries over HTTP: list, read with all tries, replay, retry."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import Field

from syndication import channels, destinations, insight
from syndication.content import reason
from syndication.content.base import Moment
from syndication.content.bounds import Few
from syndication.errors import Forbidden, NotFound
from syndication.insight import AttemptRow, DeliveryRow
from syndication.ledger import replay, retry
from syndication.publishing import merchants
from syndication.publishing.api_keys import Caller
from syndication.web.access import DeliveriesReader, DestinationsWriter, MerchantSlug, concerned
from syndication.web.api.pages import Answer, Page, Paging, page
from syndication.web.language import Reason
from syndication.web.problems import documented

router = APIRouter(prefix="/deliveries", tags=["deliveries"])

State = Literal["waiting", "sending", "sent", "failed", "dropped", "unconfirmed"]
#: What a counting key of the database can be.
DeliveryId = Annotated[int, Path(ge=1, le=2**63 - 1)]


class DeliveryAnswer(Answer):
    """One message for one destination or reader. Who the reader is, or whose device it is, it does not say."""

    id: int
    key: str = Field(description="What the outlet recognises a repeat by, such as webhook-id.")
    channel: str
    state: State
    reason: Reason
    destination_id: UUID | None
    destination: str | None
    merchant: str | None
    post_id: UUID | None
    action: str | None
    revision: int | None
    edition_id: int | None
    created_at: datetime
    due_at: datetime
    sent_at: datetime | None
    over_at: datetime | None
    attempts: int
    reference: str | None
    link: str | None = Field(description="Where people see it at the outlet.")

    @classmethod
    def of(cls, row: DeliveryRow) -> Self:
        """What may be shown of a delivery."""
        return cls.model_validate(cls.parts(row))

    @staticmethod
    def parts(row: DeliveryRow) -> dict[str, Any]:
        """The fields of the answer."""
        device = row.channel in channels.personal_kinds()
        return {**vars(row), **({"destination_id": None, "destination": None} if device else {})}


class AttemptAnswer(AttemptRow):
    """One try."""

    duration: int = Field(description="Milliseconds.")
    reason: Reason
    answer: str = Field(
        description="The beginning of what the outlet said. Shown to the outlet's owner only."
    )


class DeliveryHistory(DeliveryAnswer):
    """One delivery with all its tries."""

    tries: list[AttemptAnswer]


class DeliveryFilter(Paging):
    """Which deliveries to list; moments bound `created_at`."""

    state: Annotated[tuple[State, ...], Few(6)] = ()
    channel: Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,40}$")] | None = None
    destination_id: UUID | None = None
    merchant: MerchantSlug = None
    since: Moment | None = None
    until: Moment | None = Field(None, description="Exclusive.")
    after: Annotated[int, Field(ge=1, le=2**63 - 1)] | None = Field(
        None, description="Where the page begins: `next` of the page before."
    )


@router.get("", operation_id="listDeliveries")
def list_deliveries(
    caller: DeliveriesReader, wanted: Annotated[DeliveryFilter, Query()]
) -> Page[DeliveryAnswer]:
    """Deliveries, newest first: of a merchant's posts and to its destinations, or with a key of the city all."""
    concerned(caller, wanted.merchant)
    filters = insight.Filters(
        states=wanted.state,
        channel=wanted.channel,
        destination_id=wanted.destination_id,
        merchant=_own_slug(caller) or wanted.merchant,
        since=wanted.since,
        until=wanted.until,
    )
    return page(
        lambda most: insight.deliveries(filters, limit=most, before=wanted.after),
        wanted.limit,
        DeliveryAnswer.of,
        lambda row: row.id,
    )


@router.get("/{delivery_id}", operation_id="readDelivery")
def read_delivery(delivery_id: DeliveryId, caller: DeliveriesReader) -> DeliveryHistory:
    """One delivery with all its tries."""
    row = _visible(caller, delivery_id)
    # What a stranger's server answered is for whoever set it up.
    hidden: dict[str, Any] = {} if _owns(caller, row) else {"answer": ""}
    tries = [
        AttemptAnswer.model_validate(one.model_copy(update=hidden)) for one in insight.attempts(delivery_id)
    ]
    return DeliveryHistory.model_validate({**DeliveryHistory.parts(row), "tries": tries})


@router.post(
    "/{delivery_id}/replay", status_code=202, operation_id="replayDelivery", responses=documented(409, 429)
)
def replay_delivery(delivery_id: DeliveryId, caller: DestinationsWriter) -> DeliveryAnswer:
    """Send one finished delivery again, under the key that the outlet already knows."""
    _knock(caller, delivery_id)
    replay.one(delivery_id, merchant_id=caller.merchant_id)
    return DeliveryAnswer.of(insight.delivery(delivery_id))


@router.post(
    "/{delivery_id}/retry", status_code=202, operation_id="retryDelivery", responses=documented(409, 429)
)
def retry_delivery(delivery_id: DeliveryId, caller: DestinationsWriter) -> DeliveryAnswer:
    """Try a delivery now that was tried before and waits for its next turn."""
    _knock(caller, delivery_id)
    retry.one(delivery_id, merchant_id=caller.merchant_id)
    return DeliveryAnswer.of(insight.delivery(delivery_id))


def _knock(caller: Caller, delivery_id: int) -> None:
    """Count that somebody has us send to their outlet at once."""
    row = _visible(caller, delivery_id)
    if not _owns(caller, row):
        raise Forbidden(
            "This went to an outlet of the city. Please ask the city's operator to send it again."
        )
    if caller.merchant_id is not None and row.destination_id is not None:
        destinations.knocking(row.destination_id, "replay", owner=caller.merchant_id)


def _own_slug(caller: Caller) -> str | None:
    return merchants.read(caller.merchant_id).slug if caller.merchant_id is not None else None


def _visible(caller: Caller, delivery_id: int) -> DeliveryRow:
    row = insight.delivery(delivery_id)
    if caller.merchant_id is not None and row.merchant != _own_slug(caller):
        raise NotFound(reason.Reason("There is no delivery {}.", delivery_id))
    return row


def _owns(caller: Caller, row: DeliveryRow) -> bool:
    """Whether the outlet of a delivery is the caller's."""
    if caller.merchant_id is None:
        return True
    if row.destination_id is None:
        return False
    try:
        destinations.read(row.destination_id, owner=caller.merchant_id)
    except NotFound:
        return False
    return True
