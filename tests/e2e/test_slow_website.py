"""A hundred and fifty readers want the pictures of a website that answers after 20 s: nobody else notices."""

import statistics
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from syndication import clock
from syndication.infra import db
from syndication.infra.images import path
from syndication.publishing import posts
from syndication.stack.receiver import Receiver, Reply
from tests import factories
from tests.e2e.city import City
from tests.infra.test_images import drawn
from tests.web.serving import served_apart

MANY = 150


@pytest.mark.alone
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_front_page_stays_as_fast_and_the_site_fetches_nothing(database_url: str, tmp_path: Path) -> None:
    with City(tmp_path, database_url) as city, Receiver() as website, served_apart(city.cfg) as (base, _):
        website.answer = lambda _: Reply(200, {}, drawn(), delay=20)
        urls = [website.url(f"/{number}.jpg") for number in range(10)]
        with db.transaction() as session:
            merchant_id = factories.merchant(session, "cafe").id
        images = [{"url": url, "alt": "Zwei Gläser"} for url in urls]
        made = [
            posts.create(merchant_id, factories.event(f"Abend {number}", days=30, images=images))
            for number in range(3)
        ]
        wanted = [base + path(post.id, place, url, size) for post in made
                  for place, url in enumerate(urls, 1) for size in ("page", "framed")]  # fmt: skip

        def front() -> float:
            began = clock.monotonic()
            assert requests.get(base, timeout=60).ok
            return clock.monotonic() - began

        quiet = [front() for _ in range(30)]
        ended, statuses = threading.Event(), set()

        def look(number: int) -> None:
            while not ended.is_set():
                answer = requests.get(wanted[number % len(wanted)], timeout=60)
                statuses.add(answer.status_code)
                ended.wait(float(answer.headers.get("Retry-After", "5")))

        with ThreadPoolExecutor(MANY) as pool:
            for number in range(MANY):
                pool.submit(look, number)
            began = clock.monotonic()
            loud = [front() for _ in range(30) if not ended.wait(0.05)]
            lasted = clock.monotonic() - began
            ended.set()
        assert website.requests == [], "without a worker nobody asked the website"
        print(f"front page: {statistics.median(quiet):.3f} s, beside {MANY} for pictures "
              f"{statistics.median(loud):.3f} s, at most {max(loud):.2f} s, 30 in {lasted:.1f} s")  # fmt: skip
        assert statuses == {503}
        # Waiting for the website would take twenty seconds and more; 150 answers on a busy machine take a moment, too.
        assert max(loud) < 10
        assert statistics.median(loud) < 20 * statistics.median(quiet) + 0.5


@pytest.mark.alone
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_worker_brings_the_pictures_and_webhooks_do_not_wait_for_them(
    database_url: str, tmp_path: Path
) -> None:
    with City(tmp_path, database_url) as city, Receiver() as website:
        website.answer = lambda request: Reply(200, {}, drawn(), delay=14 if "slow" in request.path else 0)
        city.webhook("/hook")
        city.start()
        city.publish()
        city.hooks.await_requests(1, seconds=90)
        slow = [{"url": website.url(f"/slow-{number}.jpg"), "alt": "x"} for number in range(10)]
        quick = [{"url": website.url("/quick.jpg"), "alt": "x"}]
        city.publish(images=slow)
        website.await_requests(1, seconds=60)
        began = clock.monotonic()
        city.publish(3, images=slow)
        city.publish(1, images=quick)
        city.hooks.await_requests(6, seconds=60)
        lasted = clock.monotonic() - began
        print(f"five webhooks {lasted:.1f} s after they were posted, beside pictures that take 14 s each")
        assert lasted < 13, "before the first of the slow pictures is there"
