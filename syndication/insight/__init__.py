"""What the operator sees, read from the tables alone, so that it survives every restart (P8)."""

from syndication.insight.health import (
    Beat,
    DestinationRow,
    ReaderRow,
    destination,
    destinations,
    heartbeats,
    reader,
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
    troubled,
)
from syndication.insight.metrics import exposition
from syndication.insight.prune import prune
from syndication.insight.queues import QueueRow, changes_waiting, queues
from syndication.insight.standing import DownRow, down, hearing
from syndication.insight.tallies import fold

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
    "journey",
    "message",
    "messages",
    "prune",
    "queues",
    "reader",
    "readers",
    "troubled",
]
