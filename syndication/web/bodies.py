"""What a request may bring: at most 1 MB within ten seconds, a picture more; and the headers of every answer of the API."""

import asyncio
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from syndication import clock
from syndication.web.problems import problem
from syndication.web.spoken import preferred, reading


@dataclass(frozen=True)
class Bounds:
    """Bytes of the largest body, and seconds within which it must have arrived, so that slow senders hold no worker."""

    bytes: int
    seconds: float
    too_large: str
    too_slow: str


USUAL = Bounds(
    1_000_000,
    10.0,
    "The request is too large; at most 1 MB is accepted.",
    "The request did not arrive within ten seconds.",
)
#: For pictures, which are large and come over a shop's line.
UPLOADS = Bounds(
    12_000_000,
    90.0,
    "The picture is larger than 12 MB.",
    "The picture did not arrive within 90 seconds.",
)
UPLOADS_AT = "/api/v1/pictures"


class BodyLimit:
    """Refuses bodies that are too large, by their announcement or while they arrive (413), or too slow (408)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        bounds = UPLOADS if scope["path"] == UPLOADS_AT else USUAL
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isascii() and announced.isdigit() and int(announced[:20]) > bounds.bytes:
            # Closing saves reading what nobody wants.
            await problem(413, bounds.too_large, headers={"Connection": "close"})(scope, receive, send)
            return
        await self._app(scope, _Measured(receive, bounds), send)


class _Measured:
    """A request's `receive` that counts and times the body."""

    def __init__(self, receive: Receive, bounds: Bounds) -> None:
        self._receive, self._bounds = receive, bounds
        self._size, self._complete = 0, False
        self._deadline = clock.monotonic() + bounds.seconds

    async def __call__(self) -> Message:
        if self._complete:
            return await self._receive()
        try:
            message = await asyncio.wait_for(self._receive(), max(0.0, self._deadline - clock.monotonic()))
        except TimeoutError as error:
            raise HTTPException(408, self._bounds.too_slow, {"Connection": "close"}) from error
        self._size += len(message.get("body", b""))
        self._complete = not message.get("more_body", False)
        if self._size > self._bounds.bytes:
            raise HTTPException(413, self._bounds.too_large, {"Connection": "close"})
        return message


class ApiHeaders:
    """Answers of the API are kept by no cache, guessed at by no browser, and give reasons in the caller's language."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/api/"):
            await self._app(scope, receive, send)
            return
        reading.set(preferred(Headers(scope=scope).get("accept-language", "")) or "en")

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Cache-Control", "no-store")
                headers.setdefault("X-Content-Type-Options", "nosniff")
            await send(message)

        await self._app(scope, receive, with_headers)
