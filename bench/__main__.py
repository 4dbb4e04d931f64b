"""`python -m bench [NAME…] [--database sqlite|postgresql] [--rounds N] [--quick | --smoke]`."""

import argparse
import json
import os
import platform
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import fanout, feeds, foreseen, newsletter, operator, outlets, webhooks
from bench.figures import Figure, good

RESULTS = Path(__file__).with_name("results.json")
NAMES = ("newsletter", "relay", "webhooks", "latency", "outlets", "fanout", "feeds", "foreseen", "operator")


def main(arguments: Sequence[str] | None = None, results: Path = RESULTS) -> None:
    """Measure, print, write the results. A figure that is missed is marked, and no error: machines differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="a tenth of everything")
    parser.add_argument("--smoke", action="store_true", help="next to nothing: whether it runs at all")
    asked = parser.parse_args(arguments)
    if unknown := sorted(set(asked.names) - set(NAMES)):
        parser.error(f"no figure is called {', '.join(unknown)}; there are {', '.join(NAMES)}")
    part, rounds = (1000, 1) if asked.smoke else (10 if asked.quick else 1, asked.rounds)
    feed, seconds = (5, 0.5) if asked.smoke else (200, 600.0 / part)
    few = max(200 // part, 5)
    rows: list[Figure] = []
    for name in asked.names or NAMES:
        found = {
            "newsletter": lambda: newsletter.run(asked.database, 20_000 // part, rounds),
            "relay": lambda: newsletter.relay(asked.database, 20_000 // part, rounds),
            "webhooks": lambda: webhooks.run(asked.database, few, max(50 // part, 5), rounds),
            "latency": lambda: webhooks.latency(asked.database, max(300 // part, 3), 20_000 // part),
            "outlets": lambda: outlets.beside(asked.database, max(few, 10), seconds),
            "fanout": lambda: fanout.run(asked.database, 100_000 // part, rounds),
            "feeds": lambda: feeds.run(asked.database, feed, rounds, 50 if asked.smoke else 1500),
            "foreseen": lambda: foreseen.run(
                asked.database, max(5000 // part, 5), max(10_000 // part, 10), max(200 // part, 3)
            ),
            "operator": lambda: operator.run(
                asked.database,
                1_000_000 // part,
                max(10_000 // part, 10),
                max(5000 // part, 30),
                max(40 // part, 3),
                2.0 if asked.smoke else 30.0,
            ),
        }[name]()  # fmt: skip -- a figure for a figure
        rows += found
        _show(found)
    machine = {"cpus": os.cpu_count(), "system": platform.platform(), "python": platform.python_version()}
    result = {"machine": machine, "rounds": rounds, "database": asked.database, "figures": rows}
    results.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def _show(rows: list[Figure]) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in ("figure", "measured", "reach", "", "detail"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        sign = "at least" if row["better"] == "more" else "at most"
        table.add_row(
            row["figure"],
            f"{row['value']:.2f}",
            f"{sign} {row['reach']:g}",
            "ok" if good(row) else "MISSED",
            row.get("detail", ""),
        )
    Console(width=170).print(table)


if __name__ == "__main__":
    main()
