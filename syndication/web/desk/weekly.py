"""What comes every week: begin it from a post, skip a date, close for a time, change it for all dates, end it."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from syndication import clock
from syndication.accounts.people import Account
from syndication.channels import wording
from syndication.config import settings
from syndication.content.base import new_id
from syndication.content.reason import Reason
from syndication.errors import Conflict, Forbidden, Invalid, NotFound, QuotaExceeded
from syndication.infra.reasons import translated_error, translated_reason
from syndication.infra.rendering import gettext
from syndication.publishing import drafts, merchants, posts, weekly, weekly_anew, weekly_making
from syndication.publishing.merchants import MerchantRecord
from syndication.publishing.weekly import Plan
from syndication.publishing.weekly_anew import Turn
from syndication.publishing.weekly_records import Closure, WeeklyDate, WeeklyRecord
from syndication.web import signed_in
from syndication.web.desk import check, write
from syndication.web.desk.days import said_day
from syndication.web.desk.forms import Form
from syndication.web.desk.frame import desk_page, onward
from syndication.web.signed_in import Visitor

router = APIRouter(prefix="/desk/merchants/{slug}", dependencies=[Depends(signed_in.allowed)])
_REFUSALS = (Invalid, Forbidden, Conflict, QuotaExceeded)
#: Days before a date and the hour at which it is told, as one choice.
_TOLD = {
    "1 17:00": "the day before at 17:00",
    "0 08:00": "on the day itself at 8:00",
    "2 17:00": "two days before at 17:00",
    "7 09:00": "a week before at 9:00",
}
_USUAL = "1 17:00"
_NO_CHOICE = Reason("Please choose one of these.")


@router.get("/posts/{post_id}/weekly")
def begin(request: Request, known: Visitor, slug: str, post_id: UUID, *, told: bool = False) -> Response:
    """How often it comes again, and when each date is told; the id is settled already, so that two taps begin one.

    `told`: the post was published just now.
    """
    return _beginning(request, known, merchants.by_slug(slug), post_id, {"id": str(new_id())}, {}, told=told)


@router.post("/posts/{post_id}/weekly")
def begun(request: Request, known: Visitor, slug: str, post_id: UUID, form: Form) -> Response:
    """Begin it; then its page, with the next three dates."""
    own = merchants.by_slug(slug)
    post = posts.read(post_id, merchant_id=own.id)
    try:
        weekly_id = UUID(form.get("id", ""))
    except ValueError:
        weekly_id = new_id()
    try:
        weekly.begin(own.id, weekly_id, post.content, _plan(form, known), public=post.state == "published")
    except _REFUSALS as error:
        return _beginning(request, known, own, post_id, form, _faults(error, known.language))
    return onward("/desk/merchants", slug, "weekly", str(weekly_id), done="begun")


@router.get("/weekly/{weekly_id}")
def show(request: Request, known: Visitor, slug: str, weekly_id: UUID, *, done: str = "") -> Response:
    """Its next dates, each with what can be done, and what can be done with all. Raises NotFound."""
    own = merchants.by_slug(slug)
    return _page(request, known, own, weekly.read(own.id, weekly_id), {}, {}, done)


@router.post("/weekly/{weekly_id}/dates/{on}/{act}")
def one_date(known: Visitor, slug: str, weekly_id: UUID, on: date, act: str) -> Response:
    """Skip a date, or let it take place after all; a second tap changes nothing."""
    own = merchants.by_slug(slug)
    if act not in ("skip", "take-place"):
        raise NotFound(Reason("There is nothing at this address."))
    (weekly.skip if act == "skip" else weekly.take_place)(own.id, weekly_id, on)
    return onward("/desk/merchants", slug, "weekly", str(weekly_id), done=act)


@router.get("/weekly/{weekly_id}/check")
def look(request: Request, known: Visitor, slug: str, weekly_id: UUID) -> Response:
    """What would change for which dates; back to the form where something in it is wrong."""
    return _checked(request, known, merchants.by_slug(slug), weekly_id, {})


@router.post("/weekly/{weekly_id}/check")
def correct(request: Request, known: Visitor, slug: str, weekly_id: UUID, form: Form) -> Response:
    """Say it on all dates, from now on or from a day on."""
    return _checked(request, known, merchants.by_slug(slug), weekly_id, form, meant=True)


@router.post("/weekly/{weekly_id}/{act}")
def all_dates(request: Request, known: Visitor, slug: str, weekly_id: UUID, act: str, form: Form) -> Response:
    """Close for a time, go on, tell dates at another hour, go on in another way from a day on, end."""
    own = merchants.by_slug(slug)
    try:
        match act:
            case "close":
                weekly.close(own.id, weekly_id, *_span(form, known))
            case "go-on":
                first = said_day("form", form["first"], known.language) if form.get("first") else None
                weekly.go_on(own.id, weekly_id, first)
            case "plan":
                weekly.plan(own.id, weekly_id, _plan(form, known))
            case "turn":
                return _turned(own, weekly_id, form, _turn(form, known))
            case "end":
                weekly.end(own.id, weekly_id)
            case _:
                raise NotFound(Reason("There is nothing at this address."))
    except _REFUSALS as error:
        faults = _faults(error, known.language)
        return _page(request, known, own, weekly.read(own.id, weekly_id), form, faults)
    return onward("/desk/merchants", slug, "weekly", str(weekly_id), done=act)


def _beginning(
    request: Request,
    known: Account,
    own: MerchantRecord,
    post_id: UUID,
    typed: Mapping[str, str],
    faults: dict[str, str],
    *,
    told: bool = False,
) -> Response:
    post = posts.read(post_id, merchant_id=own.id)
    content = post.content
    try:
        first = weekly.first_of(content)
    except Invalid as error:
        raise Conflict(error.faults[0].message) from error
    return desk_page(
        request,
        known,
        "weekly_begin.html",
        status=422 if faults else 200,
        merchant=own,
        post=post,
        said=told,
        title=content.title,
        lang=content.language,
        first=wording.when(first, settings().zone, known.language, clock.now()),
        weekly_id=typed.get("id", ""),
        interval=typed.get("interval", "1"),
        told=typed.get("told", _USUAL),
        last=typed.get("last", ""),
        tellings=_tellings(known.language),
        faults=faults,
    )


def _page(
    request: Request,
    known: Account,
    own: MerchantRecord,
    found: WeeklyRecord,
    typed: Mapping[str, str],
    faults: dict[str, str],
    done: str = "",
) -> Response:
    days = found.days
    told = f"{days.days_before} {days.hour}"
    tellings = _tellings(known.language)
    if told not in dict(tellings):
        words = gettext(known.language)("{} days before at {}").format(days.days_before, days.hour)
        tellings = [(told, words), *tellings]
    today = clock.now().astimezone(settings().zone).date()
    turning = _first_not_out(found)
    return desk_page(
        request,
        known,
        "weekly.html",
        status=422 if faults else 200,
        at=f"/desk/merchants/{own.slug}/weekly/{found.id}",
        merchant=own,
        weekly=found,
        dates=[
            _date(one, known.language)
            for one in found.dates
            if found.ended_at is None or one.state != "withdrawn"
        ],
        reason=translated_reason(found.reason, known.language) if found.reason else "",
        told=typed.get("told", told),
        telling=dict(tellings)[told],
        tellings=tellings,
        last=typed.get("last", _written(days.last)),
        first_closed=typed.get("from", _written(today)),
        until=typed.get("until", ""),
        open_end="open" in typed,
        closures=[_closure(one, today) for one in found.closures],
        successor_id=typed.get("successor") or str(new_id()),
        first=typed.get("first", _written(turning)),
        interval=typed.get("interval", str(days.interval)),
        draft=drafts.known(own.id, found.id),
        done=done,
        faults=faults,
    )


def _checked(
    request: Request,
    known: Account,
    own: MerchantRecord,
    weekly_id: UUID,
    form: Mapping[str, str],
    *,
    meant: bool = False,
) -> Response:
    found, draft = weekly.read(own.id, weekly_id), drafts.known(own.id, weekly_id)
    choice = form.get("from", "")
    if draft is None:  # it was said meanwhile, perhaps by a second tap
        return onward("/desk/merchants", own.slug, "weekly", str(weekly_id))
    try:
        said = write.understood(own, draft, known).draft
    except Invalid:
        return onward("/desk/merchants", own.slug, "posts", str(weekly_id), "write", faults="1")
    faults: dict[str, str] = {}
    if meant:
        try:
            if choice:
                first = said_day("first", choice, known.language)
                answer = _turned(own, weekly_id, form, Turn(first, said))
            else:
                weekly.correct(own.id, weekly_id, said)
                answer = onward("/desk/merchants", own.slug, "weekly", str(weekly_id), done="correct")
        except _REFUSALS as error:
            faults = {"form": " ".join(_faults(error, known.language).values())}
        else:
            drafts.discard(own.id, weekly_id)
            return answer
    standing = [one for one in found.dates if one.state in ("waits", "out")]
    last_out = max((one.on for one in standing if one.state == "out"), default=date.min)
    content = said.content()
    begins_on = weekly_making.named(content, settings().zone) if weekly.may_come_weekly(content) else None
    other_day = begins_on is not None and not found.days.has(begins_on)
    return desk_page(
        request,
        known,
        "weekly_check.html",
        status=422 if faults else 200,
        at=f"/desk/merchants/{own.slug}/weekly/{weekly_id}/check",
        merchant=own,
        weekly=found,
        post=check.shown(said, known.language),
        successor_id=form.get("successor") or str(new_id()),
        other_day=begins_on if other_day else None,
        choices=[(_written(one.on), one.on) for one in standing if one.on > last_out][1:],
        choice=choice,
        changing=[one.on for one in standing if not one.own],
        keeping=[one.on for one in standing if one.own],
        out=[one.on for one in standing if not one.own and one.state == "out"],
        faults=faults,
    )


def _turned(own: MerchantRecord, weekly_id: UUID, form: Mapping[str, str], turn: Turn) -> Response:
    """It goes on in another way; then the page of what does. The id is settled in the form, so that two taps are one act."""
    try:
        successor = UUID(form.get("successor", ""))
    except ValueError:
        successor = new_id()
    weekly_anew.turn(own.id, weekly_id, successor, turn)
    return onward("/desk/merchants", own.slug, "weekly", str(successor), done="turn")


def _first_not_out(found: WeeklyRecord) -> date | None:
    """The first day from which it may go on in another way."""
    out = max((one.on for one in found.dates if one.state == "out"), default=date.min)
    return next((one.on for one in found.dates if one.on > out), found.next_on)


def _closure(one: Closure, today: date) -> dict[str, Any]:
    """What the page shows of a time of being closed."""
    return {
        "first": one.first,
        "last": one.last,
        "behind_on": one.behind_on,
        "ahead": one.first > today,
        "named": _written(one.first),
    }


def _date(one: WeeklyDate, language: str) -> dict[str, Any]:
    """What the page shows of a date."""
    content = one.post.content
    when = wording.when(content, settings().zone, language, clock.now())
    called_off = weekly_making.deed_of(content) is not None
    return {
        "on": one.on.isoformat(),
        "day": one.on,
        "when": when,
        "title": content.title,
        "lang": content.language,
        "mark": wording.mark(content.standing, language),
        "state": one.state,
        "look": "sent" if one.state == "out" else "",
        "own": one.own,
        "post": one.post,
        # What is taken back never comes back.
        "for_good": one.post.state == "published" and not called_off,
    }


def _tellings(language: str) -> list[tuple[str, str]]:
    say = gettext(language)
    return [(value, say(words)) for value, words in _TOLD.items()]


def _plan(form: Mapping[str, str], known: Account) -> Plan:
    before, _, hour = form.get("told", _USUAL).partition(" ")
    if not before.isdecimal() or len(before) > 2 or not _is_hour(hour):
        raise Invalid.field("told", _NO_CHOICE)
    interval = form.get("interval", "1")
    if interval not in ("1", "2"):
        raise Invalid.field("interval", _NO_CHOICE)
    last = said_day("last", form.get("last", ""), known.language) if form.get("last") else None
    return Plan(int(interval), last, int(before), hour)


def _turn(form: Mapping[str, str], known: Account) -> Turn:
    plan = _plan({"told": form.get("told", ""), "interval": form.get("interval", "")}, known)
    return Turn(
        said_day("first", form.get("first", ""), known.language),
        None,
        plan.interval,
        plan.days_before,
        plan.hour,
    )


def _is_hour(text: str) -> bool:
    try:
        return len(text) == 5 and bool(datetime.strptime(text, "%H:%M"))  # noqa: DTZ007 -- an hour of no day
    except ValueError:
        return False


def _span(form: Mapping[str, str], known: Account) -> tuple[date, date | None]:
    """The first and the last closed day, None for no end; who names no first one means today."""
    today = clock.now().astimezone(settings().zone).date()
    first = said_day("from", form["from"], known.language) if form.get("from") else today
    return first, None if "open" in form else said_day("until", form.get("until", ""), known.language)


def _written(day: date | None) -> str:
    """Short enough for its box; it is read as it is written."""
    return f"{day:%d.%m.%Y}" if day else ""


def _faults(error: Exception, language: str) -> dict[str, str]:
    """Sentences by their box; what belongs to none stands above the form."""
    if not isinstance(error, Invalid):
        return {"form": translated_error(str(error), language)}
    boxes = {
        "interval": "interval",
        "hour": "told",
        "told": "told",
        "last_on": "last",
        "last": "last",
        "first": "first",
        "first_on": "first",
        "from": "from",
        "closed": "until",
        "until": "until",
    }  # fmt: skip -- one glance shows what stands where
    return {
        boxes.get(fault.field, "form"): translated_error(fault.message, language) for fault in error.faults
    }
