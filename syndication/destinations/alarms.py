"""City outlets that report outages, so that the operator hears of them even when mail is down."""

from uuid import UUID

from syndication import channels
from syndication.audit import log
from syndication.audit.log import About
from syndication.errors import Conflict, NotFound
from syndication.infra import db
from syndication.models import Destination


def mark(destination_id: UUID, *, hears: bool) -> None:
    """Let an outlet of the city hear of outages, and of no post any more; or of posts again.

    Raises NotFound, and Conflict for an outlet of a merchant, for one that comes with the city, for a reader's device, and
    for one that takes no text without a picture.
    """
    with db.transaction() as session:
        row = session.get(Destination, destination_id, with_for_update=True)
        if row is None:
            raise NotFound(f"There is no destination {destination_id}.")
        if hears:
            _check(row)
        row.alarms = hears
        log.record(session, "outlet.alarms", About("outlet", row.id, row.name), hears=hears)


def _check(row: Destination) -> None:
    if row.merchant_id is not None:
        raise Conflict("This outlet is a merchant's. Please set up one of the city's for outages.")
    channel = channels.by_kind(row.channel) if channels.known(row.channel) else None
    if channel is None or not channel.configurable or channel.personal:
        raise Conflict("Only an outlet that was set up for the city can hear of outages.")
    if channel.abilities.needs_picture:
        raise Conflict(f"{channel.label} takes no text without a picture. Please choose another outlet.")
