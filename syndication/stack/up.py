"""The whole service on one machine: broker, web, workers, beat."""

import fcntl
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from syndication import destinations, migrations
from syndication.config import Settings, use
from syndication.delivery import restore_mark
from syndication.errors import Conflict
from syndication.infra import db, logs, private_files
from syndication.ops import alerts
from syndication.ops import broker as outside
from syndication.ops.celery_wakeups import MAIL_PROCESSES
from syndication.stack import redis_server
from syndication.stack.supervisor import Part, Supervisor, python

#: Workers finish what is on the wire first: Celery's soft shutdown takes up to 20 s.
_WORKER_GRACE = 30.0


def parts(cfg: Settings, host: str, port: int) -> list[Part]:
    """The processes of one machine, in the order they are stopped: first whoever takes new work, then all workers together.

    A worker of Celery's takes some two seconds to end where it has nothing to do: one after another would be fifteen.
    """
    return [
        Part("web", python("syndication.cli", "web", "--host", host, "--port", str(port))),
        Part("beat", python("celery", "-A", "worker", "beat", "--pidfile="), beside=True),
        # Nobody waits for a mail or a feed as for a page or a webhook: these leave the processor to the others.
        Part("mail", _worker("mail", "mail", min(cfg.mail_connections, MAIL_PROCESSES)), _WORKER_GRACE, nice=5),
        Part("push", _worker("push", "push", 1), _WORKER_GRACE, beside=True),
        # Processes of its own: a post waits neither behind a feed that is built nor behind one post for many readers.
        Part("fanout", _worker("fanout", "fanout", 2), _WORKER_GRACE, beside=True),
        # Also alone: whatever takes long elsewhere, what died is taken over and what is due is woken.
        Part("sweeps", _worker("sweeps", "sweeps", 1), _WORKER_GRACE, beside=True),
        Part("work", _worker("work", "feeds,housekeeping", 3), _WORKER_GRACE, nice=5, beside=True),
    ]  # fmt: skip


def _worker(name: str, queues: str, concurrency: int) -> list[str]:
    return python(
        "celery", "-A", "worker", "worker", "-n", f"{name}@%h", "-Q", queues, "-c", str(concurrency),
        "--without-gossip", "--without-mingle",
    )  # fmt: skip


@contextmanager
def running(
    cfg: Settings,
    host: str,
    port: int,
    environment: Mapping[str, str],
    say: Callable[[str, str], None],
    *,
    gently: bool = True,
) -> Iterator[Supervisor]:
    """Everything started, on a migrated database; ended with the block: in order, or killed where not `gently`.

    Raises Unavailable where a database or broker that the settings name does not answer, and Conflict where another
    runs in the same folder or at the same port.
    """
    private_files.process()
    private_files.folder(cfg.data_dir)
    with alone(cfg.data_dir), _broker(cfg, say) as server:
        prepare(cfg)
        _refuse_taken(host, port)
        known = {**environment, "SYNDICATION_BROKER_URL": server.url}
        with Supervisor(parts(cfg, host, port), known, say, server, gently=gently) as supervisor:
            yield supervisor


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Be the only one who runs a city from `folder`; the kernel frees the lock of a killed process. Raises Conflict."""
    with (folder / "up.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            who = file.read(20).strip() or "another one"
            raise Conflict(
                f"This city is running already: process {who} works in {folder.absolute()}. End it first, or set"
                " SYNDICATION_DATA_DIR to a folder of its own."
            ) from error
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def _refuse_taken(host: str, port: int) -> None:
    """Raise Conflict where somebody listens at the port already: the web process would start again and again."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Conflict(
                f"{host}:{port} cannot be used ({error.strerror}). Choose another port with --port."
            ) from error


@contextmanager
def _broker(cfg: Settings, say: Callable[[str, str], None]) -> Iterator[redis_server.Broker]:
    if cfg.broker_url:
        outside.check(cfg.broker_url)
        yield redis_server.Broker(cfg.broker_url, True, "the given one")
        return
    with redis_server.start(cfg.data_dir, tied=True) as server:
        if not server.real:
            say("broker", "no redis-server was found; a substitute in Python stands in and keeps nothing")
        yield server


def prepare(cfg: Settings) -> None:
    """Bring the database to the newest schema and make the city's own destinations.

    Raises Conflict where it is a backup that was restored and not settled.
    """
    use(cfg)
    url = cfg.resolved_database_url
    db.connect(url)
    if not url.startswith("sqlite"):
        db.check()
    migrations.upgrade(url)
    restore_mark.require_settled(cfg)
    destinations.ensure_built_in()
    db.engine().dispose()


def run(cfg: Settings, *, host: str = "127.0.0.1", port: int = 8000) -> None:
    """Serve until SIGINT or SIGTERM; data stays in the data directory."""
    logs.configure(cfg.log_level, cfg.log_format)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    # It watches as the web process does, also while that one is being started again.
    with running(cfg, host, port, {}, show) as supervisor, alerts.watching(cfg):
        show("up", f"{cfg.city_name} is served at http://{host}:{port} (public address {cfg.base_url})")
        supervisor.watch(ended)
        show("up", "stopping: first web, then the workers with what they have on the wire")


def show(name: str, line: str) -> None:
    """Print a line of a part's output behind its name."""
    sys.stdout.write(f"{name:<6}| {line}\n")
    sys.stdout.flush()
