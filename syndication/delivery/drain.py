"""Draining a queue: claim lanes and walk them side by side until nothing is due or the time is up."""

import contextlib
import fcntl
import os
import queue as queues
import socket
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

import structlog

from syndication import clock, feeds, gallery, prepared
from syndication.channels.doors import Tools
from syndication.config import Settings, settings
from syndication.content import new_id
from syndication.delivery import claim, record
from syndication.delivery.lane import Lane, Run
from syndication.delivery.memory import Memory
from syndication.http import Client
from syndication.limits import Buckets, redis_url
from syndication.mail import Outbox
from syndication.pictures import Pictures

_log = structlog.get_logger(__name__)
#: A send that takes longer than this (seconds) no longer counts against `push_threads`: a hung outlet holds up nobody.
_PATIENCE = 1.0
#: Threads one process may have in all, the patient ones included.
_MOST_THREADS = 256
#: How often (seconds) the tables are asked for new work while slow sends are awaited.
_GLANCE = 0.05


@lru_cache(maxsize=1)
def tools() -> Tools:
    """This process's doors to the world, made at their first use so that no forked child shares a socket."""
    cfg = settings()
    http = Client(timeout=cfg.http_timeout, allow_private=cfg.allow_private_addresses)
    return Tools(
        http=http,
        mail=Outbox(
            cfg.smtp_host,
            cfg.smtp_port,
            cfg.smtp_security,
            cfg.smtp_user,
            cfg.smtp_password.get_secret_value(),
            cfg.smtp_timeout,
        ),
        shelf=feeds.Shelf(),
        pictures=Pictures(http, cfg.data_dir / "pictures", gallery.own, prepared.Shelf()),
        memory=Memory(),
    )


@lru_cache(maxsize=1)
def _buckets() -> Buckets:
    return Buckets(redis_url(settings().resolved_broker_url))


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=_MOST_THREADS, thread_name_prefix="lane")


def drain(queue: str, *, seconds: float = 8.0) -> int:
    """Send what is due on `queue` for at most `seconds`, then wait for sends under way; returns how many lanes ran.

    One process of a worker drains a queue at a time, mail aside: others return at once, and this one sees their work.
    """
    ran = 0
    while True:
        with _alone(queue) as mine:
            if not mine:
                return ran
            lanes = _Drain(queue, settings()).run(seconds)
        ran += lanes
        # Somebody may have been turned away after our last look and before the lock was free.
        if lanes == 0 or not claim.due(queue):
            return ran


@contextlib.contextmanager
def _alone(queue: str) -> Iterator[bool]:
    """True where no sibling process of this worker drains `queue`; the kernel frees the lock of a killed one."""
    if queue in claim.SHARED:  # limited by the number of leases instead, over all hosts
        yield True
        return
    path = Path(tempfile.gettempdir()) / f"syndication-{os.getuid()}-{os.getppid()}-{queue}.lock"
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def _settle_one(run: Run) -> bool:
    return bool(record.settle([run], last=False))


class _Drain:
    """One drain: its lease owner's name, its running lanes, and the heartbeat that renews their leases."""

    def __init__(self, queue: str, cfg: Settings) -> None:
        self.queue, self.cfg = queue, cfg
        self.owner = f"{socket.gethostname()}/{os.getpid()}/{new_id().hex[-8:]}"
        self.running: set[Run] = set()
        self.done: queues.Queue[Run] = queues.Queue()
        self.ended = threading.Event()
        self.claimed_at = 0.0

    def run(self, seconds: float) -> int:
        deadline, ran = clock.monotonic() + seconds, 0
        heartbeat = threading.Thread(target=self._renew, name="heartbeat", daemon=True)
        heartbeat.start()
        try:
            while True:
                if clock.monotonic() < deadline:
                    for lane in self._claim():
                        self._start(lane)
                        ran += 1
                if not self.running:
                    return ran
                self._settle(self._ended())
        finally:
            self.ended.set()
            heartbeat.join()

    def _claim(self) -> list[Lane]:
        most = 1 if self.queue in claim.SHARED else self.cfg.push_threads
        busy = sum(1 for run in self.running if not self._patient(run))
        free = min(most - busy, _MOST_THREADS - len(self.running))
        # Lanes are claimed in handfuls: one transaction for six costs little more than for one.
        now = clock.monotonic()
        if free <= 0 or (free < most // 4 and now - self.claimed_at < _GLANCE):
            return []
        self.claimed_at = now
        return claim.claim(self.queue, self.owner, free, self.cfg)

    def _patient(self, run: Run) -> bool:
        since = run.sending_since
        return self.queue not in claim.SHARED and since is not None and clock.monotonic() - since > _PATIENCE

    def _start(self, lane: Lane) -> None:
        run = Run(lane, tools(), self.cfg, _settle_one, claim.withdrawn, _buckets())
        self.running.add(run)
        _pool().submit(self._walk, run)

    def _walk(self, run: Run) -> None:
        try:
            run.walk()
        except Exception:
            _log.exception("lane.broken", queue=self.queue, lease=run.lane.lease_id)
        finally:
            self.done.put(run)

    def _ended(self) -> list[Run]:
        """The runs that ended since the last look; waits a moment for the first."""
        found: list[Run] = []
        with contextlib.suppress(queues.Empty):
            found.append(self.done.get(timeout=_GLANCE))
            while True:
                found.append(self.done.get_nowait())
        return found

    def _settle(self, runs: list[Run]) -> None:
        """Write the last outcomes of all of them at once; one that cannot be written must not hold up the others."""
        if not runs:
            return
        try:
            record.settle(runs, last=True)
        except Exception:
            for run in runs if len(runs) > 1 else []:
                self._settle([run])
            if len(runs) == 1:
                _log.exception("lane.not_settled", queue=self.queue, lease=runs[0].lane.lease_id)
        self.running.difference_update(runs)

    def _renew(self) -> None:
        while not self.ended.wait(self.cfg.lease / 3):
            try:
                claim.renew(self.owner, self.cfg)
            except Exception:
                _log.exception("lease.not_renewed", queue=self.queue)
