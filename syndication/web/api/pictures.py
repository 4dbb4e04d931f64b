"""Pictures over HTTP: a merchant uploads one and names its address in a post."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field
from starlette.exceptions import HTTPException

from syndication import gallery
from syndication.web.access import MerchantSlug, PostsWriter, publishing
from syndication.web.api.pages import Answer
from syndication.web.problems import documented

router = APIRouter(prefix="/pictures", tags=["posts"])
_TYPES = ("image/jpeg", "image/png", "image/webp", "image/gif")
_BODY = {
    "required": True,
    "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in _TYPES},
}


class PictureAnswer(Answer):
    """A picture that is kept."""

    url: str = Field(description="Goes into a post, under `images`.")
    width: int = Field(description="Pixels.")
    height: int = Field(description="Pixels.")
    bytes: int


async def _body(request: Request) -> bytes:
    """The body as it came, asked for only when the caller is known. Raises 415 for what is no picture by its type."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in _TYPES:
        raise HTTPException(415, f"The body must be a picture: {', '.join(_TYPES)}, said in `Content-Type`.")
    return await request.body()


@router.post(
    "",
    status_code=201,
    operation_id="addPicture",
    openapi_extra={"requestBody": _BODY},
    responses=documented(429),
)
def add_picture(
    caller: PostsWriter,
    data: Annotated[bytes, Depends(_body)],
    response: Response,
    merchant: MerchantSlug = None,
) -> PictureAnswer:
    """Keep a picture, to be shown by posts: at most 12 MB. It is turned upright, and freed of the place where it was taken.

    The same once more is the same picture. What no post shows is forgotten after seven days.
    """
    kept = gallery.add(publishing(caller, merchant), data)
    response.headers["Location"] = kept.url
    return PictureAnswer.model_validate(vars(kept))
