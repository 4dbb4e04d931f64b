"""Links by which owners connect an outlet, or renew its access: by logging in at its network, or by typing it in."""

from datetime import datetime
from typing import Self
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from syndication.destinations import connecting
from syndication.destinations.connecting import ConnectionRequest
from syndication.web.access import DestinationsWriter, MerchantSlug, concerned
from syndication.web.api.pages import Answer
from syndication.web.problems import documented

router = APIRouter(prefix="/destinations", tags=["destinations"])


class LinkAnswer(Answer):
    """Where the owner goes."""

    url: str = Field(
        description="Opened in a browser; who has it can connect an account, so treat it as a secret."
    )
    until: datetime = Field(description="When it stops being good.")

    @classmethod
    def of(cls, link: connecting.Link) -> Self:
        """The answer for a link."""
        return cls.model_validate(link)


@router.post("/connect", operation_id="connect", responses=documented(409))
def connect(
    request: ConnectionRequest, caller: DestinationsWriter, merchant: MerchantSlug = None
) -> LinkAnswer:
    """A link for a new destination whose access its owner gives on a page: by logging in at the network, or by typing it in."""
    return LinkAnswer.of(connecting.link(request, owner=concerned(caller, merchant)))


@router.post("/{destination_id}/connect", operation_id="reconnect", responses=documented(409))
def reconnect(destination_id: UUID, caller: DestinationsWriter) -> LinkAnswer:
    """The same for a destination whose access is to be renewed; everything else of it stays."""
    return LinkAnswer.of(connecting.renewal(destination_id, owner=caller.merchant_id))
