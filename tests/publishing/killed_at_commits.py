"""A process whose children each do one act on what comes every week, and are killed (SIGKILL) before or behind a commit of it.

Argv: the URL of the database and the act (`begin`, `turn`, `skip`). Standard input: a JSON object with the merchant's id, what
is said, and for each child the ids of its series and of what may go on in its place. Prints what tests/killed.py says.
"""

import json
import sys
from datetime import date, timedelta
from functools import partial
from uuid import UUID

from syndication.kinds.reading import draft
from syndication.publishing import weekly, weekly_anew
from syndication.publishing.weekly import Plan
from syndication.publishing.weekly_anew import Turn
from tests.killed import each_killed


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
    """The children's acts."""
    given = json.load(sys.stdin)
    merchant = UUID(given["merchant"])
    pairs = [(UUID(series), UUID(successor)) for series, successor in given["series"]]
    each_killed(url, [partial(do, act, merchant, *pair, given["said"]) for pair in pairs])


if __name__ == "__main__":
    main(*sys.argv[1:])
