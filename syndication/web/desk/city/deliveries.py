"""Deliveries: those that a filter finds, and one of them with every try, what goes there, and the one act that helps."""

from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from syndication import channels, insight
from syndication.accounts.people import Account
from syndication.channels.built_in.letter import Letter
from syndication.content.reason import Reason
from syndication.delivery import dry_run
from syndication.delivery.tools import tools
from syndication.errors import Conflict, Invalid, NotFound, SyndicationError
from syndication.infra import db
from syndication.infra.reasons import translated_error, translated_reason
from syndication.infra.rendering import gettext
from syndication.insight import DeliveryRow
from syndication.insight.ledger import matching
from syndication.insight.outlook import Outlook, outlooks
from syndication.ledger import bulk, looked, replay, retry
from syndication.ledger.selection import Selection
from syndication.web import signed_in
from syndication.web.desk.city.act_words import ACTS, meant
from syndication.web.desk.city.causes import DEVICES, HELPS
from syndication.web.desk.city.choosing import Chosen
from syndication.web.desk.city.frame import city_page, city_part
from syndication.web.desk.city.names import network
from syndication.web.desk.frame import onward
from syndication.web.desk.posts import STATES
from syndication.web.signed_in import Visitor

router = APIRouter(prefix="/desk/city/deliveries", dependencies=[Depends(signed_in.allowed)])
_A_PAGE = 50
LOOKS = {"sent": "sent", "waiting": "waits", "sending": "waits", "dropped": "off"}
_TRIGGERS = {"schedule": Reason("by itself"), "replay": Reason("sent again by a person")}
#: What becomes of a try, beside the states of a delivery.
_LATER = Reason("will be tried again")
#: How much of what is sent is shown (characters).
_MOST_SHOWN = 4000
_DAYS = (0, 1, 7, 30)
Number = Annotated[int, Path(ge=1, le=2**63 - 1)]


@router.get("")
def listed(
    request: Request,
    known: Visitor,
    asked: Chosen,
    before: Annotated[int | None, Query(alias="before", ge=1, le=2**63 - 1)] = None,
) -> Response:
    """What a filter finds, the newest first; without one, what did not arrive or may not have."""
    chosen = asked.selection()
    wanted = chosen if chosen != Selection() else Selection(states=("failed", "unconfirmed"))
    rows, last = matching(wanted, limit=_A_PAGE, before=before)
    ahead, fields = outlooks(rows), asked.fields()
    return city_page(
        request,
        known,
        "deliveries.html",
        rows=[_line(row, ahead[row.id], known.language) for row in rows],
        asked=asked,
        meant=meant(wanted, known.language),
        states=[(name, translated_reason(word, known.language)) for name, word in STATES.items()],
        kinds=[(one.kind, one.label) for one in channels.CHANNELS],
        days=_DAYS,
        onward=f"/desk/city/deliveries?{urlencode([*fields, ('before', last)])}" if last else "",
        acts=_acts(wanted, known) if fields else [],
        chosen=urlencode(fields),
    )


@router.get("/{delivery_id}")
def one(request: Request, known: Visitor, delivery_id: Number, *, sent: bool = False) -> Response:
    """One with every try; `sent` shows what goes there, secrets left out."""
    return _one(request, known, delivery_id, sent=sent)


@router.get("/{delivery_id}/now")
def now(request: Request, known: Visitor, delivery_id: Number) -> Response:
    """The part of that page that keeps itself new."""
    return city_part(request, known, "delivery_now.html", **_facts(known, delivery_id))


@router.post("/{delivery_id}/{act}")
def help_along(request: Request, known: Visitor, delivery_id: Number, act: str) -> Response:
    """The one act that helps, done at once."""
    try:
        match act:
            case "retry":
                retry.one(delivery_id)
            case "replay":
                replay.one(delivery_id)
            case "there":
                looked.there(delivery_id)
            case _:
                raise NotFound(Reason("There is nothing at this address."))
    except Conflict as error:
        return _one(request, known, delivery_id, fault=translated_error(str(error), known.language))
    return onward("/desk/city/deliveries", str(delivery_id))


def _one(request: Request, known: Account, number: int, *, sent: bool = False, fault: str = "") -> Response:
    facts = _facts(known, number)
    return city_page(
        request,
        known,
        "delivery.html",
        status=409 if fault else 200,
        at=f"/desk/city/deliveries/{number}",
        fault=fault,
        requests=_requests(facts["row"], known.language) if sent else None,
        showable=_showable(facts["row"]),
        **facts,
    )


def _facts(known: Account, number: int) -> dict[str, Any]:
    with db.one_reading():
        row = insight.delivery(number)
        ahead, tries = outlooks([row])[row.id], insight.attempts(number)
    return {
        "row": row,
        "line": _line(row, ahead, known.language),
        "tries": [_try(each, known.language) for each in tries],
        "helps": _helps(row, known) if known.may("editor") else [],
        "moving": row.state in ("waiting", "sending"),
    }


def _line(row: DeliveryRow, ahead: Outlook, language: str) -> dict[str, Any]:
    """What the templates show of a delivery: never a reader's address, never whose device it is."""
    say = gettext(language)
    if row.channel in channels.personal_kinds():
        to = translated_reason(DEVICES, language)
    elif row.reader_id:
        to = say("reader {}").format(row.reader_id)
    else:
        to = row.destination or say("a person")
    return {
        "id": row.id,
        "title": _title(row, ahead, say),
        "to": to,
        "network": to if row.channel == Letter.kind else network(row.channel),
        "action": row.action or "",
        "state": row.state,
        "look": LOOKS.get(row.state, "failed"),
        "word": translated_reason(STATES[row.state], language),
        "reason": translated_reason(row.reason, language),
        "next": ahead.next_try_at,
        "closed": ahead.closed,
        "tries": row.attempts,
        "made": row.created_at,
    }  # fmt: skip


def _title(row: DeliveryRow, ahead: Outlook, say: Callable[[str], str]) -> str:
    """What it tells of; of what tells of no post only the sort of message."""
    if row.post_id is None and row.edition_id is None:
        return say("A letter") if row.channel == Letter.kind else say("Test")
    return ahead.title or say("without a title")


def _try(one: insight.AttemptRow, language: str) -> dict[str, Any]:
    word = _LATER if one.outcome == "later" else STATES.get(one.outcome, Reason.quoted(one.outcome))
    return {
        "at": one.at,
        "took": one.duration,
        "look": "waits" if one.outcome == "later" else LOOKS.get(one.outcome, "failed"),
        "word": translated_reason(word, language),
        "reason": translated_reason(one.reason, language),
        "code": one.code,
        "answer": one.answer,
        "trigger": translated_reason(_TRIGGERS.get(one.trigger, Reason.quoted(one.trigger)), language),
    }


def _helps(row: DeliveryRow, known: Account) -> list[tuple[str, str]]:
    """The acts on one, with what each is called."""
    names = [one for one in HELPS.get(row.state, ()) if one != "drop"]
    if row.state == "waiting" and row.attempts == 0:
        names = []
    return [(name, translated_reason(ACTS[name], known.language)) for name in names]


def _acts(wanted: Selection, known: Account) -> list[tuple[str, str]]:
    """The acts that may be done to all that match."""
    if not known.may("operator"):
        return []
    fitting = {act for state in wanted.states or STATES for act in HELPS.get(state, ())}
    if wanted.states in (("sent",), ("dropped",)):
        fitting = {"replay"}
    return [(name, translated_reason(ACTS[name], known.language)) for name in bulk.ACTS if name in fitting]


def _showable(row: DeliveryRow) -> bool:
    return (
        row.post_id is not None
        and row.destination_id is not None
        and channels.known(row.channel)
        and channels.by_kind(row.channel).configurable
        and not channels.by_kind(row.channel).personal
    )


def _requests(row: DeliveryRow, language: str) -> dict[str, Any]:
    """What would go there now, request by request, without secrets; or the sentence that says why nothing would."""
    if row.post_id is None or row.destination_id is None or not _showable(row):
        return {"said": "", "all": []}
    try:
        found = dry_run.rehearse(row.destination_id, row.post_id, tools())
    except SyndicationError as error:
        said = error.faults[0].message if isinstance(error, Invalid) else str(error)
        return {"said": translated_error(said, language), "all": []}
    shown = [
        (f"{each.method} {each.url}", each.body.decode("utf-8", "replace")[:_MOST_SHOWN])
        for each in found.requests
    ]
    return {"said": translated_reason(found.reason, language), "all": shown}
