"""Nobody holds the service by doing nothing: half a head, an answer that is not read, a thousand connections."""

import contextlib
import os
import selectors
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
import uvicorn

from syndication import clock, config
from syndication.config import Settings
from syndication.web.server import Patience
from syndication.web.server import config as served_with
from tests.web.serving import serving

HALF = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Long: "


def connected(address: str) -> socket.socket:
    host, port = address.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=20)


def heard(connection: socket.socket) -> bytes:
    """All that the other side says until it closes."""
    said = b""
    with contextlib.suppress(ConnectionError):
        while part := connection.recv(65_536):
            said += part
    return said


def await_end(connections: list[socket.socket], seconds: float) -> int:
    """Wait until the other side has closed all connections; how many are still open after `seconds`."""
    deadline = clock.monotonic() + seconds
    with selectors.DefaultSelector() as waiting:
        for one in connections:
            one.setblocking(False)
            waiting.register(one, selectors.EVENT_READ)
        while waiting.get_map() and clock.monotonic() < deadline:
            for key, _ in waiting.select(0.2):
                try:
                    ended = not key.fileobj.recv(65_536)  # type: ignore[union-attr]  # sockets alone were registered
                except BlockingIOError:
                    continue
                except ConnectionError:
                    ended = True
                if ended:
                    waiting.unregister(key.fileobj)
        return len(waiting.get_map())


@contextmanager
def web_process(cfg: Settings, *arguments: str) -> Iterator[str]:
    """`syndication web` in a process of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "syndication.cli", "web", "--port", str(port), *arguments],
        env={**os.environ, **config.as_environment(cfg)},
    )
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = clock.monotonic() + 60
        while True:
            with contextlib.suppress(httpx2.HTTPError):
                if httpx2.get(f"{address}/healthz", timeout=5).status_code == 200:
                    break
            assert process.poll() is None, "the web process ended at once"
            assert clock.monotonic() < deadline, "the web process did not start within 60 s"
            threading.Event().wait(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(20)


@pytest.mark.enough("sqlite")
def test_two_hundred_half_heads_are_gone_and_hold_up_nobody(database: str, settings: Settings) -> None:
    cfg = settings.model_copy(update={"database_url": database})
    with web_process(cfg, "--head-seconds", "2") as address, contextlib.ExitStack() as open_:
        halves = [open_.enter_context(connected(address)) for _ in range(200)]
        for one in halves:
            one.sendall(HALF)
        assert httpx2.get(f"{address}/healthz", timeout=20).status_code == 200
        for one in halves:  # a byte now and then does not begin the time anew
            one.sendall(b"x")
        assert await_end(halves, seconds=20) == 0
        answer = httpx2.get(f"{address}/healthz", timeout=20)
        assert answer.status_code == 200
        assert "server" not in answer.headers


async def large(scope: Any, receive: Any, send: Any) -> None:
    """An app whose answer no socket takes at once."""
    body = b"x" * 30_000_000
    length = str(len(body)).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
    await send({"type": "http.response.body", "body": body})


async def quick(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


class Held:
    """An app that answers when it is let go."""

    def __init__(self) -> None:
        self.asked, self.released = threading.Semaphore(0), threading.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        import asyncio

        self.asked.release()
        await asyncio.to_thread(self.released.wait, 20)
        await quick(scope, receive, send)


def made(app: Any, patience: Patience) -> uvicorn.Server:
    return uvicorn.Server(served_with(app, patience, port=0, log_level="critical", lifespan="off"))


def server(app: Any, patience: Patience) -> Any:
    return serving(made(app, patience))


def test_half_a_head_behind_an_answer_ends_too() -> None:
    with server(quick, Patience(head=1, idle=30)) as address, connected(address) as one:
        one.sendall(HALF + b"\r\n\r\n")
        assert one.recv(65_536).startswith(b"HTTP/1.1 200")
        one.sendall(HALF)
        assert heard(one) in (b"", b"ok")


def test_a_connection_without_a_request_ends_after_a_while() -> None:
    with server(quick, Patience(head=30, idle=1)) as address, connected(address) as one:
        one.sendall(HALF + b"\r\n\r\n")
        assert b"200 OK" in heard(one)


def test_whoever_sends_half_a_head_is_told_and_left() -> None:
    with server(quick, Patience(head=1)) as address, connected(address) as one:
        one.sendall(HALF)
        said = heard(one)
    assert said.startswith(b"HTTP/1.1 408 ")
    assert b"within 1 seconds" in said


def test_an_answer_that_nobody_reads_is_thrown_away() -> None:
    running = made(large, Patience(reader=1))
    with serving(running) as address, socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one.settimeout(20)
        one.connect(("127.0.0.1", int(address.rpartition(":")[2])))
        one.sendall(HALF + b"\r\n\r\n")
        deadline = clock.monotonic() + 20
        while not running.server_state.total_requests:
            assert clock.monotonic() < deadline
            threading.Event().wait(0.05)
        while running.server_state.connections:
            assert clock.monotonic() < deadline, "it still waits for a reader that reads nothing"
            threading.Event().wait(0.05)


def test_a_slow_reader_gets_all_of_it() -> None:
    with server(large, Patience(reader=1)) as address, connected(address) as one:
        one.sendall(HALF + b"\r\nConnection: close\r\n\r\n")
        got = 0
        while part := one.recv(2_000_000):
            got += len(part)
            threading.Event().wait(0.1 if got < 20_000_000 else 0)
    assert got > 30_000_000


def test_where_too_many_are_connected_those_who_ask_nothing_go_first() -> None:
    with server(quick, Patience(head=30, connections=20)) as address, contextlib.ExitStack() as open_:
        for _ in range(60):
            open_.enter_context(connected(address)).sendall(HALF)
        assert httpx2.get(f"{address}/", timeout=20).status_code == 200


def test_where_all_are_being_answered_the_next_is_told_to_wait() -> None:
    app = Held()
    with server(app, Patience(connections=3)) as address, contextlib.ExitStack() as open_:
        for _ in range(3):
            open_.enter_context(connected(address)).sendall(HALF + b"\r\n\r\n")
            assert app.asked.acquire(timeout=20)
        try:
            answer = httpx2.get(f"{address}/", timeout=20)
        finally:
            app.released.set()
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert "try again" in answer.json()["detail"]


@pytest.mark.parametrize(
    "said",
    [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"GARBAGE\r\n\r\n", b"G\x00T / HTTP/1.1\r\n\r\n",
     b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"],
)  # fmt: skip
def test_what_is_no_http_is_told_so_in_words(said: bytes) -> None:
    with server(quick, Patience(head=2)) as address, connected(address) as one:
        one.sendall(said)
        answer = heard(one)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in answer
    assert b"nosniff" in answer
    assert b"server:" not in answer.lower()


def test_a_head_without_end_is_refused() -> None:
    with server(quick, Patience(head=10)) as address, connected(address) as one:
        with contextlib.suppress(ConnectionError):
            one.sendall(HALF + b"x" * 200_000)
        assert heard(one)[:12] in (b"HTTP/1.1 400", b"HTTP/1.1 431", b"")
