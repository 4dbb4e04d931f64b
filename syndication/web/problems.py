"""Turns every error into a problem document (RFC 9457) that says what to do and names the field."""

from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from math import ceil
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel, Field
from sqlalchemy.exc import IntegrityError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import compile_path

from syndication.content.faults import named
from syndication.content.reason import Reason
from syndication.errors import (
    Conflict,
    Fault,
    Forbidden,
    Invalid,
    NotFound,
    QuotaExceeded,
    SyndicationError,
    TooOften,
    Unavailable,
)
from syndication.infra import db
from syndication.infra.reasons import translated_error
from syndication.publishing.idempotency import InFlight
from syndication.web.language import reading

MEDIA_TYPE = "application/problem+json"
#: RFC 7396; every PATCH of ours changes what it names and leaves the rest.
MERGE_PATCH = "application/merge-patch+json"
#: What the service knows at all.
_METHODS = {"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}
#: How much of what a stranger sent may come back in an answer.
_MOST_CHARACTERS = 300
#: Seconds after which trying again makes sense.
_RETRY_AFTER = {QuotaExceeded: 3600, Unavailable: 5, InFlight: 1}
_STATUS: tuple[tuple[type[SyndicationError], int], ...] = (
    (Invalid, 422),
    (NotFound, 404),
    (Forbidden, 403),
    (Conflict, 409),
    (QuotaExceeded, 429),
    (TooOften, 429),
    (Unavailable, 503),
)
_DETAIL = {
    400: "The request could not be read.",
    404: "There is nothing at this address.",
    405: "This address does not know that method.",
    413: "The request is too large; at most 1 MB is accepted.",
    500: "Something broke on our side. The operator finds the details in the log.",
    503: "The database does not answer at the moment. Please try again in a few seconds.",
}
#: What whoever asked is told, and after how many seconds trying again makes sense.
_DATABASE: dict[db.Why, tuple[str, int]] = {
    "full": (
        "The disk of this service is full, so nothing was kept. Please try again later; the operator must make room first.",
        60,
    ),
    "disk": (
        "The disk of this service does not work, so nothing was kept. Please try again later, and tell the operator.",
        60,
    ),
    "read_only": ("Nothing can be kept at the moment, only read. Please try again later.", 60),
    "crowded": ("Too many are using the database at the moment. Please try again in a few seconds.", 5),
    "slow": (
        "This took the database too long, so it was given up and nothing was kept. Please try again, or ask for less.",
        5,
    ),
    "busy": (
        "The database is busy at the moment, so nothing was kept. Please try again in a few seconds.",
        5,
    ),
    "away": (_DETAIL[503], 5),
}
#: What the operator finds in the log.
_EVENTS: dict[db.Why, str] = {
    "full": "disk.full",
    "disk": "disk.broken",
    "read_only": "database.read_only",
    "crowded": "database.crowded",
}

_log = structlog.get_logger(__name__)

#: Makes the page that people see instead of a problem document: request, status, sentence.
Page = Callable[[Request, int, str], Response]


class FieldFault(BaseModel):
    """One thing that is wrong with one field."""

    field: str = Field(description="Dotted path such as place.latitude; empty for the whole request.")
    message: str


class Problem(BaseModel):
    """A problem document (RFC 9457)."""

    type: str = Field(
        "about:blank", description="Always about:blank: the status says what kind of problem it is."
    )
    title: str = Field(description="The name of the status.")
    status: int
    detail: str = Field(description="What is wrong, and what to do.")
    errors: list[FieldFault] = Field(
        [], description="For 422: every fault found, with the field it is about."
    )


class Denied(HTTPException):
    """401: nobody we know is calling. `error` is a code of RFC 6750 section 3.1, empty where no key was sent."""

    def __init__(self, detail: str, error: str = "") -> None:
        challenge = 'Bearer realm="syndication"' + (f', error="{error}"' if error else "")
        super().__init__(401, detail, {"WWW-Authenticate": challenge})


def problem(
    status: int, detail: str, *, faults: Iterable[Fault] = (), headers: Mapping[str, str] | None = None
) -> Response:
    """The answer that says what is wrong."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": _shown(detail),
    }
    if found := list(faults):
        body["errors"] = [{"field": _shown(one.field), "message": _shown(one.message)} for one in found]
    return JSONResponse(body, status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """`responses` of a route that may answer with these statuses, for OpenAPI."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


#: Answers a request that no route has seen: request, status, sentence, headers.
Refusal = Callable[[Request, int, str, Mapping[str, str]], Response]


def install(app: FastAPI, page: Page | None = None) -> Refusal:
    """Let every error of `app` end in a problem document, or in `page` outside the API where a browser asks.

    Returns what answers in the same way for whoever stands before the routes.
    """
    answers = _Answers(app, page)
    app.add_exception_handler(SyndicationError, answers.ours)
    app.add_exception_handler(HTTPException, answers.http)
    app.add_exception_handler(RequestValidationError, answers.invalid)
    app.add_exception_handler(IntegrityError, answers.collision)
    for unanswered in db.AWAY:
        app.add_exception_handler(unanswered, answers.no_database)
    app.add_exception_handler(OSError, answers.no_disk)
    app.add_exception_handler(Exception, answers.broken)
    return answers.refusal


class _Answers:
    """The exception handlers of one app."""

    def __init__(self, app: FastAPI, page: Page | None) -> None:
        self._app, self._page = app, page

    def _answer(
        self,
        request: Request,
        status: int,
        detail: str,
        faults: Iterable[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        wants_page = "text/html" in request.headers.get("accept", "") and not request.url.path.startswith(
            "/api/"
        )
        language = reading.get()
        told = [Fault(one.field, translated_error(one.message, language)) for one in faults]
        detail = "; ".join(map(str, told)) or detail
        if self._page is not None and wants_page:
            answer = self._page(request, status, detail)
            answer.headers.update(headers or {})
        else:
            detail = translated_error(detail, language)
            answer = problem(status, detail, faults=told, headers=headers)
            answer.headers.setdefault("Content-Language", language)
        answer.headers["Vary"] = "Accept, Accept-Language"
        return answer

    def refusal(self, request: Request, status: int, detail: str, headers: Mapping[str, str]) -> Response:
        """The answer of whoever stands before the routes."""
        return self._answer(request, status, detail, headers=headers)

    async def ours(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, SyndicationError)
        status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
        usual = next((seconds for kind, seconds in _RETRY_AFTER.items() if isinstance(error, kind)), None)
        wait = getattr(error, "after", None) or usual
        headers = {"Retry-After": str(ceil(wait))} if wait else None
        faults = error.faults if isinstance(error, Invalid) else ()
        return self._answer(request, status, str(error), faults, headers)

    async def http(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        plain = error.detail == HTTPStatus(error.status_code).phrase or not isinstance(error.detail, str)
        detail = _DETAIL.get(error.status_code, str(error.detail)) if plain else error.detail
        headers = dict(error.headers or {})
        if (request.method, request.scope["path"]) == (
            "OPTIONS",
            "*",
        ):  # the server itself: RFC 9110 section 9.3.7
            return Response(status_code=204, headers={"Allow": ", ".join(sorted(_METHODS))})
        if error.status_code == 405:
            headers["Allow"] = ", ".join(self._allowed(request.url.path))
            if "PATCH" in headers["Allow"]:
                headers["Accept-Patch"] = MERGE_PATCH  # RFC 5789 section 3.1
            if request.method == "OPTIONS":
                return Response(status_code=204, headers=headers)
        if error.status_code >= 400:
            return self._answer(request, error.status_code, detail, headers=headers)
        return Response(status_code=error.status_code, headers=headers)

    async def invalid(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        found = error.errors()
        if broken := next((one for one in found if one["type"] == "json_invalid"), None):
            where = f"{broken['ctx']['error']} at character {broken['loc'][-1]}"
            return self._answer(request, 400, f"The body is not JSON: {where}.")
        if any(one["type"] == "missing" and one["loc"] == ("body",) for one in found):
            return self._answer(request, 422, "", [Fault("", Reason("a body is needed"))])
        return self._answer(request, 422, "", named(found, within=1))

    async def collision(self, request: Request, error: Exception) -> Response:
        _log.warning("request.collision", path=request.url.path, error=str(getattr(error, "orig", ""))[:200])
        return self._answer(
            request, 409, "Something else changed the same thing at this moment. Please try again."
        )

    async def no_database(self, request: Request, error: Exception) -> Response:
        why = db.why(error)
        said = str(getattr(error, "orig", None) or error)[:200]
        _log.error(_EVENTS.get(why, "request.no_database"), path=request.url.path, why=why, error=said)
        detail, wait = _DATABASE[why]
        return self._answer(request, 503, detail, headers={"Retry-After": str(wait)})

    async def no_disk(self, request: Request, error: Exception) -> Response:
        if db.why(error) == "away":
            raise error  # something else, and a fault of ours
        return await self.no_database(request, error)

    async def broken(self, request: Request, _error: Exception) -> Response:
        return self._answer(request, 500, _DETAIL[500])

    def _allowed(self, path: str) -> list[str]:
        """All methods that this path knows, over all its routes (RFC 9110 section 10.2.1)."""
        known: set[str] = set()
        for route in iter_route_contexts(self._app.routes):
            pattern = compile_path(getattr(route, "path", "") or "/")[0]
            if pattern.match(path):
                known |= set(getattr(route, "methods", None) or ())
        return sorted(known | ({"HEAD"} if "GET" in known else set()) | {"OPTIONS"})


def _shown(text: str) -> str:
    """What may be sent back of a text that may hold a stranger's words: short, and valid UTF-8."""
    return text[:_MOST_CHARACTERS].encode("utf-8", "replace").decode()
