"""Shared by all pages: language, headers, frame."""

from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from syndication.config import settings
from syndication.infra.reasons import translated_error
from syndication.infra.rendering import LANGUAGES, gettext, render
from syndication.kinds import KINDS
from syndication.publishing import views
from syndication.web.language import preferred
from syndication.web.site import links

#: No script, no picture from elsewhere, no frame around us, forms only to ourselves.
_POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
#: Added for pages that work by a script of ours; it speaks to us alone.
_SCRIPTED = "; script-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'"
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
}
#: Pages behind a token: nobody else learns their address, no search engine keeps it.
_PRIVATE = {"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}


def language_of(request: Request) -> str:
    """`?lang=`, else the first of the browser's languages that we speak, else the city's."""
    asked = request.query_params.get("lang", "")
    if asked in LANGUAGES:
        return asked
    return preferred(request.headers.get("accept-language", "")) or settings().language


def page(
    request: Request,
    template: str,
    *,
    status: int = 200,
    private: bool = False,
    scripted: bool = False,
    language: str = "",
    home: bool = False,
    **values: Any,
) -> Response:
    """The page made from `site/<template>`, or from `template` where that names its folder.

    It is in the visitor's language, or in `language` where that is known better.
    `home`: its address cannot be opened, so its link to the other language leads to the front page.
    """
    spoken = language or language_of(request)
    other = "en" if spoken == "de" else "de"
    html = render(
        template if "/" in template else f"site/{template}",
        spoken,
        city=views.city(settings()),
        other=other,
        all_kinds=KINDS,
        link=links.to,
        elsewhere=links.to("/", lang=other) if home else links.again(request, lang=other),
        **values,
    )
    headers = {**_HEADERS, **(_PRIVATE if private else {}), "Content-Language": spoken}
    if scripted:
        headers["Content-Security-Policy"] = _POLICY + _SCRIPTED
    return HTMLResponse(html, status, headers=headers)


def trouble(request: Request, status: int, detail: str) -> Response:
    """The page for whatever goes wrong, with the sentence that says what."""
    language = language_of(request)
    say = gettext(language)
    title = say("This page does not exist") if status == 404 else say("That did not work")
    return page(
        request,
        "trouble.html",
        status=status,
        private=True,
        home=request.method != "GET",
        title=title,
        detail=translated_error(detail, language),
    )
