"""What a scenario is, and the one loop that measures them all: a steady load, what breaks, what came when."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from faults.host import Host
from faults.town import PAUSE, Town, pause, town
from syndication import clock
from tests.e2e.city import LEASE

#: Seconds before the fault, and after it, whose arrivals are compared.
BEFORE, AFTER = 6.0, 12.0
#: Seconds after which what has not come is lost.
PATIENCE = 90.0


@dataclass
class Damage:
    """What a fault did: how many kills, and how many sending connections may have died by them.

    `since`: the moment (seconds since 1970) recovery counts from, where it is not the fault's end.
    """

    kills: int = 0
    connections: int = 0
    since: float | None = None


@dataclass(frozen=True)
class Outcome:
    """What one run showed. `recovery` in seconds after the fault's end; `ratio` of arrivals a second after it to before it;
    None where it does not apply. `why` says in words what did not hold; empty: all did."""

    lost: int
    doubled: int
    kills: int
    recovery: float | None = None
    ratio: float | None = None
    why: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scenario:
    """One thing that breaks. `broken` and `holds` are said in the paper; `fault` breaks it and makes it whole again.

    `within`: most seconds until everything has come. `theirs`: its name in hardbyte's benchmark. `missing` says why it
    cannot be run here, or "". `run` measures in another way than the loop.
    """

    name: str
    broken: str
    holds: str
    fault: Callable[[Town, Host, Random], Damage] | None = None
    within: float = LEASE + 10.0
    databases: tuple[str, ...] = ("sqlite", "postgresql")
    theirs: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    before: Callable[[Town], None] = lambda _: None
    missing: Callable[[], str] = lambda: ""
    run: Callable[[str, int], Outcome] | None = None


def measure(scenario: Scenario, database: str, seed: int) -> Outcome:
    """One run."""
    if scenario.run is not None:
        return scenario.run(database, seed)
    with town(database, **scenario.settings) as one:
        one.people()
        host = one.start_host(redis=one.broker.server)
        scenario.before(one)
        return watched(one, host, scenario, seed)


def watched(one: Town, host: Host, scenario: Scenario, seed: int, every: float = PAUSE) -> Outcome:
    """`BEFORE` seconds of load, the fault, `AFTER` seconds of load, until all has come or is lost."""
    assert scenario.fault is not None
    with one.load(every):
        one.await_that(lambda: bool(one.seen().at), seconds=60, what="a first arrival")
        one.await_that(lambda: one.missing(_now() - 2.0) == 0, seconds=60, what="a warm town")
        begun = _now()
        pause(BEFORE)
        broke = _now()
        damage = scenario.fault(one, host, Random(seed))
        ended = _now()
        pause(AFTER)
        after = _now()
    deadline = clock.monotonic() + PATIENCE
    while one.missing(_now(), everywhere=True) and clock.monotonic() < deadline:
        pause(0.2)
    return judged(one, scenario, damage, (begun, broke), (ended, after))


def judged(
    one: Town, scenario: Scenario, damage: Damage, before: tuple[float, float], after: tuple[float, float]
) -> Outcome:
    """What came, held against what should have."""
    seen, spoilt = one.seen(), one.spoilt
    first = {key: min(moments) for key, moments in seen.at.items()}
    due = [(title, outlet) for title in one.published for outlet in one.outlets]
    lost = [key for key in due if key not in first]
    doubled = sum(len(seen.at[key]) - 1 for key in first if key[1] not in spoilt)
    strangers = [key for key, names in seen.named.items() if len(names) > 1]
    since = damage.since or after[0]
    old = [key for key in due if one.published[key[0]] <= since and key[1] not in spoilt]
    recovery = max([0.0, *(first[key] - since for key in old if key in first)])
    rates = [_rate(first, spoilt, *window) for window in (before, after)]
    why = []
    if lost:
        why.append(f"{len(lost)} lost, such as {lost[0]}")
    if doubled > damage.connections:
        why.append(f"{doubled} copies too many; {damage.connections} connections died")
    if strangers:
        why.append(f"{len(strangers)} repeats with another name than the first")
    if recovery > scenario.within:
        why.append(f"recovered after {recovery:.1f} s, not within {scenario.within:.0f} s")
    ratio = rates[1] / rates[0] if rates[0] else None
    return Outcome(len(lost), doubled, damage.kills, recovery, ratio, tuple(why))


def _rate(first: dict[tuple[str, str], float], spoilt: frozenset[str], begin: float, end: float) -> float:
    count = sum(begin <= at < end for (_, outlet), at in first.items() if outlet not in spoilt)
    return count / (end - begin)


def _now() -> float:
    return clock.now().timestamp()
