"""Makes alerts of what was seen: when one begins, when it has been well for long enough, and who is to be told.

All of it is one transaction under one lock, so a process that dies in it has decided nothing, and two of them decide once.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from syndication.config import Settings
from syndication.infra import db
from syndication.insight.alert_facts import Fact
from syndication.insight.alert_rules import Limit
from syndication.ledger.policy import well_after
from syndication.models import Alert, AlertMessage, Outage
from syndication.ops.alerts.addressees import recipients
from syndication.ops.alerts.parts import Seen

_log = structlog.get_logger(__name__)
#: Seconds for which all must be well to be called well again; twice as long for each other alert of the same cause lately.
WELL = 120.0
_LATELY = timedelta(hours=24)
#: One message about a cause in this time, however often it comes and goes.
_APART = timedelta(hours=1)
#: What nobody saw for so long is history: the machine that told of it was taken away.
_FORGOTTEN = timedelta(hours=24)
#: What follows from something else is not told beside it: rule → by whose alert it is explained.
_FOLLOWS = {
    "beat": ("workers", "broker"),
    "workers": ("broker",),
    **{
        f"queue.{name}": ("workers", "broker") for name in ("fanout", "housekeeping", "mail", "push", "feeds")
    },
}


def settle(cfg: Settings, limits: Mapping[str, Limit], seen: Mapping[str, Seen]) -> None:
    """Write down what was seen, and the messages that it takes."""
    if not any(one.facts for one in seen.values()) and not _any_open():
        return  # as nearly always: nobody waits for a writer
    with db.transaction() as session:
        db.advisory_lock(session, "alerts")
        db.advisory_lock(session, "outages")  # who tells of an outage decides under this one
        now = db.now(session)
        known = {
            (row.rule, row.about): row
            for row in session.scalars(select(Alert).where(Alert.ended_at.is_(None)))
        }
        explained = {rule for rule, _ in known} | {rule for rule, one in seen.items() if one.facts}
        for row in known.values():
            if _nobodys(row, limits, seen, now):
                _close(session, row, now)
        for rule, one in seen.items():
            if not explained.intersection(_FOLLOWS.get(rule, ())):
                _rule(session, limits[rule], one, known, now)
        session.flush()
        _tell(session, cfg, limits, now)


def _nobodys(row: Alert, limits: Mapping[str, Limit], seen: Mapping[str, Seen], now: datetime) -> bool:
    """Whether its rule is switched off, or its machine was taken away: others looked for a day, and it did not."""
    if row.rule not in limits or not limits[row.rule].on:
        return True
    one = seen.get(row.rule)
    others = one is not None and one.only not in (None, row.about)
    return others and now - row.seen_at > _FORGOTTEN


def _any_open() -> bool:
    with db.reading() as session:
        return session.scalar(select(Alert.id).where(Alert.ended_at.is_(None)).limit(1)) is not None


def _rule(
    session: Session, limit: Limit, seen: Seen, known: Mapping[tuple[str, str], Alert], now: datetime
) -> None:
    name = limit.rule.name
    for fact in seen.facts:
        row = known.get((name, fact.about)) or _begin(session, name, fact, now)
        if row.ended_at is not None:
            continue
        row.seen_at, row.well_since, row.said = now, None, fact.said
        if row.on_at is None and (now - row.found_at).total_seconds() >= limit.wait:
            row.on_at = now
            _log.error("alert.on", rule=name, about=row.about, since=row.began_at.isoformat(), said=row.said)
    there = {fact.about for fact in seen.facts}
    for (rule, about), row in known.items():
        if rule == name and about not in there and seen.only in (None, about) and row.ended_at is None:
            _is_well(session, row, now)


def _begin(session: Session, rule: str, fact: Fact, now: datetime) -> Alert:
    row = Alert(
        rule=rule, about=fact.about, name=fact.name, began_at=fact.since or now, found_at=now, on_at=None, seen_at=now,
        said=fact.said, well_since=None, ended_at=None, told_elsewhere=False,
    )  # fmt: skip
    session.add(row)
    return row


def _is_well(session: Session, row: Alert, now: datetime) -> None:
    row.seen_at = now
    if row.on_at is None:
        session.delete(row)  # it passed before anybody had to know
    elif row.well_since is None:
        row.well_since = now
    elif (now - row.well_since).total_seconds() >= _quiet(session, row, now):
        row.ended_at = row.well_since
        minutes = round((row.ended_at - row.began_at).total_seconds() / 60)
        _log.warning("alert.over", rule=row.rule, about=row.about, minutes=minutes)


def _quiet(session: Session, row: Alert, now: datetime) -> float:
    others = (Alert.rule == row.rule, Alert.about == row.about, Alert.id != row.id, Alert.on_at.is_not(None))
    lately = session.scalar(
        select(func.count()).select_from(Alert).where(*others, Alert.began_at > now - _LATELY)
    )
    return well_after(lately or 0, WELL)


def _close(session: Session, row: Alert, now: datetime) -> None:
    """End it without a word: its rule was switched off, or nobody is left who could see that it is well."""
    row.ended_at = now
    session.execute(
        update(AlertMessage)
        .where(AlertMessage.alert_id == row.id, AlertMessage.state == "waiting")
        .values(state="dropped")
    )
    if row.on_at is None:
        session.delete(row)


# Who is to be told


def _tell(session: Session, cfg: Settings, limits: Mapping[str, Limit], now: datetime) -> None:
    edges = select(AlertMessage.alert_id, AlertMessage.edge).distinct()
    made = {(alert_id, edge) for alert_id, edge in session.execute(edges)}
    going = select(Alert).where(Alert.on_at.is_not(None), Alert.told_elsewhere.is_(False))
    for row in session.scalars(going.where(Alert.ended_at.is_(None)).order_by(Alert.id)).all():
        if (row.id, "on") not in made and not _just_told(session, row, now):
            _begins(session, cfg, row, now)
    lately = going.where(Alert.ended_at > now - timedelta(hours=48)).order_by(Alert.id)
    for row in session.scalars(lately).all():
        if (
            row.rule in limits
            and limits[row.rule].on
            and (row.id, "on") in made
            and (row.id, "over") not in made
        ):
            _ends(session, row, now)


def _just_told(session: Session, row: Alert, now: datetime) -> bool:
    """Whether the operators heard of the same cause within the hour: then they hear of it when the hour is over."""
    same = (Alert.rule == row.rule, Alert.about == row.about, Alert.id != row.id)
    last = session.scalar(
        select(func.max(AlertMessage.made_at))
        .join(Alert, Alert.id == AlertMessage.alert_id)
        .where(*same, AlertMessage.edge == "on")
    )
    return last is not None and now - last < _APART


def _begins(session: Session, cfg: Settings, row: Alert, now: datetime) -> None:
    if _told_as_outage(session, row):
        row.told_elsewhere = True
        return
    _write(session, row, "on", recipients(session, cfg, but_for=row.about), now)


def _told_as_outage(session: Session, row: Alert) -> bool:
    """Of the mail server the message about its outage tells, where that went first (delivery/outages.py)."""
    if row.rule != "mail":
        return False
    open_ones = select(Outage).where(Outage.ended_at.is_(None), Outage.told_by != "")
    return any(str(one.destination_id) == row.about for one in session.scalars(open_ones))


def _ends(session: Session, row: Alert, now: datetime) -> None:
    """Whoever was told that it began is told that it is over; whom nothing had reached yet hears of both at once.

    What nobody tried to send is no news any more.
    """
    begun = select(AlertMessage).where(AlertMessage.alert_id == row.id, AlertMessage.edge == "on")
    told = []
    for one in session.scalars(begun):
        if one.state == "sent" or one.attempts:
            told.append(one.recipient)
        if one.state == "waiting":
            one.state = "dropped"
    _write(session, row, "over", told, now)


def _write(session: Session, row: Alert, edge: str, to: Iterable[str], now: datetime) -> None:
    rows = [
        {
            "alert_id": row.id, "key": f"a{row.id}-{edge}-{one.replace(' ', '-')}", "edge": edge, "recipient": one,
            "made_at": now, "due_at": now, "state": "waiting", "attempts": 0, "reason": "",
        }
        for one in to
    ]  # fmt: skip
    db.insert_new(session, AlertMessage.__table__, rows)
