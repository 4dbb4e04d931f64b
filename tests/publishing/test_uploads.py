"""Uploaded pictures: kept once, shown while a post that stands shows them, forgotten when none did for a week."""

import io
from datetime import timedelta
from uuid import UUID

import pytest
from PIL import Image

from syndication import clock
from syndication.config import Settings
from syndication.content.post import Draft
from syndication.errors import Forbidden, Invalid, NotFound, QuotaExceeded
from syndication.infra import db
from syndication.models import StoredPicture
from syndication.publishing import posts, uploads
from tests import factories
from tests.infra.test_images import drawn


@pytest.fixture
def cafe(database: str, settings: Settings) -> UUID:
    with db.transaction() as session:
        return factories.merchant(session, "cafe").id


def event(*urls: str, title: str = "Weinabend") -> Draft:
    return factories.event(title, days=30, images=[{"url": url, "alt": "Zwei Gläser"} for url in urls])


def key(url: str) -> str:
    return url.rpartition("/")[2].removesuffix(".jpg")


def test_the_same_picture_twice_is_one_and_another_shops_is_its_own(cafe: UUID) -> None:
    first, again = uploads.add(cafe, drawn()), uploads.add(cafe, drawn())
    assert first == again
    assert (first.width, first.height) == (1200, 800)
    with db.transaction() as session:
        other = factories.merchant(session, "museum").id
    assert uploads.add(other, drawn()).url != first.url
    data = uploads.own(first.url)
    assert data is not None
    assert len(data) == first.bytes
    assert Image.open(io.BytesIO(data)).format == "JPEG"


def test_large_pictures_are_kept_in_the_size_that_outlets_need(cafe: UUID) -> None:
    kept = uploads.add(cafe, drawn(6000, 3000))
    assert (kept.width, kept.height) == (2560, 1280)


def test_what_is_no_picture_is_refused_in_words(cafe: UUID) -> None:
    with pytest.raises(Invalid, match="no JPEG, PNG, WebP or GIF"):
        uploads.add(cafe, b"<svg onload=alert(1)>")


def test_a_post_names_only_pictures_that_are_kept(cafe: UUID) -> None:
    kept = uploads.add(cafe, drawn())
    with pytest.raises(Invalid, match=r"images\.1\.url"):
        posts.create(cafe, event(kept.url, uploads.address("0" * 32)))
    assert posts.listed() == []
    posts.create(cafe, event(kept.url, "https://weinhaus.example/bild.jpg"))


def test_a_withdrawn_post_takes_its_picture_with_it(cafe: UUID) -> None:
    kept = uploads.add(cafe, drawn())
    one, two = posts.create(cafe, event(kept.url)), posts.create(cafe, event(kept.url, title="Zweiter"))
    posts.withdraw(cafe, one.id)
    assert uploads.shown(key(kept.url)), "the other post still shows it"
    posts.withdraw(cafe, two.id)
    with pytest.raises(NotFound):
        uploads.shown(key(kept.url))
    assert uploads.own(kept.url) is None


def test_what_no_post_shows_is_forgotten_after_a_week(cafe: UUID) -> None:
    unused, used, once = (uploads.add(cafe, drawn(width)) for width in (300, 400, 500))
    post = posts.create(cafe, event(used.url, once.url))
    posts.revise(cafe, post.id, event(used.url))
    uploads.sweep()
    with db.reading() as session:
        assert session.query(StoredPicture).count() == 3
    clock.travel(timedelta(days=8))
    uploads.sweep()
    assert uploads.own(used.url)
    assert uploads.own(unused.url) is None
    assert uploads.own(once.url) is None


def test_a_shop_uploads_ten_pictures_for_each_post_it_may_write(cafe: UUID) -> None:
    with db.transaction() as session:
        shop = factories.merchant(session, "small", posts_per_day=1).id
    for width in range(100, 110):
        uploads.add(shop, drawn(width, 50))
    with pytest.raises(QuotaExceeded, match="10 pictures in 24 hours"):
        uploads.add(shop, drawn(300, 50))
    clock.travel(timedelta(hours=25))
    uploads.add(shop, drawn(300, 50))


def test_only_merchants_who_may_publish_upload(database: str, settings: Settings) -> None:
    with db.transaction() as session:
        applied = factories.merchant(session, "new", state="applied").id
    with pytest.raises(Forbidden, match="not admitted yet and may not"):
        uploads.add(applied, drawn())


def test_only_addresses_of_ours_are_ours(cafe: UUID) -> None:
    kept = uploads.add(cafe, drawn())
    for url in (
        "https://elsewhere.example/pictures/" + key(kept.url) + ".jpg",
        kept.url + "?x",
        kept.url.replace(".jpg", ".png"),
        kept.url.replace("/pictures/", "/pictures/../pictures/"),
        "",
    ):
        assert uploads.own(url) is None
    assert uploads.own(uploads.address(uploads.TEST)), "what test deliveries show"
