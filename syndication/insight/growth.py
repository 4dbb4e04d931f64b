"""How many readers there are, by what they chose, and how many came and left in the last days."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar

from sqlalchemy import func, select

from syndication.audience import interests
from syndication.config import settings
from syndication.content.interest import Interest
from syndication.infra import db
from syndication.models import Consent, Reader

_Key = TypeVar("_Key")
_DAYS = 30
#: Interests that are listed, the most wanted first.
_MOST = 20


@dataclass(frozen=True)
class Day:
    """How many confirmed, and how many unsubscribed or were taken off the list, on one day of the city's calendar."""

    day: date
    came: int
    left: int


@dataclass(frozen=True)
class Numbers:
    """Confirmed readers by rhythm and by interest, the most first; and all others by state."""

    confirmed: int
    states: dict[str, int]
    cadences: list[tuple[str, int]]
    wanted: list[tuple[Interest, int]]


def numbers() -> Numbers:
    """How many readers there are; from an index alone, however many they are."""
    columns = (Reader.state, Reader.cadence, Reader.interest_id)
    with db.reading() as session:
        rows = session.execute(select(*columns, func.count()).group_by(*columns)).all()
        states, cadences, wanted = dict[str, int](), dict[str, int](), dict[int, int]()
        for state, cadence, interest_id, people in rows:
            states[state] = states.get(state, 0) + people
            if state == "confirmed":
                cadences[cadence] = cadences.get(cadence, 0) + people
                wanted[interest_id] = wanted.get(interest_id, 0) + people
        most = _most(wanted)[:_MOST]
        known = interests.all_of(session, [key for key, _ in most])
        return Numbers(
            states.get("confirmed", 0),
            states,
            _most(cadences),
            [(known[key], people) for key, people in most],
        )


def growth() -> list[Day]:
    """The last thirty days, the oldest first."""
    zone = settings().zone
    with db.reading() as session:
        today = db.now(session).astimezone(zone).date()
        first = today - timedelta(days=_DAYS - 1)
        rows = session.execute(
            select(Consent.at, Consent.action)
            .where(Consent.at >= db.now(session) - timedelta(days=_DAYS + 1))
            .where(Consent.action.in_(("confirmed", "withdrawn", "suppressed")))
        ).all()
    came, left = dict[date, int](), dict[date, int]()
    for at, action in rows:
        counted, day = came if action == "confirmed" else left, at.astimezone(zone).date()
        counted[day] = counted.get(day, 0) + 1
    days = [first + timedelta(days=number) for number in range(_DAYS)]
    return [Day(day, came.get(day, 0), left.get(day, 0)) for day in days]


def _most(counted: dict[_Key, int]) -> list[tuple[_Key, int]]:
    return sorted(counted.items(), key=lambda one: -one[1])
