"""What waits until the town hall has looked at it: let out, sent back, put right; and whose posts are looked at."""

from collections.abc import Iterator
from typing import Any, get_args
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from syndication import clock
from syndication.accounts import reviews
from syndication.accounts.people import Account
from syndication.channels import wording
from syndication.config import settings
from syndication.content.faults import faults_of
from syndication.content.post import Content
from syndication.errors import Conflict, Invalid
from syndication.infra.reasons import translated_error
from syndication.infra.rendering import gettext
from syndication.publishing import approving, merchants, review
from syndication.publishing.approving import WORDS
from syndication.publishing.posts import PostRecord
from syndication.publishing.review import Own, ReviewRecord, Rules, Scope
from syndication.web import signed_in
from syndication.web.desk.city.frame import city_page
from syndication.web.desk.forms import LongForm, PostForm
from syndication.web.desk.frame import onward
from syndication.web.signed_in import Visitor

router = APIRouter(prefix="/desk/city", dependencies=[Depends(signed_in.allowed)])
#: Of so many the list shows what they say; who waits behind them is shown once these are decided.
_SHOWN = 50


@router.get("/review")
def waiting(request: Request, known: Visitor, done: str = "") -> Response:
    """What waits, the oldest first, and whose posts are looked at."""
    return _list(request, known, done=done)


@router.post("/review")
def approve_several(request: Request, known: Visitor, form: PostForm) -> Response:
    """Let out all that were ticked; what could not be is said, and stays."""
    chosen = form.typed.get("post", "").splitlines()[:_SHOWN]
    if not chosen:
        return _list(request, known, faults={"form": gettext(known.language)("Please tick at least one.")})
    refused = [one for one in (_approve(known, *one.partition(":")[::2]) for one in chosen) if one]
    if refused:
        return _list(request, known, done=str(len(chosen) - len(refused)), refused=refused, status=409)
    return onward("/desk/city/review", done=str(len(chosen)))


@router.post("/review/rules")
def rules(request: Request, known: Visitor, form: LongForm) -> Response:
    """Whose posts are looked at from now on; or the page again, with what is wrong."""
    scope: Scope | None = next((one for one in get_args(Scope) if one == form.get("scope")), None)
    typed = form.get("first_posts", "")
    number = int(typed) if typed.isascii() and typed.isdecimal() else typed or None
    try:
        review.set_rules(Rules.model_validate({"scope": scope, "first_posts": number}))
    except ValidationError as error:
        said = {one.field: translated_error(one.message, known.language) for one in faults_of(error)}
        return _list(request, known, faults=said, entry={"scope": scope or "", "first_posts": typed})
    return onward("/desk/city/review", done="rules")


@router.get("/review/{post_id}")
def one(request: Request, known: Visitor, post_id: UUID, done: str = "") -> Response:
    """One of them, as it would go out. Raises NotFound."""
    return _one(request, known, post_id, done=done)


@router.post("/review/{post_id}")
def decide(request: Request, known: Visitor, post_id: UUID, form: LongForm) -> Response:
    """Let it out, send it back, or put a word right; or the page again, with what is wrong, or with who was faster."""
    seen = form.get("version", "")
    version = int(seen) if seen.isascii() and seen.isdecimal() and len(seen) < 9 else 0
    try:
        match form.get("act"):
            case "approve":
                approving.approve(post_id, version)
            case "back":
                reviews.send_back(post_id, form.get("because", ""), version)
            case _:
                approving.edit(post_id, version, {name: form[name] for name in WORDS if name in form})
                return onward("/desk/city/review", str(post_id), done="edited")
    except Invalid as error:
        said = {one.field: translated_error(one.message, known.language) for one in error.faults}
        return _one(request, known, post_id, typed=form, faults=said, status=422)
    except Conflict as error:
        said = {"form": translated_error(str(error), known.language)}
        return _one(request, known, post_id, typed=form, faults=said, status=409)
    return onward("/desk/city/review", str(post_id), done=form.get("act", ""))


@router.post("/merchants/{slug}/review")
def rule_of_one(slug: str, form: LongForm) -> Response:
    """Whether this merchant's posts are looked at: always, never, or as the rules for all say."""
    own: Own | None = next((one for one in get_args(Own) if one == form.get("review")), None)
    review.set_own(merchants.by_slug(slug).id, own)
    return onward("/desk/city/merchants", slug, done="review")


def _approve(known: Account, post_id: str, version: str) -> dict[str, str]:
    """Why one of several could not be let out; empty where it was."""
    try:
        approving.approve(UUID(post_id), int(version))
    except (Conflict, Invalid) as error:
        told = error.faults[0].message if isinstance(error, Invalid) else str(error)
        return {"title": approving.as_it_would_be(UUID(post_id))[1].content.title,
                "why": translated_error(told, known.language)}  # fmt: skip
    except ValueError:
        return {"title": "", "why": gettext(known.language)("Please load the page anew.")}
    return {}


def _list(request: Request, known: Account, *, status: int = 422, **more: Any) -> Response:
    found, set_so = review.waiting(), review.rules()
    stands = {"scope": set_so.scope, "first_posts": str(set_so.first_posts or "")}
    return city_page(
        request,
        known,
        "review.html",
        status=status if more.get("faults") or more.get("refused") else 200,
        waiting=[_line(one, known.language) for one in found[:_SHOWN]],
        more=len(found) - _SHOWN,
        **{"done": "", "faults": {}, "refused": [], "entry": stands, **more},
    )


def _one(
    request: Request,
    known: Account,
    post_id: UUID,
    *,
    done: str = "",
    typed: dict[str, str] | None = None,
    faults: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    standing, wanted = approving.as_it_would_be(post_id)
    found, content = review.read(post_id), wanted.content
    said = {name: str(getattr(content, name) or "") for name in WORDS}
    return city_page(
        request,
        known,
        "review_post.html",
        status=status,
        post=_post(wanted, known.language),
        one=found,
        standing=standing,
        content=content,
        facts=wording.facts(content, settings().zone, known.language),
        differences=list(_differences(standing.content, content, known.language))
        if found and found.correction
        else [],
        entry={**said, "because": "", **(typed or {})},
        faults=faults or {},
        done=done,
    )


def _line(one: ReviewRecord, language: str) -> dict[str, Any]:
    return {**_post(approving.as_it_would_be(one.post_id)[1], language), "one": one}


def _post(record: PostRecord, language: str) -> dict[str, Any]:
    content, now = record.content, clock.now()
    own = merchants.by_slug(record.merchant_slug)
    return {
        "id": record.id,
        "title": content.title,
        "summary": content.summary,
        "language": content.language,
        "when": wording.when(content, settings().zone, language, now),
        "merchant": own.name,
        "slug": own.slug,
        "publish_at": record.publish_at,
        "late": record.publish_at is not None and record.publish_at <= now,
        "over": record.over_at is not None and record.over_at <= now,
        "weekly": record.weekly_id is not None,
    }


def _differences(before: Content, after: Content, language: str) -> Iterator[tuple[str, str, str]]:
    """What a correction changes: what it is called, as it stands, and as it would be."""
    say, zone, now = gettext(language), settings().zone, clock.now()
    words = {"title": say("Title"), "summary": say("In one sentence"), "body": say("Text")}
    for name, called in words.items():
        yield from _unlike(called, str(getattr(before, name) or ""), str(getattr(after, name) or ""))
    yield from _unlike(
        say("When"), wording.when(before, zone, language, now), wording.when(after, zone, language, now)
    )
    facts = [{one.label: one.text for one in wording.facts(each, zone, language)} for each in (before, after)]
    for label in dict.fromkeys([*facts[0], *facts[1]]):
        yield from _unlike(label, facts[0].get(label, ""), facts[1].get(label, ""))
    yield from _unlike(say("Web site"), str(before.url or ""), str(after.url or ""))
    pictures = [", ".join(one.alt or str(one.url) for one in each.images) for each in (before, after)]
    yield from _unlike(say("Pictures"), *pictures)


def _unlike(label: str, before: str, after: str) -> Iterator[tuple[str, str, str]]:
    if before != after:
        yield label, before, after
