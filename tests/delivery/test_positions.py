"""Positions are durable before the next send, also where many lanes note them at once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from sqlalchemy import select

from syndication import clock, config
from syndication.delivery import positions
from syndication.infra import db
from syndication.models import Lease


def leases(count: int) -> list[int]:
    with db.transaction() as session:
        found = [
            Lease(queue="mail", owner="us", until=clock.now() + timedelta(minutes=1), position=0, current=0)
            for _ in range(count)
        ]
        session.add_all(found)
        session.flush()
        return [lease.id for lease in found]


def reached(lease_id: int, owner: str = "us") -> int:
    with db.reading() as session:
        row = session.get_one(Lease, lease_id)
    return positions.take(lease_id, owner, positions.Reached(row.position, row.current)).position


def test_lanes_that_note_at_once_each_get_their_own_answer(city: config.Settings) -> None:
    mine = leases(12)
    with db.transaction() as session:
        for lease in session.scalars(select(Lease).where(Lease.id.in_(mine[::3]))):
            positions.take(lease.id, lease.owner, positions.Reached(0, 0))
            lease.owner = "another"
    gate = threading.Barrier(12)

    def walk(lease_id: int) -> list[bool]:
        gate.wait()
        return [positions.note(lease_id, "us", "position", step) for step in range(1, 21)]

    with ThreadPoolExecutor(12) as pool:
        found = dict(zip(mine, pool.map(walk, mine), strict=True))
    assert [lease_id for lease_id in mine if not any(found[lease_id])] == mine[::3]
    assert all(all(found[lease_id]) for lease_id in mine if lease_id not in mine[::3])
    assert {reached(lease_id) for lease_id in mine if lease_id not in mine[::3]} == {20}
