"""Connecting an outlet: what stands behind the link its owner got, the way to the network, and the way back (RFC 6749).

The answer to the form is a page with a link and not a redirect: browsers hold redirects of forms to `form-action` too.
"""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Cookie, Depends, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from syndication import channels
from syndication.config import settings
from syndication.delivery import drain, replay
from syndication.destinations import connecting
from syndication.errors import Conflict, Invalid, NotFound
from syndication.web.site.frame import page

router = APIRouter(prefix="/connect")
#: Keeps, in the owner's browser alone, the proof that they began here.
_COOKIE = "connect"
_NOT_ALLOWED = "The access was not given. Nothing was connected; you can open the link once more."


@dataclass(frozen=True)
class Question:
    """One line of the form."""

    name: str
    text: str
    needed: bool
    value: str = ""
    fault: str = ""


async def _answers(request: Request) -> dict[str, str]:
    form = await request.form(max_files=0, max_fields=20)
    return {name: value.strip()[:300] for name, value in form.items() if isinstance(value, str)}


@router.get("/back")
def back(
    request: Request,
    state: Annotated[str, Query(max_length=8000)] = "",
    code: Annotated[str, Query(max_length=4000)] = "",
    nonce: Annotated[str, Cookie(alias=_COOKIE, max_length=100)] = "",
) -> Response:
    """Where the network sends the owner back to, with a code or without one."""
    if not state:
        raise NotFound("This link is no longer good. Please ask for a new one.")
    if not code:
        raise Conflict(_NOT_ALLOWED)
    found = connecting.finish(state, code, nonce, drain.tools())
    if found.failing_since is not None:
        replay.many(
            states=("failed",), destination_id=found.destination.id, failing_since=found.failing_since
        )
    answer = RedirectResponse(
        f"/connect/done/{found.destination.channel}", 303, headers={"Cache-Control": "no-store"}
    )
    answer.delete_cookie(_COOKIE, path="/connect")
    return answer


@router.get("/done/{kind}")
def done(request: Request, kind: str) -> Response:
    """The end of the way, at an address without a code in it, that may be loaded again."""
    if not channels.known(kind):
        raise NotFound("There is nothing at this address.")
    return page(request, "connected.html", private=True, label=channels.by_kind(kind).label)


@router.get("/{token}")
def ask(request: Request, token: str) -> Response:
    """What is connected, and the questions before it."""
    return _form(request, token, {}, {})


@router.post("/{token}")
def begin(request: Request, token: str, answers: Annotated[dict[str, str], Depends(_answers)]) -> Response:
    """The way to the network; or the form again, with what is wrong."""
    try:
        way = connecting.begin(token, answers, drain.tools())
    except Invalid as error:
        return _form(request, token, answers, {one.field: one.message for one in error.faults})
    except Conflict as error:
        return _form(request, token, answers, {"": str(error)})
    label = connecting.opened(token).label
    answer = page(
        request,
        "connect_onward.html",
        private=True,
        label=label,
        url=way.url,
        host=urlsplit(way.url).hostname,
    )
    answer.set_cookie(
        _COOKIE,
        way.nonce,
        max_age=int(connecting.WAY.total_seconds()),
        path="/connect",
        secure=settings().base_url.startswith("https:"),
        httponly=True,
        samesite="lax",  # sent along when the network leads back here
    )
    return answer


def _form(request: Request, token: str, answers: dict[str, str], faults: dict[str, str]) -> Response:
    found = connecting.opened(token)
    questions = [
        Question(
            name,
            field.description or name,
            field.is_required(),
            answers.get(name, ""),
            faults.get(name, ""),
        )
        for name, field in found.questions.items()
    ]
    elsewhere = [message for name, message in faults.items() if name not in found.questions]
    return page(
        request,
        "connect.html",
        status=422 if faults else 200,
        private=True,
        token=token,
        label=found.label,
        name=found.name,
        questions=questions,
        fault=" ".join(elsewhere),
    )
