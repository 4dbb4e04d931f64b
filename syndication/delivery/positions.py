"""Records how far each lane got, so that a killed process costs at most one duplicate; on SQLite in a mapped file.

SQLite has one writer at a time; a tick after every mail would have all senders wait for each other. After a power cut the
last ticks in the file may be missing, after kill -9 none is. On PostgreSQL, which may be stopped while its clients live,
ticks wait for the disk; those that come while others wait for it share the next statement.
"""

import hashlib
import mmap
import os
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from syndication.delivery.write_batches import Rounds
from syndication.infra import db

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
    if db.engine().dialect.name == "postgresql":
        return _rounds[column].put((lease_id, owner, delivery_id))
    return bool(db.tick(_ONE.format(column), delivery_id, lease_id, owner))


def take(lease_id: int, owner: str, known: Reached) -> Reached:
    """How far the lane of `owner` got, who can note nothing any more; `known` is what its row says."""
    file = _file()
    return file.take(lease_id, owner) if file is not None else known


#: A lease, its owner, and the delivery that it got to.
_Note = tuple[int, str, int]


_ONE = "UPDATE leases SET {} = ? WHERE id = ? AND owner = ? RETURNING id"
#: Rows are locked in the order of their ids, as everywhere, so that two who write several never wait for each other. Numbers
#: come as text: half of what lists cost to hand over.
_SEVERAL = """
    WITH notes AS (SELECT * FROM unnest(?::bigint[], ?::bigint[]) AS n (id, reached)),
    mine AS (SELECT id, reached FROM leases JOIN notes USING (id) WHERE owner = ? ORDER BY id FOR UPDATE OF leases)
    UPDATE leases SET {} = reached FROM mine WHERE leases.id = mine.id RETURNING leases.id
"""


def _together(column: Column) -> Callable[[list[_Note]], list[_Note]]:
    one, several = _ONE.format(column), _SEVERAL.format(column)

    def write(notes: list[_Note]) -> list[_Note]:
        found: list[tuple[int]] = []
        for owner in {owner for _, owner, _ in notes}:  # mostly all of a process are one owner's
            mine = {lease_id: reached for lease_id, whose, reached in notes if whose == owner}
            if len(mine) == 1:
                ((lease_id, reached),) = mine.items()
                found += db.tick(one, reached, lease_id, owner)
            else:
                found += db.tick(several, _array(mine.keys()), _array(mine.values()), owner)
        standing = {lease_id for (lease_id,) in found}
        return [note for note in notes if note[0] in standing]

    return write


def _array(numbers: Iterable[int]) -> str:
    return "{" + ",".join(map(str, numbers)) + "}"


_rounds: dict[Column, Rounds[_Note]] = {
    "position": Rounds(_together("position")),
    "current": Rounds(_together("current")),
}


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
