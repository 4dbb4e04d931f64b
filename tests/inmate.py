"""A module to be confined by the tests: it does what each frame tells it to, as far as it can."""

import ctypes
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

#: Found before the door is shut, as a library's own code would have it.
native_open, native_socket, native_system = (
    getattr(ctypes.CDLL(None), name) for name in ("open", "socket", "system")
)


def answer(frame: bytes, ask: Callable[[bytes], bytes]) -> bytes:
    """`verb argument`, in words."""
    verb, _, argument = frame.decode().partition(" ")
    return str(ACTS[verb](argument, ask)).encode()


def _native(path: str) -> str:
    """Open past the interpreter, as native code that was taken over would."""
    handle = native_open(path.encode(), os.O_RDONLY)
    return os.read(handle, 100).decode() if handle >= 0 else "refused"


ACTS: dict[str, Callable[[str, Callable[[bytes], bytes]], object]] = {
    "echo": lambda argument, _: argument,
    "ask": lambda argument, ask: ask(argument.encode()).decode() + "!",
    "read": lambda argument, _: Path(argument).read_text(),
    "native": lambda argument, _: _native(argument),
    "native-socket": lambda argument, _: native_socket(int(argument), socket.SOCK_DGRAM, 0),
    "native-system": lambda argument, _: native_system(argument.encode()),
    "list": lambda argument, _: os.listdir(argument),
    "write": lambda argument, _: Path(argument).write_text("x"),
    "environment": lambda *_: dict(os.environ),
    "connect": lambda argument, _: socket.create_connection(("127.0.0.1", int(argument)), timeout=2),
    "run": lambda argument, _: subprocess.run(argument.split(), check=True, capture_output=True).stdout,
    "system": lambda argument, _: os.system(argument),
    "fork": lambda *_: os.fork(),
    "kill": lambda argument, _: os.kill(int(argument), 0),
    "take": lambda argument, _: len(bytearray(int(argument))),
    "print": lambda argument, _: print(argument) or sys.stdout.flush(),
    "sleep": lambda argument, _: time.sleep(float(argument)),
    "die": lambda *_: os._exit(3),
    "import": lambda argument, _: __import__(argument).__name__,
}
