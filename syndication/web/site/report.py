"""Reporting a post as unlawful (Regulation (EU) 2022/2065, Article 16): a form for everybody, without an account."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from syndication.accounts import reports
from syndication.accounts.reports import LONGEST, Notice
from syndication.audience import all_letters
from syndication.config import settings
from syndication.errors import Invalid, NotFound, QuotaExceeded, Unavailable
from syndication.infra.rendering import gettext
from syndication.publishing import posts
from syndication.publishing.posts import PostRecord
from syndication.web import throttle
from syndication.web.site import choices, links, stamps
from syndication.web.site.choices import Typed
from syndication.web.site.layout import language_of, page

router = APIRouter()
_ASKED = "/reported"
_EMPTY = Typed({}, {})
_FIELDS = ("explanation", "name", "email", "children", "agreed")
_AGREED = "I believe in good faith that what I write here is right and complete."


@router.get("/posts/{post_id}/report")
def form(request: Request, post_id: str) -> Response:
    """The empty form; or as it was filled in when the other language was asked for. Raises NotFound."""
    return _form(request, _public(post_id), choices.carried(request) or _EMPTY)


@router.post("/posts/{post_id}/report")
def report(request: Request, post_id: str, sent: Annotated[Typed, Depends(choices.typed)]) -> Response:
    """Take a report down; or the form again, with what is wrong. Whoever gave an address gets a mail that it came."""
    language, record, typed = language_of(request), _public(post_id), _read(sent)
    if stamps.by_a_robot(typed):
        return RedirectResponse(links.to(_ASKED), 303)
    notice, faults = _checked(typed, language)
    if stamps.used_up(typed, faults):
        faults = {"form": gettext(language)(stamps.OLD), **faults}
    if faults or notice is None:
        return _form(request, record, typed, faults, 422)
    try:
        throttle.REPORTS.count(request)
    except (QuotaExceeded, Unavailable) as error:
        status = 429 if isinstance(error, QuotaExceeded) else 503
        answer = _form(request, record, typed, {"form": gettext(language)(str(error))}, status)
        answer.headers["Retry-After"] = str(round(error.after or 60))
        return answer
    reports.take(record.id, notice, language=language, wording=gettext(language)(_AGREED))
    return RedirectResponse(links.to(_ASKED), 303)


@router.get(_ASKED)
def reported(request: Request) -> Response:
    """What happens now."""
    return page(request, "reported.html")


def _public(post_id: str) -> PostRecord:
    """The post, where everybody sees it; the whole of a series for a part of it. Raises NotFound."""
    try:
        record = posts.read(UUID(post_id))
    except ValueError as error:
        raise NotFound("There is no such post.") from error
    if record.state != "published":
        raise NotFound("There is no such post.")
    return record


def _read(sent: Typed) -> Typed:
    """The texts with the ends of lines that browsers do not send (WHATWG HTML 4.10.21.8)."""
    texts = {name: text.replace("\r\n", "\n").replace("\r", "\n") for name, text in sent.texts.items()}
    return Typed(texts, {})


def _checked(typed: Typed, language: str) -> tuple[Notice | None, Mapping[str, str]]:
    """The report, or None; and a sentence for each field that is wrong, the topmost first."""
    say, wrong, notice = gettext(language), dict[str, str](), None
    words = {
        "explanation": say(
            "Please write what of it is unlawful, in a sentence or more, at most 4,000 characters."
        ),
        "name": say("Please write your name."),
        "email": say("Please check the mail address."),
    }  # fmt: skip -- a line for a line
    try:
        notice = reports.checked(typed.texts, children=bool(typed.text("children")))
        if notice.email and all_letters.reached(notice.email, settings()) is False:
            wrong["email"] = say(
                "Our mail server cannot deliver to an address with letters such as ä or é before the @."
            )
    except Invalid as error:
        wrong |= {one.field: words.get(one.field, str(one.message)) for one in error.faults}
    if not typed.text("agreed"):
        wrong["agreed"] = say("Please tick this, so that we may look at it.")
    told = {name: wrong[name] for name in _FIELDS if name in wrong}
    return (None, told) if wrong else (notice, {})


def _form(
    request: Request,
    record: PostRecord,
    typed: Typed,
    faults: Mapping[str, str] = MappingProxyType({}),
    status: int = 200,
) -> Response:
    return page(
        request,
        "report.html",
        status=status,
        typed="" if typed is _EMPTY else typed.sealed(*_FIELDS, most=LONGEST),
        post=record,
        address_of=f"{settings().base_url}/posts/{record.id}",
        entry={name: typed.text(name, LONGEST) for name in _FIELDS},
        longest=LONGEST,
        agreed=_AGREED,
        faults=faults,
        stamp=stamps.new(),
    )
