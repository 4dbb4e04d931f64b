"""Children of a process that each do an act, and are killed (SIGKILL) before or behind a commit of it.

A module with the acts is run as a process of its own by `outcomes`, and does them by `each_killed`.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable

from sqlalchemy import event
from sqlalchemy.orm import Session

from syndication.config import Settings, as_environment
from syndication.infra import db


def outcomes(module: str, url: str, act: str, settings: Settings, given: object) -> list[bool]:
    """What `each_killed` found in a process that is `module`, with the database's URL, the act, and on its input `given`."""
    done = subprocess.run(
        [sys.executable, "-m", module, url, act],
        input=json.dumps(given), text=True, capture_output=True, timeout=120, check=True,
        env={**os.environ, **as_environment(settings)},
    )  # fmt: skip
    found: list[bool] = json.loads(done.stdout.splitlines()[-1])
    return found


def each_killed(url: str, acts: Iterable[Callable[[], None]]) -> None:
    """Print as JSON for each child whether it was killed; one that comes to its end alive had fewer commits.

    Children one after the other: 2n and 2n + 1 die before and behind commit n. This process itself holds no connection.
    """
    killed = []
    for number, act in enumerate(acts):
        child = os.fork()
        if child == 0:
            db.connect(url)
            _die_at(number // 2 + 1, behind=bool(number % 2))
            act()
            os._exit(0)
        _, status = os.waitpid(child, 0)
        killed.append(os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL)
    print(json.dumps(killed))


def _die_at(commit: int, *, behind: bool) -> None:
    """This process is killed before or behind its commit of that number."""
    seen = [0]

    def count(_: Session) -> None:
        seen[0] += 1
        if seen[0] == commit:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Session, "after_commit" if behind else "before_commit", count)
