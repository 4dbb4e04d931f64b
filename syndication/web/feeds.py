"""Feeds over HTTP (RFC 9110): stored bytes, conditional requests, compression."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import get_args

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from syndication import feeds
from syndication.channels.feed.documents import CONTENT_TYPES, Format
from syndication.config import Settings, settings
from syndication.errors import NotFound

router = APIRouter(include_in_schema=False)
_PATH = re.compile(r"^(?P<scope>[a-z0-9/-]{1,200})\.(?P<form>[a-z]+)$")
_FORMATS = set(get_args(Format))


async def feed(request: Request) -> Response:
    """The document at `/feeds/SCOPE.FORMAT`; 304 where the reader has it already. Raises NotFound."""
    found = _PATH.match(request.path_params["path"])
    if not found or found["form"] not in _FORMATS:
        raise NotFound("There is no such feed.")
    form: Format = found["form"]  # type: ignore[assignment]  # checked above
    document = await run_in_threadpool(feeds.document, found["scope"], form)
    return _answer(request, form, found["scope"], document, settings())


# A plain route: FastAPI's machinery for parameters would cost more than the answer.
router.add_route("/feeds/{path:path}", feed, methods=["GET", "HEAD"])


def _answer(request: Request, form: Format, scope: str, document: feeds.Document, cfg: Settings) -> Response:
    squeezed = _takes_gzip(request.headers.get("accept-encoding", ""))
    # Two encodings are two representations, so each has its own strong validator (RFC 9110 section 8.8.3.3).
    etag = f'"{document.etag[:32]}{"-gz" if squeezed else ""}"'
    headers = {
        "ETag": etag,
        "Last-Modified": format_datetime(document.modified_at.astimezone(UTC), usegmt=True),
        "Cache-Control": f"public, max-age={cfg.feed_max_age}",
        "Vary": "Accept-Encoding",
        "Link": ", ".join(_links(scope, form, cfg)),
        "X-Content-Type-Options": "nosniff",
        "Access-Control-Allow-Origin": "*",
    }
    if _unchanged(request, etag, document.modified_at):
        return Response(status_code=304, headers=headers)
    if squeezed:
        headers["Content-Encoding"] = "gzip"
    body = document.compressed if squeezed else document.body
    return Response(body, headers=headers, media_type=CONTENT_TYPES[form])


def _links(scope: str, form: Format, cfg: Settings) -> Iterator[str]:
    """WebSub discovery in the header (W3C Recommendation, section 4)."""
    yield f'<{cfg.base_url}/feeds/{scope}.{form}>; rel="self"'
    if cfg.websub_hub:
        yield f'<{cfg.websub_hub}>; rel="hub"'


def _unchanged(request: Request, etag: str, modified_at: datetime) -> bool:
    """RFC 9110 section 13.2.2: If-None-Match decides alone where it is sent; it is compared weakly."""
    if (known := request.headers.get("if-none-match")) is not None:
        tags = [tag.strip().removeprefix("W/") for tag in known.split(",")]
        return "*" in tags or etag in tags
    since = request.headers.get("if-modified-since")
    if not since:
        return False
    try:
        moment = parsedate_to_datetime(since)
    except (ValueError, TypeError):
        return False
    return moment.tzinfo is not None and modified_at <= moment


def _takes_gzip(accepted: str) -> bool:
    """Whether Accept-Encoding (RFC 9110 section 12.5.3) allows gzip: named, or by `*`, and not with q=0."""
    weights: dict[str, float] = {}
    for part in accepted.lower().split(","):
        name, _, parameter = part.partition(";")
        try:
            weights[name.strip()] = float(parameter.strip().removeprefix("q=") or 1)
        except ValueError:
            weights[name.strip()] = 0.0
    return weights.get("gzip", weights.get("*", 0.0)) > 0
