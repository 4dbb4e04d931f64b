"""One outlet of a merchant or of the city: trying it, when it speaks and of what, a new secret, pausing and removing it."""

from collections.abc import Mapping
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
from syndication.content.topics import spelled
from syndication.destinations import DestinationAmendment, DestinationRecord, connecting, links
from syndication.destinations.links import Link
from syndication.errors import Conflict, Fault, Forbidden, Invalid, NotFound, TooOften
from syndication.infra.reasons import translated_error
from syndication.infra.rendering import gettext
from syndication.kinds import KINDS, NAMES
from syndication.web import signed_in
from syndication.web.desk.forms import Filled, Form, PostForm
from syndication.web.desk.frame import desk_page, onward
from syndication.web.desk.outlet_holders import CITY, Holder
from syndication.web.desk.outlet_words import arrivals, said, shown
from syndication.web.signed_in import Visitor

router = APIRouter(prefix="/desk", dependencies=[Depends(signed_in.allowed)])
_NOWHERE = Reason("There is nothing at this address.")
#: What the page says after a form of it was taken.
_DONE = {
    "saved": "Saved.",
    "tested": "A test is on its way. In a moment you see it there, and below whether it arrived.",
}
_NONE_TICKED = Reason("Please tick at least one.")
_MADE_ALREADY = Reason(
    "A new secret was made already. If it is lost, press the button once more; the one before it then ends."
)
#: What an owner may say of when an account speaks; a number where it is counted.
_RHYTHM = {"quiet_from": False, "quiet_until": False, "gap_minutes": True, "most_per_day": True}


@router.get("/merchants/{slug}/outlets/{outlet_id}")
def one(request: Request, known: Visitor, slug: str, outlet_id: UUID, done: str = "") -> Response:
    """One outlet of a merchant. Raises NotFound for another's."""
    own = Holder.of(slug)
    return outlet_page(request, known, own, own.outlet(outlet_id), done=done)


@router.get("/city/outlets/{outlet_id}")
def one_of_city(request: Request, known: Visitor, outlet_id: UUID, done: str = "") -> Response:
    """One outlet of the city. Raises NotFound for a merchant's."""
    return outlet_page(request, known, CITY, CITY.outlet(outlet_id), done=done)


@router.post("/merchants/{slug}/outlets/{outlet_id}/test")
def try_it(request: Request, known: Visitor, slug: str, outlet_id: UUID) -> Response:
    """Send a test to a merchant's; members may, too."""
    return _tried(request, known, Holder.of(slug), outlet_id)


@router.post("/city/outlets/{outlet_id}/test")
def try_for_city(request: Request, known: Visitor, outlet_id: UUID) -> Response:
    """Send a test to one of the city."""
    return _tried(request, known, CITY, outlet_id)


@router.post("/merchants/{slug}/outlets/{outlet_id}/rhythm")
def rhythm(request: Request, known: Visitor, slug: str, outlet_id: UUID, form: Form) -> Response:
    """When a merchant's may speak, and what it is called."""
    return _paced_by(request, known, Holder.of(slug), outlet_id, form)


@router.post("/city/outlets/{outlet_id}/rhythm")
def rhythm_for_city(request: Request, known: Visitor, outlet_id: UUID, form: Form) -> Response:
    """When one of the city may speak, and what it is called."""
    return _paced_by(request, known, CITY, outlet_id, form)


@router.post("/merchants/{slug}/outlets/{outlet_id}/interest")
def interest(request: Request, known: Visitor, slug: str, outlet_id: UUID, form: PostForm) -> Response:
    """Which of the merchant's posts it gets."""
    return _narrowed(request, known, Holder.of(slug), outlet_id, form)


@router.post("/city/outlets/{outlet_id}/interest")
def interest_for_city(request: Request, known: Visitor, outlet_id: UUID, form: PostForm) -> Response:
    """Which of all posts one of the city gets."""
    return _narrowed(request, known, CITY, outlet_id, form)


@router.post("/merchants/{slug}/outlets/{outlet_id}/secret")
def secret(request: Request, known: Visitor, slug: str, outlet_id: UUID, form: Form) -> Response:
    """A new secret of a merchant's, shown this once."""
    return _with_new_secret(request, known, Holder.of(slug), outlet_id, form)


@router.post("/city/outlets/{outlet_id}/secret")
def secret_for_city(request: Request, known: Visitor, outlet_id: UUID, form: Form) -> Response:
    """A new secret of one of the city, shown this once."""
    return _with_new_secret(request, known, CITY, outlet_id, form)


@router.post("/merchants/{slug}/outlets/{outlet_id}/{act}")
def act(request: Request, known: Visitor, slug: str, outlet_id: UUID, act: str) -> Response:
    """Pause a merchant's, let it go on, give it a new access, or remove it; in its name the last two are not to be had."""
    return _acted(request, known, Holder.of(slug), outlet_id, act)


@router.post("/city/outlets/{outlet_id}/{act}")
def act_for_city(request: Request, known: Visitor, outlet_id: UUID, act: str) -> Response:
    """The same with one of the city."""
    return _acted(request, known, CITY, outlet_id, act)


def _tried(request: Request, known: Account, own: Holder, outlet_id: UUID) -> Response:
    record = own.outlet(outlet_id)
    try:
        destinations.test(outlet_id, owner=own.id)
    except (Forbidden, Conflict, TooOften) as error:
        return outlet_page(request, known, own, record, faults={"form": said(error, known.language)})
    return onward(own.at(str(outlet_id), done="tested"))


def _paced_by(
    request: Request, known: Account, own: Holder, outlet_id: UUID, form: Mapping[str, str]
) -> Response:
    record = own.outlet(outlet_id)
    typed = {name: form.get(name, "") for name in ("name", *_RHYTHM)}
    changes = {name: _rhythm(name, typed[name]) for name in _RHYTHM} if _paced(record) else {}
    fields = {"name": typed["name"] or record.name, "settings": changes or None}
    return _amended(request, known, own, record, fields, typed=typed)


def _narrowed(request: Request, known: Account, own: Holder, outlet_id: UUID, form: Filled) -> Response:
    """Posts of all kinds where all are ticked, of all topics where none is."""
    record = own.outlet(outlet_id)
    ticked = form.typed.get("kinds", "").splitlines()
    more = form.typed.get("topics.more", "").split(",")
    topics = [text for one in (*form.typed.get("topics", "").splitlines(), *more) if (text := one.strip())]
    wanted = {"kinds": [] if set(NAMES) <= set(ticked) else ticked, "topics": topics}
    if not ticked:
        faults = {"kinds": translated_error(_NONE_TICKED, known.language)}
        return outlet_page(request, known, own, record, faults=faults, chosen=topics)
    fields = {"interest": {**record.interest.model_dump(mode="json"), **wanted}}
    return _amended(request, known, own, record, fields, chosen=topics)


def _with_new_secret(
    request: Request, known: Account, own: Holder, outlet_id: UUID, form: Mapping[str, str]
) -> Response:
    """`seen`: when the last one was made, as the page knew; loading it again makes no other."""
    record = own.outlet(outlet_id)
    try:
        if form.get("seen", "") != (record.settings.get("rotated_at") or ""):
            raise Conflict(_MADE_ALREADY)
        made = destinations.rotate_secret(outlet_id, owner=own.id)
    except (Invalid, Forbidden, Conflict) as error:
        return outlet_page(request, known, own, record, faults={"form": said(error, known.language)})
    return outlet_page(request, known, own, made.destination, made=made.secrets)


def _acted(request: Request, known: Account, own: Holder, outlet_id: UUID, act: str) -> Response:
    record = own.outlet(outlet_id)
    try:
        match act:
            case "pause":
                destinations.pause(outlet_id, owner=own.id)
            case "resume":
                destinations.resume(outlet_id, owner=own.id)
            case "reconnect" | "remove" if not own.rights(known)["theirs"]:
                raise Forbidden(signed_in.NOT_IN_THEIR_NAME)
            case "reconnect":
                return connecting_at(connecting.renewal(outlet_id, links.PERSON, owner=own.id))
            case "remove":
                destinations.delete(outlet_id, owner=own.id)
                return onward(own.at())
            case _:
                raise NotFound(_NOWHERE)
    except (Invalid, Forbidden, Conflict, TooOften) as error:
        return outlet_page(request, known, own, record, faults={"form": said(error, known.language)})
    return onward(own.at(str(outlet_id)))


def connecting_at(link: Link) -> Response:
    """On to the page behind a link of ours, at the host that the visitor sees."""
    return RedirectResponse(link.url.removeprefix(settings().base_url), 303)


def outlet_page(
    request: Request,
    known: Account,
    own: Holder,
    record: DestinationRecord,
    *,
    done: str = "",
    faults: Mapping[str, str] | None = None,
    typed: Mapping[str, str] | None = None,
    chosen: list[str] | None = None,
    made: Mapping[str, Any] | None = None,
) -> Response:
    """The page of one outlet; `made` are secrets that are shown this once, `typed` and `chosen` what a refused form said."""
    stands = {"name": record.name, **{name: record.settings.get(name) for name in _RHYTHM}}
    wanted, topics = record.interest, own.topics()
    spellings = {str(spelled(one)): one for one in topics}  # an interest keeps none
    return desk_page(
        request,
        known,
        "outlet.html",
        status=422 if faults else 200,
        at=own.at(str(record.id)),
        all_outlets=own.at(),
        here=own.at(str(record.id)),
        posts_at=own.posts_at,
        outlet=shown(record, known.language),
        arrivals=arrivals(record, known.language),
        paced=_paced(record),
        boxes=typed or {name: "" if value in (None, 0) else str(value) for name, value in stands.items()},
        kinds=[(one.name, one.many, not wanted.kinds or one.name in wanted.kinds) for one in KINDS],
        topics=topics,
        chosen=[spellings.get(str(one), one.name) for one in wanted.topics] if chosen is None else chosen,
        filled={},
        made=made or {},
        faults=faults or {},
        done=gettext(known.language)(_DONE.get(done, "")),
        **own.rights(known),
        **own.named(),
    )


def _amended(
    request: Request,
    known: Account,
    own: Holder,
    record: DestinationRecord,
    fields: Mapping[str, Any],
    **typed: Any,
) -> Response:
    """The outlet changed, or its page again with what is wrong and what was typed."""
    try:
        amendment = DestinationAmendment.model_validate(fields)
        destinations.update(record.id, amendment, owner=own.id)
    except ValidationError as error:
        faults = faults_of(error)
    except Invalid as error:
        faults = error.faults
    except (Forbidden, Conflict, TooOften) as error:
        faults = (Fault("form", str(error)),)
    else:
        return onward(own.at(str(record.id), done="saved"))
    return outlet_page(request, known, own, record, faults=_named(faults, known), **typed)


def _named(faults: tuple[Fault, ...], known: Account) -> dict[str, str]:
    """By the name of the box; what belongs to none is of the whole form."""
    found: dict[str, str] = {}
    for one in faults:
        parts = one.field.split(".")
        name = next((part for part in parts if part in (*_RHYTHM, "name", "kinds", "topics")), "form")
        found.setdefault(name, translated_error(one.message, known.language))
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
