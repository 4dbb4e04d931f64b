"""Files that somebody hands in as a picture who wants more than to show one: bombs, polyglots, other kinds, broken ones."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from functools import partial

from PIL import Image, PngImagePlugin

from tests.large_pictures import LARGE, TOO_LARGE, _animated, png, saved, webp
from tests.sources import hostile_files

#: Stands wherever a file can hold something beside pixels.
CANARY = b"canary-51f7"
_SCRIPT = b"<script>alert('canary-51f7')</script>"


def _small(kind: str, **named: object) -> bytes:
    target = io.BytesIO()
    Image.linear_gradient("L").resize((60, 40)).convert("RGB").save(target, kind, **named)
    return target.getvalue()


def _where_it_was_taken() -> Image.Exif:
    exif = Image.Exif()
    exif[0x010E], exif[0x0112] = CANARY.decode(), 6
    place = exif.get_ifd(0x8825)
    place[1], place[2], place[0x1D] = "N", (50.0, 15.0, 33.0), CANARY.decode()
    return exif


def _said() -> bytes:
    said = PngImagePlugin.PngInfo()
    said.add_text("Comment", CANARY.decode() + _SCRIPT.decode())
    said.add_itxt("XML:com.adobe.xmp", CANARY.decode())
    return _small("PNG", pnginfo=said, exif=_where_it_was_taken())


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack("!I", len(body)) + kind + body + struct.pack("!I", zlib.crc32(kind + body))


def _with_chunk(kind: bytes, body: bytes) -> bytes:
    """A small PNG with one more chunk before its pixels."""
    small = _small("PNG")
    return small[:33] + _chunk(kind, body) + small[33:]


def _header_only(width: int, height: int) -> bytes:
    """A PNG that says how large it is, and has nothing."""
    head = struct.pack("!IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", head)
        + _chunk(b"IDAT", zlib.compress(b""))
        + _chunk(b"IEND", b"")
    )


def _jpeg_of(width: int, height: int) -> bytes:
    """A JPEG whose frame says another size than its pixels have."""
    small = bytearray(_small("JPEG"))
    frame = small.index(b"\xff\xc0")
    small[frame + 5 : frame + 9] = struct.pack("!HH", height, width)
    return bytes(small)


def _gif_of(width: int, height: int) -> bytes:
    small = bytearray(_small("GIF"))
    small[6:10] = struct.pack("<HH", width, height)
    return bytes(small)


def _archive() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("canary-51f7.html", _SCRIPT)
    return target.getvalue()


_SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>canary-51f7</script></svg>'
_EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(canary-51f7) show {0 1 loop} exec\n%%EOF\n"
_FITS = (
    b"SIMPLE  =                    T".ljust(80)
    + b"NAXIS   =               999999".ljust(80)
    + b"END".ljust(2720)
)
BOMBS: dict[str, Callable[[], bytes]] = {
    **{f"large: {name}": make for name, make in LARGE.items()},
    **{f"too large: {name}": make for name, make in TOO_LARGE.items()},
    "81 million pixels": partial(png, 9000, 9000, colour=0),
    "144 million pixels": partial(png, 12_000, 12_000, colour=0),
    "400 million pixels": partial(png, 20_000, 20_000, colour=0),
    "a PNG that says 2 147 483 647 square": partial(_header_only, 2**31 - 1, 2**31 - 1),
    "a JPEG that says 65 535 square": partial(_jpeg_of, 65_535, 65_535),
    "a GIF that says 65 535 square": partial(_gif_of, 65_535, 65_535),
    "a WebP that says 16 383 square": partial(webp, 16_383, 16_383),
    "a GIF of 10 000 frames": partial(_animated, "GIF", 10_000, (40, 30)),
    "a profile of 50 MB": lambda: _with_chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(50_000_000))),
    "a comment of 50 MB": lambda: _with_chunk(b"zTXt", b"x\0\0" + zlib.compress(bytes(50_000_000))),
    "20 000 comments": lambda: (
        _small("PNG")[:33] + _chunk(b"tEXt", b"a\0canary-51f7") * 20_000 + _small("PNG")[33:]
    ),
    "no end": lambda: _small("JPEG")[:300],
    "pixels that are no pixels": lambda: _with_chunk(b"IDAT", b"canary-51f7" * 1000),
    "JPEG taken at home": lambda: _small("JPEG", exif=_where_it_was_taken(), comment=CANARY),
    "PNG taken at home": _said,
    "WebP taken at home": lambda: _small("WEBP", exif=_where_it_was_taken(), xmp=CANARY),
    "JPEG and a page": lambda: _small("JPEG") + b"<html>" + _SCRIPT,
    "JPEG that is a page by its comment": lambda: _small("JPEG", comment=b"*/<html>" + _SCRIPT),
    "GIF and a script": lambda: b"GIF89a/*" + _small("GIF")[8:] + b"*/=1;alert('canary-51f7')",
    "GIF and an archive": lambda: _small("GIF") + _archive(),
    "PNG and PHP": lambda: _small("PNG") + b"<?php echo 'canary-51f7'; ?>",
    "PDF and JPEG": lambda: b"%PDF-1.7 canary-51f7\n" + _small("JPEG"),
    "JPEG and PDF": lambda: _small("JPEG") + b"%PDF-1.7 canary-51f7\n",
    "page as .png": lambda: b"<!DOCTYPE html><html>" + _SCRIPT,
    "SVG with a script": lambda: _SVG,
    "SVG behind a PNG's sign": lambda: b"\x89PNG\r\n\x1a\n" + _SVG,
    "EPS": lambda: _EPS,
    "FITS": lambda: _FITS,
    "TIFF": lambda: _small("TIFF"),
    "BMP": lambda: _small("BMP"),
    "ICO": lambda: _small("ICO"),
    "PPM of 10^9 pixels": lambda: b"P6 99999 99999 255\n" + bytes(100),
    "archive": _archive,
    "workbook": hostile_files.billion_laughs,
    "an archive that unfolds": hostile_files.zip_bomb,
    "nothing but zeros": lambda: bytes(1_000_000),
    "one byte": lambda: b"\xff",
    "JPEG, only its beginning": lambda: b"\xff\xd8\xff",
    "two pictures in one": lambda: saved("JPEG", size=(60, 40)) + saved("JPEG", size=(60, 40)),
}  # fmt: skip
