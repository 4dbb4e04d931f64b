"""What the operator sees, read from the tables alone, so that it survives every restart (P8)."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from syndication.insight.at_a_glance import Signs, is_post, owned_by, signs
from syndication.insight.health import (
    Beat,
    DestinationRow,
    destination,
    destinations,
    heartbeats,
    readers,
)
from syndication.insight.journey import Journey, ReaderCount, Stop, journey
from syndication.insight.ledger import (
    AttemptRow,
    DeliveryRow,
    Filters,
    MessageRow,
    attempts,
    deliveries,
    delivery,
    message,
    messages,
    titles,
    troubled,
)
from syndication.insight.prune import prune
from syndication.insight.queues import QueueRow, changes_waiting, queues
from syndication.insight.standing import DownRow, down, hearing
from syndication.insight.tallies import fold

if TYPE_CHECKING:
    from syndication.insight.metrics import exposition
    from syndication.insight.one_reader import ReaderRow, reader

__all__ = [
    "AttemptRow",
    "Beat",
    "DeliveryRow",
    "DestinationRow",
    "DownRow",
    "Filters",
    "Journey",
    "MessageRow",
    "QueueRow",
    "ReaderCount",
    "ReaderRow",
    "Signs",
    "Stop",
    "attempts",
    "changes_waiting",
    "deliveries",
    "delivery",
    "destination",
    "destinations",
    "down",
    "exposition",
    "fold",
    "hearing",
    "heartbeats",
    "is_post",
    "journey",
    "message",
    "messages",
    "owned_by",
    "prune",
    "queues",
    "reader",
    "readers",
    "signs",
    "titles",
    "troubled",
]

#: Imported when first asked for: few ask, and the libraries behind them take longer than most commands.
_LATER = {"exposition": "metrics", "reader": "one_reader", "ReaderRow": "one_reader"}


def __getattr__(name: str) -> Any:
    """One of `_LATER` (PEP 562)."""
    if name in _LATER:
        return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    raise AttributeError(f"module {__name__} has no attribute {name}")
