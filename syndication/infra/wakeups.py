"""Bells: wake-ups that ring after a commit, through whatever the process hung up at its start.

The tables are the truth and a sweep stands behind every bell, so a bell that is lost costs seconds, never work.
"""

from collections.abc import Callable

import structlog
from sqlalchemy import event
from sqlalchemy.orm import Session

from syndication import clock

#: Takes the name of a bell and the ids it is about; returns quickly or raises.
Ringer = Callable[[str, tuple[str, ...]], None]

_log = structlog.get_logger(__name__)
_WAITING = "bells"
#: After a broker that did not answer, bells stay silent this long (seconds) so that no caller waits for it again and again.
_SILENCE = 5.0

_ringer: Ringer | None = None
#: When each bell without ids was rung last (monotonic seconds).
_rung: dict[str, float] = {}
_silent_until = 0.0


def hang(ringer: Ringer | None) -> None:
    """Give this process its ringer; None makes bells silent."""
    global _ringer, _silent_until
    _ringer, _silent_until = ringer, 0.0
    _rung.clear()


def after_commit(session: Session, name: str, *ids: object, apart: float = 0.0) -> None:
    """Ring `name` once `session` has committed; a rollback forgets it, a repeat within one transaction rings once.

    With `apart`, not if this process rang it in the last so many seconds: whoever woke then still finds the work.
    """
    if apart and clock.monotonic() - _rung.get(name, -apart) < apart:
        return
    waiting: dict[tuple[str, tuple[str, ...]], None] = session.info.setdefault(_WAITING, {})
    waiting[name, tuple(str(value) for value in ids)] = None


def ring(name: str, *ids: object) -> None:
    """Ring now. A ringer that fails is logged and forgotten: the sweep will find the work."""
    global _silent_until  # noqa: PLW0603 -- see hang
    if _ringer is None or clock.monotonic() < _silent_until:
        return
    if not ids:
        _rung[name] = clock.monotonic()
    try:
        _ringer(name, tuple(str(value) for value in ids))
    except Exception as error:
        _silent_until = clock.monotonic() + _SILENCE
        _log.warning("bell.silent", bell=name, error=type(error).__name__)


@event.listens_for(Session, "after_commit")
def _ring_waiting(session: Session) -> None:
    for name, ids in session.info.pop(_WAITING, {}):
        ring(name, *ids)


@event.listens_for(Session, "after_rollback")
def _forget_waiting(session: Session) -> None:
    session.info.pop(_WAITING, None)
