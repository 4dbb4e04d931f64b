"""Wakes delivery."""

from syndication.delivery import echoes
from syndication.delivery.drain import drain as drain_queue
from syndication.delivery.tools import tools
from syndication.ledger import bulk
from syndication.tasks.app import MAIL_HARD_LIMIT, MAIL_SOFT_LIMIT, app


@app.task(name="delivery.drain", soft_time_limit=MAIL_SOFT_LIMIT, time_limit=MAIL_HARD_LIMIT)
def drain(queue: str) -> None:
    """Send what is due on one queue."""
    drain_queue(queue)


@app.task(name="sweep.echoes")
def ask_for_echoes() -> None:
    """Ask networks what they count of the posts that stand there; threads of its own wait for their answers."""
    echoes.sweep(tools())


@app.task(name="deliveries.bulk")
def act_on_many(act_id: str) -> None:
    """Go on with an act on all deliveries that match."""
    bulk.work(int(act_id))
