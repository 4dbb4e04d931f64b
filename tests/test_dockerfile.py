"""The image's recipe and who uses it: what it copies is there, the lock decides what is installed, nothing runs as root."""

import re
import subprocess
import sys
from pathlib import Path

import yaml

from syndication.ops.celery_wakeups import QUEUES

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


def test_a_linter_of_such_recipes_finds_nothing() -> None:
    linter = Path(sys.executable).with_name("hadolint")
    found = subprocess.run([linter, ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (0, "")


def test_it_stands_on_a_named_release_asks_after_its_health_and_holds_no_secret() -> None:
    text = (ROOT / "Dockerfile").read_text()
    bases = [rest.split()[0] for word, rest in LINES if word == "FROM"]
    assert len(set(bases)) == 1
    assert re.fullmatch(r"python:3\.\d+-slim-[a-z]+", bases[0])
    assert re.search(r"^HEALTHCHECK (?:.|\\\n)*/healthz", text, re.MULTILINE)
    assert not re.search(r"(?i)secret|password|token|api_key", text)
    allowed = (ROOT / ".dockerignore").read_text().splitlines()
    assert allowed[0] == "*"
    copied = [
        name for word, rest in LINES if word == "COPY" and "--from" not in rest for name in rest.split()[:-1]
    ]
    assert sorted(f"!{name}" for name in copied) == sorted(allowed[1:])


def test_the_containers_are_built_from_it_and_serve_every_queue_once() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    ours = {name: one for name, one in services.items() if one["image"] == "syndication"}
    assert {one["build"] for one in ours.values()} == {"."}
    served = [
        queue
        for one in ours.values()
        for part in re.findall(r"-Q (\S+)", one["command"])
        for queue in part.split(",")
    ]
    assert sorted(served) == sorted(QUEUES)
    asked = [name for name, one in ours.items() if not one.get("healthcheck", {}).get("disable")]
    assert asked == ["web"], "only it answers to the image's own question"
