"""Pictures: those that merchants uploaded, and those of posts in the sizes that pages and networks need."""

import threading
from uuid import UUID

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import Response

from syndication import clock, gallery, posts
from syndication.delivery import drain
from syndication.errors import NotFound
from syndication.pictures import SIZES, Limits, NoPicture, Picture

router = APIRouter()
#: A withdrawn post takes its pictures with it, so nobody keeps them for long.
_HEADERS = {
    "Cache-Control": "public, max-age=3600",
    "Content-Security-Policy": "default-src 'none'",
    "X-Content-Type-Options": "nosniff",
}
#: So many pictures are prepared at once; a slow website must not take all threads from the readers.
_TURNS = threading.BoundedSemaphore(4)
_PATIENCE = 5.0
#: Pictures that could not be had: until when (seconds) they are not asked for again, whoever wants them, and why.
_broken: dict[str, tuple[float, NoPicture]] = {}
_MOST_BROKEN, _PAUSE = 1000, 60.0
_NONE = "There is no such picture."
_LATER = "The picture cannot be had at the moment. Please try again later."
_WAIT = {"Retry-After": f"{_PAUSE:.0f}"}


@router.get("/pictures/{picture_id}.jpg")
def read_upload(picture_id: str) -> Response:
    """An uploaded picture. Raises NotFound, also where only withdrawn posts show it."""
    return Response(gallery.shown(picture_id), media_type="image/jpeg", headers=_HEADERS)


@router.get("/posts/{post_id}/pictures/{number}-{size}.jpg")
def read_picture(post_id: str, number: int, size: str) -> Response:
    """A picture of a post, by its place from 1, in a size of `pictures.SIZES`. Raises NotFound; 503 where it may come later."""
    try:
        record = posts.read(UUID(post_id))
        urls = {place: image.url for place, image in enumerate(record.content.images, 1)}
        url, limits = urls[number], SIZES[size]
    except (ValueError, KeyError) as error:
        raise NotFound(_NONE) from error
    if record.state != "published":
        raise NotFound(_NONE)
    picture = _prepared(url, limits)
    return Response(picture.data, media_type=picture.type, headers=_HEADERS)


def _prepared(url: str, limits: Limits) -> Picture:
    until, fault = _broken.get(url, (0.0, None))
    if fault is not None and until > clock.monotonic():
        raise _said(fault)
    if not _TURNS.acquire(timeout=_PATIENCE):
        raise HTTPException(503, _LATER, _WAIT)
    try:
        return drain.tools().pictures.get(url, limits)
    except NoPicture as found:
        if len(_broken) >= _MOST_BROKEN:
            _broken.clear()
        # Anybody may ask here: it must not become a way to have us knock at somebody's website without end.
        _broken[url] = (clock.monotonic() + _PAUSE, found)
        raise _said(found) from found
    finally:
        _TURNS.release()


def _said(fault: NoPicture) -> Exception:
    return HTTPException(503, _LATER, _WAIT) if fault.later else NotFound(fault.reason)
