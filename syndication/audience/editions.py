"""Composes newsletter editions: what readers of a slot have not heard yet, once for all who get the same content."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, Select, String, cast, literal, select, update
from sqlalchemy.orm import Session

from syndication.audience import interests, stories
from syndication.audience.stories import Story
from syndication.channels.built_in.newsletter import (
    LEFT_OUT,
    Correction,
    EditionView,
    Entry,
    Newsletter,
    compose,
)
from syndication.channels.envelope import PostView
from syndication.config import Settings, settings
from syndication.content.cadence import Cadence, next_slot, previous_slot
from syndication.content.reason import NO_REASON, Reason
from syndication.infra import db, wakeups
from syndication.ledger import lifecycle
from syndication.models import Change, Delivery, Destination, Edition, EditionPost, Reader
from syndication.publishing import views

_log = structlog.get_logger(__name__)
#: Readers of one transaction; see fanout. Audiences of one sweep.
_READERS, MOST = 500, 200
#: Audiences whose edition could not be composed, as this process knows: they stay due, and come after all others.
_broken: set["_Audience"] = set()
#: How far back the first edition of a reader looks for whom nothing else is known.
_FIRST_WINDOW = timedelta(days=7)


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


@dataclass(frozen=True)
class _Audience:
    """Readers who get equal content: one interest, one language, one window (since, slot]. `due` is their planned slot."""

    interest_id: int
    language: str
    cadence: str
    since: datetime | None
    due: datetime
    slot: datetime

    def planned(self) -> "_Audience":
        """The same, whatever slot it is served at."""
        return replace(self, slot=self.due)

    def readers(self) -> tuple[ColumnElement[bool], ...]:
        return (
            Reader.state == "confirmed",
            Reader.interest_id == self.interest_id,
            Reader.language == self.language,
            Reader.cadence == self.cadence,
            Reader.covered_until.is_(None) if self.since is None else Reader.covered_until == self.since,
            Reader.next_slot_at == self.due,
        )


# Editions of one change, for readers who hear instantly


def of_change(change: Change, view: PostView, language: str, cfg: Settings) -> Composed | None:
    """The edition that tells of one new post; None where the post cannot be put into one, which its merchant is told."""
    key, told = f"change:{change.id}:{language}", {view.id: Said(change.id)}
    return _composed(key, language, change.created_at, [Entry(view)], [], cfg, told)


def of_correction(
    change: Change, correction: Correction, language: str, cfg: Settings, *, since: int
) -> Composed | None:
    """The edition that corrects what the change with the number `since` told; None as with `of_change`."""
    key = f"change:{change.id}:{language}:correction:{since}"
    told = {correction.post.id: Said(change.id, since)}
    return _composed(key, language, change.created_at, [], [correction], cfg, told)


def instead(
    session: Session,
    of: Edition,
    entries: Sequence[Entry],
    corrections: Sequence[Correction],
    cfg: Settings,
    said: Mapping[UUID, Said],
) -> int | None:
    """The id of the edition that takes the place of one that is not true any more; None where none of it can be in one."""
    every: list[Entry | Correction] = [*entries, *corrections]
    told = [f"{one.post.id}.{said[one.post.id]}" for one in every]
    key = f"instead:{of.id}:{hashlib.sha256(' '.join(told).encode()).hexdigest()[:32]}"
    known = session.scalar(select(Edition.id).where(Edition.key == key))
    if known is not None:
        return known
    composed = _composed(key, of.language, of.slot_at, entries, corrections, cfg, said)
    return store(session, composed) if composed is not None else None


def store(session: Session, edition: Composed) -> int:
    """The id of the stored edition; one with the same key is stored once."""
    row = {
        "key": edition.key,
        "language": edition.language,
        "slot_at": edition.slot_at,
        "composed_at": db.now(session),
        "parts": edition.parts,
    }
    db.insert_new(session, Edition.__table__, [row])
    edition_id = session.scalars(select(Edition.id).where(Edition.key == edition.key)).one()
    posts = [
        {
            "edition_id": edition_id,
            "post_id": post_id,
            "revision": revision,
            "change_id": said.change_id,
            "since": said.since,
        }
        for post_id, (revision, said) in edition.posts.items()
    ]
    db.insert_new(session, EditionPost.__table__, posts)
    return edition_id


def enqueue(
    session: Session,
    edition_id: int,
    audience: Iterable[ColumnElement[bool]],
    *,
    over_at: datetime | None,
    change_id: int | None = None,
    post_id: UUID | None = None,
    due_at: datetime | None = None,
    reason: Reason = NO_REASON,
) -> int:
    """One delivery of the edition for each reader of `audience`, due now or at `due_at`; returns how many are new.

    Repeating it adds none.
    """
    now = db.now(session)
    row = lifecycle.row(
        Newsletter,
        literal(f"e{edition_id}-r") + cast(Reader.id, String),
        now,
        reader_id=Reader.id,
        edition_id=edition_id,
        change_id=change_id,
        post_id=post_id,
        due_at=due_at,
        over_at=over_at,
        reason=reason,
    )
    values = lifecycle.selected(row)
    rows = select(*values.values()).where(*audience).order_by(Reader.id)
    return db.insert_new(session, Delivery.__table__, rows, values)


# Editions of a slot


def sweep(*, most: int = MOST) -> int:
    """Compose and deliver the editions whose slot has come; returns how many audiences were served."""
    cfg = settings()
    windows: dict[tuple[datetime | None, datetime], list[Story]] = {}
    audiences = _due(cfg, most)
    for audience in audiences:
        window = (audience.since, audience.slot)
        try:
            if window not in windows:
                since = audience.since or audience.slot - _FIRST_WINDOW
                windows[window] = stories.of_window(since, audience.slot, cfg)
            _issue(audience, windows[window], cfg)
        except Exception:  # one that cannot be composed must not hold up the others; its readers stay due
            _log.exception("edition.broken", language=audience.language, slot=audience.slot.isoformat())
            _broken.add(audience.planned())
        else:
            _broken.discard(audience.planned())
    return len(audiences)


def _due(cfg: Settings, most: int) -> list[_Audience]:
    """The audiences whose slot has come, the longest due first; those that were broken when last tried come last."""
    columns = (Reader.interest_id, Reader.language, Reader.cadence, Reader.covered_until, Reader.next_slot_at)
    some = most + len(_broken)
    with db.reading() as session:
        now = db.now(session)
        statement = (
            select(*columns)
            .where(Reader.state == "confirmed", Reader.next_slot_at <= now)
            .group_by(*columns)
            .order_by(Reader.next_slot_at)
            .limit(some)
        )
        rows = session.execute(statement).all()
    found = [
        _Audience(interest_id, language, cadence, since, due, _slot(cadence, due, now, cfg))
        for interest_id, language, cadence, since, due in rows
        if due is not None
    ]
    if len(found) < some:  # these are all; the others were mended, or left
        _broken.intersection_update([audience.planned() for audience in found])
    return sorted(found, key=lambda audience: audience.planned() in _broken)[:most]


def _slot(cadence: str, due: datetime, now: datetime, cfg: Settings) -> datetime:
    """The last slot that has passed, so that a pause of days ends in one edition; the switch itself for instant readers."""
    return previous_slot(Cadence.parse(cadence), now, cfg.zone) or due


#: What readers know of posts, to tell who knows the same: each post, the change they know it after, whether that is all.
_Same = frozenset[tuple[UUID, int, bool]]


@dataclass
class _Issue:
    """The editions of one audience at its slot: one for each set of readers who know equally much, composed once."""

    audience: _Audience
    window: Sequence[Story]
    cfg: Settings
    now: datetime
    #: Each stored edition and when it is over; None where there is nothing to tell.
    _made: dict[_Same, tuple[int, datetime | None] | None] = field(default_factory=dict)

    def doubtful(self) -> list[Story]:
        """The stories of which its readers may have been told different things."""
        since = self.audience.since
        # Who came, or changed their rhythm, between two slots may have heard of fresh posts as well.
        slot = since and previous_slot(Cadence.parse(self.audience.cadence), since, self.cfg.zone)
        return [story for story in self.window if not story.fresh or since is None or since != slot]

    def foresee(self) -> None:
        """Compose what the first readers will get, outside the transaction that gives it to them."""
        with db.reading() as session:
            groups = self._groups(session, session.scalars(self.some()).all())
        for same, (_, knows) in groups.items():
            self._made[same] = self._edition(knows)

    def some(self) -> Select[int]:
        """The next of its readers."""
        return select(Reader.id).where(*self.audience.readers()).order_by(Reader.id).limit(_READERS)

    def enqueue(self, session: Session, readers: tuple[ColumnElement[bool], ...], ids: Sequence[int]) -> None:
        """To each of these readers what is new to them."""
        for same, (some, knows) in self._groups(session, ids).items():
            if same not in self._made:
                self._made[same] = self._edition(knows)
            if (made := self._made[same]) is not None:
                enqueue(session, made[0], (*readers, Reader.id.in_(some)), over_at=made[1])
                wakeups.after_commit(session, Newsletter.queue)

    def _groups(
        self, session: Session, ids: Sequence[int]
    ) -> dict[_Same, tuple[list[int], dict[UUID, stories.Known]]]:
        """Readers who know equally much, and what they know."""
        known = stories.known(session, self.doubtful(), ids)
        groups: dict[_Same, tuple[list[int], dict[UUID, stories.Known]]] = {}
        for reader_id in ids:
            mine = known.get(reader_id, {})
            same = frozenset((post_id, one.since, one.newest) for post_id, one in mine.items())
            groups.setdefault(same, ([], mine))[0].append(reader_id)
        return groups

    def _edition(self, knows: Mapping[UUID, stories.Known]) -> tuple[int, datetime | None] | None:
        audience = self.audience
        entries, corrections, since = stories.heard(self.window, knows, self.now)
        if not entries and not corrections:
            return None
        said = {one.view.id: Said(one.change_id, since.get(one.view.id)) for one in self.window}
        key = _key(audience, entries, corrections, since)
        edition = _composed(key, audience.language, audience.slot, entries, corrections, self.cfg, said)
        if edition is None:
            return None
        with db.transaction() as session:
            return store(session, edition), edition.over_at


def _issue(audience: _Audience, window: Sequence[Story], cfg: Settings) -> None:
    with db.reading() as session:
        interest = interests.all_of(session, [audience.interest_id])[audience.interest_id]
        now = db.now(session)
    issue = _Issue(audience, [story for story in window if story.concerns(interest)], cfg, now)
    issue.foresee()
    following = next_slot(Cadence.parse(audience.cadence), audience.slot, cfg.zone)
    while _serve(issue, following):
        pass


def _serve(issue: _Issue, following: datetime | None) -> int:
    """Deliver to some of the audience and move them to their next slot, both or neither; returns how many."""
    audience = issue.audience
    with db.transaction() as session:
        ids = session.scalars(issue.some().with_for_update(skip_locked=True)).all()
        if not ids:
            return 0
        some = (*audience.readers(), Reader.id.in_(ids))
        issue.enqueue(session, some, ids)
        session.execute(
            update(Reader)
            .where(*some)
            .values(covered_until=audience.slot, next_slot_at=following)
            .execution_options(synchronize_session=False)
        )
        return len(ids)


def _key(
    audience: _Audience,
    entries: Sequence[Entry],
    corrections: Sequence[Correction],
    since: Mapping[UUID, int],
) -> str:
    """Equal for equal content at one slot, so that readers with different interests share an edition where they can."""
    told = [f"{one.post.id}.{one.post.revision}" for one in entries]
    told += [f"{one.post.id}.{one.post.revision}.{one.what}.{since[one.post.id]}" for one in corrections]
    digest = hashlib.sha256(" ".join(told).encode()).hexdigest()[:32]
    return f"slot:{audience.slot:%Y%m%dT%H%M%S}:{audience.language}:{digest}"


def _composed(
    key: str,
    language: str,
    slot_at: datetime,
    entries: Sequence[Entry],
    corrections: Sequence[Correction],
    cfg: Settings,
    said: Mapping[UUID, Said],
) -> Composed | None:
    """The edition, without the posts that cannot be in one; None where nothing is left. `said` covers all its posts."""
    try:
        return _whole(key, EditionView(language, slot_at, tuple(entries), tuple(corrections)), cfg, said)
    except Exception:  # whatever it is that one post holds, all others are told
        # Where not even an edition of nothing can be made, it is no post's fault: its readers wait until it is mended.
        compose(EditionView(language, slot_at, (), ()), views.city(cfg), cfg.mail_from)
        every: list[Entry | Correction] = [*entries, *corrections]
        sound = [one for one in every if _fits(one, language, slot_at, cfg)]
        unfit = [one.post for one in every if one not in sound]
        if not unfit:
            raise
    _leave_out([(said[post.id].change_id, post.id) for post in unfit])
    view = EditionView(
        language,
        slot_at,
        tuple(one for one in sound if isinstance(one, Entry)),
        tuple(one for one in sound if isinstance(one, Correction)),
    )
    return _whole(key, view, cfg, said) if sound else None


def _whole(key: str, view: EditionView, cfg: Settings, said: Mapping[UUID, Said]) -> Composed:
    ends = [entry.post.over_at for entry in view.entries] + [_news_until(one) for one in view.corrections]
    posts = [entry.post for entry in view.entries] + [correction.post for correction in view.corrections]
    return Composed(
        key=key,
        language=view.language,
        slot_at=view.slot_at,
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
