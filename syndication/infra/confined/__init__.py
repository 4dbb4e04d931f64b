"""Runs code that handles strangers' input in a child process that can read, reach and use next to nothing.

A module that is to be confined defines `answer(frame, ask)`: bytes in, bytes out; `ask` puts a question to whoever sent the
frame and returns what they reply. It is imported before the door is shut, so what it needs from the disk it loads then.
"""

import atexit
import os
import select
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Literal

from syndication import clock
from syndication.infra.confined import child as _inside

#: Largest frame in bytes, either way: an uploaded picture is smaller.
MOST_FRAME = 64_000_000
_HEAD = struct.Struct("!cI")

Why = Literal["busy", "slow", "memory", "died", "broken"]


class Failed(Exception):
    """No answer came. `why`: others were before it (`busy`), it took too long (`slow`), it wanted more memory than it may
    have (`memory`), its process ended (`died`), or `answer` raised something (`broken`)."""

    def __init__(self, why: Why, detail: str = "") -> None:
        super().__init__(f"{why}: {detail}" if detail else why)
        self.why = why


def _nothing(_question: bytes) -> bytes:
    raise Failed("broken", "it asked, and nobody replies to it")


class Child:
    """One confined process for `module`, started when it is first asked, kept, and started anew once it died.

    `memory` is what it may use beyond what it has when it is ready, in bytes. Safe in many threads, which take turns, and
    after a fork, which makes a child of its own. It ends by itself a minute after the last frame.
    """

    def __init__(self, module: str, *, memory: int) -> None:
        self._module, self._memory = module, memory
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0
        atexit.register(self.close)

    def ask(self, frame: bytes, *, seconds: float, reply: Callable[[bytes], bytes] = _nothing) -> bytes:
        """What the module answers within `seconds`, which count from here. `reply` answers its questions; their time counts.

        Raises Failed, and what `reply` raises; after either the process is gone.
        """
        deadline = clock.monotonic() + seconds
        if self._owner not in (0, os.getpid()):  # a forked child must not speak through its parent's pipe
            self._lock, self._process = threading.Lock(), None
        if not self._lock.acquire(timeout=seconds):
            raise Failed("busy")
        try:
            return self._asked(frame, deadline, reply)
        except BaseException:
            self._end()
            raise
        finally:
            self._lock.release()

    @property
    def pid(self) -> int | None:
        """The id of the process; None while there is none."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def close(self) -> None:
        """End the process."""
        if self._owner == os.getpid():
            self._end()

    def _asked(self, frame: bytes, deadline: float, reply: Callable[[bytes], bytes]) -> bytes:
        used = self._process is not None
        process = self._running()
        try:
            self._write(process, b"F", frame, deadline)
            kind, body = self._read(process, deadline)
        except Failed as failure:
            if not used or failure.why != "died":
                raise
            self._end()  # it had ended by itself, or died, since it was last asked
            process = self._running()
            self._write(process, b"F", frame, deadline)
            kind, body = self._read(process, deadline)
        while kind == b"Q":
            self._write(process, b"R", reply(body), deadline)
            kind, body = self._read(process, deadline)
        if kind == b"A":
            return body
        raise Failed("memory" if kind == b"M" else "broken", body.decode("utf-8", "replace"))

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._process is None or self._process.poll() is not None:
            self._end()
            self._process = _started(self._module, self._memory)
            self._owner = os.getpid()
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
            process.wait()

    @staticmethod
    def _write(process: "subprocess.Popen[bytes]", kind: bytes, body: bytes, deadline: float) -> None:
        assert process.stdin is not None
        pipe, rest = process.stdin.fileno(), memoryview(_HEAD.pack(kind, len(body)) + body)
        try:
            while rest:
                _wait(pipe, select.POLLOUT, deadline)
                rest = rest[os.write(pipe, rest) :]
        except BrokenPipeError as error:
            raise Failed("died") from error

    @staticmethod
    def _read(process: "subprocess.Popen[bytes]", deadline: float) -> tuple[bytes, bytes]:
        assert process.stdout is not None
        pipe = process.stdout.fileno()

        def exactly(size: int) -> bytes:
            parts, missing = [], size
            while missing:
                _wait(pipe, select.POLLIN, deadline)
                part = os.read(pipe, min(missing, 1 << 20))
                if not part:
                    raise Failed("died")
                parts.append(part)
                missing -= len(part)
            return b"".join(parts)

        kind, size = _HEAD.unpack(exactly(_HEAD.size))
        if size > MOST_FRAME:
            raise Failed("broken", f"a frame of {size} bytes")
        return kind, exactly(size)


def _wait(pipe: int, event: int, deadline: float) -> None:
    poll = select.poll()
    poll.register(pipe, event)
    if not poll.poll(max(0.0, (deadline - clock.monotonic()) * 1000)):
        raise Failed("slow")


def _started(module: str, memory: int) -> "subprocess.Popen[bytes]":
    """The process: no environment, no open files but its pipes, and our way to find modules."""
    path = os.pathsep.join(os.path.realpath(entry) for entry in sys.path)
    start = f"import sys; sys.path[:] = sys.argv[1].split({os.pathsep!r}); from {_inside.__name__} import serve; serve()"
    process = subprocess.Popen(  # noqa: S603 -- this interpreter, and a module of ours
        [sys.executable, "-I", "-B", "-X", "utf8", "-c", start, path, module, str(memory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={},
        cwd="/",
        start_new_session=True,  # Ctrl-C at the terminal is for the parent, which ends its children
    )
    assert process.stdin is not None
    os.set_blocking(process.stdin.fileno(), False)
    return process
