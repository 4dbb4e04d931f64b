"""What stands behind the links in a mail: confirming, choosing, unsubscribing. A GET changes nothing; a button does.

No token against forged requests: the token in the address is the secret, and who has it may do all this anyway.
"""

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from syndication import postview, readers
from syndication.errors import Invalid
from syndication.web.site import choices
from syndication.web.site.frame import page

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
        preferences=f"/preferences/{readers.token_for(reader.email)}",
    )  # fmt: skip


@router.get("/preferences/{token}")
def preferences(request: Request, token: str) -> Response:
    """The form with what is chosen now."""
    return _preferences(request, token, readers.read(token))


@router.post("/preferences/{token}")
def save_preferences(
    request: Request,
    token: str,
    language: Annotated[str, Form(max_length=5)] = "de",
    chosen: Annotated[choices.Choices, Form()] = choices.NOTHING,
) -> Response:
    """Saved, and the form again."""
    try:
        interest = chosen.interest()
    except ValueError as error:
        raise Invalid.field("topics", "cannot be understood") from error
    reader = readers.update_preferences(token, interest=interest, cadence=chosen.cadence(), language=language)
    return _preferences(request, token, reader, saved=True)


@router.get("/leave/{token}")
def ask_to_leave(request: Request, token: str) -> Response:
    """The button behind "Unsubscribe"."""
    reader = readers.read(token)
    return page(request, "leave.html", private=True, language=reader.language, token=token, reader=reader)


@router.post("/leave/{token}")
def leave(
    request: Request,
    token: str,
    one_click: Annotated[str, Form(alias="List-Unsubscribe", max_length=40)] = "",
) -> Response:
    """Gone from the list. A mail program's one click (RFC 8058 section 3.2) gets a plain 200 without page or redirect."""
    reader = readers.leave(token)
    if one_click == "One-Click":
        return PlainTextResponse("OK", headers={"Cache-Control": "no-store"})
    return page(request, "left.html", private=True, language=reader.language, reader=reader)


def _preferences(
    request: Request, token: str, reader: readers.ReaderRecord, *, saved: bool = False
) -> Response:
    known = list(dict.fromkeys([*reader.interest.topics, *postview.topics()]))
    return page(
        request,
        "preferences.html",
        private=True,
        language=reader.language,
        token=token,
        reader=reader,
        topics=known,
        chosen=choices.Choices.of(reader),
        weekdays=choices.weekdays(reader.language),
        saved=saved,
    )
