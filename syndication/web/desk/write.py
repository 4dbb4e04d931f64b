"""Writing a post: the form of its kind, kept as a draft at every step, so that nothing typed is lost."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from syndication import clock, kinds
from syndication.accounts.people import Account
from syndication.config import settings
from syndication.content.base import new_id
from syndication.content.post import Place
from syndication.content.reason import Reason
from syndication.errors import Conflict, Fault, Forbidden, Invalid, NotFound, QuotaExceeded, Unavailable
from syndication.infra.reasons import translated_error, translated_reason
from syndication.kinds import fields
from syndication.publishing import (
    approving,
    drafts,
    filled_in,
    habits,
    merchants,
    posts,
    uploads,
    weekly,
    written_out,
)
from syndication.publishing.drafts import Written
from syndication.publishing.filled_in import Desk
from syndication.publishing.merchants import MerchantRecord
from syndication.publishing.weekly_records import WeeklyRecord
from syndication.web import signed_in
from syndication.web.desk.forms import Filled, PostForm
from syndication.web.desk.frame import desk_page, onward
from syndication.web.signed_in import Visitor

router = APIRouter(prefix="/desk/merchants/{slug}", dependencies=[Depends(signed_in.allowed)])
_WITHDRAWN = Reason("This post was withdrawn. A withdrawn post cannot be revised; create a new one.")
#: What a form holds beside the boxes of a post.
_ASIDES = ("token", "kind", "then")


@router.get("/new/{kind}")
def begin(request: Request, known: Visitor, slug: str, kind: str) -> Response:
    """The empty form of a kind; the address of the post is settled already, so that sending it twice makes one."""
    own = merchants.by_slug(slug)
    if not kinds.named(kind):
        raise NotFound(Reason("There is nothing at this address."))
    typed = {"place": filled_in.OWN} if place_of(own) else {}
    return _form(request, known, own, Written(new_id(), kind, typed))


@router.get("/posts/{post_id}/write")
def go_on(
    request: Request, known: Visitor, slug: str, post_id: UUID, *, saved: bool = False, faults: bool = False
) -> Response:
    """The form of a draft, or of a post that is to be corrected. `faults`: with what is wrong in it."""
    own = merchants.by_slug(slug)
    draft = opened(own, post_id, known)
    found: tuple[Fault, ...] = ()
    if faults:
        try:
            understood(own, draft, known)
        except Invalid as error:
            found = error.faults
    return _form(request, known, own, draft, saved=saved, faults=found)


@router.post("/posts/{post_id}/write")
def write(request: Request, known: Visitor, slug: str, post_id: UUID, form: PostForm) -> Response:
    """Keep what was typed; then on to the check page, or the form again with what is wrong, or with its pictures."""
    own, then = merchants.by_slug(slug), form.typed.get("then", "")
    draft = _typed(own, post_id, known, form)
    faults = _with_pictures(own, draft, form) if form.files else ()
    draft = drafts.known(own.id, post_id) or draft
    if then.startswith("drop."):
        draft = replace(draft, typed=_without_picture(draft.typed, then.removeprefix("drop.")))
        drafts.save(own.id, draft)
    if then == "quiet":
        return Response(status_code=204)
    if faults:
        return _form(request, known, own, draft, faults=faults)
    if then == "later":
        return onward("/desk/merchants", slug, saved="1")
    if then == "pictures" or then.startswith("drop."):
        return onward("/desk/merchants", slug, "posts", str(post_id), "write", saved="1")
    try:
        understood(own, draft, known)
    except Invalid as error:
        return _form(request, known, own, draft, faults=error.faults)
    return onward("/desk/merchants", slug, "posts", str(post_id), "check")


@router.post("/posts/{post_id}/discard")
def discard(known: Visitor, slug: str, post_id: UUID) -> Response:
    """Throw a draft away."""
    drafts.discard(merchants.by_slug(slug).id, post_id)
    return onward("/desk/merchants", slug)


@router.post("/posts/{post_id}/again")
def again(known: Visitor, slug: str, post_id: UUID) -> Response:
    """A new draft that says the same, at the next dates that make sense."""
    own = merchants.by_slug(slug)
    record = posts.read(post_id, merchant_id=own.id)
    kind = kinds.of(record.content)
    content = kind.again(record.content, settings().zone, clock.now())
    draft = Written(
        new_id(),
        kind.name,
        written_out.written(kind, content, desk(own, known)),
        written_out.kept(kind, content),
        dict(content.texts),
    )
    drafts.save(own.id, draft)
    return onward("/desk/merchants", slug, "posts", str(draft.id), "write")


# What the other pages ask of it too


def place_of(own: MerchantRecord) -> Place | None:
    """Where a merchant is at home, as posts say it; None where its address is not known."""
    address = ", ".join(filter(None, (line.strip() for line in own.address.splitlines())))
    return Place(name=own.name, address=address[:300]) if address else None


def desk(own: MerchantRecord, known: Account) -> Desk:
    """Where whoever asks sits and types."""
    return Desk(clock.now(), settings().zone, known.language, place_of(own))


def opened(own: MerchantRecord, post_id: UUID, known: Account) -> Written:
    """The draft of that id, or one made of the post as it stands. Raises NotFound, and Conflict for a withdrawn post."""
    draft = drafts.known(own.id, post_id)
    if draft is not None:
        return draft
    if whole := weekly.known(own.id, post_id):
        return _of_all_dates(own, whole, known)
    posts.read(post_id, merchant_id=own.id)
    _, record = approving.as_it_would_be(post_id)
    if record.state == "withdrawn":
        raise Conflict(_WITHDRAWN)
    kind = kinds.of(record.content)
    return Written(
        post_id,
        kind.name,
        written_out.written(kind, record.content, desk(own, known)),
        written_out.kept(kind, record.content),
        dict(record.content.texts),
        record.revision,
    )


def _of_all_dates(own: MerchantRecord, whole: WeeklyRecord, known: Account) -> Written:
    kind, content = kinds.of(whole.content), whole.content
    typed = written_out.written(kind, content, desk(own, known))
    return Written(whole.id, kind.name, typed, written_out.kept(kind, content), dict(content.texts))


def understood(own: MerchantRecord, draft: Written, known: Account) -> filled_in.Understood:
    """What a draft says. Raises Invalid, each fault at its box."""
    kept: dict[str, Any] = {**draft.kept, "texts": dict(draft.texts)}
    return filled_in.read(kinds.by_name(draft.kind), draft.typed, kept, desk(own, known))


def _typed(own: MerchantRecord, post_id: UUID, known: Account, form: Filled) -> Written:
    """The draft with what stands in the form now, kept. Raises NotFound for a kind that is none."""
    typed = {name: text for name, text in form.typed.items() if name not in _ASIDES}
    try:
        before = opened(own, post_id, known)
    except NotFound:
        before = Written(post_id, form.typed.get("kind", ""), {})
    if not kinds.named(before.kind):
        raise NotFound(Reason("There is nothing at this address."))
    typed = filled_in.settled(kinds.by_name(before.kind), typed, desk(own, known))
    draft = replace(before, typed=typed)
    drafts.save(own.id, draft)
    return draft


def _with_pictures(own: MerchantRecord, draft: Written, form: Filled) -> tuple[Fault, ...]:
    """Keep the pictures that came with a form behind those that are there; what is wrong with one is said, others stay."""
    typed, faults = dict(draft.typed), []
    shown = [n for n in range(filled_in.MOST_PICTURES) if f"images.{n}.url" in typed]
    free = iter(range(max(shown, default=-1) + 1, filled_in.MOST_PICTURES))
    for file in form.files:
        number = next(free, None)
        if number is None:
            faults.append(Fault("images", Reason("There is room for {} pictures.", filled_in.MOST_PICTURES)))
            break
        try:
            kept = uploads.add(own.id, file.file)
        except (Invalid, Forbidden, QuotaExceeded, Unavailable) as error:
            told = error.faults[0].message if isinstance(error, Invalid) else str(error)
            faults.append(Fault("images", Reason("{}: {}", (file.filename or "")[:80], told)))
            continue
        typed[f"images.{number}.url"] = kept.url
    drafts.save(own.id, replace(draft, typed=typed))
    return tuple(faults)


def _named(name: str, labels: Mapping[str, str], sentence: str) -> str:
    """A sentence with the question that it is about before it."""
    label = labels.get(name.partition(".")[0])
    return f"{label} – {sentence}" if label else sentence


def _without_picture(typed: Mapping[str, str], number: str) -> dict[str, str]:
    """The boxes without one picture; those behind it move up."""
    left = dict(typed)
    with suppress(ValueError):
        for n in range(int(number), filled_in.MOST_PICTURES):
            for part in ("url", "alt"):
                following = left.pop(f"images.{n + 1}.{part}", None)
                left.pop(f"images.{n}.{part}", None)
                if following is not None:
                    left[f"images.{n}.{part}"] = following
    return left


def _places(own: MerchantRecord, earlier: Sequence[Place]) -> list[tuple[str, str]]:
    """Places of earlier posts as choices, with the words for each: its name, and its address where another has that name."""
    others = [one for one in earlier if one != place_of(own)]
    names = Counter([own.name, *(one.name for one in others)])
    return [
        (
            written_out.placed(one),
            f"{one.name}, {one.address}" if names[one.name] > 1 and one.address else one.name,
        )
        for one in others
    ]


def _form(
    request: Request,
    known: Account,
    own: MerchantRecord,
    draft: Written,
    *,
    saved: bool = False,
    faults: tuple[Fault, ...] = (),
) -> Response:
    kind, language = kinds.by_name(draft.kind), known.language
    remarks: Mapping[str, Reason] = {}
    if not faults and draft.typed.get("title"):
        with suppress(Invalid):
            remarks = understood(own, draft, known).remarks
    sections = fields.sections(kind, language)
    labels = {one.name: one.label for one in fields.questions(kind, language)}
    said: dict[str, str] = {}
    for fault in faults:
        said.setdefault(fault.field, translated_error(fault.message, language))
    habit = habits.of(own.id, draft.kind)
    folded = {one.name for section in sections for one in section.folded}
    return desk_page(
        request,
        known,
        "write.html",
        status=422 if faults else 200,
        at=f"/desk/merchants/{own.slug}/posts/{draft.id}/write" if draft.updated_at or draft.seen else "",
        scripted=True,
        merchant=own,
        draft=draft,
        kind=kind,
        all_dates=weekly.known(own.id, draft.id) is not None,
        sections=sections,
        filled=draft.typed,
        faults=said,
        listed={name: _named(name, labels, sentence) for name, sentence in said.items()},
        open=any(name.partition(".")[0] in folded for name in said),
        remarks={name: translated_reason(one, language) for name, one in remarks.items()},
        saved=saved,
        pictures=[n for n in range(filled_in.MOST_PICTURES) if f"images.{n}.url" in draft.typed],
        most_pictures=filled_in.MOST_PICTURES,
        place=place_of(own),
        places=_places(own, habit.places),
        topics=habit.topics,
        chosen=[one.strip() for one in draft.typed.get("topics", "").splitlines() if one.strip()],
    )
