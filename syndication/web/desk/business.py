"""What readers see of a business beside its posts: its owners keep it right by themselves."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from fastapi import APIRouter, Depends
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from syndication import clock
from syndication.accounts.applications import with_scheme
from syndication.accounts.people import Account
from syndication.config import settings
from syndication.content import opening_hours
from syndication.content.opening_hours import MOST_CLOSURES
from syndication.errors import Invalid, Unavailable
from syndication.infra.reasons import translated_error
from syndication.infra.rendering import gettext
from syndication.publishing import logos, merchants
from syndication.publishing.merchants import Amendment, MerchantRecord
from syndication.publishing.profile import MOST_LINKS
from syndication.sources import opening
from syndication.web import signed_in
from syndication.web.desk.forms import Filled, PostForm
from syndication.web.desk.frame import desk_page, onward
from syndication.web.signed_in import Visitor
from syndication.web.site import business as seen

router = APIRouter(prefix="/desk/merchants/{slug}/business", dependencies=[Depends(signed_in.allowed)])
_PLAIN = ("address", "phone", "contact", "imprint", "license_texts", "license_pictures")


@router.get("")
def business(request: Request, known: Visitor, slug: str, saved: str = "") -> Response:
    """The form with what is known now."""
    own = merchants.by_slug(slug)
    return _page(request, known, own, _as_typed(own, known.language), saved=saved == "1")


@router.post("")
def save(request: Request, known: Visitor, slug: str, form: PostForm) -> Response:
    """Saved, and shown beside all posts within seconds; or the form again, with what is wrong."""
    own = merchants.by_slug(slug)
    typed, faults = form.typed, {}
    try:
        # By itself, so that it is there whatever is wrong with the rest: no browser sends a file a second time.
        _keep_logo(own, form)
    except Invalid as error:
        faults["logo"] = translated_error(error.faults[0].message, known.language)
    except Unavailable as error:
        faults["logo"] = translated_error(error.args[0], known.language)
    wanted, wrong = _read(typed, known.language)
    faults = wrong | faults
    if faults or wanted is None:
        return _page(request, known, merchants.by_slug(slug), typed, faults, status=422)
    logos.amend(own.id, wanted)
    return onward("/desk/merchants", slug, "business", saved="1")


def _keep_logo(own: MerchantRecord, form: Filled) -> None:
    if form.files:
        logos.amend(own.id, Amendment(), logos.made(form.files[0].file))
    elif form.typed.get("drop_logo"):
        logos.amend(own.id, Amendment(logo=None))


def _read(typed: Mapping[str, str], language: str) -> tuple[Amendment | None, dict[str, str]]:
    """What the form says, and what is wrong with it, by the boxes."""
    faults: dict[str, str] = {}
    hours = ""
    try:
        hours = opening.understood(typed, clock.now(), settings().zone, language)
    except Invalid as error:
        faults = {one.field: translated_error(one.message, language) for one in error.faults}
    given: dict[str, Any] = {name: typed.get(name) or None for name in _PLAIN}
    given["address"] = typed.get("address", "")
    given["url"] = with_scheme(typed.get("url", ""))
    given["links"] = [_secure(line) for line in typed.get("links", "").splitlines() if line.strip()]
    try:
        return Amendment.model_validate({**given, "opening_hours": hours}), faults
    except ValidationError as error:
        wrong = {str(one["loc"][0]) for one in error.errors()}
        told = _sentences(language)
        return None, {name: told[name] for name in told if name in wrong} | faults


def _secure(line: str) -> object:
    """Networks speak https, however their addresses were copied."""
    typed = line.strip()
    return with_scheme(typed.removeprefix("http://"))


def _sentences(language: str) -> dict[str, str]:
    say = gettext(language)
    return {
        "address": say("Please write less here: at most {} characters.").format(500),
        "phone": say("Please write a phone number, such as +49 9561 1234."),
        "contact": say("Please check this mail address."),
        "url": say("Please check the address of your web site."),
        "links": say(
            "Please write one address of the web in each line, at most {}, such as www.instagram.com/rosengarten."
        ).format(MOST_LINKS),
        "imprint": say("Please write less here: at most {} characters.").format(4000),
        "license_texts": say("Please choose one of these."),
        "license_pictures": say("Please choose one of these."),
    }


def _as_typed(own: MerchantRecord, language: str) -> dict[str, str]:
    """What stands in the boxes."""
    today = clock.now().astimezone(settings().zone).date()
    known = opening_hours.read(own.opening_hours).from_day(today) if own.opening_hours else None
    return {
        **{name: getattr(own, name) or "" for name in (*_PLAIN, "url")},
        "links": "\n".join(own.links),
        **(opening.as_typed(known, language) if known is not None else {}),
    }


def _page(
    request: Request,
    known: Account,
    own: MerchantRecord,
    entry: Mapping[str, str],
    faults: Mapping[str, str] = MappingProxyType({}),
    *,
    saved: bool = False,
    status: int = 200,
) -> Response:
    closed = sum(1 for number in range(MOST_CLOSURES) if entry.get(f"closed.{number}.from"))
    return desk_page(
        request,
        known,
        "business.html",
        status=status,
        merchant=own,
        entry=entry,
        faults=faults,
        saved=saved,
        days=opening.DAYS,
        closures=min(closed + 1, MOST_CLOSURES),
        hours=seen.hours_in_words(own.opening_hours, known.language),
    )
