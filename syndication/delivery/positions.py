"""How far each lane got, durable at once against a killed process: on SQLite in a file that is mapped into memory.

SQLite has one writer at a time; a tick after every mail would have all senders wait for each other. After a power cut the
last ticks in the file may be missing, after kill -9 none is. On PostgreSQL, which may be stopped while its clients live,
a tick is a statement of its own that waits for the disk.
"""

import hashlib
import mmap
import os
import threading
from dataclasses import dataclass
from typing import Literal

from syndication import db

#: Places in the file. Leases count upwards, so two that stand at once share a place only if so many lie between them.
_PLACES = 1 << 16
#: Numbers of a place, 8 bytes each: whose it is, position, current.
_WIDTH = 3
#: Set in the first number once somebody else took the lease over.
_TAKEN = 1 << 63

Column = Literal["position", "current"]
_FIELDS: dict[Column, int] = {"position": 1, "current": 2}


@dataclass(frozen=True)
class Reached:
    """Everything up to delivery `position` was sent; `current` was about to be, or was, on the wire. 0: none."""

    position: int
    current: int


def note(lease_id: int, owner: str, column: Column, delivery_id: int) -> bool:
    """Note that a lane got so far; returns False where its lease was taken over, and nothing more may be sent."""
    if (file := _file()) is not None:
        return file.note(lease_id, owner, column, delivery_id)
    statement = f"UPDATE leases SET {column} = ? WHERE id = ? AND owner = ?"  # noqa: S608 -- one of two literals
    return db.tick(statement, delivery_id, lease_id, owner) == 1


def take(lease_id: int, owner: str, known: Reached) -> Reached:
    """How far the lane of `owner` got, who can note nothing any more; `known` is what its row says."""
    file = _file()
    return file.take(lease_id, owner) if file is not None else known


class _File:
    """The numbers of all leases of one SQLite database, shared by the processes of its machine."""

    def __init__(self, path: str) -> None:
        size = _PLACES * _WIDTH * 8
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if os.fstat(handle).st_size < size:
                os.ftruncate(handle, size)
            self._numbers = memoryview(mmap.mmap(handle, size)).cast("Q")
        finally:
            os.close(handle)

    def note(self, lease_id: int, owner: str, column: Column, delivery_id: int) -> bool:
        place, mine = lease_id % _PLACES * _WIDTH, _signature(lease_id, owner)
        if self._numbers[place] == mine | _TAKEN:
            return False
        if self._numbers[place] != mine:
            self._numbers[place + 1] = self._numbers[place + 2] = 0
            self._numbers[place] = mine
        self._numbers[place + _FIELDS[column]] = delivery_id
        return self._numbers[place] == mine

    def take(self, lease_id: int, owner: str) -> Reached:
        place, theirs = lease_id % _PLACES * _WIDTH, _signature(lease_id, owner)
        got = self._numbers[place] in (theirs, theirs | _TAKEN)
        self._numbers[place] = theirs | _TAKEN
        return Reached(self._numbers[place + 1], self._numbers[place + 2]) if got else Reached(0, 0)


def _signature(lease_id: int, owner: str) -> int:
    """63 bits that belong to this lease alone, also where a database that was restored counts its ids again."""
    digest = hashlib.blake2b(f"{lease_id} {owner}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") & (_TAKEN - 1)


_files: dict[str, _File] = {}
_lock = threading.Lock()


def _file() -> _File | None:
    """The file beside this process's database; None where that is no SQLite file."""
    url = db.engine().url
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return None
    with _lock:
        if url.database not in _files:
            _files[url.database] = _File(f"{url.database}-positions")
        return _files[url.database]
