"""Who is told of a file's new posts is said by a flag, asked at a terminal, and nobody where there is nobody to ask."""

import contextlib
import json
import os
import pty
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from syndication import config
from syndication.infra import db
from syndication.publishing import stock
from tests import factories
from tests.conftest import settings_for
from tests.test_cli import Run, run

__all__ = ["run"]  # a fixture
STOCK = Path(__file__).parent / "fixtures" / "stock.csv"


def imported(run: Run, *arguments: str) -> dict[str, object]:
    told = run("import", str(STOCK), "--merchant", "stadt", "--json", *arguments).stdout
    found: dict[str, object] = json.loads(told)
    return found


@pytest.fixture(autouse=True)
def _stadt(database: str) -> None:
    with db.transaction() as session:
        factories.merchant(session, "stadt")


@pytest.mark.enough("sqlite")
def test_where_nobody_can_be_asked_nobody_is_told_and_it_is_said(run: Run) -> None:
    result = run("import", str(STOCK), "--merchant", "stadt")
    assert "12 of 12 entries are new" in result.stderr
    assert "--tell summary" in result.stderr
    told = run("import", str(STOCK), "--merchant", "stadt", "--tell", "summary").stdout
    assert "One message tells of what is new: http://localhost:8000/posts/" in told, "summed up afterwards"
    assert "entries are new" not in run("import", str(STOCK), "--merchant", "stadt").stderr


@pytest.mark.enough("sqlite")
@pytest.mark.parametrize("tell", stock.TELLS)
def test_a_flag_says_who_is_told(run: Run, tell: str) -> None:
    told = imported(run, "--tell", tell)
    assert (told["tell"], bool(told["summary"])) == (tell, tell == "summary")


@pytest.mark.enough("sqlite")
def test_a_dry_run_says_how_many_are_new_and_asks_nothing(run: Run) -> None:
    result = run("import", str(STOCK), "--merchant", "stadt", "--dry-run")
    assert "12 of 12 entries are new; --tell says" in result.stderr


@pytest.mark.enough("sqlite")
def test_at_a_terminal_it_is_asked(database: str, tmp_path: Path) -> None:
    cfg = settings_for(tmp_path, database_url=database, broker_url="redis://127.0.0.1:1/0")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "syndication.cli", "import", str(STOCK), "--merchant", "stadt", "--json"]
    environment = {**os.environ, **config.as_environment(cfg)}
    process = subprocess.Popen(
        command, stdin=theirs, stderr=theirs, stdout=subprocess.PIPE, env=environment
    )  # its own command
    os.close(theirs)
    os.write(ours, b"perhaps\nsummary\n")
    seen = bytearray()
    screen = threading.Thread(target=lambda: seen.extend(_all(ours)))
    screen.start()  # a terminal that nobody reads holds up who writes
    out, _ = process.communicate(timeout=60)
    screen.join()
    os.close(ours)
    asked = seen.decode(errors="replace")
    assert "12 of 12 entries are new" in asked
    assert "'perhaps' is not one of" in asked
    assert json.loads(out)["summary"]


def _all(terminal: int) -> Iterator[int]:
    """Every byte, until the other end is closed."""
    with contextlib.suppress(OSError):
        while some := os.read(terminal, 4096):
            yield from some
