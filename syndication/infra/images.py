"""Fetches pictures once, checks them, and makes them upright and small, without metadata."""

import contextlib
import fcntl
import hashlib
import json
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Protocol
from urllib.parse import urljoin
from uuid import UUID

from syndication import clock
from syndication.content.reason import Reason
from syndication.errors import Invalid
from syndication.infra import confined, private_files
from syndication.infra.http import Answer, Client, Failure

#: Largest picture that is fetched (bytes); `image_decoding` says how many pixels are decoded.
_MOST_BYTES = 12_000_000
_REDIRECTS = 3
#: How long a fetched picture is kept, and how many (newest first), in the folder.
_KEPT_SECONDS = 2 * 86_400
_MOST_KEPT = 1500
#: So many pictures are decoded at once on a machine, each with so much memory (bytes), for so long (seconds); others wait.
_AT_ONCE, _MEMORY, _SECONDS = 2, 150_000_000, 20.0
_PATIENCE = 5.0
#: How long (seconds) a process remembers whether the site shows a picture, and of how many.
_LOOK_AGAIN, _MOST_LOOKED = 60.0, 1000
_DECODERS = [
    confined.Child("syndication.infra.confined.image_decoding", memory=_MEMORY) for _ in range(_AT_ONCE)
]
BUSY = Reason("Many pictures come in at the moment. Please try again in a few seconds.")


@dataclass(frozen=True)
class Limits:
    """What a network takes: sides in pixels, size in bytes, and the ratio of width to height where it matters."""

    side: int = 2048
    bytes: int = 900_000
    least_ratio: float | None = None
    most_ratio: float | None = None
    #: A PNG whose ground is transparent, not a JPEG.
    transparent: bool = False


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
        self.reason, self.later = Reason.quoted(reason), later


class Shelf(Protocol):
    """Where pictures of posts are kept in the sizes of the city's site (by name); the process hands it in."""

    def has(self, url: str, size: str) -> bool:
        """Whether it is there. Raises NoPicture where it could not be had a moment ago."""

    def put(self, url: str, size: str, picture: Picture) -> None:
        """Keep it, where a post shows it."""


class Pictures:
    """Pictures of the web, kept in `folder` for two days, so that ten outlets fetch one once and shrink it once.

    Safe in many threads. `own` gives the bytes of an address that is this service's own, so that it need not reach itself;
    `shelf` what is kept for the city's site.
    """

    def __init__(
        self,
        http: Client,
        folder: Path,
        own: Callable[[str], bytes | None] = lambda _: None,
        shelf: Shelf | None = None,
    ) -> None:
        self._http, self._folder, self._own, self._shelf = http, folder, own, shelf
        #: (address, size) → until when it is known to be on the site, or why it is not.
        self._looked: dict[tuple[str, str], tuple[float, NoPicture | None]] = {}
        self._looking: dict[tuple[str, str], threading.Lock] = {}

    def show(self, url: str, size: str) -> None:
        """See to it that the city's site shows the picture at `url` in one of `SIZES`, before somebody is told to fetch it
        there. Raises NoPicture, to all who ask within a minute."""
        one = url, size
        if len(self._looked) >= _MOST_LOOKED:
            self._looked.clear()
            self._looking.clear()
        with self._looking.setdefault(one, threading.Lock()):
            until, fault = self._looked.get(one, (0.0, None))
            if until < clock.monotonic():
                fault = self._brought(url, size)
                self._looked[one] = clock.monotonic() + _LOOK_AGAIN, fault
        if fault is not None:
            raise fault

    def _brought(self, url: str, size: str) -> NoPicture | None:
        try:
            if self._shelf is None:
                self.get(url, SIZES[size])
            elif not self._shelf.has(url, size):
                self._shelf.put(url, size, self.get(url, SIZES[size]))
        except NoPicture as fault:
            return fault
        return None

    def get(self, url: str, limits: Limits, *, patience: float | None = None) -> Picture:
        """The picture at `url` within `limits`; `patience` is how long (seconds) it waits to be decoded. Raises NoPicture."""
        made = f"{url} {limits} with its size"
        if kept := self._kept(made):
            size, _, data = kept.partition(b"\n")
            width, height = map(int, size.split())
            return Picture(data, width, height)
        picture = shrunk(self._own(url) or self._kept(url) or self._fetched(url), limits, patience=patience)
        self._keep(made, b"%d %d\n%b" % (picture.width, picture.height, picture.data))
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
                    Reason("The picture was not fetched: {}", failure.reason), later=not failure.blocked
                ) from failure
            if answer.status in (301, 302, 303, 307, 308) and answer.headers.get("location"):
                # Each step goes through the door and is checked there.
                url = urljoin(url, answer.headers["location"])
                continue
            data = _body(answer)
            self._keep(url, data)
            return data
        raise NoPicture(Reason("The picture was not fetched: its address leads in a circle."))

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
        raise NoPicture(
            Reason("The picture was not fetched: its address answered {}.", answer.status), later=later
        )
    if len(answer.body) > _MOST_BYTES:
        raise NoPicture(Reason("The picture is larger than {} MB.", _MOST_BYTES // 1_000_000))
    return answer.body


def shrunk(data: bytes | IO[bytes], limits: Limits, *, patience: float | None = None) -> Picture:
    """The picture in `data` as a JPEG (or PNG, as `limits` say): upright, in sRGB, nothing but pixels. Raises NoPicture.

    It is decoded in a process that can do nothing else (`image_decoding`), two at a time on a machine; a file is read in
    its turn.
    """
    with _turn(_PATIENCE if patience is None else patience) as place:
        wanted = json.dumps(asdict(limits)).encode()
        try:
            answer = _DECODERS[place].ask(
                data if isinstance(data, bytes) else data.read(), seconds=_SECONDS, reply=lambda _: wanted
            )
        except confined.Failed as failure:
            raise _refusal(failure) from failure
    head, _, made = answer.partition(b"\n")
    told = json.loads(head)
    if why := told.get("why"):
        raise NoPicture(Reason(*why))
    return Picture(made, told["width"], told["height"], "image/png" if limits.transparent else "image/jpeg")


def _refusal(failure: confined.Failed) -> NoPicture:
    match failure.why:
        case "busy":
            return NoPicture(BUSY, later=True)
        case "slow":
            return NoPicture(
                Reason("The picture takes too long to be opened. Please save it smaller, or as a plain JPEG.")
            )
        case "memory":
            return NoPicture(
                Reason(
                    "The picture takes too much memory to be opened. Please save it smaller, or as a plain JPEG."
                )
            )
        case _:
            return NoPicture(Reason("The picture is damaged."))


@contextlib.contextmanager
def _turn(patience: float) -> Iterator[int]:
    """One of the places to decode at, over all processes of this machine; the kernel frees that of a killed one."""
    deadline, pause = clock.monotonic() + patience, threading.Event()
    while True:
        for place in range(_AT_ONCE):
            if (lock := _locked(place)) is not None:
                try:
                    yield place
                finally:
                    os.close(lock)
                return
        if clock.monotonic() > deadline:
            raise NoPicture(BUSY, later=True)
        pause.wait(0.03)


def _locked(place: int) -> int | None:
    """The open file that holds a place; None where somebody else has it."""
    try:
        lock = os.open(private_files.city() / f"picture-{place}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except (OSError, Invalid):  # a disk that takes nothing, or no city: one's own folder for this user
        own = Path(tempfile.gettempdir()) / f"syndication-{os.getuid()}"
        own.mkdir(mode=0o700, exist_ok=True)
        lock = os.open(own / f"picture-{place}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return None
    return lock
