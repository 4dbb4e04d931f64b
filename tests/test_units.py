"""The units in deploy/: systemd takes them as they are, they keep the service to its data, and every queue can be served."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from syndication.ops.celery_wakeups import QUEUES

ROOT = Path(__file__).parent.parent
UNITS = sorted((ROOT / "deploy").glob("*.service"))
#: What would keep confined processes (infra/confined/) from locking themselves down, or from starting.
HARMFUL = {"SystemCallFilter", "MemoryDenyWriteExecute", "SystemCallArchitectures", "LimitNPROC"}


def options(unit: Path) -> dict[str, str]:
    lines = [line for line in unit.read_text().splitlines() if line and line[0] not in "#["]
    assert all("=" in line for line in lines)
    return dict(line.split("=", 1) for line in lines if not line.startswith("Environment="))


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_a_unit_keeps_the_service_to_its_data_and_lets_it_confine_its_children(unit: Path) -> None:
    said = options(unit)
    wanted = {"User": "syndication", "NoNewPrivileges": "yes", "ProtectSystem": "strict", "PrivateTmp": "yes"}
    assert {name: said.get(name) for name in wanted} == wanted
    assert said["StateDirectory"] == "syndication"
    assert said["CapabilityBoundingSet"] == ""
    assert not HARMFUL & set(said)
    assert int(said["TimeoutStopSec"]) > 30, "workers may finish what is on the wire"
    assert re.findall(r"^\[(\w+)\]$", unit.read_text(), re.MULTILINE) == ["Unit", "Service", "Install"]


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_systemd_takes_a_unit_as_it_is(unit: Path, tmp_path: Path) -> None:
    """Where there is a systemd; its program is one that is there, its user one of this machine."""
    if not (judge := shutil.which("systemd-analyze")):
        assert options(unit)["ExecStart"].startswith("/opt/syndication/.venv/bin/")
        return
    text = re.sub(r"/opt/syndication/\.venv/bin/\w+", sys.executable, unit.read_text())
    own = tmp_path / unit.name.replace("@", "@mail")
    own.write_text(text)
    done = subprocess.run([judge, "verify", "--man=no", own], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stderr.splitlines() if unit.stem.partition("@")[0] in line] == []


def test_the_units_start_programs_that_there_are_and_the_paper_serves_every_queue() -> None:
    bin_folder = Path(sys.executable).parent
    programs = {options(unit)["ExecStart"].split()[0].rpartition("/")[2] for unit in UNITS}
    assert len(UNITS) == 4
    assert [name for name in programs if not (bin_folder / name).exists()] == []
    paper = (ROOT / "docs" / "operations.md").read_text()
    served = re.search(r"syndication-worker@\{([\w,]+)\}", paper)
    assert served
    assert sorted(served.group(1).split(",")) == sorted(QUEUES)
