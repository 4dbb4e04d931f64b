"""Repeatable requests: the Idempotency-Key header, and how a repeat is answered."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Header
from pydantic import BaseModel
from starlette.responses import JSONResponse

from syndication.publishing import idempotency
from syndication.publishing.api_keys import Caller
from syndication.web.api.pages import PREFIX

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="A word of your choice, such as a UUID. A repeat within 24 hours with the same key and body gets"
        " the first answer again and does nothing else.",
        examples=["8e03978e-40d5-43e8-bc93-6894a57f9324"],
    ),
]

#: The headers of an answer that `created` makes, for OpenAPI.
HEADERS: dict[str, Any] = {
    "Location": {"description": "Address of what was made.", "schema": {"type": "string"}},
    "Idempotency-Replayed": {
        "description": "`true` where this is the answer to an earlier request with the same key.",
        "schema": {"type": "string", "enum": ["true"]},
    },
}


def created(
    caller: Caller,
    key: str | None,
    asked: tuple[Any, ...],
    work: Callable[[], BaseModel],
    folder: str,
) -> JSONResponse:
    """201 with what `work` makes, or the answer given before to this key; `asked` are JSON types that say what for.

    `folder` is where it lives within the API.

    Raises what idempotency.once raises.
    """

    def kept() -> tuple[int, dict[str, Any]]:
        return 201, work().model_dump(mode="json")

    if key is None:
        status, body, replayed = *kept(), False
    else:
        # One merchant's keys share nothing with another's; the city's are one owner.
        owner = str(caller.merchant_id or "operator")
        answer = idempotency.once(owner, key, idempotency.fingerprint(*asked), kept)
        status, body, replayed = answer.status, answer.body, answer.replayed
    headers = {"Location": f"{PREFIX}{folder}/{body['id']}"} | (
        {"Idempotency-Replayed": "true"} if replayed else {}
    )
    if "revision" in body:
        headers["ETag"] = f'"{body["revision"]}"'
    return JSONResponse(body, status, headers)
