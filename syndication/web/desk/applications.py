"""Businesses that applied: what waits for the town hall, and one of them with what can be done about it."""

from collections.abc import Mapping
from types import MappingProxyType
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from syndication.accounts import admissions, proofs
from syndication.accounts.people import Account
from syndication.errors import Conflict, Invalid
from syndication.infra.reasons import translated_error
from syndication.web import signed_in
from syndication.web.desk.forms import LongForm
from syndication.web.desk.frame import desk_page, onward
from syndication.web.signed_in import Visitor

router = APIRouter(prefix="/desk/city/applications", dependencies=[Depends(signed_in.allowed)])


@router.get("")
def waiting(request: Request, known: Visitor) -> Response:
    """What waits for a decision, the oldest first."""
    return desk_page(request, known, "applications.html", waiting=admissions.waiting())


@router.get("/{application_id}")
def application(request: Request, known: Visitor, application_id: UUID, done: str = "") -> Response:
    """What a business says of itself, who has the same name, what was done, and the buttons."""
    return _page(request, known, application_id, done=done == "1")


@router.get("/{application_id}/proof")
def proof(application_id: UUID) -> Response:
    """The file that a stranger sent, to be kept and never shown here. Raises NotFound once somebody has decided."""
    found = proofs.read(application_id)
    headers = {
        "Content-Disposition": f'attachment; filename="proof-{application_id}.{found.suffix}"',
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": "no-store",
    }
    return Response(found.data, media_type=found.media_type, headers=headers)


@router.post("/{application_id}")
def decide(request: Request, known: Visitor, application_id: UUID, form: LongForm) -> Response:
    """Admit, decline, or ask back; or the page again, with what is wrong."""
    merchant_id = admissions.read(application_id).merchant_id
    by, because = f"{known.name} <{known.email}>", form.get("because", "")
    try:
        match form.get("act", ""):
            case "admit":
                admissions.admit(merchant_id, by)
            case "decline":
                admissions.decline(merchant_id, because, by)
            case "ask":
                admissions.ask_back(merchant_id, because, by)
            case _:
                return _page(request, known, application_id, because=because)
    except Invalid as error:
        faults = {one.field: translated_error(one.message, known.language) for one in error.faults}
        return _page(request, known, application_id, because=because, faults=faults, status=422)
    except Conflict as error:
        faults = {"form": translated_error(str(error), known.language)}
        return _page(request, known, application_id, because=because, faults=faults, status=409)
    return onward("/desk/city/applications", str(application_id), done="1")


def _page(
    request: Request,
    known: Account,
    application_id: UUID,
    *,
    because: str = "",
    faults: Mapping[str, str] = MappingProxyType({}),
    done: bool = False,
    status: int = 200,
) -> Response:
    one = admissions.read(application_id)
    return desk_page(
        request,
        known,
        "application.html",
        status=status,
        one=one,
        namesakes=admissions.namesakes(one),
        because=because,
        faults=faults,
        done=done,
    )
