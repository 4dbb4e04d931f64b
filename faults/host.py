"""A worker host: every part of a city but web, as `syndication up` runs them, with its supervisor in a thread of its own."""

import contextlib
import os
import signal
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Self

import psutil

from syndication import config
from syndication.stack import redis_server, up
from syndication.stack.supervisor import Supervisor

#: Whose processes hold mail connections and webhook connections.
SENDERS = ("mail", "push")


def end_in_order() -> None:
    """From now on SIGTERM ends this process as Ctrl-C does: with everything that it started."""

    def end(*_: object) -> None:
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)


class Host:
    """Parts that are started again when they die. `prefix` stands before each command line: where it runs."""

    def __init__(
        self,
        cfg: config.Settings,
        log: Path,
        *,
        without: Sequence[str] = ("web",),
        prefix: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        redis: redis_server.Broker | None = None,
        port: int = 1,
    ) -> None:
        self._parts = [
            replace(part, command=[*prefix, *part.command])
            for part in up.parts(cfg, "127.0.0.1", port)
            if part.name not in without
        ]
        self._environment = {**config.as_environment(cfg), **(environment or {})}
        self._log, self._redis = log, redis
        self._ended, self._ready = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._watch, name="host")

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait(30)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.die()

    def _watch(self) -> None:
        with self._log.open("a", encoding="utf-8") as log:

            def say(name: str, line: str) -> None:
                with contextlib.suppress(ValueError):  # a part's last words, after the end
                    print(f"{name}| {line}", file=log, flush=True)

            with Supervisor(self._parts, self._environment, say, self._redis) as self._supervisor:
                self._ready.set()
                self._supervisor.watch(self._ended)
                self.kill(self.pids())

    def die(self) -> int:
        """All of it at once, as when the power fails, and for good; returns how many processes were killed."""
        if self._ended.is_set():
            return 0
        count = len(self.processes())
        self._ended.set()
        self._thread.join(30)
        return count

    def pids(self) -> dict[str, int]:
        """The process ids by part, as they are now."""
        return self._supervisor.pids()

    def processes(self, *parts: str) -> list[psutil.Process]:
        """The processes of these parts, or of all: main ones and those of their pools."""
        found = []
        for name, pid in self.pids().items():
            if not parts or name in parts:
                with contextlib.suppress(psutil.NoSuchProcess):
                    main = psutil.Process(pid)
                    found += [main, *main.children(recursive=True)]
        return found

    def kill(self, parts: Sequence[str] | Mapping[str, int]) -> int:
        """kill -9 whole parts, pools and all; returns how many processes they were."""
        count = 0
        for name, pid in self.pids().items():
            if name in parts:
                count += len(self.processes(name))
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(pid, signal.SIGKILL)
        return count

    def kill_pool_process(self, chance: Random, *parts: str) -> str:
        """kill -9 one process of the pool of one of these parts; returns whose it was, "" where none was there."""
        name = chance.choice(parts)
        with contextlib.suppress(psutil.NoSuchProcess):
            if children := psutil.Process(self.pids()[name]).children():
                victim = chance.choice(children)
                victim.kill()
                return name
        return ""
