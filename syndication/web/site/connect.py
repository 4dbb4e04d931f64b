"""Pages for connecting an outlet: the form behind a link, the way to the network, and back (RFC 6749).

On the way to a network the answer to the form is a page with a link and not a redirect: browsers hold redirects of forms to
`form-action` too.
"""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from syndication import channels
from syndication.accounts.people import Account
from syndication.config import settings
from syndication.content.characters import control_characters
from syndication.content.faults import FORM
from syndication.delivery.tools import tools
from syndication.destinations import connect_form, connecting
from syndication.destinations.links import OLD, WAY
from syndication.errors import Conflict, Invalid, NotFound
from syndication.infra.reasons import translated_error
from syndication.infra.rendering import moment
from syndication.web import signed_in
from syndication.web.site import links
from syndication.web.site.layout import language_of, page

router = APIRouter(prefix="/connect")
#: Keeps, in the owner's browser alone, the proof that they began here, and that a second press is theirs. The prefix binds it
#: to this very host (RFC 6265bis section 4.1.3.2); browsers take it over https only.
_COOKIE, _BOUND_COOKIE = "connect", "__Host-connect"
#: Longest answer (characters): addresses of webhooks are long.
_LONGEST, _MOST_FIELDS = 2000, 20
_WRONG = "This does not look right."
_NOT_ALLOWED = "The access was not given. Nothing was connected; you can open the link once more."


@dataclass(frozen=True)
class Question:
    """One line of the form."""

    name: str
    text: str
    needed: bool
    secret: bool = False
    value: str = ""
    fault: str = ""


def _over_https() -> bool:
    return settings().base_url.startswith("https:")


def _cookie() -> str:
    return _BOUND_COOKIE if _over_https() else _COOKIE


def _nonce(request: Request) -> str:
    return request.cookies.get(_cookie(), "")[:100]


Nonce = Annotated[str, Depends(_nonce)]


async def _answers(request: Request) -> dict[str, str]:
    form = await request.form(max_files=0, max_fields=_MOST_FIELDS)
    return {name: value.strip()[:_LONGEST] for name, value in form.items() if isinstance(value, str)}


@router.get("/back")
def back(
    request: Request,
    nonce: Nonce,
    state: Annotated[str, Query(max_length=8000)] = "",
    code: Annotated[str, Query(max_length=4000)] = "",
) -> Response:
    """Where the network sends the owner back to, with a code or without one."""
    if not state:
        raise NotFound(OLD)
    if not code:
        raise Conflict(_NOT_ALLOWED)
    found = connecting.finish(state, code, nonce, tools())
    return _done(found.channel, found.language)


@router.get("/done/{kind}")
def done(request: Request, kind: str) -> Response:
    """The end of the way, at an address without a code in it, that may be loaded again."""
    if not channels.known(kind):
        raise NotFound("There is nothing at this address.")
    known = signed_in.visitor(request)
    return page(
        request,
        "connected.html",
        private=True,
        label=channels.by_kind(kind).label,
        tested=connect_form.shown_by_a_test(kind),
        back=_desk_of(known) if known else "",
    )


def _desk_of(known: Account) -> str:
    """Where somebody came from who connected it at their desk; whoever acts for several chooses there."""
    if known.role == "operator" and not known.merchants:
        return "/desk/city/outlets"
    if len(known.merchants) == 1 and known.role != "operator":
        return links.to("/desk/merchants", *known.merchants, "outlets")
    return "/desk"


@router.get("/{token}")
def ask(request: Request, token: str, nonce: Nonce) -> Response:
    """For whom what is connected, and the questions before it."""
    found = connect_form.opened(token, nonce)
    if found.used:
        return _done(found.channel, language_of(request))
    return _keeping(_form(request, token, found, {}, {}), nonce or connecting.new_nonce())


@router.post("/{token}")
def begin(
    request: Request,
    token: str,
    answers: Annotated[dict[str, str], Depends(_answers)],
    nonce: Nonce,
) -> Response:
    """The way to the network, or the end of it all; or the form again, with what is wrong."""
    nonce, language = nonce or connecting.new_nonce(), language_of(request)
    found = connect_form.opened(token, nonce)
    if broken := [name for name, value in answers.items() if control_characters(name + value)]:
        kept = {name: value for name, value in answers.items() if name not in broken}
        return _keeping(_form(request, token, found, kept, dict.fromkeys(broken, _WRONG)), nonce)
    try:
        way = connecting.begin(token, answers, tools(), nonce=nonce, language=language)
    except Invalid as error:
        faults = {one.field.removeprefix("settings."): one.message for one in error.faults}
        return _keeping(_form(request, token, found, answers, faults), nonce)
    except Conflict as error:
        return _keeping(_form(request, token, found, answers, {"": str(error)}), nonce)
    if isinstance(way, connecting.Connected):
        return _keeping(_done(way.channel, way.language), nonce)
    answer = page(
        request,
        "connect_onward.html",
        private=True,
        found=found,
        url=way.url,
        host=urlsplit(way.url).hostname,
    )
    return _keeping(answer, nonce)


def _keeping(answer: Response, nonce: str) -> Response:
    """The answer, and the browser keeps the nonce."""
    answer.set_cookie(
        _cookie(),
        nonce,
        max_age=int(WAY.total_seconds()),
        path="/",
        secure=_over_https(),
        httponly=True,
        samesite="lax",  # sent along when the network leads back here
    )
    return answer


def _done(kind: str, language: str) -> Response:
    spoken = {"lang": language} if language else {}
    return RedirectResponse(links.to("/connect/done", kind, **spoken), 303)


def _form(
    request: Request,
    token: str,
    found: connect_form.ConnectForm,
    answers: dict[str, str],
    faults: dict[str, str],
) -> Response:
    language = language_of(request)
    elsewhere = [
        _in_words(message, language) for name, message in faults.items() if name not in found.questions
    ]
    return page(
        request,
        "connect.html",
        status=422 if faults else 200,
        private=True,
        token=token,
        found=found,
        servers=", ".join(found.elsewhere),
        until=moment(found.until, settings().zone, language),
        questions=[
            _question(found, name, answers.get(name, ""), _in_words(faults.get(name, ""), language))
            for name in found.questions
        ],
        fault=" ".join(elsewhere),
    )


def _question(found: connect_form.ConnectForm, name: str, answer: str, fault: str) -> Question:
    field, secret = found.questions[name], name in found.secret
    usual = field.default if isinstance(field.default, str) else ""
    return Question(
        name,
        field.description or name,
        # A secret that is kept, or was filled in by the sender, need not be typed in.
        field.is_required() and not (secret and (found.renews or name in found.known)),
        secret,
        "" if secret else answer or str(found.known.get(name, usual)),
        fault,
    )


def _in_words(fault: str, language: str) -> str:
    """What is wrong, in the visitor's language."""
    return translated_error(_WRONG if fault == FORM else fault, language)
