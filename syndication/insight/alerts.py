"""Alerts as people look at them: what is on now, and what was."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from syndication.config import settings
from syndication.content.reason import Reason
from syndication.infra import db
from syndication.models import Alert, AlertMessage

#: Days that the page looks back.
DAYS = 30


@dataclass(frozen=True)
class AlertRow:
    """One alert. Moments are aware, in UTC; `told` recipients got the message that it began, `untold` not yet."""

    id: int
    rule: str
    about: str
    name: str
    began_at: datetime
    said: Reason
    ended_at: datetime | None
    elsewhere: bool
    told: int
    untold: int

    @property
    def seconds(self) -> float | None:
        """How long it lasted; None while it does."""
        return (self.ended_at - self.began_at).total_seconds() if self.ended_at else None


def on() -> list[AlertRow]:
    """What is on now, the longest first."""
    with db.reading() as session:
        return _rows(session, Alert.ended_at.is_(None), Alert.began_at, Alert.id)


def recent() -> list[AlertRow]:
    """What was on in the last 30 days and is over, the newest first."""
    with db.reading() as session:
        since = db.now(session) - timedelta(days=DAYS)
        return _rows(session, Alert.ended_at > since, Alert.ended_at.desc(), Alert.id.desc())


def last_test() -> tuple[datetime, int, int] | None:
    """When the newest test was made, to how many it went, and how many it did not reach yet."""
    with db.reading() as session:
        tests = select(AlertMessage.made_at, AlertMessage.state).where(AlertMessage.edge == "test")
        newest = session.scalar(select(func.max(AlertMessage.made_at)).where(AlertMessage.edge == "test"))
        if newest is None:
            return None
        states = [state for _, state in session.execute(tests.where(AlertMessage.made_at == newest))]
    return newest, len(states), sum(state != "sent" for state in states)


def forget(session: Session, now: datetime) -> int:
    """Delete what ended longer ago than other finished work is kept, and old tests."""
    before = now - timedelta(days=max(DAYS, settings().keep_deliveries))
    old = session.scalars(select(Alert).where(Alert.ended_at < before)).all()
    for one in old:
        session.delete(one)
    for test in session.scalars(
        select(AlertMessage).where(AlertMessage.edge == "test", AlertMessage.made_at < before)
    ):
        session.delete(test)
    return len(old)


def _rows(session: Session, which: object, *order: object) -> list[AlertRow]:
    begun = (AlertMessage.alert_id == Alert.id) & (AlertMessage.edge == "on")
    sent = func.coalesce(func.sum(case((AlertMessage.state == "sent", 1), else_=0)), 0)
    statement = (
        select(Alert, sent, func.count(AlertMessage.id))
        .outerjoin(AlertMessage, begun)
        .where(Alert.on_at.is_not(None), which)  # type: ignore[arg-type]  # a condition
        .group_by(Alert.id)
        .order_by(*order)  # type: ignore[arg-type]  # columns
    )
    return [
        AlertRow(
            row.id, row.rule, row.about, row.name, row.began_at, row.said, row.ended_at, row.told_elsewhere,
            told, made - told,
        )
        for row, told, made in session.execute(statement)
    ]  # fmt: skip
