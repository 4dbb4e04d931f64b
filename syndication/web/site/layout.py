"""Shared by all pages: language, headers, frame."""

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from syndication.config import settings
from syndication.infra.reasons import translated_error
from syndication.infra.rendering import gettext, render
from syndication.kinds import KINDS
from syndication.publishing import views
from syndication.web import signed_in
from syndication.web.language import asked, preferred
from syndication.web.site import links

#: No script, no picture from elsewhere, no frame around us, forms only to ourselves.
_POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
#: Added for pages that work by a script of ours; it speaks to us alone.
_SCRIPTED = "; script-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'"
#: Added for pages that show a mail in a frame, which asks us for it.
_FRAMED = "; frame-src 'self'"
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
}
#: Pages behind a token: nobody else learns their address, no search engine keeps it.
_PRIVATE = {"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}
#: What no page of HTML may hold, whoever typed it: controls, halves of pairs, noncharacters (WHATWG HTML 13.2.3.5).
_UNFIT = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
    + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0x10000, 0x110000, 0x10000))
    + "]"
)


def chosen_language(request: Request) -> dict[str, str]:
    """`?lang=` where it names a language that we speak, as a query of links that keep it; else empty."""
    lang = asked(request)
    return {"lang": lang} if lang else {}


def language_of(request: Request, known: str = "") -> str:
    """`?lang=`, else `known`, else the one of the browser's languages that we speak and it likes best, else the city's."""
    return asked(request) or known or preferred(request, settings().language)


def page(
    request: Request,
    template: str,
    *,
    status: int = 200,
    private: bool = False,
    scripted: bool = False,
    framed: bool = False,
    language: str = "",
    at: str = "",
    typed: str = "",
    **values: Any,
) -> Response:
    """The page made from `site/<template>`, or from `template` where that names its folder.

    It is in `language`, unless the visitor chose one on the page itself.
    Its link to the other language opens the same page: at its own address, or `at` another where the answer to a form
    stands; `typed` carries what was filled in.
    """
    spoken = language_of(request, language)
    other = "en" if spoken == "de" else "de"
    html = render(
        template if "/" in template else f"site/{template}",
        spoken,
        other=other,
        all_kinds=KINDS,
        link=links.to,
        address=links.elsewhere,
        kept=chosen_language(request),
        elsewhere=links.to(at, lang=other) if at else links.again(request, lang=other, typed=typed),
        **{"city": views.city(settings()), **values},
    )
    headers = {
        **_HEADERS,
        **(_PRIVATE if private else {}),
        "Content-Language": spoken,
        "Vary": "Accept-Language",
    }
    if scripted:
        headers["Content-Security-Policy"] = _POLICY + _SCRIPTED
    if framed:
        headers["Content-Security-Policy"] += _FRAMED
    return HTMLResponse(_UNFIT.sub("\ufffd", html), status, headers=headers)


def trouble(request: Request, status: int, detail: str) -> Response:
    """The page for whatever goes wrong, with the sentence that says what."""
    known = signed_in.already_let_in(request)
    language = language_of(request, known.language if known else "")
    say = gettext(language)
    title = say("This page does not exist") if status == 404 else say("That did not work")
    # Whoever looks after the city asks first what is lost.
    away = status == 503 and request.url.path.startswith("/desk")
    return page(
        request,
        "trouble.html",
        status=status,
        private=True,
        language=language,
        visitor=known.name if known else "",
        title=title,
        detail=translated_error(detail, language),
        away=away,
    )
