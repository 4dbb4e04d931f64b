"""The town hall opens a merchant's desk in its name, and leaves it."""

from fastapi import APIRouter, Depends
from starlette.responses import Response

from syndication.accounts import in_their_name
from syndication.web import signed_in
from syndication.web.desk.frame import onward
from syndication.web.signed_in import Visitor

router = APIRouter(prefix="/desk", dependencies=[Depends(signed_in.allowed)])


@router.post("/city/merchants/{slug}/enter")
def enter(known: Visitor, slug: str) -> Response:
    """On to the merchant's desk, with the bar that says in whose name."""
    in_their_name.begin(known, slug)
    return onward("/desk/merchants", slug)


@router.post("/leave")
def leave(known: Visitor) -> Response:
    """Back to the merchant's page at the town hall."""
    slug = in_their_name.end(known)
    return onward("/desk/city/merchants", slug) if slug else onward("/desk")
