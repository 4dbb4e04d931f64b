"""One month on one sheet, for the council: to print, and as a table for Excel."""

import math
from collections.abc import Iterator
from datetime import date

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from syndication import kinds
from syndication.config import settings
from syndication.content.reason import Reason
from syndication.infra import csv_tables
from syndication.infra.reasons import translated_reason
from syndication.infra.rendering import decimal, gettext, month_name, short_day, span, time_of_day, whole
from syndication.insight import month as months
from syndication.insight.alert_rules import BY_NAME
from syndication.insight.month import Failure, Month
from syndication.ops.alerts.words import title_of
from syndication.web import downloads, signed_in
from syndication.web.desk.city.frame import city_page
from syndication.web.desk.city.names import network
from syndication.web.desk.log_words import ACTS
from syndication.web.signed_in import Visitor
from syndication.web.site.layout import language_of

router = APIRouter(prefix="/desk/city/month", dependencies=[Depends(signed_in.allowed)])
#: Failures on the sheet; the file has all.
_MOST = 8


@router.get("")
def listed(request: Request, known: Visitor) -> Response:
    """Every month, the newest first."""
    language = language_of(request, known.language)
    found = [(name, _named(name, language)) for name in months.months()]
    return city_page(request, known, "months.html", months=found)


@router.get("/{name}.csv")
def as_file(request: Request, known: Visitor, name: str) -> Response:
    """The same figures, with every failure, as CSV that Excel opens at a click."""
    language = language_of(request, known.language)
    one = months.month(name)
    rows = [[gettext(language)("What"), gettext(language)("Figure"), gettext(language)("Counted how")]]
    rows += [list(row) for row in _lines(one, language)]
    return downloads.table([csv_tables.written(rows, csv_tables.separator(language))], f"{name}.csv")


@router.get("/{name}")
def sheet(request: Request, known: Visitor, name: str) -> Response:
    """One month on one sheet of paper."""
    language = language_of(request, known.language)
    one = months.month(name)
    failures = [_failure(failure, language) for failure in one.failures]
    return city_page(
        request,
        known,
        "month.html",
        month=one,
        named=_named(name, language),
        posts=[(_kind(kind, language), whole(count, language)) for kind, count in one.posts.items()],
        total=whole(sum(one.posts.values()), language),
        channels=[
            [
                network(row.channel), whole(row.arrived, language), whole(row.failed, language),
                _within(row.half, language), _within(row.nearly_all, language),
            ]
            for row in one.channels
        ],
        failures=failures[-_MOST:],
        more=max(0, len(failures) - _MOST),
        deeds=[(gettext(language)(ACTS[what]), whole(count, language)) for what, count in one.deeds.items()],  # type: ignore[index]
    )  # fmt: skip


def _named(name: str, language: str) -> str:
    year, number = name.split("-")
    return month_name(date(int(year), int(number), 1), language)


def _kind(kind: str, language: str) -> str:
    return kinds.by_name(kind).heading(language) if kind in kinds.NAMES else kind


def _within(seconds: float | None, language: str) -> str:
    """ "2 minutes"; a step is an upper bound."""
    if seconds is None:
        return "–"
    if math.isinf(seconds):
        return gettext(language)("more than a day")
    if seconds < 1:
        return gettext(language)("1 second")
    return span(seconds, language)


def _failure(one: Failure, language: str) -> str:
    """ "Mastodon took nothing: Wed 4 Nov 14:02, for 3 hours." """
    say, zone = gettext(language), settings().zone
    if one.rule:
        rule = BY_NAME.get(one.rule)
        what = title_of(rule, one.name, language) if rule else one.rule
    else:
        what = translated_reason(Reason("{} took nothing", Reason.quoted(one.outlet)), language)
    at = f"{short_day(one.began_at.astimezone(zone).date(), language)}, {time_of_day(one.began_at, zone)}"
    if one.ended_at is None:
        return say("{}: since {}, and still").format(what, at)
    return say("{}: {}, for {}").format(
        what, at, span((one.ended_at - one.began_at).total_seconds(), language)
    )


def _lines(one: Month, language: str) -> Iterator[tuple[str, str, str]]:
    """What it is, the figure, and how it was counted. Figures are bare, so that a spreadsheet can add them up."""
    say = gettext(language)
    for kind, count in one.posts.items():
        yield (
            _kind(kind, language),
            str(count),
            say("posts published in the month, those since taken back included"),
        )
    yield (
        say("Businesses that posted"),
        str(one.merchants),
        say("of all that are admitted now: {}").format(one.admitted),
    )
    yield say("Readers who came"), str(one.came), say("confirmed their address in the month")
    yield say("Readers who left"), str(one.left), say("unsubscribed, or their mailbox is gone")
    yield (
        say("Readers at the end of the month"),
        str(one.readers),
        say("without those whose data were deleted since"),
    )
    unknown = say("unknown: months are counted since a later day")
    if one.unknown:
        yield say("Deliveries"), "", unknown
    scope = say("tries that arrived, by the day of the try")
    lost = say("given up or in doubt; what was sent again by hand may have arrived")
    times = say("seconds from publishing, or the newsletter's hour, to arrival; rounded up to steps")
    for row in one.channels:
        name = network(row.channel)
        yield say("{}: arrived").format(name), str(row.arrived), scope
        yield say("{}: failed").format(name), str(row.failed), lost
        for label, seconds in (
            (say("{}: half within"), row.half),
            (say("{}: 99 of 100 within"), row.nearly_all),
        ):
            figure = "" if seconds is None or math.isinf(seconds) else decimal(seconds, language)
            yield label.format(name), figure, times
    for failure in one.failures:
        yield say("Stood still"), _failure(failure, language), say("what stood still in the month")
    for what, count in one.deeds.items():
        yield say(ACTS[what]), str(count), say("acts of the town hall in the month")  # type: ignore[index]
