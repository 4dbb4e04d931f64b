"""Looks again and again, beside the workers, so that something tells also where a worker, beat, Redis or the database is silent.

The web process has one, `syndication up` has one, and a task of beat looks, too. They do not know of each other: rows with
unique keys decide who tells. Where the database itself is away, a file in the data directory stands in for the rows.
"""

import fcntl
import json
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from syndication import clock
from syndication.channels.verdicts import Verdict
from syndication.config import Settings
from syndication.content.reason import Reason
from syndication.errors import Unavailable
from syndication.infra import db
from syndication.insight import alert_rules
from syndication.models import Alert, AlertMessage
from syndication.ops.alerts import words
from syndication.ops.alerts.addressees import Mailbox, mailbox, recipients
from syndication.ops.alerts.deciding import settle
from syndication.ops.alerts.parts import look
from syndication.ops.alerts.telling import deliver, to_mailbox

_log = structlog.get_logger(__name__)
#: Seconds between two looks, and before the first, when the other parts are still starting.
EVERY, _FIRST = 30.0, 45.0
_FILE = "database-away.json"
_RULE = "database"


class Watcher:
    """One process's looks, `but_for` rules that it cannot judge.

    It remembers who is to be told, for the hour in which no table can be asked.
    """

    def __init__(self, cfg: Settings, *, but_for: Collection[str] = ()) -> None:
        self._cfg, self._but_for = cfg, but_for
        self._limit = alert_rules.preset(_RULE)
        self._to: list[tuple[str, Mailbox]] = []
        if cfg.operator_email:
            self._to.append(("city", Mailbox(cfg.operator_email, cfg.language)))

    def look(self) -> None:
        """One look at everything, and the messages that it takes."""
        began = clock.monotonic()
        try:
            db.check()
            db.try_to_write()
        except Unavailable as error:
            self._away(error)
            return
        seconds = clock.monotonic() - began
        limits = alert_rules.limits()
        self._remember(limits[_RULE])
        self._back()
        settle(self._cfg, limits, look(self._cfg, limits, but_for=self._but_for, seconds=seconds))
        deliver(self._cfg)

    def _remember(self, limit: alert_rules.Limit) -> None:
        self._limit = limit
        with db.reading() as session:
            named = [(one, mailbox(session, self._cfg, one)) for one in recipients(session, self._cfg)]
        self._to = [(one, box) for one, box in named if box is not None]

    # Where the database is away

    def _away(self, error: Unavailable) -> None:
        """Tell by mail, once, whichever process saw it first; the lock is held while it is sent."""
        if not self._limit.on:
            return
        now = clock.now()
        try:
            with _note(self._cfg.data_dir) as note:
                self._tell(note, error, now)
        except _Busy:
            pass  # another one is at it
        except OSError:
            _log.exception("alerts.no_note")  # the disk is full as well: that is told by the log alone

    def _tell(self, note: dict[str, Any], error: Unavailable, now: datetime) -> None:
        began = datetime.fromisoformat(note.setdefault("began", now.isoformat()))
        note["said"] = str(error)[:300]
        if (now - began).total_seconds() < self._limit.wait:
            return
        told: list[str] = note.setdefault("told", [])
        for recipient, box in self._to:
            if recipient in told:
                continue
            said = words.begins(_RULE, "", Reason.quoted(note["said"]), began, self._cfg.zone, box.language)
            key = f"d{began:%Y%m%d%H%M%S}-{recipient.replace(' ', '-')}"
            try:
                to_mailbox(self._cfg, key, box, said, began)
                told.append(recipient)
            except Verdict as verdict:
                _log.warning("alert.untold", message=key, reason=verdict.reason)

    def _back(self) -> None:
        """What was told while no row could be written becomes rows, so that its end is told as any other's."""
        file = self._cfg.data_dir / _FILE
        if not file.exists():
            return
        try:
            with _note(self._cfg.data_dir) as note:
                if note.get("told"):
                    _written(note)
                note.clear()
        except _Busy:
            pass

    def run(self, ended: threading.Event) -> None:
        """Look until `ended` is set."""
        pause = _FIRST
        while True:
            _nudged.wait(pause)
            only_tell, pause = _nudged.is_set(), EVERY
            _nudged.clear()  # before it is asked whether this is the end, which comes with a nudge
            if ended.is_set():
                return
            try:
                if only_tell:
                    deliver(self._cfg)
                else:
                    self.look()
            except (SQLAlchemyError, OSError, Unavailable) as error:
                _log.warning("alerts.look_failed", error=str(error)[:200])
            except Exception:  # whatever happens, the next look may find what is wrong
                _log.exception("alerts.look_failed")


class _Busy(Exception):
    """Another process holds the note."""


@contextmanager
def _note(folder: Path) -> Iterator[dict[str, Any]]:
    """What is known of the time without a database, for one process at a time; the kernel frees the lock of a killed one."""
    with (folder / _FILE).open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise _Busy from error
        file.seek(0)
        try:
            note = json.loads(file.read() or "{}")
        except ValueError:  # cut off by a crash
            note = {}
        yield note
        file.truncate(0)
        if note:
            file.write(json.dumps(note))
        file.flush()


def _written(note: dict[str, Any]) -> None:
    began = datetime.fromisoformat(note["began"])
    with db.transaction() as session:
        db.advisory_lock(session, "alerts")
        known = select(Alert.id).where(
            Alert.rule == _RULE, (Alert.began_at == began) | Alert.ended_at.is_(None)
        )
        if session.scalar(known.limit(1)) is not None:
            return
        now = db.now(session)
        row = Alert(
            rule=_RULE, about="", name="", began_at=began, found_at=began, on_at=began, seen_at=now,
            said=Reason.quoted(note.get("said", "")), told_elsewhere=False,
        )  # fmt: skip
        session.add(row)
        session.flush()
        session.add_all(
            AlertMessage(
                alert_id=row.id, key=f"a{row.id}-on-{one.replace(' ', '-')}", edge="on", recipient=one,
                made_at=began, due_at=began, state="sent", attempts=1, sent_at=now,
            )
            for one in note["told"]
        )  # fmt: skip


_nudged = threading.Event()


def nudge() -> None:
    """Let this process's watcher, if it has one, send what was just written."""
    _nudged.set()


@contextmanager
def watching(cfg: Settings) -> Iterator[None]:
    """Watch from this process, until it is left; a look that has begun is not waited for."""
    ended = threading.Event()
    threading.Thread(target=Watcher(cfg).run, args=(ended,), name="alerts", daemon=True).start()
    try:
        yield
    finally:
        ended.set()
        nudge()
