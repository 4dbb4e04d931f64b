"""Merchants as the town hall sees them: the list, one of them, how much it may post, suspending and admitting it again."""

from datetime import datetime, timedelta
from typing import Any, get_args

from fastapi import APIRouter, Depends
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from syndication import channels, insight
from syndication.accounts import admissions, people, reports, suspensions
from syndication.accounts.people import Account
from syndication.accounts.suspensions import Suspension
from syndication.config import settings
from syndication.content.faults import faults_of
from syndication.errors import Invalid
from syndication.infra.reasons import translated_error, translated_reason
from syndication.insight import merchants as overview
from syndication.publishing import districts, merchants, posts, quota, review
from syndication.publishing.merchants import Amendment, MerchantRecord, State
from syndication.publishing.withdrawal import by_person
from syndication.web import signed_in
from syndication.web.desk.city.frame import city_page
from syndication.web.desk.city_posts import line
from syndication.web.desk.days import said_day
from syndication.web.desk.forms import LongForm
from syndication.web.desk.frame import onward
from syndication.web.desk.log_words import named
from syndication.web.signed_in import Visitor
from syndication.web.site import links

router = APIRouter(prefix="/desk/city/merchants", dependencies=[Depends(signed_in.allowed)])
_A_PAGE, _POSTS = 50, 8
#: A later page of the list than anybody leafs to.
_MOST = 100_000


@router.get("")
def listed(request: Request, known: Visitor, q: str = "", state: str = "", skip: int = 0) -> Response:
    """All merchants by name, those in one state, or those whose name, slug or address is like `q`."""
    sought, skipped = q.strip()[:200], min(max(skip, 0), _MOST)
    chosen: State | None = next((one for one in get_args(State) if one == state), None)
    found = overview.rows(text=sought, state=chosen, skipped=skipped, limit=_A_PAGE + 1)
    kept = {name: value for name, value in (("q", sought), ("state", chosen or "")) if value}
    more = links.to("/desk/city/merchants", **kept, skip=str(skipped + _A_PAGE))
    return city_page(
        request,
        known,
        "merchants.html",
        rows=found[:_A_PAGE],
        counts=overview.counts(),
        chosen=chosen or "",
        sought=sought,
        onward=more if len(found) > _A_PAGE else "",
    )


@router.get("/{slug}")
def merchant(request: Request, known: Visitor, slug: str, done: str = "") -> Response:
    """One merchant: facts, people, quota, posts, outlets. Raises NotFound."""
    return _page(request, known, merchants.by_slug(slug), done=done)


@router.post("/{slug}/quota")
def change_quota(request: Request, known: Visitor, slug: str, form: LongForm) -> Response:
    """How many posts it may create in a day; or the page again, with what is wrong."""
    own, typed = merchants.by_slug(slug), form.get("posts_per_day", "")
    try:
        number = int(typed) if typed.isascii() and typed.isdecimal() else typed or None
        merchants.update(own.id, Amendment.model_validate({"posts_per_day": number}))
    except ValidationError as error:
        said = {one.field: translated_error(one.message, known.language) for one in faults_of(error)}
        return _page(request, known, own, typed=typed, faults=said)
    return onward("/desk/city/merchants", slug, done="quota")


@router.post("/{slug}/district")
def change_district(request: Request, known: Visitor, slug: str, form: LongForm) -> Response:
    """In which part of town it is; or the page again, with what is wrong."""
    own, typed = merchants.by_slug(slug), form.get("district", "").strip()
    try:
        merchants.update(own.id, Amendment.model_validate({"district": typed or None}))
    except ValidationError as error:
        said = {one.field: translated_error(one.message, known.language) for one in faults_of(error)}
        return _page(request, known, own, district=typed, faults=said)
    return onward("/desk/city/merchants", slug, done="district")


@router.get("/{slug}/suspend")
def ask_to_suspend(request: Request, known: Visitor, slug: str) -> Response:
    """What a suspension touches, and the form that says why."""
    return _suspension(request, known, merchants.by_slug(slug), {}, {})


@router.post("/{slug}/suspend")
def suspend(request: Request, known: Visitor, slug: str, form: LongForm) -> Response:
    """Suspend it; or the form again, with what is wrong."""
    own = merchants.by_slug(slug)
    faults: dict[str, str] = {}
    because, until = "", None
    try:
        because = suspensions.because(form.get("because", ""))
    except Invalid as error:
        faults |= _said(error, known)
    try:
        until = _ends(form.get("until", ""), known)
    except Invalid as error:
        faults |= _said(error, known)
    if form.get("stands") not in ("stays", "goes"):
        faults["stands"] = ""
    if not faults:
        try:
            wanted = Suspension(because=because, until=until, withdraw=form["stands"] == "goes")
            suspensions.suspend(own.id, wanted)
            return onward("/desk/city/merchants", slug, done="suspended")
        except Invalid as error:
            faults |= _said(error, known)
    return _suspension(request, known, own, form, faults)


@router.get("/{slug}/admit")
def ask_to_admit(request: Request, known: Visitor, slug: str) -> Response:
    """What goes on once it is admitted again, and the button."""
    own = merchants.by_slug(slug)
    found = suspensions.consequences(own.id)
    return city_page(request, known, "merchant_admit.html", own=own, found=found)


@router.post("/{slug}/admit")
def admit(known: Visitor, slug: str) -> Response:
    """Let it publish, for the first time or again."""
    admissions.admit(merchants.by_slug(slug).id, by_person(known.person_id))
    return onward("/desk/city/merchants", slug, done="admitted")


def _page(
    request: Request,
    known: Account,
    own: MerchantRecord,
    *,
    done: str = "",
    typed: str | None = None,
    district: str | None = None,
    faults: dict[str, str] | None = None,
) -> Response:
    decides, language = known.may("operator"), known.language
    return city_page(
        request,
        known,
        "merchant.html",
        status=422 if faults else 200,
        own=own,
        row=overview.row(own.id),
        days=overview.DAYS,
        people=people.members(own.slug),
        quota=own.posts_per_day or settings().posts_per_day,
        standard=settings().posts_per_day,
        left=quota.left(own.id),
        posts=[line(one, language) for one in posts.listed(merchant_id=own.id, limit=_POSTS)],
        outlets=[_outlet(one, language) for one in insight.destinations(merchant=own.slug)],
        review=review.own_of(own.id) or "",
        looked_at=review.applies_to(own.id),
        decides=decides,
        enters=known.may("editor"),
        application=admissions.standing(own.id) if decides else None,
        reports=reports.of_merchant(own.id) if decides else [],
        suspended_by=named(merchants.suspended_by(own.id), language) if own.state == "suspended" else "",
        entry=str(own.posts_per_day or "") if typed is None else typed,
        district=(own.district or "") if district is None else district,
        districts=districts.known() if decides else [],
        faults=faults or {},
        done=done,
    )


def _outlet(one: insight.DestinationRow, language: str) -> dict[str, Any]:
    sign = "failed" if one.state != "active" else "waits" if one.failing_since else "sent"
    return {
        "name": one.name,
        "network": channels.by_kind(one.channel).label if channels.known(one.channel) else one.channel,
        "sign": "off" if one.state == "paused" and not one.reason else sign,
        "state": one.state,
        "since": one.failing_since,
        "last": one.last_sent_at,
        "reason": translated_reason(one.reason, language) if one.reason else "",
    }


def _suspension(
    request: Request, known: Account, own: MerchantRecord, typed: dict[str, str], faults: dict[str, str]
) -> Response:
    again = own.state == "suspended"
    ends = own.suspended_until
    # At the end of a day, as the page says it.
    last = ends.astimezone(settings().zone) - timedelta(seconds=1) if ends else None
    before = {
        "because": own.suspended_because if again else "",
        "until": f"{last:%d.%m.%Y}" if last else "",
        "stands": "",
    }
    return city_page(
        request,
        known,
        "merchant_suspend.html",
        status=422 if faults else 200,
        own=own,
        again=again,
        found=suspensions.consequences(own.id),
        entry={name: typed.get(name, said) for name, said in before.items()},
        faults=faults,
    )


def _ends(typed: str, known: Account) -> datetime | None:
    """The end of the day that was named, None for none. Raises Invalid."""
    if not typed:
        return None
    day = said_day("until", typed, known.language) + timedelta(days=1)
    return datetime(day.year, day.month, day.day, tzinfo=settings().zone)


def _said(error: Invalid, known: Account) -> dict[str, str]:
    return {one.field: translated_error(one.message, known.language) for one in error.faults}
