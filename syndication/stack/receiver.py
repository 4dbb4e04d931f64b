"""A webhook receiver that verifies what it gets: the demo's integrator, and the tests' remote with scripted faults."""

import asyncio
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

from syndication import clock

_BIGGEST_HEAD = 65_536


@dataclass(frozen=True)
class Request:
    """One request; header names are in lower case, `at` is the moment of its arrival in seconds since 1970."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    at: float
    #: What the official verifier of Standard Webhooks said: True, False, or None where no secret was set.
    verified: bool | None = None


@dataclass(frozen=True)
class Reply:
    """What the receiver answers. `delay` in seconds comes first; `hang` never answers, `close` ends the connection
    before anything is said, `cut` after so many bytes."""

    status: int = 204
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    delay: float = 0.0
    hang: bool = False
    close: bool = False
    cut: int | None = None


class Receiver:
    """An HTTP/1.1 server on `host` with kept-alive connections. `answer` decides about each request.

    `secrets` maps a path to its `whsec_` secret; what comes there is verified.
    """

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.requests: list[Request] = []
        self.secrets: dict[str, str] = {}
        self.answer: Callable[[Request], Reply] = lambda _: Reply()
        self.connections = 0
        self._host, self._port = host, port
        self._arrived = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None

    def __enter__(self) -> "Receiver":
        started: threading.Event = threading.Event()

        async def serve() -> None:
            self._server = await self._loop.create_server(
                lambda: _Connection(self), self._host, self._port, backlog=512
            )

        def run() -> None:
            asyncio.set_event_loop(self._loop)
            try:
                self._loop.run_until_complete(serve())
            except OSError:
                started.set()
                return
            # Said from within the lasting run: a stop that comes before it would be forgotten.
            self._loop.call_soon(started.set)
            self._loop.run_forever()

        self._thread = threading.Thread(target=run, name="receiver", daemon=True)
        self._thread.start()
        started.wait(10)
        if self._server is None:
            raise OSError(f"cannot listen on {self._host}:{self._port}")
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        if self._server is not None:
            self._server.close()
        for transport in [*_Connection.alive.get(id(self), set())]:
            transport.abort()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    @property
    def port(self) -> int:
        """Where it listens."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    def url(self, path: str = "/hook") -> str:
        """An address of this receiver."""
        return f"http://{self._host}:{self.port}{path}"

    def await_requests(self, count: int, *, seconds: float = 15.0) -> list[Request]:
        """The requests once `count` came. Raises TimeoutError that says how many did."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: len(self.requests) >= count, timeout=seconds):
                raise TimeoutError(f"{len(self.requests)} of {count} requests came within {seconds} s")
            return list(self.requests)

    def keep(self, request: Request) -> None:
        """Take one request in."""
        with self._arrived:
            self.requests.append(request)
            self._arrived.notify_all()

    def verify(self, path: str, headers: Mapping[str, str], body: bytes) -> bool | None:
        """What the official verifier says about a request; None where no secret is known for its path."""
        if (secret := self.secrets.get(path)) is None:
            return None
        try:
            Webhook(secret).verify(body, dict(headers))
        except WebhookVerificationError:
            return False
        return True


class _Connection(asyncio.Protocol):
    """One connection: reads requests with a Content-Length and answers them in their order."""

    alive: dict[int, set[Any]] = {}  # noqa: RUF012 -- every receiver's open connections, to close at its end

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._buffer = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._receiver.connections += 1
        self.alive.setdefault(id(self._receiver), set()).add(transport)

    def connection_lost(self, _: Exception | None) -> None:
        self.alive.get(id(self._receiver), set()).discard(self._transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (request := self._next()) is not None:
            self._receiver.keep(request)
            self._reply(self._receiver.answer(request))

    def _next(self) -> Request | None:
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            if len(self._buffer) > _BIGGEST_HEAD:
                self._transport.abort()
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {
            name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
        }
        length = int(headers.get("content-length", "0"))
        if len(rest) < length:
            return None
        self._buffer, body = rest[length:], rest[:length]
        method, path, *_ = first.split(" ")
        verified = self._receiver.verify(path, headers, body)
        return Request(method, path, headers, body, clock.now().timestamp(), verified)

    def _reply(self, reply: Reply) -> None:
        if reply.hang:
            return
        if reply.close:
            self._transport.abort()
            return
        lines = [f"HTTP/1.1 {reply.status} -", f"Content-Length: {len(reply.body)}"]
        lines += [f"{name}: {value}" for name, value in reply.headers.items()]
        data = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + reply.body
        if reply.cut is not None:
            self._transport.write(data[: reply.cut])
            self._transport.close()
        elif reply.delay:
            self._receiver._loop.call_later(reply.delay, self._transport.write, data)
        else:
            self._transport.write(data)
