"""README's "A first post", run as printed in an empty folder: from no settings to a mail in an inbox."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest
import requests

from syndication import clock, config

ROOT = Path(__file__).parent.parent.parent


def blocks() -> list[str]:
    """The shell's part of the section, in the order of its steps."""
    section = re.search(r"^## A first post\n(.*?)^## ", (ROOT / "README.md").read_text("utf-8"), re.S | re.M)
    assert section
    return re.findall(r"^```sh\n(.*?)^```", section[1], re.S | re.M)


class Terminal:
    """A shell in a folder, to which lines are typed one block after another."""

    def __init__(self, folder: Path, environment: dict[str, str], log: Path) -> None:
        self.log = log
        with log.open("wb") as out:
            self._shell = subprocess.Popen(
                ["/bin/sh"], cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=out, stderr=out,
            )  # fmt: skip

    def type(self, block: str) -> None:
        assert self._shell.stdin is not None
        self._shell.stdin.write(block.encode())
        self._shell.stdin.flush()

    @property
    def said(self) -> str:
        return self.log.read_text("utf-8", errors="replace")

    def end(self) -> None:
        """Ctrl-C for what runs here; then the shell waits for its end, and has no more to read."""
        assert self._shell.stdin is not None
        for running in psutil.Process(self._shell.pid).children():
            running.send_signal(signal.SIGINT)
        self._shell.stdin.close()
        self._shell.wait(60)


@contextmanager
def terminals(folder: Path, environment: dict[str, str], *names: str) -> Iterator[list[Terminal]]:
    with ExitStack() as opened:
        found = []
        for name in names:
            one = Terminal(folder, environment, folder / f"{name}.log")
            opened.callback(one.end)
            found.append(one)
        yield found


def until(true: Callable[[], object], what: str, *said: Terminal, seconds: float = 90) -> None:
    deadline = clock.monotonic() + seconds
    while not true():
        if clock.monotonic() > deadline:
            pytest.fail(what + "\n" + "\n".join(one.said[-3000:] for one in said))
        threading.Event().wait(0.1)


def free_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return one.getsockname()[1], other.getsockname()[1]


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.ConnectionError:
        return False


def sign_up(site: str) -> None:
    """Fill in the form of the front page, as a person does it: slower than two seconds."""
    page = requests.get(site, timeout=10).text
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    threading.Event().wait(2.1)
    answer = requests.post(
        f"{site}/sign-up", data={**fields, "email": "anna@example.org", "rhythm": "instantly"}, timeout=10
    )
    assert answer.ok, answer.text


@pytest.mark.timeout(600)
def test_the_first_post_of_the_readme_arrives_as_printed(tmp_path: Path) -> None:
    set_up, inbox, up, post = blocks()
    (tmp_path / ".venv").symlink_to(Path(sys.prefix))
    web, mail = free_ports()
    site = f"http://127.0.0.1:{web}"
    known = {name: value for name, value in os.environ.items() if not name.startswith(config._PREFIX)}
    # The ports that the README names may be taken where tests run; everything else is as printed.
    known |= {"SYNDICATION_BASE_URL": site, "SYNDICATION_SMTP_PORT": str(mail)}
    with terminals(tmp_path, known, "first", "second", "third") as (first, second, third):
        first.type(f"{set_up}echo done with key $KEY\n")
        until(lambda: "done with key syn_" in first.said, "no key was made", first)
        second.type(inbox)
        third.type(up)
        until(lambda: "are shown here" in second.said, "no inbox", second)
        until(lambda: answers(site), "the service does not start", third)
        sign_up(site)
        until(lambda: "/confirm/" in second.said, "no letter came", second, third)
        link = re.search(rf"{site}/confirm/[\w.-]+", second.said)
        assert link
        assert requests.post(link[0], timeout=10).ok
        first.type(post)
        until(lambda: "Weinabend" in second.said, "no mail came", first, second, third)
        assert "Weinabend" in requests.get(site, timeout=10).text
    assert [one.log.name for one in (first, second, third) if "Traceback" in one.said] == []
    assert len(list((tmp_path / "inbox").glob("*-anna@example.org.eml"))) >= 2
