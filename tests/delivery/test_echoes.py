"""Networks are asked what they count of a post: after a day and after a week, and whatever goes wrong costs nothing else."""

from typing import Any

import pytest
from sqlalchemy import select

from syndication import config
from syndication.delivery import drain, echoes
from syndication.infra import db
from syndication.models import Destination, KeptEcho
from syndication.publishing import posts
from syndication.stack.receiver import Receiver, Reply
from tests import factories
from tests.remotes import REMOTES
from tests.remotes.remote import reply
from tests.town import account, fan_out, later, publish

_DAY = 86_400


@pytest.fixture
def remote(request: pytest.FixtureRequest, city: config.Settings, receiver: Receiver) -> Any:
    """One account on a fake network."""
    kind = getattr(request, "param", "mastodon")
    fake = REMOTES[kind]()
    receiver.answer = fake.answer
    account(kind, receiver)
    return fake


def posted(**fields: Any) -> posts.PostRecord:
    one = publish(**fields)
    fan_out()
    drain.drain("push")
    return one


def ask() -> int:
    """What the sweep does, to its end; how many outlets it asked."""
    found = echoes.sweep(drain.tools())
    for future in found:
        future.result(timeout=30)
    return len(found)


def rows() -> list[KeptEcho]:
    with db.reading() as session:
        return list(session.scalars(select(KeptEcho).order_by(KeptEcho.post_id)))


def counts() -> list[tuple[int | None, int | None, int | None]]:
    return [(one.likes, one.shares, one.replies) for one in rows()]


def told(remote: Any, likes: Any, shares: Any = 0, replies: Any = 0) -> None:
    """What people did with everything that stands there."""
    mastodon = hasattr(remote, "statuses")
    names = (
        ("favourites_count", "reblogs_count", "replies_count")
        if mastodon
        else ("likeCount", "repostCount", "replyCount")
    )
    for one in remote.statuses if mastodon else remote.records:
        remote.counts[one] = dict(zip(names, (likes, shares, replies), strict=True))


@pytest.mark.parametrize("remote", ["mastodon", "bluesky"], indirect=True)
def test_a_post_is_asked_after_twice_and_never_again(remote: Any) -> None:
    posted(days=30)
    later(_DAY / 2)
    assert ask() == 0
    told(remote, 3, 1, 2)
    later(_DAY / 2 + 60)
    assert (ask(), counts()) == (1, [(3, 1, 2)])
    assert ask() == 0
    told(remote, 5, 2, 2)
    later(6 * _DAY)
    assert (ask(), counts()) == (1, [(5, 2, 2)])
    later(_DAY)
    assert ask() == 0


@pytest.mark.enough("sqlite")  # what a remote says
@pytest.mark.parametrize("remote", ["mastodon", "bluesky"], indirect=True)
def test_what_somebody_deleted_there_has_no_counts(remote: Any) -> None:
    posted(days=30)
    (remote.statuses if hasattr(remote, "statuses") else remote.records).clear()
    later(_DAY + 60)
    assert (ask(), counts()) == (1, [(None, None, None)])


@pytest.mark.enough("sqlite")
@pytest.mark.parametrize("remote", ["bluesky"], indirect=True)
def test_a_session_that_ended_is_renewed(remote: Any) -> None:
    posted(days=30)
    told(remote, 4)
    remote.end_session()
    later(_DAY + 60)
    assert (ask(), counts()) == (1, [(4, 0, 0)])


@pytest.mark.enough("sqlite")
@pytest.mark.parametrize("strange", [None, "viele", -1, 1.5, True, [], 10**12, "9" * 400])
def test_what_counts_nothing_is_left_out(remote: Any, strange: Any) -> None:
    posted(days=30)
    told(remote, strange, 1)
    later(_DAY + 60)
    ask()
    assert counts() == [(None, 1, 0)]


@pytest.mark.parametrize(
    "fault",
    [
        reply(None, 503),
        reply({"error": "The access token is invalid"}, 401),
        reply({"error": "Too many requests"}, 429),
        Reply(close=True),
        Reply(200, {"Content-Type": "text/html"}, b"<p>Wartung</p>"),
    ],
    ids=["down", "refused", "often", "cut", "page"],
)
@pytest.mark.enough("sqlite")
def test_a_failure_is_silent_and_costs_one_question(remote: Any, fault: Reply) -> None:
    posted(days=30)
    later(_DAY + 60)
    remote.fail(fault, on="GET /api/v1/statuses", times=5)
    assert (ask(), counts()) == (1, [(None, None, None)])
    assert ask() == 0, "it is not asked again for that"
    with db.reading() as session:
        outlet = session.scalars(select(Destination).where(Destination.channel == "mastodon")).one()
        assert (outlet.state, outlet.failures, outlet.held_until) == ("active", 0, None)
    remote._faults.clear()
    told(remote, 7)
    later(6 * _DAY)
    assert (ask(), counts()) == (1, [(7, 0, 0)])


def test_where_an_outlet_does_not_answer_its_other_posts_are_asked_after_another_time(remote: Any) -> None:
    one = posted(days=30)
    posts.create(one.merchant_id, factories.event("Lesung", days=30))
    fan_out()
    drain.drain("push")
    told(remote, 2)
    later(_DAY + 60)
    remote.fail(reply(None, 503), on="GET /api/v1/statuses")
    ask()
    assert sorted(one.asked for one in rows()) == [0, 1]
    ask()
    assert sorted(counts(), key=str) == [(2, 0, 0), (None, None, None)]
    assert ask() == 0


def test_what_was_taken_back_is_not_asked_after(remote: Any) -> None:
    one = posted(days=30)
    posts.withdraw(one.merchant_id, one.id)
    later(_DAY + 60)
    assert ask() == 0


def test_two_sweeps_at_once_ask_once(remote: Any) -> None:
    posted(days=30)
    later(_DAY + 60)
    first = echoes._claimed()
    assert (len(first), echoes._claimed()) == (1, [])
