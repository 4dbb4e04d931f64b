"""How often one network address may send a form. Counted in each web process by itself: a brake, no account."""

import threading
from collections import deque
from ipaddress import IPv6Address, ip_address, ip_network

from starlette.requests import Request

from syndication import clock
from syndication.errors import QuotaExceeded

_MOST_ADDRESSES = 10_000


class Brake:
    """Lets `most` visits of one network address through within `seconds`, and says `sentence` to those beyond."""

    def __init__(self, most: int, seconds: float, sentence: str) -> None:
        self._most, self._seconds, self._sentence = most, seconds, sentence
        self._visits: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    def count(self, request: Request) -> None:
        """Count a visit. Raises QuotaExceeded where there were too many."""
        now, who = clock.monotonic(), _network(request.client.host if request.client else "")
        with self._lock:
            if len(self._visits) > _MOST_ADDRESSES:
                self._visits.clear()
            recent = self._visits.setdefault(who, deque())
            while recent and recent[0] < now - self._seconds:
                recent.popleft()
            if len(recent) >= self._most:
                raise QuotaExceeded(self._sentence)
            recent.append(now)

    def release(self) -> None:
        """Forget all visits."""
        with self._lock:
            self._visits.clear()


SIGN_UPS = Brake(5, 3600, "There were too many sign-ups from here. Please try again in an hour.")
#: More than sign-ups: whoever tries out what interests them saves a few times.
NOTICES = Brake(20, 3600, "Notices were changed too often from here. Please try again in an hour.")


def _network(host: str) -> str:
    """One household is one IPv4 address, or one /64 of IPv6."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return str(ip_network(f"{host}/64", strict=False)) if isinstance(address, IPv6Address) else host
