"""Settles a database that was restored from a backup: what may have gone out since the backup does not go out again.

What the lost service would have done until now is done here once more, with nobody sending: what is due is published, told and
composed. Whatever then stands open may have gone out already, and nobody knows: it becomes `unconfirmed`, for a person to look.
Feeds and pages hold what is running as ever. Every part must be stopped. Each step may be repeated, so a run that died in the
middle is run again. See docs/decisions/0037-a-restored-backup-sends-nothing-old.md.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from sqlalchemy import and_, delete, func, insert, literal, select, text, update
from sqlalchemy.orm import Session

from syndication import channels
from syndication.audience import editions, signups
from syndication.audit import log
from syndication.audit.log import About
from syndication.config import Settings
from syndication.content.reason import Reason
from syndication.delivery import fanout, restore_mark
from syndication.delivery.claim import seen
from syndication.infra import db
from syndication.models import (
    Attempt,
    BrowserSession,
    Change,
    Delivery,
    Heartbeat,
    Lease,
    PasskeyChallenge,
    Reader,
    SignInLink,
    SignInRequest,
)
from syndication.publishing import posts

_log = structlog.get_logger(__name__)
DOUBT = Reason(
    "The database was restored from a backup, and this may have gone out before. Please look there before you send it again."
)
_OPEN = ("waiting", "sending")
#: Tables whose numbers receivers know: a number that was given away in the lost time must not be given again, or what is new
#: is taken for a repeat (webhook-id, Message-ID). Attempts are left out: they are counted number by number.
_NUMBERED = ("changes", "editions", "deliveries", "leases", "outages", "readers")
#: More than any city gives away between two backups.
GAP = 1_000_000_000


@dataclass
class Settled:
    """What was done. `of` is the database's last sign of life (UTC; None: it has none); `doubtful` counts by channel."""

    of: datetime | None
    published: int = 0
    changes: int = 0
    #: Changes that cannot be told at all; the log says why.
    broken: int = 0
    doubtful: dict[str, int] = field(default_factory=dict)
    sessions: int = 0


def settle(cfg: Settings) -> Settled:
    """Do so for the connected database, which from then on counts as being up to date."""
    with db.transaction() as session:
        settled = Settled(session.scalar(select(Heartbeat.at).where(Heartbeat.name == restore_mark.BEAT)))
        settled.sessions = _forget_who_is_in(session)
        # Nobody is at anything: every part is stopped.
        session.execute(update(Change).values(taken_until=None).where(Change.fanned_at.is_(None)))
        session.execute(delete(Lease))
    while published := posts.publish_due(however_late=True):
        settled.published += published
    _until_nothing_changes(_untold, lambda: _tell(settled))
    signups.sweep()
    _until_nothing_changes(_due_readers, editions.sweep)
    with db.transaction() as session:
        settled.doubtful = _doubt(session)
        _skip_numbers(session)
        seen(session, restore_mark.BEAT, db.now(session))  # as of which the database is up to date
        log.record(session, "backup.restored", About("city"), doubtful=settled.doubtful)
    return settled


def _forget_who_is_in(session: Session) -> int:
    """Sessions and links that somebody ended since would be good again; people sign in anew. Returns how many sessions."""
    for table in (SignInRequest, SignInLink, PasskeyChallenge):
        session.execute(delete(table))
    return int(session.execute(delete(BrowserSession)).rowcount)  # type: ignore[attr-defined]  # a DELETE has it


def _until_nothing_changes(left: Callable[[], int], step: Callable[[], object]) -> None:
    """Take steps as long as something is left and they get on; what is broken stays."""
    before = -1
    while (now := left()) not in (0, before):
        before = now
        step()


def _untold() -> int:
    with db.reading() as session:
        return session.scalar(select(func.count()).where(Change.fanned_at.is_(None))) or 0


def _due_readers() -> int:
    with db.reading() as session:
        due = (Reader.state == "confirmed", Reader.next_slot_at <= db.now(session))
        return session.scalar(select(func.count()).where(*due)) or 0


def _tell(settled: Settled) -> None:
    with db.reading() as session:
        ids = session.scalars(select(Change.id).where(Change.fanned_at.is_(None)).order_by(Change.id)).all()
    settled.broken = 0
    for change_id in ids:
        try:
            while not fanout.fan_out(change_id):
                pass  # it is told to some each time
            settled.changes += 1
        except Exception:  # one that cannot be told must not keep the others in the open
            _log.exception("restored.broken", change=change_id)
            settled.broken += 1


def _doubt(session: Session) -> dict[str, int]:
    now = db.now(session)
    # A feed only shows what stands, and is built anew as often as one likes.
    shows = Delivery.channel.in_([one.kind for one in channels.CHANNELS if not one.tells])
    building = (
        update(Delivery).where(shows, Delivery.state == "sending").values(state="waiting", lease_id=None)
    )
    session.execute(building.execution_options(synchronize_session=False))
    is_open = and_(~shows, Delivery.state.in_(_OPEN))
    counted = select(Delivery.channel, func.count()).where(is_open).group_by(Delivery.channel)
    found = dict(session.execute(counted).all())
    columns = {
        "delivery_id": Delivery.id,
        "at": literal(now, Delivery.created_at.type),
        "duration": literal(0),
        "outcome": literal("unconfirmed"),
        "reason": literal(DOUBT, Attempt.reason.type),
        "answer": literal(""),
        "trigger": literal("restore"),
    }
    session.execute(insert(Attempt).from_select(list(columns), select(*columns.values()).where(is_open)))
    # With a try, and due: outlets that show their own posts are asked by themselves whether it stands there.
    values = {"state": "unconfirmed", "reason": DOUBT, "attempts": Delivery.attempts + 1, "due_at": now}
    ended = update(Delivery).where(is_open).values(**values, lease_id=None, late_since=None, by_hand=False)
    session.execute(ended.execution_options(synchronize_session=False))
    return found


def _skip_numbers(session: Session) -> None:
    for table in _NUMBERED:
        if session.get_bind().dialect.name == "postgresql":
            sequence = func.pg_get_serial_sequence(table, "id")
            session.execute(select(func.setval(sequence, func.nextval(sequence) + GAP)))
            continue
        named = {"table": table, "gap": GAP}
        known = session.execute(
            text("UPDATE sqlite_sequence SET seq = seq + :gap WHERE name = :table"), named
        )
        if not known.rowcount:  # type: ignore[attr-defined]  # an UPDATE has it
            session.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:table, :gap)"), named)
