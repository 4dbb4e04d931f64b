"""Who did what: the audit log for the town hall, by person, business, act and days, and as a file."""

from datetime import date, datetime, time, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from syndication.accounts import people
from syndication.config import settings
from syndication.content.characters import legible
from syndication.content.reason import Reason
from syndication.errors import Invalid, NotFound
from syndication.infra.reasons import translated_error
from syndication.infra.rendering import gettext
from syndication.insight import audit_log
from syndication.insight.audit_log import LogFilter, LogRow
from syndication.publishing import merchants
from syndication.web import downloads, signed_in
from syndication.web.desk.frame import desk_page
from syndication.web.desk.log_words import ACTS, said_of, who
from syndication.web.signed_in import Visitor
from syndication.web.site import links

router = APIRouter(prefix="/desk/city", dependencies=[Depends(signed_in.allowed)])
_A_PAGE = 50
_MOST_MERCHANTS = 10_000
_HERE = "/desk/city/log"
_NO_DAY = Reason("is not a day; for example 2026-12-24")
Asked = Annotated[str, Query(max_length=100)]


def _asked(
    by: Asked = "", merchant: Asked = "", what: Asked = "", since: Asked = "", until: Asked = ""
) -> dict[str, str]:
    given = {"by": by, "merchant": merchant, "what": what, "since": since, "until": until}
    return {name: legible(text).strip() for name, text in given.items()}


#: What a counting key of the database can be.
Place = Annotated[int | None, Query(ge=1, le=2**63 - 1)]
Wanted = Annotated[dict[str, str], Depends(_asked)]


@router.get("/log")
def log(request: Request, known: Visitor, wanted: Wanted, after: Place = None) -> Response:
    """The lines, newest first; or the form again, with what is wrong in it."""
    language, faults, found = known.language, dict[str, str](), list[LogRow]()
    try:
        found = audit_log.lines(_filter(wanted), limit=_A_PAGE + 1, before=after)
    except Invalid as error:
        faults = {one.field: translated_error(one.message, language) for one in error.faults}
    except NotFound as error:
        faults = {"merchant": translated_error(str(error), language)}
    shown = found[:_A_PAGE]
    query = {name: text for name, text in wanted.items() if text}
    return desk_page(
        request,
        known,
        "log.html",
        status=422 if faults else 200,
        lines=[said_of(row, language) for row in shown],
        wanted=wanted,
        faults=dict.fromkeys(wanted, "") | faults,
        **_choices(wanted["by"], found, language),
        file=links.to(f"{_HERE}.csv", **query),
        onward=links.to(_HERE, **query, after=str(shown[-1].id)) if len(found) > _A_PAGE else "",
    )


@router.get("/log.csv")
def as_file(known: Visitor, wanted: Wanted) -> Response:
    """The same lines, all of them, as CSV (RFC 4180) that Excel reads as well."""
    chosen = _filter(wanted)
    audit_log.lines(chosen, limit=1)  # what is wrong is said before anything is sent
    return downloads.table(audit_log.as_csv(chosen), "log.csv")


def _filter(wanted: dict[str, str]) -> LogFilter:
    """What was asked for; days are the city's, the last one included. Raises Invalid."""
    last = _day("until", wanted["until"])
    return LogFilter(
        by=wanted["by"] or None,
        merchant=wanted["merchant"] or None,
        what=wanted["what"] or None,
        since=_midnight(_day("since", wanted["since"])),
        until=_midnight(last + timedelta(days=1) if last else None),
    )


def _day(name: str, text: str) -> date | None:
    try:
        day = date.fromisoformat(text) if text else None
    except ValueError as error:
        raise Invalid.field(name, _NO_DAY) from error
    if day is not None and not 1970 <= day.year < 9999:
        raise Invalid.field(name, _NO_DAY)
    return day


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), settings().zone) if day else None


def _choices(by: str, found: list[LogRow], language: str) -> dict[str, Any]:
    """What the form offers: people, and whoever else was asked for."""
    say = gettext(language)
    everybody = [("", say("everybody")), ("service", who("service", "", language))]
    everybody += [(f"person {one.id}", f"{one.name} ({one.email})") for one in people.listed()]
    if by and by not in dict(everybody):
        everybody.append((by, who(by, found[0].by_name if found else "", language)))
    owners = sorted(merchants.listed(limit=_MOST_MERCHANTS), key=lambda one: one.name.casefold())
    return {
        "everybody": everybody,
        "businesses": [("", say("all")), *((one.slug, one.name) for one in owners)],
        "acts": [("", say("everything")), *sorted(((what, say(words)) for what, words in ACTS.items()), key=lambda one: one[1])],
    }  # fmt: skip
