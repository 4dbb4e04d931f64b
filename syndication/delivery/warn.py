"""Telling an owner that an outlet of theirs refuses us, once for each spell of trouble."""

from datetime import datetime

from sqlalchemy.orm import Session

from syndication import bell, db
from syndication.channels.letter import Letter
from syndication.config import Settings
from syndication.models import Delivery, Destination, Merchant


def owner(session: Session, cfg: Settings, destination: Destination, reason: str, now: datetime) -> None:
    """Send the merchant, or for a city's outlet the operator, a letter about `destination`; a repeat is passed over."""
    merchant = session.get(Merchant, destination.merchant_id) if destination.merchant_id else None
    address = merchant.email if merchant else cfg.operator_email
    if not address:
        return
    letter = "destination_disabled" if destination.state == "disabled" else "destination_refused"
    since = destination.failing_since or now
    row = {
        "key": f"n{destination.id.hex}-{letter.removeprefix('destination_')}-{since:%Y%m%d%H%M}",
        "channel": Letter.kind,
        "queue": Letter.queue,
        "priority": Letter.priority,
        "destination_id": destination.id,
        "state": "waiting",
        "created_at": now,
        "due_at": now,
        "attempts": 0,
        "reason": "",
        "payload": {
            "letter": letter,
            "to": address,
            "language": cfg.language,
            "outlet": destination.name,
            "reason": reason,
            "since": since.isoformat(),
        },
    }
    if db.insert_new(session, Delivery.__table__, [row]):
        bell.after_commit(session, Letter.queue)
