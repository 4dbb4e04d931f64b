"""A merchant's outlets and those of the city: how each is doing, and connecting one."""

from contextlib import suppress
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from syndication import channels, destinations
from syndication.accounts.people import Account
from syndication.content.base import new_id
from syndication.content.faults import faults_of
from syndication.destinations import DestinationRequest, connecting, links
from syndication.destinations.connect_form import asked_of
from syndication.destinations.connecting import ConnectionRequest
from syndication.errors import Conflict, Fault, Forbidden, Invalid, NotFound, TooOften
from syndication.infra.reasons import translated_error
from syndication.web import signed_in
from syndication.web.desk.forms import Form
from syndication.web.desk.frame import desk_page, onward
from syndication.web.desk.outlet import connecting_at, outlet_page
from syndication.web.desk.outlet_holders import CITY, Holder
from syndication.web.desk.outlet_words import by_settings, said, shown
from syndication.web.signed_in import Visitor

router = APIRouter(prefix="/desk", dependencies=[Depends(signed_in.allowed)])


@router.get("/merchants/{slug}/outlets")
def listed(request: Request, known: Visitor, slug: str) -> Response:
    """A merchant's outlets and those of the city; what could be connected, and what the city cannot yet."""
    return _list(request, known, Holder.of(slug))


@router.get("/city/outlets")
def listed_for_city(request: Request, known: Visitor) -> Response:
    """The outlets of the city, also those that hear of alarms alone, and what could be connected."""
    return _list(request, known, CITY)


@router.post("/merchants/{slug}/outlets")
def connect(request: Request, known: Visitor, slug: str, form: Form) -> Response:
    """A new outlet of a merchant."""
    return _connect(request, known, Holder.of(slug), form)


@router.post("/city/outlets")
def connect_for_city(request: Request, known: Visitor, form: Form) -> Response:
    """A new outlet of the city."""
    return _connect(request, known, CITY, form)


def _connect(request: Request, known: Account, own: Holder, form: dict[str, str]) -> Response:
    """A link for a new outlet, opened at once: its page asks for the access, or leads to the network's login.

    What has no such page is set up by what the form says of it, and shows the secret that was made for it.
    """
    kind = form.get("channel", "")
    if channels.known(kind) and by_settings(channels.by_kind(kind)):
        return _set_up(request, known, own, form)
    try:
        asked_of(kind)
        wanted = ConnectionRequest(channel=kind, name=channels.by_kind(kind).label)
        link = connecting.link(wanted, links.PERSON, owner=own.id)
    except (Invalid, Forbidden, Conflict, TooOften) as error:
        return _list(request, known, own, faults={"form": said(error, known.language)})
    return connecting_at(link)


def _set_up(request: Request, known: Account, own: Holder, form: dict[str, str]) -> Response:
    channel = channels.by_kind(form["channel"])
    identity = new_id()
    with suppress(ValueError):
        identity = UUID(form.get("identity", ""))
    with suppress(NotFound):  # the button was pressed twice
        own.outlet(identity)
        return onward(own.at(str(identity)))
    chosen = {name: form[name] for name in by_settings(channel) if form.get(name)}
    try:
        wanted = DestinationRequest(
            channel=channel.kind, name=form.get("name") or channel.label, settings=chosen
        )
        made = destinations.create(own.id, wanted, identity=identity)
    except ValidationError as error:
        return _list(request, known, own, faults=_named(faults_of(error), known), typed=form)
    except Invalid as error:
        return _list(request, known, own, faults=_named(error.faults, known), typed=form)
    except (Forbidden, Conflict, TooOften) as error:
        return _list(request, known, own, faults={"form": said(error, known.language)}, typed=form)
    return outlet_page(request, known, own, made.destination, made=made.secrets)


def _named(faults: tuple[Fault, ...], known: Account) -> dict[str, str]:
    return {one.field.rpartition(".")[2]: translated_error(one.message, known.language) for one in faults}


def _list(
    request: Request,
    known: Account,
    own: Holder,
    *,
    faults: dict[str, str] | None = None,
    typed: dict[str, str] | None = None,
) -> Response:
    ready, lacking = [], []
    for channel in channels.CHANNELS:
        if channel.connector is None and not channel.typed:
            continue
        try:
            asked_of(channel.kind)
            ready.append((channel.kind, channel.label))
        except Conflict:
            lacking.append(channel.label)
    of_all = destinations.of_the_city() if own.merchant else []
    return desk_page(
        request,
        known,
        "outlets.html",
        status=422 if faults else 200,
        here=own.at(),
        own=[shown(one, known.language) for one in own.outlets()],
        of_all=[shown(one, known.language) for one in of_all if one.state != "disabled"],
        ready=ready,
        lacking=lacking,
        forms=_forms(typed or {}),
        faults=faults or {},
        deciding=own.rights(known)["theirs"],
        **own.named(),
    )


def _forms(typed: dict[str, str]) -> list[dict[str, Any]]:
    """What has no page for connecting: each with its boxes, and an id so that a button pressed twice makes one outlet."""
    found = []
    for channel in channels.CHANNELS:
        if boxes := by_settings(channel):
            mine = typed if typed.get("channel") == channel.kind else {}
            found.append(
                {
                    "kind": channel.kind,
                    "label": channel.label,
                    "boxes": boxes,
                    "secret": channel.settings.secret_names(),
                    "typed": mine,
                    "identity": new_id(),
                }
            )
    return found
