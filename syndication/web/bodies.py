"""What a request may bring: at most 1 MB, within ten seconds; and the headers that every answer of the API carries."""

import asyncio

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from syndication import clock
from syndication.web.problems import problem
from syndication.web.spoken import preferred, reading

#: Bytes of the largest body.
MOST_BYTES = 1_000_000
#: Seconds within which a body must have arrived, so that slow senders hold no worker.
LONGEST = 10.0
_TOO_LARGE = "The request is too large; at most 1 MB is accepted."
_TOO_SLOW = "The request did not arrive within ten seconds."


class BodyLimit:
    """Refuses bodies that are too large, by their announcement or while they arrive (413), or too slow (408)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isascii() and announced.isdigit() and int(announced[:20]) > MOST_BYTES:
            # Closing saves reading what nobody wants.
            await problem(413, _TOO_LARGE, headers={"Connection": "close"})(scope, receive, send)
            return
        await self._app(scope, _Measured(receive), send)


class _Measured:
    """A request's `receive` that counts and times the body."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._size, self._complete = 0, False
        self._deadline = clock.monotonic() + LONGEST

    async def __call__(self) -> Message:
        if self._complete:
            return await self._receive()
        try:
            message = await asyncio.wait_for(self._receive(), max(0.0, self._deadline - clock.monotonic()))
        except TimeoutError as error:
            raise HTTPException(408, _TOO_SLOW, {"Connection": "close"}) from error
        self._size += len(message.get("body", b""))
        self._complete = not message.get("more_body", False)
        if self._size > MOST_BYTES:
            raise HTTPException(413, _TOO_LARGE, {"Connection": "close"})
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
