"""`python -m faults [NAME…] [--seeds N] [--database sqlite|postgresql]`; a run of everything writes docs/reliability.md."""

import argparse
import sys
import traceback
from pathlib import Path

from faults import clocks, cutoff, fanout, kills, outages, page
from faults.host import end_in_order
from faults.scenario import Outcome, Scenario, measure

SCENARIOS: list[Scenario] = [
    *kills.SCENARIOS, *outages.SCENARIOS, *clocks.SCENARIOS, *fanout.SCENARIOS, *cutoff.SCENARIOS,
]  # fmt: skip
PAGE = Path(__file__).parents[1] / "docs" / "reliability.md"


def main() -> None:
    """Break, print, write the page; the exit code is 1 where something did not hold."""
    parser = argparse.ArgumentParser(prog="python -m faults", description=__doc__)
    names = [scenario.name for scenario in SCENARIOS]
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(names))
    parser.add_argument("--database", choices=("sqlite", "postgresql"), help="one of both")
    parser.add_argument("--seeds", type=int, default=1, help="runs of each, with other victims and moments")
    asked = parser.parse_args()
    end_in_order()
    if unknown := sorted(set(asked.names) - set(names)):
        parser.error(f"no scenario is called {', '.join(unknown)}; there are {', '.join(names)}")
    rows = []
    for scenario in SCENARIOS:
        if asked.names and scenario.name not in asked.names:
            continue
        for database in scenario.databases:
            if asked.database in (None, database):
                row = page.Row(scenario, database, scenario.missing(), _runs(scenario, database, asked.seeds))
                rows.append(row)
                print(page.line(row), flush=True)
                for outcome in row.runs:
                    for sentence in outcome.why:
                        print(f"  DID NOT HOLD: {sentence}", flush=True)
    if not asked.names and not asked.database:
        PAGE.write_text(page.text(rows, asked.seeds), encoding="utf-8")
        print(f"written: {PAGE.relative_to(Path.cwd())}")
    sys.exit(any(outcome.why for row in rows for outcome in row.runs))


def _runs(scenario: Scenario, database: str, seeds: int) -> list[Outcome]:
    if scenario.missing():
        return []
    return [_run(scenario, database, seed) for seed in range(1, seeds + 1)]


def _run(scenario: Scenario, database: str, seed: int) -> Outcome:
    try:
        return measure(scenario, database, seed)
    except Exception as error:  # the others still run, and this one did not hold
        traceback.print_exc()
        return Outcome(0, 0, 0, why=(f"it could not be measured: {type(error).__name__}: {error}",))


if __name__ == "__main__":
    main()
