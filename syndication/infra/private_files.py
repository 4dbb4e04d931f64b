"""Keeps our files private: new files and the data folder are closed to other users."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

#: What others of the machine may do with a file or folder of ours: nothing.
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


_city: Callable[[], Path] | None = None


def use(city: Callable[[], Path]) -> None:
    """Name the folder of this process's city, asked for when it is needed."""
    global _city  # noqa: PLW0603 -- one process, one city
    _city = city


def city() -> Path:
    """The folder of this process's city, made where it is missing. Raises OSError, and Invalid where there is no city."""
    if _city is None:
        raise FileNotFoundError("no city was named")
    found = _city()
    found.mkdir(parents=True, exist_ok=True)
    return found


def process() -> None:
    """Let everything that this process and its children make be readable by their own user alone."""
    os.umask(_OTHERS)


def folder(path: Path) -> None:
    """Make a folder closed to others, or close one that is there, with what lies directly in it.

    A folder that is not ours alone, such as somebody's home or /tmp, is left as it is, and `open_to_others` says so.
    """
    path.mkdir(mode=stat.S_IRWXU, parents=True, exist_ok=True)
    if _shared(path):
        return
    for one in (path, *path.iterdir()):
        _close(one)


def open_to_others(path: Path) -> bool:
    """Whether others of the machine can look into a folder."""
    return bool(path.stat().st_mode & _OTHERS)


def _shared(path: Path) -> bool:
    status = path.stat()
    places = (Path.home(), Path.cwd(), Path(path.anchor or "/"))
    return (
        status.st_uid != os.geteuid()
        or bool(status.st_mode & stat.S_ISVTX)
        or any(one.exists() and path.samefile(one) for one in places)
    )


def _close(path: Path) -> None:
    try:
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode) or status.st_uid != os.geteuid():
            return
        if status.st_mode & _OTHERS:
            path.chmod(stat.S_IMODE(status.st_mode) & ~_OTHERS)
            import structlog  # every command comes by here, and hardly any has something to say

            structlog.get_logger(__name__).warning("file.closed_to_others", path=str(path))
    except FileNotFoundError:  # a file of a database that is being tidied up
        return
