"""Puts causes of failures into words: what fails where since when, how much waits for it, whose move it is, and what helps."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from syndication.content.reason import Reason
from syndication.infra.reasons import translated_reason
from syndication.infra.rendering import whole
from syndication.insight.causes import CauseRow, Move
from syndication.ledger.bulk import Act
from syndication.web.desk.city.names import network
from syndication.web.site import links

#: Whose move it is, for whoever reads it at the town hall.
MOVES: dict[Move, Reason] = {
    "operator": Reason("your move"),
    "merchant": Reason("the merchant's move"),
    "itself": Reason("nobody's move: it goes on by itself"),
}
#: How many are in that state.
COUNTED = {
    "waiting": Reason("waiting: {}"),
    "failed": Reason("did not arrive: {}"),
    "unconfirmed": Reason("perhaps arrived: {}"),
}
_CLOSED = {
    "paused": Reason("The outlet is paused: what waits goes out when somebody lets it go on."),
    "disabled": Reason("The outlet is switched off."),
}
DEVICES = Reason("People's devices")
#: What helps, in its order, by the state of what fails.
HELPS: dict[str, tuple[Act, ...]] = {
    "waiting": ("retry",),
    "failed": ("replay", "drop"),
    "unconfirmed": ("there", "replay", "drop"),
}


@dataclass(frozen=True)
class Cause:
    """One cause at one outlet, in words. `list` is where its deliveries stand, `query` what names them."""

    outlet: str
    #: Where something can be done about the outlet: its page, where it is the city's, else that of its owner.
    outlet_at: str
    network: str
    merchant: str | None
    state: str
    said: str
    counted: str
    count: int
    move: Move
    whose: str
    hint: str
    since: datetime
    last: datetime
    told_at: datetime | None
    helps: tuple[Act, ...]
    query: dict[str, str]

    @property
    def list(self) -> str:
        """The page of its deliveries."""
        return links.to("/desk/city/deliveries", **self.query)

    def act(self, name: str) -> str:
        """The page that counts what an act would be done to."""
        return links.to("/desk/city/acts/new", act=name, **self.query)


def shown_causes(rows: Sequence[CauseRow], language: str) -> "list[Cause]":
    """All of them, in the order given."""
    return [_cause(row, language) for row in rows]


def _outlet_at(row: CauseRow) -> str:
    if row.merchant is not None:
        return links.to("/desk/city/merchants", row.merchant)
    return links.to("/desk/city/outlets", str(row.destination_id)) if row.destination_id else ""


def _cause(row: CauseRow, language: str) -> Cause:
    closed = row.outlet_state != "active"
    query = {"state": row.state, "channel": row.channel, "cause": row.mark}
    if row.destination_id is not None:
        query["outlet"] = str(row.destination_id)
    return Cause(
        outlet=row.outlet or translated_reason(DEVICES, language),
        outlet_at=_outlet_at(row),
        network=network(row.channel),
        merchant=row.merchant_name,
        state=row.state,
        said=translated_reason(row.cause, language),
        counted=translated_reason(Reason(COUNTED[row.state], whole(row.count, language)), language),
        count=row.count,
        move=row.move,
        whose=translated_reason(MOVES[row.move], language),
        hint=translated_reason(_CLOSED[row.outlet_state], language) if closed else "",
        since=row.since or row.first_at,
        last=row.last_at,
        told_at=row.told_at,
        helps=() if row.state == "waiting" and closed else HELPS[row.state],
        query=query,
    )
