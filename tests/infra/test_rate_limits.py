"""Token buckets: exact in one process, shared through a real Redis, and still there when it is not."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from syndication.infra.rate_limits import Bucket, Buckets, Rate, redis_url
from syndication.stack import redis_server as broker

THREE = Bucket("account", Rate(3, 30.0))
TWO_A_SECOND = Bucket("host", Rate(2, 1.0))


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_then_one_by_one() -> None:
    clock = Clock()
    buckets = Buckets(monotonic=clock)
    assert [buckets.take([THREE]) for _ in range(3)] == [0, 0, 0]
    assert buckets.take([THREE]) == pytest.approx(10)
    clock.now += 9.9
    assert buckets.take([THREE]) == pytest.approx(0.1)
    clock.now += 0.1
    assert buckets.take([THREE]) == 0
    assert buckets.take([THREE]) == pytest.approx(10)
    clock.now += 1000
    assert [buckets.take([THREE]) for _ in range(4)] == [0, 0, 0, pytest.approx(10)]


def test_all_buckets_are_drawn_from_or_none() -> None:
    clock = Clock()
    buckets = Buckets(monotonic=clock)
    for _ in range(2):
        assert buckets.take([TWO_A_SECOND, THREE]) == 0
    assert buckets.take([TWO_A_SECOND, THREE]) == pytest.approx(0.5)
    clock.now += 0.5
    assert buckets.take([TWO_A_SECOND, THREE]) == 0, "the refused try cost the account nothing"
    assert buckets.take([]) == 0


def test_names_do_not_share() -> None:
    buckets = Buckets(monotonic=Clock())
    assert [buckets.take([Bucket(name, Rate(1, 60))]) for name in "abc"] == [0, 0, 0]


def test_workers_share_through_redis(redis_server: broker.Broker) -> None:
    if not redis_server.real:
        pytest.skip(
            "the substitute in Python runs scripts of several connections at once, so its count is not exact"
        )
    url = redis_url(redis_server.url)
    assert url
    bucket = Bucket("shared by all", Rate(20, 600.0))
    workers = [Buckets(url) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda number: workers[number % 8].take([bucket]), range(60)))
    assert sum(wait == 0 for wait in waits) == 20
    assert all(0 < wait <= 600 for wait in waits if wait)


def test_a_silent_redis_is_replaced_by_a_count_of_ones_own() -> None:
    buckets = Buckets("redis://127.0.0.1:1/0", monotonic=Clock())
    assert [buckets.take([THREE]) for _ in range(3)] == [0, 0, 0]
    assert buckets.take([THREE]) == pytest.approx(10)


@pytest.mark.parametrize(
    ("broker_url", "expected"),
    [
        ("redis://h:6379/0", "redis://h:6379/0"),
        ("rediss://h:6379/0", "rediss://h:6379/0"),
        ("redis+socket:///run/r.sock", "unix:///run/r.sock"),
        ("amqp://h//", ""),
        ("sentinel://h:26379", ""),
        ("", ""),
    ],
)
def test_only_a_redis_is_asked(broker_url: str, expected: str) -> None:
    assert redis_url(broker_url) == expected


def test_each_bucket_says_its_own_wait_and_none_is_drawn_from(redis_server: broker.Broker) -> None:
    for buckets in (Buckets(monotonic=Clock()), Buckets(redis_url(redis_server.url))):
        one, other = Bucket("one of two", Rate(1, 60.0)), Bucket("other of two", Rate(2, 60.0))
        assert buckets.draw([one, other]) == [0, 0]
        assert buckets.draw([one, other]) == [pytest.approx(60, abs=1), 0]
        assert buckets.draw([other]) == [0], "the refused try cost nothing"
        assert buckets.draw([]) == []
