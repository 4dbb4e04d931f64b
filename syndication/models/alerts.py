"""Tables of alerts: what stands still or is about to, who was told of it, and the limits that the town hall chose."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from syndication.content.reason import Reason
from syndication.models.base import Base, Counter

_OPEN = text("ended_at IS NULL")


class Alert(Base):
    """A fact that is over its limit, from when it began until it has been well for a while.

    `rule` is its name in insight.alert_rules, `about` which queue, channel, outlet or machine; empty where there is but one.
    """

    __tablename__ = "alerts"
    __table_args__ = (
        # One at a time, whoever looks.
        Index("ix_alerts_open", "rule", "about", unique=True, postgresql_where=_OPEN, sqlite_where=_OPEN),
    )

    id: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    rule: Mapped[str] = mapped_column(String(40))
    about: Mapped[str] = mapped_column(String(100), default="")
    #: What people call it.
    name: Mapped[str] = mapped_column(String(200), default="")
    began_at: Mapped[datetime] = mapped_column(index=True)
    #: When it was seen first; some have begun before.
    found_at: Mapped[datetime]
    #: When it was over its limit for long enough; None: it is only being watched, and nobody is told.
    on_at: Mapped[datetime | None]
    #: When it was seen last, and what was seen.
    seen_at: Mapped[datetime]
    said: Mapped[Reason] = mapped_column(default=Reason())
    #: Since when it was seen to be well; None again as soon as it is not.
    well_since: Mapped[datetime | None]
    ended_at: Mapped[datetime | None] = mapped_column(index=True)
    #: Somebody else tells of it: the message about the outage of the same outlet.
    told_elsewhere: Mapped[bool] = mapped_column(default=False)


class AlertMessage(Base):
    """One message to one recipient: that an alert began (`on`), that it is over, or a test, which has no alert.

    Its unique key is what keeps two watchers from telling twice. `recipient`: `person <id>`, `city` (the operator's
    address of the settings), or `outlet <id>`. waiting → sent, or dropped where it is no news any more.
    """

    __tablename__ = "alert_messages"
    __table_args__ = (
        CheckConstraint("edge IN ('on', 'over', 'test')", name="edge"),
        CheckConstraint("state IN ('waiting', 'sent', 'dropped')", name="state"),
        UniqueConstraint("key"),
        Index("ix_alert_messages_alert_id", "alert_id"),
    )

    id: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    alert_id: Mapped[int | None] = mapped_column(ForeignKey("alerts.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(120))
    edge: Mapped[str] = mapped_column(String(5))
    recipient: Mapped[str] = mapped_column(String(60))
    made_at: Mapped[datetime]
    due_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(8), default="waiting")
    #: A watcher is sending it; from then on another one may take it over.
    held_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None]
    #: Why the last try failed.
    reason: Mapped[Reason] = mapped_column(default=Reason())


class AlertChoice(Base):
    """What the town hall chose about one rule, by its name; what has no row is as alert_rules has it."""

    __tablename__ = "alert_choices"

    rule: Mapped[str] = mapped_column(String(40), primary_key=True)
    on: Mapped[bool] = mapped_column(default=True)
    #: In the rule's unit; None: as it comes.
    limit: Mapped[float | None] = mapped_column(default=None)
