"""What stands still or is about to, what did in the last 30 days, who is told of it by itself, and from when on."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from syndication.accounts.people import Account
from syndication.config import settings
from syndication.content.reason import Reason
from syndication.errors import Conflict, Invalid
from syndication.infra.reasons import translated_error, translated_reason
from syndication.infra.rendering import decimal, gettext, span
from syndication.insight import alerts as shown
from syndication.insight.alert_rules import BY_NAME, Limit, Unit, limits
from syndication.insight.alerts import AlertRow
from syndication.ops import alerts
from syndication.ops.alerts import choices, words
from syndication.web import signed_in
from syndication.web.desk.city.frame import city_page
from syndication.web.desk.city.names import network
from syndication.web.desk.forms import Form
from syndication.web.desk.frame import onward
from syndication.web.signed_in import Visitor

router = APIRouter(prefix="/desk/city/alerts", dependencies=[Depends(signed_in.allowed)])
#: How a limit reads: what stands behind its number.
_UNITS: Mapping[Unit, Reason] = {
    "minutes": Reason("minutes"),
    "hours": Reason("hours"),
    "days": Reason("days"),
    "percent": Reason("percent"),
    "gigabytes": Reason("GB"),
    "seconds": Reason("seconds"),
}


@router.get("")
def page(request: Request, known: Visitor, done: str = "") -> Response:
    """What is on, what was, and the limits."""
    return _page(request, known, done=done)


@router.post("")
def choose(request: Request, known: Visitor, form: Form) -> Response:
    """Keep the limits and who is told; or the form again, with what is wrong."""
    language = known.language
    outlets = {UUID(name.removeprefix("outlet.")) for name in form if _is_outlet(name)}
    typed = {name.removeprefix("limit."): text for name, text in form.items() if name.startswith("limit.")}
    switched = {name.removeprefix("on.") for name in form if name.startswith("on.")}
    try:
        choices.choose({name: (name in switched, text) for name, text in typed.items()})
        choices.tell(outlets)
    except Invalid as error:
        faults = {fault.field: translated_error(fault.message, language) for fault in error.faults}
        return _page(request, known, typed=typed, switched=switched, faults=faults)
    except Conflict as error:
        return _page(request, known, faults={"form": translated_error(str(error), language)})
    return onward("/desk/city/alerts", done="kept")


@router.post("/test")
def test(request: Request, known: Visitor) -> Response:
    """Send everybody who is told a message that says that it is a test."""
    count = alerts.test(settings())
    alerts.nudge()
    return onward("/desk/city/alerts", done="tested" if count else "nobody")


def _is_outlet(name: str) -> bool:
    try:
        return name.startswith("outlet.") and bool(UUID(name.removeprefix("outlet.")))
    except ValueError:
        return False


def _page(
    request: Request,
    known: Account,
    *,
    done: str = "",
    typed: Mapping[str, str] | None = None,
    switched: set[str] | None = None,
    faults: Mapping[str, str] | None = None,
) -> Response:
    language = known.language
    return city_page(
        request,
        known,
        "alerts.html",
        status=422 if faults else 200,
        at="/desk/city/alerts",
        done=_done(done, language),
        on=[_row(one, language) for one in shown.on()],
        recent=[_row(one, language) for one in shown.recent()],
        rules=[_rule(one, language, typed, switched) for one in limits().values()],
        faults=dict(faults or {}),
        told=choices.told(settings()),
        outlets=[(one.id, one.name, network(one.channel), one.hears) for one in choices.outlets()],
        tested=shown.last_test(),
    )


def _done(done: str, language: str) -> str:
    say = gettext(language)
    return {
        "kept": say("Saved."),
        "tested": say("The test is on its way. It should be there within a minute."),
        "nobody": say("There is nobody who could be told. Choose somebody below."),
    }.get(done, "")


def _row(row: AlertRow, language: str) -> dict[str, Any]:
    known = BY_NAME.get(row.rule)  # None for a rule of another version
    return {
        "title": words.title_of(known, row.name, language) if known else row.rule,
        "said": translated_reason(row.said, language),
        "began": row.began_at,
        "ended": row.ended_at,
        "lasted": span(row.seconds, language) if row.seconds is not None else "",
        "whose": translated_reason(known.whose, language) if known else "",
        "first": translated_reason(known.first, language) if known else "",
        "told": row.told,
        "untold": row.untold,
        "elsewhere": row.elsewhere,
    }


def _rule(
    one: Limit, language: str, typed: Mapping[str, str] | None, switched: set[str] | None
) -> dict[str, Any]:
    name = one.rule.name
    return {
        "name": name,
        "label": translated_reason(one.rule.label, language),
        "unit": translated_reason(_UNITS[one.rule.unit], language),
        "below": one.rule.below,
        "on": one.on if switched is None else name in switched,
        "limit": decimal(one.limit, language) if typed is None else typed.get(name, ""),
        "usual": decimal(one.rule.limit, language),
    }
