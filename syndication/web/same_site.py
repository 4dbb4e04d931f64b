"""Refuses what another website makes a browser send (OWASP ASVS 5.0, V3.5.1): one check before every form of the service."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from syndication.content.reason import Reason
from syndication.web.problems import Refusal

_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
#: Calls of the API carry a key in a header, which no browser adds by itself.
_API = "/api/"
_ELSEWHERE = Reason(
    "This was sent from another website, so nothing was done. Please open the page here and try again."
)


class SameSite:
    """Lets a request that changes something through where no browser says that another website sent it.

    Browsers say so in Sec-Fetch-Site (W3C Fetch Metadata), older ones in Origin (RFC 6454), which is `null` for forms of
    pages that hide their address, as ours with a token in it do. Programs say neither, and carry no cookie.
    """

    def __init__(self, app: ASGIApp, base_url: str, refusal: Refusal) -> None:
        self._app, self._refusal = app, refusal
        self._origin = _origin(base_url)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in _SAFE and not scope["path"].startswith(_API):
            try:
                self._refuse_foreign(Headers(scope=scope), scope["scheme"])
            except HTTPException as error:
                answer = self._refusal(Request(scope), error.status_code, error.detail, {})
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _refuse_foreign(self, headers: Headers, scheme: str) -> None:
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if site is not None:
            foreign = site not in ("same-origin", "none")
        elif origin is not None and origin != "null":
            # Whoever asks by another name of ours, as over a tunnel, stays with that name.
            foreign = origin.lower() not in (self._origin, f"{scheme}://{headers.get('host', '')}".lower())
        else:
            foreign = False
        if foreign:
            raise HTTPException(403, _ELSEWHERE)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()
