"""A worker killed between send and record: one copy where the network lets us know, `unconfirmed` where it does not."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from syndication import channels, db
from syndication.delivery import drain, looking
from syndication.stack.receiver import Receiver, Reply, Request
from tests import factories
from tests.channels.samples import SAMPLES, filled_in
from tests.e2e.city import City
from tests.remotes import REMOTES
from tests.town import deliveries

#: Kind → how many copies of the post its fake holds.
COPIES: dict[str, Callable[[Any], int]] = {
    "mastodon": lambda remote: len(remote.statuses),
    "bluesky": lambda remote: len(remote.records),
    "matrix": lambda remote: len(remote.shown()),
    "webpush": lambda remote: len(remote.shown),
    "ntfy": lambda remote: len(remote.shown),
}
#: What posts, in each network's own words.
POSTS = {
    "mastodon": "POST /api/v1/statuses",
    "bluesky": "POST /xrpc/com.atproto.repo.putRecord",
    "matrix": "/send/m.room.message/",
    "webpush": "POST /push/",
    "telegram": "/sendMessage",
    "discord": "POST /api/webhooks/",
    "teams": "POST /workflows/",
    "apprise": "POST /hook",
    "ntfy": "POST /",
    "facebook": "/feed",
    "google_business": "/localPosts",
    "linkedin": "POST /rest/posts",
}


class Stalling:
    """Lets a network do what it is asked, and holds back its answer to the posting request once."""

    def __init__(self, remote: Any, posting: str) -> None:
        self._remote, self._posting = remote, posting
        self.stalled = threading.Event()

    def answer(self, request: Request) -> Reply:
        said: Reply = self._remote.answer(request)
        if self._posting in f"{request.method} {request.path}" and not self.stalled.is_set():
            self.stalled.set()
            return Reply(hang=True)
        return said


@dataclass
class Network:
    """One network with one account, and what it does to the first post."""

    kind: str
    remote: Any
    stalling: Stalling
    receiver: Receiver

    def posted(self) -> int:
        """How often it was asked to post."""
        calls = [f"{call.method} {call.path}" for call in self.remote.calls]
        return sum(POSTS[self.kind] in call for call in calls)

    @property
    def state(self) -> str:
        """How our delivery to it stands."""
        (row,) = deliveries(self.kind)
        return row.state


@pytest.fixture
def networks() -> Iterator[list[Network]]:
    """Every network, each at a server of its own."""
    with ExitStack() as servers:
        found = []
        for kind, posting in POSTS.items():
            remote = REMOTES[kind]()
            network = Network(kind, remote, Stalling(remote, posting), servers.enter_context(Receiver()))
            network.receiver.answer = network.stalling.answer
            found.append(network)
        yield found


def destination(network: Network) -> None:
    given = SAMPLES[network.kind][0]
    secret = set(channels.by_kind(network.kind).settings.secret_names())
    filled = {
        name: filled_in(one, network.receiver.url("")) if isinstance(one, str) else one
        for name, one in given.items()
    }
    with db.transaction() as session:
        factories.destination(
            session,
            network.kind,
            settings={name: one for name, one in filled.items() if name not in secret},
            secrets={name: one for name, one in filled.items() if name in secret},
        )


def test_workers_killed_between_send_and_record(
    networks: list[Network], database_url: str, tmp_path: Path
) -> None:
    """Each network has done what it was asked and not yet answered when all workers die."""
    with City(tmp_path, database_url) as city:
        for network in networks:
            destination(network)
        city.start()
        city.publish()
        for network in networks:
            assert network.stalling.stalled.wait(30), (
                f"the post arrived at {network.kind} and its answer did not"
            )
        assert city.kill_all(), "and the workers that waited for it were killed"
        city.start()
        expected = {one.kind: "sent" if one.kind in COPIES else "unconfirmed" for one in networks}
        city.await_that(
            lambda: {one.kind: one.state for one in networks} == expected, seconds=60, what=f"{expected}"
        )
        for network in networks:
            if network.kind in COPIES:
                assert COPIES[network.kind](network.remote) == 1, network.kind
            else:
                assert network.posted() == 1, f"{network.kind} was asked to post again"
        assert looking.sweep(drain.tools()) == 1, "Facebook shows its own posts, so there it is found"
        assert next(one for one in networks if one.kind == "facebook").state == "sent"
