"""The front page: what is new, how to get it, and signing up for the newsletter."""

import secrets
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import Response

from syndication import clock, postview, signups
from syndication.channels.feed.documents import CONTENT_TYPES
from syndication.config import settings
from syndication.destinations import devices
from syndication.errors import Invalid
from syndication.rendering import gettext
from syndication.signing import Tokens
from syndication.web import brake
from syndication.web.site import choices
from syndication.web.site.frame import language_of, page
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
def sign_up(
    request: Request,
    email: Annotated[str, Form(max_length=400)] = "",
    website: Annotated[str, Form(max_length=400)] = "",
    stamp: Annotated[str, Form(max_length=400)] = "",
    chosen: Annotated[choices.Choices, Form()] = choices.NOTHING,
) -> Response:
    """Ask for a confirmation. The answer is the same for every address, known or not.

    No token against forged requests: whoever forges one sends a letter that its receiver has to confirm, and could
    as well fill in the form.
    """
    language = language_of(request)
    say = gettext(language)
    made = _made(stamp)
    # A field that people do not see, and a form sent within two seconds: no person did that.
    if website or made is None or clock.now().timestamp() - made < _FASTEST:
        return page(request, "look_into_mail.html", language=language)
    if clock.now().timestamp() - made > _SLOWEST or not brake.fresh(stamp):
        stale = say("This form was open for too long, or was sent before. Please send it once more.")
        return _home(request, status=422, email=email, chosen=chosen, fault=stale)
    try:
        sign_up = signups.checked(
            email,
            language=language,
            interest=chosen.interest(),
            cadence=chosen.cadence(),
            source="form",
            wording=say("I want the news by mail and can unsubscribe at any time."),
        )
    except Invalid:
        wrong = say("Please check the mail address.")
        return _home(request, status=422, email=email, chosen=chosen, fault=wrong)
    except ValueError as error:
        raise Invalid.field("topics", "cannot be understood") from error
    brake.SIGN_UPS.count(request)
    signups.ask(sign_up)
    return page(request, "look_into_mail.html", language=language)


def _home(
    request: Request,
    *,
    status: int = 200,
    email: str = "",
    chosen: choices.Choices = choices.NOTHING,
    fault: str = "",
) -> Response:
    cfg, language = settings(), language_of(request)
    newest = postview.newest(_NEWEST, cfg.base_url, clock.now())
    return page(
        request,
        "home.html",
        status=status,
        posts=[shown(one, cfg, language) for one in newest],
        topics=postview.topics(),
        chosen=chosen,
        feeds=[(form, f"{cfg.base_url}/feeds/all.{form}") for form in CONTENT_TYPES],
        # The random part makes each form another one, so that its uses can be counted.
        stamp=_stamps().make([int(clock.now().timestamp()), secrets.token_urlsafe(9)]),
        email=email,
        fault=fault,
        notices=bool(devices.public_key()),
        weekdays=choices.weekdays(language),
    )


def _stamps() -> Tokens:
    return Tokens([key.get_secret_value() for key in settings().secret_keys], "form")


def _made(stamp: str) -> int | None:
    """When a form was made (seconds of Unix time); None for what is no stamp of ours."""
    match _stamps().read(stamp):
        case [int(moment), str()]:
            return moment
        case _:
            return None
