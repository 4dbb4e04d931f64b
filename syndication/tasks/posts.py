"""Tasks for posts that other programs put into the queue; see docs/queue.md."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from celery.exceptions import Reject, SoftTimeLimitExceeded

from syndication.audit import acting
from syndication.errors import Unavailable
from syndication.infra import db
from syndication.publishing import from_queue
from syndication.tasks.app import app

_log = structlog.get_logger(__name__)
#: How long (seconds) a message rests here before it goes back, so that it does not circle while the database is away.
_PAUSE = 5.0


# The broker holds the only copy: what runs into the time limit comes back, too.
@app.task(name="posts.submit", acks_on_timeout=False)
def submit(*arguments: Any, **named: Any) -> None:
    """Create or revise the post that the message carries; a bad message becomes a dead letter, never a loop."""
    with _kept():
        try:
            with acting.entering("queue", "queue"):
                from_queue.submit(arguments, named)
        except (*db.AWAY, Unavailable, SoftTimeLimitExceeded):
            raise
        except Exception as error:  # a fault of ours must not lose a post
            _log.exception("intake.broken")
            from_queue.bury(
                {"args": list(arguments), "kwargs": dict(named)},
                f"The service failed at this message ({type(error).__name__}); its log says more.",
            )


@app.task(name="posts.bury", acks_on_timeout=False)
def bury(reason: str, payload: str) -> None:
    """Keep a message that was refused before it was opened."""
    with _kept():
        from_queue.keep(payload, reason)


@contextmanager
def _kept() -> Iterator[None]:
    """Give the message back to the broker, after a rest, where the database does not answer."""
    try:
        yield
    except (*db.AWAY, Unavailable, SoftTimeLimitExceeded) as error:
        _log.warning("message.comes_back", error=type(error).__name__)
        threading.Event().wait(_PAUSE)
        raise Reject("The database does not answer.", requeue=True) from error
