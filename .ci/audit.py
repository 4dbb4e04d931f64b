"""Asks a public list of known holes about every pinned package: fails where one has a hole, says aloud where nobody answers."""

import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
#: What running needs, and what tests and checks need beside it.
LOCKS = (ROOT / "requirements.lock", ROOT / "requirements-dev.lock")
TOOL = "pip-audit==2.10.1"
#: Holes that do not concern us, by their id, with the reason. They are listed at every run.
ACCEPTED: dict[str, str] = {}
#: Seconds.
PATIENCE = 300


def report() -> dict[str, Any] | str:
    """What pip-audit found, or why it found nothing."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder) / "bin/python"
        made = run(str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", TOOL)
        if made.returncode:
            return f"{TOOL} cannot be installed"
        asked = [
            *(word for lock in LOCKS for word in ("-r", str(lock))),
            "--require-hashes",
            "--disable-pip",
            "--format",
            "json",
            "--progress-spinner",
            "off",
        ]
        try:
            return understood(run(str(python), "-m", "pip_audit", *asked))
        except subprocess.TimeoutExpired:
            return f"no answer within {PATIENCE} seconds"


def understood(answer: "subprocess.CompletedProcess[str]") -> dict[str, Any] | str:
    """What pip-audit printed, as data; or the last thing it complained of."""
    try:
        found: dict[str, Any] = json.loads(answer.stdout)
    except ValueError:
        said = answer.stderr.strip().splitlines()
        return said[-1].partition("(Caused")[0].strip() if said else "no answer"
    return found


def run(*command: str) -> "subprocess.CompletedProcess[str]":
    """One program to its end."""
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)


def verdict(found: dict[str, Any] | str) -> int:
    """Say what was found: 0 where no hole is known or nobody could be asked, 1 where one is known."""
    if isinstance(found, str):
        print(f"AUDIT NOT RUN: {found}. Nobody was asked about known holes.")
        return 0
    packages = found["dependencies"]
    passed_over = [one["name"] for one in packages if "vulns" not in one]
    if len(passed_over) == len(packages):
        print(
            f"AUDIT NOT RUN: the list of known holes knows none of our {len(packages)} packages; it was not reached."
        )
        return 0
    holes = [(one["name"], one["version"], hole) for one in packages for hole in one.get("vulns", ())]
    open_ones = [hole for hole in holes if hole[2]["id"] not in ACCEPTED]
    for name, version, hole in holes:
        reason = ACCEPTED.get(hole["id"], f"mended in {', '.join(hole['fix_versions']) or 'no version yet'}")
        print(f"audit: {name} {version}: {hole['id']}: {reason}")
    if passed_over:
        print(f"audit: not known there, so not asked about: {', '.join(passed_over)}")
    print(f"audit: {len(packages) - len(passed_over)} packages asked about, known holes: {len(open_ones)}")
    return 1 if open_ones else 0


if __name__ == "__main__":
    sys.exit(verdict(report()))
