"""Security headers on every answer: pages, API, feeds, pictures, errors (OWASP ASVS 5.0, V3.4)."""

from functools import lru_cache

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import Message, Scope, Send

from syndication.config import Settings
from syndication.web.accept import listed
from syndication.web.language import best, reading
from syndication.web.site import links

#: Answers that say nothing of their own are no page: nothing in them is loaded, run, framed or sent.
_POLICY = "default-src 'none'"
#: What every policy ends with where it says nothing else of it.
_ALWAYS = ("object-src", "base-uri", "form-action", "frame-ancestors")
_FIXED = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
#: Two years; subdomains too, as v5.0.0-3.4.1 asks from level 2.
_ONLY_HTTPS = "max-age=63072000; includeSubDomains"


def completed(cfg: Settings, scope: Scope, send: Send) -> Send:
    """`send`, which adds to the head of an answer whatever it does not say itself."""
    asked = Headers(scope=scope)
    path: str = scope["path"]
    in_api = path.startswith("/api/")
    language = best(listed(asked, "accept-language"), "en")
    reading.set(language)
    secure = cfg.base_url.startswith("https:")

    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _FIXED.items():
                headers.setdefault(name, value)
            if secure:
                headers.setdefault("Strict-Transport-Security", _ONLY_HTTPS)
            if in_api:
                # Reasons, and what is wrong, are said in the caller's language.
                headers.setdefault("Vary", "Accept-Language")
                if "content-type" in headers:
                    headers.setdefault("Content-Language", language)
            headers.setdefault("Referrer-Policy", "no-referrer")
            headers.setdefault("Cache-Control", "no-store")
            headers["Content-Security-Policy"] = _policy(headers.get("content-security-policy", _POLICY))
            headers.setdefault("Cross-Origin-Resource-Policy", _for_whom(path, headers))
            if "location" in headers:
                headers["Location"] = links.without_host(headers["location"], asked.get("host", ""))
        await send(message)

    return with_headers


def alone(send: Send) -> Send:
    """`send` for HEAD (RFC 9110 section 9.3.2): the head that GET would get, its length included, and no body."""

    async def without_body(message: Message) -> None:
        if message["type"] != "http.response.body":
            await send(message)
        elif not message.get("more_body", False):
            await send({"type": "http.response.body", "body": b""})

    return without_body


@lru_cache(maxsize=32)
def _policy(said: str) -> str:
    named = {part.strip().partition(" ")[0] for part in said.split(";")}
    return "; ".join([said, *(f"{one} 'none'" for one in _ALWAYS if one not in named)])


def _for_whom(path: str, headers: MutableHeaders) -> str:
    """Pictures and feeds are there to be shown by others; everything else is for our own pages."""
    public = path.startswith("/feeds/") or headers.get("content-type", "").startswith("image/")
    return "cross-origin" if public else "same-origin"
