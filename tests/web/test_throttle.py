"""The brake: one count for all web processes and all ways in, and no address of anybody in Redis."""

import logging
import re
from pathlib import Path

import pytest
from starlette.requests import Request

from syndication import asgi, config
from syndication.errors import QuotaExceeded
from syndication.infra import db, wakeups
from syndication.infra.rate_limits import Buckets, Rate, redis_url
from syndication.stack.redis_server import Broker
from syndication.web import throttle
from tests.conftest import settings_for


def request(host: str) -> Request:
    return Request({"type": "http", "client": (host, 1), "headers": []})


@pytest.fixture
def shared(redis_server: Broker, redis_url: str, tmp_path: Path) -> Broker:
    """A city whose web processes count in a real Redis."""
    if not redis_server.real:
        pytest.skip("the substitute in Python keeps no exact count")
    config.use(settings_for(tmp_path, broker_url=redis_url))
    return redis_server


def test_all_processes_count_together(shared: Broker) -> None:
    for _ in range(5):
        throttle._buckets.cache_clear()  # as in another process
        throttle.SIGN_UPS.count(request("203.0.113.7"))
    throttle._buckets.cache_clear()
    with pytest.raises(QuotaExceeded) as refused:
        throttle.SIGN_UPS.count(request("203.0.113.7"))
    assert 600 < (refused.value.after or 0) <= 720
    throttle.SIGN_UPS.count(request("203.0.113.8"))
    throttle.NOTICES.count(request("203.0.113.7"))
    config.use(None)


def test_nothing_in_redis_tells_an_address_and_nothing_stays(shared: Broker) -> None:
    hosts = ("203.0.113.7", "2001:db8:a:b::1")
    for host in hosts:
        throttle.SIGN_UPS.count(request(host))
        throttle.NOTICES.count(request(host))
    assert throttle.fresh("a stamp")
    client = shared.client()
    names = [bytes(name).decode() for name in client.scan_iter("syndication:rate:*")]
    assert len(names) > 8
    for name in names:
        assert re.fullmatch("syndication:rate:[0-9a-f]{32}", name)
        assert 0 < client.pttl(name) <= 24 * 3600 * 1000 + 2000
    config.use(None)


@pytest.mark.parametrize(
    ("host", "household", "network"),
    [
        ("203.0.113.7", "203.0.113.7/32", "203.0.113.0/24"),
        ("::ffff:203.0.113.7", "203.0.113.7/32", "203.0.113.0/24"),
        ("2001:db8:a:b:c::1", "2001:db8:a:b::/64", "2001:db8:a::/48"),
        ("fe80::1%eth0", "fe80::/64", "fe80::/48"),
        ("testclient", "testclient", "testclient"),
        ("", "", ""),
    ],
)
def test_a_household_and_the_network_around_it(host: str, household: str, network: str) -> None:
    assert throttle.places(host) == (household, network)


def test_a_process_alone_keeps_no_more_than_counts() -> None:
    now = [0.0]
    buckets = Buckets(redis_url(""), monotonic=lambda: now[0])
    from syndication.infra.rate_limits import Bucket

    for number in range(25_000):
        buckets.take([Bucket(str(number), Rate(1, 10))])
        now[0] += 0.01
    assert len(buckets._full) <= 10_001


def test_the_log_of_the_web_process_holds_no_address_and_no_link(
    settings: config.Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "syndication.infra.logs.configure", lambda *_: None
    )  # the tests' own log stays as it is
    access = logging.getLogger("uvicorn.access")
    asgi.create()
    assert access.disabled
    access.disabled = False
    db.engine().dispose()
    wakeups.use(None)
