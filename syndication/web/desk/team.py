"""Who acts for a merchant, and who for the city: asked in by a mail, removed by a button."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from syndication.accounts import invitations, people
from syndication.accounts.people import ROLES, Account, MembershipRole, Role
from syndication.errors import Conflict, Invalid
from syndication.infra.reasons import translated_error
from syndication.publishing import merchants
from syndication.web import signed_in
from syndication.web.desk.forms import Form
from syndication.web.desk.frame import desk_page, onward
from syndication.web.signed_in import Visitor

router = APIRouter(prefix="/desk", dependencies=[Depends(signed_in.allowed)])


@router.get("/merchants/{slug}/team")
def team(request: Request, known: Visitor, slug: str) -> Response:
    """Who acts for a merchant; owners have the form too."""
    return _team(request, known, slug)


@router.post("/merchants/{slug}/team")
def invite(request: Request, known: Visitor, slug: str, form: Form) -> Response:
    """Let somebody act for a merchant, and tell them by mail; or the form again, with what is wrong."""
    role: MembershipRole = "owner" if form.get("role") == "owner" else "member"
    try:
        invitations.to_merchant(known, form.get("email", ""), slug, role, name=form.get("name", ""))
    except (Invalid, Conflict) as error:
        return _team(request, known, slug, typed=form, fault=_said(error, known.language))
    return onward(f"/desk/merchants/{slug}/team")


@router.post("/merchants/{slug}/team/{person_id}")
def remove(request: Request, known: Visitor, slug: str, person_id: UUID) -> Response:
    """Somebody acts for a merchant no more."""
    try:
        people.leave(person_id, slug)
    except Conflict as error:
        return _team(request, known, slug, fault=_said(error, known.language))
    return onward("/desk") if person_id == known.person_id else onward(f"/desk/merchants/{slug}/team")


@router.get("/city/team")
def town_hall(request: Request, known: Visitor) -> Response:
    """Who acts for the city, with the form."""
    return _town_hall(request, known)


@router.post("/city/team")
def employ(request: Request, known: Visitor, form: Form) -> Response:
    """Let somebody act for the city, and tell them by mail; or the form again, with what is wrong."""
    role: Role = next((one for one in ROLES if one == form.get("role")), ROLES[0])
    try:
        invitations.to_city(known, form.get("email", ""), role, name=form.get("name", ""))
    except (Invalid, Conflict) as error:
        return _town_hall(request, known, typed=form, fault=_said(error, known.language))
    return onward("/desk/city/team")


@router.post("/city/team/{person_id}")
def change_role(request: Request, known: Visitor, person_id: UUID, form: Form) -> Response:
    """Somebody may do something else for the city, or nothing more; what they may do for merchants stays."""
    role: Role | None = next((one for one in ROLES if one == form.get("role")), None)
    try:
        changed = invitations.change_role(person_id, role, who=known.name)
    except Conflict as error:
        return _town_hall(request, known, fault=_said(error, known.language))
    if person_id == known.person_id and role != "operator":
        return onward("/desk")
    return onward("/desk/city/team", **({"changed": str(person_id)} if changed else {}))


def _team(
    request: Request, known: Account, slug: str, *, typed: dict[str, str] | None = None, fault: str = ""
) -> Response:
    return _page(
        request,
        known,
        "team.html",
        typed,
        fault,
        merchant=merchants.by_slug(slug),
        members=people.members(slug),
    )


def _town_hall(
    request: Request, known: Account, *, typed: dict[str, str] | None = None, fault: str = ""
) -> Response:
    everybody = [one for one in people.listed() if one.role is not None]
    changed = request.query_params.get("changed", "")
    told = next((one for one in everybody if str(one.id) == changed), None)
    at = "/desk/city/team"
    return _page(request, known, "city_team.html", typed, fault, at=at, everybody=everybody, told=told)


def _page(
    request: Request, known: Account, template: str, typed: dict[str, str] | None, fault: str, **values: Any
) -> Response:
    return desk_page(
        request, known, template, status=422 if fault else 200, entry=typed or {}, fault=fault, **values
    )


def _said(error: Invalid | Conflict, language: str) -> str:
    if isinstance(error, Invalid):
        return " ".join(translated_error(one.message, language) for one in error.faults)
    return translated_error(str(error), language)
