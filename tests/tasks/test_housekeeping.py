"""Forgetting by the clock: one kind of thing that cannot be forgotten keeps no other."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from beat_schedule import BEAT_SCHEDULE
from syndication import clock, config
from syndication.infra import db
from syndication.models import Reader
from syndication.tasks.app import app
from syndication.tasks.arguments import TASKS
from tests import factories


@contextmanager
def without(tables: Iterable[str]) -> Iterator[None]:
    """These tables are away until the block ends: other tests of this process use the same database."""
    _rename({table: f"{table}_gone" for table in tables})
    try:
        yield
    finally:
        _rename({f"{table}_gone": table for table in tables})


def _rename(names: Mapping[str, str]) -> None:
    with db.transaction() as session:
        for old, new in names.items():
            session.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))


def test_whatever_cannot_be_forgotten_an_unconfirmed_address_is(city: config.Settings) -> None:
    """What people were promised of their addresses hangs on no other table."""
    app.loader.import_default_modules()
    hourly = [one["task"] for one in BEAT_SCHEDULE.values() if one["schedule"] >= 3600]
    with db.transaction() as session:
        long_ago = clock.now() - timedelta(days=8)
        factories.reader(session, state="pending", created_at=long_ago, confirmed_at=None)
    broken = []
    with without(("dead_letters", "idempotency_keys", "pictures", "prepared_pictures", "connect_links")):
        for name in hourly:
            try:
                app.tasks[name].run()
            except DBAPIError:
                broken.append(name)
    assert len(broken) == 5, "each table has a task of its own"
    with db.reading() as session:
        assert session.scalars(select(Reader)).all() == []


def test_every_task_of_the_clock_is_one_that_a_message_may_name(settings: config.Settings) -> None:
    app.loader.import_default_modules()
    asked = {one["task"] for one in BEAT_SCHEDULE.values()}
    assert asked <= set(TASKS)
    assert asked <= set(app.tasks)
    swept = {name for name in app.tasks if name.startswith("sweep.")}
    assert swept <= asked, "what sweeps is woken by the clock"
