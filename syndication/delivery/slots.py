"""The slots of one process and queue: each runs one lane and is given back when that lane ends."""

import contextlib
import os
import queue as queues
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import structlog

from syndication import clock
from syndication.config import Settings
from syndication.content.base import new_id
from syndication.delivery import claim, record
from syndication.delivery.lane import Lane, Run
from syndication.infra import sqlite_turns
from syndication.ledger import policy

_log = structlog.get_logger(__name__)
#: Threads one process may have in all, those of outlets that hang included.
_MOST_THREADS = 256
#: How long (seconds) whoever writes outcomes waits for more, so that lanes that end together share a transaction.
_GATHER = 0.02
#: A keeper without a lane ends after this long (seconds); the next lane brings a new one.
_IDLE = 5.0


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=_MOST_THREADS, thread_name_prefix="lane")


class Slots:
    """Lanes under way; they outlive the drain that started them, so nobody waits for the last of them.

    `run_of` makes the Run of a lane. A keeper thread writes what ended and renews the leases of what has not.
    """

    def __init__(self, queue: str, run_of: Callable[[Lane], Run]) -> None:
        self.queue, self._run_of = queue, run_of
        self.process = os.getpid()
        self.owner = f"{socket.gethostname()}/{self.process}/{new_id().hex[-8:]}"
        self._running: set[Run] = set()
        self._cfg: Settings | None = None
        self._sent, self._refused = 0, False
        self._ended: queues.Queue[Run] = queues.Queue()
        self._changed = threading.Condition()
        self._keeper: threading.Thread | None = None

    @property
    def running(self) -> int:
        """How many lanes have not ended yet."""
        return len(self._running)

    def free(self, most: int) -> tuple[int, int]:
        """How many lanes of ready outlets, and how many of slow ones, may start while `most` slots are to be had.

        A send that takes longer than a ready outlet's is a slow one from that moment, and its slot is given to another.
        """
        with self._changed:
            runs = list(self._running)
        slow = sum(1 for run in runs if run.lane.slow or _hangs(run))
        room = max(0, _MOST_THREADS - len(runs))
        return min(room, max(0, most - (len(runs) - slow))), min(room, max(0, policy.slow_share(most) - slow))

    def sent(self) -> int:
        """How many deliveries went out since this process began."""
        with self._changed:
            return self._sent + sum(run.sent for run in self._running)

    def was_refused(self) -> bool:
        """Whether the outlet that all lanes share asked for less since the last time this was asked."""
        with self._changed:
            refused, self._refused = self._refused, False
            return refused

    def start(self, lane: Lane) -> None:
        """Walk a lane in a thread of its own."""
        run = self._run_of(lane)
        with self._changed:
            self._cfg = run.cfg
            self._running.add(run)
            if self._keeper is None:
                self._keeper = threading.Thread(
                    target=self._keep, name=f"keeper of {self.queue}", daemon=True
                )
                self._keeper.start()
        _pool().submit(self._walk, run)

    def wait(self, seconds: float) -> None:
        """Until a lane ended and was written down, or `seconds` passed."""
        with self._changed:
            self._changed.wait(seconds)

    def finish(self, seconds: float) -> None:
        """Let every lane end after the send it is at, and wait for that at most `seconds`."""
        deadline = clock.monotonic() + seconds
        with self._changed:
            for run in self._running:
                run.cancelled.set()
            while self._running and clock.monotonic() < deadline:
                self._changed.wait(max(0.0, deadline - clock.monotonic()))

    def _walk(self, run: Run) -> None:
        try:
            with sqlite_turns.patiently(self.queue in claim.PATIENT):
                run.walk()
        except Exception:
            _log.exception("lane.broken", queue=self.queue, lease=run.lane.lease_id)
        finally:
            self._ended.put(run)

    def _keep(self) -> None:
        with sqlite_turns.patiently(self.queue in claim.PATIENT):
            self._keep_on()

    def _keep_on(self) -> None:
        assert self._cfg is not None, "a keeper comes with a lane"
        renewed = idle_since = clock.monotonic()
        while True:
            for ended in _handfuls(self._gathered()):
                self._settle(ended)
            now = clock.monotonic()
            with self._changed:
                ids = [run.lane.lease_id for run in self._running]
                if ids:
                    idle_since = now
                elif now - idle_since > _IDLE:
                    self._keeper = None
                    return
            if ids and now - renewed > self._cfg.lease / 3:
                renewed = now
                self._renew(ids, self._cfg)

    def _gathered(self) -> list[Run]:
        found: list[Run] = []
        with contextlib.suppress(queues.Empty):
            found.append(self._ended.get(timeout=0.2))
            while True:
                found.append(self._ended.get(timeout=_GATHER))
        return found

    def _settle(self, runs: list[Run]) -> None:
        """Write the last outcomes of all of them at once; one that cannot be written must not hold up the others."""
        try:
            record.settle(runs, last=True)
        except Exception:
            if len(runs) > 1:
                for run in runs:
                    self._settle([run])
                return
            _log.exception("lane.not_settled", queue=self.queue, lease=runs[0].lane.lease_id)
        with self._changed:
            self._running.difference_update(runs)
            self._sent += sum(run.sent for run in runs)
            self._refused = self._refused or any(run.refused for run in runs)
            self._changed.notify_all()

    def _renew(self, lease_ids: list[int], cfg: Settings) -> None:
        try:
            claim.renew(self.owner, lease_ids, cfg)
        except Exception:
            _log.exception("lease.not_renewed", queue=self.queue)


def _handfuls(runs: list[Run]) -> Iterator[list[Run]]:
    """Runs that are written together: so many that whoever else writes does not wait long for the end."""
    found: list[Run] = []
    for run in runs:
        if found and sum(len(one.outcomes) for one in [*found, run]) > claim.MOST_ROWS:
            yield found
            found = []
        found.append(run)
    if found:
        yield found


def _hangs(run: Run) -> bool:
    since = run.sending_since
    return not run.lane.shared and since is not None and clock.monotonic() - since > policy.SLOW
