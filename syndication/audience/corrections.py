"""Corrections to readers: finds who was told an older version of a post, and tells them what changed.

A merchant who mends a post rarely mends it once. So what people would get as one more message waits for a moment, and the
next revision takes its place without pushing it back; what comes again about the same post waits longer each time. Machines,
and networks where a post is edited in place, are told at once.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import Session

from syndication import channels
from syndication.audience import editions, gathering, interests, stories, told
from syndication.audience.composing import Composed
from syndication.channels.built_in.newsletter import Correction, Newsletter
from syndication.channels.envelope import PostView
from syndication.config import Settings
from syndication.content.interest import Interest
from syndication.content.post import Content, matters
from syndication.content.reason import NO_REASON, Reason
from syndication.infra import db, wakeups
from syndication.ledger import lifecycle, policy
from syndication.ledger.outcomes import SUPERSEDED, WITHDRAWN
from syndication.models import Change, Delivery, Destination, EditionPost, Reader

HELD = Reason("Waits a moment, so that several changes become one message.")
UNDONE = Reason("It was changed back before anybody was told.")
#: Readers of one transaction, as in fanout; and how many are looked up at a time.
_PEOPLE, _LOOKED_UP = 500, 5000
#: Messages about one post are counted for so long.
_COUNTED = timedelta(hours=24)
#: The number of a reader, or the id of a destination.
_Who = TypeVar("_Who", int, UUID)
#: Notes how far (the last reader) a transaction got.
Keep = Callable[[Session, int], None]


@dataclass(frozen=True)
class News:
    """A change with what is needed to see whom it concerns. `before` is the content of the revision it replaces."""

    change: Change
    view: PostView
    merchant_id: UUID
    over_at: datetime | None
    before: Content | None
    #: The post was taken in without a word: only who was told of it meanwhile hears more.
    quiet: bool = False
    #: No reader is told of it; what waits for them is dropped.
    untold: bool = False

    def concerns(self, interest: Interest) -> bool:
        """Whether an interest covers the post as it is, or as it was before this change."""
        said = [self.view.content, *([self.before] if self.before is not None else [])]
        return any(interests.wants(interest, content, self.view.merchant) for content in said)


@dataclass(frozen=True)
class Moments:
    """When each destination is due to hear; one that is missing has nothing to hear. All aware, UTC."""

    now: datetime
    due: Mapping[UUID, datetime]


@dataclass(frozen=True)
class _Told:
    """What somebody was told last of a post, and how many messages behind the first one they got lately."""

    content: Content
    change_id: int
    repeats: int


@dataclass(frozen=True)
class _Replaced:
    """The deliveries of one recipient that waited, and when the first of them was due."""

    ids: tuple[int, ...]
    due_at: datetime


# Destinations


def heard(session: Session, news: News, destination_ids: Sequence[UUID]) -> set[UUID | None]:
    """Which destinations have, or are about to get, an earlier version: they hear of this one whatever interests them."""
    if news.change.action == "published":
        return set()
    earlier = _earlier(news, Delivery.destination_id, destination_ids)
    known = select(Delivery.destination_id).where(*earlier, Delivery.state.in_((*told.ARRIVED, "waiting")))
    return set(session.scalars(known))


def to_destinations(
    session: Session, news: News, destinations: Sequence[Destination], cfg: Settings
) -> Moments:
    """When these destinations hear the news; older news of the same post that still waits for them is dropped."""
    now = db.now(session)
    ids = [destination.id for destination in destinations]
    replaced = _drop_waiting(session, news, Delivery.destination_id, ids)
    held = [
        destination.id for destination in destinations if news.before is not None and _is_held(destination)
    ]
    messages = told.destinations(session, news.view.id, held, before=news.change.id)
    due, undone = dict.fromkeys(ids, now), list[_Replaced]()
    for destination_id, known in _last(session, news, messages, now).items():
        if known.content.digest() == news.view.content.digest():
            undone += [replaced[destination_id]] if destination_id in replaced else []
            del due[destination_id]
        else:
            due[destination_id] = _due(known, news, now, replaced.get(destination_id), cfg)
    _undo(session, undone)
    return Moments(now, due)


def _is_held(destination: Destination) -> bool:
    """Whether a revision makes one more message there: on a person's device, or beside a post that cannot be edited."""
    channel = channels.by_kind(destination.channel)
    return channel.personal or (channel.abilities.corrects and not channel.abilities.revise)


# Readers


def to_readers(news: News, cfg: Settings, *, after: int, keep: Keep) -> Iterator[int]:
    """Tell the readers who were told of the post, or were about to be, what is new to them; a repeat adds nothing.

    Who heard of it in an edition of a slot, and still hears by slots, is told by the next one. Goes on behind reader
    `after`. `keep` notes in each chunk's transaction how far it got, and so is yielded then.
    """
    made = _Editions(news, cfg)
    for ids in _reader_ids(news, after):
        with db.transaction() as session:
            # One after the other, so that a fan-out that runs twice sees what the first wrote.
            db.advisory_lock(session, f"post {news.view.id}")
            _retell(session, news, ids, made, cfg)
            keep(session, ids[-1])
        yield ids[-1]


def _reader_ids(news: News, last: int) -> Iterator[list[int]]:
    """Everybody behind reader `last` who was told older news of this post, or is about to be, in chunks."""
    alone = (Delivery.post_id == news.view.id, Delivery.state.in_((*told.ARRIVED, "waiting")))
    among_others = (
        Delivery.post_id.is_(None),
        Delivery.state.in_(told.ARRIVED),
        Reader.cadence == "instantly",
    )
    while True:
        copies = (
            select(Delivery.reader_id)
            .join(EditionPost, EditionPost.edition_id == Delivery.edition_id)
            .join(Reader, Reader.id == Delivery.reader_id)
            .where(EditionPost.post_id == news.view.id, EditionPost.change_id < news.change.id)
            .where(Delivery.reader_id > last, or_(and_(*alone), and_(*among_others)))
            .distinct()
            .order_by(Delivery.reader_id)
            .limit(_LOOKED_UP)
        )
        with db.reading() as session:
            ids = [found for found in session.scalars(copies) if found is not None]
        if not ids:
            return
        for start in range(0, len(ids), _PEOPLE):
            yield ids[start : start + _PEOPLE]
        last = ids[-1]


def _retell(session: Session, news: News, ids: list[int], made: "_Editions", cfg: Settings) -> None:
    """Drop what waits and decide for each reader, in one transaction: nobody is counted twice while a worker claims."""
    # Taken first: somebody whose slot is served, or who chooses another rhythm, at this moment comes before or after.
    confirmed = (
        select(Reader.id, Reader.language)
        .where(Reader.id.in_(ids), Reader.state == "confirmed")
        .order_by(Reader.id)
        .with_for_update(key_share=True)
    )
    readers = session.execute(confirmed).all()
    now = db.now(session)
    replaced = _drop_waiting(session, news, Delivery.reader_id, ids)
    messages = _messages(session, news, ids)
    known_to = _last(session, news, messages, now)
    done, gathered = _done(session, news, ids), _gathered(session, news, ids)
    groups: dict[tuple[str, int, datetime], list[int]] = {}
    undone: list[_Replaced] = []
    for reader_id, language in readers:
        known = known_to.get(reader_id)
        if reader_id in done or news.untold:
            continue
        if known is None:
            if reader_id in replaced and news.before is not None:
                groups.setdefault((language, 0, now), []).append(reader_id)
        elif news.before is not None and not matters(known.content, news.view.content, now):
            undone += [replaced[reader_id]] if reader_id in replaced else []
        else:
            due = _due(known, news, now, replaced.get(reader_id), cfg)
            if due > now and reader_id in gathered:
                continue
            made.note(known)
            groups.setdefault((language, known.change_id, due), []).append(reader_id)
    _undo(session, undone)
    for (language, since, due), some in groups.items():
        edition_id = made.id_of(session, language, since)
        if edition_id is None:
            continue
        editions.enqueue(
            session,
            edition_id,
            (Reader.id.in_(some), Reader.state == "confirmed"),
            over_at=made.over_at(since),
            change_id=news.change.id,
            post_id=news.view.id,
            due_at=due,
            reason=HELD if due > now else NO_REASON,
        )
    if groups:
        wakeups.after_commit(session, Newsletter.queue, apart=1.0)


def _gathered(session: Session, news: News, ids: Sequence[int]) -> set[int]:
    """Who has a window open whose edition will tell this change as well, so that it needs no mail of its own."""
    mine = (Reader.id.in_(ids), *gathering.takes_in(news.change.joined_at))
    statement = select(Reader.id, Reader.interest_id).where(*mine)
    found: dict[int, int] = dict(session.execute(statement).all())
    wanted = interests.all_of(session, sorted(set(found.values()))) if found else {}
    return {reader_id for reader_id, interest_id in found.items() if news.concerns(wanted[interest_id])}


@dataclass
class _Editions:
    """The editions of one change, each composed once: for those who were told nothing (0), and by what was told last."""

    news: News
    cfg: Settings
    _told: dict[int, Content] = field(default_factory=dict)
    _ids: dict[tuple[str, int], int | None] = field(default_factory=dict)

    def note(self, known: _Told) -> None:
        """Remember what the change of this number said."""
        self._told[known.change_id] = known.content

    def id_of(self, session: Session, language: str, since: int) -> int | None:
        """The stored edition that says what is new since a change; None where the post cannot be put into one."""
        if (language, since) not in self._ids:
            composed = self._composed(language, since)
            self._ids[language, since] = editions.store(session, composed) if composed else None
        return self._ids[language, since]

    def over_at(self, since: int) -> datetime | None:
        """From when it is not worth telling: when both what was told and what is true now are over; a withdrawal always is.

        News of single dates is over with the last of them.
        """
        if not since or self.news.before is None:
            return self.news.over_at
        before, after = self._told[since], self.news.view.content
        if until := after.date_news_until(before):  # of a date that has passed nobody wants to hear
            return until
        ends = [one.over_at(self.cfg.zone) for one in (before, after)]
        return None if None in ends else max(end for end in ends if end is not None)

    def _composed(self, language: str, since: int) -> Composed | None:
        change, view = self.news.change, self.news.view
        if not since:
            return editions.of_change(change, view, language, self.cfg)
        gone = self.news.before is None
        before = self._told[since]
        what = "withdrawn" if gone else stories.what_changed(before, view.content, change.created_at)
        correction = Correction(view, what, before)
        return editions.of_correction(change, correction, language, self.cfg, since=since)


# Both


def _earlier(news: News, who: Any, ids: Sequence[Any]) -> tuple[ColumnElement[bool], ...]:
    """Deliveries of older news of this post to some of its recipients."""
    return (who.in_(ids), Delivery.post_id == news.view.id, Delivery.change_id < news.change.id)


def _drop_waiting(session: Session, news: News, who: Any, ids: Sequence[Any]) -> dict[Any, _Replaced]:
    """Drop older news that still waits; returns it by its recipient."""
    if news.change.action == "published":
        return {}
    dropped = session.execute(
        lifecycle.ending(
            *_earlier(news, who, ids),
            state="dropped",
            reason=SUPERSEDED if news.before is not None else WITHDRAWN,
        ).returning(who, Delivery.id, Delivery.due_at)
    ).all()
    found: dict[Any, _Replaced] = {}
    for one, delivery_id, due_at in dropped:
        known = found.get(one, _Replaced((), due_at))
        found[one] = _Replaced((*known.ids, delivery_id), min(known.due_at, due_at))
    return found


def _undo(session: Session, undone: Sequence[_Replaced]) -> None:
    """Say of what was just dropped that there is nothing to tell any more."""
    if not undone:
        return
    session.execute(
        update(Delivery)
        .where(Delivery.id.in_([delivery_id for one in undone for delivery_id in one.ids]))
        .values(reason=UNDONE)
        .execution_options(synchronize_session=False)
    )


def _messages(session: Session, news: News, ids: Sequence[int]) -> dict[int, list[told.Message]]:
    """What may have arrived of older news of the post. Call it after `_drop_waiting`: what was claimed since is told too."""
    return {
        reader_id: [one for one in messages if one.change_id < news.change.id and one.state in told.ARRIVED]
        for (reader_id, _), messages in told.readers(session, [news.view.id], ids).items()
    }


def _done(session: Session, news: News, ids: Sequence[int]) -> set[int | None]:
    """Who has this change, or newer news in an edition that was composed meanwhile."""
    done = or_(
        Delivery.change_id == news.change.id,
        and_(EditionPost.change_id >= news.change.id, Delivery.state.in_((*told.ARRIVED, "waiting"))),
    )
    statement = (
        select(Delivery.reader_id)
        .join(EditionPost, EditionPost.edition_id == Delivery.edition_id)
        .where(EditionPost.post_id == news.view.id, Delivery.reader_id.in_(ids), done)
    )
    return set(session.scalars(statement))


def _last(
    session: Session, news: News, messages: Mapping[_Who, Sequence[told.Message]], now: datetime
) -> dict[_Who, _Told]:
    """What each recipient was told last."""
    arrived = {one: some for one, some in messages.items() if some}
    said = told.contents(session, {(news.view.id, some[-1].revision) for some in arrived.values()})
    arrived = {one: some for one, some in arrived.items() if (news.view.id, some[-1].revision) in said}
    lately = now - _COUNTED
    return {
        one: _Told(
            said[news.view.id, some[-1].revision],
            some[-1].change_id,
            sum(message.at > lately for message in some[1:]),
        )
        for one, some in arrived.items()
    }


def _due(known: _Told, news: News, now: datetime, replaced: _Replaced | None, cfg: Settings) -> datetime:
    """When somebody hears the news who was told of the post before; not later than what it takes the place of."""
    content = news.view.content
    first_alarm = known.repeats == 0 and content.called_off_since(known.content, now)
    if news.before is None or first_alarm:
        return now
    wait = policy.correction_wait(
        cfg.correction_pause, known.repeats, _time_left(known.content, content, now, cfg)
    )
    due = now + timedelta(seconds=wait)
    return min(due, replaced.due_at) if replaced is not None else due


def _time_left(before: Content, after: Content, now: datetime, cfg: Settings) -> float | None:
    """Seconds until what the post is about begins, as it was told or as it is now, or else ends; None: never."""
    begins = [
        start for one in (before, after) for start in one.upcoming(cfg.zone, after=now, most=2) if start > now
    ]
    ends = [end for one in (before, after) if (end := one.over_at(cfg.zone)) is not None and end > now]
    soonest = min(begins or ends, default=None)
    return (soonest - now).total_seconds() if soonest is not None else None
