"""The web app on a real socket, for what only shows when many ask at once or a client is not ours."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from syndication import clock
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
