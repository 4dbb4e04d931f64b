"""Acts on all deliveries that match: counted first, then done in the background, chunk by chunk.

Each chunk is one transaction that also moves the act's position, so a process may die at any moment: the next one goes on
behind the last chunk, and nothing is done twice. The order is that of the ids, in which deliveries to one outlet are kept.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal, get_args
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, literal, or_, select, update
from sqlalchemy.orm import Session

from syndication import clock
from syndication.audit import acting, log
from syndication.audit.log import About
from syndication.content.base import Record
from syndication.content.reason import Reason
from syndication.errors import Conflict, Invalid, NotFound
from syndication.infra import db, wakeups
from syndication.infra.sqlite_turns import patiently
from syndication.ledger import looked, replay, retry
from syndication.ledger.selection import Selection
from syndication.models import BulkAct, Delivery, Destination, Reader

Act = Literal["retry", "replay", "there", "drop"]
ACTS: tuple[Act, ...] = get_args(Act)
WAKEUP = "bulk"
#: What each may be done to.
_SUITED: dict[Act, tuple[str, ...]] = {
    "retry": ("waiting",),
    "replay": replay.FINISHED,
    "there": ("unconfirmed",),
    "drop": ("waiting", *replay.DEAD),
}
#: What each is done to where nobody says which.
_MEANT: dict[Act, tuple[str, ...]] = {**_SUITED, "replay": replay.DEAD}
SET_ASIDE = Reason("Somebody at the town hall set it aside.")
#: Why one that matches is left alone.
LEFT_ALONE = {
    "waiting": Reason("it waits, and goes out by itself"),
    "sending": Reason("it is on its way at this moment"),
    "sent": Reason("it arrived already"),
    "failed": Reason("it did not arrive, so nothing of it is in doubt or on its way"),
    "dropped": Reason("it was left out already"),
    "unconfirmed": Reason("it may have arrived, so it is not on its way"),
    "first": Reason("its first try is still to come, at its time"),
    "over": Reason("what it tells of is over"),
    "left": Reason("its reader gets no mail any more"),
    "closed": Reason("its outlet is paused or switched off"),
}
_NOTHING_CHOSEN = Reason("Please say which deliveries are meant.")
_IS_OVER = Reason("This act has come to its end, so there is nothing to stop or to go on with.")
#: Rows of one transaction.
_CHUNK = 400
#: An act that has not moved for so long (seconds) is woken again: whoever did it died.
_STILL = 10.0


class ActRecord(Record):
    """An act and how far it is. Moments are aware, in UTC.

    `total` could be acted on when it began, `done` were so far; fewer at the end where some had changed meanwhile.
    """

    id: int
    act: Act
    state: Literal["running", "stopped", "done"]
    by: str
    total: int
    done: int
    asked_at: datetime
    ended_at: datetime | None
    selection: Selection


@dataclass(frozen=True)
class Weighed:
    """How many an act would be done to, and of the others how many for which reason they are left alone."""

    fit: int
    others: tuple[tuple[Reason, int], ...]


def weigh(act: Act, wanted: Selection) -> Weighed:
    """Count what an act would be done to; changes nothing. Raises Invalid where nothing narrows it."""
    wanted = _meant(act, wanted)
    with db.reading() as session:
        why = _left_alone(act, db.now(session)).label("why")
        reason = Delivery.reason if wanted.cause else literal("", Delivery.reason.type)
        each = _joined(select(why, reason.label("reason"))).where(*wanted.where()).subquery().c
        counted = select(each.why, each.reason, func.count()).group_by(each.why, each.reason)
        found: Counter[str] = Counter()
        for key, said, count in session.execute(counted):
            if wanted.alike(said):
                found[key] += count
    others = tuple((LEFT_ALONE[key], count) for key, count in found.most_common() if key)
    return Weighed(found[""], others)


def begin(act: Act, wanted: Selection, by: str, *, merchant_id: UUID | None = None) -> int:
    """Begin an act on all that match now; what joins later is not meant. Returns the act's id.

    With `merchant_id` only on what goes to that merchant's outlets. `by`: whose act it is, in words.
    Raises Invalid where nothing narrows it, Conflict where there is nothing to do.
    """
    wanted = _meant(act, wanted)
    if merchant_id is not None:
        wanted = replace(wanted, merchant_id=merchant_id)
    total = weigh(act, wanted).fit
    if not total:
        raise Conflict(Reason("There is nothing that this could be done to any more."))
    with db.transaction() as session:
        now = db.now(session)
        last = session.scalar(select(func.max(Delivery.id))) or 0
        row = BulkAct(
            act=act, selection=wanted.stored(), state="running", by=by, total=total, done=0,
            position=0, until_id=last, asked_at=now, moved_at=now,
        )  # fmt: skip
        session.add(row)
        session.flush()
        log.record(session, "bulk.begun", About("bulk", row.id), act=act, count=total)
        wakeups.after_commit(session, WAKEUP, row.id)
        return row.id


def work(act_id: int, *, seconds: float = 20.0) -> bool:
    """Go on with an act for some seconds; whether it is still to go on. Safe to run twice, and side by side."""
    deadline = clock.monotonic() + seconds
    with patiently():
        while _step(act_id):
            if clock.monotonic() >= deadline:
                wakeups.wake(WAKEUP, act_id)
                return True
    return False


def stop(act_id: int) -> None:
    """Let an act rest where it is; what was done stays done. Raises NotFound, Conflict where it is over."""
    _turn(act_id, "stopped")


def go_on(act_id: int) -> None:
    """Go on with an act that was stopped. Raises NotFound, Conflict where it is over."""
    _turn(act_id, "running")


def read(act_id: int) -> ActRecord:
    """One act. Raises NotFound."""
    with db.reading() as session:
        return _record(_known(session, act_id))


def latest(*, limit: int = 10) -> list[ActRecord]:
    """The last acts, the newest first."""
    with db.reading() as session:
        rows = session.scalars(select(BulkAct).order_by(BulkAct.id.desc()).limit(limit))
        return [_record(row) for row in rows]


def sweep() -> int:
    """Wake the acts whose worker died, or whose wake-up was lost; returns how many."""
    with db.reading() as session:
        still = BulkAct.moved_at < db.now(session) - timedelta(seconds=_STILL)
        ids = session.scalars(select(BulkAct.id).where(BulkAct.state == "running", still)).all()
    for one in ids:
        wakeups.wake(WAKEUP, one)
    return len(ids)


def _step(act_id: int) -> bool:
    """One chunk, and whether there may be another."""
    with db.transaction() as session:
        row = session.get(BulkAct, act_id, with_for_update=True)
        if row is None or row.state != "running":
            return False
        act, wanted, now = _act(row.act), Selection.read(row.selection), db.now(session)
        why = _left_alone(act, now)
        chunk = (
            _joined(select(Delivery.id, Delivery.reason, why))
            .where(*wanted.where(), Delivery.id > row.position, Delivery.id <= row.until_id)
            .order_by(Delivery.id)
            .limit(_CHUNK)
        )
        found = session.execute(chunk).all()
        row.moved_at = now
        if not found:
            row.state, row.ended_at = "done", now
            return False
        ids = [identity for identity, reason, left in found if not left and wanted.alike(reason)]
        with acting.by(acting.behind(row.by)):
            row.done += _DO[act](session, ids, wanted.states) if ids else 0
        row.position = found[-1][0]
        return True


def _meant(act: Act, wanted: Selection) -> Selection:
    """With the states that an act is for, where none are chosen. Raises Invalid where too little is said."""
    narrowed = bool(wanted.stored().keys() - {"states"})
    # All that ever arrived is not sent again by one press of a button.
    if not narrowed and (not wanted.states or (act == "replay" and "sent" in wanted.states)):
        raise Invalid.field("", _NOTHING_CHOSEN)
    return wanted if wanted.states else replace(wanted, states=_MEANT[act])


def _joined(statement: Any) -> Any:
    return statement.outerjoin(Destination, Destination.id == Delivery.destination_id).outerjoin(
        Reader, Reader.id == Delivery.reader_id
    )


def _left_alone(act: Act, now: datetime) -> ColumnElement[str]:
    """The key in LEFT_ALONE of what is not acted on; empty where it is."""
    whens: list[tuple[ColumnElement[bool], Any]] = [(Delivery.state.not_in(_SUITED[act]), Delivery.state)]
    if act == "retry":
        whens.append((and_(Delivery.attempts == 0, Delivery.late_since.is_(None)), literal("first")))
        to_it = and_(Destination.channel == Delivery.channel, Destination.state != "active")
        whens.append((to_it, literal("closed")))
    if act in ("retry", "replay"):
        whens.append((Delivery.over_at <= now, literal("over")))
        whens.append((or_(Reader.state == "left", Reader.state == "suppressed"), literal("left")))
    return case(*whens, else_=literal(""))


def _retry(session: Session, ids: list[int], _states: Sequence[str]) -> int:
    return retry.now(session, ids)


def _replay(session: Session, ids: list[int], states: Sequence[str]) -> int:
    # What somebody settled in another way since it was looked at is left alone.
    return replay.again(session, ids, [one for one in states if one in replay.FINISHED])


def _there(session: Session, ids: list[int], _states: Sequence[str]) -> int:
    return looked.all_there(session, ids)


def _drop(session: Session, ids: list[int], states: Sequence[str]) -> int:
    ended = (
        update(Delivery)
        .where(Delivery.id.in_(ids), Delivery.state.in_([one for one in states if one in _SUITED["drop"]]))
        .values(state="dropped", reason=SET_ASIDE, late_since=None)
        .execution_options(synchronize_session=False)
    )
    replay.note(session, "delivery.dropped", ids)
    return int(session.execute(ended).rowcount)  # type: ignore[attr-defined]  # an UPDATE has it


#: How each is done to those of `ids` that still are in one of these states; returns to how many.
_DO: dict[Act, Callable[[Session, list[int], Sequence[str]], int]] = {
    "retry": _retry,
    "replay": _replay,
    "there": _there,
    "drop": _drop,
}


def _turn(act_id: int, state: str) -> None:
    with db.transaction() as session:
        row = session.get(BulkAct, act_id, with_for_update=True)
        if row is None:
            raise NotFound(_UNKNOWN)
        if row.state == "done":
            raise Conflict(_IS_OVER)
        if row.state != state:
            log.record(
                session, "bulk.resumed" if state == "running" else "bulk.stopped", About("bulk", act_id)
            )
        row.state = state
        if state == "running":
            row.moved_at = db.now(session)
            wakeups.after_commit(session, WAKEUP, act_id)


_UNKNOWN = Reason("There is no such act.")


def _known(session: Session, act_id: int) -> BulkAct:
    row = session.get(BulkAct, act_id)
    if row is None:
        raise NotFound(_UNKNOWN)
    return row


def _act(name: str) -> Act:
    return next(one for one in ACTS if one == name)


def _record(row: BulkAct) -> ActRecord:
    fields = {name: getattr(row, name) for name in ActRecord.model_fields if name != "selection"}
    return ActRecord(**fields, selection=Selection.read(row.selection))
