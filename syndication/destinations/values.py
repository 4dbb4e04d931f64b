"""What is said about destinations: what a new one is to be, what changes, and how one may be shown."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, Field

from syndication.content import Interest, Value
from syndication.merchants import Name

#: Settings are flat, or nearly; deeper ones are an attack on whoever walks through them.
_DEEPEST = 5


def _flat(given: dict[str, Any]) -> dict[str, Any]:
    layer: list[Any] = [given]
    for _ in range(_DEEPEST):
        layer = [
            inner
            for one in layer
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
    if layer:
        raise ValueError("is nested too deeply")
    return given


GivenSettings = Annotated[
    dict[str, Any],
    AfterValidator(_flat),
    Field(description="What the channel needs; /api/v1/channels has the JSON Schema of each."),
]


class DestinationRequest(Value):
    """What a new destination is to be."""

    channel: Annotated[str, Field(max_length=40, examples=["webhook"])]
    name: Name
    settings: GivenSettings = Field(default_factory=dict)
    interest: Interest = Interest()


class DestinationAmendment(Value):
    """What is to change; what is left out stays, also within `settings`."""

    name: Name | None = None
    settings: GivenSettings | None = None
    interest: Interest | None = None


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
    reason: str
    created_at: datetime
    failures: int
    failing_since: datetime | None
    held_until: datetime | None
    last_sent_at: datetime | None


@dataclass(frozen=True)
class Revealed:
    """A destination, and the secrets that were made for it just now: never to be had again."""

    destination: DestinationRecord
    secrets: Mapping[str, Any] = field(repr=False)
