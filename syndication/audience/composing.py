"""Makes an edition of what is to be told: without the posts that no mail can be made of, whose merchants are told."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import select

from syndication.channels.built_in.newsletter import (
    LEFT_OUT,
    Correction,
    EditionView,
    Entry,
    Newsletter,
    compose,
)
from syndication.config import Settings
from syndication.infra import db
from syndication.ledger import lifecycle
from syndication.models import Delivery, Destination
from syndication.publishing import views

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Said:
    """What an edition says of one post: how it stood after this change, corrected `since` another one; None: as news."""

    change_id: int
    since: int | None = None


@dataclass(frozen=True)
class Composed:
    """An edition ready to be stored, with the revision of each post in it, and when nothing in it is worth hearing."""

    key: str
    language: str
    slot_at: datetime
    parts: dict[str, Any]
    posts: Mapping[UUID, tuple[int, Said]]
    over_at: datetime | None
    introduction: str = ""


def composed(
    key: str,
    language: str,
    slot_at: datetime,
    entries: Sequence[Entry],
    corrections: Sequence[Correction],
    cfg: Settings,
    said: Mapping[UUID, Said],
    introduction: str = "",
    *,
    trial: bool = False,
) -> Composed | None:
    """The edition, without the posts that cannot be in one; None where nothing is left. `said` covers all its posts.

    Whose post is left out is told so, unless it is a `trial`.
    """
    try:
        view = EditionView(language, slot_at, tuple(entries), tuple(corrections), introduction)
        return _whole(key, view, cfg, said)
    except Exception:  # whatever it is that one post holds, all others are told
        # Where not even an edition of nothing can be made, it is no post's fault: its readers wait until it is mended.
        compose(EditionView(language, slot_at, (), ()), views.city(cfg), cfg.mail_from)
        every: list[Entry | Correction] = [*entries, *corrections]
        sound = [one for one in every if _fits(one, language, slot_at, cfg)]
        unfit = [one.post for one in every if one not in sound]
        if not unfit:
            raise
    if not trial:
        _leave_out([(said[post.id].change_id, post.id) for post in unfit])
    view = EditionView(
        language,
        slot_at,
        tuple(one for one in sound if isinstance(one, Entry)),
        tuple(one for one in sound if isinstance(one, Correction)),
        introduction,
    )
    return _whole(key, view, cfg, said) if sound else None


def _whole(key: str, view: EditionView, cfg: Settings, said: Mapping[UUID, Said]) -> Composed:
    ends = [entry.post.over_at for entry in view.entries] + [_news_until(one) for one in view.corrections]
    posts = [entry.post for entry in view.entries] + [correction.post for correction in view.corrections]
    return Composed(
        key=key,
        language=view.language,
        slot_at=view.slot_at,
        introduction=view.introduction,
        parts=compose(view, views.city(cfg), cfg.mail_from),
        posts={post.id: (post.revision, said[post.id]) for post in posts},
        # As long as one thing in it is worth hearing the edition goes out.
        over_at=None if None in ends else max((end for end in ends if end), default=None),
    )


def _news_until(correction: Correction) -> datetime | None:
    """When a correction is not worth hearing any more: one of single dates with the last of them, any other never."""
    if correction.what != "dates" or correction.before is None:
        return None
    return correction.post.content.date_news_until(correction.before)


def _fits(one: Entry | Correction, language: str, slot_at: datetime, cfg: Settings) -> bool:
    """Whether an edition of this alone can be made."""
    entries, corrections = ((one,), ()) if isinstance(one, Entry) else ((), (one,))
    try:
        compose(EditionView(language, slot_at, entries, corrections), views.city(cfg), cfg.mail_from)
    except Exception:
        _log.exception("edition.left_out", post=str(one.post.id), revision=one.post.revision)
        return False
    return True


def _leave_out(told: Iterable[tuple[int, UUID]]) -> None:
    """A dead letter of the newsletter for each change and post: the merchant reads why, and the operator that it is so."""
    with db.transaction() as session:
        newsletter = session.scalar(
            select(Destination.id).where(Destination.channel == Newsletter.kind).limit(1)
        )
        if newsletter is None:  # a city that has none yet; the log has it
            return
        now = db.now(session)
        rows = [
            lifecycle.row(
                Newsletter,
                f"c{change_id}-{newsletter.hex}",
                now,
                destination_id=newsletter,
                change_id=change_id,
                post_id=post_id,
                state="failed",
                reason=LEFT_OUT,
            )
            for change_id, post_id in told
        ]
        db.insert_new(session, Delivery.__table__, rows)
