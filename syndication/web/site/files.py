"""Static files of the pages: style sheet, scripts, manifest, each with an ETag."""

import hashlib
from functools import lru_cache

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from syndication.channels.envelope import City
from syndication.config import settings
from syndication.infra.rendering import render, source
from syndication.publishing import views
from syndication.web import conditional
from syndication.web.site.layout import language_of

router = APIRouter()
_SCRIPT = "text/javascript; charset=utf-8"


@router.get("/style.css")
def style_sheet(request: Request) -> Response:
    """The one style sheet."""
    return _file(request, "style.css", "text/css; charset=utf-8")


@router.get("/notices-page.js")
def page_script(request: Request) -> Response:
    """What the buttons of the notices page do."""
    return _file(request, "notices-page.js", _SCRIPT)


@router.get("/passkeys.js")
def passkeys_script(request: Request) -> Response:
    """What the buttons do by which somebody signs in with a passkey, or adds one."""
    return _file(request, "passkeys.js", _SCRIPT)


@router.get("/desk.js")
def desk_script(request: Request) -> Response:
    """What the form of a post does with a script."""
    return _file(request, "desk.js", _SCRIPT)


@router.get("/htmx.js")
def htmx(request: Request) -> Response:
    """The library by which a part of a page fills in by itself (htmx.org), kept here so that no page asks anybody else."""
    return _file(request, "vendored/htmx.min.js", _SCRIPT, as_it_is=True)


@router.get("/notices.js")
def worker_script(request: Request) -> Response:
    """The service worker, which shows what is sent to a device. It may only act for what lies beside or below it."""
    answer = _file(request, "notices.js", _SCRIPT)
    # A service worker lives by the policy of its own script: it asks us, and shows our pictures.
    answer.headers["Content-Security-Policy"] = "default-src 'none'; connect-src 'self'; img-src 'self'"
    return answer


@router.get("/manifest.webmanifest")
def manifest(request: Request) -> Response:
    """The page as an app (w3.org/TR/appmanifest): iPhones show notices only of what stands on the home screen."""
    return _file(
        request,
        "manifest.webmanifest",
        "application/manifest+json; charset=utf-8",
        language_of(request),
        views.city(settings()),
    )


def _file(
    request: Request,
    name: str,
    media_type: str,
    language: str = "de",
    city: City | None = None,
    *,
    as_it_is: bool = False,
) -> Response:
    body, etag = _made(name, language, city.name if city else "", city.brand if city else "", as_it_is)
    headers = {
        "ETag": etag,
        "Cache-Control": "public, max-age=3600",
        "Vary": "Accept-Language",
        "X-Content-Type-Options": "nosniff",
    }
    if conditional.known(request.headers.get("if-none-match", ""), etag):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)


@lru_cache(maxsize=16)
def _made(name: str, language: str, city: str, brand: str, as_it_is: bool) -> tuple[bytes, str]:
    """A file and its ETag; somebody else's is no template."""
    path = f"site/{name}"
    body = (source(path) if as_it_is else render(path, language, city=city, brand=brand)).encode()
    return body, f'"{hashlib.sha256(body).hexdigest()[:20]}"'
