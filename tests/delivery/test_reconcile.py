"""What may have arrived is looked for at an outlet that shows its own posts: found, it is sent; not found, a person is asked."""

import json
from typing import Any

import pytest
from sqlalchemy import select

from syndication import clock, config, destinations
from syndication.delivery import drain, reconcile
from syndication.infra import db
from syndication.ledger import replay
from syndication.models import Attempt, Destination
from syndication.publishing import posts
from syndication.stack.receiver import Receiver, Reply
from tests.remotes import REMOTES, Losing
from tests.town import account, deliveries, fan_out, later, publish, states


@pytest.fixture
def page(city: config.Settings, receiver: Receiver) -> Losing:
    """A Facebook page of the city."""
    network = Losing(REMOTES["facebook"]())
    receiver.answer = network.answer
    account("facebook", receiver)
    return network


def lose_one(**fields: Any) -> posts.PostRecord:
    """A post of which nobody knows whether it arrived."""
    post = publish(**fields)
    fan_out()
    drain.drain("push")
    assert states("facebook") == ["unconfirmed"]
    return post


def look() -> int:
    return reconcile.sweep(drain.tools())


def test_what_stands_there_is_sent_and_can_be_corrected(page: Losing) -> None:
    post = lose_one(title="Weinabend")
    assert look() == 1
    (row,) = deliveries("facebook")
    ((post_id, _),) = page.remote.posts.items()
    assert (row.state, row.reference, row.link) == ("sent", post_id, page.remote.permalink(post_id))
    with db.reading() as session:
        attempts = session.scalars(select(Attempt).order_by(Attempt.id)).all()
    assert [(one.outcome, one.trigger) for one in attempts] == [("unconfirmed", "schedule"), ("sent", "look")]
    posts.withdraw(None, post.id)
    fan_out()
    drain.drain("push")
    assert page.remote.posts == {}


def test_what_is_not_there_is_never_posted_again_by_itself(page: Losing) -> None:
    page.arrives = False
    lose_one()
    looks = 0
    for _ in range(30):
        before = len(page.remote.calls)
        assert look() == 0
        looks += len(page.remote.calls) > before
        later(3600)
    assert states("facebook") == ["unconfirmed"]
    assert page.remote.posts == {}
    assert 3 <= looks <= 12, "soon at first, then ever more seldom, and not for ever"


def test_a_person_may_send_it_again_and_then_it_is_no_longer_looked_for(page: Losing) -> None:
    page.arrives = False
    lose_one()
    replay.one(deliveries("facebook")[0].id)
    drain.drain("push")
    assert (states("facebook"), len(page.remote.posts)) == (["sent"], 1)
    calls = len(page.remote.calls)
    later(3600)
    assert (look(), len(page.remote.calls)) == (0, calls)


def test_what_waited_for_knowing_goes_on(page: Losing) -> None:
    post = lose_one(title="Weinabend")
    posts.withdraw(None, post.id)
    fan_out()
    drain.drain("push")
    assert states("facebook") == ["unconfirmed", "unconfirmed"]
    assert len(page.remote.posts) == 1
    assert look() == 1
    drain.drain("push")
    assert states("facebook") == ["sent", "sent"]
    assert page.remote.posts == {}


def test_an_older_post_with_the_same_words_is_not_taken_for_it(page: Losing) -> None:
    page.arrives = False
    older = clock.now()
    later(86_400)
    lose_one(title="Weinabend")
    assert page.request is not None
    said = json.loads(page.request.body)["message"]
    page.remote.posts["104512345678901_1"] = {"message": said, "created": older}
    assert look() == 0
    page.remote.posts["104512345678901_2"] = {"message": said, "created": clock.now()}
    later(180)
    assert look() == 1
    assert deliveries("facebook")[0].reference == "104512345678901_2"


@pytest.mark.parametrize("fault", [Reply(500), Reply(200, {}, b"<html>"), Reply(200, {}, b'{"data": 7}')])
def test_a_look_that_fails_changes_nothing_and_is_made_again(page: Losing, fault: Reply) -> None:
    lose_one()
    page.remote.fail(fault, on="GET .*/feed")
    assert look() == 0
    assert states("facebook") == ["unconfirmed"]
    later(180)
    assert look() == 1


def test_a_paused_outlet_is_left_alone(page: Losing) -> None:
    lose_one()
    with db.reading() as session:
        outlet = session.scalars(select(Destination.id).where(Destination.channel == "facebook")).one()
    destinations.pause(outlet)
    assert look() == 0
    destinations.resume(outlet)
    assert look() == 1
