"""Reads forms of the desk: single texts, and what a page's script sends as JSON."""

import json
from contextlib import suppress
from typing import Annotated, Any

from fastapi import Depends
from starlette.requests import Request

from syndication.content.characters import legible
from syndication.content.reason import Reason
from syndication.errors import Invalid

_MOST_FIELDS, _MOST_TEXT = 20, 400
#: More than any field takes, so that what is too long is said and not cut.
_LONG_TEXT = 10_000
#: A device's answer with a key in it is some 2 kB.
_MOST_JSON = 20_000


async def _typed(request: Request) -> dict[str, str]:
    form = await request.form(max_files=0, max_fields=_MOST_FIELDS)
    return {name: value.strip()[:_MOST_TEXT] for name, value in form.items() if isinstance(value, str)}


async def _typed_at_length(request: Request) -> dict[str, str]:
    """With the ends of lines that browsers do not send (WHATWG HTML 4.10.21.8)."""
    form = await request.form(max_files=0, max_fields=_MOST_FIELDS)
    return {
        name: legible(value.replace("\r\n", "\n")).strip()[:_LONG_TEXT]
        for name, value in form.items()
        if isinstance(value, str)
    }


async def _called(request: Request) -> dict[str, Any]:
    value = None
    if request.headers.get("content-type", "").startswith("application/json"):
        body = await request.body()
        with suppress(ValueError):
            value = json.loads(body) if len(body) <= _MOST_JSON else None
    if not isinstance(value, dict):
        raise Invalid.field("", Reason("cannot be read; please load the page anew"))
    return value


#: The fields of a form, without blanks around them; files are left out.
Form = Annotated[dict[str, str], Depends(_typed)]
#: The same with texts of several lines.
LongForm = Annotated[dict[str, str], Depends(_typed_at_length)]
#: What a script of ours sends: one JSON object. Raises Invalid.
Call = Annotated[dict[str, Any], Depends(_called)]
