"""A confined module that only reports which restrictions hold, so that they can be checked."""

from collections.abc import Callable

from syndication.infra.confined import lockdown

#: All that there is.
WHOLE = ("Landlock", "seccomp")


def answer(_frame: bytes, _ask: Callable[[bytes], bytes]) -> bytes:
    """The names of what the kernel forbids this process, with a blank between."""
    return " ".join(lockdown.in_force).encode()
