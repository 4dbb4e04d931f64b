"""A merchant's keys, with which its till or web shop posts by itself: listed, made and shown once, taken back."""

from typing import Any, get_args

from fastapi import APIRouter, Depends
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from syndication import clock
from syndication.accounts.people import Account
from syndication.content.faults import faults_of
from syndication.content.reason import Reason
from syndication.errors import Conflict, Fault, Forbidden, Invalid
from syndication.infra.reasons import translated_error
from syndication.infra.rendering import gettext
from syndication.publishing import api_keys, merchants
from syndication.publishing.api_keys import OPERATOR, KeyRecord, KeyRequest, Scope
from syndication.web import signed_in
from syndication.web.desk.forms import Form, PostForm
from syndication.web.desk.frame import desk_page, onward
from syndication.web.signed_in import Visitor

router = APIRouter(prefix="/desk/merchants/{slug}/keys", dependencies=[Depends(signed_in.allowed)])
#: What a key may do, in words for people; English, translated.
_MAY: dict[Scope, str] = {
    "posts:read": "see your posts",
    "posts:write": "post, change and take back",
    "deliveries:read": "see what arrived",
    "destinations:read": "see your outlets",
    "destinations:write": "connect, change and remove outlets",
}
assert set(_MAY) == set(get_args(Scope)) - {OPERATOR}
#: What a till or a web shop needs.
_USUAL = ("posts:read", "posts:write", "deliveries:read")
_NONE_TICKED = Reason("Please tick at least one.")
_MADE_ALREADY = Reason("A key was made already. If it is lost, take it back below and make another one.")


@router.get("")
def listed(request: Request, known: Visitor, slug: str) -> Response:
    """All keys, those that are over too, and the form."""
    return _page(request, known, slug)


@router.post("")
def make(request: Request, known: Visitor, slug: str, form: PostForm) -> Response:
    """A new key, shown this once; or the form again. `seen`: the newest key that the page knew, so that loading it
    again makes no other."""
    own, scopes = merchants.by_slug(slug), form.typed.get("scopes", "").splitlines()
    name = form.typed.get("name", "")
    try:
        if form.typed.get("seen", "") != _newest(api_keys.listed(own.id)):
            raise Conflict(_MADE_ALREADY)
        wanted = KeyRequest.model_validate({"name": name, "scopes": scopes})
        made = api_keys.create_own(own.id, wanted)
    except ValidationError as error:
        faults = faults_of(error)
    except Invalid as error:
        faults = error.faults
    except (Forbidden, Conflict) as error:
        faults = (Fault("form", str(error)),)
    else:
        return _page(request, known, slug, made=made.text)
    return _page(request, known, slug, name=name, scopes=scopes, faults=faults)


@router.post("/{key_id}")
def revoke(known: Visitor, slug: str, key_id: str, form: Form) -> Response:
    """Take a key back, for good. Raises NotFound for another's."""
    api_keys.revoke(key_id, owner=merchants.by_slug(slug).id)
    return onward("/desk/merchants", slug, "keys")


def _newest(records: list[KeyRecord]) -> str:
    return records[0].id if records else ""


def _page(
    request: Request,
    known: Account,
    slug: str,
    *,
    name: str = "",
    scopes: list[str] | None = None,
    faults: tuple[Fault, ...] = (),
    made: str = "",
) -> Response:
    own = merchants.by_slug(slug)
    records = api_keys.listed(own.id)
    said: dict[str, str] = {}
    for one in faults:
        field = one.field.partition(".")[0]
        told = _NONE_TICKED if field == "scopes" else one.message
        said.setdefault(field, translated_error(told, known.language))
    say = gettext(known.language)
    return desk_page(
        request,
        known,
        "keys.html",
        status=422 if faults else 200,
        at=f"/desk/merchants/{slug}/keys",
        merchant=own,
        keys=[_shown(one, known.language) for one in records],
        seen=_newest(records),
        may=[
            (scope, say(words), scope in (_USUAL if scopes is None else scopes))
            for scope, words in _MAY.items()
        ],
        name=name,
        faults=said,
        made=made,
    )


def _shown(record: KeyRecord, language: str) -> dict[str, Any]:
    say = gettext(language)
    over = record.expires_at is not None and record.expires_at <= clock.now()
    return {
        "id": record.id,
        "name": record.name,
        "may": [say(words) for scope, words in _MAY.items() if scope in record.scopes],
        "made": record.created_at,
        "used": record.last_used_at,
        "until": record.expires_at,
        "revoked": record.revoked_at,
        "good": record.revoked_at is None and not over,
    }
