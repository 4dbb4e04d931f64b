"""The newsletter at the town hall's desk: what comes next and for whom, how it will look, and what is decided of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from syndication.accounts.people import Account
from syndication.audience import editions, mailings
from syndication.content.cadence import Cadence
from syndication.content.interest import Interest
from syndication.content.reason import Reason
from syndication.delivery import trial_edition
from syndication.errors import Conflict, Invalid, NotFound
from syndication.infra.languages import LANGUAGES
from syndication.infra.reasons import translated_error
from syndication.infra.rendering import gettext
from syndication.insight import mailings as planned
from syndication.insight.mailings import MailingRow
from syndication.web import signed_in
from syndication.web.desk.forms import LongForm
from syndication.web.desk.frame import desk_page, onward
from syndication.web.signed_in import Visitor
from syndication.web.site import promised
from syndication.web.site.layout import language_of

router = APIRouter(prefix="/desk/city/editions", dependencies=[Depends(signed_in.allowed)])

_SLOT = "%Y%m%dT%H%M%S"
#: A mail is looked at by itself: no script, no form, nothing from elsewhere, no way out of its frame.
MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'"
#: Interests that are listed, the most wanted first.
_MOST_AUDIENCES = 50
_NOTHING_YET = Reason("There is nothing to tell yet, so there is no mail to send.")


@dataclass(frozen=True)
class Choice:
    """As whom a newsletter is looked at; `value` stands in addresses and forms."""

    value: str
    words: str
    parts: dict[str, Any] | None = None


@router.get("")
def listed(request: Request, known: Visitor) -> Response:
    """What comes next, what is held or going out, and what went."""
    return desk_page(
        request,
        known,
        "editions.html",
        upcoming=planned.upcoming(),
        recent=planned.recent(),
        at_once=planned.hearing_at_once(),
        name=named,
    )


@router.get("/{slot}")
def mailing(request: Request, known: Visitor, slot: str, who: str = "", done: str = "") -> Response:
    """One newsletter: for whom, how it looks, what can be done."""
    return _page(request, known, _moment(slot), who=who, done=done)


@router.get("/{slot}/mail")
def mail(request: Request, known: Visitor, slot: str, who: str = "") -> Response:
    """The mail itself, for the frame in the page."""
    parts = _parts(_moment(slot), who)
    if parts is None:
        raise NotFound(_NOTHING_YET)
    return shown_alone(parts)


@router.post("/{slot}")
def decide(request: Request, known: Visitor, slot: str, form: LongForm) -> Response:
    """Introduce, hold, release, cancel, or send a test to whoever asks; or the page again, with what is wrong."""
    moment, by, act = _moment(slot), f"{known.name} <{known.email}>", form.get("act", "")
    said = {one: form.get(f"introduction_{one}", "") for one in LANGUAGES}
    try:
        match act:
            case "hold":
                mailings.hold(moment, by)
            case "release":
                mailings.release(moment, by)
            case "cancel":
                mailings.cancel(moment, by)
            case "introduce":
                mailings.introduce(moment, said)
            case "test":
                _send_test(moment, form.get("who", ""), known)
            case _:
                return _page(request, known, moment)
    except (Invalid, Conflict) as error:
        faults = (
            {one.field: translated_error(one.message, known.language) for one in error.faults}
            if isinstance(error, Invalid)
            else {"form": translated_error(str(error), known.language)}
        )
        return _page(
            request, known, moment, who=form.get("who", ""), typed=said if act == "introduce" else None,
            faults=faults, status=422 if isinstance(error, Invalid) else 409,
        )  # fmt: skip
    return onward("/desk/city/editions", slot, done=act, who=form.get("who", ""))


def shown_alone(parts: dict[str, Any]) -> Response:
    """The HTML of a mail under a policy of its own."""
    return HTMLResponse(
        trial_edition.seen(parts).html,
        headers={"Content-Security-Policy": MAIL_POLICY, "X-Robots-Tag": "noindex"},
    )


def named(slot: datetime) -> str:
    """How a slot stands in addresses: UTC, to the second."""
    return slot.astimezone(UTC).strftime(_SLOT)


def _moment(text: str) -> datetime:
    try:
        return datetime.strptime(text, _SLOT).replace(tzinfo=UTC)
    except ValueError as error:
        raise NotFound("There is no such newsletter.") from error


def _send_test(slot: datetime, who: str, known: Account) -> None:
    parts = _parts(slot, who)
    if parts is None:
        raise Conflict(_NOTHING_YET)
    trial_edition.send(slot, parts, known.person_id, known.email, known.language)


def _page(
    request: Request,
    known: Account,
    slot: datetime,
    *,
    who: str = "",
    done: str = "",
    typed: Mapping[str, str] | None = None,
    faults: Mapping[str, str] = MappingProxyType({}),
    status: int = 200,
) -> Response:
    found, language = planned.mailing(slot), language_of(request, known.language)
    choices = _choices(found, language)
    chosen = next((one for one in choices if one.value == who), choices[0] if choices else None)
    parts = _parts(slot, chosen.value) if chosen else None
    return desk_page(
        request,
        known,
        "edition.html",
        status=status,
        framed=True,
        one=found.row,
        found=found,
        slot=named(slot),
        choices=[(one.value, one.words) for one in choices],
        who=chosen.value if chosen else "",
        seen=trial_edition.seen(parts) if parts else None,
        introductions={**found.introductions, **(typed or {})},
        languages=LANGUAGES,
        faults=faults,
        done=done,
        may=known.may("editor"),
        audiences=[
            (
                interest_words(one.interest, language),
                promised.rhythm(one.cadence, language),
                promised.spoken(one.language),
                one.people,
            )
            for one in found.audiences[:_MOST_AUDIENCES]
        ],
    )


def _choices(found: MailingRow, language: str) -> Sequence[Choice]:
    """As whom it can be looked at: what was made already; else each interest, in each language that mails are written in."""
    made = [
        Choice(f"made.{one.edition_id}", f"{one.subject} ({one.language}, {one.copies})")
        for one in found.made
    ]
    if made:
        return made
    wanted = {(one.cadence, one.interest_id): (one.interest, one.people) for one in found.audiences}
    return [
        Choice(f"{cadence}.{interest_id}.{spoken}", f"{interest_words(interest, language)}, "
               f"{promised.rhythm(cadence, language)} · {promised.spoken(spoken)}")
        for (cadence, interest_id), (interest, _) in wanted.items()
        for spoken in LANGUAGES
    ]  # fmt: skip


def interest_words(interest: Interest, language: str) -> str:
    """An interest in a few words."""
    said = promised.interest(interest, language)
    return " · ".join(words for _, words in said) or gettext(language)("everything")


def _parts(slot: datetime, who: str) -> dict[str, Any] | None:
    """The edition that `who` names, as a finished mail; None where there is nothing to tell. Raises NotFound."""
    match who.split("."):
        case ["made", number] if number.isdecimal():
            return trial_edition.kept(int(number[:18]))
        case [cadence, number, language] if number.isdecimal() and language in LANGUAGES:
            try:
                parsed = Cadence.parse(cadence)
                found = editions.foreseen(slot, parsed, int(number[:18]), language)
            except (ValueError, KeyError) as error:
                raise NotFound("There is no such newsletter.") from error
            return found.parts if found is not None else None
    raise NotFound("There is no such newsletter.")
