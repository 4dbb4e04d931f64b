"""A business that is not here yet applies: the form, and the button behind the link of its mail. A GET changes nothing."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from syndication.accounts import applications
from syndication.accounts.applications import Wish
from syndication.audience import all_letters
from syndication.config import settings
from syndication.errors import Invalid, QuotaExceeded, Unavailable
from syndication.infra.rendering import gettext
from syndication.models import Application
from syndication.web import throttle
from syndication.web.site import choices, stamps
from syndication.web.site.choices import Typed
from syndication.web.site.layout import language_of, page

router = APIRouter()
_ASKED = "/apply/asked"
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


@router.post("/apply")
def apply(request: Request, sent: Annotated[Typed, Depends(choices.typed)]) -> Response:
    """Write to the address, which has to confirm. The answer is the same for every address, known or not."""
    language, typed = language_of(request), _read(sent)
    if stamps.by_a_robot(typed):
        return asked(request)
    wanted, faults = _checked(typed, language)
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
    applications.ask(wanted)
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


def _read(sent: Typed) -> Typed:
    """The texts with the ends of lines that browsers do not send (WHATWG HTML 4.10.21.8)."""
    texts = {name: text.replace("\r\n", "\n").replace("\r", "\n") for name, text in sent.texts.items()}
    return Typed(texts, {})


def _checked(typed: Typed, language: str) -> tuple[Application | None, Mapping[str, str]]:
    """The application, or None; and a sentence for each field that is wrong, the topmost first."""
    say = gettext(language)
    wording = say(
        "I may speak for this business. What stands here is true, and we post only what is true and our own."
    )
    wrong: dict[str, str] = {}
    wanted = None
    try:
        wanted = applications.checked(typed.texts, language=language, wording=wording)
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
        "proof": say("Please say how the town hall can tell that it is yours."),
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
