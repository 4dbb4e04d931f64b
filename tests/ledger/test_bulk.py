"""Acts on all that match: counted with what is left alone and why, done in chunks that survive whatever dies, and kept."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, insert, select

from syndication import clock, config
from syndication.content.reason import Reason
from syndication.errors import Conflict, Invalid, NotFound
from syndication.infra import db, wakeups
from syndication.ledger import bulk, likeness
from syndication.ledger.bulk import LEFT_ALONE, Act
from syndication.ledger.selection import Selection
from syndication.models import Attempt, BulkAct, Delivery, Destination
from tests import factories

NO_ANSWER = Reason("{} does not answer.", "shop.example")


@pytest.fixture
def hook(database: str) -> UUID:
    """An outlet of a café's."""
    with db.transaction() as session:
        owner = factories.merchant(session, "cafe").id
        return factories.destination(session, merchant_id=owner).id


def fill(hook: UUID, count: int, state: str = "failed", **fields: Any) -> list[int]:
    """So many deliveries to it, each tried once."""
    now = clock.now()
    with db.transaction() as session:
        before = session.scalar(select(func.count()).select_from(Delivery)) or 0
        rows = [
            {
                "key": f"k{before + number}", "channel": "webhook", "queue": "push", "destination_id": hook, "state": state,
                "created_at": now, "due_at": now + timedelta(hours=2), "attempts": 1, "reason": NO_ANSWER, **fields,
            }
            for number in range(count)
        ]  # fmt: skip
        session.execute(insert(Delivery), rows)
        ids = list(session.scalars(select(Delivery.id).order_by(Delivery.id.desc()).limit(count)))
        tries = [{"delivery_id": one, "at": now, "duration": 5, "outcome": "later", "reason": NO_ANSWER,
                  "answer": "", "trigger": "schedule"} for one in ids]  # fmt: skip
        session.execute(insert(Attempt), tries)
        return sorted(ids)


def states() -> dict[str, int]:
    with db.reading() as session:
        counted = select(Delivery.state, func.count()).group_by(Delivery.state)
        return dict(session.execute(counted).all())


def tries() -> int:
    with db.reading() as session:
        return session.scalar(select(func.count()).select_from(Attempt)) or 0


def finish(act_id: int) -> None:
    while bulk.work(act_id):
        pass


def test_5000_dead_letters_are_replayed_with_progress_stopped_half_way_and_gone_on(hook: UUID) -> None:
    fill(hook, 5000)
    act = bulk.begin("replay", Selection(channel="webhook"), "Berta Boss")
    assert (bulk.read(act).total, bulk.read(act).done) == (5000, 0)
    while bulk.read(act).done < 2000:
        assert bulk.work(act, seconds=0)
    half = bulk.read(act).done
    bulk.stop(act)
    assert not bulk.work(act)
    assert bulk.read(act).done == half < 5000
    assert states() == {"waiting": half, "failed": 5000 - half}
    bulk.go_on(act)
    finish(act)
    ended = bulk.read(act)
    assert (ended.state, ended.done, ended.by) == ("done", 5000, "Berta Boss")
    assert ended.ended_at is not None
    assert states() == {"waiting": 5000}
    assert tries() == 5000, "a retry erases no history"
    with pytest.raises(Conflict):
        bulk.go_on(act)


def test_a_process_that_is_killed_loses_nothing_and_nothing_is_done_twice(
    hook: UUID, database: str, settings: config.Settings
) -> None:
    fill(hook, 4000)
    act = bulk.begin("drop", Selection(channel="webhook"), "Berta Boss")
    code = (
        "import sys, threading; from syndication.infra import db; from syndication.ledger import bulk;"
        f"db.connect({database!r}); print('begun', flush=True);"
        f"[bulk.work({act}, seconds=0) or threading.Event().wait(60) for _ in range(99)]"
    )
    environment = {**os.environ, **config.as_environment(settings)}
    worker = subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert worker.stdout is not None
    worker.stdout.readline()
    deadline = clock.monotonic() + 60
    while bulk.read(act).done == 0:
        assert clock.monotonic() < deadline
    worker.send_signal(signal.SIGKILL)
    worker.wait(10)
    worker.stdout.close()
    assert 0 < bulk.read(act).done <= 4000
    finish(act)
    assert bulk.read(act).done == 4000
    assert states() == {"dropped": 4000}


def test_what_died_is_woken_again_and_what_moves_is_not(hook: UUID) -> None:
    fill(hook, 3)
    act = bulk.begin("drop", Selection(channel="webhook"), "Berta Boss")
    assert bulk.sweep() == 0
    with db.transaction() as session:
        session.get_one(BulkAct, act).moved_at = clock.now() - timedelta(seconds=60)
    heard: list[tuple[str, tuple[str, ...]]] = []
    wakeups.use(lambda name, ids: heard.append((name, ids)))
    assert bulk.sweep() == 1
    assert heard == [("bulk", (str(act),))]
    bulk.stop(act)
    assert bulk.sweep() == 0


def test_an_act_keeps_to_whose_outlets_they_are_as_single_ones_do(hook: UUID) -> None:
    fill(hook, 2)
    with db.transaction() as session:
        other = factories.merchant(session, "museum").id
        session.flush()
        owner = session.get_one(Destination, hook).merchant_id
    for act in bulk.ACTS:
        with pytest.raises(Conflict):
            bulk.begin(act, Selection(states=("failed",), destination_id=hook), "key", merchant_id=other)
    # Whatever a filter says of an owner, it cannot reach further than its asker.
    with pytest.raises(Conflict):
        bulk.begin("drop", Selection(merchant_id=owner), "key", merchant_id=other)
    finish(bulk.begin("drop", Selection(destination_id=hook), "key", merchant_id=owner))
    assert states() == {"dropped": 2}


@pytest.mark.parametrize(
    ("act", "state", "fields", "why"),
    [
        ("retry", "waiting", {}, None),
        ("retry", "waiting", {"attempts": 0}, "first"),
        ("retry", "waiting", {"attempts": 0, "late_since": clock.now()}, None),
        ("retry", "failed", {}, "failed"),
        ("retry", "waiting", {"over_at": clock.now()}, "over"),
        ("replay", "failed", {}, None),
        ("replay", "unconfirmed", {}, None),
        ("replay", "sent", {}, None),
        ("replay", "dropped", {}, None),
        ("replay", "waiting", {}, "waiting"),
        ("replay", "sending", {}, "sending"),
        ("replay", "failed", {"over_at": clock.now()}, "over"),
        ("there", "unconfirmed", {}, None),
        ("there", "failed", {}, "failed"),
        ("drop", "failed", {}, None),
        ("drop", "unconfirmed", {}, None),
        ("drop", "waiting", {}, None),
        ("drop", "sent", {}, "sent"),
        ("drop", "sending", {}, "sending"),
        ("drop", "dropped", {}, "dropped"),
    ],
)
def test_what_is_left_alone_is_counted_with_why(
    hook: UUID, act: Act, state: str, fields: dict[str, Any], why: str | None
) -> None:
    fill(hook, 3, state, **fields)
    weighed = bulk.weigh(act, Selection(states=(state,), destination_id=hook))
    assert weighed.fit == (3 if why is None else 0)
    assert weighed.others == (() if why is None else ((LEFT_ALONE[why], 3),))


def test_what_waits_at_a_paused_outlet_is_not_hurried(hook: UUID) -> None:
    fill(hook, 2, "waiting")
    with db.transaction() as session:
        session.get_one(Destination, hook).state = "paused"
    assert bulk.weigh("retry", Selection(channel="webhook")).others == ((LEFT_ALONE["closed"], 2),)


def test_a_reader_who_left_gets_nothing_again(database: str) -> None:
    with db.transaction() as session:
        left = factories.reader(session, state="left").id
        session.add(
            Delivery(
                key="mail", channel="newsletter", queue="mail", reader_id=left, state="failed",
                created_at=clock.now(), due_at=clock.now(), attempts=3, reason=NO_ANSWER,
            )
        )  # fmt: skip
    assert bulk.weigh("replay", Selection(channel="newsletter")).others == ((LEFT_ALONE["left"], 1),)


def test_only_what_fails_by_one_cause_is_meant_and_what_joins_later_is_not(hook: UUID) -> None:
    one, other = Reason("{} said {}.", "a.example", "451 4711"), Reason("{} said {}.", "a.example", "550")
    mine = fill(hook, 2, reason=one) + fill(hook, 1, reason=Reason("{} said {}.", "a.example", "451 999999"))
    fill(hook, 4, reason=other)
    wanted = Selection(channel="webhook", cause=likeness.mark(likeness.cause_of(one)))
    assert bulk.weigh("replay", wanted).fit == 3
    act = bulk.begin("replay", wanted, "Berta Boss")
    late = fill(hook, 1, reason=one)
    finish(act)
    with db.reading() as session:
        again = session.scalars(select(Delivery.id).where(Delivery.state == "waiting").order_by(Delivery.id))
        assert again.all() == mine
    assert late


def test_nothing_is_begun_without_saying_what_is_meant(hook: UUID) -> None:
    fill(hook, 1)
    with pytest.raises(Invalid, match="which deliveries"):
        bulk.begin("drop", Selection(), "Berta Boss")
    with pytest.raises(Invalid, match="which deliveries"):
        bulk.weigh("replay", Selection(states=("sent",)))
    with pytest.raises(NotFound):
        bulk.read(4711)


def test_a_selection_is_kept_as_it_was() -> None:
    now = clock.now()
    whole = Selection(("failed",), "webhook", UUID(int=1), UUID(int=2), "ab", now, now)
    assert Selection.read(whole.stored()) == whole
    assert Selection.read(Selection().stored()) == Selection()
