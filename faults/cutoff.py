"""One of two worker hosts, in networks of their own, is cut off from database, broker and outlets, comes back and dies."""

import json
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import func, select

from faults import network
from faults.host import Host, end_in_order
from faults.scenario import Damage, Outcome, Scenario, watched
from faults.town import WEBHOOKS, Town, pause
from syndication import clock
from syndication.infra import db
from syndication.models import Lease
from syndication.stack import redis_server
from tests.e2e.city import LEASE
from tests.e2e.own_postgres import OwnPostgres

#: Seconds that nothing passes, and that the host has its wire again before it dies.
CUT, BACK = 40.0, 5.0
#: Readers, connections to the mail server, and seconds between two posts: at the cut a newsletter is always under way.
_READERS, _MAIL_CONNECTIONS, _EVERY = 40, 4, 1.5


def missing() -> str:
    """Why it cannot be run here; empty: it can."""
    return network.missing() or ("" if redis_server.program() else "needs redis-server")


def _run(_database: str, seed: int) -> Outcome:
    """In a process of its own, since networks belong to processes."""
    command = [sys.executable, "-m", "faults.cutoff", str(seed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            said, _ = process.communicate(timeout=600)
        finally:
            if process.poll() is None:  # it ends what it started
                process.terminate()
    found = json.loads(said.splitlines()[-1])
    return Outcome(**{**found, "why": tuple(found["why"])})


def main() -> None:
    """Print the outcome of one run as JSON."""
    end_in_order()
    network.enter_hub()
    with ExitStack() as parts:
        folder = Path(parts.enter_context(TemporaryDirectory(prefix="cutoff-", ignore_cleanup_errors=True)))
        server = parts.enter_context(OwnPostgres())
        server.listen(network.HUB, network.NETWORK)
        settings: dict[str, Any] = {
            "broker_url": parts.enter_context(_redis(folder)),
            "log_level": "WARNING",
            "mail_connections": _MAIL_CONNECTIONS,
        }
        one = parts.enter_context(Town(folder, server.fresh("faults", network.HUB), network.HUB, **settings))
        one.people(_READERS, WEBHOOKS)
        lines = [
            parts.enter_context(network.wire(name, number))
            for number, name in enumerate(("hosta", "hostb"), start=1)
        ]
        one.start_host("a", prefix=lines[0].prefix)
        doomed = one.start_host("b", prefix=lines[1].prefix, without=("web", "beat"))
        scenario = Scenario(
            SCENARIOS[0].name, "", "", lambda *_: _cut(one, lines[1], doomed), within=SCENARIOS[0].within
        )
        outcome = watched(one, doomed, scenario, int(sys.argv[1]), _EVERY)
    print(json.dumps(asdict(outcome)))


def _cut(one: Town, line: network.Wire, doomed: Host) -> Damage:
    one.await_that(lambda: _sends("hostb"), seconds=60, what="a mail that the doomed host sends")
    since = clock.now().timestamp()
    line.cut()
    pause(CUT)
    line.mend()
    pause(BACK)
    doomed.die()
    # Its connections were cut once and killed once.
    return Damage(1, 2 * (_MAIL_CONNECTIONS + WEBHOOKS), since)


def _sends(host: str) -> bool:
    """Whether it has claimed mails."""
    with db.reading() as session:
        mine = select(func.count()).where(Lease.owner.startswith(f"{host}/"), Lease.queue == "mail")
        return bool(session.scalar(mine))


@contextmanager
def _redis(folder: Path) -> Iterator[str]:
    """The URL of a redis-server at the hub."""
    where = {"port": "6379", "bind": network.HUB, "requirepass": secrets.token_urlsafe(24)}
    program = redis_server.program()
    assert program is not None
    place = folder / "hub-redis"
    place.mkdir()
    with (folder / "redis.log").open("ab") as log:
        process = subprocess.Popen(redis_server.command(program, place, where), stdout=log, stderr=log)
        try:
            pause(1)
            yield f"redis://:{where['requirepass']}@{network.HUB}:6379/0"
        finally:
            process.terminate()
            process.wait(10)


def _never(_town: Town, _host: Host, _chance: Random) -> Damage:
    raise AssertionError("the cut happens in a process of its own")


SCENARIOS = [
    Scenario(
        "cut_off",
        f"one of two worker hosts, in network namespaces, is cut off for {CUT:.0f} s amid newsletters and webhooks, has its"
        f" wire again for {BACK:.0f} s, and dies; recovery counts from the cut",
        "LOST 0; at most one copy for each of its connections at the cut, and one at its death",
        _never,
        within=LEASE + 25.0,
        databases=("postgresql",),
        missing=missing,
        run=_run,
    )
]

if __name__ == "__main__":
    main()
