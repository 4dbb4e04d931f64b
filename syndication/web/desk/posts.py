"""A merchant's posts: what stands, what is to come, what is over, what is being written; and where each one went."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from syndication import channels, clock, insight, kinds
from syndication.accounts import admissions, people
from syndication.accounts.people import Account
from syndication.channels import wording
from syndication.channels.contract import Echo
from syndication.config import settings
from syndication.content.reason import Reason
from syndication.infra.reasons import translated_reason
from syndication.infra.rendering import gettext
from syndication.insight import results
from syndication.insight.posts import posts as find_posts
from syndication.kinds import KINDS
from syndication.publishing import api_keys, drafts, merchants, posts, review, views, weekly
from syndication.publishing.merchants import MerchantRecord
from syndication.publishing.posts import PostRecord, Stand
from syndication.publishing.review import ReviewRecord
from syndication.web import signed_in
from syndication.web.desk.frame import desk_page, onward
from syndication.web.signed_in import Visitor
from syndication.web.site import links

router = APIRouter(prefix="/desk", dependencies=[Depends(signed_in.allowed)])
_A_PAGE = 30
#: What becomes of a delivery, in words.
STATES = {
    "waiting": Reason("waits"),
    "sending": Reason("is on its way"),
    "sent": Reason("arrived"),
    "failed": Reason("did not arrive"),
    "dropped": Reason("was left out"),
    "unconfirmed": Reason("perhaps arrived"),
}
_UNDER_WAY = ("waiting", "sending")


@dataclass(frozen=True)
class Outlet:
    """How it stands with a post at one outlet. `own`: it is the merchant's, who may act on it."""

    delivery_id: int
    destination_id: UUID
    name: str
    network: str
    state: str
    word: str
    reason: str
    link: str | None
    own: bool
    tries: int
    #: What its network counts, where it says anything.
    echo: Echo


@router.get("")
def home(request: Request, known: Visitor) -> Response:
    """All merchants of a person; whoever acts for one alone, or for the city alone, is there at once."""
    if len(known.merchants) == 1 and known.role is None:
        return onward("/desk/merchants", *known.merchants)
    if known.role and not known.merchants:
        return onward("/desk/city")
    return desk_page(request, known, "home.html")


@router.get("/merchants/{slug}")
def merchant(
    request: Request,
    known: Visitor,
    slug: str,
    *,
    show: str = "running",
    q: str = "",
    after: UUID | None = None,
    saved: bool = False,
) -> Response:
    """What a merchant posted, the newest first: `show` says how it stands with them, `q` stands in their words."""
    own, sought = merchants.by_slug(slug), q.strip()[:100]
    stand: Stand | None = next((one for one in get_args(Stand) if one == show), None)
    if sought:
        ids = [row.id for row in find_posts(merchant=slug, text=sought, limit=_A_PAGE)]
        found = [posts.read(one, merchant_id=own.id) for one in ids]
    else:
        found = posts.listed(merchant_id=own.id, stand=stand, after=after, limit=_A_PAGE + 1)
    shown = found[:_A_PAGE]
    more = {"after": str(shown[-1].id), **({"show": show} if stand else {})} if len(found) > _A_PAGE else {}
    return desk_page(
        request,
        known,
        "posts.html",
        merchant=own,
        standing=admissions.standing(own.id) if own.state == "applied" else None,
        posts=_lines(own, shown, known.language),
        weekly=[] if sought or after else weekly.listed(own.id),
        drafts=[] if sought or after else drafts.listed(own.id),
        onward=links.to(f"/desk/merchants/{slug}", **more) if more else "",
        show=stand or "all",
        sought=sought,
        saved=saved,
        kinds=KINDS,
    )


@router.get("/merchants/{slug}/posts/{post_id}")
def where(request: Request, known: Visitor, slug: str, post_id: UUID, *, told: bool = False) -> Response:
    """Where a post went: each outlet with its state, and how many people. Raises NotFound for another's."""
    own = merchants.by_slug(slug)
    if drafts.known(own.id, post_id) is not None and not insight.is_post(post_id):
        return onward("/desk/merchants", slug, "posts", str(post_id), "write")
    return _where(request, known, own, post_id, "post.html", told=told)


@router.get("/merchants/{slug}/posts/{post_id}/went")
def went(request: Request, known: Visitor, slug: str, post_id: UUID) -> Response:
    """The part of that page that fills in as the post arrives."""
    return _where(request, known, merchants.by_slug(slug), post_id, "went.html")


def _where(
    request: Request, known: Account, own: MerchantRecord, post_id: UUID, template: str, *, told: bool = False
) -> Response:
    record, language = posts.read(post_id, merchant_id=own.id), known.language
    outlets, people = arrived(record, own, language)
    say, looked = gettext(language), review.read(post_id)
    return desk_page(
        request,
        known,
        template,
        at=f"/desk/merchants/{own.slug}/posts/{post_id}",
        scripted=True,
        merchant=own,
        post=_line(record, language) | _hall(record, views.by_hall([record.id])) | _reviewed(looked),
        looked=looked,
        outlets=outlets,
        people=people,
        under_way=_fills_in(record, outlets, people),
        told=told,
        deeds=[(deed.name, say(deed.label)) for deed in deeds_of(record)],
        draft=drafts.known(own.id, post_id),
        may_come_weekly=_may_come_weekly(own, record),
        withdrawn=_withdrawn(record, own) if record.state == "withdrawn" else None,
        forgotten=record.withdrawn_reason == "unlawful",
    )


def _may_come_weekly(own: MerchantRecord, record: PostRecord) -> bool:
    """Whether it may begin to; not where it does so already."""
    running = record.weekly_id is not None and weekly.read(own.id, record.weekly_id).ended_at is None
    return not running and weekly.may_come_weekly(record.content)


def deeds_of(record: PostRecord) -> list[Any]:
    """What may be done with a post beside correcting and withdrawing it, as things stand."""
    if record.state != "published" or _over(record):
        return []
    content = record.content
    return [
        deed
        for deed in kinds.of(content).deeds
        if any(getattr(content, name) != value for name, value in deed.fields.items())
    ]


def arrived(record: PostRecord, own: MerchantRecord, language: str) -> tuple[list[Outlet], dict[str, int]]:
    """How it stands at each outlet, the newest news of each; and how many people are in which state."""
    journey = insight.journey(record.id)
    newest: dict[UUID, insight.Stop] = {}
    for stop in journey.destinations:  # the newest first
        newest.setdefault(stop.destination_id, stop)
    mine, echoes = insight.owned_by(own.id, newest), results.echoes_of(record.id)
    outlets = [
        Outlet(
            stop.delivery_id,
            stop.destination_id,
            stop.destination,
            channels.by_kind(stop.channel).label,
            stop.state,
            translated_reason(STATES[stop.state], language),
            translated_reason(stop.reason, language),
            stop.link,
            stop.destination_id in mine,
            stop.attempts,
            echoes.get(stop.destination_id, Echo()),
        )
        for stop in newest.values()
    ]
    people = {state: sum(one.count for one in journey.readers if one.state == state) for state in STATES}
    return outlets, people


def _fills_in(record: PostRecord, outlets: list[Outlet], people: dict[str, int]) -> bool:
    """Whether something is to arrive within moments, so that it is worth looking again."""
    young = (clock.now() - record.updated_at).total_seconds() < 120
    first = any(one.state in _UNDER_WAY and one.tries == 0 for one in outlets)
    return record.state == "published" and (young or first)


def _over(record: PostRecord) -> bool:
    return record.over_at is not None and record.over_at <= clock.now()


def _lines(own: MerchantRecord, found: list[PostRecord], language: str) -> list[dict[str, Any]]:
    signs = insight.signs(record.id for record in found)
    halls, open_ones = views.by_hall(record.id for record in found), review.of([one.id for one in found])
    return [
        {
            **_line(record, language),
            **_hall(record, halls),
            **_reviewed(open_ones.get(record.id)),
            "signs": signs.get(record.id),
            "deeds": bool(deeds_of(record)),
        }
        for record in found
    ]


def _reviewed(found: ReviewRecord | None) -> dict[str, str]:
    """Whether it, or a correction of it, waits for the town hall, or was sent back."""
    return {"review": found.state if found is not None and found.open else ""}


def _hall(record: PostRecord, halls: Mapping[UUID, Mapping[int, str]]) -> dict[str, str]:
    """Who of the town hall wrote a post in the merchant's name, and who changed it last."""
    written = halls.get(record.id, {})
    changed = written.get(record.revision, "") if record.revision > 1 else ""
    return {"hall": written.get(1, ""), "hall_changed": changed}


def _withdrawn(record: PostRecord, own: MerchantRecord) -> dict[str, Any]:
    """What its merchant is told of a post that was taken back: when, why, by whom. Who it was at the town hall is its affair."""
    kind, _, which = record.withdrawn_by.partition(" ")
    key = next((one.name for one in api_keys.listed(own.id) if one.id == which), "") if kind == "key" else ""
    person = people.known(UUID(which)) if kind == "person" else None
    theirs = person is not None and (own.slug in person.merchants or person.role is None)
    of_the_city = kind == "command" or (kind == "key" and not key) or (person is not None and not theirs)
    return {
        "at": record.withdrawn_at,
        "reason": record.withdrawn_reason,
        "statement": record.withdrawn_statement,
        "key": key,
        "person": person.name if person is not None and theirs else "",
        "by_the_city": of_the_city,
        # Who acts in a merchant's name is no secret to it; who removes a post is.
        "hall": person.name if of_the_city and person is not None and not record.withdrawn_reason else "",
    }


def _line(record: PostRecord, language: str) -> dict[str, Any]:
    """What the templates show of a post in a list."""
    content, cfg, now = record.content, settings(), clock.now()
    return {
        "id": record.id,
        "title": content.title,
        "language": content.language,
        "mark": wording.mark(content.standing, language),
        "when": wording.when(content, cfg.zone, language, now),
        "state": "over" if record.state == "published" and _over(record) else record.state,
        "publish_at": record.publish_at,
        "missed_at": record.missed_at,
        "skipped": record.skipped,
        "weekly": record.weekly_id,
        "page": f"/posts/{record.id}" if record.state == "published" else "",
    }
