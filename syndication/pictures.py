"""The door for pictures: fetched once, checked, turned upright, made small enough, freed of everything that is not picture."""

import contextlib
import hashlib
import io
import os
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin

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
_MOST_KEPT = 500
#: From fine to coarse; the first that is small enough is taken.
_QUALITIES = (88, 80, 70, 60, 45, 30)


@dataclass(frozen=True)
class Limits:
    """What a network takes: sides in pixels, size in bytes, and the ratio of width to height where it matters."""

    side: int = 2048
    bytes: int = 900_000
    least_ratio: float | None = None
    most_ratio: float | None = None


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
    """Pictures of the web, kept in `folder` for two days, so that ten outlets fetch one once. Safe in many threads."""

    def __init__(self, http: Client, folder: Path) -> None:
        self._http, self._folder = http, folder

    def get(self, url: str, limits: Limits) -> Picture:
        """The picture at `url` within `limits`. Raises NoPicture."""
        return shrunk(self._kept(url) or self._fetched(url), limits)

    def _path(self, url: str) -> Path:
        return self._folder / hashlib.sha256(url.encode()).hexdigest()

    def _kept(self, url: str) -> bytes | None:
        path = self._path(url)
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
                url = urljoin(
                    url, answer.headers["location"]
                )  # each step goes through the door and is checked there
                continue
            data = _body(answer)
            self._keep(url, data)
            return data
        raise NoPicture("The picture was not fetched: its address leads in a circle.")

    def _keep(self, url: str, data: bytes) -> None:
        path = self._path(url)
        # A full disk must not keep a post from going out.
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
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
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=_FORMATS) as opened:
                if opened.width * opened.height > _MOST_PIXELS:
                    raise NoPicture(f"The picture has more than {_MOST_PIXELS // 1_000_000} million pixels.")
                opened.draft("RGB", (2 * limits.side, 2 * limits.side))
                image = _plain(ImageOps.exif_transpose(opened))
    except NoPicture:
        raise
    except (UnidentifiedImageError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise NoPicture("The picture is no JPEG, PNG, WebP or GIF.") from error
    except (
        OSError,
        ValueError,
        SyntaxError,
        EOFError,
        IndexError,
        TypeError,
    ) as error:  # Pillow's ways to say "damaged"
        raise NoPicture("The picture is damaged.") from error
    return _encoded(_framed(image, limits), limits)


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
