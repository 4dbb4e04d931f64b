"""The question about known holes: what is said and how it ends, for each kind of answer."""

import importlib.util
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

FILE = Path(__file__).parent.parent / ".ci" / "audit.py"
SOUND: dict[str, Any] = {"name": "requests", "version": "2.34.2", "vulns": []}
HOLED: dict[str, Any] = {
    "name": "pillow",
    "version": "12.1.0",
    "vulns": [{"id": "PYSEC-2026-1", "fix_versions": ["12.3.0"], "aliases": [], "description": ""}],
}
UNKNOWN: dict[str, Any] = {"name": "ours", "skip_reason": "Dependency not found"}


@pytest.fixture
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("found", "code", "words"),
    [
        ("no answer", 0, "AUDIT NOT RUN: no answer."),
        (
            {"dependencies": [UNKNOWN, UNKNOWN]},
            0,
            "AUDIT NOT RUN: the list of known holes knows none of our 2 packages",
        ),
        ({"dependencies": [SOUND, UNKNOWN]}, 0, "1 packages asked about, known holes: 0"),
        ({"dependencies": [SOUND, HOLED]}, 1, "pillow 12.1.0: PYSEC-2026-1: mended in 12.3.0"),
    ],
)
def test_it_ends_as_it_should(
    audit: ModuleType, capsys: pytest.CaptureFixture[str], found: Any, code: int, words: str
) -> None:
    assert audit.verdict(found) == code
    assert words in capsys.readouterr().out


def test_what_pip_audit_prints_where_nobody_answers_is_one_sentence(audit: ModuleType) -> None:
    said = "Traceback\nConnectionError: Max retries exceeded (Caused by NameResolutionError('x'))"
    assert (
        audit.understood(subprocess.CompletedProcess([], 1, "", said))
        == "ConnectionError: Max retries exceeded"
    )
    assert audit.understood(subprocess.CompletedProcess([], 0, '{"dependencies": []}', "")) == {
        "dependencies": []
    }
