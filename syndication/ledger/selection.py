"""Which deliveries somebody means: the same filter for a list of them, for a count, and for an act on all that match."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from sqlalchemy import ColumnElement

from syndication.content.reason import Reason
from syndication.ledger import likeness, replay
from syndication.models import Delivery


@dataclass(frozen=True)
class Selection:
    """What is None or empty narrows nothing; moments are aware and bound `created_at`, `until` is exclusive.

    `merchant_id` owns the outlet, so that it keeps an act within what is somebody's own. `cause` is a `likeness.mark`; it
    is compared here and not by the database (`alike`).
    """

    states: tuple[str, ...] = ()
    channel: str | None = None
    destination_id: UUID | None = None
    merchant_id: UUID | None = None
    cause: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def where(self) -> list[ColumnElement[bool]]:
        """The conditions, the cause aside."""
        found = replay.selected(
            channel=self.channel,
            destination_id=self.destination_id,
            merchant_id=self.merchant_id,
            since=self.since,
            until=self.until,
        )
        return [Delivery.state.in_(self.states), *found] if self.states else found

    def alike(self, reason: Reason) -> bool:
        """Whether a delivery with that reason is of the cause."""
        return not self.cause or likeness.mark(likeness.cause_of(reason)) == self.cause

    def stored(self) -> dict[str, Any]:
        """As a table keeps it."""
        plain = {name: str(value) for name in ("channel", "cause") if (value := getattr(self, name))}
        ids = {
            name: str(value) for name in ("destination_id", "merchant_id") if (value := getattr(self, name))
        }
        moments = {name: value.isoformat() for name in ("since", "until") if (value := getattr(self, name))}
        return {**plain, **ids, **moments, "states": list(self.states)}

    @classmethod
    def read(cls, kept: dict[str, Any]) -> Self:
        """What `stored` wrote."""
        found: dict[str, Any] = {**kept, "states": tuple(kept["states"])}
        found |= {name: UUID(kept[name]) for name in ("destination_id", "merchant_id") if name in kept}
        found |= {name: datetime.fromisoformat(kept[name]) for name in ("since", "until") if name in kept}
        return cls(**found)
