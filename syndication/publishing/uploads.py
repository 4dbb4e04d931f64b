"""Pictures that merchants upload: stored once, as a JPEG, for as long as a post shows them."""

import hashlib
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import IO
from uuid import UUID

from PIL import Image, ImageDraw
from sqlalchemy import ColumnElement, delete, exists, func, select, update
from sqlalchemy.orm import Session

from syndication import clock
from syndication.audit import log
from syndication.audit.log import About
from syndication.config import settings
from syndication.content.post import Content
from syndication.errors import Invalid, NotFound, QuotaExceeded, Unavailable
from syndication.infra import db
from syndication.infra.images import Limits, NoPicture, shrunk
from syndication.models import DraftPicture, PictureUse, Post, StoredPicture
from syndication.publishing import merchants

#: How an upload is kept: enough for every outlet, each of which shrinks it to what it takes.
_KEPT = Limits(side=2560, bytes=3_000_000)
#: How long a picture waits for a post that shows it.
_UNUSED = timedelta(days=7)
_QUOTA_WINDOW = timedelta(hours=24)
#: A post has at most ten pictures, so the quota of posts makes one of pictures.
_PER_POST = 10
#: The picture of test deliveries, made here rather than uploaded.
TEST = "test"


@dataclass(frozen=True)
class Uploaded:
    """A picture that is kept; `url` goes into a post, sides are in pixels."""

    url: str
    width: int
    height: int
    bytes: int


def address(picture_id: str) -> str:
    """Where a picture is seen."""
    return f"{settings().base_url}/pictures/{picture_id}.jpg"


def add(merchant_id: UUID, data: bytes | IO[bytes]) -> Uploaded:
    """Keep the pixels of a JPEG, PNG, WebP or GIF, turned upright; the same once more is the same picture.

    Raises Invalid (no picture), Forbidden (merchant not admitted), QuotaExceeded, Unavailable (too many at once).
    """
    now = clock.now()
    with db.reading() as session:
        _count(session, merchant_id, now)
    try:
        picture = shrunk(data, _KEPT)
    except NoPicture as fault:
        if fault.later:
            raise Unavailable(fault.reason) from fault
        raise Invalid.field("", fault.reason) from fault
    picture_id = hashlib.sha256(merchant_id.bytes + picture.data).hexdigest()[:32]
    row = {
        "id": picture_id,
        "merchant_id": merchant_id,
        "data": picture.data,
        "width": picture.width,
        "height": picture.height,
        "uploaded_at": now,
    }
    with db.transaction() as session:
        if not db.insert_new(session, StoredPicture, [row]):
            session.execute(
                update(StoredPicture).where(StoredPicture.id == picture_id).values(uploaded_at=now)
            )
        log.record(session, "picture.added", About("picture", picture_id), merchant_id=merchant_id)
    return Uploaded(address(picture_id), picture.width, picture.height, len(picture.data))


def note(session: Session, post_id: UUID, merchant_id: UUID, *contents: Content) -> None:
    """Remember which uploaded pictures a merchant's post shows from now on; also those of a correction that waits.

    Raises Invalid for one that is not kept here, or is another merchant's: it would be seen after its owner took it back.
    """
    session.execute(delete(PictureUse).where(PictureUse.post_id == post_id))
    shown = [one for content in contents for one in content.pictures_by_field().items()]
    named = [(f"{name}.url", _named(image.url)) for name, image in shown]
    used = {found for _, found in named if found}
    if not used:
        return
    own = (StoredPicture.id.in_(used), StoredPicture.merchant_id == merchant_id)
    known = set(session.scalars(select(StoredPicture.id).where(*own)))
    for field, picture_id in named:
        if picture_id and picture_id not in known:
            raise Invalid.field(field, "is no picture that is kept here; please upload it again")
    session.add_all(PictureUse(post_id=post_id, picture_id=picture_id) for picture_id in used)


def kept_here(session: Session, merchant_id: UUID, texts: Iterable[str]) -> list[str]:
    """The keys of a merchant's own uploaded pictures whose addresses stand among `texts`."""
    named = {found for text in texts if (found := _named(text))}
    own = (StoredPicture.id.in_(named), StoredPicture.merchant_id == merchant_id)
    return list(session.scalars(select(StoredPicture.id).where(*own))) if named else []


def shown(picture_id: str) -> bytes:
    """The JPEG. Raises NotFound where there is none, or only posts that were withdrawn showed it.

    Whoever writes the next post with it sees it again, unless it was in one that breaks the law.
    """
    if picture_id == TEST:
        return _test_picture()
    with db.reading() as session:
        found = session.scalar(
            select(StoredPicture.data).where(
                StoredPicture.id == picture_id, _stands() | _in_a_draft() & ~_used("unlawful") | ~_used()
            )
        )
    if found is None:
        raise NotFound("There is no such picture.")
    return found


def sides(session: Session, urls: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Width and height (pixels) of those pictures that are kept here, by their addresses."""
    named = {url: _named(url) for url in urls}
    sizes = select(StoredPicture.id, StoredPicture.width, StoredPicture.height)
    known = {
        row.id: (row.width, row.height)
        for row in session.execute(sizes.where(StoredPicture.id.in_([one for one in named.values() if one])))
    }
    return {url: known[one] for url, one in named.items() if one in known}


def own(url: str) -> bytes | None:
    """The JPEG at an address of ours; None where it is somebody else's, or gone."""
    picture_id = _named(url)
    try:
        return shown(picture_id) if picture_id else None
    except NotFound:
        return None


def fitting(url: str, limits: Limits) -> bytes | None:
    """The JPEG at an address of ours as it was uploaded, where that keeps to `limits` but for its size; None for all others."""
    picture_id = _named(url)
    with db.reading() as session:
        row = session.get(StoredPicture, picture_id) if picture_id else None
    if row is None:
        return None
    ratio = row.width / row.height
    fits = (limits.least_ratio or ratio) <= ratio <= (limits.most_ratio or ratio)
    return own(url) if fits else None


def ours(url: str) -> bool:
    """Whether an address is that of an uploaded picture, which can be shown as soon as a post does."""
    return bool(_named(url))


def sweep() -> None:
    """Forget the pictures that neither a post that stands shows nor a draft, a week after their upload."""
    with db.transaction() as session:
        waited = StoredPicture.uploaded_at < clock.now() - _UNUSED
        session.execute(delete(StoredPicture).where(waited, ~_stands(), ~_in_a_draft()))


def _used(withdrawn_as: str = "") -> ColumnElement[bool]:
    """By any post; by one that was withdrawn for that reason."""
    use = exists().where(PictureUse.picture_id == StoredPicture.id)
    if not withdrawn_as:
        return use
    return use.where(Post.id == PictureUse.post_id, Post.withdrawn_reason == withdrawn_as)


def _in_a_draft() -> ColumnElement[bool]:
    return exists().where(DraftPicture.picture_id == StoredPicture.id)


def _stands() -> ColumnElement[bool]:
    return exists().where(
        PictureUse.picture_id == StoredPicture.id,
        Post.id == PictureUse.post_id,
        Post.state != "withdrawn",
    )


def _named(url: str) -> str:
    """The key of the picture in an address of ours; empty for any other."""
    start = f"{settings().base_url}/pictures/"
    found = re.fullmatch(r"([0-9a-z]{1,32})\.jpg", url.removeprefix(start)) if url.startswith(start) else None
    return found[1] if found else ""


def _count(session: Session, merchant_id: UUID, now: datetime) -> None:
    merchant = merchants.require(session, merchant_id, "upload")
    assert merchant is not None  # an id was given
    quota = _PER_POST * (merchant.posts_per_day or settings().posts_per_day)
    recent = select(func.count()).where(
        StoredPicture.merchant_id == merchant_id, StoredPicture.uploaded_at > now - _QUOTA_WINDOW
    )
    if (session.scalar(recent) or 0) >= quota:
        raise QuotaExceeded(
            f"{merchant.name} may upload {quota} pictures in 24 hours, and has. Please try again tomorrow."
        )


@lru_cache(maxsize=1)
def _test_picture() -> bytes:
    image = Image.new("RGB", (1080, 1080), "#1f4e5f")
    ImageDraw.Draw(image).text((540, 540), "Test", fill="white", anchor="mm", font_size=220)
    target = io.BytesIO()
    image.save(target, "JPEG", quality=85)
    return target.getvalue()
