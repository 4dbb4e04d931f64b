"""Celery's processes for tests without their second of imports: one process imports everything, each part is a fork of it."""

import atexit
import contextlib
import gc
import importlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import psutil
from celery.beat import PersistentScheduler

ROOT = Path(__file__).parents[2]
#: What a worker and beat import while they start.
_NEEDED = (
    "worker", "celery.__main__", "celery.bin.celery", "celery.bin.worker", "celery.bin.beat", "celery.apps.worker",
    "celery.apps.beat", "celery.beat", "celery.concurrency.prefork", "kombu.transport.redis", "psycopg",
    "sqlalchemy.dialects.postgresql.psycopg", "sqlalchemy.dialects.sqlite.pysqlite", "syndication.tasks.consumer",
    "syndication.tasks.fanout", "syndication.tasks.delivery", "syndication.tasks.housekeeping",
    "syndication.tasks.posts", "syndication.tasks.signups", "billiard.pool", "billiard.popen_fork",
)  # fmt: skip


def start(arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> psutil.Process:
    """`celery` with these arguments, in a session of its own, as if the shell had started it."""
    nursery = _nursery(os.getpid())
    assert nursery.stdin is not None
    assert nursery.stdout is not None
    wish = {"arguments": list(arguments), "environment": dict(environment), "log": str(log)}
    nursery.stdin.write(json.dumps(wish).encode() + b"\n")
    nursery.stdin.flush()
    return psutil.Process(int(nursery.stdout.readline()))


def end(part: psutil.Process) -> None:
    """kill -9 a part and its pool."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(part.pid, signal.SIGKILL)
    part.wait(20)


@lru_cache(maxsize=1)
def _nursery(_pid: int) -> "subprocess.Popen[bytes]":
    nursery = subprocess.Popen(
        [sys.executable, "-m", "tests.e2e.nursery"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        start_new_session=True,
    )  # fmt: skip

    def close() -> None:
        with contextlib.suppress(OSError):
            nursery.communicate(timeout=10)

    atexit.register(close)
    return nursery


class Quick(PersistentScheduler):  # type: ignore[misc]  # celery ships no types
    """Beat with everything five times as often: recovery is seen in a test, as with its short lease."""

    def setup_schedule(self) -> None:
        """Shorten what beat_schedule.py says, then begin."""
        for entry in self.app.conf.beat_schedule.values():
            entry["schedule"] /= 5
        super().setup_schedule()


def main() -> None:
    """Fork a part for each line that comes, and say its process id."""
    for name in _NEEDED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel forgets parts that ended
    for line in sys.stdin:
        wish = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _become(wish["arguments"], wish["environment"], wish["log"])
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


def _become(arguments: list[str], environment: dict[str, str], log: str) -> None:
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(environment)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(source, target)
    sys.stdin, sys.stdout, sys.stderr = (
        os.fdopen(number, mode) for number, mode in ((0, "r"), (1, "w"), (2, "w"))
    )
    sys.argv = ["celery", *arguments]
    code = 1
    try:
        from celery.__main__ import main as celery

        celery()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)  # not the nursery's own way out


if __name__ == "__main__":
    main()
