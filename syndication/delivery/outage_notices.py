"""Messages to the operator about an outage: a letter, or a post at outlets set up to hear of outages."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from syndication import channels, kinds
from syndication.channels.built_in.letter import Letter
from syndication.channels.envelope import City, Envelope, PostView, Publisher
from syndication.channels.settings import Settings
from syndication.config import Settings as CitySettings
from syndication.content.reason import Reason
from syndication.infra import db, wakeups
from syndication.infra.reasons import translated_reason
from syndication.infra.rendering import gettext, moment
from syndication.ledger import lifecycle
from syndication.models import Delivery, Destination, Outage

_MESSAGES = UUID("5b0a4d52-6a3c-4a5f-9d0e-0f6f5ad3c1b7")
_WAS_DOWN = Reason("It had taken nothing from {} to {}.")
#: Longest title and text of a message (characters); the outlet's own words are cut first.
_TITLE, _TEXT = 200, 500


def letter(
    session: Session, cfg: CitySettings, outage: Outage, outlet: Destination, now: datetime, *, over: bool
) -> None:
    """Write the operator a letter that an outlet is down, or that its outage is over; a repeat is passed over."""
    name = "outage_over" if over else "outage"
    about = {"letter": name, "to": cfg.operator_email, "language": cfg.language}
    payload = {**about, **_told(outage, outlet, now)}
    row = lifecycle.row(Letter, _key(outage, over=over), now, destination_id=outlet.id, payload=payload)
    _insert(session, [row])


def to_outlets(
    session: Session, cfg: CitySettings, outage: Outage, outlet: Destination, now: datetime, *, over: bool
) -> bool:
    """Tell the same to all outlets that hear of outages and are not down themselves; False where there is none."""
    works = or_(
        Destination.failing_since.is_(None),
        Destination.failing_since > now - timedelta(seconds=cfg.outage_after),
    )
    hearing = session.scalars(
        select(Destination)
        .where(Destination.alarms, Destination.merchant_id.is_(None), Destination.state == "active")
        .where(Destination.id != outlet.id, works)
        .order_by(Destination.id)
    ).all()
    rows = []
    for one in hearing:
        if channels.known(one.channel):
            about = {"alarm": _told(outage, outlet, now), "over": over}
            channel, key = channels.by_kind(one.channel), f"{_key(outage, over=over)}-{one.id.hex}"
            row = lifecycle.row(channel, key, now, destination_id=one.id, payload=about)
            rows.append({**row, "priority": 0})
    _insert(session, rows)
    return bool(rows)


def _told(outage: Outage, outlet: Destination, now: datetime) -> dict[str, str]:
    until = outage.well_since or now
    return {
        "outlet": outlet.name,
        "reason": outage.reason.stored(),
        "since": outage.began_at.isoformat(),
        "until": until.isoformat(),
    }


def _key(outage: Outage, *, over: bool) -> str:
    return f"o{outage.id}-{'over' if over else 'down'}"


def _insert(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    if rows and db.insert_new(session, Delivery.__table__, rows):
        for queue in {row["queue"] for row in rows}:
            wakeups.after_commit(session, queue)


def envelope(row: Delivery, city: City, settings: Settings) -> Envelope:
    """A message about an outage in the form of a post, which every channel can say; equal on every try."""
    payload = row.payload or {}
    about, say = payload["alarm"], gettext(city.language)
    since, until = (datetime.fromisoformat(about[name]) for name in ("since", "until"))
    if payload["over"]:
        title = say("%(outlet)s works again") % about
        from_to = (moment(one, city.zone, city.language) for one in (since, until))
        text = translated_reason(Reason(_WAS_DOWN, *from_to), city.language)
    else:
        title = say("%(outlet)s takes nothing any more") % about
        text = f"{say('What it said:')} {translated_reason(Reason.read(about['reason']), city.language)}"
    post = PostView(
        id=uuid5(_MESSAGES, row.key),
        revision=1,
        content=kinds.notice(
            until if payload["over"] else since,
            title=title[:_TITLE],
            summary=" ".join(text.split())[:_TEXT],
            language=city.language,
        ),
        merchant=Publisher("city", city.name),
        published_at=row.created_at,
        updated_at=row.created_at,
        link=city.base_url,
    )
    return Envelope(
        row.key, "published", post, city, settings, row.due_at, sequence=0, doubtful=row.attempts > 0
    )
