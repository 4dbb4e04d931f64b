"""The frame of all pages of the desk: in the person's language, with the way to their other pages."""

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from syndication.accounts import sessions
from syndication.accounts.people import Account
from syndication.infra.rendering import LANGUAGES
from syndication.publishing import merchants
from syndication.web.site import links
from syndication.web.site.layout import page


def desk_page(request: Request, known: Account, template: str, **values: Any) -> Response:
    """A page for whoever is signed in; each form in it holds `token`."""
    asked = request.query_params.get("lang", "")
    return page(
        request,
        f"desk/{template}",
        private=True,
        language=asked if asked in LANGUAGES else known.language,
        home=request.method != "GET",
        known=known,
        merchants=[merchants.by_slug(slug) for slug in known.merchants],
        token=sessions.form_token(known),
        **values,
    )


def onward(path: str, *segments: str, **query: str) -> Response:
    """After a form was taken: the page that shows what became of it, which can be loaded again."""
    return RedirectResponse(links.to(path, *segments, **query), 303)
