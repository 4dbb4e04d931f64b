"""Connect links over HTTP: created, listed, ended."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from syndication.destinations import connecting, links
from syndication.destinations.connecting import ConnectionRequest, RenewalRequest
from syndication.destinations.links import LinkRecord, Maker
from syndication.publishing.api_keys import Caller
from syndication.web.access import DestinationsReader, DestinationsWriter, MerchantSlug, concerned
from syndication.web.api.pages import After, Answer, Page, Paging, page
from syndication.web.problems import documented

router = APIRouter(prefix="/destinations", tags=["destinations"])


class LinkAnswer(Answer):
    """Where the owner goes."""

    id: UUID = Field(description="By which the link can be ended.")
    url: str = Field(
        description="Opened in a browser, once. Who has it can connect an account, so treat it as a secret."
        " It is in this answer only."
    )
    until: datetime = Field(description="When it stops being good.")

    @classmethod
    def of(cls, link: links.Link) -> Self:
        """The answer for a link."""
        return cls.model_validate(link)


class LinkEntry(Answer):
    """A link without its address."""

    id: UUID
    state: Literal["open", "used", "ended"]
    channel: str
    name: str
    merchant: str | None = Field(description="Whose outlet it is; null for the city's.")
    destination_id: UUID = Field(description="The outlet, or the id that a new one gets.")
    renews: bool = Field(description="Whether it renews the access to an outlet that exists.")
    made_by: Literal["key", "command", "letter", "person"]
    key_id: str | None = Field(description="The key it was made with; the link ends with it.")
    made_at: datetime
    ends_at: datetime
    used_at: datetime | None

    @classmethod
    def of(cls, record: LinkRecord) -> Self:
        """What may be shown of a link."""
        return cls.model_validate({**vars(record), "merchant": record.merchant_slug})


class LinkFilter(Paging):
    """Which links to list."""

    merchant: MerchantSlug = None
    after: UUID | None = After


@router.post("/connect", operation_id="connect", responses=documented(409))
def connect(
    request: ConnectionRequest, caller: DestinationsWriter, merchant: MerchantSlug = None
) -> LinkAnswer:
    """A link for a new destination whose access its owner gives on a page: by logging in at the network, or by typing it in.

    It is good once, for an hour unless `valid_for` says otherwise, and ends with the key that made it.
    """
    return LinkAnswer.of(connecting.link(request, _maker(caller), owner=concerned(caller, merchant)))


@router.post("/{destination_id:uuid}/connect", operation_id="reconnect", responses=documented(409))
def reconnect(
    destination_id: UUID, caller: DestinationsWriter, request: RenewalRequest | None = None
) -> LinkAnswer:
    """The same for a destination whose access is to be renewed; its account and everything else of it stay."""
    made = connecting.renewal(destination_id, _maker(caller), owner=caller.merchant_id, request=request)
    return LinkAnswer.of(made)


@router.get("/links", operation_id="listLinks")
def list_links(caller: DestinationsReader, wanted: Annotated[LinkFilter, Query()]) -> Page[LinkEntry]:
    """Links, newest first, also those in letters; a month after their end they are forgotten."""
    owner = concerned(caller, wanted.merchant)
    return page(
        lambda most: links.listed(owner=owner, after=wanted.after, limit=most),
        wanted.limit,
        LinkEntry.of,
        lambda record: record.id,
    )


@router.delete("/links/{link_id}", status_code=204, operation_id="endLink")
def end_link(link_id: UUID, caller: DestinationsWriter) -> None:
    """End a link before it is used, at once and for good. Doing it again changes nothing."""
    links.end(link_id, owner=caller.merchant_id)


def _maker(caller: Caller) -> Maker:
    return Maker("key", caller.key_id)
