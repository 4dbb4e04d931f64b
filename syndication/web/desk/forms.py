"""Reads forms of the desk: single texts, and what a page's script sends as JSON."""

import json
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends
from starlette.datastructures import UploadFile
from starlette.requests import Request

from syndication.content.characters import legible
from syndication.content.reason import Reason
from syndication.errors import Invalid
from syndication.web import signed_in

_MOST_TEXT = 400
#: More than any field takes, so that what is too long is said and not cut.
_LONG_TEXT = 10_000
#: What one box of a post's form may hold (characters): the longest text of a post, and some more to be told so.
_MOST_WRITTEN = 30_000
#: A device's answer with a key in it is some 2 kB.
_MOST_JSON = 20_000


async def _typed(request: Request) -> dict[str, str]:
    form = await request.form(max_fields=signed_in.MOST_FIELDS)
    return {name: value.strip()[:_MOST_TEXT] for name, value in form.items() if isinstance(value, str)}


@dataclass(frozen=True)
class Filled:
    """The form of a post: what stands in its boxes, those that can be ticked several times a line each, and its files.

    `boxes`: all that came, those that were left empty too.
    """

    typed: dict[str, str]
    files: list[UploadFile]
    boxes: frozenset[str]


async def _filled(request: Request) -> Filled:
    form = await request.form(max_fields=signed_in.MOST_FIELDS)
    typed: dict[str, str] = {}
    for name, value in form.multi_items():
        if isinstance(value, str) and (text := value.strip()[:_MOST_WRITTEN]):
            typed[name] = f"{typed[name]}\n{text}" if name in typed else text
    files = [one for one in form.getlist("files") if isinstance(one, UploadFile) and one.size]
    return Filled(typed, files, frozenset(form))


async def _typed_at_length(request: Request) -> dict[str, str]:
    """With the ends of lines that browsers do not send (WHATWG HTML 4.10.21.8)."""
    form = await request.form(max_fields=signed_in.MOST_FIELDS)
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


#: The same of a form of a post.
PostForm = Annotated[Filled, Depends(_filled)]
#: The fields of a form, without blanks around them; files are left out.
Form = Annotated[dict[str, str], Depends(_typed)]
#: The same with texts of several lines.
LongForm = Annotated[dict[str, str], Depends(_typed_at_length)]
#: What a script of ours sends: one JSON object. Raises Invalid.
Call = Annotated[dict[str, Any], Depends(_called)]
