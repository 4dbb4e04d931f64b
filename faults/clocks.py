"""Worker hosts whose clocks differ: one is ahead of the database, of beat and of the other, which then dies."""

import shutil
import subprocess
from pathlib import Path
from random import Random

from sqlalchemy import func, select

from faults.host import Host
from faults.scenario import Damage, Scenario
from faults.town import WEBHOOKS, Town
from syndication.infra import db
from syndication.models import Heartbeat
from tests.e2e.city import LEASE


def _needs() -> str:
    return "" if shutil.which("cc") else "needs cc, which builds the clock that is ahead"


def _host_ahead(seconds: int, town: Town) -> None:
    library = town.folder / "ahead.so"
    source = Path(__file__).with_name("ahead.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", library, source, "-ldl"], check=True, timeout=60)
    town.start_host(
        "ahead",
        without=("web", "beat"),
        environment={"LD_PRELOAD": str(library), "AHEAD_SECONDS": str(seconds)},
    )
    town.await_that(lambda: _most_ahead() > seconds / 2, seconds=60, what="a worker whose clock is ahead")


def _most_ahead() -> float:
    with db.reading() as session:
        return session.scalar(select(func.max(Heartbeat.ahead))) or 0.0


def _die(_town: Town, host: Host, _chance: Random) -> Damage:
    """The host whose clock is right loses its workers; what they had claimed is for the one that is ahead."""
    host.kill(["mail", "push", "fanout", "sweeps", "work"])
    return Damage(1, 2 + WEBHOOKS)


SCENARIOS = [
    Scenario(
        f"clock_{seconds}s_ahead",
        f"one of two worker hosts is {seconds} s ahead of the other, of beat and of the database; the workers of the other"
        " die by kill -9",
        "LOST 0; at most one copy for each connection that died",
        _die,
        within=LEASE + 20.0,
        databases=("postgresql",),
        before=lambda town, seconds=seconds: _host_ahead(seconds, town),  # type: ignore[misc]  # a default binds it
        missing=_needs,
    )
    for seconds in (10, 60)
]
