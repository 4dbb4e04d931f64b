"""What a reader can choose in a form, and how often a form may be sent."""

import threading
from collections import deque
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Literal

from pydantic import BaseModel, ConfigDict
from starlette.requests import Request

from syndication import clock
from syndication.content import WEEKDAYS, Cadence, Interest, Kind
from syndication.errors import QuotaExceeded
from syndication.readers import ReaderRecord

#: Sign-ups from one address within an hour. Counted in each web process by itself: a brake, no account.
_PER_HOUR = 5
_MOST_ADDRESSES = 10_000


class Choices(BaseModel):
    """The fields of the forms. No kind and no topic chosen means all of them."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    kinds: list[Kind] = []
    topics: list[str] = []
    rhythm: Literal["instantly", "daily", "weekly"] = "weekly"
    weekday: Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"] = "thu"
    hour: int = 7

    @classmethod
    def of(cls, reader: ReaderRecord) -> "Choices":
        """What a reader chose before."""
        cadence = Cadence.parse(reader.cadence)
        return cls(
            kinds=list(reader.interest.kinds),
            topics=list(reader.interest.topics),
            rhythm=cadence.rhythm,
            weekday=WEEKDAYS[3 if cadence.weekday is None else cadence.weekday],
            hour=7 if cadence.rhythm == "instantly" else cadence.hour,
        )

    def interest(self) -> Interest:
        """The interest; pydantic's ValidationError for what is no topic."""
        return Interest(kinds=tuple(self.kinds), topics=tuple(self.topics))

    def cadence(self) -> str:
        """The cadence in words that `Cadence.parse` takes."""
        if self.rhythm == "instantly":
            return "instantly"
        return (
            f"daily {self.hour:02d}:00"
            if self.rhythm == "daily"
            else f"weekly {self.weekday} {self.hour:02d}:00"
        )


NOTHING = Choices()
_DAYS = {
    "de": ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}

_visits: dict[str, deque[float]] = {}
_lock = threading.Lock()


def weekdays(language: str) -> list[tuple[str, str]]:
    """The days of the week: the form's value and the name."""
    return list(zip(WEEKDAYS, _DAYS[language], strict=True))


def count_visit(request: Request) -> None:
    """Raise QuotaExceeded where one network address signs up too often within an hour."""
    now, who = clock.monotonic(), _network(request.client.host if request.client else "")
    with _lock:
        if len(_visits) > _MOST_ADDRESSES:
            _visits.clear()
        recent = _visits.setdefault(who, deque())
        while recent and recent[0] < now - 3600:
            recent.popleft()
        if len(recent) >= _PER_HOUR:
            raise QuotaExceeded("There were too many sign-ups from here. Please try again in an hour.")
        recent.append(now)


def _network(host: str) -> str:
    """One household is one IPv4 address, or one /64 of IPv6."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return str(ip_network(f"{host}/64", strict=False)) if isinstance(address, IPv6Address) else host
