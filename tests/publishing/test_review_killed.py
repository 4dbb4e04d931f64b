"""Whoever hands in, corrects or approves is killed at each commit: no post is lost, and none goes out that nobody approved."""

from uuid import UUID

import pytest
from sqlalchemy import select

from syndication.config import Settings
from syndication.content.base import new_id
from syndication.errors import Conflict
from syndication.infra import db
from syndication.models import Change, Post
from syndication.publishing import approving, posts, review
from tests import factories
from tests.killed import outcomes

#: Children for each act: one before and one behind each commit, and more than there are.
CHILDREN = 6


@pytest.mark.parametrize("act", ["create", "correct", "edit", "approve"])
def test_killed_at_any_commit_nothing_is_lost_and_nothing_goes_out_unseen(
    database: str, settings: Settings, act: str
) -> None:
    with db.transaction() as session:
        merchant = factories.merchant(session).id
    ids = [new_id() for _ in range(CHILDREN)]
    said = factories.event("Weinabend").model_dump(mode="json", exclude_none=True)
    if act == "correct":
        for one in ids:
            posts.create(merchant, factories.event("Weinabend"), post_id=one)
    review.set_own(merchant, "always")
    if act in ("approve", "edit"):
        for one in ids:
            posts.create(merchant, factories.event("Weinabend"), post_id=one)
    killed = _killed(database, settings, act, merchant, ids, said)
    assert killed == [True, True] + [False] * (CHILDREN - 2), "one commit holds all of it"
    posts.publish_due(however_late=True)
    for number, one in enumerate(ids):
        done = number > 0
        if act == "create":
            _waits(one) if done else _unknown(one)
        elif act == "correct":
            assert posts.read(one).content.title == "Weinabend", "it stands as it is"
            assert (review.read(one) is not None) == done
        elif act == "edit":
            assert approving.as_it_would_be(one)[1].content.summary == ("Vom Rathaus." if done else "")
            _waits(one)
        else:
            assert posts.read(one).state == ("published" if done else "scheduled")
    with db.reading() as session:
        told = session.scalars(select(Change.post_id)).all()
    assert sorted(told) == sorted({"correct": ids, "approve": ids[1:]}.get(act, []))
    if act == "approve":
        approving.approve(ids[0])  # whoever got no answer taps once more
        with pytest.raises(Conflict):
            approving.approve(ids[1])


def _waits(post_id: UUID) -> None:
    found = review.read(post_id)
    assert found is not None
    assert (found.state, posts.read(post_id).state) == ("waiting", "scheduled")


def _unknown(post_id: UUID) -> None:
    with db.reading() as session:
        assert session.get(Post, post_id) is None
    assert review.read(post_id) is None


def _killed(
    url: str, settings: Settings, act: str, merchant: UUID, ids: list[UUID], said: object
) -> list[bool]:
    given = {"merchant": str(merchant), "posts": [str(one) for one in ids], "said": said}
    return outcomes("tests.publishing.killed_while_reviewing", url, act, settings, given)
