"""A post to many readers, whose fan-out is killed again and again: each reader gets one delivery, none gets two."""

from random import Random

from sqlalchemy import func, select

from faults.scenario import Damage, Outcome, Scenario
from faults.town import pause, town
from syndication import clock
from syndication.infra import db
from syndication.models import Change, Delivery, Reader
from tests import factories

MANY = 60_000


def _run(database: str, seed: int) -> Outcome:
    chance, damage = Random(seed), Damage()
    with town(database) as one:
        with db.transaction() as session:
            factories.readers(session, [f"many{number}@example.org" for number in range(MANY)])
            people = session.scalar(select(func.count(Reader.id))) or 0
        # Nobody sends: the rows alone are counted.
        host = one.start_host(without=("web", "mail"), redis=one.broker.server)
        one.await_that(lambda: len(host.processes("fanout")) > 1, seconds=60, what="a fan-out worker")
        one.publish(1)
        while not _fanned() and damage.kills < 10:
            if _rows() > damage.kills * MANY / 12 and host.kill_pool_process(chance, "fanout"):
                damage.kills += 1
            pause(0.05)
        ended = clock.monotonic()
        one.await_that(_fanned, seconds=240, what="all rows")
        took = clock.monotonic() - ended
        rows = _rows()
        with db.reading() as session:
            told = session.scalar(select(func.count(Delivery.reader_id.distinct()))) or 0
    lost, doubled = people - told, rows - told
    why = [f"{lost} readers without a row"] * bool(lost) + [f"{doubled} rows too many"] * bool(doubled)
    if not damage.kills:
        why.append("fan-out was over before anything could be killed")
    return Outcome(lost, doubled, damage.kills, took, None, tuple(why))


def _rows() -> int:
    with db.reading() as session:
        return session.scalar(select(func.count()).where(Delivery.channel == "newsletter")) or 0


def _fanned() -> bool:
    with db.reading() as session:
        return not session.scalar(select(func.count()).where(Change.fanned_at.is_(None)))


SCENARIOS = [
    Scenario(
        "fanout_killed",
        f"one post for {MANY:,} readers; kill -9 of a process that fans out, up to ten times on the way",
        "exactly one delivery for each reader",
        within=240.0,
        run=_run,
    )
]
