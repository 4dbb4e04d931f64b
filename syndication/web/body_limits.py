"""Limits on request bodies: 16 kB without a key, 1 MB with one or signed in, more for pictures; readable JSON, and forms without
files but where people at their desk send pictures."""

import asyncio
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from syndication import clock
from syndication.accounts import proofs
from syndication.errors import QuotaExceeded
from syndication.publishing import api_keys, files
from syndication.web import json_text, signed_in, throttle
from syndication.web.problems import Refusal


@dataclass(frozen=True)
class Bounds:
    """Bytes of the largest body, and seconds within which it must have arrived, so that slow senders hold no worker."""

    bytes: int
    seconds: float
    too_large: str
    too_slow: str


#: For whoever shows no key: forms and a reader's wishes are small, and anybody may send them.
ANYBODY = Bounds(
    16_000,
    10.0,
    "The request is too large; without a key at most 16 kB are accepted.",
    "The request did not arrive within ten seconds.",
)
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
#: For a form of the desk, whose pictures come with it where a browser does not send them by themselves.
FORMS = Bounds(
    40_000_000,
    120.0,
    "The pictures are larger than 40 MB together. Please take fewer at once.",
    "The form did not arrive within two minutes. Please send fewer pictures at once.",
)
#: For a file of posts, which is a table or a calendar.
FILES = Bounds(
    files.MOST_BYTES + 100_000,
    120.0,
    "The file is larger than 5 MB. Please split it.",
    "The file did not arrive within two minutes.",
)
#: For a business that applies with a file as proof: anybody may send it, so few at once, and counted by where they come from.
PROOFS = Bounds(
    proofs.MOST_BYTES + 50_000,
    60.0,
    "The file is larger than 5 MB.",
    "The form did not arrive within a minute.",
)
_PROOFS_AT, _MOST_PROOFS = "/apply", 24
_MANY_PROOFS = "Many files come in at the moment. Please try again in a minute."
#: Addresses below which, and at whose end, people who are signed in send files.
_DESK, _PICTURES_AT, _FILES_AT = (
    "/desk/",
    ("/write", "/business", "/city/look"),
    ("/files", "/readers/imports"),
)
#: Mail programs may send their one click in this form (RFC 8058 section 3.2); nothing else of ours takes files.
_MULTIPART_AT = "/leave/"
_NO_FILES = "No files can be sent here."
_MOST_FIELDS = 500
_MANY_FIELDS = f"The form holds more than {_MOST_FIELDS} fields."
_CLOSE = {"Connection": "close"}


class BodyLimit:
    """Refuses bodies that are too large, by their announcement or while they arrive (413), too slow (408), or unreadable.

    A body is here before any route sees the request, except for pictures, which come as they come.
    """

    def __init__(self, app: ASGIApp, refusal: Refusal) -> None:
        self._app, self._refusal = app, refusal
        self._proofs = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        bounds = _bounds(scope, headers)
        if bounds is PROOFS:
            await self._a_proof(scope, receive, send)
            return
        await self._measured(scope, receive, send, headers, bounds)

    async def _a_proof(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A form with a file from somebody whom we do not know: counted before it is read, and few at once."""
        request = Request(scope)
        if self._proofs >= _MOST_PROOFS:
            answer = self._refusal(request, 503, _MANY_PROOFS, {"Retry-After": "60", **_CLOSE})
            await answer(scope, receive, send)
            return
        self._proofs += 1
        try:
            try:
                await run_in_threadpool(throttle.PROOFS.count, request)
            except QuotaExceeded as error:
                wait = {"Retry-After": str(round(error.after or 60)), **_CLOSE}
                await self._refusal(request, 429, str(error), wait)(scope, receive, send)
            else:
                await self._measured(scope, receive, send, Headers(scope=scope), PROOFS)
        finally:
            self._proofs -= 1

    async def _measured(
        self, scope: Scope, receive: Receive, send: Send, headers: Headers, bounds: Bounds
    ) -> None:
        measured = _Measured(receive, bounds)
        try:
            _refuse_announced(headers, bounds)
            if bounds in (UPLOADS, FORMS, FILES, PROOFS) or not _brings_body(headers):
                passed_on: Receive = measured
            else:
                passed_on = _Again(await _whole(measured), receive)
                _refuse_unreadable(scope["path"], headers, passed_on.body)
        except HTTPException as error:
            request = Request(scope)
            answer = self._refusal(request, error.status_code, error.detail, error.headers or {})
            await answer(scope, receive, send)
        except ClientDisconnect:
            return
        else:
            await self._app(scope, passed_on, send)


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
            raise HTTPException(408, self._bounds.too_slow, _CLOSE) from error
        self._size += len(message.get("body", b""))
        self._complete = not message.get("more_body", False)
        if self._size > self._bounds.bytes:
            raise HTTPException(413, self._bounds.too_large)
        return message


class _Again:
    """A `receive` that tells a body once more, whole, and then what comes behind it."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self.body, self._receive, self._told = body, receive, False

    async def __call__(self) -> Message:
        if self._told:
            return await self._receive()
        self._told = True
        return {"type": "http.request", "body": self.body, "more_body": False}


async def _whole(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def _bounds(scope: Scope, headers: Headers) -> Bounds:
    """A key counts in the API alone, and a session at the desk, by their shapes: whether it is one costs a look into the
    database."""
    files_come = headers.get("content-type", "").startswith("multipart/form-data")
    if scope["path"] == _PROOFS_AT and scope["method"] == "POST" and files_come:
        return PROOFS
    if scope["path"].startswith(_DESK) and signed_in.brings_session(headers):
        if not files_come:
            return USUAL
        if scope["path"].endswith(_FILES_AT):
            return FILES
        return FORMS if scope["path"].endswith(_PICTURES_AT) else USUAL
    scheme, _, key = headers.get("authorization", "").partition(" ")
    if (
        scheme.lower() != "bearer"
        or not api_keys.looks_like(key.strip())
        or not scope["path"].startswith("/api/")
    ):
        return ANYBODY
    return UPLOADS if scope["path"] == UPLOADS_AT else USUAL


def _brings_body(headers: Headers) -> bool:
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


def _refuse_announced(headers: Headers, bounds: Bounds) -> None:
    announced = headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and int(announced[:20]) > bounds.bytes:
        # Whoever is still sending hears an answer only if the rest is taken too; of more than a picture nobody wants it.
        raise HTTPException(413, bounds.too_large, _CLOSE if int(announced[:20]) > UPLOADS.bytes else {})


def _refuse_unreadable(path: str, headers: Headers, body: bytes) -> None:
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if (
        media_type == "multipart/form-data"
        and not path.startswith(_MULTIPART_AT)
        and not path.startswith("/api/")
    ):
        raise HTTPException(415, _NO_FILES)
    if media_type == "application/x-www-form-urlencoded" and body.count(b"&") >= _MOST_FIELDS:
        raise HTTPException(400, _MANY_FIELDS)
    if media_type.endswith("json") and (fault := json_text.fault(body)):
        raise HTTPException(400, fault)
