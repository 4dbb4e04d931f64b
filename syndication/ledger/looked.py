"""Takes somebody's word for what nobody else can know: whether something that may have arrived is there (P7)."""

from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from syndication import clock
from syndication.content.reason import Reason
from syndication.errors import Conflict, NotFound
from syndication.infra import db
from syndication.ledger import replay
from syndication.models import Delivery

_IS_THERE = Reason("Somebody looked: it is there.")
_SETTLED = Reason("This is no longer in doubt, so nothing was changed.")


def there(delivery_id: int, *, merchant_id: UUID | None = None) -> None:
    """It arrived. With `merchant_id` only where it went to that merchant's destination.

    Raises NotFound, and Conflict where it is not in doubt.
    """
    with db.transaction() as session:
        row = session.get(Delivery, delivery_id, with_for_update=True)
        if row is None or not replay.belongs(session, row, merchant_id):
            raise NotFound("There is no such delivery.")
        if row.state != "unconfirmed":
            raise Conflict(_SETTLED)
        row.state, row.reason, row.sent_at = "sent", _IS_THERE, clock.now()
        replay.note(session, "delivery.seen", [delivery_id])


def all_there(session: Session, ids: list[int]) -> int:
    """The same of all of `ids` that are in doubt; returns how many."""
    known = (
        update(Delivery)
        .where(Delivery.id.in_(ids), Delivery.state == "unconfirmed")
        .values(state="sent", reason=_IS_THERE, sent_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    replay.note(session, "delivery.seen", ids)
    return int(session.execute(known).rowcount)  # type: ignore[attr-defined]  # an UPDATE has it
