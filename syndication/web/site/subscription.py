"""Pages behind the links in mails: confirm, choose, unsubscribe. A GET changes nothing; a button does.

No token against forged requests: the token in the address is the secret, and who has it may do all this anyway.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from syndication.audience import readers
from syndication.infra.rendering import LANGUAGES, gettext
from syndication.publishing import topics
from syndication.web.site import choices, links
from syndication.web.site.layout import page

router = APIRouter()


@router.get("/confirm/{token}")
def ask_to_confirm(request: Request, token: str) -> Response:
    """The button behind the link of the first mail; mail scanners that open links press no buttons."""
    return page(request, "confirm.html", private=True, token=token)


@router.post("/confirm/{token}")
def confirm(request: Request, token: str) -> Response:
    """Confirmed, with a way on to the preferences."""
    reader = readers.confirm(token)
    return page(
        request, "confirmed.html", private=True, language=reader.language, reader=reader,
        preferences=links.to("/preferences", readers.token_for(reader.email)),
    )  # fmt: skip


@router.get("/preferences/{token}")
def preferences(request: Request, token: str) -> Response:
    """The form with what is chosen now."""
    return _preferences(request, token, readers.read(token))


@router.post("/preferences/{token}")
def save_preferences(
    request: Request, token: str, form: Annotated[choices.Typed, Depends(choices.typed)]
) -> Response:
    """Saved, and the form again; or the form with what is wrong. What no field asks for stays as it was."""
    known = readers.read(token)
    language = form.text("language") or known.language
    chosen, faults = form.choices(choices.Choices.of(known), known.language)
    if language not in LANGUAGES:
        faults["language"] = gettext(known.language)("Please choose from what is offered here.")
    if faults:
        return _preferences(request, token, known, chosen=chosen, faults=faults)
    interest = chosen.interest(known.interest)
    reader = readers.update_preferences(token, interest=interest, cadence=chosen.cadence(), language=language)
    return _preferences(request, token, reader, saved=True)


@router.get("/leave/{token}")
def ask_to_leave(request: Request, token: str) -> Response:
    """The button behind "Unsubscribe"."""
    reader = readers.read(token)
    return page(request, "leave.html", private=True, language=reader.language, token=token, reader=reader)


@router.post("/leave/{token}")
def leave(request: Request, token: str, form: Annotated[choices.Typed, Depends(choices.typed)]) -> Response:
    """Gone from the list. A mail program's one click (RFC 8058 section 3.2) gets a plain 200 without page or redirect."""
    reader = readers.leave(token)
    if form.text("List-Unsubscribe") == "One-Click":
        return PlainTextResponse("OK")
    return page(request, "left.html", private=True, language=reader.language, reader=reader)


def _preferences(
    request: Request,
    token: str,
    reader: readers.ReaderRecord,
    *,
    chosen: choices.Choices | None = None,
    faults: Mapping[str, str] = MappingProxyType({}),
    saved: bool = False,
) -> Response:
    chosen = chosen or choices.Choices.of(reader)
    return page(
        request,
        "preferences.html",
        status=422 if faults else 200,
        private=True,
        language=reader.language,
        token=token,
        reader=reader,
        topics=topics.known([*reader.interest.topics, *chosen.topics]),
        chosen=chosen,
        faults=faults,
        weekdays=choices.weekdays(reader.language),
        saved=saved,
    )
