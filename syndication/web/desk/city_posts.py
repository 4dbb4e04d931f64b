"""Posts as the town hall looks for them: one as it stands, where it is, and how it is removed everywhere by one act."""

import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from syndication import channels, clock, insight
from syndication.accounts import removals, reports
from syndication.accounts.people import Account
from syndication.accounts.removals import Removal
from syndication.channels import wording
from syndication.config import settings
from syndication.content.faults import faults_of
from syndication.content.reason import Reason
from syndication.delivery.afterwards import Left, left_there
from syndication.errors import Conflict, Fault, NotFound
from syndication.infra.reasons import translated_error, translated_reason
from syndication.infra.rendering import gettext
from syndication.insight.posts import posts as find_posts
from syndication.publishing import merchants, posts, review
from syndication.publishing.posts import PostRecord
from syndication.web import signed_in
from syndication.web.desk.forms import LongForm
from syndication.web.desk.frame import desk_page, onward
from syndication.web.desk.log_words import named
from syndication.web.desk.posts import STATES
from syndication.web.signed_in import Visitor
from syndication.web.site import links

router = APIRouter(prefix="/desk/city/posts", dependencies=[Depends(signed_in.allowed)])
_A_PAGE = 30
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_GOES = Reason("is being taken back")
_GONE = Reason("is gone from there")
_STAYS = Reason("must be deleted there by hand")
_NEVER = Reason("was never there")
#: How long (seconds) outlets are asked again by the page whether it is gone.
_FILLS_IN = 300


@dataclass(frozen=True)
class Place:
    """How it stands with a post at one outlet. `sign`: sent, waits, failed or off, as parts.html has them."""

    name: str
    network: str
    sign: str
    word: str
    reason: str
    link: str


@router.get("")
def listed(
    request: Request, known: Visitor, q: str = "", of: str = "", after: UUID | None = None
) -> Response:
    """The newest posts, those of the merchant whose slug is `of`, or those whose title, text, merchant or address is like `q`."""
    sought = q.strip()[:200]
    own = merchants.by_slug(of) if of and not sought else None
    found = (
        _sought(sought)
        if sought
        else posts.listed(merchant_id=own.id if own else None, after=after, limit=_A_PAGE + 1)
    )
    shown = found[:_A_PAGE]
    more = len(found) > _A_PAGE and not sought
    kept = {"of": own.slug} if own else {}
    return desk_page(
        request,
        known,
        "city_posts.html",
        posts=[line(one, known.language) for one in shown],
        sought=sought,
        own=own,
        onward=links.to("/desk/city/posts", **kept, after=str(shown[-1].id)) if more else "",
    )


@router.get("/{post_id}")
def one(request: Request, known: Visitor, post_id: UUID, done: str = "") -> Response:
    """A post as it stands, and where it is. Raises NotFound."""
    return _page(request, known, post_id, "city_post.html", done=done == "1")


@router.get("/{post_id}/went")
def went(request: Request, known: Visitor, post_id: UUID) -> Response:
    """The part of that page that fills in as the post is taken back."""
    return _page(request, known, post_id, "city_went.html")


@router.get("/{post_id}/remove")
def ask(request: Request, known: Visitor, post_id: UUID) -> Response:
    """What would happen, what cannot be taken back, and the form that says why."""
    return _form(request, known, post_id, {})


@router.post("/{post_id}/remove")
def remove(request: Request, known: Visitor, post_id: UUID, form: LongForm) -> Response:
    """Remove it everywhere; or the form again, with what is wrong, or with who was faster."""
    typed = {name: form.get(name, "") for name in ("why", "ground", "statement")}
    try:
        wanted = Removal.model_validate({**typed, "tell_readers": "tell" in form})
        removals.remove(post_id, wanted)
    except ValidationError as error:
        return _form(request, known, post_id, form, _said(faults_of(error), known.language))
    except Conflict as error:
        told = {"form": translated_error(str(error), known.language)}
        return _form(request, known, post_id, form, told, status=409)
    return onward("/desk/city/posts", str(post_id), done="1")


def _sought(text: str) -> list[PostRecord]:
    """The post whose id or address it is; else by title, text, and the names of merchants."""
    if (found := _ID.search(text.lower())) is not None:
        try:
            return [posts.read(UUID(found[0]))]
        except NotFound:
            return []
    ids = [row.id for row in find_posts(text=text, limit=_A_PAGE)]
    called = text.casefold()
    for own in merchants.listed(limit=10_000):
        if called in own.name.casefold() or called == own.slug:
            ids += [record.id for record in posts.listed(merchant_id=own.id, limit=_A_PAGE)]
    # Ids grow with time.
    return [posts.read(one) for one in sorted(set(ids), reverse=True)[:_A_PAGE]]


def _page(request: Request, known: Account, post_id: UUID, template: str, *, done: bool = False) -> Response:
    record, language = posts.read(post_id), known.language
    places, mailed = where(record, language)
    young = (clock.now() - record.updated_at).total_seconds() < _FILLS_IN
    under_way = record.state == "withdrawn" and young and any(one.sign == "waits" for one in places)
    unlawful = record.withdrawn_reason == "unlawful"
    return desk_page(
        request,
        known,
        template,
        at=f"/desk/city/posts/{post_id}",
        scripted=True,
        post=line(record, language),
        content=record.content,
        facts=wording.facts(record.content, settings().zone, language),
        places=places,
        mailed=mailed,
        under_way=under_way,
        done=done,
        withdrawn_at=record.withdrawn_at,
        reason=record.withdrawn_reason,
        statement=record.withdrawn_statement,
        by=named(record.withdrawn_by, language),
        told=record.state == "withdrawn" and not record.withdrawn_untold,
        removable=known.may("operator") and not unlawful,
        reports=reports.of_post(post_id) if known.may("operator") else [],
    )


def where(record: PostRecord, language: str) -> tuple[list[Place], int]:
    """How it stands at each outlet, and how many people have it by mail or as a notice, which nobody takes back."""
    journey = insight.journey(record.id)
    stops: dict[UUID, list[insight.Stop]] = {}
    for stop in journey.destinations:  # the newest first
        stops.setdefault(stop.destination_id, []).append(stop)
    places = [_place(record, mine, language) for mine in stops.values()]
    people = sum(one.count for one in journey.readers if one.state in ("sent", "unconfirmed"))
    return sorted(places, key=lambda one: (one.sign != "failed", one.name)), people


def _place(record: PostRecord, stops: list[insight.Stop], language: str) -> Place:
    newest, label = stops[0], channels.by_kind(stops[0].channel).label
    link = next((one.link for one in stops if one.link), "") or ""
    sign = {"sent": "sent", "waiting": "waits", "sending": "waits", "dropped": "off"}.get(
        newest.state, "failed"
    )
    word, reason = STATES[newest.state], newest.reason
    if record.state == "withdrawn":
        had = any(one.action != "withdrawn" and one.state in ("sent", "unconfirmed") for one in stops)
        if newest.action == "withdrawn" and newest.state == "sent":
            sign, word, link = "sent", _GONE, ""
        elif not had:
            sign, word, link = "off", _NEVER, ""
        elif newest.action != "withdrawn" or newest.state in ("waiting", "sending"):
            sign, word = "waits", _GOES
        else:
            sign, word = "failed", _STAYS
    said = translated_reason(word, language), translated_reason(reason, language)
    return Place(newest.destination, label, sign, *said, link)


def _form(
    request: Request,
    known: Account,
    post_id: UUID,
    typed: dict[str, str],
    faults: dict[str, str] | None = None,
    *,
    status: int = 422,
) -> Response:
    record = posts.read(post_id)
    there = left_there(post_id)
    return desk_page(
        request,
        known,
        "city_remove.html",
        status=status if faults else 200,
        post=line(record, known.language),
        done=record.withdrawn_reason == "unlawful",
        withdrawn=record.state == "withdrawn",
        able=[one for one in there if _takes_back(one)],
        stays=[one for one in there if not _takes_back(one)],
        entry={name: typed.get(name, "") for name in ("why", "ground", "statement", "tell")},
        faults=faults or {},
        reported=len([one for one in reports.of_post(post_id) if one.state == "open"]),
    )


def _takes_back(one: Left) -> bool:
    channel = channels.by_kind(one.channel)
    return channel.serves != "readers" and channel.abilities.withdraw


def _said(faults: tuple[Fault, ...], language: str) -> dict[str, str]:
    say = gettext(language)
    words = {
        "why": say("Please choose one."),
        "ground": say("Please name the law or the rule, with at most 200 characters."),
        "statement": say("Please write to the business what of it is so, with at most 1,700 characters."),
    }
    named = {one.field for one in faults}
    return {name: told for name, told in words.items() if name in named}


def line(record: PostRecord, language: str) -> dict[str, Any]:
    """What templates show of a post. Of an unlawful one nothing is left."""
    content, now = record.content, clock.now()
    over = record.over_at is not None and record.over_at <= now
    own = merchants.by_slug(record.merchant_slug)
    return {
        "id": record.id,
        "title": content.title,
        "language": content.language,
        "when": wording.when(content, settings().zone, language, now),
        "state": "over" if record.state == "published" and over else record.state,
        "merchant": own.name,
        "slug": own.slug,
        "published_at": record.published_at,
        "review": found.state if (found := review.read(record.id)) is not None and found.open else "",
        "public": f"/posts/{record.id}" if record.state == "published" else "",
    }
