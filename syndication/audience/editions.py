"""Composes newsletter editions: what readers of a slot have not heard yet, once for all who get the same content."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, Select, String, cast, literal, select, update
from sqlalchemy.orm import Session

from syndication.audience import interests, mailings, stories
from syndication.audience.composing import Composed, Said, composed
from syndication.audience.stories import Story
from syndication.channels.built_in.newsletter import (
    Correction,
    Entry,
    Newsletter,
)
from syndication.channels.envelope import PostView
from syndication.config import Settings, settings
from syndication.content.cadence import Cadence, next_slot, previous_slot
from syndication.content.reason import NO_REASON, Reason
from syndication.infra import db, wakeups
from syndication.ledger import halts, lifecycle
from syndication.models import Change, Delivery, Edition, EditionPost, Reader

_log = structlog.get_logger(__name__)
#: Readers of one transaction; see fanout. Audiences of one sweep.
_READERS, MOST = 500, 200
#: Audiences whose edition could not be composed, as this process knows: they stay due, and come after all others.
_broken: set["_Audience"] = set()
#: How far back the first edition of a reader looks for whom nothing else is known.
_FIRST_WINDOW = timedelta(days=7)


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
    return composed(key, language, change.created_at, [Entry(view)], [], cfg, told)


def of_correction(
    change: Change, correction: Correction, language: str, cfg: Settings, *, since: int
) -> Composed | None:
    """The edition that corrects what the change with the number `since` told; None as with `of_change`."""
    key = f"change:{change.id}:{language}:correction:{since}"
    told = {correction.post.id: Said(change.id, since)}
    return composed(key, language, change.created_at, [], [correction], cfg, told)


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
    edition = composed(key, of.language, of.slot_at, entries, corrections, cfg, said, of.introduction)
    return store(session, edition) if edition is not None else None


def store(session: Session, edition: Composed) -> int:
    """The id of the stored edition; one with the same key is stored once."""
    row = {
        "key": edition.key,
        "language": edition.language,
        "slot_at": edition.slot_at,
        "composed_at": db.now(session),
        "introduction": edition.introduction,
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
    mailings.sweep()
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


def foreseen(
    slot: datetime,
    cadence: Cadence,
    interest_id: int,
    language: str,
    *,
    reader_id: int | None = None,
    since: datetime | None = None,
) -> Composed | None:
    """The edition of `slot` as it would be made now, and would be sent then; None where there would be nothing to tell.

    As somebody gets it who got the one before, or as one reader gets it, who was told everything until `since`. Nothing is
    kept of it.
    """
    cfg = settings()
    begins = since or previous_slot(cadence, slot - timedelta(seconds=1), cfg.zone) or slot - _FIRST_WINDOW
    audience = _Audience(interest_id, language, str(cadence), begins, slot, slot)
    window = stories.of_window(begins, slot, cfg)
    with db.reading() as session:
        # What is over by then will not be told.
        issue = _planned(session, audience, window, cfg, max(slot, db.now(session)))
        knows = stories.known(session, issue.doubtful(), [reader_id]).get(reader_id, {}) if reader_id else {}
    return issue.composed(knows, trial=True)


def foreseen_for(reader_id: int) -> Composed | None:
    """What one reader's next edition would tell them, after what they got already; None: nothing, or none is due."""
    with db.reading() as session:
        reader = session.get(Reader, reader_id)
    if reader is None or reader.state != "confirmed" or reader.next_slot_at is None:
        return None
    return foreseen(
        reader.next_slot_at,
        Cadence.parse(reader.cadence),
        reader.interest_id,
        reader.language,
        reader_id=reader_id,
        since=reader.covered_until,
    )


def _due(cfg: Settings, most: int) -> list[_Audience]:
    """The audiences whose slot has come, the longest due first; those that were broken when last tried come last."""
    columns = (Reader.interest_id, Reader.language, Reader.cadence, Reader.covered_until, Reader.next_slot_at)
    some = most + len(_broken)
    with db.reading() as session:
        now, halted = db.now(session), halts.halted(session)
        held = [slot for slot, state in halted.items() if state == "held"]
        statement = (
            select(*columns)
            .where(Reader.state == "confirmed", Reader.next_slot_at <= now, Reader.next_slot_at.not_in(held))
            .group_by(*columns)
            .order_by(Reader.next_slot_at)
            .limit(some)
        )
        rows = session.execute(statement).all()
    found = [
        _Audience(interest_id, language, cadence, since, due, _slot(cadence, due, now, cfg, halted))
        for interest_id, language, cadence, since, due in rows
        if due is not None
    ]
    if len(found) < some:  # these are all; the others were mended, or left
        _broken.intersection_update([audience.planned() for audience in found])
    return sorted(found, key=lambda audience: audience.planned() in _broken)[:most]


def _slot(
    cadence: str, due: datetime, now: datetime, cfg: Settings, halted: Collection[datetime] = ()
) -> datetime:
    """The last slot that has passed, so that a pause of days ends in one edition; the switch itself for instant readers.

    What was decided of one slot is no matter of another's readers: they get theirs, and then that.
    """
    last = previous_slot(Cadence.parse(cadence), now, cfg.zone) or due
    return due if due in halted or last in halted else last


#: What readers know of posts, to tell who knows the same: each post, the change they know it after, whether that is all.
_Same = frozenset[tuple[UUID, int, bool]]


@dataclass
class _Issue:
    """The editions of one audience at its slot: one for each set of readers who know equally much, composed once."""

    audience: _Audience
    window: Sequence[Story]
    cfg: Settings
    now: datetime
    introduction: str = ""
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
        edition = self.composed(knows)
        if edition is None:
            return None
        with db.transaction() as session:
            return store(session, edition), edition.over_at

    def composed(self, knows: Mapping[UUID, stories.Known], *, trial: bool = False) -> Composed | None:
        """What those get who know this much; None: nothing. A `trial` leaves no trace."""
        audience = self.audience
        entries, corrections, since = stories.heard(self.window, knows, self.now)
        if not entries and not corrections:
            return None
        said = {one.view.id: Said(one.change_id, since.get(one.view.id)) for one in self.window}
        key = _key(audience, entries, corrections, since, self.introduction)
        return composed(
            key,
            audience.language,
            audience.slot,
            entries,
            corrections,
            self.cfg,
            said,
            self.introduction,
            trial=trial,
        )


def _issue(audience: _Audience, window: Sequence[Story], cfg: Settings) -> None:
    with db.reading() as session:
        cancelled = halts.halted(session).get(audience.due) == "cancelled"
        issue = _planned(session, audience, window, cfg, db.now(session))
    if cancelled:  # its readers go on to their next slot
        issue = replace(issue, window=())
    issue.foresee()
    following = next_slot(Cadence.parse(audience.cadence), audience.slot, cfg.zone)
    while _serve(issue, following, cancelled=cancelled):
        pass


def _planned(
    session: Session, audience: _Audience, window: Sequence[Story], cfg: Settings, now: datetime
) -> _Issue:
    interest = interests.all_of(session, [audience.interest_id])[audience.interest_id]
    said = mailings.introduction(session, {audience.due, audience.slot}, audience.language)
    return _Issue(audience, [story for story in window if story.concerns(interest)], cfg, now, said)


def _serve(issue: _Issue, following: datetime | None, *, cancelled: bool) -> int:
    """Deliver to some of the audience and move them to their next slot, both or neither; returns how many."""
    audience = issue.audience
    of = {audience.due, audience.slot} if audience.cadence != "instantly" else ()
    with db.transaction() as session:
        ids = session.scalars(issue.some().with_for_update(skip_locked=True)).all()
        if not ids:
            return 0
        if of and not cancelled and not mailings.begin(session, of, audience.language, issue.introduction):
            return 0  # it was stopped meanwhile, or has other words above it: the next sweep looks
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
    introduction: str,
) -> str:
    """Equal for equal content at one slot, so that readers with different interests share an edition where they can."""
    told = [f"{one.post.id}.{one.post.revision}" for one in entries]
    told += [f"{one.post.id}.{one.post.revision}.{one.what}.{since[one.post.id]}" for one in corrections]
    told += [introduction] if introduction else []
    digest = hashlib.sha256(" ".join(told).encode()).hexdigest()[:32]
    return f"slot:{audience.slot:%Y%m%dT%H%M%S}:{audience.language}:{digest}"
