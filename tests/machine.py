"""How fast the machine is at this moment, for bars in seconds of processor time that hold on a machine nobody else uses."""

import time
from collections.abc import Callable

#: What the piece of work below takes on such a machine (seconds).
_QUIET = 0.04


def slower() -> float:
    """How many times slower it is than that machine; 1 where it is as fast, or faster.

    Others on the machine cost even processor time: they share caches, and a core with two threads is no two cores.
    """
    started = time.process_time()
    for number in range(1_000_000):
        number + 1
    return max(1.0, (time.process_time() - started) / _QUIET)


def at_best(seconds: Callable[[], float], bar: float, tries: int = 3) -> float:
    """The least of some tries, as soon as one is below the bar: others on the machine make it seem more, and nothing less."""
    best = float("inf")
    for _ in range(tries):
        best = min(best, seconds() / slower())
        if best <= bar:
            break
    return best
