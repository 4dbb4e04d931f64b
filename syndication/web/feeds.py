"""Serves feeds (RFC 9110): stored bytes, conditional requests, compression."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import get_args
from urllib.parse import quote

from fastapi import APIRouter
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from syndication import clock
from syndication.audience import feeds
from syndication.channels.built_in.feed.documents import CONTENT_TYPES, Format
from syndication.config import Settings, settings
from syndication.errors import NotFound
from syndication.insight import feed_audience
from syndication.web import conditional
from syndication.web.accept import listed, weighed

router = APIRouter(include_in_schema=False)
_PATH = re.compile(r"^(?P<scope>[a-z0-9/-]{1,200})\.(?P<form>[a-z]+)$")
_FORMATS = set(get_args(Format))
#: How long an answer is repeated without asking the database. A reader may keep it for `feed_max_age` anyway.
_TRUSTED = timedelta(seconds=0.1)
#: The same of a later page, which is made anew for each question.
_TRUSTED_LATER = timedelta(seconds=20)
#: Bytes of documents that a process remembers.
_MOST = 32 * 1024 * 1024
_SECOND = timedelta(seconds=1)


async def feed(request: Request) -> Response:
    """The document at `/feeds/SCOPE.FORMAT`; 304 where the reader has it already. Raises NotFound."""
    path: str = request.path_params["path"]
    number = _page(request.query_params.get("page", "1"))
    memory, kept = _memory(request), f"{path}?page={number}"
    now = clock.now()
    answer = memory.recent(kept, now, _TRUSTED if number == 1 else _TRUSTED_LATER)
    if answer is None:
        try:
            answer = await _asked(path, number, memory.last(kept))
        except feeds.Moved as moved:
            return _onward(moved, path, number)
        memory.keep(kept, answer, now)
    response = _respond(request, answer, now)
    listener = _listener(request)
    if number == 1:
        listener.hear(path, request.headers.get("user-agent", ""), now)
    if noted := listener.due(now):
        response.background = BackgroundTask(feed_audience.keep, noted, now)
    return response


def _onward(moved: feeds.Moved, path: str, number: int) -> Response:
    """A feed whose topic is filed elsewhere now goes on there, for good (RFC 9110 section 15.4.2)."""
    page = f"?page={number}" if number > 1 else ""
    there = f"/feeds/{moved.to}.{path.rpartition('.')[2]}{page}"
    headers = {
        "Cache-Control": f"public, max-age={settings().feed_max_age}",
        "Access-Control-Allow-Origin": "*",
    }
    return RedirectResponse(there, 301, headers=headers)


# A plain route: FastAPI's machinery for parameters would cost more than the answer.
router.add_route("/feeds/{path:path}", feed, methods=["GET", "HEAD"])


@dataclass(frozen=True)
class _Answer:
    """A document with all that is said about it whoever asks."""

    document: feeds.Document
    content_type: str
    headers: dict[str, str]


def _page(said: str) -> int:
    """The number of a page. Raises NotFound."""
    if not (said.isascii() and said.isdecimal() and 1 <= len(said) <= 5) or said[0] == "0":
        raise NotFound("There is no such page of this feed.")
    return int(said)


async def _asked(path: str, number: int, known: _Answer | None) -> _Answer:
    """The answer as the database has it now; `known` itself where it is still right."""
    found = _PATH.match(path)
    if not found or found["form"] not in _FORMATS:
        raise NotFound("There is no such feed.")
    form: Format = found["form"]  # type: ignore[assignment]  # checked above
    earlier = known.document if known else None
    if number == 1:
        document = await run_in_threadpool(feeds.document, found["scope"], form, known=earlier)
    else:
        document = await run_in_threadpool(feeds.later_page, found["scope"], form, number, known=earlier)
    if known is not None and document is earlier:
        return known
    cfg = settings()
    headers = {
        "Cache-Control": f"public, max-age={cfg.feed_max_age}",
        "Vary": "Accept-Encoding",
        "Link": _links(found["scope"], form, number, cfg),
        # Some browsers draw XML and JSON with styles of their own.
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
        # Whoever builds a page of their own out of our news may read them there: they are for everybody, and name nobody.
        "Access-Control-Allow-Origin": "*",
    }
    return _Answer(document, CONTENT_TYPES[form], headers)


def _links(scope: str, form: Format, number: int, cfg: Settings) -> str:
    """WebSub discovery in the header (W3C Recommendation, section 4)."""
    page = f"?page={number}" if number > 1 else ""
    itself = f'<{cfg.base_url}/feeds/{scope}.{form}{page}>; rel="self"'
    # As a URI is spelled (RFC 3986): nothing in it can end it, nor is beyond ASCII, which no header holds.
    hub = quote(cfg.websub_hub, safe=":/?#[]@!$&'()*+,;=%~")
    return f'{itself}, <{hub}>; rel="hub"' if hub and number == 1 else itself


class _Memory:
    """The answers of one process, the least lately checked forgotten first."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[_Answer, datetime]] = {}
        self._bytes = 0

    def last(self, path: str) -> _Answer | None:
        """The answer that was given last."""
        return self._kept[path][0] if path in self._kept else None

    def recent(self, path: str, now: datetime, trusted: timedelta) -> _Answer | None:
        """The same, where it is so young that nobody need be asked."""
        answer, checked_at = self._kept.get(path, (None, now))
        return answer if timedelta(0) <= now - checked_at < trusted else None

    def keep(self, path: str, answer: _Answer, now: datetime) -> None:
        """Remember an answer that was right at `now`."""
        if path in self._kept:
            self._bytes -= _weight(self._kept.pop(path)[0])
        self._kept[path] = answer, now
        self._bytes += _weight(answer)
        while self._bytes > _MOST:
            oldest = next(iter(self._kept))
            self._bytes -= _weight(self._kept.pop(oldest)[0])


def _weight(answer: _Answer) -> int:
    return len(answer.document.body) + len(answer.document.compressed)


def _memory(request: Request) -> _Memory:
    """Each app has its own: another app may stand on another database."""
    state = request.app.state
    if not hasattr(state, "feeds"):
        state.feeds = _Memory()
    memory: _Memory = state.feeds
    return memory


def _listener(request: Request) -> feed_audience.Listener:
    """Each app has its own, likewise."""
    state = request.app.state
    if not hasattr(state, "feed_listener"):
        state.feed_listener = feed_audience.Listener()
    listener: feed_audience.Listener = state.feed_listener
    return listener


def _respond(request: Request, answer: _Answer, now: datetime) -> Response:
    asked = request.headers
    squeezed = _takes_gzip(listed(asked, "accept-encoding"))
    document = answer.document
    # Two encodings are two representations, so each has its own strong validator (RFC 9110 section 8.8.3.3).
    etag = f'"{document.etag[:32]}{"-gz" if squeezed else ""}"'
    headers = {"ETag": etag, "Last-Modified": _last_modified(document.modified_at, now), **answer.headers}
    if _unchanged(asked.get("if-none-match"), asked.get("if-modified-since"), etag, document.modified_at):
        return Response(status_code=304, headers=headers)
    if squeezed:
        headers["Content-Encoding"] = "gzip"
    body = document.compressed if squeezed else document.body
    return Response(body, headers=headers, media_type=answer.content_type)


def _last_modified(modified_at: datetime, now: datetime) -> str:
    """The moment as a header. It may change again within the second it last changed in, and nobody could tell by the header.

    Until that second is over it is therefore dated one back, so that who asks with it gets the whole document again.
    """
    settled = now - modified_at >= _SECOND
    return format_datetime(modified_at if settled else modified_at - _SECOND, usegmt=True)


def _unchanged(known: str | None, since: str | None, etag: str, modified_at: datetime) -> bool:
    """RFC 9110 section 13.2.2: If-None-Match decides alone where it is sent; it is compared weakly."""
    if known is not None:
        return conditional.known(known, etag)
    if not since:
        return False
    try:
        moment = parsedate_to_datetime(since)
    except (ValueError, TypeError):
        return False
    return moment.tzinfo is not None and modified_at <= moment


def _takes_gzip(accepted: str) -> bool:
    """Whether Accept-Encoding (RFC 9110 section 12.5.3) allows gzip: named, or by `*`, and not with q=0."""
    weights = weighed(accepted)
    return weights.get("gzip", weights.get("*", 0.0)) > 0
