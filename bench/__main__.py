"""`python -m bench [NAME…] [--database sqlite|postgresql] [--rounds N] [--quick]`."""

import argparse
import json
import os
import platform
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import fanout, feeds, newsletter, webhooks
from bench.figures import Figure, good

NAMES = ("newsletter", "relay", "webhooks", "latency", "fanout", "feeds")


def main() -> None:
    """Measure, print, write bench/results.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="a tenth of everything")
    asked = parser.parse_args()
    if unknown := sorted(set(asked.names) - set(NAMES)):
        parser.error(f"no figure is called {', '.join(unknown)}; there are {', '.join(NAMES)}")
    part = 10 if asked.quick else 1
    rows: list[Figure] = []
    for name in asked.names or NAMES:
        found = {
            "newsletter": lambda: newsletter.run(asked.database, 20_000 // part, asked.rounds),
            "relay": lambda: newsletter.relay(asked.database, 20_000 // part, asked.rounds),
            "webhooks": lambda: webhooks.run(asked.database, 200 // part, 50, asked.rounds),
            "latency": lambda: webhooks.latency(asked.database, 300 // part, 20_000 // part),
            "fanout": lambda: fanout.run(asked.database, 100_000 // part, asked.rounds),
            "feeds": lambda: feeds.run(asked.database, 200, asked.rounds),
        }[name]()
        rows += found
        _show(found)
    machine = {"cpus": os.cpu_count(), "system": platform.platform(), "python": platform.python_version()}
    result = {"machine": machine, "rounds": asked.rounds, "database": asked.database, "figures": rows}
    Path(__file__).with_name("results.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


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
