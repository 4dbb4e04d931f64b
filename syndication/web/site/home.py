"""The front page: what is new, how to get it, and signing up for the newsletter."""

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import Response

from syndication import clock, postview, readers
from syndication.channels.feed.documents import CONTENT_TYPES
from syndication.config import settings
from syndication.destinations import devices
from syndication.errors import Invalid
from syndication.rendering import gettext
from syndication.signing import Tokens
from syndication.web.site import brake, choices
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
    # A field that people do not see, and a form sent within two seconds: no person did that.
    if website or not _in_time(stamp):
        return page(request, "look_into_mail.html", language=language)
    brake.SIGN_UPS.count(request)
    try:
        readers.sign_up(
            email,
            language=language,
            interest=chosen.interest(),
            cadence=chosen.cadence(),
            source="form",
            wording=gettext(language)("I want the news by mail and can unsubscribe at any time."),
        )
    except Invalid:
        return _home(
            request, status=422, email=email, fault=gettext(language)("Please check the mail address.")
        )
    return page(request, "look_into_mail.html", language=language)


def _home(request: Request, *, status: int = 200, email: str = "", fault: str = "") -> Response:
    cfg, language = settings(), language_of(request)
    newest = postview.newest(_NEWEST, cfg.base_url, clock.now())
    return page(
        request,
        "home.html",
        status=status,
        posts=[shown(one, cfg, language) for one in newest],
        topics=postview.topics(),
        chosen=choices.NOTHING,
        feeds=[(form, f"{cfg.base_url}/feeds/all.{form}") for form in CONTENT_TYPES],
        stamp=_stamps().make(int(clock.now().timestamp())),
        email=email,
        fault=fault,
        notices=bool(devices.public_key()),
        weekdays=choices.weekdays(language),
    )


def _stamps() -> Tokens:
    return Tokens([key.get_secret_value() for key in settings().secret_keys], "form")


def _in_time(stamp: str) -> bool:
    made = _stamps().read(stamp)
    return isinstance(made, int) and _FASTEST <= clock.now().timestamp() - made <= _SLOWEST
