"""Opens what a process sends through (HTTP, mail, pictures), once, and lets one process at a time drain a queue."""

import contextlib
import fcntl
import os
import socket
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TextIO

from syndication.audience import feeds
from syndication.channels.tools import Tools
from syndication.config import settings
from syndication.delivery.session_cache import SessionCache
from syndication.infra.http import Client
from syndication.infra.images import Pictures
from syndication.infra.smtp import Outbox
from syndication.publishing import site_images, uploads


@lru_cache(maxsize=1)
def tools() -> Tools:
    """This process's doors to the world, made at their first use so that no forked child shares a socket."""
    cfg = settings()
    http = Client(timeout=cfg.http_timeout, allow_private=cfg.allow_private_addresses)
    return Tools(
        http=http,
        mail=Outbox(
            cfg.smtp_host,
            cfg.smtp_port,
            cfg.smtp_security,
            cfg.smtp_user,
            cfg.smtp_password.get_secret_value(),
            cfg.smtp_timeout,
        ),
        shelf=feeds.Shelf(),
        pictures=Pictures(http, cfg.data_dir / "pictures", uploads.own, site_images.Shelf()),
        sessions=SessionCache(),
    )


@contextlib.contextmanager
def sole_drain(queue: str) -> Iterator[bool]:
    """True where no sibling process of this worker drains `queue`; the kernel frees the lock of a killed one."""
    folder = settings().data_dir
    folder.mkdir(parents=True, exist_ok=True)
    # Containers may share the folder, and each has a process 1.
    path = folder / f"drain-{socket.gethostname()}-{os.getppid()}-{queue}.lock"
    with path.open("w") as file:
        mine = _locked(file, path)
        try:
            yield mine
        finally:
            if mine:
                path.unlink(missing_ok=True)


def _locked(file: TextIO, path: Path) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Whoever was done may have taken the file away since it was opened: then it keeps nobody out.
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except (BlockingIOError, FileNotFoundError):
        return False
