"""Locks a process down: resource limits, Landlock and seccomp where the kernel has them, and an audit hook.

The hook alone holds against a library that opens what an address names; what the kernel forbids also holds against native
code that was taken over, such as a picture's decoder.
"""

import contextlib
import ctypes
import os
import resource
import struct
import sys
import sysconfig
import zoneinfo
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from syndication.infra.confined import system_calls

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_RULESET_VERSION = 1
_BENEATH = 1
_NO_NEW_PRIVILEGES = 38
#: Bits of linux/landlock.h: all that each version can forbid of files, of the network, and towards other processes.
_FILES = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
_READ_FILE, _READ_FOLDER = 1 << 2, 1 << 3
_ALL_TCP, _ALL_SCOPES = 0b11, 0b11
_TCP_SINCE, _SCOPES_SINCE = 4, 6
#: What the interpreter says before it does something that reaches beyond the process. Reading is looked at by path.
_REACHING = (
    "socket.", "subprocess.", "ctypes.", "shutil.", "sqlite3.", "mmap.", "fcntl.", "pty.", "signal.", "webbrowser.",
    "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.system", "os.kill", "os.startfile", "os.remove", "os.rename",
    "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate", "os.chmod", "os.chown", "os.utime", "os.setxattr",
    "os.removexattr", "os.chflags", "os.lockf", "os.add_dll_directory", "resource.", "syslog.", "tempfile.",
)  # fmt: skip
_READING = (
    "os.listdir",
    "os.scandir",
    "os.walk",
    "os.fwalk",
    "os.getxattr",
    "os.listxattr",
    "glob.glob",
    "pathlib.Path.glob",
)


#: What the kernel forbids this process, by name.
in_force: list[str] = []


def shut(memory: int) -> None:
    """From here on this process reads only what the interpreter itself is made of, writes nothing, reaches nobody, and uses
    at most `memory` bytes more than now."""
    allowed = _folders()
    _limit(memory)
    if sys.platform == "linux":
        _libc().prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        ways: dict[str, Callable[[], bool]] = {
            "Landlock": partial(_landlock, allowed),
            "seccomp": system_calls.forbid,
        }
        for name, forbid in ways.items():
            # A container may forbid to forbid; the hook holds all the same, and `syndication doctor` says what is missing.
            with contextlib.suppress(OSError):
                if forbid():
                    in_force.append(name)
    sys.addaudithook(_hook(allowed))


def landlock_version() -> int:
    """The version of Landlock that this kernel has; 0 for none."""
    if sys.platform != "linux":
        return 0
    return max(0, int(_libc().syscall(_CREATE_RULESET, None, 0, _RULESET_VERSION)))


def _folders() -> tuple[str, ...]:
    """The interpreter's own folders, our package, and the tables of the time zones: nothing that somebody wrote here."""
    own = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    own |= {str(Path(__file__).parents[2]), *zoneinfo.TZPATH, "/usr/lib", "/lib", "/lib64"}
    return tuple(sorted({os.path.realpath(folder) for folder in own if os.path.isdir(folder)}))


def _limit(memory: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    used = _memory_in_use()
    # Linux counts anonymous memory of its own; elsewhere the whole address space is what can be limited.
    kind = resource.RLIMIT_DATA if sys.platform == "linux" else resource.RLIMIT_AS
    if used is not None:
        resource.setrlimit(kind, (used + memory, used + memory))


def _memory_in_use() -> int | None:
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmData:"))


def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True)


def _landlock(allowed: tuple[str, ...]) -> bool:
    """docs.kernel.org/userspace-api/landlock: forbid all that this kernel can forbid, then allow reading `allowed`."""
    version = landlock_version()
    if not version:
        return False
    files = max(bits for since, bits in _FILES.items() if since <= version)
    tcp = _ALL_TCP if version >= _TCP_SINCE else 0
    scopes = _ALL_SCOPES if version >= _SCOPES_SINCE else 0
    attributes = struct.pack("=QQQ", files, tcp, scopes)
    size = 24 if scopes else 16 if tcp else 8
    libc = _libc()
    rules = _done(libc.syscall(_CREATE_RULESET, attributes, size, 0))
    for folder in allowed:
        handle = os.open(folder, os.O_PATH | os.O_CLOEXEC)
        rule = struct.pack("=Qi", _READ_FILE | _READ_FOLDER, handle)
        _done(libc.syscall(_ADD_RULE, rules, _BENEATH, rule, 0))
        os.close(handle)
    _done(libc.syscall(_RESTRICT_SELF, rules, 0))
    os.close(rules)
    return True


def _done(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), "Landlock")
    return int(result)


def _hook(allowed: tuple[str, ...]) -> Callable[[str, tuple[Any, ...]], None]:
    beneath = tuple(f"{folder}{os.sep}" for folder in allowed)
    writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

    def readable(path: Any) -> bool:
        if isinstance(path, int):  # an open file, which is one of the pipes
            return True
        return f"{os.path.realpath(os.fsdecode(path))}{os.sep}".startswith(beneath)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = arguments
            wants = bool(isinstance(flags, int) and flags & writing) or bool(mode and set(mode) & set("wax+"))
            if wants or not readable(path):
                raise PermissionError(f"not from in here: {path!r}")
        elif event in _READING:
            if not readable(arguments[0] if arguments and arguments[0] is not None else "."):
                raise PermissionError(f"not from in here: {event}")
        elif event.startswith(_REACHING):
            raise PermissionError(f"not from in here: {event}")

    return hook
