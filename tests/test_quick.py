"""The fast circle: what it takes for near to a change, what it leaves out, and that it says both."""

import importlib.util
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent
FILE = ROOT / ".ci" / "quick.py"


@pytest.fixture(scope="module")
def quick() -> ModuleType:
    spec = importlib.util.spec_from_file_location("quick", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["quick"] = module  # where its dataclass looks for itself
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def imports(quick: ModuleType) -> dict[str, set[str]]:
    """Who imports whom; to read all files takes a second."""
    found: dict[str, set[str]] = quick.graph()
    return found


@pytest.mark.parametrize(
    ("path", "nearest"),
    [
        ("syndication/channels/webhook.py", "tests/channels/test_webhook.py"),
        ("syndication/channels/built_in/feed/documents.py", "tests/channels/test_feed_documents.py"),
        ("syndication/web/api/posts.py", "tests/web/test_api_posts.py"),
        ("syndication/cli/keys.py", "tests/test_cli.py"),
        ("tests/ledger/test_policy.py", "tests/ledger/test_policy.py"),
        ("templates/site/home.html", "tests/web/test_site.py"),
        ("syndication/migrations/versions/0010_outages.py", "tests/test_schema.py"),
    ],
)
def test_what_stands_nearest_comes_first(
    quick: ModuleType, imports: dict[str, set[str]], path: str, nearest: str
) -> None:
    found = quick.chosen([path], imports)
    assert nearest in list(found.run)[:2]
    assert quick.ALWAYS in found.run


def test_whoever_imports_the_change_comes_then_and_the_rest_is_counted(
    quick: ModuleType, imports: dict[str, set[str]]
) -> None:
    found = quick.chosen(["syndication/ledger/policy.py"], imports)
    order = list(found.run)
    assert order[:2] == [quick.ALWAYS, "tests/ledger/test_policy.py"]
    assert all("syndication/ledger/policy.py" in imports[test] for test in order[2:])
    assert "tests/web/test_api_posts.py" in found.left["reach the change only through others"]


def test_what_starts_processes_is_never_run_and_always_said(
    quick: ModuleType, imports: dict[str, set[str]]
) -> None:
    found = quick.chosen(["tests/e2e/city.py", "tests/e2e/test_demo.py"], imports)
    assert not [test for test in found.run if test.startswith(quick.SLOW)]
    (left,) = [tests for why, tests in found.left.items() if "processes of their own" in why]
    assert {"tests/e2e/test_demo.py", "tests/e2e/test_faults.py"} <= set(left)


def test_what_everybody_imports_runs_the_nearest_alone_and_names_the_others(
    quick: ModuleType, imports: dict[str, set[str]]
) -> None:
    found = quick.chosen(["syndication/infra/db.py"], imports)
    assert len(found.run) == quick.MOST
    (left,) = [tests for why, tests in found.left.items() if "further away" in why]
    importing = [one for one in imports if "syndication/infra/db.py" in imports[one] and "/test_" in one]
    assert set(importing) <= {*found.run, *(test for tests in found.left.values() for test in tests)}
    assert left


def test_the_papers_are_read_where_they_were_changed(quick: ModuleType) -> None:
    assert quick.PAPERS in quick.chosen(["docs/api.md"], {}).run
    assert quick.PAPERS not in quick.chosen(["syndication/clock.py"], {}).run


def test_every_test_that_the_table_names_is_there(quick: ModuleType) -> None:
    named = {test for tests in quick.NEAR.values() for test in tests} | {quick.ALWAYS, quick.PAPERS}
    assert [test for test in sorted(named) if not (ROOT / test).exists()] == []
    assert [start for start in quick.NEAR if not (ROOT / start).exists()] == []


def test_a_change_is_what_differs_from_main_or_else_the_last_commit(
    quick: ModuleType, tmp_path: Path
) -> None:
    def git(*arguments: str) -> None:
        who = ("-c", "user.name=x", "-c", "user.email=x@x.example")
        subprocess.run(["git", *who, *arguments], cwd=tmp_path, check=True, capture_output=True)

    def commit(name: str) -> None:
        (tmp_path / name).write_text(name)
        git("add", name)
        git("commit", "-m", name)

    git("init", "-b", "main")
    commit("first")
    commit("second")
    assert quick.changed(tmp_path) == ("the last commit", ["second"])
    git("checkout", "-b", "other")
    commit("third")
    (tmp_path / "first").write_text("changed")
    (tmp_path / "new").write_text("new")
    assert quick.changed(tmp_path)[1] == ["first", "new", "third"]
    assert quick.changed(tmp_path / "..") == ("main (HEAD)", [])


def test_no_test_begins_when_the_time_is_over_and_each_is_counted(
    quick: ModuleType, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # they take longer to load than it takes
    (tmp_path / "test_slow.py").write_text(
        "import pytest\n@pytest.mark.parametrize('number', range(5))\ndef test_it(number): pass\n"
    )
    until = time.time() + 60  # far behind all its imports
    (tmp_path / "conftest.py").write_text(
        "import time\ndef pytest_runtest_teardown(item): time.time = lambda: " + str(until + 1) + "\n"
    )
    assert quick.run_tests(["test_slow.py"], until=until, folder=tmp_path, processes=0) == 0
    said = capfd.readouterr().out
    assert "1 passed" in said
    assert "left out for lack of time: 4 tests of 1 test files (slow)" in said
