"""Letters to owners about the access to an outlet: refused, about to expire, working again; each at most once."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from syndication.channels.built_in.letter import Letter
from syndication.config import Settings
from syndication.content.reason import Reason
from syndication.destinations import connecting
from syndication.infra import db, wakeups
from syndication.ledger import lifecycle
from syndication.models import Delivery, Destination, Merchant

#: How long before an access ends its owner is told.
AHEAD = timedelta(days=7)
#: The letters that hold a link by which the access is renewed.
_OFFERING = ("destination_refused", "destination_disabled", "destination_expiring")


def owner(session: Session, cfg: Settings, destination: Destination, reason: Reason, now: datetime) -> None:
    """Tell that an outlet refuses us, or was switched off for it; a repeat within the same spell is passed over."""
    letter = "destination_disabled" if destination.state == "disabled" else "destination_refused"
    since = destination.failing_since or now
    about = {"reason": reason.stored(), "since": since.isoformat()}
    if _letter(session, cfg, destination, letter, about, since, now):
        destination.warned_at = now


def ending(
    session: Session, cfg: Settings, destination: Destination, ends_at: datetime, now: datetime
) -> None:
    """Tell that an access ends soon; a repeat for the same end is passed over."""
    about = {"ends": ends_at.isoformat()}
    if _letter(session, cfg, destination, "destination_expiring", about, ends_at, now):
        destination.warned_at = now


def well_again(session: Session, cfg: Settings, destination: Destination, now: datetime) -> None:
    """Tell that an outlet takes posts again, whose owner was told of trouble."""
    since = destination.warned_at or now
    _letter(session, cfg, destination, "destination_well", {"since": since.isoformat()}, since, now)
    destination.warned_at = None


def _letter(
    session: Session,
    cfg: Settings,
    destination: Destination,
    letter: str,
    about: dict[str, Any],
    spell: datetime,
    now: datetime,
) -> bool:
    """Send the merchant, or for a city's outlet the operator, a letter; False where this one was sent before."""
    merchant = session.get(Merchant, destination.merchant_id) if destination.merchant_id else None
    address = merchant.email if merchant else cfg.operator_email
    if not address:
        return False
    key = f"n{destination.id.hex}-{letter.removeprefix('destination_')}-{spell:%Y%m%d%H%M}"
    if session.scalar(select(Delivery.id).where(Delivery.key == key)) is not None:
        return False
    if letter in _OFFERING:
        about = {**about, "connect": connecting.offered(session, destination)}
    row = lifecycle.row(
        Letter,
        key,
        now,
        destination_id=destination.id,
        payload={
            "letter": letter,
            "to": address,
            "language": cfg.language,
            "outlet": destination.name,
            **about,
        },
    )
    if not db.insert_new(session, Delivery.__table__, [row]):
        return False
    wakeups.after_commit(session, Letter.queue)
    return True
