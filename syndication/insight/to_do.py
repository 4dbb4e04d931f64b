"""How much waits for a decision of the town hall."""

from dataclasses import dataclass

from sqlalchemy import Select, func, select

from syndication.infra import db
from syndication.models import Alert, Application, DeadLetter, Report, Review


@dataclass(frozen=True)
class ToDo:
    """Businesses that want to join, posts and corrections to look at, open reports, alerts that are on, and messages of
    other programs that became no post.
    """

    applications: int = 0
    reviews: int = 0
    reports: int = 0
    alerts: int = 0
    messages: int = 0


def to_do() -> ToDo:
    """All of it, counted by one statement: every page of the town hall asks."""
    counted: tuple[Select[int], ...] = (
        select(func.count(Application.merchant_id.distinct())).where(Application.state == "confirmed"),
        select(func.count()).where(Review.state == "waiting"),
        select(func.count()).where(Report.state == "open"),
        select(func.count()).where(Alert.ended_at.is_(None), Alert.on_at.is_not(None)),
        select(func.count()).select_from(DeadLetter),
    )
    with db.reading() as session:
        return ToDo(*session.execute(select(*(one.scalar_subquery() for one in counted))).one())
