"""The web app on a real socket, for what only shows when many ask at once or a client is not ours."""

import contextlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import requests
import uvicorn

from syndication import clock, config
from syndication.config import Settings
from syndication.web import server as web_server
from syndication.web.app import create_app


@contextmanager
def served(settings: Settings) -> Iterator[str]:
    """The address of the app, served as in a city, in a thread, until the block ends."""
    given = {"port": 0, "log_level": "warning", "lifespan": "off"}
    config = web_server.config(create_app(settings), web_server.Patience(), **given)
    with serving(uvicorn.Server(config)) as address:
        yield address


@contextmanager
def serving(server: uvicorn.Server) -> Iterator[str]:
    """The address of a server that runs in a thread until the block ends."""
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = clock.monotonic() + 20
    while not server.started:
        assert thread.is_alive(), "uvicorn ended at once"
        assert clock.monotonic() < deadline, "uvicorn did not start within 20 s"
        thread.join(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)


@contextmanager
def served_apart(settings: Settings) -> Iterator[tuple[str, psutil.Process]]:
    """The same in a process of its own, as in a city; its address and the process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        "uvicorn",
        "syndication.asgi:create",
        "--factory",
        "--port",
        str(port),
        "--log-level",
        "warning",
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", *command], env={**os.environ, **config.as_environment(settings)}
    )
    base, deadline = f"http://127.0.0.1:{port}", clock.monotonic() + 60
    try:
        while True:
            with contextlib.suppress(requests.ConnectionError):
                requests.get(base, timeout=30)
                break
            assert process.poll() is None, "the web process ended at once"
            assert clock.monotonic() < deadline, "the web process did not start within 60 s"
            threading.Event().wait(0.05)
        yield base, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(20)
