"""Authenticates and authorises requests: bearer keys, scopes, and the media types we read."""

from collections.abc import Callable
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import Field
from starlette.exceptions import HTTPException

from syndication.audit import acting
from syndication.content.reason import Reason
from syndication.errors import Invalid, NotFound
from syndication.publishing import api_keys, merchants
from syndication.publishing.api_keys import Caller, Scope
from syndication.publishing.merchants import Slug
from syndication.web.accept import listed, weighed
from syndication.web.problems import MERGE_PATCH, Denied

_bearer = HTTPBearer(
    auto_error=False, scheme_name="key", description="An API key, made by the city's operator."
)
_JSON = "application/json"
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


def known(credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> Caller:
    """Whoever holds the key of this request. Raises 401."""
    if credentials is None:
        raise Denied("An API key is needed: send the header `Authorization: Bearer syn_…`.")
    caller = api_keys.authenticate(credentials.credentials)
    if caller is None:
        raise Denied("This API key is unknown, revoked or expired.", "invalid_token")
    acting.become(f"key {caller.key_id}", caller.name)
    return caller


def holding(scope: Scope) -> Callable[..., Caller]:
    """A dependency: the caller, where its key holds `scope`. Raises 401, or 403 that names the scope."""

    def allowed(caller: Annotated[Caller, Depends(known)]) -> Caller:
        if not caller.may(scope):
            raise HTTPException(
                403,
                Reason("This needs a key with the scope {}. Please ask the city's operator.", scope),
                {
                    "WWW-Authenticate": f'Bearer realm="syndication", error="insufficient_scope", scope="{scope}"'
                },
            )
        return caller

    return allowed


Known = Annotated[Caller, Depends(known)]
PostsReader = Annotated[Caller, Depends(holding("posts:read"))]
PostsWriter = Annotated[Caller, Depends(holding("posts:write"))]
DestinationsReader = Annotated[Caller, Depends(holding("destinations:read"))]
DestinationsWriter = Annotated[Caller, Depends(holding("destinations:write"))]
DeliveriesReader = Annotated[Caller, Depends(holding("deliveries:read"))]
Operator = Annotated[Caller, Depends(holding("operator"))]
#: The merchant a request is about, where it must be said.
MerchantSlug = Annotated[
    Slug | None, Field(description="The merchant, by its slug. Only needed with a key of the city.")
]


def concerned(caller: Caller, slug: str | None) -> UUID | None:
    """The merchant a request is about: the caller itself, or the one the city names; None: all of the city.

    Raises NotFound for a merchant that does not exist or is another one.
    """
    if caller.merchant_id is None:
        return merchants.by_slug(slug).id if slug is not None else None
    if slug is not None and merchants.read(caller.merchant_id).slug != slug:
        raise NotFound("There is no such merchant.")
    return caller.merchant_id


def publishing(caller: Caller, slug: str | None) -> UUID:
    """The merchant in whose name something is published. Raises Invalid where the city names none, and NotFound."""
    merchant_id = concerned(caller, slug)
    if merchant_id is None:
        raise Invalid.field("merchant", "is needed with a key of the city: whose post is it?")
    return merchant_id


def json_spoken(request: Request) -> None:
    """A dependency of most routes of the API: bodies come as JSON (else 415) and answers may be JSON (else 406)."""
    json_heard(request)
    if request.method not in _WITH_BODY:
        return
    has_body = request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers
    patches = request.method == "PATCH"
    taken = (MERGE_PATCH, _JSON) if patches else (_JSON,)
    if has_body and _media_type(request.headers.get("content-type", "")) not in taken:
        raise HTTPException(
            415,
            Reason("The body must be JSON, with the header `Content-Type: {}`.", taken[0]),
            {"Accept-Patch": MERGE_PATCH} if patches else None,  # RFC 5789 section 2.2
        )


def json_heard(request: Request) -> None:
    """A dependency of every route of the API: answers may be JSON (else 406)."""
    if not _accepts_json(listed(request.headers, "accept")):
        raise HTTPException(406, Reason("Answers come as {} only.", _JSON))


def _accepts_json(accept: str) -> bool:
    """Whether an Accept header (RFC 9110 section 12.5.1) lets JSON through; an empty one lets everything through."""
    if not accept.strip():
        return True
    weights = weighed(accept)
    ranges = (_JSON, "application/*", "*/*")  # the most specific range decides
    return next((weights[name] for name in ranges if name in weights), 0.0) > 0


def _media_type(value: str) -> str:
    return value.partition(";")[0].strip().lower()
