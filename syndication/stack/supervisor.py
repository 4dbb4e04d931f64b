"""Runs the processes of one machine: starts them, shows their output, restarts them, stops them in order."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO

from syndication import clock
from syndication.content.characters import legible
from syndication.stack.redis_server import Broker

_LOOK = 0.2
_LONGEST_PAUSE = 30.0
#: A process that ran this long (seconds) before it died is restarted at once.
_STEADY = 60.0


@dataclass(frozen=True)
class Part:
    """One process: its name, its command line, and how long (seconds) it may take to stop before it is killed.

    `nice` is what it adds to its niceness: how readily it leaves the processor to others. `beside`: it is stopped together
    with the part before it.
    """

    name: str
    command: Sequence[str]
    grace: float = 10.0
    nice: int = 0
    beside: bool = False


@dataclass
class _Running:
    part: Part
    process: subprocess.Popen[bytes]
    started: float
    deaths: int = 0
    restart_at: float | None = None
    reader: threading.Thread | None = field(default=None, repr=False)


class Supervisor:
    """Runs `parts` in their order; they are stopped in the same order, each fully before the next that is not beside it.

    `say` takes each line of output with the part's name; `broker` is held up with them. Not `gently`: all are killed at
    once, with what they have on the wire. Start, watch and stop from one thread: the children are tied to it.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        environment: Mapping[str, str],
        say: Callable[[str, str], None],
        broker: Broker | None = None,
        *,
        gently: bool = True,
    ) -> None:
        self._parts, self._say, self._broker, self._gently = parts, say, broker, gently
        self._environment = {**os.environ, "PYTHONUNBUFFERED": "1", **environment}
        self._running: list[_Running] = []

    def __enter__(self) -> "Supervisor":
        self._running = [_Running(part, self._start(part), clock.monotonic()) for part in self._parts]
        return self

    def __exit__(self, *_: object) -> None:
        together: list[_Running] = []
        for running in self._running:
            if self._gently and not running.part.beside:
                self._stop(together)
                together = []
            together.append(running)
        self._stop(together)

    def pids(self) -> dict[str, int]:
        """The process ids by name, as they are now."""
        return {running.part.name: running.process.pid for running in self._running}

    def watch(self, ended: threading.Event) -> None:
        """Restart what dies until `ended` is set."""
        while not ended.wait(_LOOK):
            self.tend()

    def tend(self) -> None:
        """One look at all parts."""
        now = clock.monotonic()
        if self._broker is not None and self._broker.revive():
            self._say("broker", "had ended; it was started again, and nothing is lost")
        for running in self._running:
            if running.restart_at is not None:
                if now >= running.restart_at:
                    running.process, running.started = self._start(running.part), now
                    running.restart_at = None
            elif (code := running.process.poll()) is not None:
                running.deaths = 1 if now - running.started > _STEADY else running.deaths + 1
                pause = 0.0 if running.deaths == 1 else min(2.0 ** (running.deaths - 2), _LONGEST_PAUSE)
                running.restart_at = now + pause
                self._say(running.part.name, f"ended with {code}; starts again in {pause:.0f} s")

    def _start(self, part: Part) -> subprocess.Popen[bytes]:
        command = [
            sys.executable,
            "-m",
            "syndication.stack.tied",
            str(os.getpid()),
            str(part.nice),
            *part.command,
        ]
        process = subprocess.Popen(  # noqa: S603 -- our own command lines
            command,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C comes to us alone; we stop them in order
        )
        assert process.stdout is not None
        threading.Thread(target=self._relay, args=(part.name, process.stdout), daemon=True).start()
        return process

    def _relay(self, name: str, output: IO[bytes]) -> None:
        with output:
            for line in output:
                self._say(name, legible(line.decode("utf-8", "replace").rstrip("\r\n")))

    def _stop(self, together: Sequence[_Running]) -> None:
        """End these side by side, each within its grace."""
        alive = [running for running in together if running.process.poll() is None]
        for running in alive:
            if self._gently:
                running.process.terminate()
            else:
                _kill(running.process)
        began = clock.monotonic()
        for running in alive:
            try:
                running.process.wait(max(0.0, began + running.part.grace - clock.monotonic()))
            except subprocess.TimeoutExpired:
                self._say(running.part.name, f"did not stop within {running.part.grace:.0f} s and is killed")
                _kill(running.process)
                running.process.wait()


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End it at once, and whatever it forked, which is in its group (`start_new_session`)."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def python(module: str, *arguments: str) -> list[str]:
    """The command line of a Python module under this interpreter."""
    return [sys.executable, "-m", module, *arguments]
