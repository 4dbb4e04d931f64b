"""A post whose answer was lost is revised before the next try: it is found by its earlier words, and stands there once."""

from typing import Any

import pytest

from syndication import config
from syndication.delivery import drain
from syndication.publishing import posts
from syndication.stack.receiver import Receiver
from tests import factories
from tests.remotes import REMOTES, Losing
from tests.town import PICTURE, account, deliveries, fan_out, keep_pictures, later, publish

#: No link tells this merchant's posts apart.
SAID = {"url": "https://weinhaus.example/", "images": [PICTURE]}
KEPT = ("mastodon", "bluesky", "matrix", "ntfy", "webpush")


def lost(kind: str, city: config.Settings, receiver: Receiver) -> tuple[Any, posts.PostRecord]:
    """A network that has a post of which we do not know."""
    keep_pictures(city)
    remote = REMOTES[kind]()
    losing = Losing(remote)
    receiver.answer = losing.answer
    account(kind, receiver)
    post = publish(title="Weinabent", **SAID)
    fan_out()
    drain.drain("push")
    assert losing.lost.is_set()
    assert remote.copies == 1
    assert [row.state for row in deliveries(kind)] == ["waiting"]
    return remote, post


def go_on(kind: str) -> list[str]:
    fan_out()
    for _ in range(4):
        later(3600)
        drain.drain("push")
    return [row.state for row in deliveries(kind)]


@pytest.mark.parametrize("kind", KEPT)
def test_it_is_corrected_where_it_stands(kind: str, city: config.Settings, receiver: Receiver) -> None:
    remote, post = lost(kind, city, receiver)
    posts.revise(post.merchant_id, post.id, factories.event("Weinabend mit Musik", **SAID))
    assert go_on(kind)[-1] == "sent"
    assert remote.copies == 1
    if kind == "mastodon":
        (status,) = remote.statuses.values()
        assert status["text"].startswith("Weinabend mit Musik")


@pytest.mark.parametrize("kind", [*KEPT, "instagram"])
def test_it_is_taken_back(kind: str, city: config.Settings, receiver: Receiver) -> None:
    remote, post = lost(kind, city, receiver)
    posts.revise(post.merchant_id, post.id, factories.event("Weinabend mit Musik", **SAID))
    fan_out()
    posts.withdraw(post.merchant_id, post.id)
    go_on(kind)
    standing = (
        remote.copies if kind != "webpush" else sum(not one["withdrawn"] for one in remote.shown.values())
    )
    assert standing == 0


def test_what_cannot_be_changed_there_is_said(city: config.Settings, receiver: Receiver) -> None:
    remote, post = lost("instagram", city, receiver)
    posts.revise(post.merchant_id, post.id, factories.event("Weinabend mit Musik", **SAID))
    go_on("instagram")
    row = deliveries("instagram")[-1]
    assert (row.state, remote.copies) == ("failed", 1), row.reason
    assert "correct it there by hand" in row.reason


def test_what_was_refused_at_first_is_posted_once_it_was_mended(
    city: config.Settings, receiver: Receiver
) -> None:
    keep_pictures(city)
    remote: Any = REMOTES["instagram"]()
    receiver.answer = remote.answer
    account("instagram", receiver)
    post = publish(title="Weinabend")
    fan_out()
    drain.drain("push")
    assert "add one" in deliveries("instagram")[0].reason
    posts.revise(post.merchant_id, post.id, factories.event("Weinabend", images=[PICTURE]))
    assert go_on("instagram") == ["failed", "sent"]
    assert remote.copies == 1
