"""The outside world as a channel sees it: HTTP, mail, pictures and a session cache, opened by the process."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from syndication.infra.http import Client
from syndication.infra.images import Pictures
from syndication.infra.smtp import Outbox


class Shelf(Protocol):
    """Where finished feed documents lie; the process hands it in, so that channels know no database."""

    def refresh(self, scopes: Sequence[str]) -> int:
        """Build all documents of `scopes` that are not fresh; returns how many changed."""


class SessionCache(Protocol):
    """What a process keeps between two sends, such as a session at a network; lost with the process, never a truth."""

    def get(self, key: str) -> Any:
        """What was kept under `key`, or None."""

    def put(self, key: str, value: Any) -> None:
        """Keep `value`."""


@dataclass(frozen=True)
class Tools:
    """The doors to the world a send may use."""

    http: Client
    mail: Outbox
    shelf: Shelf
    pictures: Pictures
    sessions: SessionCache
