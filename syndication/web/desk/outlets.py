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
from syndication.publishing import merchants
from syndication.publishing.merchants import MerchantRecord
from syndication.web import signed_in
from syndication.web.desk.forms import Form
from syndication.web.desk.frame import desk_page, onward
from syndication.web.desk.outlet import connecting_at, outlet_page
from syndication.web.desk.outlet_words import by_settings, said, shown
from syndication.web.signed_in import Visitor

router = APIRouter(prefix="/desk/merchants/{slug}/outlets", dependencies=[Depends(signed_in.allowed)])


@router.get("")
def listed(request: Request, known: Visitor, slug: str) -> Response:
    """Own outlets and those of the city; what could be connected, and what the city cannot yet."""
    return _list(request, known, merchants.by_slug(slug))


@router.post("")
def connect(request: Request, known: Visitor, slug: str, form: Form) -> Response:
    """A link for a new outlet, opened at once: its page asks for the access, or leads to the network's login.

    What has no such page is set up by what the form says of it, and shows the secret that was made for it.
    """
    own, kind = merchants.by_slug(slug), form.get("channel", "")
    if channels.known(kind) and by_settings(channels.by_kind(kind)):
        return _set_up(request, known, own, form)
    try:
        asked_of(kind)
        wanted = ConnectionRequest(channel=kind, name=channels.by_kind(kind).label)
        link = connecting.link(wanted, links.PERSON, owner=own.id)
    except (Invalid, Forbidden, Conflict, TooOften) as error:
        return _list(request, known, own, faults={"form": said(error, known.language)})
    return connecting_at(link)


def _set_up(request: Request, known: Account, own: MerchantRecord, form: dict[str, str]) -> Response:
    channel = channels.by_kind(form["channel"])
    identity = new_id()
    with suppress(ValueError):
        identity = UUID(form.get("identity", ""))
    with suppress(NotFound):  # the button was pressed twice
        destinations.read(identity, owner=own.id)
        return onward("/desk/merchants", own.slug, "outlets", str(identity))
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
    own: MerchantRecord,
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
    return desk_page(
        request,
        known,
        "outlets.html",
        status=422 if faults else 200,
        merchant=own,
        own=[
            shown(one, known.language) for one in destinations.listed(owner=own.id, limit=destinations.MOST)
        ],
        of_all=[shown(one, known.language) for one in destinations.of_the_city() if one.state != "disabled"],
        ready=ready,
        lacking=lacking,
        forms=_forms(typed or {}),
        faults=faults or {},
        deciding=known.owns(own.slug),
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
