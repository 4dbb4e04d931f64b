"""The image's recipe: what it copies is there, the lock decides what is installed, and nothing runs as root."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
LINES = [
    line.split(maxsplit=1) for line in (ROOT / "Dockerfile").read_text().splitlines() if line[:1].isupper()
]


def test_what_is_copied_is_there_and_stages_have_names() -> None:
    stages = set(re.findall(r"^FROM \S+ AS (\w+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE))
    for words in (rest.split() for word, rest in LINES if word == "COPY"):
        if words[0].startswith("--from="):
            assert words[0].removeprefix("--from=") in stages
        else:
            assert [name for name in words[:-1] if not (ROOT / name).exists()] == []


def test_only_what_the_lock_names_is_installed() -> None:
    installs = [rest for word, rest in LINES if word == "RUN" and "pip install" in rest]
    assert len(installs) == 2
    assert all("--require-hashes -r requirements.lock" in one or "--no-deps" in one for one in installs)


def test_the_last_stage_runs_as_nobody_special() -> None:
    last = max(number for number, (word, _) in enumerate(LINES) if word == "FROM")
    users = [rest for word, rest in LINES[last:] if word == "USER"]
    assert users
    assert users[-1] not in ("root", "0")
    assert LINES[-1][0] == "CMD"
