"""The front page: news, ways to get it, and signing up for the newsletter."""

from collections.abc import Mapping
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
from syndication.models import SignUp
from syndication.publishing import topics, views
from syndication.web import throttle
from syndication.web.site import choices, stamps
from syndication.web.site.layout import language_of, page
from syndication.web.site.post import shown

router = APIRouter()
_NEWEST = 12
#: Where the answer to a form that was sent stands, to be opened in the other language or once more.
_ASKED = "/sign-up/asked"
_EMPTY = choices.Typed({}, {})


@router.get("/")
@router.get("/sign-up")  # for whoever opens the address at which the form was answered
def home(request: Request) -> Response:
    """The newest posts, the form, the feeds."""
    form = choices.carried(request)
    if form is None:
        return _home(request, _EMPTY, choices.NOTHING, {})
    _, chosen, faults = _checked(form, language_of(request))
    return _home(request, form, chosen, faults)


@router.post("/sign-up")
def sign_up(request: Request, form: Annotated[choices.Typed, Depends(choices.typed)]) -> Response:
    """Ask for a confirmation. The answer is the same for every address, known or not.

    No token against forged requests: whoever forges one sends a letter that its receiver has to confirm, and could
    as well fill in the form.
    """
    language = language_of(request)
    if stamps.by_a_robot(form):
        return asked(request)
    wanted, chosen, faults = _checked(form, language)
    if stamps.used_up(form, faults):
        faults = {"form": gettext(language)(stamps.OLD), **faults}
    if faults or wanted is None:
        return _home(request, form, chosen, faults, status=422)
    throttle.SIGN_UPS.count(request)
    signups.ask(wanted)
    return asked(request)


@router.get(_ASKED)
def asked(request: Request) -> Response:
    """What to do now: a letter is on its way."""
    return page(request, "look_into_mail.html", at=_ASKED)


def _checked(form: choices.Typed, language: str) -> tuple[SignUp | None, choices.Choices, Mapping[str, str]]:
    """The sign-up, or None; what was chosen of it; and a sentence for each field that is wrong, the topmost first."""
    say = gettext(language)
    chosen, wrong = form.choices(choices.NOTHING, language)
    try:
        wanted = signups.checked(
            form.text("email"),
            language=language,
            interest=chosen.interest(),
            cadence=chosen.cadence(),
            source="form",
            wording=say("I want the news by mail and can unsubscribe at any time."),
        )
    except signups.OutOfReach:
        fault = say("Our mail server cannot deliver to an address with letters such as ä or é before the @.")
        return None, chosen, {"email": fault, **wrong}
    except Invalid:
        return None, chosen, {"email": say("Please check the mail address."), **wrong}
    return wanted, chosen, wrong


def _home(
    request: Request,
    form: choices.Typed,
    chosen: choices.Choices,
    faults: Mapping[str, str],
    status: int = 200,
) -> Response:
    cfg, language = settings(), language_of(request)
    newest = views.newest(_NEWEST, cfg.base_url, clock.now())
    return page(
        request,
        "home.html",
        status=status,
        typed="" if form is _EMPTY else form.sealed("email"),
        posts=[shown(one, cfg, language) for one in newest],
        topics=topics.known(chosen.topics),
        districts=choices.districts_to_choose(chosen),
        chosen=chosen,
        feeds=[(name, f"{cfg.base_url}/feeds/all.{name}") for name in CONTENT_TYPES],
        stamp=stamps.new(),
        email=form.text("email"),
        faults=faults,
        notices=bool(devices.public_key()),
        weekdays=choices.weekdays(language),
    )
