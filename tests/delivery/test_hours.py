"""A post for later goes to every network at its hour: not before, in its last version, and not at all once withdrawn."""

from datetime import timedelta
from typing import Any

import pytest

from syndication import clock, config
from syndication.delivery import drain
from syndication.publishing import posts
from syndication.stack.receiver import Receiver
from tests import factories
from tests.remotes import REMOTES
from tests.town import PICTURE, account, deliveries, fan_out, keep_pictures, later, publish


@pytest.fixture
def remote(request: pytest.FixtureRequest, city: config.Settings, receiver: Receiver) -> Any:
    """The network of the kind under test, with an account."""
    keep_pictures(city)
    kind = request.getfixturevalue("kind")
    fake = REMOTES[kind]()
    receiver.answer = fake.answer
    account(kind, receiver)
    return fake


def tomorrow() -> str:
    return (clock.now() + timedelta(hours=20)).isoformat()


def let_it_go(hours: float) -> None:
    later(hours * 3600)
    posts.publish_due()
    fan_out()
    drain.drain("push")


@pytest.mark.parametrize("kind", sorted(REMOTES))
def test_it_goes_out_at_its_hour_in_its_last_version(kind: str, remote: Any) -> None:
    post = publish(title="Weinabent", images=[PICTURE], publish_at=tomorrow())
    let_it_go(19.9)
    assert remote.copies == 0
    assert deliveries(kind) == []
    posts.revise(post.merchant_id, post.id, factories.event("Weinabend", images=[PICTURE]))
    let_it_go(0.2)
    (row,) = deliveries(kind)
    assert (row.state, remote.copies) == ("sent", 1), row.reason
    asked = b"".join(call.body for call in remote.calls if remote.makes_a_post(call))
    assert b"Weinabent" not in asked


@pytest.mark.parametrize("kind", ["facebook"])
def test_what_is_withdrawn_before_its_hour_never_comes(kind: str, remote: Any) -> None:
    post = publish(title="Weinabend", publish_at=tomorrow())
    posts.withdraw(post.merchant_id, post.id)
    let_it_go(21)
    assert (remote.copies, deliveries(kind)) == (0, [])
