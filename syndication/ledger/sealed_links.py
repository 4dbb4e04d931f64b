"""Links that let somebody in, as a letter holds them while it waits: encrypted, because letters are kept for long."""

from collections.abc import Mapping
from typing import Any

from syndication.config import settings
from syndication.infra.signing import Box

#: The name under which a letter's payload holds one.
FIELD = "connect"


def closed(url: str) -> str:
    """The address of a link, encrypted."""
    return _box().close({"url": url})


def opened(payload: Mapping[str, Any]) -> str:
    """The address in the payload of a letter; empty where it holds none that can be read."""
    try:
        return str(_box().open(str(payload.get(FIELD, ""))).get("url", ""))
    except ValueError:
        return ""


def _box() -> Box:
    return Box(settings().keys, "connect letter")
