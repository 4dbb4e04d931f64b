"""Runs a command that ends with its parent, on Linux: `python -m syndication.stack.tied PARENT NICE COMMAND…`."""

import ctypes
import os
import signal
import sys

#: prctl(2): the signal this process gets when its parent dies; it stays across exec.
_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ask the kernel for the signal, make sure that the parent has not died before, become the command."""
    parent, niceness, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    os.nice(niceness)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            sys.exit(1)
    os.execv(command[0], command)  # noqa: S606 -- the supervisor's own command line


if __name__ == "__main__":
    main()
