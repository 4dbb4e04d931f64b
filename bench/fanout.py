"""Fan-out: how fast a post, and a correction of it, reaches very many readers, and what it holds up meanwhile."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from statistics import median, quantiles
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from bench import sinks
from bench.city import SECRET, City, city
from bench.figures import Figure, at_least, at_most
from bench.webhooks import latencies
from syndication import clock
from syndication.infra import db
from syndication.kinds.reading import draft
from syndication.models import Change, Heartbeat
from syndication.publishing import posts
from syndication.stack.receiver import Receiver

#: Seconds between two beats, which wait on one queue with every other sweep.
_BEAT = 10.0


def run(database: str, readers: int, rounds: int) -> list[Figure]:
    """The figures, one row each, while all that is fanned out is mailed, too."""
    rates: dict[str, list[float]] = {"publish": [], "correct": []}
    late: list[float] = []
    slower: list[float] = []
    with sinks.mail() as sink, Receiver() as receiver:
        for _ in range(rounds):
            with city(database, smtp_port=sink.port) as one:
                _round(one, receiver, readers, rates, late, slower)
    of = f"{readers:,} readers ({database})"
    return [
        *(
            at_least(5000, f"fan-out, {what}, {of}: rows a second", median(found), _each(found))
            for what, found in rates.items()
        ),
        at_most(10, f"fan-out, {of}: the latest sweep, seconds late", max(late)),
        *(
            [at_most(2, f"fan-out, {of}: webhook p99 meanwhile, times idle", median(slower), _each(slower))]
            if slower
            else []
        ),
    ]


def _round(
    one: City,
    receiver: Receiver,
    readers: int,
    rates: dict[str, list[float]],
    late: list[float],
    slower: list[float],
) -> None:
    receiver.requests.clear()
    receiver.secrets["/hook"] = SECRET
    one.webhooks([receiver.url()])
    idle = latencies(one, receiver, 60)
    one.readers(readers, "newsletter")
    busy: list[float] = []
    with _watched(late):
        post = one.publish("The newsletter", "newsletter")
        rates["publish"].append(readers / _fanned(one, receiver, post.id, busy))
        starts = (clock.now() + timedelta(days=40)).isoformat()
        told = {"kind": "event", "title": "The newsletter", "starts_at": starts, "topics": ["newsletter"]}
        posts.revise(one.merchant_id, post.id, draft(told))
        rates["correct"].append(readers / _fanned(one, receiver, post.id, busy))
    if len(busy) >= 5:  # a fan-out of a moment holds up nobody
        slower.append(_p99(busy) / _p99(idle))


def _fanned(one: City, receiver: Receiver, post_id: UUID, busy: list[float]) -> float:
    """Seconds until the newest change of a post has reached everybody; other posts go out meanwhile (milliseconds)."""
    begun = clock.monotonic()
    newest = select(func.max(Change.id)).where(Change.post_id == post_id).scalar_subquery()

    def going() -> bool:
        with db.reading() as session:
            return session.scalar(select(Change.fanned_at).where(Change.id == newest)) is None

    ended: list[float] = []

    def watch() -> None:
        pause = threading.Event()
        while going():
            pause.wait(0.02)
        ended.append(clock.monotonic())

    watching = threading.Thread(target=watch)
    watching.start()
    busy += latencies(one, receiver, 1000, until=lambda: not ended)
    watching.join()
    return ended[0] - begun


@contextmanager
def _watched(late: list[float]) -> Iterator[None]:
    """Add to `late` by how many seconds beat's own sweep was late at most."""
    ended, worst = threading.Event(), [0.0]

    def watch() -> None:
        while not ended.wait(0.2):
            with db.reading() as session:
                at = session.scalar(select(Heartbeat.at).where(Heartbeat.name == "beat"))
                if at is not None:
                    worst.append((db.now(session) - at).total_seconds() - _BEAT)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield
    finally:
        ended.set()
        watching.join()
        late.append(max(worst))


def _p99(found: list[float]) -> float:
    return quantiles(found, n=100)[98] if len(found) >= 10 else max(found)


def _each(found: list[Any]) -> str:
    return " ".join(f"{one:,.1f}" for one in found)
