"""Worker hosts in network namespaces: each reaches the hub over a wire of its own, which can be cut."""

import contextlib
import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

#: What the hub is called by everybody, in networks that nobody outside these namespaces is in.
HUB = "10.77.0.1"
NETWORK = "10.77.0.0/16"
_CLONE_NEWNET = 0x40000000


def missing() -> str:
    """Why there can be no namespaces here; empty: there can."""
    if os.geteuid() != 0 or not all(map(shutil.which, ("ip", "unshare", "nsenter"))):
        return "needs root and ip"
    tried = subprocess.run(
        ["unshare", "--net", "ip", "link", "set", "lo", "up"], capture_output=True, check=False
    )
    return "" if tried.returncode == 0 else "needs root and ip"


def enter_hub() -> None:
    """Take this process into a network of its own, where it is HUB and nothing outside is reached."""
    if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    _run("ip", "link", "set", "lo", "up")
    _run("ip", "addr", "add", f"{HUB}/32", "dev", "lo")


class Wire:
    """The way between the hub and one host. `prefix` makes a command run on that host."""

    def __init__(self, name: str, number: int, holder: int) -> None:
        self._name = name
        self.prefix: Sequence[str] = (
            shutil.which("nsenter") or "nsenter",
            "-t",
            str(holder),
            "--net",
            "--uts",
            "--",
        )
        near, far = f"10.77.{number}.1", f"10.77.{number}.2"
        _run("ip", "link", "add", "name", name, "type", "veth", "peer", "name", "wire", "netns", str(holder))
        _run("ip", "addr", "add", f"{near}/24", "dev", name)
        _run("ip", "link", "set", name, "up")
        self._there("hostname", name)
        self._there("ip", "link", "set", "lo", "up")
        self._there("ip", "addr", "add", f"{far}/24", "dev", "wire")
        self._there("ip", "link", "set", "wire", "up")
        self._there(
            "ip", "route", "add", NETWORK, "via", near
        )  # nothing else, so that a look-up of names fails at once

    def _there(self, *command: str) -> None:
        _run(*self.prefix, *command)

    def cut(self) -> None:
        """Nothing passes any more, in either direction, and nobody is told."""
        _run("ip", "link", "set", self._name, "down")

    def mend(self) -> None:
        """It passes again."""
        _run("ip", "link", "set", self._name, "up")


@contextmanager
def wire(name: str, number: int) -> Iterator[Wire]:
    """A host and its wire; both go with the block, and with this process."""
    holder = subprocess.Popen(
        ["unshare", "--net", "--uts", sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert holder.stdin is not None
    assert holder.stdout is not None
    try:
        holder.stdout.readline()
        yield Wire(name, number, holder.pid)
    finally:
        with contextlib.suppress(OSError):
            holder.stdin.close()
        holder.wait(10)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=20)
