"""Whoever makes dates of what comes every week is killed at each of its commits: no date stands twice, and none is lost."""

import json
from collections import Counter
from uuid import UUID

import pytest
from sqlalchemy import select

from syndication.config import Settings
from syndication.content.base import new_id
from syndication.infra import db
from syndication.models import Change, Post
from syndication.publishing import weekly, weekly_making
from syndication.publishing.weekly import Plan
from tests import factories
from tests.killed import outcomes
from tests.publishing.killed_at_commits import do

#: Children for each act: one before and one behind each commit, and more than there are.
CHILDREN = 24


@pytest.mark.parametrize("act", ["begin", "turn", "skip"])
def test_killed_at_any_commit_it_is_done_once_by_those_who_come_behind(
    database: str, settings: Settings, act: str
) -> None:
    with db.transaction() as session:
        merchant = factories.merchant(session).id
    said = factories.evening("Kneipenquiz", days=3).model_dump(mode="json", exclude_none=True)
    ids = [(new_id(), new_id()) for _ in range(CHILDREN)]
    if act != "begin":
        for series, _ in ids:
            weekly.begin(merchant, series, factories.evening("Kneipenquiz", days=3).content(), Plan())
    killed = _killed(database, settings, act, merchant, ids, said)
    commits = sum(killed) // 2
    assert commits >= {"begin": 6, "turn": 6, "skip": 3}[act], (
        "each commit has killed one before and one behind it"
    )
    assert killed == [number < 2 * commits for number in range(CHILDREN)]
    weekly_making.sweep()
    for series, successor in ids:
        do(act, merchant, series, successor, said)  # whoever got no answer taps once more
    weekly_making.sweep()
    plain = {_stands(merchant, ids[-1], act)}
    assert {_stands(merchant, one, act) for one in ids} == plain, "all stand as where nobody was killed"
    with db.reading() as session:
        dates = Counter(session.execute(select(Post.weekly_id, Post.weekly_on)))
        told = Counter(session.execute(select(Change.post_id, Change.action)))
    assert set(dates.values()) == {1}
    assert set(told.values()) <= {1}
    assert len(told) == (CHILDREN if act == "begin" else 0), "the first date of each is out, and told once"


def _killed(
    url: str, settings: Settings, act: str, merchant: UUID, ids: list[tuple[UUID, UUID]], said: object
) -> list[bool]:
    given = {"merchant": str(merchant), "series": [[str(one) for one in pair] for pair in ids], "said": said}
    return outcomes("tests.publishing.killed_at_commits", url, act, settings, given)


def _stands(merchant: UUID, pair: tuple[UUID, UUID], act: str) -> str:
    """All dates of a series, and of what goes on in its place."""
    found = [
        [(one.on.isoformat(), one.state) for one in weekly.read(merchant, series).dates]
        for series in (pair if act == "turn" else pair[:1])
    ]
    return json.dumps(found)
