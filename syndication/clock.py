"""The only source of time, so that tests and benchmarks can move it."""

import time as _time
from datetime import UTC, datetime, timedelta

_offset = timedelta(0)


def now() -> datetime:
    """The current moment, aware, in UTC."""
    return datetime.now(UTC) + _offset


def monotonic() -> float:
    """Seconds from an arbitrary start that never jump; for durations and deadlines inside one process."""
    return _time.monotonic()


def offset() -> timedelta:
    """How far `travel` moved this process from the machine's clock."""
    return _offset


def travel(by: timedelta) -> None:
    """Move this process's clock by `by`, added to earlier moves. For tests: leases and schedules then pass at once."""
    global _offset  # noqa: PLW0603 -- one clock per process is the point of this module
    _offset += by


def reset() -> None:
    """Return to the machine's clock."""
    global _offset  # noqa: PLW0603 -- see travel
    _offset = timedelta(0)
