"""Pure rules of delivery: when to retry, when to hold an outlet, when to give up."""

from collections.abc import Sequence
from datetime import datetime
from statistics import median

#: Delays vary by this share, so that a fleet of failures does not return as one.
JITTER = 0.2
#: An outlet that asked for less, or did not answer in time, is left alone at least this long (seconds).
SLOW_FLOOR = 60.0
#: Plain failures in a row after which an outlet is held; slowness holds at once.
HOLD_FROM = 3
_FIRST_HOLD = 5.0
_LONGEST_HOLD = 300.0
#: An outlet whose answers take longer than this (seconds) is slow, and has a share of the slots.
SLOW = 2.0
#: How many of its last answers decide, by their median.
ANSWERS = 9
_SLOW_BATCH = 2
_MOST_DOUBLINGS = 6
_MAIL_SECONDS, _LEAST_MAILS, _FIRST_MAILS = 3.0, 10, 30
#: Longest wait of a correction (seconds).
_LONGEST_WAIT = 4 * 3600.0
#: A transaction of fan-out should take about this long (seconds), shorter where whoever else writes waits for its end.
_CHUNK_SECONDS, _CHUNK_SECONDS_ONE_WRITER = 0.2, 0.03
_LEAST_ROWS, _MOST_ROWS = 200, 5000
#: A delivery that was on the wire in this many workers that died is what kills them.
MOST_CRASHES = 3


def retry_delay(
    attempts: int,
    schedule: Sequence[float],
    *,
    after: float | None = None,
    slow: bool = False,
    chance: float = 0.5,
) -> float | None:
    """Seconds until the next try after `attempts` tries; None where the schedule is used up.

    `after` is the remote's Retry-After, clamped to [d, 2d] of the scheduled d and never undercut. `chance` in [0, 1)
    picks the jitter.
    """
    if attempts > len(schedule):
        return None
    scheduled = schedule[attempts - 1]
    if after is not None:
        return max(scheduled, min(after, 2 * scheduled)) * (1 + JITTER * chance)
    base = max(scheduled, SLOW_FLOOR) if slow else scheduled
    return base * (1 - JITTER + 2 * JITTER * chance)


def chunk(rows: int, took: float, *, one_writer: bool) -> int:
    """How many rows the next transaction takes, after one of `rows` took so many seconds.

    `one_writer`: nobody else can write meanwhile.
    """
    fitting = round(rows * (_CHUNK_SECONDS_ONE_WRITER if one_writer else _CHUNK_SECONDS) / max(took, 0.001))
    return max(_LEAST_ROWS, min(fitting, 2 * rows, _MOST_ROWS))


def hold(failures: int, *, after: float | None = None, slow: bool = False) -> float:
    """Seconds for which nothing more is sent to an outlet after its `failures`-th failure in a row; 0: go on.

    This is the breaker: it opens for this long, lets one delivery through as a probe, and closes on success.
    """
    if slow:
        seconds = _FIRST_HOLD * 2 ** min(failures - 1, 10)
    elif failures >= HOLD_FROM:
        seconds = _FIRST_HOLD * 2 ** min(failures - HOLD_FROM, 10)
    else:
        seconds = 0.0
    return float(min(max(seconds, after or 0.0), _LONGEST_HOLD))


def batch(failures: int, size: int, *, slow: bool = False) -> int:
    """How many deliveries to claim for an outlet: one, as a probe, while it is failing, and few where each takes long."""
    return 1 if failures else min(size, _SLOW_BATCH) if slow else size


def mail_batch(failures: int, size: int, answers: Sequence[int]) -> tuple[int, int]:
    """How many mails to claim for one connection at most, and at least where others could take some of them.

    At most what it sends in a few seconds, by how long (milliseconds) the last took; few while nothing is known.
    """
    if failures or not answers:
        few = batch(failures, min(size, _FIRST_MAILS))
        return few, few
    most = min(size, max(_LEAST_MAILS, int(_MAIL_SECONDS * 1000 / max(1.0, median(answers)))))
    return most, max(_LEAST_MAILS, most // 4)


def shares(count: int, ways: int, most: int, least: int) -> list[slice]:
    """`count` things in at most `ways` equal shares, each of at most `most`, and of at least `least` where there are enough."""
    each = max(
        1, min(most, -(-count // max(1, min(ways, count // least))))
    )  # nothing waits any more: no share
    return [slice(start, start + each) for start in range(0, count, each)]


def well_after(outages: int, seconds: float) -> float:
    """Seconds that an outlet must have worked to be called well again, after so many other outages lately.

    Twice as long for each: one that goes up and down is told of a few times a day, not at each turn.
    """
    return float(seconds * 2 ** min(outages, _MOST_DOUBLINGS))


def slow_share(slots: int) -> int:
    """How many of so many slots all slow outlets together may have: a quarter, and at least one."""
    return max(1, slots // 4)


def is_slow(answers: Sequence[int]) -> bool:
    """Whether an outlet is slow, by how long (milliseconds) its last answers took, whatever they said."""
    return bool(answers) and median(answers) > SLOW * 1000


def switched_off(failing_since: datetime | None, now: datetime, disable_after: float) -> bool:
    """Whether an outlet that failed without a single success since then is to be disabled."""
    return failing_since is not None and (now - failing_since).total_seconds() >= disable_after


def correction_wait(pause: float, repeats: int, left: float | None) -> float:
    """Seconds a correction to people waits for another one to take its place; `repeats`: corrections they got lately.

    Twice as long each time, up to some hours, and at most half of the time `left` until it would come too late; repeats
    wait for `pause` nonetheless.
    """
    wait: float = min(pause * 2 ** min(repeats, 20), max(pause, _LONGEST_WAIT))
    if left is not None:
        wait = min(wait, left / 2)
    return max(wait, pause) if repeats else wait


def is_over(over_at: datetime | None, now: datetime) -> bool:
    """Whether something has become stale (P4)."""
    return over_at is not None and over_at <= now
