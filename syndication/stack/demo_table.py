"""The demo's table: what arrived where, how long it took, and where to look. It fills while things arrive."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rich.table import Table

from syndication.channels.built_in.feed.documents import CONTENT_TYPES
from syndication.config import Settings
from syndication.stack.demo_arrivals import Arrivals

#: Of a cancellation: a mail to each of the two readers, and a webhook.
_CORRECTIONS = 3


@dataclass(frozen=True)
class _Row:
    name: str
    what: str
    times: Sequence[float]
    where: str
    fine: bool


def complete(arrivals: Arrivals, expected: int) -> bool:
    """Whether every outlet got all it should, `expected` being the number of posts."""
    return all(row.fine for row in _rows(arrivals, expected, "", ""))


def table(arrivals: Arrivals, expected: int, cfg: Settings, folder: Path, *, ended: bool) -> Table:
    """The table as it stands; what is not there yet is missing only once it is `ended`."""
    made = Table(title=f"{cfg.city_name}: posted once, arrived everywhere", title_justify="left")
    for heading in ("channel", "what arrived", "ms: median", "longest", "where to look"):
        made.add_column(
            heading, justify="right" if heading in ("ms: median", "longest") else "left", overflow="fold"
        )
    for row in _rows(arrivals, expected, str(folder / "mails"), cfg.base_url):
        middle, longest = (f"{median(row.times):.0f}", f"{max(row.times):.0f}") if row.times else ("–", "–")
        made.add_row(
            row.name,
            row.what if row.fine or not ended else f"{row.what}  MISSING",
            middle,
            longest,
            row.where,
        )
    return made


def _rows(came: Arrivals, expected: int, mails: str, base_url: str) -> list[_Row]:
    webhooks, instant = len(came.webhook), len(came.instant)
    signed = (
        f"{came.unverified} NOT VALID"
        if came.unverified
        else "all signatures valid"
        if webhooks
        else "signed"
    )
    cancelled = came.cancelled.title if came.cancelled else "…"
    corrections = list(came.corrections.values())
    rows = [
        _Row(
            "webhook",
            f"{webhooks} of {expected} posts, {signed}",
            came.webhook,
            "verified by the receiver",
            webhooks == expected and not came.unverified,
        ),
        _Row(
            "newsletter, at once",
            f"{instant} of {expected} posts, mails: {came.mails}",
            list(came.instant.values()),
            mails,
            instant == expected,
        ),
        _Row(
            "newsletter, gathered",
            f"{len(came.digest)} edition of all that gathered for a daily reader",
            came.digest,
            mails,
            len(came.digest) == 1,
        ),
        _Row(
            "correction",
            f"“{cancelled}” cancelled: mail and webhook",
            corrections,
            mails,
            len(corrections) == _CORRECTIONS,
        ),
    ]
    for form in CONTENT_TYPES:
        took = [came.feeds[form]] if form in came.feeds else []
        rows.append(
            _Row(f"feed, {form}", "the newest post", took, f"{base_url}/feeds/all.{form}", bool(took))
        )
    rows.append(_Row("WebSub", f"{came.pings} pings to the hub", [], "received", bool(came.pings)))
    return rows
