"""A process whose children each do one act on what comes every week, and are killed (SIGKILL) before or behind a commit of it.

Argv: the URL of the database and the act (`begin`, `turn`, `skip`). Standard input: a JSON object with the merchant's id, what
is said, and for each child the ids of its series and of what may go on in its place. The children 2n and 2n + 1 die before and
behind commit n. Prints as JSON for each child whether it was killed; one that comes to its end alive had fewer commits.
"""

import json
import os
import signal
import sys
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import event
from sqlalchemy.orm import Session

from syndication.infra import db
from syndication.kinds.reading import draft
from syndication.publishing import weekly, weekly_anew
from syndication.publishing.weekly import Plan
from syndication.publishing.weekly_anew import Turn


def die_at(commit: int, *, behind: bool) -> None:
    """This process is killed before or behind its commit of that number."""
    seen = [0]

    def count(_: Session) -> None:
        seen[0] += 1
        if seen[0] == commit:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Session, "after_commit" if behind else "before_commit", count)


def do(act: str, merchant: UUID, series: UUID, successor: UUID, said: object) -> None:
    """The act as a merchant does it."""
    if act == "begin":
        weekly.begin(merchant, series, draft(said).content(), Plan(days_before=14, hour="00:00"))
        return
    second: date = weekly.read(merchant, series).dates[1].on
    if act == "turn":
        weekly_anew.turn(merchant, series, successor, Turn(second + timedelta(days=1), interval=2))
    else:
        weekly.skip(merchant, series, second)


def main(url: str, act: str) -> None:
    """Children one after the other; this process itself holds no connection."""
    given = json.load(sys.stdin)
    merchant, killed = UUID(given["merchant"]), []
    for number, (series, successor) in enumerate(given["series"]):
        child = os.fork()
        if child == 0:
            db.connect(url)
            die_at(number // 2 + 1, behind=bool(number % 2))
            do(act, merchant, UUID(series), UUID(successor), given["said"])
            os._exit(0)
        _, status = os.waitpid(child, 0)
        killed.append(os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL)
    print(json.dumps(killed))


if __name__ == "__main__":
    main(*sys.argv[1:])
