"""Removes secrets from what people read: dry runs, and answers that repeat what was sent."""

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlsplit

from syndication.channels.settings import Settings

_HIDDEN = b"(secret)"
#: What is shorter may stand in any text by chance.
_SHORTEST = 6


def secrets_of(chosen: Settings) -> tuple[bytes, ...]:
    """The secret texts of a destination, the longest first. Of a secret address also what a server gets to see of it."""
    found = {said for secret in _texts(chosen.secrets()) for said in (secret, _behind_host(secret))}
    return tuple(sorted((one.encode() for one in found if len(one) >= _SHORTEST), key=len, reverse=True))


def hide(data: bytes, secrets: Iterable[bytes]) -> bytes:
    """`data` with "(secret)" in place of each of `secrets`."""
    for secret in secrets:
        data = data.replace(secret, _HIDDEN)
    return data


def hide_in(text: str, secrets: Sequence[bytes]) -> str:
    """The same for a text, which may have been cut off within a secret."""
    data = hide(text.encode(), secrets)
    cut = max((_begun(data, secret) for secret in secrets), default=0)
    return (data[:-cut] + _HIDDEN if cut else data).decode()


def _begun(data: bytes, secret: bytes) -> int:
    """How many bytes of `secret` stand at the end of `data`."""
    return next((n for n in range(len(secret) - 1, _SHORTEST - 1, -1) if data.endswith(secret[:n])), 0)


def _behind_host(text: str) -> str:
    parts = urlsplit(text) if "://" in text else None
    return parts._replace(scheme="", netloc="").geturl() if parts else ""


def _texts(found: Any) -> Iterable[str]:
    if isinstance(found, str) and found:
        yield found
    for one in found.values() if isinstance(found, dict) else found if isinstance(found, list) else ():
        yield from _texts(one)
