"""What people call a channel."""

from syndication import channels


def network(kind: str) -> str:
    """Its label; the kind itself where it is not installed any more."""
    return channels.by_kind(kind).label if channels.known(kind) else kind
