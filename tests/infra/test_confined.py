"""A confined process answers, and can do nothing else: no files, no secrets, no network, no processes, no end of memory."""

import os
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from syndication.infra import confined
from syndication.infra.confined import lockdown, report, system_calls

needs_landlock = pytest.mark.skipif(
    lockdown.landlock_version() == 0,
    reason="this kernel has no Landlock; the interpreter's hook is tested all the same",
)


@pytest.fixture(scope="module")
def child() -> Iterator[confined.Child]:
    made = confined.Child("tests.inmate", memory=100_000_000)
    yield made
    made.close()


def ask(child: confined.Child, frame: str, seconds: float = 20) -> str:
    return child.ask(frame.encode(), seconds=seconds).decode()


def test_it_answers_and_is_kept(child: confined.Child) -> None:
    assert ask(child, "echo Grüße") == "Grüße"
    first = child.pid
    assert ask(child, "echo " + "x" * 5_000_000) == "x" * 5_000_000
    assert child.pid == first


def test_it_can_ask_back(child: confined.Child) -> None:
    assert child.ask(b"ask who", seconds=20, reply=lambda question: question.upper()) == b"WHO!"


def test_what_it_prints_is_no_answer(child: confined.Child) -> None:
    assert ask(child, "print A\x00\x00\x00\x05hello") == "None"


@pytest.mark.parametrize(
    "deed",
    ["read {secret}", "list {folder}", "write {folder}/new", "read /etc/passwd", "read /proc/{parent}/environ",
     "connect {port}", "run id", "system id", "fork", "kill {parent}", "read ../../../../../../{secret}", "list /proc"],
)  # fmt: skip
def test_it_reaches_nothing(child: confined.Child, tmp_path: Path, deed: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the city's key")
    with socket.create_server(("127.0.0.1", 0)) as server:
        wanted = deed.format(secret=secret, folder=tmp_path, parent=os.getpid(), port=server.getsockname()[1])
        with pytest.raises(confined.Failed) as failed:
            ask(child, wanted)
        server.settimeout(0.05)
        with pytest.raises(TimeoutError):
            server.accept()
    assert failed.value.why == "broken"
    assert "not from in here" in str(failed.value)
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


@needs_landlock
@pytest.mark.parametrize("path", ["{secret}", "/etc/passwd", "/proc/{parent}/environ"])
def test_native_code_reads_nothing_either(child: confined.Child, tmp_path: Path, path: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the city's key")
    assert ask(child, "native " + path.format(secret=secret, parent=os.getpid())) == "refused"
    assert ask(child, f"native {os.__file__}") != "refused"


@pytest.mark.skipif(
    not system_calls.known(),
    reason="the system calls of this machine are not known; nothing native is refused",
)
@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6, socket.AF_UNIX])
def test_native_code_reaches_nobody_either(child: confined.Child, family: int) -> None:
    assert ask(child, f"native-socket {int(family)}") == "-1"


@pytest.mark.skipif(not system_calls.known(), reason="the same")
def test_native_code_becomes_no_other_program(child: confined.Child, tmp_path: Path) -> None:
    assert ask(child, f"native-system touch {tmp_path}/made") != "0"
    assert list(tmp_path.iterdir()) == []


def test_it_has_no_environment(child: confined.Child, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNDICATION_SECRET_KEYS", "the city's key")
    fresh = confined.Child("tests.inmate", memory=100_000_000)
    assert "city" not in ask(fresh, "environment")
    fresh.close()


def test_it_still_finds_the_standard_library(child: confined.Child) -> None:
    assert ask(child, "import colorsys") == "colorsys"


@pytest.mark.skipif(
    sys.platform != "linux", reason="other kernels limit the address space, from another start"
)
def test_its_memory_ends(child: confined.Child) -> None:
    assert ask(child, "take 60000000") == "60000000"
    with pytest.raises(confined.Failed) as failed:
        ask(child, "take 120000000")
    assert failed.value.why == "memory"
    assert ask(child, "take 60000000") == "60000000"


def test_what_takes_too_long_is_ended_and_the_next_is_answered(child: confined.Child) -> None:
    ask(child, "echo ready")
    before = child.pid
    with pytest.raises(confined.Failed) as failed:
        ask(child, "sleep 60", seconds=0.3)
    assert failed.value.why == "slow"
    assert before is not None
    assert not psutil.pid_exists(before)
    assert ask(child, "echo again") == "again"


def test_one_that_died_between_frames_is_started_anew(child: confined.Child) -> None:
    ask(child, "echo ready")
    assert child.pid is not None
    psutil.Process(child.pid).kill()
    assert ask(child, "echo again") == "again"


def test_one_that_dies_of_a_frame_says_so(child: confined.Child) -> None:
    with pytest.raises(confined.Failed) as failed:
        ask(child, "die")
    assert failed.value.why == "died"


def test_threads_take_turns(child: confined.Child) -> None:
    found: list[str] = []
    threads = [threading.Thread(target=lambda n=n: found.append(ask(child, f"echo {n}"))) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(int, found)) == list(range(20))


def test_a_forked_process_makes_its_own(child: confined.Child) -> None:
    ask(child, "echo ready")
    before = child.pid
    reading, writing = os.pipe()
    if (forked := os.fork()) == 0:
        os.write(writing, f"{ask(child, 'echo forked')} {child.pid}".encode())
        child.close()
        os._exit(0)
    os.waitpid(forked, 0)
    said, pid = os.read(reading, 100).decode().split()
    assert said == "forked"
    assert int(pid) != before
    assert child.pid == before
    assert ask(child, "echo parent") == "parent"


@needs_landlock
@pytest.mark.skipif(not system_calls.known(), reason="the system calls of this machine are not known")
def test_it_tells_what_holds_it() -> None:
    child = confined.Child(report.__name__, memory=50_000_000)
    assert tuple(child.ask(b"", seconds=20).decode().split()) == report.WHOLE
    child.close()
