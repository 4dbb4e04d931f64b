"""Reads from a page's address which deliveries are meant, and writes it there again."""

from datetime import timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, Field

from syndication import clock
from syndication.content.bounds import Few
from syndication.ledger.selection import Selection
from syndication.publishing import merchants

State = Literal["waiting", "sending", "sent", "failed", "dropped", "unconfirmed"]


class Asked(BaseModel):
    """The fields of the filter's form. `days` counts back from now; 0: however old."""

    state: Annotated[tuple[State | Literal[""], ...], Few(7)] = ()
    channel: Annotated[str, Field(pattern=r"^[a-z0-9_-]{0,40}$")] = ""
    outlet: UUID | Literal[""] = ""
    merchant: Annotated[str, Field(max_length=100)] = ""
    cause: Annotated[str, Field(pattern=r"^([0-9a-f]{16})?$")] = ""
    days: Annotated[int, Field(ge=0, le=400)] = 0

    def selection(self) -> Selection:
        """What it means. Raises NotFound for a merchant that there is not."""
        return Selection(
            states=tuple(one for one in self.state if one),
            channel=self.channel or None,
            destination_id=self.outlet or None,
            merchant_id=merchants.by_slug(self.merchant).id if self.merchant else None,
            cause=self.cause,
            since=clock.now() - timedelta(days=self.days) if self.days else None,
        )

    def fields(self) -> list[tuple[str, str]]:
        """Name and value of each that says something, for links and for hidden fields."""
        plain: dict[str, Any] = {
            "channel": self.channel, "outlet": self.outlet, "merchant": self.merchant, "cause": self.cause,
            "days": self.days,
        }  # fmt: skip
        return [("state", one) for one in self.state if one] + [
            (name, str(value)) for name, value in plain.items() if value
        ]


Chosen = Annotated[Asked, Query()]
