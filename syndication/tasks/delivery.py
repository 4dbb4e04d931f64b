"""Wakes delivery."""

from syndication.delivery.drain import drain as drain_queue
from syndication.ledger import bulk
from syndication.tasks.app import MAIL_HARD_LIMIT, MAIL_SOFT_LIMIT, app


@app.task(name="delivery.drain", soft_time_limit=MAIL_SOFT_LIMIT, time_limit=MAIL_HARD_LIMIT)
def drain(queue: str) -> None:
    """Send what is due on one queue."""
    drain_queue(queue)


@app.task(name="deliveries.bulk")
def act_on_many(act_id: str) -> None:
    """Go on with an act on all deliveries that match."""
    bulk.work(int(act_id))
