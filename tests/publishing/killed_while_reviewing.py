"""A process whose children each hand in, correct or approve a post, and are killed (SIGKILL) before or behind a commit of it.

Argv: the URL of the database and the act (`create`, `correct`, `approve`, `edit`). Standard input: a JSON object with the
merchant's id, what is said, and for each child the id of its post. Prints what tests/killed.py says.
"""

import json
import sys
from functools import partial
from uuid import UUID

from syndication.kinds.reading import draft
from syndication.publishing import approving, posts
from syndication.publishing.merge_patch import patched
from tests.killed import each_killed


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
    """The children's acts."""
    given = json.load(sys.stdin)
    merchant = UUID(given["merchant"])
    each_killed(url, [partial(do, act, merchant, UUID(post), given["said"]) for post in given["posts"]])


if __name__ == "__main__":
    main(*sys.argv[1:])
