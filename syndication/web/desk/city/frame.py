"""The frame of the town hall's pages, and the parts of them that keep themselves new."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from syndication.accounts import sessions
from syndication.accounts.people import Account
from syndication.web.desk.frame import desk_page
from syndication.web.site.layout import page


def city_page(
    request: Request, known: Account, template: str, *, status: int = 200, **values: Any
) -> Response:
    """A whole page of `templates/desk/city`."""
    return desk_page(request, known, f"city/{template}", status=status, scripted=True, **values)


def city_part(request: Request, known: Account, template: str, **values: Any) -> Response:
    """What a page asks for again and again: without the frame, and without what only the frame needs to know."""
    return page(
        request,
        f"desk/city/{template}",
        private=True,
        language=known.language,
        at=request.url.path,
        known=known,
        token=sessions.form_token(known),
        **values,
    )
