"""Serves pictures: uploaded ones, logos, and those of posts in the sizes that pages and networks need."""

from uuid import UUID

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from syndication.errors import NotFound
from syndication.infra.images import SIZES, NoPicture
from syndication.publishing import logos, posts, site_images, uploads
from syndication.web import conditional

router = APIRouter()
#: A withdrawn post takes its pictures with it, so nobody keeps them for long.
_HEADERS = {
    "Cache-Control": "public, max-age=3600",
    "Content-Security-Policy": "default-src 'none'",
    "X-Content-Type-Options": "nosniff",
}
_NONE = "There is no such picture."
_LATER = "The picture cannot be had at the moment. Please try again later."


@router.get("/pictures/{picture_id}.jpg")
def read_upload(picture_id: str) -> Response:
    """An uploaded picture. Raises NotFound, also where only withdrawn posts show it."""
    return Response(uploads.shown(picture_id), media_type="image/jpeg", headers=_HEADERS)


@router.get("/merchants/{slug}/logo-{digest}.jpg")
def read_logo(request: Request, slug: str, digest: str) -> Response:
    """A merchant's logo; 304 where it is known already. Raises NotFound, also where there is another one by now."""
    data, headers = logos.shown(slug, digest), {**_HEADERS, "ETag": f'"{digest}"'}
    if conditional.known(request.headers.get("if-none-match", ""), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(data, media_type="image/jpeg", headers=headers)


@router.get("/posts/{post_id}/pictures/{number}-{size}.jpg")
def read_picture(post_id: str, number: int, size: str) -> Response:
    """A picture of a post, by its place from 1, in a size of `images.SIZES`, as workers prepared it: nothing is fetched while
    somebody waits. Raises NotFound; 503 where it may come later."""
    try:
        record = posts.read(UUID(post_id))
        urls = {place: image.url for place, image in enumerate(record.content.pictures(), 1)}
        url, limits = urls[number], SIZES[size]
    except (ValueError, KeyError) as error:
        raise NotFound(_NONE) from error
    if record.state != "published":
        raise NotFound(_NONE)
    try:
        data = site_images.shown(url, size)
    except NoPicture as fault:
        raise NotFound(fault.reason) from fault
    except site_images.Later as later:
        data = uploads.fitting(url, limits) or b""
        if not data:
            raise HTTPException(503, _LATER, {"Retry-After": str(later.seconds)}) from later
    return Response(data, media_type="image/jpeg", headers=_HEADERS)
