"""Forty uploads of one large picture at once: what all processes of the web part take of memory, and who waits."""

import contextlib
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
import requests

from syndication import clock, config
from syndication.infra import db
from syndication.publishing import api_keys
from syndication.publishing.api_keys import KeyRequest
from tests import factories
from tests.large_pictures import png, saved
from tests.web.serving import served_apart

MANY = 40


class Watched:
    """The most memory that a process and its children had together, in bytes, above what they had at first."""

    def __init__(self, process: psutil.Process) -> None:
        self._process, self._ended = process, threading.Event()
        self.first = self.most = self._now()

    def _now(self) -> int:
        total = 0
        for one in [self._process, *self._process.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                total += one.memory_info().rss
        return total

    @contextlib.contextmanager
    def looking(self) -> Iterator[None]:
        """Look every 20 ms until the block ends."""

        def look() -> None:
            while not self._ended.wait(0.02):
                self.most = max(self.most, self._now())

        with ThreadPoolExecutor(1) as pool:
            looking = pool.submit(look)
            try:
                yield
            finally:
                self._ended.set()
        looking.result()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("name", "statuses", "most"),
    [("59 million pixels", {422, 503}, 250_000_000), ("24.9 million pixels", {201, 503}, 550_000_000)],
)
def test_forty_uploads_at_once_take_the_memory_of_two(
    city: config.Settings, database_url: str, name: str, statuses: set[int], most: int
) -> None:
    data = png(7700, 7700) if name.startswith("59") else saved("JPEG", quality=95) + bytes(8_000_000)
    with db.transaction() as session:
        merchant_id = factories.merchant(session, "kino").id
    key = api_keys.create(merchant_id, KeyRequest(name="shop")).text
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "image/jpeg"}
    with served_apart(city.model_copy(update={"database_url": database_url})) as (base, process):

        def upload(_: int) -> requests.Response:
            return requests.post(f"{base}/api/v1/pictures", data=data, headers=headers, timeout=120)

        def front(_: int) -> float:
            began = clock.monotonic()
            assert requests.get(base, timeout=60).ok
            return clock.monotonic() - began

        watched = Watched(process)
        with watched.looking(), ThreadPoolExecutor(MANY) as pool:
            uploads = [pool.submit(upload, number) for number in range(MANY)]
            waits = [front(number) for number in range(20)]
            answers = [one.result() for one in uploads]
        found = Counter(answer.status_code for answer in answers)
        grown = watched.most - watched.first
        print(f"{name}: {dict(found)}, {grown / 1e6:.0f} MB more, front page {max(waits):.2f} s at most")
        assert set(found) <= statuses
        assert found[min(statuses)] > 0
        for answer in answers:
            if answer.status_code == 503:
                assert int(answer.headers["Retry-After"]) > 0
                assert "try again in a few seconds" in answer.json()["detail"]
        assert grown < most
        again = requests.post(f"{base}/api/v1/pictures", data=data, headers=headers, timeout=60)
        assert again.status_code == min(statuses), "whoever comes again is served"
