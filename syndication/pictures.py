"""The door for pictures: fetched once, checked, turned upright, made small enough, freed of everything that is not picture."""

import contextlib
import hashlib
import io
import os
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin
from uuid import UUID

from PIL import Image, ImageOps, UnidentifiedImageError

from syndication import clock
from syndication.http import Answer, Client, Failure

#: Largest picture that is fetched (bytes), and largest that is decoded (pixels): a small file can unfold to gigabytes.
_MOST_BYTES = 12_000_000
_MOST_PIXELS = 60_000_000
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
_REDIRECTS = 3
#: How long a fetched picture is kept, and how many (newest first), in the folder.
_KEPT_SECONDS = 2 * 86_400
_MOST_KEPT = 1500
#: An unpacked picture takes up to a quarter of a gigabyte, so only so many are unpacked at once.
_TURNS = threading.BoundedSemaphore(2)
#: Pillow's ways to say that a picture is damaged.
_DAMAGED = (OSError, ValueError, SyntaxError, EOFError, IndexError, TypeError)
#: From fine to coarse; the first that is small enough is taken.
_QUALITIES = (88, 80, 70, 60, 45, 30)


@dataclass(frozen=True)
class Limits:
    """What a network takes: sides in pixels, size in bytes, and the ratio of width to height where it matters."""

    side: int = 2048
    bytes: int = 900_000
    least_ratio: float | None = None
    most_ratio: float | None = None


#: The sizes in which the city's own site shows the pictures of posts: for its pages, and for networks that fetch a picture
#: themselves and are strict (Instagram: JPEG, 4:5 to 1.91:1, 8 MB; Google Business Profile: JPEG or PNG, 5 MB).
SIZES = {
    "page": Limits(side=1200, bytes=400_000),
    "framed": Limits(side=1440, bytes=4_000_000, least_ratio=4 / 5, most_ratio=1.91),
}


def path(post_id: UUID, number: int, url: str, size: str) -> str:
    """Where the city's site shows a post's picture, by its place from 1. It changes with the picture's own address."""
    return f"/posts/{post_id}/pictures/{number}-{size}.jpg?v={hashlib.sha256(url.encode()).hexdigest()[:8]}"


@dataclass(frozen=True)
class Picture:
    """A JPEG within the limits; sides in pixels."""

    data: bytes = field(repr=False)
    width: int
    height: int
    type: str = "image/jpeg"


class NoPicture(Exception):
    """Why there is none, as a sentence. `later`: it may be there the next time."""

    def __init__(self, reason: str, *, later: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.later = reason, later


class Pictures:
    """Pictures of the web, kept in `folder` for two days, so that ten outlets fetch one once and shrink it once.

    Safe in many threads. `own` gives the bytes of an address that is this service's own, so that it need not reach itself.
    """

    def __init__(
        self, http: Client, folder: Path, own: Callable[[str], bytes | None] = lambda _: None
    ) -> None:
        self._http, self._folder, self._own = http, folder, own

    def get(self, url: str, limits: Limits) -> Picture:
        """The picture at `url` within `limits`. Raises NoPicture."""
        made = f"{url} {limits}"
        if data := self._kept(made):
            with Image.open(io.BytesIO(data)) as known:
                return Picture(data, known.width, known.height)
        picture = shrunk(self._own(url) or self._kept(url) or self._fetched(url), limits)
        self._keep(made, picture.data)
        return picture

    def _path(self, name: str) -> Path:
        return self._folder / hashlib.sha256(name.encode()).hexdigest()

    def _kept(self, name: str) -> bytes | None:
        path = self._path(name)
        with contextlib.suppress(OSError):
            if clock.now().timestamp() - path.stat().st_mtime < _KEPT_SECONDS:
                return path.read_bytes()
        return None

    def _fetched(self, url: str) -> bytes:
        for _ in range(_REDIRECTS + 1):
            try:
                answer = self._http.request("GET", url, most_read=_MOST_BYTES + 1)
            except Failure as failure:
                raise NoPicture(
                    f"The picture was not fetched: {failure.reason}", later=not failure.blocked
                ) from failure
            if answer.status in (301, 302, 303, 307, 308) and answer.headers.get("location"):
                # Each step goes through the door and is checked there.
                url = urljoin(url, answer.headers["location"])
                continue
            data = _body(answer)
            self._keep(url, data)
            return data
        raise NoPicture("The picture was not fetched: its address leads in a circle.")

    def _keep(self, name: str, data: bytes) -> None:
        path = self._path(name)
        # A full disk must not keep a post from going out.
        with contextlib.suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            fresh = path.with_name(f"{path.name}.{os.getpid()}.{id(data)}")
            fresh.write_bytes(data)
            fresh.replace(path)
            self._forget_old()

    def _forget_old(self) -> None:
        found = sorted(self._folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
        oldest = clock.now().timestamp() - _KEPT_SECONDS
        for place, path in enumerate(found):
            if place >= _MOST_KEPT or path.stat().st_mtime < oldest:
                path.unlink(missing_ok=True)


def _body(answer: Answer) -> bytes:
    if answer.status != 200:
        later = answer.status >= 500 or answer.status in (408, 425, 429)
        raise NoPicture(f"The picture was not fetched: its address answered {answer.status}.", later=later)
    if len(answer.body) > _MOST_BYTES:
        raise NoPicture(f"The picture is larger than {_MOST_BYTES // 1_000_000} MB.")
    return answer.body


def shrunk(data: bytes, limits: Limits) -> Picture:
    """The picture in `data` as a JPEG within `limits`: upright, without metadata (which may hold a place). Raises NoPicture."""
    with _TURNS:
        return _encoded(_framed(_opened(data, limits), limits), limits)


def _opened(data: bytes, limits: Limits) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=_FORMATS) as opened:
                if opened.width * opened.height > _MOST_PIXELS:
                    raise NoPicture(f"The picture has more than {_MOST_PIXELS // 1_000_000} million pixels.")
                opened.draft("RGB", (2 * limits.side, 2 * limits.side))
                return _plain(ImageOps.exif_transpose(opened))
    except NoPicture:
        raise
    except (UnidentifiedImageError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise NoPicture("The picture is no JPEG, PNG, WebP or GIF.") from error
    except _DAMAGED as error:
        raise NoPicture("The picture is damaged.") from error


def _plain(image: Image.Image) -> Image.Image:
    """In RGB, on white where it is transparent."""
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        layered = image.convert("RGBA")
        white = Image.new("RGBA", layered.size, "white")
        return Image.alpha_composite(white, layered).convert("RGB")
    return image.convert("RGB")


def _framed(image: Image.Image, limits: Limits) -> Image.Image:
    """Within the sides and the ratio; nothing is cut off: what is missing becomes white."""
    image.thumbnail((limits.side, limits.side), Image.Resampling.LANCZOS)
    width, height = image.size
    if limits.most_ratio and width / height > limits.most_ratio:
        height = round(width / limits.most_ratio)
    if limits.least_ratio and width / height < limits.least_ratio:
        width = round(height * limits.least_ratio)
    if (width, height) == image.size:
        return image
    return ImageOps.pad(image, (width, height), color="white")


def _encoded(image: Image.Image, limits: Limits) -> Picture:
    while True:
        for quality in _QUALITIES:
            target = io.BytesIO()
            image.save(target, "JPEG", quality=quality, optimize=True, progressive=True)
            if target.tell() <= limits.bytes:
                return Picture(target.getvalue(), image.width, image.height)
        if min(image.size) < 64:
            raise NoPicture("The picture cannot be made small enough.")
        image = image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS)
