"""docs/reliability.md, as a run writes it."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median

from faults.scenario import AFTER, BEFORE, PATIENCE, Outcome, Scenario
from faults.town import MAIL_TAKES, PAUSE, READERS, WEBHOOK_TAKES, WEBHOOKS
from syndication import clock
from tests.e2e.city import LEASE

HEADER = (
    "scenario", "database", "runs", "LOST", "kills", "DUP per kill", "recovery, median s", "worst s", "recovery ratio",
    "held",
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """What all runs of a scenario on one database showed; `missing` says why there are none."""

    scenario: Scenario
    database: str
    missing: str
    runs: Sequence[Outcome]


def cells(row: Row) -> tuple[str, ...]:
    """One line of the table, below HEADER."""
    if row.missing:
        return (row.scenario.name, row.database, f"not run: {row.missing}", *[""] * (len(HEADER) - 3))
    kills = sum(run.kills for run in row.runs)
    doubled = sum(run.doubled for run in row.runs)
    recovery = [run.recovery for run in row.runs if run.recovery is not None]
    ratios = [run.ratio for run in row.runs if run.ratio is not None]
    return (
        row.scenario.name,
        row.database,
        str(len(row.runs)),
        str(sum(run.lost for run in row.runs)),
        str(kills) if kills else "",
        f"{doubled / kills:.2f}" if kills else f"{doubled} in all",
        f"{median(recovery):.1f}" if recovery else "",
        f"{max(recovery):.1f}" if recovery else "",
        f"{median(ratios):.0%}" if ratios else "",
        "no" if any(run.why for run in row.runs) else "yes",
    )


def line(row: Row) -> str:
    """The same for a terminal."""
    return " | ".join(cell or "–" for cell in cells(row))


def text(rows: Sequence[Row], seeds: int, day: date | None = None) -> str:
    """The whole page."""
    theirs = [row for row in rows if row.scenario.theirs]
    ours = [row for row in rows if not row.scenario.theirs]
    return "\n".join(
        [
            "# Reliability",
            "",
            "What was lost, what came twice and how long it took when parts of a city were broken under load. Written by"
            " `make faults`,",
            f"and by nothing else, on {day or clock.now().date()}: `make faults SEEDS={seeds}`,"
            f" {os.cpu_count()} processor cores shared with everything below.",
            "",
            f"A real city runs: every process of `syndication up` but web, redis-server, SQLite or a PostgreSQL that syncs"
            f" its disk, a mail server\nthat takes {MAIL_TAKES * 1000:.0f} ms over a mail, receivers that take"
            f" {WEBHOOK_TAKES * 1000:.0f} ms over a webhook. One post each {PAUSE} s goes to {READERS} readers and"
            f" {WEBHOOKS} webhooks.\nAfter {BEFORE:.0f} s something breaks; {AFTER:.0f} s after it is whole again the load"
            f" ends. The lease is {LEASE} s (30 s by default).",
            "",
            "* **LOST**: readers and webhooks, post by post, where an accepted post did not come within"
            f" {PATIENCE:.0f} s. Always 0, or the run fails.",
            "* **DUP per kill**: copies too many, counted at the receiver, for each process or server that was killed. Each must"
            " have the\n  `Message-ID` or `webhook-id` of the first, by which it is recognised (P2).",
            "* **recovery**: seconds from the end of the fault (the last kill; a server is back) until everything that was"
            " accepted before it had come.",
            f"* **recovery ratio**: arrivals a second in the {AFTER:.0f} s after the fault to those in the {BEFORE:.0f} s"
            " before. Above 100 %: what\n  had waited came too.",
            "",
            "## By the names of hardbyte's benchmark",
            "",
            "[hardbyte/postgresql-job-queue-benchmarking](https://github.com/hardbyte/postgresql-job-queue-benchmarking)"
            " breaks eight queues in five\nways and publishes the recovery ratio. Where SQLite has no line there is no server"
            " to break.",
            "",
            *_table(theirs),
            "",
            "## What else breaks",
            "",
            *_table(ours),
            "",
            "## What was broken, and what had to hold",
            "",
            "| scenario | broken | must hold | within |",
            "|---|---|---|---|",
            *_said(rows),
            "",
            "Short forms of kills, outages and slow outlets run in `make test`, clocks and networks only here:"
            " tests/e2e/test_faults.py, tests/e2e/test_slow_outlets.py,"
            " tests/e2e/test_social_faults.py.",
            "Memory under load: `make soak` ([Operations](operations.md)). Speed: [Benchmarks](benchmarks.md).",
            "",
        ]
    )  # fmt: skip


def _table(rows: Sequence[Row]) -> list[str]:
    marks = "|".join("---" for _ in HEADER)
    return [f"| {' | '.join(HEADER)} |", f"|{marks}|", *(f"| {' | '.join(cells(row))} |" for row in rows)]


def _said(rows: Sequence[Row]) -> list[str]:
    scenarios = {row.scenario.name: row.scenario for row in rows}
    return [
        f"| {name} | {one.broken} | {one.holds} | {one.within:.0f} s |" for name, one in scenarios.items()
    ]
