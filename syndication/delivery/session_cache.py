"""Keeps network sessions and the like between two sends of a process; bounded, the oldest goes first."""

import threading
from collections import OrderedDict
from typing import Any

_MOST = 2000


class SessionCache:
    """A small dictionary for many threads; see channels.tools.SessionCache."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Any] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> Any:
        """What was kept under `key`, or None."""
        with self._lock:
            return self._kept.get(key)

    def put(self, key: str, value: Any) -> None:
        """Keep `value`, as the newest."""
        with self._lock:
            self._kept[key] = value
            self._kept.move_to_end(key)
            while len(self._kept) > _MOST:
                self._kept.popitem(last=False)
