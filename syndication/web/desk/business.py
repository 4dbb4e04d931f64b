"""What readers see of a business beside its posts: its owners keep it right by themselves."""

from collections.abc import Mapping
from types import MappingProxyType

from fastapi import APIRouter, Depends
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from syndication.accounts.applications import with_scheme
from syndication.accounts.people import Account
from syndication.infra.rendering import gettext
from syndication.publishing import merchants
from syndication.publishing.merchants import Amendment
from syndication.web import signed_in
from syndication.web.desk.forms import LongForm
from syndication.web.desk.frame import desk_page, onward
from syndication.web.signed_in import Visitor

router = APIRouter(prefix="/desk/merchants/{slug}/business", dependencies=[Depends(signed_in.allowed)])


@router.get("")
def business(request: Request, known: Visitor, slug: str, saved: str = "") -> Response:
    """The form with what is known now."""
    own = merchants.by_slug(slug)
    return _page(request, known, slug, {"address": own.address, "url": own.url or ""}, saved=saved == "1")


@router.post("")
def save(request: Request, known: Visitor, slug: str, form: LongForm) -> Response:
    """Saved, and shown beside all posts within seconds; or the form again, with what is wrong."""
    typed = {name: form.get(name, "") for name in ("address", "url")}
    try:
        wanted = Amendment.model_validate({**typed, "url": with_scheme(typed["url"])})
    except ValidationError as error:
        say = gettext(known.language)
        told = {
            "address": say("Please write less here: at most {} characters.").format(500),
            "url": say("Please check the address of your web site."),
        }
        wrong = {str(one["loc"][0]) for one in error.errors()}
        faults = {name: sentence for name, sentence in told.items() if name in wrong}
        return _page(request, known, slug, typed, faults, status=422)
    merchants.update(merchants.by_slug(slug).id, wanted)
    return onward("/desk/merchants", slug, "business", saved="1")


def _page(
    request: Request,
    known: Account,
    slug: str,
    entry: Mapping[str, str],
    faults: Mapping[str, str] = MappingProxyType({}),
    *,
    saved: bool = False,
    status: int = 200,
) -> Response:
    return desk_page(
        request,
        known,
        "business.html",
        status=status,
        merchant=merchants.by_slug(slug),
        entry=entry,
        faults=faults,
        saved=saved,
    )
