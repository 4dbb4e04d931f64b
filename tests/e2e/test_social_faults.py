"""A worker killed between send and record: one copy where the network lets us know, `unconfirmed` where it does not."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from syndication import channels
from syndication.delivery import drain, reconcile
from syndication.stack.receiver import Receiver, Reply
from tests.e2e.city import City
from tests.remotes import REMOTES, Losing, Remote
from tests.town import PICTURE, account, deliveries, keep_pictures


@dataclass
class Network:
    """One network with one account, and what it does to the first post."""

    kind: str
    remote: Remote
    losing: Losing
    receiver: Receiver

    @property
    def repeatable(self) -> bool:
        """Whether a repeat is recognised there."""
        return channels.by_kind(self.kind).abilities.repeatable

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
        for kind, fake in REMOTES.items():
            remote = fake()
            network = Network(
                kind, remote, Losing(remote, Reply(hang=True)), servers.enter_context(Receiver())
            )
            network.receiver.answer = network.losing.answer
            found.append(network)
        yield found


@pytest.mark.enough("sqlite")
def test_workers_killed_between_send_and_record(
    networks: list[Network], database_url: str, tmp_path: Path
) -> None:
    """Each network has done what it was asked and not yet answered when all workers die."""
    with City(tmp_path, database_url) as city:
        for network in networks:
            account(network.kind, network.receiver)
        keep_pictures(city.cfg)
        city.start()
        city.publish(images=[PICTURE])
        for network in networks:
            assert network.losing.lost.wait(30), f"the post arrived at {network.kind} and its answer did not"
        assert city.kill_all(), "and the workers that waited for it were killed"
        city.start()
        expected = {one.kind: "sent" if one.repeatable else "unconfirmed" for one in networks}
        expected["facebook"] = "sent"  # it shows its own posts, so there it is found

        def found() -> bool:
            reconcile.sweep(drain.tools())  # as beat has it done now and then
            return {one.kind: one.state for one in networks} == expected

        city.await_that(found, seconds=120, what=f"{expected}")
        for network in networks:
            assert network.remote.copies == 1, network.kind
            if not network.repeatable:
                asked = sum(map(network.remote.makes_a_post, network.remote.calls))
                assert asked == 1, f"{network.kind} was asked to post again"
