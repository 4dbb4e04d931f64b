"""Groups writes of many threads: what arrives while one batch is written goes into the next."""

import threading
from collections.abc import Callable, Collection
from typing import Generic, TypeVar

T = TypeVar("T")


class _Round(Generic[T]):
    """Things that are written together; `standing` are those of which `write` said so."""

    def __init__(self) -> None:
        self.things: list[T] = []
        self.standing: Collection[T] = ()
        self.error: BaseException | None = None
        self.done = threading.Event()


class Rounds(Generic[T]):
    """Who comes first in a round writes it once the round before is written, and all who came meanwhile go along.

    `write(things)` returns those that still stand. One thread never has two things in a round.
    """

    def __init__(self, write: Callable[[list[T]], Collection[T]]) -> None:
        self._write = write
        self._turn, self._lock = threading.Lock(), threading.Lock()
        self._next = _Round[T]()

    def put(self, one: T) -> bool:
        """Whether it still stood; returns when it is written. Raises what `write` raised, to all of a round."""
        with self._lock:
            mine, first = self._next, not self._next.things
            mine.things.append(one)
        if first:
            self._lead(mine)
        else:
            mine.done.wait()
        if mine.error is not None:
            raise mine.error
        return one in mine.standing

    def waiting(self) -> int:
        """How many wait for the next round."""
        with self._lock:
            return len(self._next.things)

    def _lead(self, mine: _Round[T]) -> None:
        try:
            with self._turn:
                with self._lock:
                    self._next = _Round()
                mine.standing = self._write(mine.things)
        except BaseException as error:  # whoever waits must hear of it, whatever it is
            mine.error = error
        finally:
            with self._lock:
                if self._next is mine:
                    self._next = _Round()
            mine.done.set()
