"""Pictures of posts, prepared by workers: there before anybody is told to fetch them, gone with their post, never waited for."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from syndication import clock, config
from syndication.delivery import drain
from syndication.infra import db, wakeups
from syndication.infra.images import NoPicture, path
from syndication.models import PictureWant, PreparedPicture
from syndication.publishing import posts, site_images, uploads
from syndication.stack.receiver import Receiver, Reply, Request
from syndication.web.app import create_app
from tests import factories, town
from tests.infra.test_images import drawn

Woken = list[tuple[str, tuple[str, ...]]]


@pytest.fixture
def cafe(city: config.Settings) -> UUID:
    with db.transaction() as session:
        return factories.merchant(session, "cafe").id


@pytest.fixture
def website(receiver: Receiver) -> Receiver:
    """A merchant's website with pictures."""
    receiver.answer = lambda _: Reply(200, {}, drawn())
    return receiver


def posted(merchant_id: UUID, *urls: str, title: str = "Weinabend") -> posts.PostRecord:
    images = [{"url": url, "alt": "Zwei Gläser"} for url in urls]
    return posts.create(merchant_id, factories.event(title, days=30, images=images))


def worked() -> int:
    return site_images.work(drain.tools().pictures)


def rows() -> list[PreparedPicture]:
    with db.reading() as session:
        return list(session.scalars(select(PreparedPicture).order_by(PreparedPicture.url)))


def test_a_post_with_pictures_wakes_a_worker_that_fetches_each_once(
    cafe: UUID, website: Receiver, woken: Woken
) -> None:
    urls = [website.url("/a.jpg"), website.url("/b.jpg")]
    posted(cafe, *urls)
    assert ("pictures", ()) in woken
    assert site_images.there(urls) == frozenset()
    assert worked() == 2
    assert site_images.there(urls) == frozenset(urls)
    posted(cafe, *urls, title="Zweiter")
    assert worked() == 0
    assert sorted(request.path for request in website.requests) == ["/a.jpg", "/b.jpg"]


def test_the_site_asks_nobody_while_somebody_waits(
    city: config.Settings, cafe: UUID, website: Receiver, woken: Woken
) -> None:
    url = website.url("/a.jpg")
    post = posted(cafe, url)
    with TestClient(create_app(city)) as client:
        for size in ("page", "framed", "page"):
            answer = client.get(path(post.id, 1, url, size))
            assert answer.status_code == 503
            assert 5 <= int(answer.headers["Retry-After"]) <= 60
        page = client.get(f"/posts/{post.id}")
        assert page.status_code == 200
        assert "<img" not in page.text.split("</header>")[-1], "no broken picture"
        assert website.requests == []
        worked()
        assert f'<img src="{path(post.id, 1, url, "page")}"' in client.get(f"/posts/{post.id}").text
        answers = [client.get(path(post.id, 1, url, size)) for size in ("page", "framed")]
        assert [answer.headers["Content-Type"] for answer in answers] == 2 * ["image/jpeg"]
        assert len(website.requests) == 1


def test_a_picture_that_nobody_asked_for_yet_is_asked_for_by_who_looks(
    city: config.Settings, cafe: UUID, website: Receiver, woken: Woken, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Posts from before pictures were prepared, and what was forgotten for want of room."""
    url = website.url("/a.jpg")
    post = posted(cafe, url)
    with db.transaction() as session:
        session.query(PreparedPicture).delete()
    woken.clear()
    monkeypatch.setattr(site_images, "_rung_at", float("-inf"))
    with TestClient(create_app(city)) as client:
        assert [client.get(path(post.id, 1, url, "page")).status_code for _ in range(3)] == [503, 503, 503]
        assert woken == [("pictures", ())], "a worker is woken once"
        worked()
        assert client.get(path(post.id, 1, url, "page")).status_code == 200
        monkeypatch.setattr(site_images, "_MOST_KEPT", 1000)
        site_images.sweep()
        assert rows()[0].size == 0
        assert client.get(path(post.id, 1, url, "page")).status_code == 503
        worked()
        assert client.get(path(post.id, 1, url, "page")).status_code == 200


def test_an_uploaded_picture_is_shown_at_once(city: config.Settings, cafe: UUID) -> None:
    kept = uploads.add(cafe, drawn(1200, 900))
    wide = uploads.add(cafe, drawn(1200, 300))
    post = posted(cafe, kept.url, wide.url)
    with TestClient(create_app(city)) as client:
        assert client.get(f"/posts/{post.id}").text.count("<figure>") == 2
        statuses = [client.get(path(post.id, number, one.url, size)).status_code
                    for number, one in ((1, kept), (2, wide)) for size in ("page", "framed")]  # fmt: skip
        assert statuses == [200, 200, 200, 503], "only who is strict about the shape waits"
        worked()
        assert client.get(path(post.id, 2, wide.url, "framed")).status_code == 200


def test_a_withdrawn_post_takes_its_pictures_with_it_and_a_revision_those_it_no_longer_shows(
    cafe: UUID, website: Receiver
) -> None:
    one, two, three = (website.url(f"/{name}.jpg") for name in "abc")
    first, second = posted(cafe, one, two), posted(cafe, two, three, title="Zweiter")
    worked()
    posts.withdraw(cafe, first.id)
    assert [row.url for row in rows()] == [two, three]
    posts.revise(cafe, second.id, factories.event("Zweiter", days=30, images=[{"url": three, "alt": "x"}]))
    site_images.sweep()
    assert [row.url for row in rows()] == [three]
    with db.reading() as session:
        assert len(session.scalars(select(PictureWant)).all()) == 1


@pytest.mark.parametrize(("status", "broken"), [(404, True), (503, False), (429, False)])
def test_what_cannot_be_had_is_known_and_told_at_once(
    city: config.Settings, cafe: UUID, website: Receiver, status: int, broken: bool
) -> None:
    website.answer = lambda _: Reply(status)
    url = website.url("/a.jpg")
    post = posted(cafe, url)
    worked()
    with TestClient(create_app(city)) as client:
        answer = client.get(path(post.id, 1, url, "page"))
        assert answer.status_code == (404 if broken else 503)
        assert worked() == 0
        with pytest.raises(NoPicture, match=str(status)):
            drain.tools().pictures.show(url, "page")
        assert len(website.requests) == 1
        if not broken:
            clock.travel(timedelta(seconds=70))
            website.answer = lambda _: Reply(200, {}, drawn())
            assert site_images.due()
            assert worked() == 1
            assert client.get(path(post.id, 1, url, "page")).status_code == 200


def test_a_website_that_stays_away_is_given_up_and_tried_anew_for_a_new_post(
    cafe: UUID, website: Receiver
) -> None:
    website.answer = lambda _: Reply(500)
    url = website.url("/a.jpg")
    posted(cafe, url)
    for _ in range(20):
        worked()
        clock.travel(timedelta(days=1.1))
    assert len(website.requests) == 7
    assert (rows()[0].due_at, "answered 500" in rows()[0].reason) == (None, True)
    website.answer = lambda _: Reply(200, {}, drawn())
    posted(cafe, url, title="Zweiter")
    worked()
    assert site_images.there([url])


@pytest.mark.no_answer
def test_a_slow_website_holds_up_no_other(cafe: UUID, website: Receiver, receiver: Receiver) -> None:
    """Twenty pictures of a website that never answers, and then one of another."""
    arrived = threading.Event()

    def answer(request: Request) -> Reply:
        if request.headers["host"].startswith("localhost"):
            return Reply(hang=True)
        arrived.set()
        return Reply(200, {}, drawn())

    website.answer = answer
    slow = [f"http://localhost:{website.port}/{number}.jpg" for number in range(20)]
    for at in (0, 10):
        posted(cafe, *slow[at : at + 10], title=f"Abend {at}")
    quick = website.url("/quick.jpg")
    posted(cafe, quick, title="Letzter")
    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(worked)
        assert arrived.wait(20)
        asked = [request for request in website.requests if request.headers["host"].startswith("localhost")]
        assert len(asked) <= 2
        working.result(60)
    assert site_images.there([quick])
    asked = [request for request in website.requests if request.headers["host"].startswith("localhost")]
    assert len(asked) <= 4, "a website in trouble is left alone for a minute"
    assert len([row for row in rows() if row.due_at is not None]) == 20


def test_one_process_of_a_machine_prepares_at_a_time(cafe: UUID, website: Receiver, woken: Woken) -> None:
    posted(cafe, website.url("/a.jpg"))
    with site_images._alone() as mine:
        assert mine
        assert worked() == 0
    assert worked() == 1


def test_what_a_killed_worker_had_claimed_is_tried_again(cafe: UUID, website: Receiver) -> None:
    posted(cafe, website.url("/a.jpg"))
    claimed = site_images._Work(drain.tools().pictures)._claim()
    assert [one.url for one in claimed] == [website.url("/a.jpg")]
    assert worked() == 0
    clock.travel(timedelta(seconds=200))
    assert worked() == 1


@pytest.mark.parametrize("kind", ["slack", "ntfy", "instagram", "google-business"])
def test_the_picture_is_on_the_site_before_a_network_is_told_of_it(
    city: config.Settings, cafe: UUID, website: Receiver, receiver: Receiver, kind: str
) -> None:
    from syndication import channels

    if not channels.known(kind):
        kind = kind.replace("-", "_")
    url = website.url("/a.jpg")
    there: list[frozenset[str]] = []

    def answer(request: Request) -> Reply:
        if request.path == "/a.jpg":
            return Reply(200, {}, drawn())
        if request.method == "POST" and b"/pictures/1-" in request.body:
            with db.reading() as session:
                statement = select(PreparedPicture.key).where(
                    PreparedPicture.page.is_not(None) | PreparedPicture.framed.is_not(None)
                )
                there.append(frozenset(session.scalars(statement)))
        return Reply(200, {}, b'{"access_token": "t", "expires_in": 3600, "id": "1", "name": "x"}')

    website.answer = answer
    town.account(kind, receiver)
    posted(cafe, url)
    town.fan_out()
    drain.drain("push")
    assert there
    assert all(site_images.key(url) in found for found in there)


def test_ten_lanes_that_need_a_picture_of_a_dead_website_ask_it_once(cafe: UUID, website: Receiver) -> None:
    website.answer = lambda _: Reply(500)
    url = website.url("/a.jpg")
    pictures = drain.tools().pictures

    def show(_: int) -> str:
        with pytest.raises(NoPicture) as caught:
            pictures.show(url, "page")
        return caught.value.reason

    with ThreadPoolExecutor(10) as pool:
        assert len(set(pool.map(show, range(10)))) == 1
    assert len(website.requests) == 1


def test_a_wakeup_that_was_lost_is_sent_by_the_sweep(cafe: UUID, website: Receiver, woken: Woken) -> None:
    posted(cafe, website.url("/a.jpg"))
    woken.clear()
    assert site_images.due()
    wakeups.wake(site_images.WAKEUP)
    assert woken == [("pictures", ())]


def test_odd_addresses_are_no_fault(cafe: UUID, website: Receiver) -> None:
    many: list[Any] = [website.url(f"/{'x' * 1500}.jpg"), website.url("/a%20b.jpg?c=d&e=f")]
    posted(cafe, *many)
    assert worked() == 2
    assert site_images.there(many) == frozenset(many)
