"""Folds attempts into running counts, so that /metrics costs the same however long the history is."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

from sqlalchemy import (
    Float,
    bindparam,
    case,
    cast,
    delete,
    func,
    literal,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from syndication.config import settings
from syndication.infra import db
from syndication.models import Attempt, Change, Delivery, Edition, Tally

#: Attempts by outcome, and seconds of an attempt, and seconds from publish (or an edition's slot) to arrival.
ATTEMPTS, ATTEMPT_SECONDS, ARRIVAL_SECONDS = "attempts", "attempt_seconds", "arrival_seconds"
#: Upper bounds of the histograms' buckets in seconds; everything above falls into `+Inf`.
BOUNDS: Mapping[str, Sequence[float]] = {
    ATTEMPT_SECONDS: (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 60),
    ARRIVAL_SECONDS: (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 900, 3600, 14400, 86400),
}
#: Attempts by outcome in one hour of UTC, such as `hourly_sent`; the label is the hour. Kept for so many days.
_HOURLY = "hourly_"
HOURS_KEPT = 40
_HOUR = "%Y-%m-%d %H"
#: The same in one month of the city's, such as `month_sent`, and seconds to arrival by bucket, such as `arrival_2026-11`.
MONTHLY, MONTH_ARRIVAL = "month_", "arrival_"
_MONTH = "%Y-%m"
#: From when on months are counted (seconds since 1970); 0: from the beginning.
_MONTHS_SINCE = "months_since"
_INFINITE = "+Inf"
_SUM = "sum"
#: Marks: the last attempt folded; the newest one at an earlier look, and when (seconds since 1970) that was.
FOLDED, _SEEN, _SEEN_AT = "folded", "seen", "seen_at"
#: No transaction that writes attempts is open this long (seconds): below an id seen before, none is missing.
SETTLED = 10.0
#: What can become of an attempt.
_OUTCOMES = ("sent", "later", "failed", "unconfirmed", "dropped")
#: Attempts folded at a time.
_CHUNK = 20_000

Key = tuple[str, str, str]


@dataclass(frozen=True)
class Hour:
    """How many attempts by a channel had that outcome in the hour that began at `at` (UTC)."""

    at: datetime
    channel: str
    outcome: str
    count: int


@dataclass(frozen=True)
class Histogram:
    """Cumulative counts by upper bound, `+Inf` last, and the sum of all observations in seconds."""

    buckets: tuple[tuple[str, float], ...]
    total: float


def fold() -> int:
    """Count the attempts that came in since the last call; returns how many were counted.

    Each attempt is counted exactly once, however many processes fold at a time; one that was made in the last
    10 to 20 seconds may wait for the next call.
    """
    with db.reading() as session:
        marks, now = _marks(session), db.now(session).timestamp()
    if now - marks[_SEEN_AT] < SETTLED:
        return 0
    start, end, folded = marks[FOLDED], marks[_SEEN], 0
    while start < end:
        until = min(end, start + _CHUNK)
        with db.reading() as session:
            found = _observed(session, start, until)
        with db.transaction() as session:
            if not _advance(session, start, until):
                break  # another process was faster, and counted them
            _since(session, start, until)
            _add(session, found)
        folded += round(sum(count for (metric, _, _), count in found.items() if metric == ATTEMPTS))
        start = until
    _look(marks[_SEEN])
    return folded


def counters(session: Session) -> dict[tuple[str, str], float]:
    """(channel, outcome) → attempts since the beginning."""
    found = session.execute(select(Tally.channel, Tally.label, Tally.value).where(Tally.metric == ATTEMPTS))
    return {(channel, label): value for channel, label, value in found}


def hours(session: Session, since: datetime) -> list[Hour]:
    """What happened in each hour from the one that holds `since` (aware) on; those in which nothing did are left out."""
    first = since.astimezone(UTC).strftime(_HOUR)
    statement = select(Tally.metric, Tally.channel, Tally.label, Tally.value).where(
        Tally.metric.in_([_HOURLY + outcome for outcome in _OUTCOMES]), Tally.label >= first
    )
    return [
        Hour(
            datetime.strptime(label, _HOUR).replace(tzinfo=UTC),
            channel,
            metric.removeprefix(_HOURLY),
            round(value),
        )
        for metric, channel, label, value in session.execute(statement)
    ]


def months_since(session: Session) -> datetime | None:
    """From when on (UTC) months are counted; None where nothing was counted yet."""
    found = session.scalar(select(Tally.value).where(Tally.metric == _MONTHS_SINCE))
    return None if found is None else datetime.fromtimestamp(found, UTC)


def month(session: Session, name: str) -> dict[tuple[str, str], int]:
    """(channel, outcome) → tries in a month of the city's calendar, such as "2026-11"."""
    metrics = [MONTHLY + outcome for outcome in _OUTCOMES]
    found = session.execute(
        select(Tally.channel, Tally.metric, Tally.value).where(Tally.metric.in_(metrics), Tally.label == name)
    )
    return {(channel, metric.removeprefix(MONTHLY)): round(value) for channel, metric, value in found}


def month_arrivals(session: Session, name: str) -> dict[str, dict[float, int]]:
    """Channel → upper bound in seconds, infinite for the last → arrivals that took so long, and longer than the one before."""
    found: dict[str, dict[float, int]] = {}
    rows = session.execute(
        select(Tally.channel, Tally.label, Tally.value).where(Tally.metric == MONTH_ARRIVAL + name)
    )
    for channel, label, value in rows:
        found.setdefault(channel, {})[float(label)] = round(value)
    return found


def forget(now: datetime) -> None:
    """Forget the hours that nobody looks at any more."""
    before = (now - timedelta(days=HOURS_KEPT)).astimezone(UTC).strftime(_HOUR)
    metrics = [_HOURLY + outcome for outcome in _OUTCOMES]
    with db.transaction() as session:
        session.execute(delete(Tally).where(Tally.metric.in_(metrics), Tally.label < before))


def histograms(session: Session, metric: str) -> dict[str, Histogram]:
    """Channel → histogram of ATTEMPT_SECONDS or ARRIVAL_SECONDS."""
    values: dict[str, dict[str, float]] = {}
    found = session.execute(select(Tally.channel, Tally.label, Tally.value).where(Tally.metric == metric))
    for channel, label, value in found:
        values.setdefault(channel, {})[label] = value
    labels = [*map(_label, BOUNDS[metric]), _INFINITE]
    return {
        channel: Histogram(
            tuple(zip(labels, accumulate(by_label.get(label, 0.0) for label in labels), strict=True)),
            by_label.get(_SUM, 0.0),
        )
        for channel, by_label in sorted(values.items())
    }


def folded_until(session: Session) -> int:
    """The id of the last attempt that is in the counts; later ones must not be deleted yet."""
    return _marks(session)[FOLDED]


def _marks(session: Session) -> Mapping[str, int]:
    # One statement, so that the two halves of a look are never of different looks.
    names = (FOLDED, _SEEN, _SEEN_AT)
    found = session.execute(select(Tally.metric, Tally.value).where(Tally.metric.in_(names)))
    return dict.fromkeys(names, 0) | {name: int(value) for name, value in found}


def _look(before: int) -> None:
    """Note the newest attempt, to be folded once everything below it has settled."""
    with db.reading() as session:
        newest = session.scalar(select(func.max(Attempt.id))) or 0
        # Rounded up, after the look: it must never seem older than it is.
        seen_at = int(db.now(session).timestamp()) + 1
    if newest <= before:
        return
    with db.transaction() as session:
        _ensure(session, [(name, "", "") for name in (_SEEN, _SEEN_AT)])
        for name, value in ((_SEEN, newest), (_SEEN_AT, seen_at)):
            session.execute(update(Tally).where(Tally.metric == name).values(value=float(value)))


def _since(session: Session, start: int, until: int) -> None:
    """Note when the counting of months begins: an installation that counted before does not know the months before."""
    if session.get(Tally, (_MONTHS_SINCE, "", "")) is not None:
        return
    these = (Attempt.id > start, Attempt.id <= until)
    first = session.scalar(select(func.min(Attempt.at)).where(*these)) if start else None
    row = {"metric": _MONTHS_SINCE, "channel": "", "label": "", "value": first.timestamp() if first else 0.0}
    db.insert_new(session, Tally.__table__, [row])


def _advance(session: Session, start: int, until: int) -> bool:
    """Move the mark from `start` to `until`; False where it no longer stands at `start`."""
    _ensure(session, [(FOLDED, "", "")])
    moved = session.execute(
        update(Tally).where(Tally.metric == FOLDED, Tally.value == float(start)).values(value=float(until))
    )
    return bool(moved.rowcount)  # type: ignore[attr-defined]  # an UPDATE has it


def _add(session: Session, found: Mapping[Key, float]) -> None:
    keys = sorted(found)  # in one order everywhere, so that two processes never wait for each other crosswise
    if not keys:
        return
    _ensure(session, keys)
    raise_by = (
        update(Tally.__table__)  # type: ignore[arg-type]  # a mapped class's table
        .where(
            Tally.metric == bindparam("of_metric"),
            Tally.channel == bindparam("of_channel"),
            Tally.label == bindparam("of_label"),
        )
        .values(value=Tally.value + bindparam("more"))
    )
    rows = [
        {"of_metric": metric, "of_channel": channel, "of_label": label, "more": found[metric, channel, label]}
        for metric, channel, label in keys
    ]
    session.connection().execute(raise_by, rows)


def _ensure(session: Session, keys: Sequence[Key]) -> None:
    rows = [
        {"metric": metric, "channel": channel, "label": label, "value": 0.0}
        for metric, channel, label in keys
    ]
    db.insert_new(session, Tally.__table__, rows)


def _observed(session: Session, start: int, until: int) -> Counter[Key]:
    """What the attempts with ids in (start, until] add to the tallies, counted by the database."""
    found: Counter[Key] = Counter()
    these = (Attempt.id > start, Attempt.id <= until)
    seconds = cast(Attempt.duration, Float) / 1000.0
    bucket = _bucket(seconds, BOUNDS[ATTEMPT_SECONDS])
    tried = (
        select(Delivery.channel, Attempt.outcome, bucket, func.count(), func.sum(seconds))
        .join(Delivery, Delivery.id == Attempt.delivery_id)
        .where(*these)
        .group_by(Delivery.channel, Attempt.outcome, bucket)
    )
    for channel, outcome, label, count, total in session.execute(tried):
        found[ATTEMPTS, channel, outcome] += count
        found[ATTEMPT_SECONDS, channel, label] += count
        found[ATTEMPT_SECONDS, channel, _SUM] += total
    hour = _hour(session)
    when = (
        select(Delivery.channel, Attempt.outcome, hour, func.count())
        .join(Delivery, Delivery.id == Attempt.delivery_id)
        .where(*these)
        .group_by(Delivery.channel, Attempt.outcome, hour)
    )
    for channel, outcome, label, count in session.execute(when):
        found[_HOURLY + outcome, channel, label] += count
        found[MONTHLY + outcome, channel, _month(label)] += count
    since = func.coalesce(Change.created_at, Edition.slot_at)
    wait = _seconds_between(session, since, Delivery.sent_at)
    label_of_wait = _bucket(wait, BOUNDS[ARRIVAL_SECONDS])
    arrived = (
        select(Delivery.channel, label_of_wait, hour, func.count(), func.sum(wait))
        .select_from(Attempt)
        .join(Delivery, Delivery.id == Attempt.delivery_id)
        .outerjoin(Change, Change.id == Delivery.change_id)
        .outerjoin(Edition, Edition.id == Delivery.edition_id)
        # A replay says nothing about how long publishing takes.
        .where(*these, Attempt.outcome == "sent", Attempt.trigger == "schedule", since.is_not(None))
        .where(Delivery.sent_at.is_not(None))
        # Nor does a correction, which waits for others on purpose.
        .where(or_(Change.id.is_(None), Change.action != "revised", Delivery.reader_id.is_(None)))
        .group_by(Delivery.channel, label_of_wait, hour)
    )
    for channel, label, at, count, total in session.execute(arrived):
        found[MONTH_ARRIVAL + _month(at), channel, label] += count
        found[ARRIVAL_SECONDS, channel, label] += count
        found[ARRIVAL_SECONDS, channel, _SUM] += max(0.0, total)
    return found


def _hour(session: Session) -> Any:
    """The hour of UTC in which an attempt was made."""
    if session.get_bind().dialect.name == "postgresql":
        # No parameters: PostgreSQL must see the same text in SELECT and GROUP BY.
        utc: Any = literal_column("'UTC'")
        shape: Any = literal_column("'YYYY-MM-DD HH24'")
        return func.to_char(func.timezone(utc, Attempt.at), shape)
    return func.strftime(literal_column("'%Y-%m-%d %H'"), Attempt.at)


def _month(hour: str) -> str:
    """The month of the city's calendar in which an hour of UTC began."""
    at = datetime.strptime(hour, _HOUR).replace(tzinfo=UTC)
    return at.astimezone(settings().zone).strftime(_MONTH)


def _bucket(seconds: Any, bounds: Sequence[float]) -> Any:
    # Literal SQL, not parameters: PostgreSQL must see the same text in SELECT and GROUP BY.
    steps = [
        (seconds <= literal(bound, Float, literal_execute=True), literal(_label(bound), literal_execute=True))
        for bound in bounds
    ]
    return case(*steps, else_=literal(_INFINITE, literal_execute=True))


def _seconds_between(session: Session, since: Any, until: Any) -> Any:
    if session.get_bind().dialect.name == "postgresql":
        return cast(func.extract("epoch", until - since), Float)
    return (func.julianday(until) - func.julianday(since)) * 86400.0


def _label(bound: float) -> str:
    return repr(float(bound))
