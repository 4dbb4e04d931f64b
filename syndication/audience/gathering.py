"""Gathers what a reader who hears at once would get within a short while, so that it comes in one mail.

The first post opens a window: it gives the reader a slot, and that slot's edition tells all that joined until then, as an
edition of a day does. So what is revised meanwhile is told as it is then, and what is withdrawn is not told. The window is two
columns of the reader's row; whoever dies, the sweep of editions finds the slot that has come.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, func, or_, select, update
from sqlalchemy.orm import Session

from syndication.models import Change, Reader

#: So much earlier than what it is opened for a window begins: a change that joined a moment before may not be seen yet.
#: What its reader got of that is looked up when the edition is composed, so nothing comes twice.
_MARGIN = timedelta(minutes=1)


@dataclass(frozen=True)
class Window:
    """From when to when (aware, UTC) is gathered for those who hear of the change that `joined`."""

    joined: datetime
    begins: datetime
    ends: datetime

    def lacking(self) -> ColumnElement[bool]:
        """Readers who have no window that the change falls into, or one that ends too late for it."""
        untold = Reader.covered_until < self.joined
        open_now = and_(Reader.next_slot_at >= self.joined, Reader.next_slot_at <= self.ends)
        return and_(untold, or_(Reader.next_slot_at.is_(None), ~open_now))

    def open(self, session: Session, *audience: ColumnElement[bool]) -> None:
        """Open it for these readers as far as they lack one; repeating it changes nothing.

        A slot that has come and was not served yet is served with this one, and one that comes later is brought forward.
        """
        begins = case(
            (Reader.next_slot_at.is_not(None), Reader.covered_until),
            (Reader.covered_until < self.begins, self.begins),
            else_=Reader.covered_until,
        )
        session.execute(
            update(Reader)
            .where(*audience, self.lacking())
            .values(covered_until=begins, next_slot_at=self.ends)
            .execution_options(synchronize_session=False)
        )


def takes_in(joined: datetime | None) -> tuple[ColumnElement[bool], ...]:
    """Of readers who hear at once: they have a window open that the change which `joined` then falls into."""
    return (Reader.cadence == "instantly", Reader.covered_until < joined, Reader.next_slot_at >= joined)


def window(session: Session, joined: datetime, over_at: datetime | None, seconds: float) -> Window:
    """The window of a change that joined the line at `joined`: `seconds` long, or half the time until it is over.

    It begins before every change that is still being told: whoever is not reached by that yet gets it with this one.
    """
    under_way = select(func.min(Change.joined_at)).where(
        Change.action == "published", Change.joined_at.is_not(None), Change.fanned_at.is_(None)
    )
    first = session.scalar(under_way)
    wait = timedelta(seconds=seconds)
    if over_at is not None:
        wait = min(wait, max(over_at - joined, timedelta(0)) / 2)
    return Window(joined, min(first or joined, joined) - _MARGIN, joined + wait)
