"""A merchant's posts, and where each one went."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from syndication import channels, clock, insight
from syndication.accounts import admissions
from syndication.channels import wording
from syndication.config import settings
from syndication.content.reason import Reason
from syndication.infra.reasons import translated_reason
from syndication.publishing import merchants, posts
from syndication.publishing.posts import PostRecord
from syndication.publishing.withdrawal import COMMAND
from syndication.web import signed_in
from syndication.web.desk.frame import desk_page, onward
from syndication.web.signed_in import Visitor
from syndication.web.site import links

router = APIRouter(prefix="/desk", dependencies=[Depends(signed_in.allowed)])
_A_PAGE = 30
#: What becomes of a delivery, in words.
_STATES = {
    "waiting": Reason("waits"),
    "sending": Reason("is on its way"),
    "sent": Reason("arrived"),
    "failed": Reason("did not arrive"),
    "dropped": Reason("was left out"),
    "unconfirmed": Reason("perhaps arrived"),
}


@dataclass(frozen=True)
class Outlet:
    """How it stands with a post at one outlet."""

    name: str
    network: str
    state: str
    word: str
    reason: str
    link: str | None


@router.get("")
def home(request: Request, known: Visitor) -> Response:
    """All merchants of a person; whoever acts for one alone sees its posts at once."""
    if len(known.merchants) == 1 and known.role is None:
        return onward("/desk/merchants", *known.merchants)
    return desk_page(request, known, "home.html")


@router.get("/merchants/{slug}")
def merchant(request: Request, known: Visitor, slug: str, after: UUID | None = None) -> Response:
    """What a merchant posted, the newest first."""
    own = merchants.by_slug(slug)
    found = posts.listed(merchant_id=own.id, after=after, limit=_A_PAGE + 1)
    shown = found[:_A_PAGE]
    onwards = links.to(f"/desk/merchants/{slug}", after=str(shown[-1].id)) if len(found) > _A_PAGE else ""
    return desk_page(
        request,
        known,
        "posts.html",
        merchant=own,
        standing=admissions.standing(own.id) if own.state == "applied" else None,
        posts=[_line(one, known.language) for one in shown],
        onward=onwards,
    )


@router.get("/merchants/{slug}/posts/{post_id}")
def where(request: Request, known: Visitor, slug: str, post_id: UUID) -> Response:
    """Where a post went: each outlet with its state, and how many people. Raises NotFound for another's."""
    own = merchants.by_slug(slug)
    record = posts.read(post_id, merchant_id=own.id)
    language, went = known.language, insight.journey(post_id)
    newest: dict[UUID, insight.Stop] = {}
    for stop in went.destinations:  # the newest first
        newest.setdefault(stop.destination_id, stop)
    outlets = [
        Outlet(
            stop.destination,
            channels.by_kind(stop.channel).label,
            stop.state,
            translated_reason(_STATES[stop.state], language),
            translated_reason(stop.reason, language),
            stop.link,
        )
        for stop in newest.values()
    ]
    people = {state: sum(one.count for one in went.readers if one.state == state) for state in _STATES}
    return desk_page(
        request,
        known,
        "post.html",
        merchant=own,
        post=_line(record, language),
        outlets=outlets,
        people=people,
        withdrawn=_withdrawn(record) if record.state == "withdrawn" else None,
    )


def _withdrawn(record: PostRecord) -> dict[str, Any]:
    """What its merchant is told of a post that was taken back: when, why, by whom."""
    own = record.withdrawn_by.startswith(("key ", "person "))
    return {
        "at": record.withdrawn_at,
        "reason": record.withdrawn_reason,
        "statement": record.withdrawn_statement,
        "by": record.withdrawn_by if own else "",
        "by_the_city": record.withdrawn_by == COMMAND,
    }


def _line(record: PostRecord, language: str) -> dict[str, Any]:
    """What the templates show of a post in a list."""
    content, cfg, now = record.content, settings(), clock.now()
    over = record.over_at is not None and record.over_at <= now
    return {
        "id": record.id,
        "title": content.title,
        "language": content.language,
        "mark": wording.mark(content.standing, language),
        "when": wording.when(content, cfg.zone, language, now),
        "state": "over" if record.state == "published" and over else record.state,
        "publish_at": record.publish_at,
        "missed_at": record.missed_at,
        "page": f"/posts/{record.id}" if record.state == "published" else "",
    }
