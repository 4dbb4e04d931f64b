"""Pictures of nearly 25 million pixels in every way to write one, small as files."""

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from PIL import Image

WIDTH, HEIGHT = 5000, 4980
#: PNG, section 8.2: first row and column of each pass of an interlaced picture, and the steps between.
_PASSES = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))


def png(
    width: int = WIDTH, height: int = HEIGHT, *, depth: int = 8, colour: int = 2, interlaced: bool = False
) -> bytes:
    """A black PNG; `colour` as in its section 11.2.1: 0 grey, 2 RGB, 4 grey and 6 RGB with transparency."""
    share = {0: 1, 2: 3, 4: 2, 6: 4}[colour] * depth // 8
    pack = zlib.compressobj(1)
    rows = [(width, height)]
    if interlaced:
        rows = [
            (-(-(width - left) // across), -(-(height - top) // down)) for top, left, down, across in _PASSES
        ]
    packed = b"".join(
        pack.compress(bytes(part)) for wide, high in rows for part in _parts(high * (1 + wide * share))
    )
    head = struct.pack("!IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack("!I", len(body)) + kind + body + struct.pack("!I", zlib.crc32(kind + body))
        for kind, body in ((b"IHDR", head), (b"IDAT", packed + pack.flush()), (b"IEND", b""))
    )


def _parts(size: int, most: int = 1_000_000) -> Iterator[int]:
    yield from size // most * [most]
    yield size % most


def webp(width: int = WIDTH, height: int = HEIGHT) -> bytes:
    """The beginning of a WebP (RFC 9649, section 3): who decides by the size reads no further."""
    bits = (width - 1) | (height - 1) << 14
    body = b"VP8L" + struct.pack("<I", 1000) + b"\x2f" + struct.pack("<I", bits) + bytes(995)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def saved(kind: str, mode: str = "RGB", size: tuple[int, int] = (WIDTH, HEIGHT), **named: Any) -> bytes:
    """Written by Pillow, of one colour."""
    target = io.BytesIO()
    Image.new(mode, size, 1 if mode in "LP1" else tuple(range(len(mode)))).save(target, kind, **named)
    return target.getvalue()


def _turned() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return saved("JPEG", exif=exif)


def _animated(kind: str, frames: int, size: tuple[int, int]) -> bytes:
    target = io.BytesIO()
    first, *rest = (
        Image.new("P" if kind == "GIF" else "RGB", size, number % 250) for number in range(frames)
    )
    first.save(target, kind, save_all=True, append_images=rest, duration=10)
    return target.getvalue()


LARGE: dict[str, Callable[[], bytes]] = {
    "PNG": png,
    "PNG, transparent": partial(png, colour=6),
    "PNG, 16 bits of each colour": partial(png, depth=16),
    "PNG, 16 bits, transparent": partial(png, depth=16, colour=6),
    "PNG, 16 bits of grey": partial(png, depth=16, colour=0),
    "PNG, grey, transparent": partial(png, colour=4),
    "PNG, interlaced": partial(png, interlaced=True),
    "PNG, interlaced, transparent, 16 bits": partial(png, depth=16, colour=6, interlaced=True),
    "PNG, palette, transparent": partial(saved, "PNG", "P", transparency=1),
    "PNG, one bit": partial(saved, "PNG", "1"),
    "JPEG": partial(saved, "JPEG"),
    "JPEG, all colours": partial(saved, "JPEG", subsampling=0, quality=95),
    "JPEG, progressive": partial(saved, "JPEG", progressive=True),
    "JPEG, grey": partial(saved, "JPEG", "L"),
    "JPEG, CMYK": partial(saved, "JPEG", "CMYK"),
    "JPEG, turned": _turned,
    "JPEG, long": partial(saved, "JPEG", size=(65_000, 380)),
    "GIF": partial(saved, "GIF", "P"),
    "GIF of 2000 frames": partial(_animated, "GIF", 2000, (400, 300)),
    "GIF of large frames": partial(_animated, "GIF", 3, (WIDTH, HEIGHT)),
    "WebP": partial(saved, "WEBP", size=(2600, 2490)),
    "WebP, animated": partial(_animated, "WEBP", 20, (1200, 900)),
}
#: What cannot be opened in 150 MB, and is said to be so.
TOO_LARGE: dict[str, Callable[[], bytes]] = {
    "59 million pixels": partial(png, 7700, 7700),
    "59 million pixels as a JPEG": partial(saved, "JPEG", size=(7700, 7700)),
    "59 million pixels as a GIF": partial(saved, "GIF", "P", (7700, 7700)),
    "59 million pixels as a WebP": partial(webp, 7700, 7700),
    "one pixel too many": partial(png, 25_000_001, 1),
    "JPEG, progressive, all colours": partial(saved, "JPEG", progressive=True, subsampling=0),
    "JPEG, progressive, CMYK": partial(saved, "JPEG", "CMYK", progressive=True, subsampling=0),
    "WebP": webp,
}
