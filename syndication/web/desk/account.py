"""A person's own page: name and language, passkeys, and the browsers in which they are signed in."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from syndication.accounts import passkeys, people, sessions
from syndication.accounts.people import Account
from syndication.errors import Invalid
from syndication.infra.languages import LANGUAGES
from syndication.infra.rendering import gettext
from syndication.web import signed_in
from syndication.web.desk.forms import Call, Form
from syndication.web.desk.frame import desk_page, onward
from syndication.web.signed_in import Visitor

router = APIRouter(prefix="/desk/account", dependencies=[Depends(signed_in.allowed)])
_HERE = "/desk/account"


@router.get("")
def account(request: Request, known: Visitor, saved: str = "") -> Response:
    """The page."""
    return _page(request, known, saved=saved == "1")


@router.post("")
def save(request: Request, known: Visitor, form: Form) -> Response:
    """Another name, another language; or the form again, with what is wrong."""
    name, language = form.get("name", ""), form.get("language", "")
    if language not in LANGUAGES:
        language = _usual(known)
    try:
        people.amend(known.person_id, name=name, language=language)
    except Invalid:
        fault = gettext(known.language)("Please write your name, with at most 200 characters.")
        return _page(request, known, name=name, fault=fault)
    return signed_in.forget_language(onward(_HERE, saved="1"))


@router.post("/sessions/others")
def sign_out_elsewhere(known: Visitor) -> Response:
    """Signed out everywhere but here."""
    sessions.end_others(known)
    return onward(_HERE)


@router.post("/sessions/{session_id}")
def sign_out_there(known: Visitor, session_id: UUID) -> Response:
    """Signed out in one browser."""
    sessions.end(known, session_id)
    return onward(_HERE) if session_id != known.session_id else onward("/sign-in")


@router.post("/passkeys/ask")
def ask_device(known: Visitor) -> Response:
    """What the browser asks a device to make a key of."""
    return JSONResponse(passkeys.offer(known))


@router.post("/passkeys")
def add_passkey(
    known: Visitor, answer: Call, name: Annotated[str, "of the device, in the query"] = ""
) -> Response:
    """Keep the key that a device made; the script loads the page anew."""
    passkeys.add(known, answer, name)
    return JSONResponse({"to": _HERE})


@router.post("/passkeys/{passkey_id}")
def change_passkey(known: Visitor, passkey_id: UUID, form: Form) -> Response:
    """Another name for a passkey, or none of it any more."""
    if "remove" in form:
        passkeys.remove(known, passkey_id)
    else:
        passkeys.rename(known, passkey_id, form.get("name", ""))
    return onward(_HERE)


def _page(
    request: Request, known: Account, *, saved: bool = False, name: str | None = None, fault: str = ""
) -> Response:
    return desk_page(
        request,
        known,
        "account.html",
        status=422 if fault else 200,
        scripted=True,
        name=known.name if name is None else name,
        fault=fault,
        usual=_usual(known),
        saved=saved,
        passkeys=passkeys.listed(known.person_id),
        able=passkeys.available(),
        sessions=sessions.listed(known),
    )


def _usual(known: Account) -> str:
    """The language that they have chosen, whichever they read this page in."""
    person = people.known(known.person_id)
    return person.language if person is not None else known.language
