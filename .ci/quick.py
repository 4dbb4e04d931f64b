"""Runs what a change touches, in under a minute: style, types, and the tests that stand nearest to the changed files."""

import ast
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
#: Seconds after which no further test begins: what has begun, and the servers' end, fit into the rest of the minute.
WITHIN = 42.0
#: The environment variable that tells the processes of a run the moment (`time.time()`) after which no test begins.
UNTIL = "QUICK_UNTIL"
#: Most test files: to read many more takes longer than there is to run them.
MOST = 30
#: Tests that are run whatever was changed, and those for papers.
ALWAYS, PAPERS = "tests/test_architecture.py", "tests/test_docs.py"
#: What stands near to files that nobody imports, by how their path begins; the papers have their own test.
NEAR = {
    "templates/newsletter/": ("tests/channels/test_newsletter.py", "tests/infra/test_rendering.py"),
    "templates/site/": (
        "tests/web/test_site.py",
        "tests/web/test_sign_up.py",
        "tests/web/test_connect_page.py",
    ),
    "templates/social/": ("tests/channels/test_mastodon.py", "tests/channels/test_telegram.py"),
    "syndication/translations/": ("tests/infra/test_rendering.py", "tests/web/test_language.py"),
    "syndication/migrations/": ("tests/test_schema.py",),
    ".ci/audit.py": ("tests/test_audit.py",),
    ".ci/quick.py": ("tests/test_quick.py",),
    ".ci/install.py": ("tests/test_install.py",),
    "requirements.lock": ("tests/test_install.py",),
    "requirements-dev.lock": ("tests/test_install.py",),
    "Dockerfile": ("tests/test_dockerfile.py",),
    "compose.yaml": ("tests/test_dockerfile.py",),
    "deploy/": ("tests/test_units.py",),
}
#: What a test costs that begins processes of its own is too much for a minute.
SLOW = "tests/e2e/"


@dataclass
class Choice:
    """What is run, the nearest first, each with the reason; and what is not, by the reason."""

    run: dict[str, str] = field(default_factory=dict)
    left: dict[str, list[str]] = field(default_factory=dict)

    def add(self, tests: Iterable[str], why: str) -> None:
        """These test files stand at this distance, unless they stand nearer already."""
        for test in tests:
            if test in self.run:
                continue
            if test.startswith(SLOW):
                self.leave(test, "start processes of their own, which takes too long")
            elif len(self.run) >= MOST:
                self.leave(test, f"stand further away than the {MOST} that are run")
            else:
                self.run[test] = why

    def leave(self, test: str, why: str) -> None:
        """This test file is not run."""
        known = self.left.setdefault(why, [])
        if test not in known:
            known.append(test)


# What was changed


def changed(root: Path = ROOT) -> tuple[str, list[str]]:
    """Since when, and the paths that differ since; where nothing differs from main, those of its last commit."""
    since = _common(root)
    paths = _differing(root, since)
    if not paths and (before := _git(root, "rev-parse", "--verify", "--quiet", "HEAD~1")):
        return "the last commit", _differing(root, before[0])
    return f"main ({since[:8]})", paths


def _common(root: Path) -> str:
    for main in ("main", "origin/main"):
        if found := _git(root, "merge-base", main, "HEAD"):
            return found[0]
    return "HEAD"


def _differing(root: Path, since: str) -> list[str]:
    new = _git(root, "ls-files", "--others", "--exclude-standard")
    return sorted({*_git(root, "diff", "--name-only", since), *new})


def _git(root: Path, *arguments: str) -> list[str]:
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)
    return done.stdout.splitlines() if done.returncode == 0 else []


# Who imports whom


def graph(root: Path = ROOT) -> dict[str, set[str]]:
    """Path of each Python file of ours → paths of those that it imports itself."""
    folders = ("syndication", "tests", "bench", "faults")
    files = [path for folder in folders for path in (root / folder).rglob("*.py")] + list(root.glob("*.py"))
    named = {_module(path.relative_to(root)): path.relative_to(root).as_posix() for path in files}
    return {path: {named[one] for one in _imports(root / path, named)} for path in named.values()}


def _module(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports(path: Path, named: Mapping[str, str]) -> Iterator[str]:
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except SyntaxError:  # ruff says so
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in named)
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            yield from inner & set(named)
            if not inner <= set(named) and node.module in named:
                yield node.module


# Which tests stand near


def chosen(paths: Iterable[str], imports: Mapping[str, set[str]]) -> Choice:
    """The test files for these paths: themselves, those that mirror them, then those that import them, few imports first."""
    paths, choice = list(paths), Choice()
    tests = [path for path in imports if _is_test(path)]
    by_imports = sorted(tests, key=lambda test: (len(imports[test]), test))
    choice.add([ALWAYS], "always")
    if any(path.endswith(".md") or path == "Makefile" for path in paths):
        choice.add([PAPERS], "papers were changed")
    choice.add((path for path in paths if path in imports and _is_test(path)), "changed itself")
    for path in paths:
        choice.add((test for test in tests if _mirrors(test, path)), f"mirrors {path}")
        for start, near in NEAR.items():
            if path.startswith(start):
                choice.add(near, f"stands near {path}")
    for path in paths:
        choice.add((test for test in by_imports if path in imports[test]), f"imports {path}")
    reached = {test for test in tests if not test.startswith(SLOW) and reach(test, imports) & set(paths)}
    near = {*choice.run, *(test for some in choice.left.values() for test in some)}
    for test in sorted(reached - near):
        choice.leave(test, "reach the change only through others")
    return choice


def _is_test(path: str) -> bool:
    return path.startswith("tests/") and Path(path).name.startswith("test_")


def _mirrors(test: str, path: str) -> bool:
    """Whether a test has a module's name and room: tests/web/test_api_posts.py that of syndication/web/api/posts.py."""
    module, room = Path(path), Path(test).parent.parts[1:]
    if module.parts[0] != "syndication" or module.suffix != ".py":
        return False
    inner = module.with_suffix("").parts[1:]
    inner = inner[:-1] if inner[-1] == "__init__" else inner
    names = {"_".join(inner[start:]) for start in range(len(inner))}
    name = Path(test).stem.removeprefix("test_")
    return (room == inner[:1] and name in names) or (room == () and name == inner[0])


def reach(path: str, imports: Mapping[str, set[str]]) -> set[str]:
    """All paths that a file imports, itself or through others."""
    found, ahead = set(), [path]
    while ahead:
        for one in imports.get(ahead.pop(), ()):
            if one not in found:
                found.add(one)
                ahead.append(one)
    return found


# Running it


def main(arguments: list[str]) -> int:
    """Run it all; 0 where nothing is wrong. `--list` only says what would be run."""
    began = time.time()
    since, paths = changed()
    if not paths:
        print("quick: nothing was changed, or this is no git repository; `make test` runs everything")
        return 0
    choice = chosen(paths, graph())
    print(f"quick: {len(paths)} files changed since {since}; {len(choice.run)} test files stand near:")
    for test, why in choice.run.items():
        print(f"  {test}  ({why})")
    if "--list" in arguments:
        return _left(choice)
    types = subprocess.Popen(
        [_tool("mypy")], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    codes = [_run(_tool("ruff"), "check", "."), _run(_tool("ruff"), "format", "--check", ".")]
    codes.append(run_tests(list(choice.run), until=began + WITHIN))
    said, _ = types.communicate()
    print(said.strip())
    codes.append(types.returncode)
    _left(choice)
    print(f"quick: {'something is wrong' if any(codes) else 'all well'} after {time.time() - began:.0f} s")
    return 1 if any(codes) else 0


def _left(choice: Choice) -> int:
    for why, tests in choice.left.items():
        print(f"quick: left out, because they {why}: {_named(tests)}")
    print("quick: `make test` runs everything")
    return 0


def _named(tests: Iterable[str]) -> str:
    """Test files, the first of them by name."""
    names = [Path(test).stem.removeprefix("test_") for test in tests]
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return f"{len(names)} test files ({', '.join(names[:12])}{more})"


def run_tests(files: list[str], *, until: float, folder: Path = ROOT, processes: int = 2) -> int:
    """pytest's exit code for these files; no test begins after the moment `until` (`time.time()`)."""
    here = os.pathsep.join(filter(None, (str(Path(__file__).parent), os.environ.get("PYTHONPATH", ""))))
    command = [sys.executable, "-m", "pytest", "-p", "quick", "-q"]
    if processes:
        command += [
            "-n",
            str(processes),
            "--dist",
            "load",
            "--maxschedchunk",
            "20",
        ]  # in their order, as far as several can
    return _run(*command, *files, folder=folder, **{UNTIL: str(until), "PYTHONPATH": here})


def _tool(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


def _run(*command: str, folder: Path = ROOT, **environment: str) -> int:
    return subprocess.run(command, cwd=folder, env={**os.environ, **environment}, check=False).returncode


# As a plugin of pytest, in each of its processes: no test begins when the time is over

_over: Counter[str] = Counter()


@cache
def _until() -> float:
    return float(os.environ.get(UNTIL, "inf"))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: Any) -> bool | None:
    """Pass over a test that would begin too late, and count it."""
    if time.time() < _until():
        return None
    _over[item.nodeid.partition("::")[0]] += 1
    return True


def pytest_sessionfinish(session: Any) -> None:
    """Tell the process that prints what this one passed over."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["over"] = dict(_over)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Hear what a process passed over."""
    _over.update(getattr(node, "workeroutput", {}).get("over", {}))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say what was passed over."""
    if _over:
        count = sum(_over.values())
        terminalreporter.write_line(
            f"quick: left out for lack of time: {count} tests of {_named(sorted(_over))}"
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
