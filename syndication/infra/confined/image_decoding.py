"""Decodes strangers' pictures inside a confined process that may use 150 MB and nothing else.

Nothing but pixels passes: the JPEG is made from a canvas of ours, so that no place, comment, profile or trailing byte stays.
"""

import contextlib
import io
import json
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from PIL import (
    GifImagePlugin,
    Image,
    ImageCms,
    ImageDraw,
    ImageOps,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

#: Most pixels of a picture that is decoded, and bytes that its decoder may take; a small file can unfold to gigabytes.
MOST_PIXELS = 25_000_000
MOST_UNPACKED = 104_000_000
#: The same of a sign, of which several copies are in memory at once.
MOST_PIXELS_OF_A_SIGN = 4_000_000
_OPAQUE, _WHITE = 255, 240
#: Bytes of memory a pixel takes: Pillow's layout; for WebP two canvases and two copies of the one.
_BYTES = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "LA": 4, "PA": 4}
_WEBP_BYTES = 16
#: What Pillow would look for only when it is needed, and cannot once the door is shut.
_PLUGINS = (GifImagePlugin, JpegImagePlugin, MpoImagePlugin, PngImagePlugin, WebPImagePlugin)
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
#: From fine to coarse; the first that is small enough is taken.
_QUALITIES = (88, 80, 70, 60, 45, 30)
_LARGEST_PROFILE = 4_000_000
#: Tiles have about this side (pixels of the picture), so that what is made of one on the way takes little.
_TILE = 700
#: How far Lanczos looks around a pixel of the small picture (pixels of the small picture).
_REACH = 3
#: EXIF 2.32, tag 0x0112: what brings a picture upright.
_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
#: Turns a tile's colours into sRGB.
Colours = Callable[[Image.Image], Image.Image]

Image.MAX_IMAGE_PIXELS = None  # we look ourselves, before anything is decoded
PngImagePlugin.MAX_TEXT_MEMORY = PngImagePlugin.MAX_TEXT_CHUNK = 1_000_000
warnings.simplefilter("ignore")  # nobody would see them in there


class _Refused(Exception):
    """Why there is no picture, as a sentence."""


def answer(frame: bytes, ask: Callable[[bytes], bytes]) -> bytes:
    """For a picture: `{"width": …, "height": …}` and, from the next line on, the JPEG; or `{"why": […]}`, a
    sentence and its arguments.

    Asks `limits` for what is wanted, as JSON: `side`, `bytes`, `least_ratio`, `most_ratio` of `images.Limits`.
    """
    wanted = json.loads(ask(b"limits"))
    try:
        if wanted.get("transparent"):
            data, width, height = transparent(frame, wanted["side"], wanted["bytes"])
        else:
            data, width, height = _encoded(_framed(_canvas(frame, wanted["side"]), wanted), wanted["bytes"])
    except _Refused as refused:
        return json.dumps({"why": refused.args}).encode()
    return json.dumps({"width": width, "height": height}).encode() + b"\n" + data


def transparent(data: bytes, side: int, most: int) -> tuple[bytes, int, int]:
    """The first frame as a PNG within `side` pixels and `most` bytes; white around what is opaque becomes transparent."""
    _look_at_webp(data)
    try:
        opened = Image.open(io.BytesIO(data), formats=_FORMATS)
    except UnidentifiedImageError as error:
        raise _Refused("The picture is no JPEG, PNG, WebP or GIF.") from error
    if opened.width * opened.height > MOST_PIXELS_OF_A_SIGN:
        raise _Refused("The picture has more than {} million pixels.", MOST_PIXELS_OF_A_SIGN // 1_000_000)
    opened.load()
    colours, turn = _colours(opened), _UPRIGHT.get(_orientation(opened))
    layered = opened.convert("RGBA")
    alpha, plain = layered.getchannel("A"), layered.convert("RGB")
    canvas = (colours(plain) if colours is not None else plain).convert("RGBA")
    canvas.putalpha(alpha)
    canvas = canvas.resize(_within(canvas.size, side), Image.Resampling.LANCZOS)
    canvas = canvas.transpose(turn) if turn is not None else canvas
    if canvas.getchannel("A").getextrema()[0] == _OPAQUE:
        _clear_ground(canvas)
    return _as_png(canvas, most)


def _clear_ground(canvas: Image.Image) -> None:
    """Take away the white that lies around a sign, from each corner on; what is white within it stays."""
    right, bottom = canvas.width - 1, canvas.height - 1
    for corner in ((0, 0), (right, 0), (0, bottom), (right, bottom)):
        pixel = canvas.getpixel(corner)
        if isinstance(pixel, tuple) and pixel[3] and min(pixel[:3]) >= _WHITE:
            ImageDraw.floodfill(canvas, corner, (255, 255, 255, 0), thresh=3 * (_OPAQUE - _WHITE))


def _as_png(image: Image.Image, most: int) -> tuple[bytes, int, int]:
    image.info.clear()
    while True:
        for made in (image, image.quantize(256, method=Image.Quantize.FASTOCTREE)):
            target = io.BytesIO()
            made.save(target, "PNG", optimize=True)
            if target.tell() <= most:
                return target.getvalue(), image.width, image.height
        if min(image.size) < 32:
            raise _Refused("The picture cannot be made small enough.")
        image = image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS)


def _canvas(data: bytes, side: int) -> Image.Image:
    """The first frame within `side` pixels, upright, on a canvas of ours."""
    _look_at_webp(data)
    try:
        opened = Image.open(io.BytesIO(data), formats=_FORMATS)
    except UnidentifiedImageError as error:
        raise _Refused("The picture is no JPEG, PNG, WebP or GIF.") from error
    _check_pixels(opened.width, opened.height)
    small = _within(opened.size, side)
    if isinstance(opened, JpegImagePlugin.JpegImageFile):
        _draft(opened, data, small)
    elif opened.format != "WEBP" and _unpacked(opened.mode, *opened.size) > MOST_UNPACKED:
        raise _too_large()
    opened.load()
    canvas = _drawn(opened, _within(opened.size, side))
    turn = _UPRIGHT.get(_orientation(opened))
    del opened  # a turned copy has no room beside it
    return canvas.transpose(turn) if turn is not None else canvas


def _check_pixels(width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise _Refused("The picture has more than {} million pixels.", MOST_PIXELS // 1_000_000)


def _look_at_webp(data: bytes) -> None:
    """WebP's decoder takes its memory as soon as it is opened, so its head is read here (RFC 9649 section 2.7)."""
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        return
    kind, head = data[12:16], data[20:30].ljust(10, b"\0")
    if kind == b"VP8X":
        width, height = (int.from_bytes(head[at : at + 3], "little") + 1 for at in (4, 7))
    elif kind == b"VP8L":
        bits = int.from_bytes(head[1:5], "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    else:
        width, height = (int.from_bytes(head[at : at + 2], "little") & 0x3FFF for at in (6, 8))
    _check_pixels(width, height)
    if width * height * _WEBP_BYTES > MOST_UNPACKED:
        most = MOST_UNPACKED / _WEBP_BYTES / 1_000_000
        raise _Refused(
            "The picture is a WebP of more than {} million pixels. Please save it as a JPEG.", most
        )


def _too_large() -> _Refused:
    return _Refused(
        "The picture takes too much memory to be opened. Please save it smaller, or as a plain JPEG."
    )


def _unpacked(mode: str, width: int, height: int) -> int:
    return _BYTES.get(mode, 4) * width * height


def _draft(opened: JpegImagePlugin.JpegImageFile, data: bytes, small: tuple[int, int]) -> None:
    """Have a JPEG decoded at a half, a quarter or an eighth, where that is enough, or all that there is memory for."""
    width, height = opened.size
    before = _coefficients(data)
    for part in (8, 4, 2, 1):
        enough = width // part >= small[0] and height // part >= small[1]
        if enough and before + _unpacked(opened.mode, width // part, height // part) <= MOST_UNPACKED:
            break
    else:
        part = next((part for part in (2, 4, 8)
                     if before + _unpacked(opened.mode, width // part, height // part) <= MOST_UNPACKED), 0)  # fmt: skip
    if not part:
        raise _too_large()
    if part > 1:
        opened.draft(None, (max(1, width // part), max(1, height // part)))


def _coefficients(data: bytes) -> int:
    """Bytes that libjpeg keeps of a JPEG whose colours or details come in several passes; 0 where they come in one."""
    place, progressive, blocks, width, height, count, widest, tallest = 2, False, 0, 0, 0, 0, 1, 1
    while place + 4 <= len(data):
        if data[place] != 0xFF:
            place += 1
            continue
        marker, size = data[place + 1], int.from_bytes(data[place + 2 : place + 4], "big")
        if marker == 0xDA:  # start of scan
            several = progressive or data[place + 4] < count
            across, down = -(-width // (8 * widest)), -(-height // (8 * tallest))
            return across * down * blocks * 128 if several else 0
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):  # start of frame
            progressive = marker in (0xC2, 0xC6, 0xCA, 0xCE)
            height, width = (int.from_bytes(data[place + at : place + at + 2], "big") for at in (5, 7))
            count = data[place + 9]
            shares = [divmod(data[place + 11 + 3 * at], 16) for at in range(count)]
            blocks = sum(across * down for across, down in shares)
            widest, tallest = (max([1, *one]) for one in zip(*shares, strict=True))
        place += 1 if marker in (0xFF, 0x00) or 0xD0 <= marker <= 0xD9 else 2 + size
    return 0


def _within(size: tuple[int, int], side: int) -> tuple[int, int]:
    """The size that fits `side`; nothing is blown up."""
    scale = max(1.0, max(size) / side)
    return max(1, round(size[0] / scale)), max(1, round(size[1] / scale))


def _drawn(image: Image.Image, small: tuple[int, int]) -> Image.Image:
    """The picture in `small` and RGB, tile by tile: a second copy of all of it would be too large."""
    canvas = Image.new("RGB", small, "white")
    across, down = image.width / small[0], image.height / small[1]
    colours = _colours(image)
    for left, top, right, bottom in _tiles(small, max(across, down)):
        box = (
            max(0, int((left - _REACH) * across) - 1),
            max(0, int((top - _REACH) * down) - 1),
            min(image.width, int((right + _REACH) * across) + 2),
            min(image.height, int((bottom + _REACH) * down) + 2),
        )
        tile = _plain(image.crop(box), colours)
        if small != image.size:
            inside = (left * across - box[0], top * down - box[1],
                      min(tile.width, right * across - box[0]), min(tile.height, bottom * down - box[1]))  # fmt: skip
            tile = tile.resize((right - left, bottom - top), Image.Resampling.LANCZOS, box=inside)
        else:
            at = (left - box[0], top - box[1])
            tile = tile.crop((*at, at[0] + right - left, at[1] + bottom - top))
        canvas.paste(tile, (left, top))
    return canvas


def _tiles(size: tuple[int, int], scale: float) -> Iterator[tuple[int, int, int, int]]:
    side = max(8, int(_TILE / scale) - 2 * _REACH)
    for top in range(0, size[1], side):
        for left in range(0, size[0], side):
            yield left, top, min(size[0], left + side), min(size[1], top + side)


def _plain(tile: Image.Image, colours: Colours | None) -> Image.Image:
    """In sRGB, on white where it is transparent."""
    if tile.mode.startswith("I"):  # 16 bits of grey; what Pillow calls converting would cut them off at 255
        tile = tile.convert("I").point(lambda value: value * (1 / 256)).convert("L")
        tile.info.pop("transparency", None)
    alpha = None
    if tile.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in tile.info:
        layered = tile.convert("RGBA")
        alpha, tile = layered.getchannel("A"), layered.convert("RGB")
    if colours is not None:
        tile = colours(tile)
    tile = tile.convert("RGB")
    if alpha is None:
        return tile
    white = Image.new("RGB", tile.size, "white")
    white.paste(tile, mask=alpha)
    return white


def _colours(image: Image.Image) -> Colours | None:
    """The way from the picture's colour profile to sRGB; None for none, and for a profile that is of no use."""
    profile = image.info.get("icc_profile")
    if not isinstance(profile, bytes) or not 128 < len(profile) <= _LARGEST_PROFILE:
        return None
    mode = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK"}.get(profile[16:20].decode("latin-1"), "")
    with contextlib.suppress(Exception):  # a broken profile is worth less than the picture
        transform = ImageCms.buildTransform(
            ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB"), mode, "RGB"
        )

        def turned(tile: Image.Image) -> Image.Image:
            fitting = tile if tile.mode == mode else tile.convert(mode)
            return ImageCms.applyTransform(fitting, transform) or fitting

        fits = image.mode == mode or (mode == "RGB" and image.mode in ("P", "PA", "RGBA", "RGBX"))
        return turned if fits or (mode == "L" and image.mode in ("LA", "I;16")) else None
    return None


def _orientation(image: Image.Image) -> int:
    with contextlib.suppress(
        Exception
    ):  # whatever is wrong with what is thrown away must not cost the picture
        return int(image.getexif().get(_ORIENTATION, 1))
    return 1


def _framed(image: Image.Image, wanted: Mapping[str, Any]) -> Image.Image:
    """Within the ratio of width to height; nothing is cut off: what is missing becomes white."""
    width, height = image.size
    if wanted["most_ratio"] and width / height > wanted["most_ratio"]:
        height = round(width / wanted["most_ratio"])
    if wanted["least_ratio"] and width / height < wanted["least_ratio"]:
        width = round(height * wanted["least_ratio"])
    return image if (width, height) == image.size else ImageOps.pad(image, (width, height), color="white")


def _encoded(image: Image.Image, most: int) -> tuple[bytes, int, int]:
    image.info.clear()
    while True:
        for quality in _QUALITIES:
            target = io.BytesIO()
            image.save(target, "JPEG", quality=quality, optimize=True, progressive=True)
            if target.tell() <= most:
                return target.getvalue(), image.width, image.height
        if min(image.size) < 64:
            raise _Refused("The picture cannot be made small enough.")
        image = image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS)
