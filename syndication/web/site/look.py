"""What the city's look adds to the site: its colours, its logo, and the pages about who is behind it."""

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from syndication.config import settings
from syndication.content.reason import Reason
from syndication.errors import NotFound
from syndication.publishing import look, palette
from syndication.publishing.look import Look
from syndication.web.site.layout import language_of, page

router = APIRouter(include_in_schema=False)
#: Their addresses change with what they say.
_FOR_GOOD = "public, max-age=31536000, immutable"
_NO_TEXT = Reason("The town hall has not written anything here yet.")


@router.get("/look-{digest}.css")
def colours(digest: str = Path(pattern="^[0-9a-f]{16}$")) -> Response:
    """The colours of the look that is in force, or being prepared. Raises NotFound for an older one."""
    for one in (look.current(), look.stored("current"), look.in_preparation()):
        if one is not None and (text := palette.stylesheet(one)) and palette.digest(text) == digest:
            return Response(text, media_type="text/css; charset=utf-8", headers=_headers())
    raise NotFound("There is nothing at this address.")


@router.get("/look/logo-{digest}.png")
def logo(digest: str = Path(pattern="^[0-9a-f]{16}$")) -> Response:
    """The city's logo. Raises NotFound for an older one."""
    return Response(look.logo(digest), media_type="image/png", headers=_headers())


@router.get("/imprint")
def imprint(request: Request) -> Response:
    """Who is behind the service: what the town hall wrote, else what the settings say. Raises NotFound."""
    return about(request, "imprint", look.current())


@router.get("/privacy")
def privacy(request: Request) -> Response:
    """What is kept about people, and why. Raises NotFound."""
    return about(request, "privacy", look.current())


@router.get("/accessibility")
def accessibility(request: Request) -> Response:
    """The declaration of accessibility. Raises NotFound."""
    return about(request, "accessibility", look.current())


def about(request: Request, name: look.Page, worn: Look) -> Response:
    """One of these pages. Raises NotFound where nothing is said."""
    said = worn.text(name, language_of(request)) or (settings().imprint if name == "imprint" else "")
    if not said:
        raise NotFound(_NO_TEXT)
    return page(request, "about.html", name=name, said=said)


def _headers() -> dict[str, str]:
    return {"Cache-Control": _FOR_GOOD, "X-Content-Type-Options": "nosniff"}
