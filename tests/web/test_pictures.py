"""Pictures over HTTP: uploaded by a shop, seen on the post's page, prepared for networks that fetch them."""

import io
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from PIL import Image
from starlette.testclient import TestClient

from syndication.delivery import drain
from syndication.infra.images import path
from syndication.publishing import posts, site_images
from syndication.stack.receiver import Receiver, Reply
from tests import factories
from tests.infra.test_images import drawn
from tests.web.conftest import Party, admitted

JPEG = {"Content-Type": "image/jpeg"}


@pytest.fixture(autouse=True)
def _fresh(client: TestClient) -> Iterator[None]:
    """Doors with the settings of this test."""
    drain.tools.cache_clear()
    yield
    drain.tools.cache_clear()


def seen(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def local(url: str) -> str:
    """Path and query of an address of ours, for the client of this process."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def worked() -> int:
    """What a worker does when it is woken."""
    return site_images.work(drain.tools().pictures)


def shown(client: TestClient, shop: Party, url: str, size: str, number: int = 1) -> Any:
    """The answer for a picture of a fresh post, once a worker saw to it."""
    images = [{"url": url, "alt": "Zwei Gläser"}]
    post = posts.create(shop.merchant_id, factories.event(images=images))  # type: ignore[arg-type]  # it has one
    worked()
    return client.get(path(post.id, number, url, size))


def test_a_shop_uploads_a_picture_and_the_page_of_its_post_shows_it(
    client: TestClient, cafe: Party, an_event: dict[str, Any]
) -> None:
    answer = cafe("POST", "/pictures", content=drawn(), headers=JPEG)
    assert answer.status_code == 201
    kept = answer.json()
    assert (kept["width"], kept["height"]) == (1200, 800)
    assert answer.headers["Location"] == kept["url"]
    direct = client.get(local(kept["url"]))
    assert (direct.headers["Content-Type"], len(direct.content)) == ("image/jpeg", kept["bytes"])
    assert direct.headers["X-Content-Type-Options"] == "nosniff"

    made = cafe("POST", "/posts", json=an_event | {"images": [{"url": kept["url"], "alt": "Zwei Gläser"}]})
    assert made.status_code == 201, made.text
    where = f"/posts/{made.json()['id']}"
    page = client.get(where).text
    small = path(made.json()["id"], 1, kept["url"], "page")
    assert f'<img src="{small}" alt="Zwei Gläser"' in page
    assert seen(client.get(small).content).size == (1200, 800)

    cafe("DELETE", where)
    assert client.get(small).status_code == 404
    assert client.get(local(kept["url"])).status_code == 404


def test_a_post_with_a_picture_that_is_gone_is_refused_by_its_field(
    cafe: Party, an_event: dict[str, Any]
) -> None:
    url = "http://localhost:8000/pictures/" + "0" * 32 + ".jpg"
    answer = cafe("POST", "/posts", json=an_event | {"images": [{"url": url, "alt": "x"}]})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "images.0.url"
    assert "upload it again" in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    ("headers", "body", "status", "said"),
    [
        ({"Content-Type": "text/html"}, b"x", 415, "must be a picture"),
        ({}, b"x", 415, "must be a picture"),
        (JPEG, b"", 422, "no JPEG"),
        (JPEG, b"<html>", 422, "no JPEG"),
        (JPEG, drawn()[:700], 422, "damaged"),
        (JPEG, b"x" * 12_000_001, 413, "12 MB"),
    ],
)
def test_what_is_no_picture_is_refused_in_words(
    cafe: Party, headers: dict[str, str], body: bytes, status: int, said: str
) -> None:
    answer = cafe("POST", "/pictures", content=body, headers=headers)
    assert (answer.status_code, said in answer.json()["detail"]) == (status, True), answer.text


def test_nobody_uploads_without_the_right_to_post(client: TestClient, operator: Party) -> None:
    assert client.post("/api/v1/pictures", content=drawn()[:10_000], headers=JPEG).status_code == 401
    assert client.post("/api/v1/pictures", content=drawn(), headers=JPEG).status_code == 413, (
        "it is not even read"
    )
    reader = admitted(client, "reader", "posts:read")
    assert reader("POST", "/pictures", content=drawn(), headers=JPEG).status_code == 403
    assert operator("POST", "/pictures", content=drawn(), headers=JPEG).status_code == 422
    assert operator("POST", "/pictures?merchant=reader", content=drawn(), headers=JPEG).status_code == 201


@pytest.mark.parametrize("size", [(3000, 500), (400, 2000), (1000, 1000)])
def test_a_strict_network_finds_the_picture_in_the_shape_it_takes(
    client: TestClient, cafe: Party, receiver: Receiver, size: tuple[int, int]
) -> None:
    receiver.answer = lambda _: Reply(200, {}, drawn(*size, kind="PNG"))
    picture = seen(shown(client, cafe, receiver.url("/p.png"), "framed").content)
    assert picture.format == "JPEG"
    assert 0.79 < picture.width / picture.height < 1.92


def test_a_picture_is_fetched_and_shrunk_once_however_many_look(
    client: TestClient, cafe: Party, receiver: Receiver
) -> None:
    receiver.answer = lambda _: Reply(200, {}, drawn())
    first, second = (shown(client, cafe, receiver.url("/p.jpg"), "page") for _ in range(2))
    assert first.content == second.content
    assert len(receiver.requests) == 1


def test_a_website_in_trouble_is_not_asked_by_every_reader(
    client: TestClient, cafe: Party, receiver: Receiver
) -> None:
    receiver.answer = lambda _: Reply(503)
    for _ in range(3):
        answer = shown(client, cafe, receiver.url("/p.jpg"), "page")
        assert answer.status_code == 503
        assert 50 < int(answer.headers["Retry-After"]) <= 60
    assert len(receiver.requests) == 1


def test_only_pictures_of_posts_that_stand_are_shown(
    client: TestClient, cafe: Party, receiver: Receiver
) -> None:
    receiver.answer = lambda _: Reply(404 if "gone" in _.path else 200, {}, drawn())
    url = receiver.url("/p.jpg")
    assert shown(client, cafe, url, "page").status_code == 200
    assert shown(client, cafe, url, "huge").status_code == 404
    for number in (0, -1, 2):
        assert shown(client, cafe, url, "page", number).status_code == 404
    assert shown(client, cafe, receiver.url("/gone.jpg"), "page").status_code == 404
    for odd in ("/posts/x/pictures/1-page.jpg", "/pictures/..jpg", "/pictures/" + "0" * 32 + ".jpg"):
        assert client.get(odd).status_code == 404
    assert seen(client.get("/pictures/test.jpg").content).size == (1080, 1080)


def test_a_link_to_a_post_becomes_a_card_with_picture_on_networks(
    client: TestClient, cafe: Party, an_event: dict[str, Any]
) -> None:
    images = [{"url": "https://cafe.example/wein.jpg", "alt": 'Zwei "Gläser"'}]
    made = cafe("POST", "/posts", json=an_event | {"images": images, "status": "cancelled"}).json()
    told = dict(
        re.findall(
            r'<meta property="og:([a-z:_]+)" content="([^"]*)"', client.get(f"/posts/{made['id']}").text
        )
    )
    here = f"http://localhost:8000/posts/{made['id']}"
    assert told["url"] == here
    assert told["title"].endswith(made["content"]["title"])
    assert told["title"] != made["content"]["title"], "a cancelled event says so at the front"
    assert told["image"].startswith(f"{here}/pictures/1-framed.jpg")
    assert told["image:alt"] == "Zwei &#34;Gläser&#34;"
