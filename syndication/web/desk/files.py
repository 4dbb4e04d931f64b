"""A file of posts at the desk: brought, shown as the table of what would become of it, taken in with one button."""

from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from syndication import clock
from syndication.accounts.people import Account
from syndication.channels import wording
from syndication.config import settings
from syndication.content.reason import Reason
from syndication.errors import Conflict, Forbidden, Invalid, NotFound, QuotaExceeded
from syndication.infra import csv_tables
from syndication.infra.reasons import translated_error, translated_reason
from syndication.infra.rendering import gettext
from syndication.publishing import files, merchants, quota
from syndication.publishing.files import EntryRecord, FileRecord
from syndication.publishing.from_file import What
from syndication.publishing.merchants import MerchantRecord
from syndication.publishing.stock import TELLS, Tell
from syndication.sources import examples
from syndication.web import downloads, signed_in
from syndication.web.desk.forms import Form, PostForm
from syndication.web.desk.frame import desk_page, onward
from syndication.web.signed_in import Visitor

router = APIRouter(prefix="/desk/merchants/{slug}/files", dependencies=[Depends(signed_in.allowed)])
#: So many entries are shown; the rest is counted.
_SHOWN = 100
#: What is remarked about so many of them is said above the table.
_SEVERAL = 3
_NOT_THERE = Reason("There is nothing at this address.")
#: What becomes of an entry: how it looks, and the word.
_OUTCOMES: Mapping[What, tuple[str, Reason]] = {
    "created": ("sent", Reason("new")),
    "revised": ("waits", Reason("changed")),
    "unchanged": ("off", Reason("as it is already")),
    "past": ("off", Reason("over already")),
    "refused": ("failed", Reason("cannot be taken")),
}
#: Of these nothing comes.
_LEFT_OUT: tuple[What, ...] = ("past", "refused")
#: Who hears of what is new; English, translated.
_WHO: Mapping[Tell, str] = {
    "nobody": "nobody: it stands on the pages, in feeds and calendars",
    "summary": "everybody, in one message about all of it",
    "each": "everybody, in a message for each",
}


@router.get("")
def brought(request: Request, known: Visitor, slug: str) -> Response:
    """What can be read, examples of it, the form, and the files of the last day."""
    return _form(request, known, merchants.by_slug(slug))


@router.post("")
def bring(request: Request, known: Visitor, slug: str, form: PostForm) -> Response:
    """Keep the file, which a worker looks at; then on to its page. Or the form again, with what is wrong."""
    own, tell = merchants.by_slug(slug), _tell(form.typed)
    try:
        if not form.files:
            raise Invalid.field("files", Reason("Please choose a file."))
        file = form.files[0]
        file_id = files.add(own.id, file.file, file.filename or "", tell=tell, by=known.signature(slug))
    except Invalid as error:
        faults = {one.field: translated_error(one.message, known.language) for one in error.faults}
        return _form(request, known, own, tell=tell, faults=faults, status=422)
    except (Forbidden, QuotaExceeded) as error:
        faults = {"form": translated_error(str(error), known.language)}
        status = 403 if isinstance(error, Forbidden) else 429
        return _form(request, known, own, tell=tell, faults=faults, status=status)
    return onward("/desk/merchants", slug, "files", str(file_id))


@router.get("/examples/{name}")
def example(slug: str, name: str) -> Response:
    """A file to fill in. Raises NotFound for none of that name."""
    merchants.by_slug(slug)
    try:
        media_type, data = examples.example(name, clock.now().astimezone(settings().zone).date())
    except KeyError as error:
        raise NotFound(_NOT_THERE) from error
    kept = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return Response(data, media_type=media_type, headers=kept)


@router.get("/{file_id}")
def file(request: Request, known: Visitor, slug: str, file_id: UUID) -> Response:
    """How it stands with a file: what is being done, the table, the button. Raises NotFound for another's."""
    return _file(request, known, merchants.by_slug(slug), file_id, "file.html")


@router.get("/{file_id}/went")
def went(request: Request, known: Visitor, slug: str, file_id: UUID) -> Response:
    """The part of that page that fills in as the file is looked at and taken in."""
    return _file(request, known, merchants.by_slug(slug), file_id, "file_went.html")


@router.get("/{file_id}/left-out.csv")
def left_out(known: Visitor, slug: str, file_id: UUID) -> Response:
    """What could not be taken, and what was over, as a table: where it stands in the file, and why. Raises NotFound."""
    own, language = merchants.by_slug(slug), known.language
    say = gettext(language)
    lines = [[say(word) for word in ("Where in the file", "Title", "What becomes of it", "Why")]]
    for one in files.entries(own.id, file_id, files.MOST_ENTRIES):
        if one.what in _LEFT_OUT:
            shown = _shown(one, language, [])
            lines.append([shown[name] for name in ("where", "title", "word", "reason")])
    table = csv_tables.written(lines, csv_tables.separator(language))
    return downloads.table([table], say("left-out.csv"))


@router.post("/{file_id}")
def take(request: Request, known: Visitor, slug: str, file_id: UUID, form: Form) -> Response:
    """Take it in; a second tap changes nothing. Or the page again, with what is in the way."""
    own, tell = merchants.by_slug(slug), _tell(form)
    try:
        files.want(own.id, file_id, tell=tell, by=known.signature(slug))
    except Invalid as error:
        faults = {one.field: translated_error(one.message, known.language) for one in error.faults}
        return _file(request, known, own, file_id, "file.html", tell=tell, faults=faults, status=422)
    except (Forbidden, Conflict) as error:
        faults = {"form": translated_error(str(error), known.language)}
        return _file(request, known, own, file_id, "file.html", tell=tell, faults=faults, status=409)
    return onward("/desk/merchants", slug, "files", str(file_id))


@router.post("/{file_id}/discard")
def discard(request: Request, known: Visitor, slug: str, file_id: UUID) -> Response:
    """Throw it away."""
    own = merchants.by_slug(slug)
    try:
        files.discard(own.id, file_id)
    except Conflict as error:
        faults = {"form": translated_error(str(error), known.language)}
        return _file(request, known, own, file_id, "file.html", faults=faults, status=409)
    return onward("/desk/merchants", slug, "files")


def _tell(typed: Mapping[str, str]) -> Tell:
    """Who is to hear of it; nobody, where nothing of that was said."""
    return next((one for one in TELLS if one == typed.get("tell")), "nobody")


def _form(
    request: Request,
    known: Account,
    own: MerchantRecord,
    *,
    tell: Tell = "nobody",
    faults: Mapping[str, str] = MappingProxyType({}),
    status: int = 200,
) -> Response:
    say = gettext(known.language)
    return desk_page(
        request,
        known,
        "files.html",
        status=status,
        at=f"/desk/merchants/{own.slug}/files",
        merchant=own,
        files=files.listed(own.id),
        examples=examples.NAMES["de" if known.language == "de" else "en"],
        who=[(one, say(words)) for one, words in _WHO.items()],
        tell=tell,
        faults=faults,
    )


def _file(
    request: Request,
    known: Account,
    own: MerchantRecord,
    file_id: UUID,
    template: str,
    *,
    tell: Tell | None = None,
    faults: Mapping[str, str] = MappingProxyType({}),
    status: int = 200,
) -> Response:
    found = files.read(own.id, file_id)
    shown = [] if found.at_work else files.entries(own.id, file_id, _SHOWN)
    noticed = _noticed(shown, known.language)
    return desk_page(
        request,
        known,
        template,
        status=status,
        at=f"/desk/merchants/{own.slug}/files/{file_id}",
        scripted=True,
        merchant=own,
        file=found,
        reason=translated_reason(found.reason, known.language),
        counts=_counts(found, known.language),
        noticed=noticed,
        entries=[_shown(one, known.language, noticed) for one in shown],
        more=found.entries - len(shown),
        left_out=sum(found.counts.get(what, 0) for what in _LEFT_OUT),
        who=_choices(own, found, known.language),
        left=quota.left(own.id),
        tell=tell or found.tell,
        faults=faults,
    )


def _counts(found: FileRecord, language: str) -> list[tuple[str, str, int]]:
    """Look, word and number of each outcome that there is."""
    return [
        (look, translated_reason(word, language), found.counts[what])
        for what, (look, word) in _OUTCOMES.items()
        if what in found.counts
    ]


def _choices(own: MerchantRecord, found: FileRecord, language: str) -> list[tuple[Tell, str]]:
    """Who may hear of what is new; nothing is to be chosen where nothing is."""
    if found.state != "ready" or "created" not in found.foreseen:
        return []
    say = gettext(language)
    told = files.told(own.id, found.id)
    return [
        (one, f"{say(words)} ({told[one]})" if one == "each" else say(words)) for one, words in _WHO.items()
    ]


def _noticed(entries: list[EntryRecord], language: str) -> list[str]:
    """What is to be remarked about several entries, which is said once."""
    found = Counter(translated_reason(said, language) for one in entries for said in one.remarks)
    return [said for said, number in found.most_common() if number >= _SEVERAL]


def _shown(one: EntryRecord, language: str, noticed: list[str]) -> dict[str, Any]:
    """What the table shows of an entry; what was said above is not said again, nor why something is over."""
    when = ""
    if one.draft is not None:
        when = wording.when(one.draft.content(), settings().zone, language, clock.now())
    look, word = _OUTCOMES[one.what]
    remarks = [translated_reason(said, language) for said in one.remarks]
    return {
        "title": one.draft.title if one.draft is not None else one.title,
        "when": when,
        "look": look,
        "word": translated_reason(word, language),
        "reason": "" if one.what == "past" else translated_reason(one.reason, language),
        "remarks": [said for said in remarks if said not in noticed],
        "where": translated_reason(one.position, language),
    }
