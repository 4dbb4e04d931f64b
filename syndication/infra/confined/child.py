"""The main loop inside a confined process: reads frames, answers them, and ends with its parent."""

import importlib
import os
import select
import struct
import sys

#: Seconds without a frame after which the process ends, so that none outlives a parent that was killed.
_IDLE = 60.0
_HEAD = struct.Struct("!cI")


def serve() -> None:
    """Load the module that the command line names, shut the door, and answer until the parent is gone."""
    from syndication.infra.confined import lockdown

    name, memory = sys.argv[2], int(sys.argv[3])
    into, out = os.dup(0), os.dup(1)
    # What a library prints must not get into the frames.
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    module = importlib.import_module(name)
    lockdown.shut(memory)

    def ask(question: bytes) -> bytes:
        _write(out, b"Q", question)
        return _read(into)[1]

    while select.select([into], [], [], _IDLE)[0]:
        _, frame = _read(into)
        try:
            kind, body = b"A", module.answer(frame, ask)
        except MemoryError:
            kind, body = b"M", b""
        except (
            Exception
        ) as error:  # whatever it is, the parent is told, and the next frame may be a better one
            kind, body = b"E", f"{type(error).__name__}: {error}"[:500].encode("utf-8", "replace")
        del frame
        _write(out, kind, body)


def _read(pipe: int) -> tuple[bytes, bytes]:
    kind, size = _HEAD.unpack(_exactly(pipe, _HEAD.size))
    return kind, _exactly(pipe, size)


def _exactly(pipe: int, size: int) -> bytes:
    found = bytearray()
    while len(found) < size:
        part = os.read(pipe, size - len(found))
        if not part:  # the parent is gone
            os._exit(0)
        found += part
    return bytes(found)


def _write(pipe: int, kind: bytes, body: bytes) -> None:
    rest = memoryview(_HEAD.pack(kind, len(body)) + body)
    while rest:
        rest = rest[os.write(pipe, rest) :]
