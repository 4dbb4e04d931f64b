"""What does not arrive, by its cause and not row by row: since when, how much waits for it, whose move it is, and what helps."""

from typing import Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from syndication import clock
from syndication.accounts.people import Account
from syndication.ledger import bulk
from syndication.web import signed_in
from syndication.web.desk.city.act_words import shown_act
from syndication.web.desk.city.causes import shown_causes
from syndication.web.desk.city.frame import city_page, city_part
from syndication.web.desk.city.watch import watch
from syndication.web.signed_in import Visitor
from syndication.web.site.layout import language_of

router = APIRouter(prefix="/desk/city/trouble", dependencies=[Depends(signed_in.allowed)])
#: Causes shown, those that need somebody first; of more than these nobody reads a list.
_MOST = 40


@router.get("")
def page(request: Request, known: Visitor) -> Response:
    """All causes, with what somebody must act on first."""
    return city_page(request, known, "trouble.html", **_shown(request, known))


@router.get("/now")
def now(request: Request, known: Visitor) -> Response:
    """The part of that page that keeps itself new."""
    return watch(request).part(
        ("trouble", language_of(request, known.language), str(known.role)),
        lambda: city_part(request, known, "trouble_now.html", **_shown(request, known)),
    )


def _shown(request: Request, known: Account) -> dict[str, Any]:
    rows = watch(request).failing()
    return {
        "causes": shown_causes(rows[:_MOST], known.language),
        "more": max(0, len(rows) - _MOST),
        "acts": [shown_act(one, known.language) for one in bulk.latest(limit=5)],
        "looked_at": clock.now(),
        "acting": known.may("operator"),
    }
