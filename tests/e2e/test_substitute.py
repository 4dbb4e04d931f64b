"""Where no redis-server can be had (Python 3.13 and newer, other machines), the substitute in Python carries the wake-ups."""

from pathlib import Path

import pytest

from syndication import clock
from tests.e2e.city import City


@pytest.mark.alone
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_city_works_without_a_redis_server(database_url: str, tmp_path: Path) -> None:
    with City(tmp_path, database_url, redis="") as city:
        city.readers(20)
        city.webhook("/hook")
        city.start()
        city.publish()  # wakes what is still starting
        city.await_mails(20, seconds=60)
        city.await_done(seconds=30)
        city.publish()
        woken = clock.monotonic()
        city.hooks.await_requests(2, seconds=30)
        waited = clock.monotonic() - woken
        city.await_that(lambda: len(city.mail.mails) == 40, seconds=30, what="40 mails")
    assert waited < 4, "a wake-up came: a sweep would have come three to eight seconds later"
    for log in tmp_path.glob("*.log"):
        assert "unknown command" not in log.read_text(errors="replace")
