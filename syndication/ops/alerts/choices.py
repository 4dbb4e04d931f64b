"""What the town hall chooses about alerts: limits, what is switched off, and which outlets tell of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from uuid import UUID

from sqlalchemy import select

from syndication import channels
from syndication.audit import log
from syndication.audit.log import About
from syndication.config import Settings
from syndication.content.reason import Reason
from syndication.destinations import alarms
from syndication.errors import Fault, Invalid
from syndication.infra import db
from syndication.insight.alert_rules import BY_NAME, AlertRule, limits
from syndication.models import AlertChoice, Destination
from syndication.ops.alerts.addressees import mailbox, recipients


@dataclass(frozen=True)
class Outlet:
    """An outlet of the city that can tell of alerts, and whether it does; then it tells of no post."""

    id: UUID
    name: str
    channel: str
    hears: bool


def choose(chosen: Mapping[str, tuple[bool, str]]) -> None:
    """Rule → whether it is on, and its limit as it was typed; empty: as it comes. Raises Invalid, and keeps nothing then."""
    wanted: dict[str, tuple[bool, float]] = {}
    faults = []
    for name, (on, text) in chosen.items():
        rule = BY_NAME.get(name)
        if rule is None:
            faults.append(Fault("form", Reason("There is no rule {}.", name)))
            continue
        number = _number(text, rule)
        if number is None or not rule.least <= number <= rule.most:
            said = Reason("must be a number from {} to {}", f"{rule.least:g}", f"{rule.most:g}")
            faults.append(Fault(f"limit.{name}", said))
        else:
            wanted[name] = (on, number)
    if faults:
        raise Invalid(*faults)
    with db.transaction() as session:
        db.advisory_lock(session, "alert choices")
        now = limits()
        for name, (on, number) in wanted.items():
            if (now[name].on, now[name].limit) == (on, number):
                continue
            usual = number == BY_NAME[name].limit
            session.merge(AlertChoice(rule=name, on=on, limit=None if usual else number))
            about = About("alert", name, str(BY_NAME[name].label))
            log.record(session, "alerts.chosen", about, limit=number, unit=BY_NAME[name].unit, on=on)


def tell(outlets_chosen: set[UUID]) -> None:
    """Let these outlets of the city tell of alerts, and no other. Raises Conflict for one that cannot."""
    with db.transaction():
        for one in outlets():
            if one.hears != (one.id in outlets_chosen):
                alarms.mark(one.id, hears=one.id in outlets_chosen)


def outlets() -> list[Outlet]:
    """Outlets of the city that can tell of alerts, by name."""
    with db.reading() as session:
        rows = session.scalars(
            select(Destination)
            .where(Destination.merchant_id.is_(None), Destination.state == "active")
            .order_by(Destination.name, Destination.id)
        ).all()
    return [Outlet(row.id, row.name, row.channel, row.alarms) for row in rows if _can(row)]


def _can(row: Destination) -> bool:
    channel = channels.by_kind(row.channel) if channels.known(row.channel) else None
    able = channel is not None and channel.configurable and not channel.personal
    return row.alarms or bool(able and channel and not channel.abilities.needs_picture)


def told(cfg: Settings) -> list[str]:
    """The mail addresses to which alerts go now."""
    with db.reading() as session:
        found = [mailbox(session, cfg, one) for one in recipients(session, cfg)]
    return [one.address for one in found if one is not None]


def _number(text: str, rule: AlertRule) -> float | None:
    if not text.strip():
        return rule.limit
    try:
        number = float(text.strip().replace(",", "."))
    except ValueError:
        return None
    return number if isfinite(number) else None
