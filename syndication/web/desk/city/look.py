"""How the service looks and who is behind it: filled in, looked at in the new look, and only then put in force."""

from typing import Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from syndication.accounts.people import Account
from syndication.config import settings
from syndication.errors import Invalid, NotFound, Unavailable
from syndication.infra.languages import LANGUAGES
from syndication.infra.reasons import translated_error
from syndication.infra.rendering import render
from syndication.publishing import look, palette, views
from syndication.publishing.look import PAGES, Look
from syndication.web import signed_in
from syndication.web.desk.city.frame import city_page
from syndication.web.desk.forms import Filled, Form, PostForm
from syndication.web.desk.frame import onward
from syndication.web.signed_in import Visitor

router = APIRouter(prefix="/desk/city/look", dependencies=[Depends(signed_in.allowed)])
_HOME, _PREVIEW = "/desk/city/look", "/desk/city/look/preview"
_DRAFT = "draft."


@router.get("")
def form(request: Request, known: Visitor, done: str = "") -> Response:
    """The form: what is being prepared, else what is in force."""
    prepared = look.in_preparation()
    worn = prepared or look.stored("current")
    return _form(
        request, known, _as_typed(worn), {}, logo=worn.logo, done=done == "1", prepared=prepared is not None
    )


@router.post("")
def prepare(request: Request, known: Visitor, form: PostForm) -> Response:
    """Keep it as a draft and show it; or the form again, with what is wrong, or with a text of ours to begin with."""
    typed, faults = dict(form.typed), {}
    then = typed.get("then", "")
    if then.startswith(_DRAFT) and then.removeprefix(_DRAFT) in PAGES:
        typed |= _drafted(then.removeprefix(_DRAFT), typed)
        return _form(request, known, typed, {}, logo=_logo_now())
    try:
        picture = look.made(form.files[0].file) if form.files else None
        look.prepare(_read(form), logo=picture, without_logo="drop_logo" in typed)
    except Invalid as error:
        faults = {one.field: translated_error(one.message, known.language) for one in error.faults}
    except Unavailable as error:
        faults = {"logo": translated_error(error.args[0], known.language)}
    if faults:
        return _form(request, known, typed, faults, logo=_logo_now())
    return onward(_PREVIEW)


@router.get("/preview")
def preview(request: Request, known: Visitor) -> Response:
    """A page that wears what is being prepared. Raises NotFound where nothing is."""
    return _preview(request, known, {})


@router.post("/preview")
def decide(request: Request, known: Visitor, form: Form) -> Response:
    """Put it in force, or forget it; or the page again, with what is still to be filled in."""
    if form.get("act") == "discard":
        look.discard()
        return onward(_HOME)
    try:
        look.put_in_force()
    except Invalid as error:
        faults = {one.field: translated_error(one.message, known.language) for one in error.faults}
        return _preview(request, known, faults)
    return onward(_HOME, done="1")


def _read(form: Filled) -> Look:
    """What is as delivered is not kept, so that it stays what the settings and the stylesheet say."""
    typed = form.typed
    name = typed.get("name", "")
    colours = {"brand": palette.BRAND, "link": palette.LINK}
    chosen = {
        one: value if (value := typed.get(one, "").lower()) != usual else "" for one, usual in colours.items()
    }
    texts: dict[str, dict[str, str]] = {
        page: {
            one: text.replace("\r\n", "\n") for one in LANGUAGES if (text := typed.get(f"{page}.{one}", ""))
        }
        for page in PAGES
    }
    return Look("" if name == settings().city_name else name, chosen["brand"], chosen["link"], "", texts)


def _as_typed(worn: Look) -> dict[str, str]:
    typed = {f"{page}.{one}": worn.texts.get(page, {}).get(one, "") for page in PAGES for one in LANGUAGES}
    return {"name": worn.name, "brand": worn.brand, "link": worn.link, **typed}


def _drafted(page: str, typed: dict[str, str]) -> dict[str, str]:
    """Texts of ours for the boxes of a page that are still empty."""
    cfg = settings()
    said = {
        "name": typed.get("name") or cfg.city_name,
        "imprint": cfg.imprint,
        "mail": cfg.operator_email,
        "address": cfg.base_url,
    }
    return {
        f"{page}.{one}": render(f"desk/city/drafts/{page}.{one}.md", one, **said).strip()
        for one in LANGUAGES
        if not typed.get(f"{page}.{one}")
    }


def _logo_now() -> str:
    return (look.in_preparation() or look.stored("current")).logo


def _form(
    request: Request,
    known: Account,
    typed: dict[str, str],
    faults: dict[str, str],
    *,
    logo: str,
    done: bool = False,
    prepared: bool = False,
) -> Response:
    cfg = settings()
    entry = {**typed, "name": typed.get("name") or cfg.city_name}
    entry["brand"] = typed.get("brand") or palette.BRAND
    entry["link"] = typed.get("link") or palette.LINK
    return city_page(
        request,
        known,
        "look.html",
        status=422 if faults else 200,
        at=_HOME,
        entry=entry,
        faults=faults,
        logo=f"/look/logo-{logo}.png" if logo else "",
        languages=LANGUAGES,
        longest=look.LONGEST,
        done=done,
        prepared=prepared,
    )


def _preview(request: Request, known: Account, faults: dict[str, str]) -> Response:
    worn = look.in_preparation()
    if worn is None:
        raise NotFound("There is nothing at this address.")
    values: dict[str, Any] = {"city": views.city_looking(settings(), worn)}
    return city_page(
        request,
        known,
        "look_preview.html",
        status=422 if faults else 200,
        at=_PREVIEW,
        judged=palette.judged(worn),
        enough=palette.ENOUGH,
        said=[(page, one, text) for page in PAGES for one, text in worn.texts.get(page, {}).items()],
        faults=faults,
        **values,
    )
