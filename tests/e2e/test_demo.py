"""The first thing a stranger runs: `make demo` shows that everything arrives."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path


def test_the_demo_shows_that_everything_arrives(tmp_path: Path) -> None:
    # Too long for the broker's socket: then its address is another one than the settings say, as without a redis-server.
    folder = tmp_path / ("a-folder-with-a-long-name-" * 4)
    folder.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    done = subprocess.run(
        [Path(sys.executable).parent / "syndication", "demo", "--once", "--port", str(port)],
        cwd=folder,
        env={**os.environ, "COLUMNS": "160"},
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    log = folder / ".demo" / "demo.log"
    last = log.read_text(errors="replace")[-3000:] if log.exists() else ""
    assert done.returncode == 0, done.stdout + done.stderr + last
    assert len(re.findall(r"25 of 25", done.stdout)) == 2, done.stdout
    assert "all signatures valid" in done.stdout
    lines = re.findall(
        r"^ *\d+\.\d s  (webhook|mail to anna|mail to bert|feed, \w+) +\S", done.stdout, re.MULTILINE
    )
    assert lines.count("webhook") >= 26, "a line tells of each arrival, the cancellation's too"
    assert lines.count("mail to anna") >= 2
    assert lines.count("mail to bert") >= 2, "the letter of the sign-up and the daily newsletter"
    said = [
        done.stdout.index(words) for words in ("25 posts are published.", "25 webhooks told", "posted once")
    ]
    assert said == sorted(said), "what arrives is said as it comes, and the table at the end"
    assert "“Jazz im Keller” cancelled: mail and webhook" in done.stdout
