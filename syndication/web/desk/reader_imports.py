"""A list of readers that the town hall brings along: looked at line by line before anybody is on the newsletter by it."""

from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from syndication.audience import reader_imports
from syndication.config import settings
from syndication.content.reason import Reason
from syndication.errors import Invalid
from syndication.infra.reasons import translated_error, translated_reason
from syndication.infra.rendering import gettext
from syndication.sources.reader_list import MOST_BYTES
from syndication.web import signed_in
from syndication.web.desk import readers
from syndication.web.desk.forms import Form, PostForm
from syndication.web.desk.frame import desk_page, onward
from syndication.web.signed_in import Visitor
from syndication.web.site.layout import language_of

router = APIRouter(prefix="/desk/city/readers/imports", dependencies=[Depends(signed_in.allowed)])
#: Lines that a page shows, what needs a look first.
_SHOWN = 200
_NO_FILE = Reason("is missing; please choose one")


@router.post("")
def check(request: Request, known: Visitor, form: PostForm) -> Response:
    """Keep a list and show what it would do; or the page again, with what is wrong."""
    try:
        if not form.files:
            raise Invalid.field("files", _NO_FILE)
        data = form.files[0].file.read(MOST_BYTES + 1)
        # What they agree to by the click in the letter, in the words of the city's own form.
        say = gettext(settings().language)
        wording = (
            say("I want the news by mail and can unsubscribe at any time.") if "ask" in form.typed else ""
        )
        kept = reader_imports.check(data, f"{known.name} <{known.email}>", wording)
    except Invalid as error:
        fault = translated_error(error.faults[0].message, known.language)
        return readers.overview_page(request, known, faults={"files": fault}, status=422)
    return onward("/desk/city/readers/imports", str(kept))


@router.get("/{import_id}")
def one(request: Request, known: Visitor, import_id: UUID) -> Response:
    """What each line will come to, or how far it is."""
    found, language = reader_imports.read(import_id), language_of(request, known.language)
    order = {outcome: place for place, outcome in enumerate(reversed(reader_imports.OUTCOMES))}
    lines = sorted(found.lines, key=lambda line: (order[line.outcome], line.number))
    return desk_page(
        request,
        known,
        "reader_import.html",
        one=found,
        lines=[
            (line.number, line.email, line.outcome, translated_reason(line.why, language))
            for line in lines[:_SHOWN]
        ],
        outcomes=[outcome for outcome in reader_imports.OUTCOMES if found.counts.get(outcome)],
    )


@router.post("/{import_id}")
def act(known: Visitor, import_id: UUID, form: Form) -> Response:
    """Let it begin, or forget it."""
    if form.get("act", "") == "begin":
        reader_imports.begin(import_id)
    elif form.get("act", "") == "discard":
        reader_imports.discard(import_id)
        return onward("/desk/city/readers")
    return onward("/desk/city/readers/imports", str(import_id))
