"""Requests, changes and records of destinations."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, Field

from syndication.content.base import Value
from syndication.content.bounds import Few, plain
from syndication.content.interest import Interest
from syndication.content.reason import Reason
from syndication.kinds.reading import WantedInterest
from syndication.publishing.merchants import Name

#: Settings are flat, or nearly; deeper ones are an attack on whoever walks through them.
_DEEPEST, _MOST_SETTINGS, _MOST_VALUES = 5, 60, 500
#: Why an outlet stands still that a person paused; any other reason is the service's.
PAUSED = Reason("Paused by its owner.")
#: Works; fails at the moment; lets us in no more and waits for a new access; paused by a person; given up.
Standing = Literal["works", "fails", "refuses", "paused", "off"]


GivenSettings = Annotated[
    dict[str, Any],
    Few(_MOST_SETTINGS),
    AfterValidator(lambda given: plain(given, deepest=_DEEPEST, most=_MOST_VALUES)),
    Field(description="What the channel needs; /api/v1/channels has the JSON Schema of each."),
]


class DestinationRequest(Value):
    """What a new destination is to be."""

    channel: Annotated[str, Field(max_length=40, examples=["webhook"])]
    name: Name
    settings: GivenSettings = Field(default_factory=dict)
    interest: WantedInterest = WantedInterest()


class DestinationAmendment(Value):
    """What is to change; what is left out stays, also within `settings`."""

    name: Name | None = None
    settings: GivenSettings | None = None
    interest: WantedInterest | None = None


@dataclass(frozen=True)
class DestinationRecord:
    """A destination without its secrets; `secrets` only names those that are set. Moments are aware, in UTC."""

    id: UUID
    merchant_slug: str | None
    channel: str
    name: str
    settings: Mapping[str, Any]
    secrets: tuple[str, ...]
    interest: Interest
    state: str
    reason: Reason
    created_at: datetime
    failures: int
    failing_since: datetime | None
    held_until: datetime | None
    last_sent_at: datetime | None
    #: What it said when it last failed; empty while it works.
    trouble: Reason

    @property
    def standing(self) -> Standing:
        """How it is doing, in one word for people."""
        if self.state == "disabled":
            return "off"
        if self.state == "paused":
            return "refuses" if self.failing_since is not None and self.reason != PAUSED else "paused"
        return "works" if self.failing_since is None else "fails"


@dataclass(frozen=True)
class Revealed:
    """A destination, and the secrets that were made for it just now: never to be had again."""

    destination: DestinationRecord
    secrets: Mapping[str, Any] = field(repr=False)
