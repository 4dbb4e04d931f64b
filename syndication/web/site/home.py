"""The front page: news, ways to get it, and signing up for the newsletter."""

import secrets
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from syndication import clock
from syndication.audience import signups
from syndication.channels.built_in.feed.documents import CONTENT_TYPES
from syndication.config import settings
from syndication.destinations import devices
from syndication.errors import Invalid
from syndication.infra.rendering import gettext
from syndication.infra.signing import Tokens
from syndication.publishing import views
from syndication.web import throttle
from syndication.web.site import choices
from syndication.web.site.layout import language_of, page
from syndication.web.site.post import shown

router = APIRouter()
_NEWEST = 12
#: Nobody fills in the form faster (seconds), and nobody leaves it open longer.
_FASTEST, _SLOWEST = 2, 24 * 3600


@router.get("/")
def home(request: Request) -> Response:
    """The newest posts, the form, the feeds."""
    return _home(request)


@router.post("/sign-up")
def sign_up(request: Request, form: Annotated[choices.Typed, Depends(choices.typed)]) -> Response:
    """Ask for a confirmation. The answer is the same for every address, known or not.

    No token against forged requests: whoever forges one sends a letter that its receiver has to confirm, and could
    as well fill in the form.
    """
    language, email = language_of(request), form.text("email")
    say, stamp = gettext(language), form.text("stamp")
    made = _made(stamp)
    # A field that people do not see, and a form sent within two seconds: no person did that.
    if form.text("website") or made is None or clock.now().timestamp() - made < _FASTEST:
        return page(request, "look_into_mail.html", language=language, home=True)
    chosen, faults = form.choices(choices.NOTHING, language)
    if clock.now().timestamp() - made > _SLOWEST or not throttle.fresh(stamp):
        faults["form"] = say("This form was open for too long, or was sent before. Please send it once more.")
    if faults:
        return _home(request, chosen, email=email, faults=faults)
    try:
        sign_up = signups.checked(
            email,
            language=language,
            interest=chosen.interest(),
            cadence=chosen.cadence(),
            source="form",
            wording=say("I want the news by mail and can unsubscribe at any time."),
        )
    except signups.OutOfReach:
        fault = say("Our mail server cannot deliver to an address with letters such as ä or é before the @.")
        return _home(request, chosen, email=email, faults={"email": fault})
    except Invalid:
        return _home(request, chosen, email=email, faults={"email": say("Please check the mail address.")})
    throttle.SIGN_UPS.count(request)
    signups.ask(sign_up)
    return page(request, "look_into_mail.html", language=language, home=True)


def _home(
    request: Request,
    chosen: choices.Choices = choices.NOTHING,
    *,
    email: str = "",
    faults: Mapping[str, str] = MappingProxyType({}),
) -> Response:
    cfg, language = settings(), language_of(request)
    newest = views.newest(_NEWEST, cfg.base_url, clock.now())
    return page(
        request,
        "home.html",
        status=422 if faults else 200,
        home=request.method != "GET",
        posts=[shown(one, cfg, language) for one in newest],
        topics=list(dict.fromkeys([*chosen.topics, *views.topics()])),
        chosen=chosen,
        feeds=[(form, f"{cfg.base_url}/feeds/all.{form}") for form in CONTENT_TYPES],
        # The random part makes each form another one, so that its uses can be counted.
        stamp=_stamps().make([int(clock.now().timestamp()), secrets.token_urlsafe(9)]),
        email=email,
        faults=faults,
        notices=bool(devices.public_key()),
        weekdays=choices.weekdays(language),
    )


def _stamps() -> Tokens:
    return Tokens(settings().keys, "form")


def _made(stamp: str) -> int | None:
    """When a form was made (seconds of Unix time); None for what is no stamp of ours."""
    match _stamps().read(stamp):
        case [int(moment), str()]:
            return moment
        case _:
            return None
