"""Pictures over HTTP: a merchant uploads one and uses its address in a post."""

import asyncio
import threading
from collections.abc import AsyncIterator
from tempfile import SpooledTemporaryFile
from typing import IO, Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field
from starlette.exceptions import HTTPException

from syndication import clock
from syndication.config import settings
from syndication.errors import Unavailable
from syndication.infra.images import BUSY
from syndication.publishing import uploads
from syndication.web.access import MerchantSlug, PostsWriter, publishing
from syndication.web.api.pages import Answer
from syndication.web.problems import documented

router = APIRouter(prefix="/pictures", tags=["posts"])
_TYPES = ("image/jpeg", "image/png", "image/webp", "image/gif")
_BODY = {
    "required": True,
    "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in _TYPES},
}

#: In this process: uploads that may arrive at once, bytes of each that are held in memory, how many of them are decoded or
#: wait for it, and how long (seconds) others wait to be among these.
_ARRIVING = threading.BoundedSemaphore(60)
_IN_MEMORY = 100_000
_DECODED = threading.BoundedSemaphore(3)
_PATIENCE = 5.0


class PictureAnswer(Answer):
    """A picture that is kept."""

    url: str = Field(description="Goes into a post, under `images`.")
    width: int = Field(description="Pixels.")
    height: int = Field(description="Pixels.")
    bytes: int


async def _body(request: Request) -> AsyncIterator[IO[bytes]]:
    """The body as it came, asked for only when the caller is known: on disk, since many come slowly at once.

    Raises 415 for what is no picture by its type, 503 where too many come at once or too many wait to be decoded.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in _TYPES:
        raise HTTPException(415, f"The body must be a picture: {', '.join(_TYPES)}, said in `Content-Type`.")
    if not _ARRIVING.acquire(blocking=False):
        raise Unavailable(BUSY)
    try:
        with SpooledTemporaryFile(_IN_MEMORY, dir=_folder()) as body:
            async for part in request.stream():
                body.write(part)
            body.seek(0)
            await _decodable()
            try:
                yield body
            finally:
                _DECODED.release()
    finally:
        _ARRIVING.release()


def _folder() -> str | None:
    """Where an upload lies while it arrives: on the disk of the data, since the usual place is often memory."""
    folder = settings().data_dir
    return str(folder) if folder.is_dir() else None


async def _decodable() -> None:
    """Wait for one of the few threads that may wait for a decoder; the others are for those who read. Raises Unavailable."""
    deadline = clock.monotonic() + _PATIENCE
    while not _DECODED.acquire(blocking=False):
        if clock.monotonic() > deadline:
            raise Unavailable(BUSY)
        await asyncio.sleep(0.03)


@router.post(
    "",
    status_code=201,
    operation_id="addPicture",
    openapi_extra={"requestBody": _BODY},
    responses=documented(429, 503),
)
def add_picture(
    caller: PostsWriter,
    data: Annotated[IO[bytes], Depends(_body)],
    response: Response,
    merchant: MerchantSlug = None,
) -> PictureAnswer:
    """Keep a picture, to be shown by posts: at most 12 MB and 25 million pixels. It is turned upright; nothing but pixels is
    kept of it, neither the place where it was taken nor a comment. 503: many come at once, so try again in some seconds.

    The same once more is the same picture. What no post shows is forgotten after seven days.
    """
    kept = uploads.add(publishing(caller, merchant), data)
    response.headers["Location"] = kept.url
    return PictureAnswer.model_validate(vars(kept))
