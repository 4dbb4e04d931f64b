"""Takes turns at writing to SQLite, which has one writer at a time: whoever is in a hurry goes first."""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from syndication import clock

#: Whoever is in no hurry lets others write first for so long (seconds), and looks so often whether they have.
_PATIENCE, _LOOK_AGAIN = 2.0, 0.002
_patient: ContextVar[bool] = ContextVar("in no hurry to write", default=False)


@contextmanager
def patiently(patient: bool = True) -> Iterator[None]:
    """What is written inside lets others write first, who are waited for; on SQLite alone, and for some seconds at most."""
    token = _patient.set(patient)
    try:
        yield
    finally:
        _patient.reset(token)


class Turn:
    """SQLite has one writer at a time. Left alone it lets the others sleep and ask again, up to 100 ms; a lock wakes them.

    Threads of this process queue at one lock, processes at a file beside the database; a killed process frees it. Whoever
    is in no hurry (`patiently`) first passes a gate, which is shut while others wait: one of them at most goes before.
    """

    def __init__(self, path: str) -> None:
        self._paths = {"turn": path, "gate": f"{path}-gate", "waiting": f"{path}-gate"}
        self._hasty = 0
        self.forget()
        self._files: dict[str, int] = {}
        self._pid = 0

    @contextmanager
    def take(self) -> Iterator[None]:
        """Be the writer for a moment."""
        # Everybody comes by the gate first and to the lock then, so that nobody waits in a circle.
        passed = _patient.get() and self._pass_gate()
        if not passed:
            self._hurry(1)
        try:
            self._lock.acquire()
            try:
                fcntl.flock(self._file("turn"), fcntl.LOCK_EX)
            except BaseException:
                self._lock.release()
                raise
        finally:
            if passed:
                fcntl.flock(self._file("gate"), fcntl.LOCK_UN)
                self._gate.release()
            else:
                self._hurry(-1)
        try:
            yield
        finally:
            fcntl.flock(self._file("turn"), fcntl.LOCK_UN)
            self._lock.release()

    def _hurry(self, more: int) -> None:
        """Keep the gate shut for others while a thread of this process waits."""
        with self._counting:
            if more > 0 and not self._hasty:
                fcntl.flock(self._file("waiting"), fcntl.LOCK_SH)
            self._hasty += more
            if not self._hasty:
                fcntl.flock(self._file("waiting"), fcntl.LOCK_UN)

    def _pass_gate(self) -> bool:
        """Wait until nobody waits who is in a hurry, and shut the gate behind; False where that takes too long."""
        deadline, pause = clock.monotonic() + _PATIENCE, threading.Event()
        if not self._gate.acquire(timeout=_PATIENCE):
            return False
        while True:
            try:
                fcntl.flock(self._file("gate"), fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if clock.monotonic() >= deadline:
                    self._gate.release()
                    return False
                pause.wait(_LOOK_AGAIN)
            else:
                return True

    def _file(self, name: str) -> int:
        with self._opening:
            if self._pid != os.getpid():  # a forked child must not share its parent's locks
                self._files, self._pid = {}, os.getpid()
            if name not in self._files:
                self._files[name] = os.open(self._paths[name], os.O_RDWR | os.O_CREAT, 0o600)
            return self._files[name]

    def forget(self) -> None:
        """Start anew in a forked child: a thread of the parent may have held the locks."""
        self._lock, self._gate, self._opening, self._counting = (threading.Lock() for _ in range(4))
        self._hasty = 0

    def close(self) -> None:
        """Let go of the files."""
        if self._pid == os.getpid():
            while self._files:
                os.close(self._files.popitem()[1])
