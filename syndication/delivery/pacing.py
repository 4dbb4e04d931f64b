"""Decides when an account may post: quiet hours, gaps, a daily maximum, and urgent posts first."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from syndication.channels.settings import Rhythm
from syndication.content.reason import NO_REASON, Reason
from syndication.infra.rendering import time_of_day
from syndication.models import Change, Delivery, Revision

_DAY = timedelta(hours=24)
#: What waits behind a better one is looked at again after this long where no gap is set.
_NEXT = timedelta(seconds=1)


@dataclass(frozen=True)
class Candidate:
    """A new post that waits for its turn at one account."""

    delivery_id: int
    over_at: datetime | None
    has_picture: bool


@dataclass(frozen=True)
class Turn:
    """From when the account may speak again, and what keeps it until then."""

    at: datetime
    reason: Reason


def turn(rhythm: Rhythm, now: datetime, spoken_at: list[datetime], zone: ZoneInfo) -> Turn:
    """The next moment (UTC) for a new post, not before `now`; `spoken_at` are those of the last 24 hours. Pure."""
    found = Turn(now, NO_REASON)
    last = sorted(moment for moment in spoken_at if moment > now - _DAY)
    if rhythm.gap and last and last[-1] + timedelta(seconds=rhythm.gap) > found.at:
        found = Turn(
            last[-1] + timedelta(seconds=rhythm.gap),
            Reason("Waits for the gap between two posts of this account."),
        )
    if rhythm.most is not None and len(last) >= rhythm.most:
        free = last[-rhythm.most] + _DAY
        if free > found.at:
            found = Turn(free, Reason("Waits: this account posts at most {} times in 24 hours.", rhythm.most))
    quiet_ends = _quiet_until(rhythm, found.at, zone)
    if quiet_ends is not None:
        found = Turn(
            quiet_ends, Reason("Waits until {}: this account has quiet hours.", time_of_day(quiet_ends, zone))
        )
    return found


def _quiet_until(rhythm: Rhythm, moment: datetime, zone: ZoneInfo) -> datetime | None:
    """When the quiet hours in which `moment` lies are over; None where it lies in none."""
    start, end = rhythm.quiet_from, rhythm.quiet_until
    if start is None or end is None or start == end:
        return None
    local = moment.astimezone(zone)
    over_midnight = start > end
    quiet = start <= local.time() < end if not over_midnight else local.time() >= start or local.time() < end
    if not quiet:
        return None
    day = local.date() + timedelta(days=1 if over_midnight and local.time() >= start else 0)
    return datetime.combine(day, end, tzinfo=zone).astimezone(UTC)


def most_urgent(candidates: list[Candidate]) -> Candidate:
    """What is over first; of two that never end, one with a picture, then the one that waits longest. Pure."""
    never = datetime.max.replace(tzinfo=UTC)
    return min(candidates, key=lambda one: (one.over_at or never, not one.has_picture, one.delivery_id))


def postpone(session: Session, destination_id: UUID, rhythm: Rhythm, now: datetime, zone: ZoneInfo) -> None:
    """Leave at most one new post of this destination due, if its turn has come, and the others for later."""
    candidates = _candidates(session, destination_id, now)
    if not candidates:
        return
    next_turn = turn_of(session, destination_id, rhythm, now, zone)
    later = {one.delivery_id for one in candidates}
    if next_turn.at <= now:
        if not rhythm.gap and rhythm.most is None:
            return
        later.discard(most_urgent(candidates).delivery_id)
        next_turn = Turn(
            now + (timedelta(seconds=rhythm.gap) or _NEXT),
            Reason("Waits for a more urgent post of this account."),
        )
    session.execute(
        update(Delivery)
        .where(Delivery.id.in_(later))
        .values(due_at=next_turn.at, late_since=None, reason=next_turn.reason)
        .execution_options(synchronize_session=False)
    )


def turn_of(session: Session, destination_id: UUID, rhythm: Rhythm, moment: datetime, zone: ZoneInfo) -> Turn:
    """The turn of a new post at one destination, not before `moment`, by what it has said so far."""
    return turn(rhythm, moment, _spoken(session, destination_id, moment), zone)


def _candidates(session: Session, destination_id: UUID, now: datetime) -> list[Candidate]:
    """New posts that are due. What a person sends again by hand waits for nothing."""
    statement = (
        select(Delivery.id, Delivery.over_at, Revision.content)
        .join(Change, Change.id == Delivery.change_id)
        .join(Revision, (Revision.post_id == Change.post_id) & (Revision.number == Change.revision))
        .where(Delivery.destination_id == destination_id, Delivery.state == "waiting", Delivery.due_at <= now)
        .where(Change.action == "published", Delivery.by_hand.is_(False))
    )
    return [
        Candidate(delivery_id, over_at, bool(content.get("images")))
        for delivery_id, over_at, content in session.execute(statement)
    ]


def _spoken(session: Session, destination_id: UUID, now: datetime) -> list[datetime]:
    statement = (
        select(Delivery.sent_at)
        .join(Change, Change.id == Delivery.change_id)
        .where(Delivery.destination_id == destination_id, Delivery.state.in_(("sent", "unconfirmed")))
        .where(Change.action == "published", Delivery.sent_at > now - _DAY)
    )
    return [moment for moment in session.scalars(statement) if moment is not None]
