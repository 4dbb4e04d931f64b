"""The newsletter as the town hall sees it: what comes next, for whom, and how far it has gone."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, distinct, func, select
from sqlalchemy.orm import Session

from syndication.audience import interests
from syndication.config import settings
from syndication.content.cadence import Cadence, previous_slot
from syndication.content.interest import Interest
from syndication.infra import db
from syndication.ledger import halts
from syndication.models import Change, Consent, Delivery, Edition, Mailing, Post, Reader

#: How far ahead is looked: a weekly newsletter and a day.
_AHEAD = timedelta(days=8)
#: Who leaves within so long after their copy probably left because of it; the links of a reader's mails are all the same.
_AFTERWARDS = timedelta(days=3)
#: Mailings of the past that are listed.
_RECENT = 10
#: Editions of one slot that can be looked at.
_EDITIONS = 30


@dataclass(frozen=True)
class Audience:
    """Readers of one slot who get the same: so many `people` with this rhythm, interest and language."""

    cadence: str
    language: str
    interest_id: int
    interest: Interest
    people: int


@dataclass(frozen=True)
class Row:
    """The newsletter of one slot (UTC). `cadences`: how many wait for it, by rhythm. `posts`: new ones that it may tell of.

    `state`: planned, held, cancelled, or what became of it: going, or gone.
    """

    slot: datetime
    state: str
    cadences: dict[str, int] = field(default_factory=dict)
    posts: int = 0
    decided_by: str = ""
    decided_at: datetime | None = None

    @property
    def people(self) -> int:
        """How many readers wait for it."""
        return sum(self.cadences.values())


@dataclass(frozen=True)
class Progress:
    """How many copies are `sent`, failed (`refused`), were `dropped`, or wait: `left` readers unsubscribed soon after theirs."""

    sent: int = 0
    refused: int = 0
    dropped: int = 0
    waiting: int = 0
    left: int = 0

    @property
    def whole(self) -> int:
        """All copies that were made."""
        return self.sent + self.refused + self.dropped + self.waiting


@dataclass(frozen=True)
class Made:
    """An edition of a slot that was made, for so many `copies`."""

    edition_id: int
    language: str
    subject: str
    copies: int


@dataclass(frozen=True)
class MailingRow:
    """One slot with all that is known of it."""

    row: Row
    introductions: dict[str, str]
    begun_at: datetime | None
    audiences: tuple[Audience, ...]
    progress: Progress
    made: tuple[Made, ...] = ()


def upcoming() -> list[Row]:
    """What will go out, what waits because it is held, and what is going out; the earliest first."""
    with db.reading() as session:
        now = db.now(session)
        found: dict[datetime, dict[str, int]] = {}
        for slot, cadence, people in session.execute(_due(now + _AHEAD)).all():
            found.setdefault(slot, {})[cadence] = people
        held = session.scalars(select(Mailing.slot_at).where(Mailing.state == "held"))
        for slot in [*_under_way(session), *held]:
            found.setdefault(slot, {})
        rows = {
            row.slot_at: row for row in session.scalars(select(Mailing).where(Mailing.slot_at.in_(found)))
        }
        return [_row(session, slot, found[slot], rows.get(slot), now) for slot in sorted(found)]


def held() -> list[tuple[datetime, str]]:
    """The slots of those that wait because somebody holds them, and who; the earliest first."""
    statement = select(Mailing.slot_at, Mailing.decided_by).where(Mailing.state == "held")
    with db.reading() as session:
        return [(slot, by) for slot, by in session.execute(statement.order_by(Mailing.slot_at))]


def recent() -> list[Row]:
    """What has gone out or was cancelled, the newest first."""
    with db.reading() as session:
        now = db.now(session)
        under_way = _under_way(session)
        rows = session.scalars(
            select(Mailing).where(Mailing.slot_at <= now, Mailing.state != "held", Mailing.slot_at.not_in(under_way))
            .order_by(Mailing.slot_at.desc()).limit(_RECENT)
        ).all()  # fmt: skip
        return [
            Row(
                row.slot_at,
                "cancelled" if row.state == "cancelled" else "gone",
                {},
                0,
                row.decided_by,
                row.decided_at,
            )
            for row in rows
        ]


def mailing(slot: datetime) -> MailingRow:
    """One slot, whether anything was decided of it or not."""
    with db.reading() as session:
        now, kept = db.now(session), session.get(Mailing, slot)
        counted = session.execute(
            select(Reader.cadence, Reader.language, Reader.interest_id, func.count())
            .where(Reader.state == "confirmed", Reader.next_slot_at == slot)
            .group_by(Reader.cadence, Reader.language, Reader.interest_id)
            .order_by(func.count().desc(), Reader.interest_id, Reader.language)
        ).all()
        cadences: dict[str, int] = {}
        for cadence, _, _, people in counted:
            cadences[cadence] = cadences.get(cadence, 0) + people
        wanted = interests.all_of(session, sorted({interest_id for _, _, interest_id, _ in counted}))
        return MailingRow(
            _row(session, slot, cadences, kept, now),
            dict(kept.introductions) if kept else {},
            kept.begun_at if kept else None,
            tuple(Audience(cadence, language, one, wanted[one], people) for cadence, language, one, people in counted),
            _progress(session, slot),
            _made(session, slot),
        )  # fmt: skip


def hearing_at_once() -> int:
    """How many readers get each post as it comes, and so no newsletter that could be held."""
    with db.reading() as session:
        statement = select(func.count()).where(Reader.state == "confirmed", Reader.cadence == "instantly")
        return session.scalar(statement) or 0


def _due(until: datetime) -> Select[*tuple[Any, ...]]:
    """From the index alone, however many readers there are."""
    columns = (Reader.next_slot_at, Reader.cadence)
    return (
        select(*columns, func.count())
        .where(Reader.state == "confirmed", Reader.next_slot_at <= until, Reader.cadence != "instantly")
        .group_by(*columns)
    )


def _under_way(session: Session) -> list[datetime]:
    """Slots of which copies wait or are being sent."""
    waits = select(Delivery.edition_id).where(
        Delivery.state.in_(("waiting", "sending")), Delivery.queue == "mail", Delivery.edition_id.is_not(None)
    )
    known = select(Edition.slot_at).distinct().join(Mailing, Mailing.slot_at == Edition.slot_at)
    return list(session.scalars(known.where(Edition.id.in_(waits), Mailing.state != "cancelled")))


def _row(
    session: Session, slot: datetime, cadences: dict[str, int], kept: Mailing | None, now: datetime
) -> Row:
    state = kept.state if kept is not None else "open"
    if state == "open":
        begun = kept is not None and kept.begun_at is not None
        waits = bool(cadences) or slot in _under_way(session)
        state = ("going" if waits else "gone") if begun or slot <= now else "planned"
    return Row(
        slot,
        state,
        cadences,
        _posts(session, slot, list(cadences)),
        kept.decided_by if kept else "",
        kept.decided_at if kept else None,
    )


def _posts(session: Session, slot: datetime, cadences: Sequence[str]) -> int:
    """New posts since the slot before, of the rhythm that waits longest; what each reader gets depends on their interest."""
    before = [
        previous_slot(Cadence.parse(one), slot - timedelta(seconds=1), settings().zone) for one in cadences
    ]
    since = min((one for one in before if one is not None), default=None)
    if since is None:
        return 0
    statement = (
        select(func.count(distinct(Change.post_id)))
        .join(Post, Post.id == Change.post_id)
        .where(Change.joined_at > since, Change.joined_at <= slot, Change.action == "published")
        .where(Post.state != "withdrawn", Post.quiet.is_(False))
    )
    return session.scalar(statement) or 0


def _made(session: Session, slot: datetime) -> tuple[Made, ...]:
    """What was made of a slot, the most read first."""
    counted = (
        select(Delivery.edition_id, func.count().label("copies"))
        .where(halts.copies_of([slot]))
        .group_by(Delivery.edition_id)
        .subquery()
    )
    statement = (
        select(Edition.id, Edition.language, Edition.parts, counted.c.copies)
        .join(counted, counted.c.edition_id == Edition.id)
        .order_by(counted.c.copies.desc(), Edition.id)
        .limit(_EDITIONS)
    )
    rows = session.execute(statement).all()
    return tuple(Made(key, language, parts["subject"], copies) for key, language, parts, copies in rows)


def _progress(session: Session, slot: datetime) -> Progress:
    states = dict(
        session.execute(
            select(Delivery.state, func.count()).where(halts.copies_of([slot])).group_by(Delivery.state)
        ).all()
    )  # fmt: skip
    left = (
        select(func.count(distinct(Reader.id)))
        .join(Consent, Consent.reader_id == Reader.id)
        .where(Reader.state == "left", Reader.left_at.between(slot, slot + _AFTERWARDS))
        .where(Consent.action == "withdrawn", Consent.source == "link", Consent.at >= slot)
        .where(
            Reader.id.in_(select(Delivery.reader_id).where(halts.copies_of([slot]), Delivery.state == "sent"))
        )
    )
    return Progress(
        sent=states.get("sent", 0),
        refused=states.get("failed", 0) + states.get("unconfirmed", 0),
        dropped=states.get("dropped", 0),
        waiting=states.get("waiting", 0) + states.get("sending", 0),
        left=(session.scalar(left) or 0) if states.get("sent") else 0,
    )
