"""Forbids the system calls by which native code could open connections or start programs (seccomp, Linux)."""

import ctypes
import os
import platform
import struct
import sys
from typing import Any

_SECCOMP, _FILTER = 22, 2
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _KILL, _REFUSE = 0x7FFF0000, 0x80000000, 0x00050000 | 1  # EPERM
_ARCHITECTURE, _NUMBER = 4, 0  # offsets in struct seccomp_data
#: Numbers from here on are another way to make the same calls on x86-64.
_X32 = 0x40000000

#: Per machine: the audit number of its architecture, and the numbers of socket, socketpair, connect, execve, execveat,
#: ptrace, process_vm_readv, process_vm_writev, kill, tkill, open_by_handle_at and io_uring_setup.
_MACHINES: dict[str, tuple[int, tuple[int, ...]]] = {
    "x86_64": (0xC000003E, (41, 53, 42, 59, 322, 101, 310, 311, 62, 200, 304, 425)),
    "aarch64": (0xC00000B7, (198, 199, 203, 221, 281, 117, 270, 271, 129, 130, 265, 425)),
}


def known() -> bool:
    """Whether the calls of this machine are known here."""
    return sys.platform == "linux" and platform.machine() in _MACHINES


def forbid() -> bool:
    """Refuse them to this process from here on (EPERM); returns whether that could be done. Raises OSError.

    The process has given up new privileges before.
    """
    if not known():
        return False
    architecture, numbers = _MACHINES[platform.machine()]
    # Each step: what it does, how far it jumps if true and if false, and its operand; the last three are the verdicts.
    checks = [(_AT_LEAST, _X32), *((_EQUAL, number) for number in numbers)]
    steps = [(_LOAD, 0, 0, _ARCHITECTURE), (_EQUAL, 0, len(checks) + 3, architecture), (_LOAD, 0, 0, _NUMBER)]
    steps += [(what, len(checks) - place, 0, number) for place, (what, number) in enumerate(checks)]
    steps += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _REFUSE), (_RETURN, 0, 0, _KILL)]
    program = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))
    handed = struct.pack("@HP", len(steps), ctypes.addressof(program))
    libc: Any = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_SECCOMP, _FILTER, handed, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"seccomp: {os.strerror(ctypes.get_errno())}")
    return True
