"""Names the feeds that a post stands in."""

from collections.abc import Iterator
from itertools import product


def scopes_of(kind: str, topics: tuple[str, ...], merchant: str) -> Iterator[str]:
    """Every scope that a post stands in: each facet may be named or not, always in the order kind, topic, merchant."""
    for one_kind, topic, slug in product(
        ("", f"kind/{kind}"), ("", *(f"topic/{topic}" for topic in topics)), ("", f"merchant/{merchant}")
    ):
        yield "/".join(part for part in (one_kind, topic, slug) if part) or "all"
