"""A process whose children each do an act on topics, and are killed (SIGKILL) before or behind a commit of it.

Argv: the URL of the database and the act (`merge`, `rename`, `split`). Standard input: a JSON list of the slugs, one for each
child. The children 2n and 2n + 1 die before and behind commit n. Prints as JSON for each child whether it was killed.
"""

import json
import os
import signal
import sys

from syndication.audience import topic_acts
from syndication.infra import db
from tests.publishing.killed_at_commits import die_at


def do(act: str, slug: str) -> None:
    """The act as the town hall does it."""
    if act == "merge":
        topic_acts.merge(slug, "wein")
    elif act == "rename":
        topic_acts.rename(slug, f"{slug} neu")
    else:
        topic_acts.split(slug)


def main(url: str, act: str) -> None:
    """Children one after the other; this process itself holds no connection."""
    killed = []
    for number, slug in enumerate(json.load(sys.stdin)):
        child = os.fork()
        if child == 0:
            db.connect(url)
            die_at(number // 2 + 1, behind=bool(number % 2))
            do(act, slug)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        killed.append(os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL)
    print(json.dumps(killed))


if __name__ == "__main__":
    main(*sys.argv[1:])
