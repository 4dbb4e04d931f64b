"""The page before publishing: what each outlet will show, who gets it and when, and what cannot be changed there afterwards."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from syndication import channels, clock, kinds
from syndication.accounts.people import Account
from syndication.channels import wording
from syndication.channels.social.settings import SocialSettings
from syndication.config import settings
from syndication.content.characters import legible
from syndication.content.post import Draft
from syndication.content.reason import Reason
from syndication.delivery.foreseen import Foreseen, foreseen
from syndication.errors import Conflict, Fault, Forbidden, Invalid, NotFound, QuotaExceeded
from syndication.infra.reasons import translated_error, translated_reason
from syndication.kinds import fields
from syndication.publishing import (
    drafts,
    filled_in,
    merchants,
    posts,
    price_memory,
    rehearsal,
    review,
    weekly,
)
from syndication.publishing.drafts import Written
from syndication.publishing.filled_in import Understood
from syndication.publishing.merchants import MerchantRecord
from syndication.publishing.records import PostRecord
from syndication.sources import spoken
from syndication.web import signed_in
from syndication.web.desk import write
from syndication.web.desk.forms import Filled, PostForm
from syndication.web.desk.frame import desk_page, onward
from syndication.web.signed_in import Visitor

router = APIRouter(prefix="/desk/merchants/{slug}/posts/{post_id}", dependencies=[Depends(signed_in.allowed)])
_WHEN = "publish_at"
#: The box with which a post goes on to the page that lets it come every week.
_WEEKLY = "weekly"
#: What is typed into a box here has at most so many characters.
_LONGEST = 200
_Typed = Annotated[str, Query(max_length=_LONGEST)]
_NO_HOUR = Reason("Please add the hour, such as “Sat 10:00”.")
_EITHER = Reason("Here stands an hour, but “at once” was chosen. Please choose again, or empty this box.")
_PAST = Reason("That has passed already. Please choose a later hour, or publish at once.")


@router.get("/check")
def check(
    request: Request,
    known: Visitor,
    slug: str,
    post_id: UUID,
    how: _Typed = "",
    publish_at: _Typed = "",
    weekly_too: Annotated[str, Query(alias=_WEEKLY, max_length=_LONGEST)] = "",
) -> Response:
    """What would happen; back to the form where something in it is wrong.

    `how`, `publish_at` and `weekly` are what was chosen below before other words were looked at.
    """
    own = merchants.by_slug(slug)
    if weekly.known(own.id, post_id):
        return onward("/desk/merchants", slug, "weekly", str(post_id), "check")
    draft = drafts.known(own.id, post_id)
    if draft is None:  # it was published meanwhile, perhaps by a second tap
        posts.read(post_id, merchant_id=own.id)
        return onward("/desk/merchants", slug, "posts", str(post_id))
    try:
        found = write.understood(own, draft, known)
    except Invalid:
        return _to_the_form(slug, post_id)
    chosen = _Chosen(legible(publish_at), later=how == "later", weekly=bool(weekly_too)) if how else None
    return _page(request, known, own, draft, found, chosen=chosen)


@router.post("/check")
def decide(request: Request, known: Visitor, slug: str, post_id: UUID, form: PostForm) -> Response:
    """Publish, at once or at an hour; or keep own words for an outlet, or drop them."""
    own, then = merchants.by_slug(slug), form.typed.get("then", "publish")
    if weekly.known(own.id, post_id):  # what all dates say is no post
        return onward("/desk/merchants", slug, "weekly", str(post_id), "check")
    draft = drafts.known(own.id, post_id)
    if draft is None:
        return _out(own, post_id, form)
    draft = replace(draft, texts=_own_words(draft, form, dropped=then.partition("drop.")[2]))
    drafts.save(own.id, draft)
    try:
        found = write.understood(own, draft, known)
    except Invalid:
        return _to_the_form(slug, post_id)
    if then != "publish":
        kept = {name: form.typed[name][:_LONGEST] for name in ("how", _WHEN, _WEEKLY) if form.typed.get(name)}
        return onward("/desk/merchants", slug, "posts", str(post_id), "check", **kept)
    later, then_weekly = form.typed.get("how") == "later", _WEEKLY in form.boxes
    chosen = _Chosen(form.typed.get(_WHEN, ""), later=later, weekly=then_weekly)
    try:
        # A date of a weekly series is asked for no hour: it keeps the one that it has.
        at = _hour(chosen, _waiting(own, draft), own, known) if "how" in form.boxes else None
        drafts.publish(own.id, post_id, found.draft.model_copy(update={_WHEN: at}))
    except (Invalid, Forbidden, Conflict, QuotaExceeded) as error:
        return _page(request, known, own, draft, found, trouble=error, chosen=chosen)
    return _out(own, post_id, form)


def _out(own: MerchantRecord, post_id: UUID, form: Filled) -> Response:
    """It is said: on to its own page, or to how often it comes again. Raises NotFound for another's."""
    content = posts.read(post_id, merchant_id=own.id).content
    further = [_WEEKLY] if _WEEKLY in form.boxes and weekly.may_come_weekly(content) else []
    return onward("/desk/merchants", own.slug, "posts", str(post_id), *further, told="1")


def _to_the_form(slug: str, post_id: UUID) -> Response:
    return onward("/desk/merchants", slug, "posts", str(post_id), "write", faults="1")


def _own_words(draft: Written, form: Filled, *, dropped: str) -> dict[str, str]:
    """Own words for single outlets: those that are there, those that were typed, without those that were taken back.

    An emptied box takes back too; one that was not on the page changes nothing.
    """
    kept = dict(draft.texts)
    for name in form.boxes:
        channel = name.removeprefix("text.")
        if channel != name and channels.known(channel):
            kept[channel] = form.typed.get(name, "")
    kept.pop(dropped, None)
    return {channel: text for channel, text in kept.items() if text}


@dataclass(frozen=True)
class _Chosen:
    """At once, or at an hour as it was typed; and whether it is to come again every week."""

    hour: str = ""
    later: bool = False
    weekly: bool = False


def _waiting(own: MerchantRecord, draft: Written) -> PostRecord | None:
    """The post that a draft corrects, where it still waits for its hour."""
    record = posts.read(draft.id, merchant_id=own.id) if draft.seen else None
    return record if record is not None and record.state == "scheduled" else None


def _as_it_stands(waiting: PostRecord | None, own: MerchantRecord, known: Account) -> _Chosen:
    """What the page offers first: the hour that a post has already."""
    if waiting is None or waiting.publish_at is None:
        return _Chosen(later=waiting is not None)
    return _Chosen(filled_in.spelled(waiting.publish_at, write.desk(own, known)), later=True)


def _hour(
    chosen: _Chosen, waiting: PostRecord | None, own: MerchantRecord, known: Account
) -> datetime | None:
    """When it is to come out; None for at once, or for the hour that it has already.

    Raises Invalid at its box, also where it is not clear which is meant.
    """
    text, before = chosen.hour, _as_it_stands(waiting, own, known).hour
    if not chosen.later and text in (
        "",
        before,
    ):  # the box came filled in, so that its hour is no contradiction
        return clock.now() if waiting else None
    if text and text == before:
        return None
    if not text or not chosen.later:
        raise Invalid.field(_WHEN, _NO_HOUR if chosen.later else _EITHER)
    seat = write.desk(own, known)
    try:
        heard = spoken.understood(text, seat.now, seat.zone, seat.language)
    except Invalid as error:
        raise Invalid.field(_WHEN, error.faults[0].message) from error
    if not isinstance(heard.start, datetime):
        raise Invalid.field(_WHEN, _NO_HOUR)
    if heard.start <= seat.now:
        raise Invalid.field(_WHEN, _PAST)
    return heard.start


def _page(
    request: Request,
    known: Account,
    own: MerchantRecord,
    draft: Written,
    found: Understood,
    *,
    trouble: Exception | None = None,
    chosen: _Chosen | None = None,
) -> Response:
    language, said, content = known.language, found.draft, found.draft.content()
    kind = kinds.of(content)
    told = _sentences(kind, trouble or _trouble(own, draft, said), language)
    waiting, outlets = _waiting(own, draft), list(foreseen(own.id, draft.id, content))
    chosen = chosen or _as_it_stands(waiting, own, known)
    return desk_page(
        request,
        known,
        "check.html",
        status=422 if trouble else 200,
        scripted=True,
        merchant=own,
        draft=draft,
        looked_at=review.applies_to(own.id),
        corrects=draft.seen is not None and waiting is None,
        date_of_many=waiting if waiting and waiting.weekly_id else None,
        post=shown(said, language),
        remarks=[translated_reason(one, language) for one in found.remarks.values()],
        outlets=[_outlet(one, draft, language, outlets) for one in outlets],
        advice=_advice(own, said, language),
        trouble=told,
        stuck=any(box != _WHEN for box, _ in told),
        hour=chosen.hour,
        hour_fault=next((sentence for box, sentence in told if box == _WHEN), ""),
        later=chosen.later or bool(chosen.hour),
        may_come_weekly=weekly.may_come_weekly(content),
        then_weekly=chosen.weekly,
    )


def _trouble(own: MerchantRecord, draft: Written, said: Draft) -> Exception | None:
    """What would keep it from being published, found by doing it and taking it back."""
    try:
        rehearsal.tried(lambda: drafts.publish(own.id, draft.id, said))
    except (Invalid, Forbidden, Conflict, QuotaExceeded, NotFound) as error:
        return error
    return None


def _sentences(kind: Any, trouble: Exception | None, language: str) -> list[tuple[str, str]]:
    """Each with the box that it is about; empty for the whole post."""
    if trouble is None:
        return []
    if not isinstance(trouble, Invalid):
        return [("", translated_error(str(trouble), language))]
    labels = {one.name: one.label for one in fields.questions(kind, language)}

    def named(fault: Fault) -> tuple[str, str]:
        box = fault.field.partition(".")[0]
        label, sentence = labels.get(box, ""), translated_error(fault.message, language)
        return box if box in labels or box == _WHEN else "", f"{label} {sentence}" if label else sentence

    return [named(fault) for fault in trouble.faults]


def _advice(own: MerchantRecord, said: Draft, language: str) -> list[tuple[str, str]]:
    """What the law wants of a reduction, with the box that it is about."""
    found = price_memory.advice(own.id, said, language=language)
    return [(one.field, translated_reason(one.reason, language)) for one in found]


def shown(said: Draft, language: str) -> dict[str, Any]:
    """The post as its own page shows it."""
    content, cfg, now = said.content(), settings(), clock.now()
    return {
        "title": content.title,
        "language": content.language,
        "mark": wording.mark(content.standing, language),
        "when": wording.when(content, cfg.zone, language, now),
        "where": wording.where(content),
        "facts": wording.facts(content, cfg.zone, language),
        "summary": content.summary,
        "body": content.body,
        "pictures": content.images,
        "topics": [topic.name for topic in content.topics],
    }


def _outlet(one: Foreseen, draft: Written, language: str, among: list[Foreseen]) -> dict[str, Any]:
    """What the page shows of an outlet. Own words hold for all of a network: they are asked for at the first `among` them."""
    said = {
        name: translated_reason(getattr(one, name), language)
        for name in ("said", "refused", "waits", "afterwards")
    }
    return {
        "foreseen": one,
        "preview": one.preview,
        "remark": translated_reason(one.preview.remark, language) if one.preview else "",
        "own": draft.texts.get(one.channel, ""),
        "may_say_own": one
        is next((each for each in among if each.channel == one.channel and each.preview), None)
        and issubclass(channels.by_kind(one.channel).settings, SocialSettings),
        "problems": [translated_reason(reason, language) for reason in one.problems],
        **said,
    }
