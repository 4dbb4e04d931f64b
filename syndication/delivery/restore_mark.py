"""Recognises a database that is older than what this machine saw of it: a backup was restored, and is not settled yet.

Beat's tick stands in the database. Its moment is kept beside it in the data folder, too, once it was committed; so a database
whose last tick is older than that has lost what came after. See `restored` for what is done about it.
"""

import hashlib
import json
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from sqlalchemy import select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from syndication.config import Settings
from syndication.content.reason import Reason
from syndication.errors import Conflict
from syndication.infra import db
from syndication.models import Heartbeat

_log = structlog.get_logger(__name__)
#: The part whose tick is compared.
BEAT = "beat"
#: A standby that takes over may lack the last seconds; nobody restores a backup as young as that.
_TOLERATED = timedelta(seconds=60)


@dataclass(frozen=True)
class Behind:
    """What the database knows last, and until when this machine saw it at work (aware, UTC)."""

    knows: datetime
    seen: datetime

    @property
    def said(self) -> Reason:
        """That it is so, and what to do."""
        return Reason(
            "The database is of {} UTC, but was in use until {} UTC: a backup was restored. Run `syndication restored`, so that"
            " nothing old goes out again; until then nothing starts.",
            f"{self.knows:%Y-%m-%d %H:%M}",
            f"{self.seen:%Y-%m-%d %H:%M}",
        )


def note(cfg: Settings, tick: datetime) -> None:
    """Keep the moment of a tick that was committed. A disk that takes nothing costs only the recognising."""
    file = _file(cfg)
    fresh = file.with_suffix(".new")
    try:
        fresh.write_text(json.dumps({"database": _name(cfg), "seen": tick.isoformat()}), encoding="utf-8")
        os.replace(fresh, file)
    except OSError as error:
        _log.warning("restore_mark.not_written", error=str(error))


def behind(cfg: Settings) -> Behind | None:
    """How far the connected database is behind what was seen of it; None: it is not, or nothing is known."""
    seen = _seen(cfg)
    if seen is None:
        return None
    try:
        with db.reading() as session:
            knows = session.scalar(select(Heartbeat.at).where(Heartbeat.name == BEAT))
    except SQLAlchemyError:  # it is away, or has no tables yet: others say so
        return None
    return Behind(knows, seen) if knows is not None and knows < seen - _TOLERATED else None


def require_settled(cfg: Settings) -> None:
    """Raise Conflict, which says what to do, where a backup was restored and not settled."""
    if (found := behind(cfg)) is not None:
        raise Conflict(found.said)


def _seen(cfg: Settings) -> datetime | None:
    try:
        kept = json.loads(_file(cfg).read_text(encoding="utf-8"))
        return datetime.fromisoformat(kept["seen"]) if kept["database"] == _name(cfg) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _file(cfg: Settings) -> Path:
    return cfg.data_dir / "database-seen.json"


def _name(cfg: Settings) -> str:
    """Which database it is, without a password: one data folder may have served several."""
    url = make_url(cfg.resolved_database_url).set(password=None)
    return hashlib.sha256(url.render_as_string().encode()).hexdigest()[:16]
