"""A merchant's outlets: how each is doing; connecting one, trying it, when it may speak, pausing and removing it."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from syndication import channels, destinations
from syndication.accounts.people import Account
from syndication.channels.social.settings import SocialSettings
from syndication.config import settings
from syndication.content.faults import faults_of
from syndication.content.reason import Reason
from syndication.destinations import DestinationAmendment, DestinationRecord, connecting, links
from syndication.destinations.connect_form import asked_of
from syndication.destinations.connecting import ConnectionRequest
from syndication.errors import Conflict, Fault, Forbidden, Invalid, NotFound, SyndicationError, TooOften
from syndication.infra.reasons import translated_error
from syndication.infra.rendering import gettext
from syndication.publishing import merchants
from syndication.publishing.merchants import MerchantRecord
from syndication.web import signed_in
from syndication.web.desk.forms import Form
from syndication.web.desk.frame import desk_page, onward
from syndication.web.desk.outlet_words import arrivals, shown
from syndication.web.signed_in import Visitor

router = APIRouter(prefix="/desk/merchants/{slug}/outlets", dependencies=[Depends(signed_in.allowed)])
_NOWHERE = Reason("There is nothing at this address.")
_SENT = "A test is on its way. In a moment you see it there, and below whether it arrived."
#: What an owner may say of when an account speaks; a number where it is counted.
_RHYTHM = {"quiet_from": False, "quiet_until": False, "gap_minutes": True, "most_per_day": True}


@router.get("")
def listed(request: Request, known: Visitor, slug: str) -> Response:
    """Own outlets and those of the city; what could be connected, and what the city cannot yet."""
    return _list(request, known, merchants.by_slug(slug))


@router.post("")
def connect(request: Request, known: Visitor, slug: str, form: Form) -> Response:
    """A link for a new outlet, opened at once: its page asks for the access, or leads to the network's login."""
    own, kind = merchants.by_slug(slug), form.get("channel", "")
    try:
        asked_of(kind)
        wanted = ConnectionRequest(channel=kind, name=form.get("name") or channels.by_kind(kind).label)
        link = connecting.link(wanted, links.PERSON, owner=own.id)
    except (Invalid, Forbidden, Conflict, TooOften) as error:
        return _list(request, known, own, fault=_said(error, known.language))
    return _opened(link.url)


@router.get("/{outlet_id}")
def one(
    request: Request, known: Visitor, slug: str, outlet_id: UUID, *, saved: bool = False, tested: bool = False
) -> Response:
    """One outlet. Raises NotFound for another's."""
    own, say = merchants.by_slug(slug), gettext(known.language)
    done = say("Saved.") if saved else say(_SENT) if tested else ""
    return _one(request, known, own, destinations.read(outlet_id, owner=own.id), done=done)


@router.post("/{outlet_id}/rhythm")
def rhythm(request: Request, known: Visitor, slug: str, outlet_id: UUID, form: Form) -> Response:
    """When it may speak, and what it is called."""
    own = merchants.by_slug(slug)
    record = destinations.read(outlet_id, owner=own.id)
    typed = {name: form.get(name, "") for name in _RHYTHM}
    try:
        changes = {name: _rhythm(name, text) for name, text in typed.items()} if _paced(record) else {}
        amendment = DestinationAmendment(name=form.get("name") or record.name, settings=changes or None)
        destinations.update(outlet_id, amendment, owner=own.id)
    except ValidationError as error:
        return _one(request, known, own, record, faults=_named(faults_of(error), known), typed=typed)
    except (Invalid, Forbidden, Conflict, TooOften) as error:
        found = error.faults if isinstance(error, Invalid) else (Fault("form", str(error)),)
        return _one(request, known, own, record, faults=_named(found, known), typed=typed)
    return onward("/desk/merchants", slug, "outlets", str(outlet_id), saved="1")


@router.post("/{outlet_id}/test")
def try_it(request: Request, known: Visitor, slug: str, outlet_id: UUID) -> Response:
    """Try it; members may, too."""
    own = merchants.by_slug(slug)
    try:
        destinations.test(outlet_id, owner=own.id)
    except (Forbidden, Conflict, TooOften) as error:
        record = destinations.read(outlet_id, owner=own.id)
        return _one(request, known, own, record, faults={"form": _said(error, known.language)})
    return onward("/desk/merchants", slug, "outlets", str(outlet_id), tested="1")


@router.post("/{outlet_id}/{act}")
def act(request: Request, known: Visitor, slug: str, outlet_id: UUID, act: str) -> Response:
    """Pause it, let it go on, give it a new access, or remove it."""
    own = merchants.by_slug(slug)
    record = destinations.read(outlet_id, owner=own.id)
    try:
        match act:
            case "pause":
                destinations.pause(outlet_id, owner=own.id)
            case "resume":
                destinations.resume(outlet_id, owner=own.id)
            case "reconnect":
                return _opened(connecting.renewal(outlet_id, links.PERSON, owner=own.id).url)
            case "remove":
                destinations.delete(outlet_id, owner=own.id)
                return onward("/desk/merchants", slug, "outlets")
            case _:
                raise NotFound(_NOWHERE)
    except (Invalid, Forbidden, Conflict, TooOften) as error:
        return _one(request, known, own, record, faults={"form": _said(error, known.language)})
    return onward("/desk/merchants", slug, "outlets", str(outlet_id))


def _opened(url: str) -> Response:
    """The page behind a link of ours, at the host that the visitor sees."""
    return RedirectResponse(url.removeprefix(settings().base_url), 303)


def _said(error: SyndicationError, language: str) -> str:
    told = error.faults[0].message if isinstance(error, Invalid) else str(error)
    return translated_error(told, language)


def _named(faults: tuple[Fault, ...], known: Account) -> dict[str, str]:
    """By the name of the box; what belongs to none is of the whole form."""
    found: dict[str, str] = {}
    for one in faults:
        name = one.field.rpartition(".")[2]
        found.setdefault(
            name if name in (*_RHYTHM, "name") else "form", translated_error(one.message, known.language)
        )
    return found


def _rhythm(name: str, text: str) -> Any:
    """What a box says as the setting has it; what is no number is refused by the setting."""
    if not text:
        return 0 if name == "gap_minutes" else None
    if _RHYTHM[name] and text.isascii() and text.isdigit():
        return int(text[:9])
    return text if len(text) > 4 or ":" not in text else f"0{text}"


def _paced(record: DestinationRecord) -> bool:
    """Whether its owner may say when it speaks."""
    return channels.known(record.channel) and issubclass(
        channels.by_kind(record.channel).settings, SocialSettings
    )


def _list(request: Request, known: Account, own: MerchantRecord, *, fault: str = "") -> Response:
    mine = destinations.listed(owner=own.id, limit=destinations.MOST)
    of_all = destinations.of_the_city()
    ready, lacking = [], []
    for channel in channels.CHANNELS:
        if not channel.configurable or (channel.connector is None and not channel.typed):
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
        status=422 if fault else 200,
        merchant=own,
        own=[shown(one, known.language) for one in mine],
        of_all=[shown(one, known.language) for one in of_all if one.state != "disabled"],
        ready=ready,
        lacking=lacking,
        fault=fault,
        deciding=known.may_for(own.slug, "owner"),
    )


def _one(
    request: Request,
    known: Account,
    own: MerchantRecord,
    record: DestinationRecord,
    *,
    done: str = "",
    faults: dict[str, str] | None = None,
    typed: dict[str, str] | None = None,
) -> Response:
    stands = {name: record.settings.get(name) for name in _RHYTHM}
    return desk_page(
        request,
        known,
        "outlet.html",
        status=422 if faults else 200,
        at=f"/desk/merchants/{own.slug}/outlets/{record.id}",
        merchant=own,
        outlet=shown(record, known.language),
        arrivals=arrivals(record, known.language),
        paced=_paced(record),
        boxes=typed or {name: "" if value in (None, 0) else str(value) for name, value in stands.items()},
        faults=faults or {},
        done=done,
        deciding=known.may_for(own.slug, "owner"),
    )
