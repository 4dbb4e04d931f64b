"""Pages for signing in: by a link in a mail, by a passkey, and out again. A GET changes nothing; a button does."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from syndication.accounts import passkeys, sessions, sign_in
from syndication.accounts.sessions import Device
from syndication.errors import Invalid, NotFound
from syndication.infra.rendering import gettext
from syndication.web import signed_in, throttle
from syndication.web.desk.forms import Call, Form
from syndication.web.signed_in import Visitor
from syndication.web.site.layout import language_of, page

router = APIRouter()


@router.get("/sign-in")
def ask(request: Request) -> Response:
    """The form; whoever is signed in already goes on to their desk."""
    if signed_in.visitor(request) is not None:
        return RedirectResponse("/desk", 303)
    return _form(request)


@router.post("/sign-in")
def send_link(request: Request, form: Form) -> Response:
    """Ask for a link. The answer is the same for every address, known or not."""
    email = form.get("email", "")
    try:
        throttle.SIGN_INS.count(request)
        sign_in.ask(email)
    except Invalid:
        say = gettext(language_of(request))
        return _form(request, email=email, fault=say("Please check the mail address."))
    return page(
        request, "desk/look_into_mail.html", private=True, at="/sign-in", email=email,
        minutes=int(sign_in.GOOD_FOR.total_seconds()) // 60,
    )  # fmt: skip


@router.post("/sign-in/passkey/ask")
def ask_device(request: Request) -> Response:
    """What the browser asks a device to sign."""
    throttle.SIGN_INS_BY_DEVICE.count(request)
    return JSONResponse(passkeys.ask())


@router.post("/sign-in/passkey")
def by_passkey(request: Request, answer: Call) -> Response:
    """Signed in by what a device signed; the script goes on to the desk."""
    throttle.PASSKEYS.count(request)
    found = passkeys.sign_in(answer, _device(request))
    return signed_in.keep(JSONResponse({"to": "/desk"}), found.secret)


@router.get("/sign-in/{token}")
def open_link(request: Request, token: str) -> Response:
    """The button behind the link of a mail; mail scanners that open links press no buttons."""
    try:
        name = sign_in.whose(token)
    except NotFound as error:
        return _form(request, fault=gettext(language_of(request))(str(error)), status=404)
    return page(request, "desk/enter.html", private=True, name=name, link_token=token)


@router.post("/sign-in/{token}")
def by_link(request: Request, token: str) -> Response:
    """Signed in, for the one time that a link is good for."""
    try:
        found = sign_in.use(token, _device(request))
    except NotFound as error:
        return _form(request, fault=gettext(language_of(request))(str(error)), status=404)
    return signed_in.keep(RedirectResponse("/desk", 303), found.secret)


@router.post("/desk/sign-out")
def sign_out(known: Visitor) -> Response:
    """Signed out here; other browsers stay as they are."""
    sessions.end(known, known.session_id)
    return signed_in.forget(RedirectResponse("/sign-in", 303))


def _form(request: Request, *, email: str = "", fault: str = "", status: int = 0) -> Response:
    values: dict[str, Any] = {"email": email, "fault": fault, "passkeys": passkeys.available()}
    return page(
        request, "desk/sign_in.html", status=status or (422 if fault else 200), private=True, scripted=True,
        at="/sign-in", **values,
    )  # fmt: skip


def _device(request: Request) -> Device:
    return Device.of(request.headers.get("user-agent", "")[:1000])
