"""A process whose children each hand in, correct or approve a post, and are killed (SIGKILL) before or behind a commit of it.

Argv: the URL of the database and the act (`create`, `correct`, `approve`, `edit`). Standard input: a JSON object with the
merchant's id, what is said, and for each child the id of its post. The children 2n and 2n + 1 die before and behind commit n.
Prints as JSON for each child whether it was killed; one that comes to its end alive had fewer commits.
"""

import json
import os
import signal
import sys
from uuid import UUID

from syndication.infra import db
from syndication.kinds.reading import draft
from syndication.publishing import approving, posts
from syndication.publishing.merge_patch import patched
from tests.publishing.killed_at_commits import die_at


def do(act: str, merchant: UUID, post: UUID, said: object) -> None:
    """The act as whoever does it."""
    if act == "create":
        posts.create(merchant, draft(said), post_id=post)
    elif act == "correct":
        posts.revise(merchant, post, lambda now: patched(now, {"title": "Ungeprüft"}))
    elif act == "edit":
        approving.edit(post, 1, {"summary": "Vom Rathaus."})
    else:
        approving.approve(post)


def main(url: str, act: str) -> None:
    """Children one after the other; this process itself holds no connection."""
    given = json.load(sys.stdin)
    merchant, killed = UUID(given["merchant"]), []
    for number, post in enumerate(given["posts"]):
        child = os.fork()
        if child == 0:
            db.connect(url)
            die_at(number // 2 + 1, behind=bool(number % 2))
            do(act, merchant, UUID(post), given["said"])
            os._exit(0)
        _, status = os.waitpid(child, 0)
        killed.append(os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL)
    print(json.dumps(killed))


if __name__ == "__main__":
    main(*sys.argv[1:])
