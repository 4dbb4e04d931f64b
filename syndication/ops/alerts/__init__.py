"""Tells the operators by itself what stands still or is about to, and when it is well again (docs/decisions/0049)."""

from syndication.ops.alerts.addressees import recipients
from syndication.ops.alerts.deciding import settle
from syndication.ops.alerts.parts import BESIDE, Seen, look
from syndication.ops.alerts.telling import deliver, test
from syndication.ops.alerts.watcher import Watcher, nudge, watching

__all__ = [
    "BESIDE",
    "Seen",
    "Watcher",
    "deliver",
    "look",
    "nudge",
    "recipients",
    "settle",
    "test",
    "watching",
]
