"""Prepares posts' pictures in the sizes of the city's site, and stores them for every web process."""

import contextlib
import fcntl
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session

from syndication import clock
from syndication.config import settings
from syndication.content.post import Content
from syndication.content.reason import NO_REASON, Reason
from syndication.infra import db, wakeups
from syndication.infra.images import SIZES, NoPicture, Picture, Pictures
from syndication.models import PictureWant, Post, PreparedPicture

_log = structlog.get_logger(__name__)
#: The wake-up that wakes a worker.
WAKEUP = "pictures"
#: Pictures that are fetched at once by one worker, and of one website, so that a slow one holds up no other.
_AT_ONCE, _OF_ONE_HOST = 8, 2
#: How long (seconds) a worker looks for more to do; how long one that claimed a picture may take before another tries.
_SECONDS, _LEASE = 20.0, 180.0
#: Seconds until the next try after each one that failed; afterwards there is no picture.
_PAUSES = (60, 300, 1800, 7200, 21_600, 86_400)
#: What is older is fetched again for a new post.
_FRESH = timedelta(days=2)
#: Most that is kept in all (bytes): beyond it what was made first is forgotten, and made again when somebody looks.
_MOST_KEPT = 2_000_000_000
_COLUMNS = {"page": PreparedPicture.page, "framed": PreparedPicture.framed}
#: A picture that nobody has prepared yet wakes a worker at most so often (seconds) in one process.
_RING_EVERY = 5.0
_rung_at = float("-inf")


class Later(Exception):
    """The picture is not there yet; it may be in `seconds`."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"in {seconds} s")
        self.seconds = seconds


def key(url: str) -> str:
    """What a picture is kept by."""
    return hashlib.sha256(url.encode()).hexdigest()


def want(session: Session, post_id: UUID, content: Content) -> None:
    """From now on the pictures of `content`, and no others, are kept for a post; a worker is woken after the commit."""
    session.execute(delete(PictureWant).where(PictureWant.post_id == post_id))
    urls = {key(image.url): image.url for image in content.pictures()}
    if not urls:
        return
    now = clock.now()
    db.insert_new(session, PreparedPicture, [_row(urls[mark]) for mark in sorted(urls)])
    db.insert_new(session, PictureWant, [{"post_id": post_id, "key": mark} for mark in sorted(urls)])
    # What a new post names is tried anew, also where it was given up or may have changed since.
    stale = or_(PreparedPicture.made_at.is_(None), PreparedPicture.made_at < now - _FRESH)
    again = select(PreparedPicture.key).where(
        PreparedPicture.key.in_(urls), PreparedPicture.due_at.is_(None), stale
    )
    keys = session.scalars(again.order_by(PreparedPicture.key).with_for_update()).all()
    session.execute(update(PreparedPicture).where(PreparedPicture.key.in_(keys)).values(due_at=now, tries=0))
    wakeups.after_commit(session, WAKEUP)


def _row(url: str) -> dict[str, Any]:
    """A picture that is due now."""
    host = (urlsplit(url).hostname or "")[:255]
    return {
        "key": key(url),
        "url": url,
        "host": host,
        "due_at": clock.now(),
        "tries": 0,
        "size": 0,
        "reason": NO_REASON,
    }


def forget(session: Session, post_id: UUID) -> None:
    """A post that was withdrawn takes its pictures with it."""
    mine = PictureWant.post_id == post_id
    keys = session.scalars(select(PictureWant.key).where(mine)).all()
    session.execute(delete(PictureWant).where(mine))
    session.execute(delete(PreparedPicture).where(PreparedPicture.key.in_(keys), ~_wanted()))


def shown(url: str, size: str) -> bytes:
    """The JPEG of a picture that a post shows. Raises NoPicture where there will be none, Later where there may be; asks
    nobody for it, but wakes a worker."""
    with db.reading() as session:
        statement = select(_COLUMNS[size], PreparedPicture.due_at, PreparedPicture.reason)
        found = session.execute(statement.where(PreparedPicture.key == key(url))).one_or_none()
    if found is not None and found[0] is not None:
        data: bytes = found[0]
        return data
    if found is not None and found.due_at is None and found.reason:
        raise NoPicture(found.reason)
    _wake(url if found is None or found.due_at is None else "")
    seconds = (found.due_at - clock.now()).total_seconds() if found is not None and found.due_at else 0.0
    raise Later(max(5, min(60, round(seconds))))


def _wake(missing: str) -> None:
    """Wake a worker; what no post has asked for yet, or was forgotten for want of room, is asked for first."""
    global _rung_at  # noqa: PLW0603 -- what this process did last
    if missing:
        with db.transaction() as session:
            row = _row(missing)
            if not db.insert_new(session, PreparedPicture, [row]):
                lost = (PreparedPicture.key == row["key"], PreparedPicture.due_at.is_(None))
                session.execute(update(PreparedPicture).where(*lost).values(due_at=row["due_at"], tries=0))
    if clock.monotonic() - _rung_at > _RING_EVERY:
        _rung_at = clock.monotonic()
        wakeups.wake(WAKEUP)


def there(urls: Iterable[str]) -> frozenset[str]:
    """Those of the addresses whose pictures can be shown now."""
    by_key = {key(url): url for url in urls}
    if not by_key:
        return frozenset()
    with db.reading() as session:
        ready = select(PreparedPicture.key).where(PreparedPicture.key.in_(by_key), _complete())
        return frozenset(by_key[mark] for mark in session.scalars(ready))


class Shelf:
    """What `Pictures` asks before it fetches, and where it puts what posts show: the table."""

    def has(self, url: str, size: str) -> bool:
        """Whether a picture is there in one of `images.SIZES`. Raises NoPicture where somebody tried a moment ago."""
        there = _COLUMNS[size].is_not(None).label("there")
        columns = (there, PreparedPicture.due_at, PreparedPicture.reason)
        with db.reading() as session:
            found = session.execute(select(*columns).where(PreparedPicture.key == key(url))).one_or_none()
        if found is None or found.there or not found.reason:
            return found is not None and bool(found.there)
        if found.due_at is None or found.due_at > clock.now():
            raise NoPicture(found.reason, later=found.due_at is not None)
        return False

    def put(self, url: str, size: str, picture: Picture) -> None:
        """Keep one that some post shows; another's is not."""
        with db.transaction() as session:
            if session.scalar(select(exists().where(PictureWant.key == key(url)))):
                db.insert_new(session, PreparedPicture, [_row(url)])
            grown = {_COLUMNS[size].key: picture.data, "size": PreparedPicture.size + len(picture.data)}
            session.execute(
                update(PreparedPicture)
                .where(PreparedPicture.key == key(url), _COLUMNS[size].is_(None))
                .values(**grown)
            )


def due() -> bool:
    """Whether a worker could prepare something now."""
    with db.reading() as session:
        return bool(session.scalar(select(exists().where(PreparedPicture.due_at <= clock.now()))))


def work(pictures: Pictures, *, seconds: float = _SECONDS) -> int:
    """Prepare what is due for about `seconds`; returns how many were tried. One process of a machine does it at a time."""
    with _alone() as mine:
        tried = _Work(pictures).run(seconds) if mine else 0
    if tried and due():
        wakeups.wake(WAKEUP)
    return tried


@contextlib.contextmanager
def _alone() -> Iterator[bool]:
    folder = settings().data_dir
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "pictures.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


@dataclass(frozen=True)
class _Claimed:
    key: str
    url: str
    host: str
    tries: int


class _Work:
    """One worker's turn: what it fetches at the moment, by website."""

    def __init__(self, pictures: Pictures) -> None:
        self._pictures = pictures
        self._running: dict[Future[None], str] = {}

    def run(self, seconds: float) -> int:
        deadline, tried = clock.monotonic() + seconds, 0
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="picture") as pool:
            while True:
                if clock.monotonic() < deadline:
                    for claimed in self._claim():
                        self._running[pool.submit(self._prepare, claimed)] = claimed.host
                        tried += 1
                if not self._running:
                    return tried
                for future in wait(self._running, return_when=FIRST_COMPLETED).done:
                    del self._running[future]
                    future.result()

    def _claim(self) -> list[_Claimed]:
        """As many as there is room for, at most `_OF_ONE_HOST` of a website, first tries first."""
        busy, room = Counter(self._running.values()), _AT_ONCE - len(self._running)
        found: list[_Claimed] = []
        with db.transaction() as session:
            while len(found) < room:
                full = [host for host, count in busy.items() if count >= _OF_ONE_HOST]
                row = session.execute(
                    select(
                        PreparedPicture.key, PreparedPicture.url, PreparedPicture.host, PreparedPicture.tries
                    )
                    .where(PreparedPicture.due_at <= clock.now(), PreparedPicture.host.not_in(full))
                    .order_by(PreparedPicture.tries, PreparedPicture.due_at, PreparedPicture.key)
                    .limit(1)
                    .with_for_update(skip_locked=True)
                ).one_or_none()
                if row is None:
                    break
                later = clock.now() + timedelta(seconds=_LEASE)
                session.execute(
                    update(PreparedPicture).where(PreparedPicture.key == row.key).values(due_at=later)
                )
                busy[row.host] += 1
                found.append(_Claimed(*row))
        return found

    def _prepare(self, claimed: _Claimed) -> None:
        try:
            made = {
                name: self._pictures.get(claimed.url, limits, patience=60.0) for name, limits in SIZES.items()
            }
        except NoPicture as fault:
            self._failed(claimed, fault)
            return
        except Exception:  # one that breaks us must not hold up the others
            _log.exception("picture.broken", url=claimed.url[:200])
            self._failed(claimed, NoPicture(Reason("The picture could not be prepared."), later=True))
            return
        values: dict[str, Any] = {_COLUMNS[name].key: picture.data for name, picture in made.items()}
        size = sum(len(picture.data) for picture in made.values())
        with db.transaction() as session:
            session.execute(
                update(PreparedPicture)
                .where(PreparedPicture.key == claimed.key)
                .values(**values, size=size, made_at=clock.now(), due_at=None, tries=0, reason=NO_REASON)
            )

    def _failed(self, claimed: _Claimed, fault: NoPicture) -> None:
        now = clock.now()
        again = fault.later and claimed.tries < len(_PAUSES)
        next_at = now + timedelta(seconds=_PAUSES[claimed.tries]) if again else None
        with db.transaction() as session:
            session.execute(
                update(PreparedPicture)
                .where(PreparedPicture.key == claimed.key)
                .values(due_at=next_at, tries=PreparedPicture.tries + 1, reason=fault.reason)
            )
            if fault.later:  # a website in trouble is not asked for all its other pictures at once
                waiting = (PreparedPicture.host == claimed.host, PreparedPicture.due_at <= now)
                pause = now + timedelta(seconds=_PAUSES[0])
                session.execute(update(PreparedPicture).where(*waiting).values(due_at=pause))


def sweep() -> None:
    """Forget what no post that stands shows, and beyond the room there is what was made first."""
    with db.transaction() as session:
        gone = ~exists().where(Post.id == PictureWant.post_id, Post.state != "withdrawn")
        session.execute(delete(PictureWant).where(gone))
        session.execute(delete(PreparedPicture).where(~_wanted()))
    while _forget_oldest():
        pass


def _forget_oldest(most: int = 100) -> int:
    with db.transaction() as session:
        kept = session.scalar(select(func.sum(PreparedPicture.size))) or 0
        rows = session.execute(
            select(PreparedPicture.key, PreparedPicture.size)
            .where(PreparedPicture.size > 0)
            .order_by(PreparedPicture.made_at, PreparedPicture.key)
            .limit(most)
        ).all()
        found = []
        for row in rows:
            if kept <= _MOST_KEPT:
                break
            kept -= row.size
            found.append(row.key)
        empty = {"page": None, "framed": None, "size": 0, "made_at": None}
        session.execute(update(PreparedPicture).where(PreparedPicture.key.in_(found)).values(**empty))
        return len(found)


def _wanted() -> ColumnElement[bool]:
    return exists().where(PictureWant.key == PreparedPicture.key)


def _complete() -> ColumnElement[bool]:
    return PreparedPicture.page.is_not(None) & PreparedPicture.framed.is_not(None)
