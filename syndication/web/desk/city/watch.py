"""Keeps for some seconds what many open pages ask for, and asks those parts in the background that may take long to answer."""

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

import structlog
from fastapi import FastAPI
from starlette.responses import Response

from syndication import clock
from syndication.config import Settings
from syndication.content.reason import Reason
from syndication.infra import db
from syndication.insight.causes import CauseRow, causes
from syndication.insight.today import Today, today
from syndication.ops import doctor
from syndication.ops.finding import Finding

if TYPE_CHECKING:
    from starlette.requests import Request

_log = structlog.get_logger(__name__)
#: Seconds for which a page may be behind the tables. With the time between two looks at a part, and between two of an open
#: page, it stays below the half minute within which what is broken is said.
KEPT = 8.0
#: Parts that are asked over the network, and after how many seconds anew while somebody looks.
_QUICK, _SLOW = ("broker", "workers"), ("mail", "disk")
_QUICK_AGAIN, _SLOW_AGAIN = 8.0, 30.0
#: Parts that the tables tell of.
_TOLD = ("outlets", "beat", "clock")
#: What was asked so long ago (seconds) without an answer does not answer.
_TOO_LONG = 25.0
#: What was said longer ago (seconds) is no news.
_OLD = 60.0
_NO_ANSWER = Reason("It has not said anything for {} seconds.")


Value = TypeVar("Value")


class Kept(Generic[Value]):
    """A value that is made anew when it is older than some seconds; whoever else asks meanwhile waits for the same one."""

    def __init__(self, make: Callable[[], Value]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._at = float("-inf")
        self._value: Value | None = None

    def get(self) -> Value:
        """The value. Raises whatever making it raises, and forgets the one before then."""
        with self._lock:
            if self._value is None or clock.monotonic() - self._at >= KEPT:
                self._value = None
                self._value = self._make()
                self._at = clock.monotonic()
            return self._value


class Asked:
    """Findings about parts that may take seconds to answer: asked by a thread of its own, so that no page waits for them."""

    def __init__(self, cfg: Settings, parts: Collection[str], again: float) -> None:
        self._cfg, self._parts, self._again = cfg, parts, again
        self._lock = threading.Lock()
        self._found: list[Finding] = []
        self._asked_at = self._answered_at = float("-inf")
        self._asking = False

    def look(self) -> list[Finding]:
        """The newest answers; empty until one came lately. Asks anew where they are old."""
        now = clock.monotonic()
        with self._lock:
            if not self._asking and now - self._answered_at >= self._again:
                self._asking, self._asked_at = True, now
                threading.Thread(target=self._ask, name=f"asks {self._parts}", daemon=True).start()
            waited = now - self._asked_at
            if self._asking and waited >= _TOO_LONG:
                said = Reason(_NO_ANSWER, f"{waited:.0f}")
                return [Finding(part, "bad", said) for part in self._parts]
            return self._found if now - self._answered_at < _OLD else []

    def _ask(self) -> None:
        found = self._found
        try:
            found = list(doctor.look(self._cfg, parts=self._parts))
        except Exception as error:  # whatever a part does must not end the page that tells of it
            _log.exception("watch.failed", parts=self._parts)
            found = [Finding(part, "bad", Reason.quoted(type(error).__name__)) for part in self._parts]
        finally:
            with self._lock:
                self._found, self._answered_at, self._asking = found, clock.monotonic(), False


@dataclass(frozen=True)
class Seen:
    """What the page of today is made of. `findings` are the doctor's, in its words."""

    today: Today
    findings: list[Finding]


def _told(cfg: Settings) -> Seen:
    """What the tables tell. The queues are counted once, for their figures and for what is said of them."""
    with db.one_reading():
        now = today(cfg)
        return Seen(now, [*doctor.of_queues(now.queues), *doctor.look(cfg, parts=_TOLD)])


class Watch:
    """All that the city's pages keep in one process."""

    def __init__(self, cfg: Settings) -> None:
        self._quick, self._slow = Asked(cfg, _QUICK, _QUICK_AGAIN), Asked(cfg, _SLOW, _SLOW_AGAIN)
        self._told = Kept(lambda: _told(cfg))
        self._failing = Kept(causes)
        self._drawing = threading.Lock()
        self._drawn: dict[tuple[str, ...], tuple[float, bytes, dict[str, str]]] = {}

    def seen(self) -> Seen:
        """Today, with what every part said last."""
        told = self._told.get()
        return Seen(told.today, [*self._quick.look(), *told.findings, *self._slow.look()])

    def part(self, key: tuple[str, ...], make: Callable[[], Response]) -> Response:
        """What `make` answers, to all who ask for the same at about the same time; it must hold nothing that is one person's."""
        now = clock.monotonic()
        with self._drawing:
            at, body, headers = self._drawn.get(key, (float("-inf"), b"", {}))
            if now - at >= KEPT:
                answer = make()
                body, headers = bytes(answer.body), dict(answer.headers)
                self._drawn[key] = (now, body, headers)
        return Response(body, headers=headers)

    def failing(self) -> list[CauseRow]:
        """Everything that fails, by cause."""
        return self._failing.get()


_lock = threading.Lock()


def watch(request: "Request") -> Watch:
    """The one of this app."""
    app: FastAPI = request.app
    with _lock:
        found = getattr(app.state, "watch", None)
        if not isinstance(found, Watch):
            found = app.state.watch = Watch(app.cfg)  # type: ignore[attr-defined]  # ours, see web.app
        return found
