"""What a merchant does with a post that is out: call it off, take it back, send it to an outlet again. Each asks first."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from syndication import destinations, insight, kinds
from syndication.content.reason import Reason
from syndication.errors import Conflict, NotFound, TooOften
from syndication.infra.reasons import translated_error
from syndication.infra.rendering import gettext
from syndication.ledger import looked, replay, retry
from syndication.publishing import merchants, posts
from syndication.publishing.merge_patch import patched
from syndication.publishing.posts import PostRecord
from syndication.publishing.withdrawal import Grounds, by_person
from syndication.web import signed_in
from syndication.web.desk.forms import Form
from syndication.web.desk.frame import desk_page, onward
from syndication.web.desk.posts import arrived, deeds_of
from syndication.web.signed_in import Visitor

router = APIRouter(prefix="/desk/merchants/{slug}", dependencies=[Depends(signed_in.allowed)])
_NO_DEED = Reason("This cannot be done with it as it stands now.")
_WITHDRAW = "withdraw"


@router.get("/posts/{post_id}/acts/{act}")
def ask(request: Request, known: Visitor, slug: str, post_id: UUID, act: str) -> Response:
    """What would happen, and the button that does it."""
    own = merchants.by_slug(slug)
    record = posts.read(post_id, merchant_id=own.id)
    outlets, people = arrived(record, own, known.language)
    return desk_page(
        request,
        known,
        "act.html",
        merchant=own,
        post=record,
        act=act,
        label=_label(record, act, known.language),
        there=[one for one in outlets if one.state in ("sent", "unconfirmed")],
        reached=people["sent"],
    )


@router.post("/posts/{post_id}/acts/{act}")
def do(known: Visitor, slug: str, post_id: UUID, act: str) -> Response:
    """Do it; a second tap changes nothing."""
    own = merchants.by_slug(slug)
    record = posts.read(post_id, merchant_id=own.id)
    _label(record, act, known.language)
    if act == _WITHDRAW:
        posts.withdraw(own.id, post_id, Grounds(by=by_person(known.person_id)))
    else:
        deed = next(one for one in kinds.of(record.content).deeds if one.name == act)
        patch: dict[str, Any] = dict(deed.fields)
        posts.revise(own.id, post_id, lambda now: patched(now, patch))
    return onward("/desk/merchants", slug, "posts", str(post_id), told="1")


@router.post("/deliveries/{delivery_id}/{act}")
def help_along(
    request: Request, known: Visitor, slug: str, delivery_id: int, act: str, form: Form
) -> Response:
    """Send it again, or say whether what is in doubt is there; only at the merchant's own outlets."""
    own = merchants.by_slug(slug)
    row = insight.delivery(delivery_id)
    if row.merchant != slug or row.destination_id is None:
        raise NotFound("There is no such delivery.")
    try:
        if act == "there":
            looked.there(delivery_id, merchant_id=own.id)
        elif act in ("again", "now"):
            destinations.knocking(row.destination_id, "replay", owner=own.id)
            (retry if act == "now" else replay).one(delivery_id, merchant_id=own.id)
        else:
            raise NotFound(Reason("There is nothing at this address."))
    except (Conflict, TooOften) as error:
        return desk_page(
            request, known, "said.html", status=409, merchant=own, post_id=form.get("post", ""),
            sentence=translated_error(str(error), known.language),
        )  # fmt: skip
    return onward("/desk/merchants", slug, "posts", form.get("post", ""))


def _label(record: PostRecord, act: str, language: str) -> str:
    """What an act is called. Raises NotFound for none, Conflict where it cannot be done now."""
    say = gettext(language)
    if act == _WITHDRAW:
        return say("Take it back")
    known = {one.name: one for one in kinds.of(record.content).deeds}
    if act not in known:
        raise NotFound(Reason("There is nothing at this address."))
    if act not in {one.name for one in deeds_of(record)}:
        raise Conflict(_NO_DEED)
    return say(known[act].label)
