"""The HTTP server, with a limit on everything: slow requests, unread answers, number of connections."""

import json
import resource
from asyncio import BaseTransport, Protocol, TimerHandle, Transport
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from syndication.web.problems import MEDIA_TYPE

#: What the process needs beside connections: databases, the broker, websites that are asked for pictures.
_OTHER_FILES = 200
_WISHED_FILES = 8192
#: A head is a few kB; uvicorn's faster parser knows no bound of its own.
_LONGEST_HEAD, _LONGEST_REST = 32_768, 12_000_000


@dataclass(frozen=True)
class Patience:
    """Seconds: for a request's head, for the next request on a kept connection, and for a reader to take `least` bytes.

    `connections` are open at most at once; 0: as many as the process may have files.
    """

    head: float = 10.0
    idle: int = 5
    reader: float = 20.0
    least: int = 20_000
    connections: int = 0


_SLOW = "The request did not arrive within {:g} seconds."
_UNREADABLE = "The request is not HTTP that can be read here."
_FULL = "Too many are connected at the moment. Please try again in a few seconds."

if TYPE_CHECKING:
    from uvicorn.protocols.http.h11_impl import H11Protocol as _Base
else:
    # h11 in Python, or httptools where it is installed: both call these methods.
    _Base = AutoHTTPProtocol


class Patient(_Base):
    """uvicorn's protocol with an end to each wait. uvicorn itself ends only the wait between two requests."""

    def __init__(self, patience: Patience, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._patience = patience
        self._waiting: TimerHandle | None = None
        self._reading: TimerHandle | None = None
        self._head, self._full = 0, False
        self._since = 0.0
        self._left = 0

    # The head

    def connection_made(self, transport: BaseTransport) -> None:
        """A new connection; where there are too many, the one that has waited longest without a request goes."""
        super().connection_made(cast("Transport", transport))
        # Said when something was asked: whoever has not been heard yet does not listen.
        self._full = len(self.connections) > self._patience.connections and not self._make_room()
        self._expect()

    def data_received(self, data: bytes) -> None:
        """Some bytes of a request."""
        if self._full:
            self._refuse(503, _FULL)
            return
        super().data_received(data)
        if self._busy():
            self._head = 0
            self._cancel_waiting()
            return
        self._expect()
        self._head += len(data)
        # Behind an answer that came early the rest of its request is thrown away, and may be longer.
        if self._head > (_LONGEST_HEAD if self.cycle is None else _LONGEST_REST):
            self._refuse(431, _UNREADABLE)

    def on_response_complete(self) -> None:
        """An answer was handed over; whether it is read is another question."""
        super().on_response_complete()
        self._head = 0
        if not self._busy():
            self._expect()
        self._watch_reader()

    def connection_lost(self, exc: Exception | None) -> None:
        """The end."""
        self._cancel_waiting()
        if self._reading is not None:
            self._reading.cancel()
        super().connection_lost(exc)

    @property
    def idle_since(self) -> float | None:
        """Since when this connection waits for a whole head, on the loop's clock; None while one is being answered."""
        return self._since if self._waiting is not None else None

    def _busy(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _expect(self) -> None:
        """A head must come whole within its time, however many bytes of it came already."""
        if self._waiting is None and not self.transport.is_closing():
            self._since = self.loop.time()
            self._waiting = self.loop.call_later(self._patience.head, self._too_slow)

    def _cancel_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _too_slow(self) -> None:
        self._waiting = None
        if self.cycle is None:
            self._refuse(408, _SLOW.format(self._patience.head))
        else:
            self._end()

    def _make_room(self) -> bool:
        waiting = [one for one in self.connections if isinstance(one, Patient) and one.idle_since is not None]
        if not waiting:
            return False
        min(waiting, key=lambda one: one.idle_since or 0.0)._end()
        return True

    # The reader

    def pause_writing(self) -> None:
        """The transport holds more than it likes: the reader is slow."""
        super().pause_writing()
        self._watch_reader()

    def _watch_reader(self) -> None:
        left = self.transport.get_write_buffer_size()
        if left and self._reading is None:
            self._left = left
            self._reading = self.loop.call_later(self._patience.reader, self._has_read)

    def _has_read(self) -> None:
        self._reading = None
        left = self.transport.get_write_buffer_size()
        if left > self._left - self._patience.least and left:
            # What waits for this reader is thrown away; closing politely would wait for it.
            self.transport.abort()
        else:
            self._watch_reader()

    # Answers of this level

    def send_400_response(self, msg: str) -> None:
        """uvicorn's answer to what is no HTTP, in our form."""
        self._refuse(400, _UNREADABLE)

    def _refuse(self, status: int, detail: str) -> None:
        self._cancel_waiting()
        if self.transport.is_closing():
            return
        if not self._busy():  # else it would stand in the middle of an answer
            self.transport.write(_answer(status, detail))
        self._end()

    def _end(self) -> None:
        self._cancel_waiting()
        self.transport.close()
        self._watch_reader()


def _answer(status: int, detail: str) -> bytes:
    """A problem document with its head, for a connection on which no request was understood."""
    title = HTTPStatus(status).phrase
    body = json.dumps({"type": "about:blank", "title": title, "status": status, "detail": detail}).encode()
    head = (
        f"HTTP/1.1 {status} {title}",
        f"Content-Type: {MEDIA_TYPE}",
        f"Content-Length: {len(body)}",
        "Connection: close",
        "Cache-Control: no-store",
        "X-Content-Type-Options: nosniff",
        *(("Retry-After: 5",) if status == 503 else ()),
    )
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def config(app: Any, patience: Patience, **given: Any) -> uvicorn.Config:
    """How uvicorn serves `app`: with these ends, without saying what it is, and without WebSockets, which nothing uses."""
    limited = patience if patience.connections else _as_many_as_files(patience)
    return uvicorn.Config(
        app,
        http=cast("type[Protocol]", partial(Patient, limited)),
        ws="none",
        timeout_keep_alive=limited.idle,
        timeout_graceful_shutdown=5,
        server_header=False,
        access_log=False,
        **given,
    )


def serve(app: str, *, host: str, port: int, proxies: str, patience: Patience) -> None:
    """Serve the app that the factory `app` makes until SIGINT or SIGTERM. `proxies`: whose X-Forwarded-For is believed."""
    uvicorn.Server(
        config(app, patience, factory=True, host=host, port=port, forwarded_allow_ips=proxies)
    ).run()


def _as_many_as_files(patience: Patience) -> Patience:
    """As many connections as there are files to be had, some left for everything else."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wished = _WISHED_FILES if hard == resource.RLIM_INFINITY else min(_WISHED_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wished:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wished, hard))
        soft = wished
    files = _WISHED_FILES if soft == resource.RLIM_INFINITY else min(soft, _WISHED_FILES)
    most = max(50, min(files - _OTHER_FILES, 2000))
    return Patience(patience.head, patience.idle, patience.reader, patience.least, most)
