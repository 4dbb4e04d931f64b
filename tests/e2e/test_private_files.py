"""Everything that a running city writes is closed to others of the machine: database, broker, beat, pictures."""

import contextlib
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

import httpx2

from syndication import clock, config
from tests.conftest import settings_for


def open_to_others(folder: Path) -> list[str]:
    """What others could read or enter, with its mode."""
    found = []
    for path in (folder, *folder.rglob("*")):
        with contextlib.suppress(FileNotFoundError):
            if (mode := stat.S_IMODE(path.lstat().st_mode)) & 0o077 and not path.is_symlink():
                found.append(f"{path.relative_to(folder)} {mode:o}")
    return found


def test_a_city_keeps_its_files_to_itself(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    folder.chmod(0o755)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    cfg = settings_for(tmp_path, data_dir=folder)
    with (tmp_path / "up.log").open("wb") as log:
        up = subprocess.Popen(
            [sys.executable, "-m", "syndication.cli", "up", "--port", str(port)],
            cwd=tmp_path,
            env={**os.environ, **config.as_environment(cfg)},
            stdout=log,
            stderr=log,
            umask=0o000,
        )
    try:
        deadline = clock.monotonic() + 100
        names: set[str] = set()
        while not {"syndication.sqlite", "redis.log"} <= names or not any(
            one.startswith("beat") for one in names
        ):
            assert up.poll() is None, (tmp_path / "up.log").read_text()[-2000:]
            assert clock.monotonic() < deadline, names
            threading.Event().wait(0.3)
            names = {one.name for one in folder.iterdir()}
        with contextlib.suppress(httpx2.HTTPError):
            httpx2.get(f"http://127.0.0.1:{port}/", timeout=20)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert open_to_others(folder) == []
    finally:
        up.send_signal(signal.SIGTERM)
        up.wait(60)
    assert open_to_others(folder) == []
