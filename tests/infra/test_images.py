"""Pictures: fetched once from real servers, whatever they answer; shrunk to what a network takes, or refused in words."""

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from syndication.config import Settings
from syndication.infra.http import Client
from syndication.infra.images import Limits, NoPicture, Pictures, shrunk
from syndication.stack.receiver import Receiver, Reply


def drawn(width: int = 1200, height: int = 800, kind: str = "JPEG", mode: str = "RGB", **named: Any) -> bytes:
    target = io.BytesIO()
    Image.linear_gradient("L").resize((width, height)).convert(mode).save(target, kind, **named)
    return target.getvalue()


def seen(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


@pytest.fixture
def pictures(tmp_path: Path, settings: Settings) -> Pictures:
    return Pictures(Client(timeout=10.0, allow_private=True), tmp_path / "pictures")


def test_ten_outlets_fetch_a_picture_once(pictures: Pictures, receiver: Receiver) -> None:
    receiver.answer = lambda _: Reply(200, {"Content-Type": "image/jpeg"}, drawn())
    found = [pictures.get(receiver.url("/p.jpg"), Limits(side=side)) for side in range(100, 1100, 100)]
    assert [one.width for one in found] == list(range(100, 1100, 100))
    assert len(receiver.requests) == 1


def test_redirects_are_followed_a_few_times(pictures: Pictures, receiver: Receiver) -> None:
    receiver.answer = lambda request: (
        Reply(200, {}, drawn())
        if request.path == "/c"
        else Reply(302, {"Location": {"/a": "/b"}.get(request.path, "/c")})
    )
    assert pictures.get(receiver.url("/a"), Limits()).width == 1200
    receiver.answer = lambda _: Reply(302, {"Location": "/round"})
    with pytest.raises(NoPicture, match="circle"):
        pictures.get(receiver.url("/x"), Limits())


@pytest.mark.parametrize(
    ("status", "later"), [(404, False), (403, False), (500, True), (503, True), (429, True)]
)
def test_an_error_says_whether_it_may_pass(
    pictures: Pictures, receiver: Receiver, status: int, later: bool
) -> None:
    receiver.answer = lambda _: Reply(status)
    with pytest.raises(NoPicture, match=str(status)) as caught:
        pictures.get(receiver.url("/p"), Limits())
    assert caught.value.later is later


def test_an_address_that_our_rules_refuse_is_not_fetched(tmp_path: Path, receiver: Receiver) -> None:
    careful = Pictures(Client(timeout=10.0), tmp_path)
    with pytest.raises(NoPicture, match="cannot be used") as caught:
        careful.get(receiver.url("/p"), Limits())
    assert not caught.value.later
    assert receiver.requests == []


def test_a_full_disk_holds_up_nothing(receiver: Receiver, tmp_path: Path, settings: Settings) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    receiver.answer = lambda _: Reply(200, {}, drawn())
    assert Pictures(Client(timeout=10.0, allow_private=True), blocked).get(receiver.url("/p"), Limits()).data


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html>",
        b"GIF89a",
        drawn()[:500],
        b"%PDF-1.7",
        b"\x89PNG\r\n\x1a\n" + b"\0" * 99,
        b"<svg onload='x'/>",
    ],
)
def test_what_is_no_picture_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(NoPicture) as caught:
        shrunk(data, Limits())
    assert caught.value.reason.endswith(".")


def test_a_bomb_is_not_unfolded() -> None:
    with pytest.raises(NoPicture):
        shrunk(drawn(12_000, 9_000, "PNG", "L"), Limits())


def test_metadata_such_as_the_place_stays_behind() -> None:
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    exif[0x0112] = 6  # turned by 90 degrees
    found = shrunk(drawn(exif=exif), Limits())
    assert (found.width, found.height) == (800, 1200), "turned upright"
    assert b"taken at home" not in found.data
    assert not seen(found.data).getexif()


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("PNG", "RGBA"), ("PNG", "P"), ("GIF", "P"), ("WEBP", "RGBA"), ("PNG", "LA"), ("JPEG", "CMYK")],
)
def test_every_kind_becomes_a_jpeg(kind: str, mode: str) -> None:
    found = shrunk(drawn(400, 300, kind, mode), Limits())
    assert (seen(found.data).format, found.width, found.height) == ("JPEG", 400, 300)


def test_what_is_transparent_becomes_white() -> None:
    target = io.BytesIO()
    Image.new("RGBA", (50, 50), (0, 0, 0, 0)).save(target, "PNG")
    assert seen(shrunk(target.getvalue(), Limits()).data).getpixel((25, 25)) == (255, 255, 255)


def test_size_and_shape_keep_to_the_limits() -> None:
    noise = io.BytesIO()
    Image.effect_noise((2000, 1500), 90).convert("RGB").save(noise, "PNG")
    found = shrunk(noise.getvalue(), Limits(side=1500, bytes=60_000))
    assert len(found.data) <= 60_000
    assert shrunk(drawn(1000, 100), Limits(most_ratio=1.91)).height == 524
    assert shrunk(drawn(100, 1000), Limits(least_ratio=0.8)).width == 800
    assert shrunk(drawn(100, 80), Limits()).width == 100, "nothing is blown up"
