"""Sends wake-ups after a commit, by whatever means the process chose at its start.

The tables are the truth and a sweep stands behind every wake-up, so a wake-up that is lost costs seconds, never work.
"""

from collections.abc import Callable

import structlog
from sqlalchemy import event
from sqlalchemy.orm import Session

from syndication import clock

#: Takes the name of a wake-up and the ids it is about; returns quickly or raises.
Sender = Callable[[str, tuple[str, ...]], None]

_log = structlog.get_logger(__name__)
_WAITING = "wakeups"
#: After a broker that did not answer, none is sent this long (seconds) so that no caller waits for it again and again.
_SILENCE = 5.0

_sender: Sender | None = None
#: When each wake-up without ids was sent last (monotonic seconds).
_woken: dict[str, float] = {}
_silent_until = 0.0


def use(sender: Sender | None) -> None:
    """Send this process's wake-ups by `sender`; None sends none."""
    global _sender, _silent_until
    _sender, _silent_until = sender, 0.0
    _woken.clear()


def after_commit(session: Session, name: str, *ids: object, apart: float = 0.0) -> None:
    """Send wake-up `name` once `session` has committed; a rollback forgets it, a repeat within one transaction is sent once.

    With `apart`, not if this process sent it in the last so many seconds: whoever woke then still finds the work.
    """
    if apart and clock.monotonic() - _woken.get(name, -apart) < apart:
        return
    waiting: dict[tuple[str, tuple[str, ...]], None] = session.info.setdefault(_WAITING, {})
    waiting[name, tuple(str(value) for value in ids)] = None


def wake(name: str, *ids: object) -> None:
    """Send it now. A sender that fails is logged and forgotten: the sweep will find the work."""
    global _silent_until  # noqa: PLW0603 -- see hang
    if _sender is None or clock.monotonic() < _silent_until:
        return
    if not ids:
        _woken[name] = clock.monotonic()
    try:
        _sender(name, tuple(str(value) for value in ids))
    except Exception as error:
        _silent_until = clock.monotonic() + _SILENCE
        _log.warning("wakeup.failed", wakeup=name, error=type(error).__name__)


@event.listens_for(Session, "after_commit")
def _wake_waiting(session: Session) -> None:
    for name, ids in session.info.pop(_WAITING, {}):
        wake(name, *ids)


@event.listens_for(Session, "after_rollback")
def _forget_waiting(session: Session) -> None:
    session.info.pop(_WAITING, None)
