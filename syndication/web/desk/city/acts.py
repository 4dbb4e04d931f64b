"""Acts on all deliveries that match: what would be done, counted; then how far it is, with the way to stop it and to go on."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from syndication.accounts.people import Account
from syndication.content.faults import faults_of
from syndication.content.reason import Reason
from syndication.errors import Conflict, Invalid, NotFound
from syndication.infra.reasons import translated_error, translated_reason
from syndication.ledger import bulk
from syndication.ledger.bulk import Act, Weighed
from syndication.web import signed_in
from syndication.web.desk.city.act_words import ACTS, MEANS, meant, shown_act
from syndication.web.desk.city.choosing import Asked, Chosen
from syndication.web.desk.city.frame import city_page, city_part
from syndication.web.desk.forms import PostForm
from syndication.web.desk.frame import onward
from syndication.web.signed_in import Visitor

router = APIRouter(prefix="/desk/city/acts", dependencies=[Depends(signed_in.allowed)])
Number = Annotated[int, Path(ge=1, le=2**63 - 1)]


@router.get("/new")
def ask(request: Request, known: Visitor, asked: Chosen, act: str = "") -> Response:
    """What an act would be done to, what would be left alone and why, and the button."""
    return _ask(request, known, asked, act)


@router.post("")
def begin(request: Request, known: Visitor, form: PostForm) -> Response:
    """Begin it, and show how far it is; or the page again, with what is wrong."""
    act, states = form.typed.get("act", ""), tuple(form.typed.get("state", "").split("\n"))
    try:
        asked = Asked.model_validate({**form.typed, "state": states}, extra="ignore")
    except ValidationError as error:
        raise Invalid(*faults_of(error)) from error
    try:
        made = bulk.begin(_known(act), asked.selection(), f"{known.name} <{known.email}>")
    except (Invalid, Conflict) as error:
        said = error.faults[0].message if isinstance(error, Invalid) else str(error)
        return _ask(request, known, asked, act, fault=translated_error(said, known.language))
    return onward("/desk/city/acts", str(made))


@router.get("/{act_id}")
def one(request: Request, known: Visitor, act_id: Number) -> Response:
    """How far an act is, or how it ended."""
    return city_page(request, known, "act.html", **_shown(known, act_id))


@router.get("/{act_id}/now")
def now(request: Request, known: Visitor, act_id: Number) -> Response:
    """The part of that page that keeps itself new."""
    return city_part(request, known, "act_now.html", **_shown(known, act_id))


@router.post("/{act_id}/{turn}")
def steer(request: Request, known: Visitor, act_id: Number, turn: str) -> Response:
    """Stop it, or go on with it."""
    steps = {"stop": bulk.stop, "go-on": bulk.go_on}
    if turn not in steps:
        raise NotFound(Reason("There is nothing at this address."))
    steps[turn](act_id)
    return onward("/desk/city/acts", str(act_id))


def _ask(request: Request, known: Account, asked: Asked, name: str, *, fault: str = "") -> Response:
    act, wanted = _known(name), asked.selection()
    try:
        weighed = bulk.weigh(act, wanted)
    except Invalid as error:
        weighed, fault = Weighed(0, ()), translated_error(error.faults[0].message, known.language)
    return city_page(
        request,
        known,
        "act_new.html",
        status=409 if fault else 200,
        at="/desk/city/trouble" if request.method == "POST" else "",
        act=act,
        label=translated_reason(ACTS[act], known.language),
        means=translated_reason(MEANS[act], known.language),
        meant=meant(wanted, known.language),
        fit=weighed.fit,
        others=[(translated_reason(why, known.language), count) for why, count in weighed.others],
        fields=asked.fields(),
        fault=fault,
    )


def _known(name: str) -> Act:
    found: Act | None = next((one for one in bulk.ACTS if one == name), None)
    if found is None:
        raise NotFound(Reason("There is nothing at this address."))
    return found


def _shown(known: Account, act_id: int) -> dict[str, Any]:
    return {"act": shown_act(bulk.read(act_id), known.language), "acting": known.may("operator")}
