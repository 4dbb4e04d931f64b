"""A process whose children each do an act on topics or parts of town, and are killed (SIGKILL) before or behind a commit of it.

Argv: the URL of the database and the act (see `do`). Standard input: a JSON list of slugs or names, one for each child.
Prints what tests/killed.py says.
"""

import json
import sys
from functools import partial

from syndication.audience import district_acts, topic_acts
from tests.killed import each_killed


def do(act: str, slug: str) -> None:
    """The act as the town hall does it."""
    if act == "merge":
        topic_acts.merge(slug, "wein")
    elif act == "rename":
        topic_acts.rename(slug, f"{slug} neu")
    elif act == "rename district":
        district_acts.rename(slug, f"{slug} neu")
    else:
        topic_acts.split(slug)


def main(url: str, act: str) -> None:
    """The children's acts."""
    each_killed(url, [partial(do, act, slug) for slug in json.load(sys.stdin)])


if __name__ == "__main__":
    main(*sys.argv[1:])
