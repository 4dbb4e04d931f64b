"""Drains a queue: claims lanes while slots are free, until nothing is due or time is up."""

import contextlib
import os
from functools import lru_cache

from syndication import clock
from syndication.config import Settings, settings
from syndication.delivery import claim, record
from syndication.delivery.lane import Lane, Run
from syndication.delivery.slots import Slots
from syndication.delivery.tools import sole_drain, tools
from syndication.delivery.width import Width
from syndication.delivery.write_batches import Rounds
from syndication.infra import sqlite_turns, wakeups
from syndication.infra.rate_limits import Buckets, redis_url

#: How often (seconds) the tables are asked for new work while lanes are under way.
_GLANCE = 0.05
#: How long (seconds) a process that is to end waits for what is on the wire.
_LAST = 25.0


@lru_cache(maxsize=1)
def _buckets() -> Buckets:
    return Buckets(redis_url(settings().resolved_broker_url))


_slots: dict[str, Slots] = {}
_widths: dict[tuple[str, int], Width] = {}


def _slots_of(queue: str) -> Slots:
    """This process's slots on a queue; a forked child makes its own."""
    found = _slots.get(queue)
    if found is None or found.process != os.getpid():
        found = _slots[queue] = Slots(queue, _run_of)
    return found


def _run_of(lane: Lane) -> Run:
    return Run(lane, tools(), settings(), _settling.put, claim.stopped, _buckets())


def _settled(runs: list[Run]) -> list[Run]:
    standing = record.settle(runs, last=False)
    return [run for run in runs if run.lane.lease_id in standing]


#: Lanes that must write in the midst of their walk share transactions: a server that refuses one in twenty has many do so.
_settling = Rounds(_settled)


def drain(queue: str, *, seconds: float = 8.0) -> int:
    """Claim and send what is due on `queue` for at most `seconds`; returns how many lanes were started.

    It ends when nothing is left to do, or after `seconds`, whichever comes first: lanes that are under way then go on by
    themselves, and the queue is woken for what is still due. One process of a worker drains a queue at a time, mail
    aside: others return at once, and this one sees their work.
    """
    # Mail is limited by the number of leases instead, over all hosts.
    free = contextlib.nullcontext(True) if queue in claim.SHARED else sole_drain(queue)
    with free as mine, sqlite_turns.patiently(queue in claim.PATIENT):
        if not mine:
            return 0
        started, more = _drain(_slots_of(queue), clock.monotonic() + seconds)
    # Somebody may have been turned away after our last look and before the lock was free.
    if more or claim.due(queue):
        wakeups.wake(queue)
    return started


def _drain(slots: Slots, deadline: float) -> tuple[int, bool]:
    """How many lanes were started, and whether the time was up before all was done."""
    cfg, started, looked_at = settings(), 0, 0.0
    while clock.monotonic() < deadline:
        most = _width(slots, cfg) if slots.queue in claim.SHARED else cfg.push_threads
        # Asked before the claim: a lane that ends in between leaves more to claim.
        busy = slots.running > 0
        ready, slow = slots.free(most)
        lanes: list[Lane] = []
        # Lanes are claimed in handfuls: one transaction for six costs little more than for one.
        if ready >= most / 4 or clock.monotonic() - looked_at >= _GLANCE:
            looked_at = clock.monotonic()
            lanes = claim.claim(slots.queue, slots.owner, ready, slow, cfg)
        for lane in lanes:
            slots.start(lane)
        started += len(lanes)
        if not lanes:
            if not busy:
                return started, False
            slots.wait(_GLANCE)
    return started, slots.running > 0


def _width(slots: Slots, cfg: Settings) -> int:
    """How many connections this process uses now; over all processes the leases count them."""
    width = _widths.setdefault((slots.owner, cfg.mail_connections), Width(cfg.mail_connections))
    if slots.was_refused():
        width.refused(clock.monotonic())
    return width.look(slots.sent(), slots.running, clock.monotonic())


def finish(seconds: float = _LAST) -> None:
    """Let all lanes of this process end after the send they are at; called when the process is to end."""
    for slots in list(_slots.values()):
        if slots.process == os.getpid():
            slots.finish(seconds)
