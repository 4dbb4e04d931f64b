"""A business that is not here yet applies: the form, and the button behind the link of its mail. A GET changes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from syndication.accounts import applications, proofs
from syndication.accounts.applications import Wish
from syndication.accounts.proofs import Proof
from syndication.audience import all_letters
from syndication.config import settings
from syndication.errors import Invalid, QuotaExceeded, Unavailable
from syndication.infra.reasons import translated_error
from syndication.infra.rendering import gettext
from syndication.models import Application
from syndication.web import throttle
from syndication.web.site import choices, stamps
from syndication.web.site.choices import Typed
from syndication.web.site.layout import language_of, page

router = APIRouter()
_ASKED, _MOST_FIELDS = "/apply/asked", 50
_EMPTY = Typed({}, {})
#: The most characters of each field, as `Wish` has it.
_MOST = {
    "name": 200,
    "address": 300,
    "about": 400,
    "contact": 200,
    "email": 254,
    "phone": 60,
    "url": 400,
    "proof": 400,
}


@router.get("/apply")
def form(request: Request) -> Response:
    """The empty form; or as it was filled in when the other language was asked for."""
    return _form(request, choices.carried(request) or _EMPTY)


@dataclass(frozen=True)
class _Sent:
    """The form, and the file that came with it."""

    typed: Typed
    file: UploadFile | None


async def _sent(request: Request) -> _Sent:
    form = await request.form(max_files=1, max_fields=_MOST_FIELDS)
    file = form.get("file")
    texts = {name: value for name, value in form.items() if isinstance(value, str)}
    return _Sent(_read(texts), file if isinstance(file, UploadFile) and file.size else None)


@router.post("/apply")
def apply(request: Request, sent: Annotated[_Sent, Depends(_sent)]) -> Response:
    """Write to the address, which has to confirm. The answer is the same for every address, known or not."""
    language, typed = language_of(request), sent.typed
    if stamps.by_a_robot(typed):
        return asked(request)
    proof, faults = _proof(sent.file, language)
    wanted, more = _checked(typed, language, with_file=sent.file is not None)
    faults = {**more, **faults}
    if faults and proof is not None:  # no form can hold it for the next time
        faults["file"] = gettext(language)("Please choose the file once more.")
    if stamps.used_up(typed, faults):
        faults = {"form": gettext(language)(stamps.OLD), **faults}
    if faults or wanted is None:
        return _form(request, typed, faults, 422)
    try:
        throttle.APPLICATIONS.count(request)
    except (QuotaExceeded, Unavailable) as error:
        status = 429 if isinstance(error, QuotaExceeded) else 503
        answer = _form(request, typed, {"form": gettext(language)(str(error))}, status)
        answer.headers["Retry-After"] = str(round(error.after or 60))
        return answer
    try:
        applications.ask(wanted, proof)
    except Invalid as error:
        told = {one.field: translated_error(one.message, language) for one in error.faults}
        return _form(request, typed, told, 503)
    return asked(request)


@router.get(_ASKED)
def asked(request: Request) -> Response:
    """What to do now: a letter is on its way."""
    return page(request, "apply_asked.html", at=_ASKED)


@router.get("/apply/{token}")
def ask_to_confirm(request: Request, token: str) -> Response:
    """The button behind the link of the mail; mail scanners that open links press no buttons."""
    found = applications.asked(token)
    template = "apply_confirmed.html" if found.confirmed else "apply_confirm.html"
    return page(request, template, private=True, language=found.language, token=token, found=found)


@router.post("/apply/{token}")
def confirm(request: Request, token: str) -> Response:
    """Confirmed: from now on it is the town hall's move."""
    found = applications.confirm(token)
    return page(request, "apply_confirmed.html", private=True, language=found.language, found=found)


def _read(sent: Mapping[str, str]) -> Typed:
    """The texts with the ends of lines that browsers do not send (WHATWG HTML 4.10.21.8)."""
    texts = {name: text.replace("\r\n", "\n").replace("\r", "\n") for name, text in sent.items()}
    return Typed(texts, {})


def _proof(file: UploadFile | None, language: str) -> tuple[Proof | None, dict[str, str]]:
    """The file, and what is wrong with it."""
    if file is None:
        return None, {}
    try:
        return proofs.checked(file.file), {}
    except Invalid as error:
        return None, {"file": translated_error(error.faults[0].message, language)}


def _checked(typed: Typed, language: str, *, with_file: bool) -> tuple[Application | None, Mapping[str, str]]:
    """The application, or None; and a sentence for each field that is wrong, the topmost first."""
    say = gettext(language)
    wording = say(
        "I may speak for this business. What stands here is true, and we post only what is true and our own."
    )
    wrong: dict[str, str] = {}
    wanted = None
    try:
        wanted = applications.checked(typed.texts, language=language, wording=wording, with_file=with_file)
        if all_letters.reached(wanted.email, settings()) is False:
            wrong["email"] = say(
                "Our mail server cannot deliver to an address with letters such as ä or é before the @."
            )
    except Invalid as error:
        for fault in error.faults:
            wrong.setdefault(fault.field, _sentence(fault.field, typed, language))
    if not typed.text("agreed"):
        wrong["agreed"] = say("Please tick this, so that we may look at it.")
    fields = (*Wish.model_fields, "agreed")
    told = {name: wrong[name] for name in fields if name in wrong}
    return (None, told) if wrong else (wanted, {})


def _sentence(name: str, typed: Typed, language: str) -> str:
    """What is to be done about a field that cannot be taken."""
    say = gettext(language)
    most = _MOST.get(name, 400)
    if len(typed.texts.get(name, "").strip()) > most:
        return say("Please write less here: at most {} characters.").format(most)
    return {
        "name": say("Please write the name of your business."),
        "address": say("Please write street and town."),
        "about": say("Please say in a sentence what it is."),
        "contact": say("Please write your own name."),
        "email": say("Please check the mail address."),
        "phone": say("Please check the telephone number."),
        "url": say("Please check the address of your web site."),
        "proof": say(
            "Please say how the town hall can tell that it is yours, or choose a file that shows it."
        ),
    }.get(name, say("Please look at this once more"))


def _form(
    request: Request, typed: Typed, faults: Mapping[str, str] = MappingProxyType({}), status: int = 200
) -> Response:
    return page(
        request,
        "apply.html",
        status=status,
        typed="" if typed is _EMPTY else typed.sealed(*_MOST, "agreed"),
        entry={name: typed.texts.get(name, "") for name in (*_MOST, "agreed")},
        most=_MOST,
        faults=faults,
        stamp=stamps.new(),
    )
