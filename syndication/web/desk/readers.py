"""Readers at the town hall's desk: how many there are, and one of them who asks what is known of them, or to be erased.

No address stands in an address bar or a log: who is looked for comes by POST, and a page of a reader is named by a sealed number.
"""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from syndication.accounts.people import Account
from syndication.audience import editions, readers
from syndication.config import settings
from syndication.errors import Invalid, NotFound
from syndication.infra.reasons import translated_error
from syndication.infra.rendering import day, gettext
from syndication.infra.signing import Tokens
from syndication.insight import growth, one_reader
from syndication.insight.one_reader import ReaderRow
from syndication.web import signed_in
from syndication.web.desk import editions as newsletters
from syndication.web.desk.forms import Form
from syndication.web.desk.frame import desk_page, onward
from syndication.web.signed_in import Visitor
from syndication.web.site import promised
from syndication.web.site.layout import language_of

router = APIRouter(prefix="/desk/city/readers", dependencies=[Depends(signed_in.allowed)])

#: Height of the chart in its own units.
_HIGH = 50
_UNKNOWN = "There is nothing at this address."


@router.get("")
def overview(request: Request, known: Visitor, gone: str = "") -> Response:
    """How many there are, how the list grows, and the way to one of them."""
    return overview_page(request, known, gone=gone == "1")


@router.post("")
def find(request: Request, known: Visitor, form: Form) -> Response:
    """On to the page of the reader with exactly this address."""
    typed = form.get("email", "")
    try:
        found = one_reader.reader(typed)
    except (Invalid, NotFound) as error:
        readers.looked_up(typed)
        fault = (
            translated_error(error.faults[0].message, known.language)
            if isinstance(error, Invalid)
            else gettext(language_of(request, known.language))("Nobody on the list has this address.")
        )
        return overview_page(request, known, sought=typed, faults={"email": fault}, status=422)
    return onward("/desk/city/readers", reference(found.id))


def _found(ref: str) -> ReaderRow:
    """The reader whom an address of ours names. Raises NotFound."""
    value = _sealed().read(ref)
    if not isinstance(value, int):
        raise NotFound(_UNKNOWN)
    return one_reader.numbered(value)


Found = Annotated[ReaderRow, Depends(_found)]


@router.get("/{ref}")
def one(request: Request, known: Visitor, ref: str, found: Found, done: str = "") -> Response:
    """One reader with the proof of consent, and the buttons."""
    readers.looked_up(found.email)
    language = language_of(request, known.language)
    return desk_page(
        request,
        known,
        "reader.html",
        one=found,
        ref=ref,
        framed=True,
        tells=editions.foreseen_for(found.id) is not None,
        chosen=promised.choices(readers.by_number(found.id), language),
        done=done == "left",
    )


@router.get("/{ref}/export")
def export(known: Visitor, found: Found) -> Response:
    """Everything that is kept about them, as they would get it themselves (GDPR Art. 15 and 20)."""
    said = json.dumps(readers.export_by_address(found.email), ensure_ascii=False, indent=1)
    return Response(
        said,
        media_type="application/json",
        headers={"Content-Disposition": 'attachment; filename="reader.json"'},
    )


@router.get("/{ref}/mail")
def mail(known: Visitor, found: Found) -> Response:
    """Their next newsletter as it would be now, for the frame in the page. Raises NotFound where it would tell nothing."""
    readers.looked_up(found.email)
    edition = editions.foreseen_for(found.id)
    if edition is None:
        raise NotFound("There is nothing to tell them yet.")
    return newsletters.shown_alone(edition.parts)


@router.post("/{ref}")
def act(request: Request, known: Visitor, ref: str, found: Found, form: Form) -> Response:
    """Unsubscribe or erase them."""
    match form.get("act", ""):
        case "leave":
            readers.leave_by_address(found.email)
            return onward("/desk/city/readers", ref, done="left")
        case "erase":
            readers.erase_by_address(found.email)
            return onward("/desk/city/readers", gone="1")
    return onward("/desk/city/readers", ref)


def reference(reader_id: int) -> str:
    """What names a reader in addresses of the desk; it opens nothing for anybody who is not signed in there."""
    return _sealed().make(reader_id)


def _sealed() -> Tokens:
    return Tokens(settings().keys, "reader at the desk")


def overview_page(
    request: Request,
    known: Account,
    *,
    sought: str = "",
    faults: Mapping[str, str] = MappingProxyType({}),
    gone: bool = False,
    status: int = 200,
) -> Response:
    """The page of all readers; `faults` by the field they belong to."""
    language, counted, days = language_of(request, known.language), growth.numbers(), growth.growth()
    most = max(1, *(max(one.came, one.left) for one in days))
    return desk_page(
        request,
        known,
        "readers.html",
        status=status,
        counted=counted,
        cadences=[(promised.rhythm(cadence, language), people) for cadence, people in counted.cadences],
        wanted=[
            (" · ".join(words for _, words in promised.interest(interest, language)), people)
            for interest, people in counted.wanted
        ],
        days=days,
        counted_days=[(day(one.day, language), one.came, one.left) for one in reversed(days)],
        bars=[(one, round(one.came / most * _HIGH), round(one.left / most * _HIGH)) for one in days],
        sought=sought,
        faults=faults,
        gone=gone,
    )
