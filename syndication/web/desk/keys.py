"""Keys with which other programs work for a merchant, or for the city: listed, made and shown once, taken back.

Both have one page; a `Ring` says whose keys stand on it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
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
from syndication.publishing.merchants import MerchantRecord
from syndication.web import signed_in
from syndication.web.desk.forms import Filled, Form, PostForm
from syndication.web.desk.frame import desk_page, onward
from syndication.web.signed_in import Visitor
from syndication.web.site import links

router = APIRouter(prefix="/desk", dependencies=[Depends(signed_in.allowed)])
#: What a key may do, in words for people; English, translated.
_MAY: dict[Scope, str] = {
    "posts:read": "see your posts",
    "posts:write": "post, change and take back",
    "deliveries:read": "see what arrived",
    "destinations:read": "see your outlets",
    "destinations:write": "connect, change and remove outlets",
}
assert set(_MAY) == set(get_args(Scope)) - {OPERATOR}
#: The same for a key of the city; the last stands for all others.
_MAY_FOR_ALL: dict[Scope, str] = {
    "posts:read": "see the posts of all businesses",
    "posts:write": "post, change and take back for every business",
    "deliveries:read": "see what arrived",
    "destinations:read": "see all outlets",
    "destinations:write": "connect, change and remove outlets",
    OPERATOR: "do everything, also let businesses in and make keys",
}
assert set(_MAY_FOR_ALL) == set(get_args(Scope))
#: What a till or a web shop needs; a program of the city at first only looks.
_USUAL, _USUAL_FOR_ALL = ("posts:read", "posts:write", "deliveries:read"), ("posts:read", "deliveries:read")
#: Keys of merchants that the town hall's page lists, at most.
_MOST_OF_MERCHANTS = 200
_NONE_TICKED = Reason("Please tick at least one.")
_MADE_ALREADY = Reason("A key was made already. If it is lost, take it back below and make another one.")


@dataclass(frozen=True)
class Ring:
    """Whose keys stand on a page: those of a merchant, or of the city where there is none. `at`: the page's address."""

    at: str
    merchant: MerchantRecord | None
    may: Mapping[Scope, str]
    usual: tuple[str, ...]

    def keys(self) -> list[KeyRecord]:
        """All of them, newest first."""
        return api_keys.listed(self.merchant.id) if self.merchant else api_keys.of_city()

    def make(self, wanted: KeyRequest) -> str:
        """A new key; its text. Raises as `api_keys` does."""
        made = (
            api_keys.create_own(self.merchant.id, wanted) if self.merchant else api_keys.create(None, wanted)
        )
        return made.text


def _of(slug: str) -> Ring:
    return Ring(links.to("/desk/merchants", slug, "keys"), merchants.by_slug(slug), _MAY, _USUAL)


_CITY = Ring("/desk/city/keys", None, _MAY_FOR_ALL, _USUAL_FOR_ALL)


@router.get("/merchants/{slug}/keys")
def listed(request: Request, known: Visitor, slug: str) -> Response:
    """All keys of a merchant, those that are over too, and the form."""
    return _page(request, known, _of(slug))


@router.post("/merchants/{slug}/keys")
def make(request: Request, known: Visitor, slug: str, form: PostForm) -> Response:
    """A new key of a merchant, shown this once; or the form again."""
    return _made(request, known, _of(slug), form)


@router.post("/merchants/{slug}/keys/{key_id}")
def revoke(known: Visitor, slug: str, key_id: str, form: Form) -> Response:
    """Take a merchant's key back, for good. Raises NotFound for another's."""
    api_keys.revoke(key_id, owner=merchants.by_slug(slug).id)
    return onward("/desk/merchants", slug, "keys")


@router.get("/city/keys")
def of_city(request: Request, known: Visitor) -> Response:
    """All keys of the city and the form, and those of merchants that are good."""
    return _page(request, known, _CITY)


@router.post("/city/keys")
def make_for_city(request: Request, known: Visitor, form: PostForm) -> Response:
    """A new key of the city, shown this once; or the form again."""
    return _made(request, known, _CITY, form)


@router.post("/city/keys/{key_id}")
def revoke_any(known: Visitor, key_id: str, form: Form) -> Response:
    """Take back a key of the city, or of a merchant, for good."""
    api_keys.revoke(key_id)
    return onward(_CITY.at)


def _made(request: Request, known: Account, ring: Ring, form: Filled) -> Response:
    """`seen` is the newest key that the page knew, so that loading the answer again makes no other."""
    name, scopes = form.typed.get("name", ""), form.typed.get("scopes", "").splitlines()
    try:
        if form.typed.get("seen", "") != _newest(ring.keys()):
            raise Conflict(_MADE_ALREADY)
        text = ring.make(KeyRequest.model_validate({"name": name, "scopes": scopes}))
    except ValidationError as error:
        faults = faults_of(error)
    except Invalid as error:
        faults = error.faults
    except (Forbidden, Conflict) as error:
        faults = (Fault("form", str(error)),)
    else:
        return _page(request, known, ring, made=text)
    return _page(request, known, ring, name=name, scopes=scopes, faults=faults)


def _newest(records: list[KeyRecord]) -> str:
    return records[0].id if records else ""


def _page(
    request: Request,
    known: Account,
    ring: Ring,
    *,
    name: str = "",
    scopes: list[str] | None = None,
    faults: tuple[Fault, ...] = (),
    made: str = "",
) -> Response:
    records = ring.keys()
    say = gettext(known.language)
    return desk_page(
        request,
        known,
        "keys.html",
        status=422 if faults else 200,
        at=ring.at,
        here=ring.at,
        keys=[_shown(one, ring, known.language) for one in records],
        of_merchants=None if ring.merchant else _of_merchants(known.language),
        seen=_newest(records),
        may=[
            (scope, say(words), scope in (ring.usual if scopes is None else scopes))
            for scope, words in ring.may.items()
        ],
        name=name,
        faults=_said(faults, known.language),
        made=made,
        **({"merchant": ring.merchant} if ring.merchant else {}),
    )


def _said(faults: tuple[Fault, ...], language: str) -> dict[str, str]:
    said: dict[str, str] = {}
    for one in faults:
        field = one.field.partition(".")[0]
        said.setdefault(field, translated_error(_NONE_TICKED if field == "scopes" else one.message, language))
    return said


def _of_merchants(language: str) -> list[dict[str, Any]]:
    """Keys of merchants that are good, for whoever must take back one that got into wrong hands."""
    found = api_keys.of_merchants(_MOST_OF_MERCHANTS)
    shown = [{**_shown(one, _CITY, language), "merchant": name} for name, one in found]
    return [one for one in shown if one["good"]]


def _shown(record: KeyRecord, ring: Ring, language: str) -> dict[str, Any]:
    say = gettext(language)
    over = record.expires_at is not None and record.expires_at <= clock.now()
    return {
        "id": record.id,
        "name": record.name,
        "may": [say(words) for scope, words in ring.may.items() if scope in record.scopes],
        "made": record.created_at,
        "used": record.last_used_at,
        "until": record.expires_at,
        "revoked": record.revoked_at,
        "good": record.revoked_at is None and not over,
    }
