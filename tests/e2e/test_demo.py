"""The first thing a stranger runs: `make demo` shows that everything arrives, lets them in, and ends at once."""

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue
from threading import Thread

import psutil
import pytest
import requests

from syndication import clock

PROGRAM = str(Path(sys.executable).parent / "syndication")


class Demo:
    """A demo under way; `lines` is what it has printed so far."""

    def __init__(self, folder: Path, *options: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.lines: list[str] = []
        self._told: Queue[str] = Queue()
        self.process = subprocess.Popen(
            [PROGRAM, "demo", "--port", str(self.port), *options],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        Thread(target=self._read, daemon=True).start()

    @property
    def said(self) -> str:
        return "\n".join(self.lines)

    def until(self, pattern: str, seconds: float = 120.0) -> re.Match[str]:
        """The first match in what comes next."""
        deadline = clock.monotonic() + seconds
        while True:
            try:
                line = self._told.get(timeout=max(0.01, deadline - clock.monotonic()))
            except Empty:
                raise AssertionError(f"{pattern} did not come within {seconds} s:\n{self.said}") from None
            if found := re.search(pattern, line):
                return found

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            self._told.put(self.lines[-1])


@contextmanager
def demo(folder: Path, *options: str) -> Iterator[Demo]:
    running = Demo(folder, *options)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.process.terminate()
            running.process.wait(30)


@pytest.mark.alone
def test_the_demo_shows_that_everything_arrives(tmp_path: Path) -> None:
    # Too long for the broker's socket: then its address is another one than the settings say, as without a redis-server.
    folder = tmp_path / ("a-folder-with-a-long-name-" * 4)
    folder.mkdir()
    with demo(folder, "--once") as running:
        running.until(r"\d s  webhook ")
        family = running.family()
        running.until("posted once, arrived everywhere")
        shown = clock.monotonic()
        code = running.process.wait(20)
        assert clock.monotonic() - shown < 4, "after the table it ends at once"
    out = running.said
    log = folder / ".demo" / "demo.log"
    assert code == 0, out + log.read_text(errors="replace")[-3000:]
    assert len(family) > 10
    assert psutil.wait_procs(family, timeout=5)[1] == []
    assert len(re.findall(r"25 of 25", out)) == 2, out
    assert "all signatures valid" in out
    lines = re.findall(r"^ *\d+\.\d s  (webhook|mail to anna|mail to bert|feed, \w+) +\S", out, re.MULTILINE)
    assert lines.count("webhook") >= 26, "a line tells of each arrival, the cancellation's too"
    assert lines.count("mail to anna") >= 2
    assert lines.count("mail to bert") >= 2, "the letter of the sign-up and what gathered for a daily reader"
    said = [out.index(words) for words in ("25 posts are published.", "25 webhooks told", "posted once")]
    assert said == sorted(said), "what arrives is said as it comes, and the table at the end"
    assert "“Jazz im Keller” cancelled: mail and webhook" in out
    assert "MISSING" not in out


@pytest.mark.alone
def test_a_visitor_signs_in_by_the_links_of_the_demo_which_ends_in_a_moment(tmp_path: Path) -> None:
    with demo(tmp_path) as running:
        owner = running.until(r"Rosa Rosen, owner of Café Rosengarten: (http\S+)").group(1)
        operator = running.until(r"Otto Ostheim, operator: (http\S+)").group(1)
        running.until("Ctrl-C ends it")
        for link, landing in ((owner, "Café Rosengarten"), (operator, "Otto Ostheim")):
            with requests.Session() as browser:
                assert "<form" in browser.get(link, timeout=10).text, "looking uses no link"
                page = browser.post(link, timeout=10)
                assert page.status_code == 200, page.text
                assert "/desk" in page.url
                assert landing in page.text
            assert requests.post(link, timeout=10).status_code == 404, "a link works once"
        # Another one comes by mail, which the demo shows.
        asked = {"email": "rosa@cafe-rosengarten.example"}
        assert requests.post(f"http://127.0.0.1:{running.port}/sign-in", data=asked, timeout=10).ok
        again = running.until(rf"^ +(http://127.0.0.1:{running.port}/sign-in/\S+)$").group(1)
        assert requests.post(again, timeout=10).status_code == 200
        family, asked_to_end = running.family(), clock.monotonic()
        running.process.send_signal(signal.SIGINT)
        assert running.process.wait(20) == 0
        took = clock.monotonic() - asked_to_end
    assert took < 4, f"Ctrl-C took {took:.1f} s"
    assert len(family) > 10
    assert psutil.wait_procs(family, timeout=5)[1] == []
