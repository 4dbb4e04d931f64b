"""A worker killed between send and record: one copy where the network lets us know, `unconfirmed` where it does not."""

import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from syndication import channels, db
from syndication.stack.receiver import Reply, Request
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
#: The engine is the same on both databases; two kinds are enough to show it on PostgreSQL, too.
_ON_BOTH = ("mastodon", "telegram")


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


def destination(city: City, kind: str, **changes: Any) -> None:
    given = {**SAMPLES[kind][0], **changes}
    secret = set(channels.by_kind(kind).settings.secret_names())
    filled = {
        name: filled_in(one, city.hooks.url("")) if isinstance(one, str) else one
        for name, one in given.items()
    }
    with db.transaction() as session:
        factories.destination(
            session,
            kind,
            settings={name: one for name, one in filled.items() if name not in secret},
            secrets={name: one for name, one in filled.items() if name in secret},
        )


@pytest.mark.parametrize("kind", sorted(set(POSTS) - set(_ON_BOTH)))
def test_a_worker_killed_between_send_and_record(kind: str, tmp_path: Path, sqlite_template: Path) -> None:
    path = tmp_path / "test.sqlite"
    shutil.copy(sqlite_template, path)
    killed(kind, f"sqlite:///{path}", tmp_path)


@pytest.mark.parametrize("kind", _ON_BOTH)
def test_the_same_on_every_database(kind: str, database_url: str, tmp_path: Path) -> None:
    killed(kind, database_url, tmp_path)


def killed(kind: str, database_url: str, tmp_path: Path) -> None:
    """One post to one account; the worker dies when the network has done what it was asked and not yet answered."""
    remote = REMOTES[kind]()
    stalling = Stalling(remote, POSTS[kind])
    with City(tmp_path, database_url) as city:
        city.hooks.answer = stalling.answer
        destination(city, kind)
        city.start()
        city.publish()
        assert stalling.stalled.wait(30), "the fault happened: the post arrived and its answer did not"
        assert city.kill_all(), "and the worker that waited for it was killed"
        city.start()
        if kind in COPIES:
            city.await_that(lambda: states(kind) == ["sent"], seconds=60, what="the delivery to be sent")
            assert COPIES[kind](remote) == 1
        else:
            city.await_that(lambda: states(kind) == ["unconfirmed"], seconds=60, what="an honest end")


def states(kind: str) -> list[str]:
    return [row.state for row in deliveries(kind)]
