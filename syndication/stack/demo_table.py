"""The demo's table: what arrived where, how long it took, and where to look."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from syndication.channels.built_in.feed.documents import CONTENT_TYPES
from syndication.config import Settings


@dataclass
class Arrivals:
    """What came at the demo's sinks; lists hold milliseconds from publishing, or from the slot, to arrival."""

    slot: datetime
    expected: int = 0
    webhook: list[float] = field(default_factory=list)
    unverified: int = 0
    instant: list[float] = field(default_factory=list)
    #: In how many mails these came.
    mails: int = 0
    digest: list[float] = field(default_factory=list)
    corrections: list[float] = field(default_factory=list)
    cancelled: str = ""
    feeds: dict[str, float] = field(default_factory=dict)
    pings: list[float] = field(default_factory=list)


def show(arrivals: Arrivals, cfg: Settings, folder: Path) -> bool:
    """Print the table; returns whether every outlet got all it should."""
    table = Table(title=f"{cfg.city_name}: posted once, arrived everywhere", title_justify="left")
    for heading in ("channel", "what arrived", "ms: median", "longest", "where to look"):
        table.add_column(
            heading, justify="right" if heading in ("ms: median", "longest") else "left", overflow="fold"
        )
    expected, mails = arrivals.expected, str(folder / "mails")
    signed = "all signatures valid" if not arrivals.unverified else f"{arrivals.unverified} NOT VALID"
    edition = f"newsletter, daily {arrivals.slot:%H:%M}"
    correction = f"“{arrivals.cancelled}” cancelled: mail and webhook"
    webhooks, instant = len(arrivals.webhook), len(arrivals.instant)
    rows: list[tuple[str, str, Sequence[float], str, bool]] = [
        ("webhook", f"{webhooks} of {expected} posts, {signed}", arrivals.webhook, "verified by the receiver",
         webhooks == expected and not arrivals.unverified),
        ("newsletter, at once", f"{instant} of {expected} posts, mails: {arrivals.mails}", arrivals.instant, mails,
         instant == expected),
        (edition, f"{len(arrivals.digest)} edition", arrivals.digest, mails, len(arrivals.digest) == 1),
        ("correction", correction, arrivals.corrections, mails, len(arrivals.corrections) == 2),
    ]  # fmt: skip
    for form in CONTENT_TYPES:
        took = [arrivals.feeds[form]] if form in arrivals.feeds else []
        rows.append(
            (f"feed, {form}", "the newest post", took, f"{cfg.base_url}/feeds/all.{form}", bool(took))
        )
    rows.append(("WebSub", f"{len(arrivals.pings)} pings to the hub", [], "received", bool(arrivals.pings)))
    for name, what, times, where, fine in rows:
        middle, longest = (f"{median(times):.0f}", f"{max(times):.0f}") if times else ("–", "–")
        table.add_row(name, what if fine else f"{what}  MISSING", middle, longest, where)
    console = Console()
    # Wide enough for whole addresses also where nobody looks at a terminal.
    (console if console.is_terminal else Console(width=140)).print(table)
    return all(fine for *_, fine in rows)
