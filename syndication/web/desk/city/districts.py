"""Parts of town: how many businesses and readers each has; one is called otherwise, two become one, one stands alone again."""

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from syndication.accounts.people import Account
from syndication.audience import district_acts
from syndication.errors import Conflict, Invalid
from syndication.infra.reasons import translated_error
from syndication.web import signed_in
from syndication.web.desk.city.frame import city_page
from syndication.web.desk.forms import Form
from syndication.web.desk.frame import onward
from syndication.web.signed_in import Visitor

_AT = "/desk/city/districts"
router = APIRouter(prefix=_AT, dependencies=[Depends(signed_in.allowed)])


@router.get("")
def listed(request: Request, known: Visitor, done: str = "", district: str = "") -> Response:
    """All parts of town. `done` and `district`: what was just done."""
    rows = district_acts.listed()
    done = done if done in ("renamed", "split") and any(one.name == district for one in rows) else ""
    return city_page(request, known, "districts.html", districts=rows, done=done, about=district)


@router.get("/one")
def one(request: Request, known: Visitor, name: str = "") -> Response:
    """One with its forms; its name stands in the query, as it may hold any character. Raises NotFound."""
    return _page(request, known, name) if name else listed(request, known)


@router.post("/one")
def act(request: Request, known: Visitor, form: Form) -> Response:
    """Do it; or the page again, with what is wrong, or with what making two one comes to. Raises NotFound."""
    name, to, act = form.get("district", ""), form.get("name", ""), form.get("act", "")
    if act == "split":
        into = district_acts.split(name)
        return onward(_AT, done="split", district=into)
    try:
        called = district_acts.rename(name, to, join=act == "join")
    except Invalid as error:
        faults = {"name": translated_error(error.faults[0].message, known.language)}
        return _page(request, known, name, to=to, faults=faults)
    except Conflict:
        return _page(request, known, name, to=to, joins=True)
    return onward(_AT, done="renamed", district=called)


def _page(
    request: Request,
    known: Account,
    name: str,
    *,
    to: str | None = None,
    joins: bool = False,
    faults: dict[str, str] | None = None,
) -> Response:
    row = district_acts.read(name)
    return city_page(
        request,
        known,
        "district.html",
        status=422 if faults or joins else 200,
        at=f"{_AT}/one",
        row=row,
        name=row.name if to is None else to,
        into=district_acts.read(district_acts.spelled(to)) if joins and to is not None else None,
        faults=faults or {},
    )
