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
from syndication.infra.languages import LANGUAGES
from syndication.infra.rendering import gettext
from syndication.publishing import topics
from syndication.web.site import choices, links, promised
from syndication.web.site.layout import chosen_language, language_of, page

router = APIRouter()


@router.get("/confirm/{token}")
def ask_to_confirm(request: Request, token: str) -> Response:
    """The button behind the link of the first mail; mail scanners that open links press no buttons.

    Where it was pressed already, what it led to.
    """
    reader = readers.asked(token)
    if reader.state == "confirmed":
        return _confirmed(request, reader)
    return page(request, "confirm.html", private=True, language=reader.language, token=token)


@router.post("/confirm/{token}")
def confirm(request: Request, token: str) -> Response:
    """Confirmed, with a way on to the preferences."""
    return _confirmed(request, readers.confirm(token))


@router.get("/preferences/{token}")
def preferences(request: Request, token: str) -> Response:
    """The form with what is chosen now, or with what was filled in when the other language was asked for."""
    reader = readers.read(token)
    form = choices.carried(request)
    return _preferences(request, token, reader) if form is None else _again(request, token, reader, form, 200)


@router.post("/preferences/{token}")
def save_preferences(
    request: Request, token: str, form: Annotated[choices.Typed, Depends(choices.typed)]
) -> Response:
    """Saved, and the form again; or the form with what is wrong. What no field asks for stays as it was."""
    known = readers.read(token)
    chosen, faults = _checked(request, known, form)
    if faults:
        return _again(request, token, known, form, 422)
    interest, language = chosen.interest(known.interest), form.text("language") or known.language
    reader = readers.update_preferences(token, interest=interest, cadence=chosen.cadence(), language=language)
    return _preferences(request, token, reader, saved=True)


@router.get("/leave/{token}")
def ask_to_leave(request: Request, token: str) -> Response:
    """The button behind "Unsubscribe"; where it was pressed already, what it led to."""
    reader = readers.read(token)
    if reader.state == "left":
        return page(request, "left.html", private=True, language=reader.language, reader=reader)
    return page(request, "leave.html", private=True, language=reader.language, token=token, reader=reader)


@router.post("/leave/{token}")
def leave(request: Request, token: str, form: Annotated[choices.Typed, Depends(choices.typed)]) -> Response:
    """Gone from the list. A mail program's one click (RFC 8058 section 3.2) gets a plain 200 without page or redirect."""
    reader = readers.leave(token)
    if form.text("List-Unsubscribe") == "One-Click":
        return PlainTextResponse("OK")
    return page(request, "left.html", private=True, language=reader.language, reader=reader)


def _confirmed(request: Request, reader: readers.ReaderRecord) -> Response:
    language = language_of(request, reader.language)
    return page(
        request,
        "confirmed.html",
        private=True,
        language=reader.language,
        reader=reader,
        first=promised.first_mail(reader, language),
        promised=promised.choices(reader, language),
        preferences=links.to("/preferences", readers.token_for(reader.email), **chosen_language(request)),
    )


def _checked(
    request: Request, reader: readers.ReaderRecord, form: choices.Typed
) -> tuple[choices.Choices, dict[str, str]]:
    """What was chosen, and a sentence for each field that is wrong."""
    language = language_of(request, reader.language)
    chosen, faults = form.choices(choices.Choices.of(reader), language)
    if (form.text("language") or reader.language) not in LANGUAGES:
        faults["language"] = gettext(language)("Please choose from what is offered here.")
    return chosen, faults


def _again(
    request: Request, token: str, reader: readers.ReaderRecord, form: choices.Typed, status: int
) -> Response:
    """The form as it was filled in."""
    chosen, faults = _checked(request, reader, form)
    typed = form.sealed("language")
    return _preferences(request, token, reader, chosen=chosen, faults=faults, typed=typed, status=status)


def _preferences(
    request: Request,
    token: str,
    reader: readers.ReaderRecord,
    *,
    chosen: choices.Choices | None = None,
    faults: Mapping[str, str] = MappingProxyType({}),
    typed: str = "",
    status: int = 200,
    saved: bool = False,
) -> Response:
    chosen = chosen or choices.Choices.of(reader)
    language = language_of(request, reader.language)
    return page(
        request,
        "preferences.html",
        status=status,
        private=True,
        language=reader.language,
        typed=typed,
        token=token,
        reader=reader,
        topics=topics.known([*reader.interest.topics, *chosen.topics]),
        districts=choices.districts_to_choose(chosen, reader.interest.districts),
        chosen=chosen,
        faults=faults,
        weekdays=choices.weekdays(language),
        unasked=promised.unasked(reader, language),
        saved=saved,
    )
