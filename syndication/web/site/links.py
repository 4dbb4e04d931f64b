"""Builds links to our own pages, so that no request can make a page link elsewhere."""

import re
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from starlette.requests import Request

#: What may stand in a segment as it is (RFC 3986 section 3.3).
_SAFE = "-._~!$&'()*+,;=:@"
#: What stands in no path, query or fragment.
_NO_URL = re.compile(r'[\s"<>\[\\\]^`{|}]|%(?![0-9A-Fa-f]{2})')
_MOST_FIELDS, _MOST_CHARACTERS = 50, 2000


def to(path: str, *segments: str, **query: str) -> str:
    """The link to a page of ours; `segments`, such as a token, stand behind its path whatever is in them."""
    whole = "/".join((path.rstrip("/"), *(quote(one, safe=_SAFE, errors="replace") for one in segments)))
    return (whole or "/") + (f"?{urlencode(query)}" if query else "")


def ours(path: str, query: str = "") -> str:
    """The link to a path that somebody asked for: it begins with one slash, holds no backslash, and leads to no host."""
    parts = [one for one in re.split(r"[/\\]+", path) if one not in ("", ".", "..")]
    whole = "/" + "/".join(quote(one, safe=_SAFE, errors="replace") for one in parts)
    if parts and path.endswith("/"):
        whole += "/"
    return whole + (f"?{query}" if query else "")


def again(request: Request, **changed: str) -> str:
    """The link to the page that was asked for, with its query, in which `changed` is replaced, or left out where empty."""
    try:
        asked = parse_qsl(request.url.query, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        asked = []
    added = [pair for pair in changed.items() if pair[1]]
    query = urlencode([pair for pair in asked if pair[0] not in changed] + added, errors="replace")
    link = ours(request.url.path, query)
    return link if len(link) <= _MOST_CHARACTERS else ours(request.url.path, urlencode(added[:1]))


def elsewhere(address: str) -> str:
    """Somebody's web address as an attribute may hold it: what stands in no URL is written as its number (WHATWG URL 4.3)."""
    scheme, separator, rest = address.partition("://")
    host = re.split(r"[/?#]", rest, maxsplit=1)[0]
    way, hash_sign, fragment = rest[len(host) :].partition("#")
    shown = way + hash_sign + fragment.replace("#", "%23")
    return scheme + separator + host + _NO_URL.sub(lambda one: quote(one[0], safe=""), shown)


def without_host(location: str, host: str) -> str:
    """A redirect's Location without the host where that is only what the request called us; others stay as they are."""
    parts = urlsplit(location)
    return ours(parts.path, parts.query) if parts.netloc and parts.netloc == host else location
