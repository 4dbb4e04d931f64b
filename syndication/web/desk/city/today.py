"""Is all well? The page that the town hall opens in the morning, and the part of it that keeps itself new."""

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from syndication.accounts.people import Account
from syndication.config import settings
from syndication.content.reason import Reason
from syndication.infra.reasons import translated_reason
from syndication.infra.rendering import gettext, span, whole
from syndication.insight.queues import QueueRow
from syndication.insight.today import DAYS
from syndication.ops.finding import Finding
from syndication.web import signed_in
from syndication.web.desk.city import charts
from syndication.web.desk.city.causes import shown_causes
from syndication.web.desk.city.frame import city_page, city_part
from syndication.web.desk.city.names import network
from syndication.web.desk.city.watch import Seen, watch
from syndication.web.desk.frame import to_do_of
from syndication.web.signed_in import Visitor
from syndication.web.site.layout import language_of

router = APIRouter(prefix="/desk/city", dependencies=[Depends(signed_in.allowed)])

#: The parts that the page tells of, in its order, as people call them.
PARTS = {
    "broker": Reason("Messenger between the parts (Redis or RabbitMQ)"),
    "workers": Reason("Workers"),
    "beat": Reason("Clockwork"),
    "queues": Reason("Queues"),
    "outlets": Reason("Outlets"),
    "mail": Reason("Mail server"),
    "clock": Reason("Clocks"),
    "disk": Reason("Disk"),
}
#: What waits in a queue, as people call it.
QUEUES = {
    "fanout": Reason("Posts that are being spread"),
    "housekeeping": Reason("Sign-ups"),
    "mail": Reason("Mails"),
    "push": Reason("Networks, webhooks and devices"),
    "feeds": Reason("Feeds and calendars"),
}
#: Whose warnings say that something goes slower; others are advice for a quiet hour.
_HOLDS_UP = ("queues", "beat", "workers", "disk")
#: Of what needs somebody, so many are named, and the others counted: the pages behind have all. Of causes the first so many.
_NAMED, _CAUSES = 6, 5
_LOOKS = {"ok": "sent", "warn": "waits", "bad": "failed"}


@dataclass(frozen=True)
class Said:
    """What is said of one part: how to show it (`sent`, `waits`, `failed`), in words, and what helps."""

    part: str
    look: str
    said: str
    advice: str


@router.get("")
def page(request: Request, known: Visitor) -> Response:
    """Is all well, what needs a person, and today's figures."""
    return city_page(request, known, "today.html", **_shown(request, known))


@router.get("/now")
def now(request: Request, known: Visitor) -> Response:
    """The part of that page that keeps itself new."""
    return watch(request).part(
        ("today", language_of(request, known.language), str(known.role)),
        lambda: city_part(request, known, "today_now.html", **_shown(request, known)),
    )


def _shown(request: Request, known: Account) -> dict[str, Any]:
    seen, language = watch(request).seen(), known.language
    day, zone = seen.today, settings().zone
    parts = [_said(one, language) for one in seen.findings]
    mine = [row for row in day.failing if row.move == "operator"]
    return {
        "day": day,
        "headline": _headline(seen, language),
        "trouble": [one for one in parts if one.look != "sent"],
        "parts": _by_part(parts, language),
        **_queues(day.queues, language),
        "failing": shown_causes(day.failing[:_CAUSES], language),
        "paused": [
            (one.id, one.name, one.state, translated_reason(one.reason, language))
            for one in day.paused[:_NAMED]
        ],
        "more_paused": max(0, len(day.paused) - _NAMED),
        "mine": shown_causes(mine[:_NAMED], language),
        "more_mine": max(0, len(mine) - _NAMED),
        "others": sum(row.count for row in day.failing if row.move == "merchant"),
        "to_do": to_do_of(known),
        "arrived": [(network(kind), count) for kind, count in day.arrived.items()],
        "hourly": charts.by_hour(day.hours, day.at, zone),
        "daily": charts.by_day(day.hours, day.at, zone, DAYS, language),
        "room": (charts.WIDTH, charts.HEIGHT),
    }


def _headline(seen: Seen, language: str) -> tuple[str, str, str]:
    """How to show it, the one sentence on top, and one about what waits longest."""
    say = gettext(language)
    worst = next((one for one in seen.findings if one.verdict == "bad"), None)
    waits = seen.today.oldest
    oldest = (
        say("The longest wait: {}.").format(span(waits, language)) if waits >= 1 else say("Nothing waits.")
    )
    if worst is not None:
        return "failed", translated_reason(worst.said, language), oldest
    if any(one.move == "operator" for one in seen.today.failing) or seen.today.paused:
        return "waits", say("It is going out, and some of it needs you."), oldest
    if any(one.verdict == "warn" and one.part in _HOLDS_UP for one in seen.findings):
        return "waits", say("It is going out. Something should be looked at."), oldest
    return "sent", say("Everything is going out."), oldest


def _said(one: Finding, language: str) -> Said:
    return Said(
        one.part,
        _LOOKS[one.verdict],
        translated_reason(one.said, language),
        translated_reason(one.advice, language),
    )


def _by_part(parts: list[Said], language: str) -> list[tuple[str, list[Said]]]:
    """What is said of each part; of one that is being asked for the first time nothing."""
    return [
        (translated_reason(word, language), [one for one in parts if one.part == part])
        for part, word in PARTS.items()
    ]


def _queues(rows: list[QueueRow], language: str) -> dict[str, Any]:
    """The table of what waits; columns in which nothing stands are left out."""
    say = gettext(language)
    heads = [say("Queue"), say("now"), say("at its time"), say("its outlet fails"), say("the oldest for")]
    cells = [_queue(row, language) for row in rows]
    shown = [place for place in range(5) if place not in (2, 3) or any(line[place] != "0" for line in cells)]
    return {
        "queue_heads": [heads[place] for place in shown],
        "queues": [[line[place] for place in shown] for line in cells],
    }


def _queue(row: QueueRow, language: str) -> tuple[Any, ...]:
    """A row of the table: the queue, what goes now, at its time, when its outlet opens, and the age of the oldest."""
    name = translated_reason(QUEUES.get(row.queue, Reason.quoted(row.queue)), language)
    age = span(row.oldest, language) if row.oldest >= 1 else "–"
    counts = (whole(one, language) for one in (row.due + row.sending, row.later, row.held))
    return name, *counts, age
