"""What a stranger's picture may cost and what is left of it: 150 MB at most, two at a time, and nothing but pixels."""

import io
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any

import psutil
import pytest
from PIL import Image, ImageChops, ImageCms, PngImagePlugin

from syndication import clock
from syndication.config import Settings
from syndication.infra import confined, images
from syndication.infra.images import Limits, NoPicture, shrunk
from tests.large_pictures import LARGE, TOO_LARGE, png

WANTED = Limits(side=2560, bytes=3_000_000)
CANARY = b"canary-7f3a"

pytestmark = pytest.mark.usefixtures("settings")


def memory(pid: int, what: str) -> int:
    """`VmRSS` (now) or `VmHWM` (the most it ever was) of a process, in bytes."""
    with open(f"/proc/{pid}/status", encoding="ascii") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{what}:"))


@pytest.fixture
def decoder() -> Iterator[confined.Child]:
    """A process that has opened nothing but a tiny picture."""
    made = confined.Child("syndication.infra.confined.image_decoding", memory=images._MEMORY)
    asked(made, png(10, 10))
    yield made
    made.close()


def asked(decoder: confined.Child, data: bytes) -> dict[str, Any]:
    wanted = json.dumps(asdict(WANTED)).encode()
    answer = decoder.ask(data, seconds=60, reply=lambda _: wanted)
    found: dict[str, Any] = json.loads(answer.partition(b"\n")[0])
    return found


@pytest.mark.skipif(not psutil.LINUX, reason="reads what Linux tells of a process")
@pytest.mark.parametrize("name", LARGE)
def test_a_picture_of_25_million_pixels_takes_at_most_150_megabytes(
    decoder: confined.Child, name: str
) -> None:
    # Whatever may stand behind a picture is held in memory, too.
    data = LARGE[name]() + bytes(11_000_000)
    assert decoder.pid is not None
    pid, idle = decoder.pid, memory(decoder.pid, "VmRSS")
    found = asked(decoder, data)
    peak = memory(pid, "VmHWM") - idle
    print(f"{name}: {peak / 1e6:.0f} MB")
    assert found["width"] <= 2560
    assert peak <= 150_000_000


@pytest.mark.skipif(not psutil.LINUX, reason="reads what Linux tells of a process")
@pytest.mark.parametrize("name", TOO_LARGE)
def test_what_takes_more_is_refused_before_it_is_decoded(decoder: confined.Child, name: str) -> None:
    assert decoder.pid is not None
    pid, idle = decoder.pid, memory(decoder.pid, "VmRSS")
    assert asked(decoder, TOO_LARGE[name]())["why"][0].endswith(".")
    assert memory(pid, "VmHWM") - idle < 10_000_000


@pytest.mark.parametrize("size", [(24_900_000, 1), (1, 24_900_000)])
def test_what_takes_more_in_a_way_of_its_own_is_refused_in_words(size: tuple[int, int]) -> None:
    """Pillow keeps an address for every row, and three copies of one."""
    with pytest.raises(NoPicture, match="too much memory"):
        shrunk(png(*size, colour=6), WANTED)


def _everywhere() -> dict[str, bytes]:
    """Pictures with a canary in every place where a format keeps something beside pixels."""
    image = Image.linear_gradient("L").resize((300, 200)).convert("RGB")
    exif = Image.Exif()
    exif[0x010E], exif[0x9286] = CANARY.decode(), CANARY
    exif.get_ifd(0x8825)[0x001D] = CANARY.decode()
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes() + CANARY
    said = PngImagePlugin.PngInfo()
    said.add_text("Comment", CANARY.decode())
    said.add_text("Author", CANARY.decode(), zip=True)
    said.add_itxt("XML:com.adobe.xmp", f"<x:xmpmeta>{CANARY.decode()}</x:xmpmeta>")
    said.add(b"teXt", CANARY, after_idat=True)
    xmp = b"<x:xmpmeta>" + CANARY + b"</x:xmpmeta>"
    every: dict[str, dict[str, Any]] = {
        "JPEG": {"exif": exif, "icc_profile": profile, "comment": CANARY, "xmp": xmp,
                 "extra": b"\xff\xed" + (len(CANARY) + 2).to_bytes(2, "big") + CANARY},
        "PNG": {"exif": exif, "icc_profile": profile, "pnginfo": said},
        "WEBP": {"exif": exif, "icc_profile": profile, "xmp": xmp},
        "GIF": {"comment": CANARY, "save_all": True, "append_images": [image], "xmp": xmp},
        "MPO": {"exif": exif, "save_all": True, "append_images": [image], "comment": CANARY},
    }  # fmt: skip
    found = {}
    for kind, named in every.items():
        target = io.BytesIO()
        image.save(target, kind, **named)
        found[kind] = target.getvalue() + CANARY
    return found


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "MPO"])
def test_nothing_but_pixels_is_kept(kind: str) -> None:
    data = _everywhere()[kind]
    assert CANARY in data
    kept = shrunk(data, WANTED).data
    assert CANARY not in kept
    assert CANARY not in kept.decode("utf-16-le", "replace").encode()
    # SOI, APP0 (JFIF), tables, frame, scans and EOI: nothing that could hold words, and nothing behind the end.
    assert set(_markers(kept)) <= {0xE0, 0xDB, 0xC2, 0xC4, 0xDA}
    assert kept.endswith(b"\xff\xd9")
    opened = Image.open(io.BytesIO(kept))
    assert set(opened.info) <= {
        "jfif",
        "jfif_version",
        "jfif_unit",
        "jfif_density",
        "progressive",
        "progression",
    }


def _markers(data: bytes) -> Iterator[int]:
    place = 2
    while place + 4 <= len(data):
        if data[place] == 0xFF and data[place + 1] not in (0x00, 0xFF, *range(0xD0, 0xDA)):
            yield data[place + 1]
            place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
        else:
            place += 1


def test_colours_of_a_profile_become_what_everybody_sees_without_it() -> None:
    """A profile with red and blue exchanged: who drops it without a look shows another picture."""
    swapped = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, blue = swapped.index(b"rXYZ", 128), swapped.index(b"bXYZ", 128)
    swapped[red : red + 4], swapped[blue : blue + 4] = b"bXYZ", b"rXYZ"
    for kind in ("PNG", "JPEG", "WEBP"):
        target = io.BytesIO()
        Image.new("RGB", (100, 100), (250, 10, 10)).save(target, kind, icc_profile=bytes(swapped), quality=95)
        red, _, blue = Image.open(io.BytesIO(shrunk(target.getvalue(), WANTED).data)).getpixel((50, 50))  # type: ignore[misc]  # RGB
        assert (red < 60, blue > 200) == (True, True), kind


@pytest.mark.parametrize("profile", [b"x" * 200, bytes(5000), b"\xff" * 3000])
def test_a_profile_of_no_use_costs_no_picture(profile: bytes) -> None:
    target = io.BytesIO()
    Image.new("RGB", (100, 100), (250, 10, 10)).save(target, "PNG", icc_profile=profile)
    assert Image.open(io.BytesIO(shrunk(target.getvalue(), WANTED).data)).getpixel((50, 50))[0] > 240  # type: ignore[index]  # RGB


def test_sixteen_bits_of_grey_stay_grey() -> None:
    target = io.BytesIO()
    Image.new("I;16", (40, 40), 0x8000).save(target, "PNG")
    pixel = Image.open(io.BytesIO(shrunk(target.getvalue(), WANTED).data)).getpixel((20, 20))
    assert all(120 < share < 136 for share in pixel)  # type: ignore[union-attr]  # RGB


@pytest.mark.parametrize(
    "size", [(3000, 1900), (1500, 2571), (4000, 130), (131, 3999), (2560, 2560), (7, 5000)]
)
def test_tiles_leave_no_seams(size: tuple[int, int]) -> None:
    """Made small tile by tile, a picture is what it is made small at once."""
    whole = Image.radial_gradient("L").resize(size).convert("RGB")
    target = io.BytesIO()
    whole.save(target, "PNG")
    limits = Limits(side=900, bytes=10_000_000)
    made = Image.open(io.BytesIO(shrunk(target.getvalue(), limits).data)).convert("L")
    expected = whole.resize(made.size, Image.Resampling.LANCZOS).convert("L")
    differences = ImageChops.difference(made, expected).getextrema()
    assert differences[1] < 16, differences  # type: ignore[operator]  # of L there is one pair


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_comes_out_upright(orientation: int) -> None:
    image = Image.new("RGB", (80, 40), "black")
    image.paste("white", (0, 0, 20, 20))
    exif = Image.Exif()
    exif[0x0112] = orientation
    target = io.BytesIO()
    image.save(target, "JPEG", exif=exif, quality=95)
    made = Image.open(io.BytesIO(shrunk(target.getvalue(), WANTED).data)).convert("L")
    corners = {(left, top): made.getpixel((made.width - 6 if left else 5, made.height - 6 if top else 5)) > 128  # type: ignore[operator]  # of L it is one number
               for left in (0, 1) for top in (0, 1)}  # fmt: skip
    where = {1: (0, 0), 2: (1, 0), 3: (1, 1), 4: (0, 1), 5: (0, 0), 6: (1, 0), 7: (1, 1), 8: (0, 1)}[
        orientation
    ]
    assert made.size == ((80, 40) if orientation < 5 else (40, 80))
    assert [corner for corner, white in corners.items() if white] == [where]


def test_two_at_a_time_and_the_others_are_told_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    inside, leave = threading.Barrier(3), threading.Event()

    def hold() -> None:
        with images._turn(20):
            inside.wait(20)
            leave.wait(20)

    with ThreadPoolExecutor(2) as pool:
        held = [pool.submit(hold) for _ in range(2)]
        inside.wait(20)
        monkeypatch.setattr(images, "_PATIENCE", 0.2)
        began = clock.monotonic()
        with pytest.raises(NoPicture, match="try again") as caught:
            shrunk(png(10, 10), WANTED)
        assert caught.value.later
        assert clock.monotonic() - began < 10
        leave.set()
        [one.result(20) for one in held]
    assert shrunk(png(10, 10), WANTED).width == 10


def test_a_killed_process_frees_its_place(settings: Settings) -> None:
    code = "import fcntl, os, sys, time\n" + "".join(
        f"fcntl.flock(os.open({str(settings.data_dir / f'picture-{place}.lock')!r}, 66, 0o600), 2)\n"
        for place in range(2)
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code + "print('held', flush=True)\ntime.sleep(60)"], stdout=subprocess.PIPE
    )
    assert other.stdout is not None
    with other.stdout:
        other.stdout.readline()
        assert [images._locked(place) for place in range(2)] == [None, None]
        other.kill()
        other.wait(10)
    assert shrunk(png(10, 10), WANTED).width == 10


def test_a_decoder_that_dies_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shrunk(png(10, 10), WANTED).width == 10
    for decoder in images._DECODERS:
        if decoder.pid is not None:
            psutil.Process(decoder.pid).kill()
    assert shrunk(png(12, 10), WANTED).width == 12
    monkeypatch.setattr(images, "_SECONDS", 0.05)
    with pytest.raises(NoPicture, match="too long"):
        shrunk(png(), WANTED)
