"""Access to the database: engines, transactions, and the few statements that SQLite and PostgreSQL spell differently."""

import errno
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import URL, DateTime, Engine, Select, TypeDecorator, create_engine, event, func, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, InternalError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.orm import Session, sessionmaker

from syndication import clock
from syndication.errors import Unavailable
from syndication.infra import postgres_timeouts
from syndication.infra.sqlite_turns import Turn

#: Milliseconds a SQLite writer waits for its turn.
_BUSY_TIMEOUT = 15_000
#: What is raised where the database does not answer, is full, locked, or for the moment only to be read (a standby).
AWAY = (OperationalError, InterfaceError, InternalError, NoConnection)
#: Seconds that somebody waits for one of this process's connections to PostgreSQL.
_POOL_TIMEOUT = 10.0

#: Why a database does not do what it is asked: its disk is full or broken, it takes no more connections, it may only be read
#: (a standby, a disk mounted so), it was too slow, others hold what was wanted, or it does not answer.
Why = Literal["full", "disk", "crowded", "read_only", "slow", "busy", "away"]
_BY_SQLSTATE: dict[str, Why] = {
    "53100": "full",
    "58030": "disk",
    "53300": "crowded",
    "25006": "read_only",
    "57014": "slow",
    "55P03": "busy",
    "40001": "busy",
    "40P01": "busy",
}
_BY_SQLITE: dict[str, Why] = {
    "SQLITE_FULL": "full",
    "SQLITE_IOERR": "disk",
    "SQLITE_READONLY": "read_only",
    "SQLITE_BUSY": "busy",
    "SQLITE_LOCKED": "busy",
}
_BY_ERRNO: dict[int, Why] = {
    errno.ENOSPC: "full",
    errno.EDQUOT: "full",
    errno.EFBIG: "full",
    errno.EIO: "disk",
    errno.EROFS: "read_only",
}
#: What PostgreSQL says instead of letting somebody in, where no code comes with it.
_CROWDED = ("too many clients", "too many connections", "remaining connection slots")


_engine: Engine | None = None
_turn: Turn | None = None
_sessions: sessionmaker[Session] | None = None
_readings: sessionmaker[Session] | None = None
_open: ContextVar[Session | None] = ContextVar("open transaction", default=None)
_shared: ContextVar[Session | None] = ContextVar("reading that others join", default=None)
#: Where a session that others join notes how far the database's clock is ahead.
_AHEAD = "ahead"


class UTCDateTime(TypeDecorator[datetime]):
    """Aware moments in UTC on both sides; SQLite, which knows no zones, keeps them naive and sortable."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        """To the database. Raises ValueError for a moment without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a zone reached the database")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        """From the database."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def open_engine(url: str, *, pool_size: int = 10, statement_timeout: float | None = None) -> Engine:
    """An engine for `url`, not yet connected. SQLite: WAL, waiting writers, BEGIN IMMEDIATE; a file's folder is made.

    PostgreSQL: every wait for the server ends (`postgres_timeouts`), and with `statement_timeout` (seconds) each statement does.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        if parsed.drivername in ("postgresql", "postgres"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        return _open_postgresql(parsed, pool_size, statement_timeout)
    engine = create_engine(
        parsed,
        pool_size=pool_size,
        max_overflow=4 * pool_size,
        connect_args={"timeout": _BUSY_TIMEOUT / 1000},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _open_postgresql(url: URL, pool_size: int, statement_timeout: float | None) -> Engine:
    engine = create_engine(
        url, pool_pre_ping=True, pool_size=pool_size, max_overflow=pool_size, pool_timeout=_POOL_TIMEOUT
    )

    def connected(
        _dialect: Any, _record: Any, _given: Any, named: dict[str, Any]
    ) -> postgres_timeouts.Patient:
        return postgres_timeouts.Patient.connect(**postgres_timeouts.parameters(named, statement_timeout))

    event.listen(engine, "do_connect", connected)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves: the driver's own would not be IMMEDIATE
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={_BUSY_TIMEOUT}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Any) -> None:
    """A transaction that may write takes its turn at once: one that upgrades later fails without waiting."""
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def connect(url: str, *, pool_size: int = 10, statement_timeout: float | None = None) -> Engine:
    """Make `url` this process's database and return its engine; an earlier one is disposed of. Timeouts as `open_engine`."""
    global _engine, _sessions, _readings, _turn  # noqa: PLW0603 -- one process, one database
    _tickers.close()
    if _engine is not None:
        _engine.dispose()
    if _turn is not None:
        _turn.close()
    _engine = open_engine(url, pool_size=pool_size, statement_timeout=statement_timeout)
    file = _engine.url.database if _engine.dialect.name == "sqlite" else None
    _turn = Turn(f"{file}-turn") if file and file != ":memory:" else None
    _sessions = sessionmaker(_engine, expire_on_commit=False)
    _readings = sessionmaker(_engine.execution_options(**_reading(_engine)), expire_on_commit=False)
    event.listen(_readings, "before_flush", _refuse)
    return _engine


def _reading(engine: Engine) -> dict[str, Any]:
    """How a session reads. PostgreSQL shows each statement the newest rows anyway, so that a transaction would only take time."""
    return {"reading": True} if engine.dialect.name == "sqlite" else {"isolation_level": "AUTOCOMMIT"}


def _refuse(session: Session, *_: Any) -> None:
    """No row that was changed where one only reads is kept on one database and lost on the other."""
    raise RuntimeError(f"rows were changed in a session that only reads: {[*session.new, *session.dirty]}")


def engine() -> Engine:
    """This process's engine. Raises RuntimeError before `connect`."""
    if _engine is None:
        raise RuntimeError("db.connect was not called at the start of this process")
    return _engine


def after_fork() -> None:
    """Forget the parent's connections and locks without closing them; call first in every forked child."""
    global _tickers  # noqa: PLW0603 -- see connect
    _inherited.append(_tickers)
    _tickers = _Tickers()
    if _turn is not None:
        _turn.forget()
    if _engine is not None:
        _engine.dispose(close=False)


@contextmanager
def transaction() -> Iterator[Session]:
    """A session in one transaction: commits at the end, rolls back on any error. Never hold it near a socket.

    Inside another `transaction()` of the same context it joins that one, so that operations compose atomically.
    """
    if (outer := _open.get()) is not None:
        yield outer
        return
    if _sessions is None:
        raise RuntimeError("db.connect was not called at the start of this process")
    with _writing(), _sessions() as session, session.begin():
        token = _open.set(session)
        try:
            yield session
        finally:
            _open.reset(token)


def _writing() -> AbstractContextManager[None]:
    return _turn.take() if _turn is not None else nullcontext()


@contextmanager
def reading() -> Iterator[Session]:
    """A session that only reads; on SQLite it waits for no writer, and sees the moment of its first statement."""
    if (outer := _shared.get()) is not None:
        yield outer
        return
    if _readings is None:
        raise RuntimeError("db.connect was not called at the start of this process")
    with _readings() as session:
        yield session


@contextmanager
def one_reading() -> Iterator[None]:
    """Every `reading` inside, in the same context, is one session: for a page that is put together from many.

    Whatever is written inside may not be seen inside.
    """
    with reading() as session:
        token = _shared.set(session)
        try:
            yield
        finally:
            _shared.reset(token)


def one_writer() -> bool:
    """Whether whoever writes holds up all others (SQLite)."""
    return engine().dialect.name == "sqlite"


def writes(session: Session) -> bool:
    """Whether this session is the open transaction, not a reading one."""
    return session is _open.get()


def now(session: Session) -> datetime:
    """The database's clock where hosts share one (PostgreSQL), else this machine's; aware, UTC."""
    if session.get_bind().dialect.name != "postgresql":
        return clock.now()
    known: timedelta | None = session.info.get(_AHEAD)
    if known is not None:
        return clock.now() + known
    found: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
    moment = found.astimezone(UTC) + clock.offset()
    if session is _shared.get():
        session.info[_AHEAD] = moment - clock.now()
    return moment


def insert_new(
    session: Session, table: Any, rows: Sequence[Mapping[str, Any]] | Select[Any], columns: Iterable[str] = ()
) -> int:
    """Insert rows, or the result of a SELECT into `columns`, passing over those that a unique key already holds.

    Returns how many rows are new, so running it twice is harmless.
    """
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    # Without the option SQLAlchemy forgets the count of an INSERT on PostgreSQL.
    statement: Any = dialect.insert(getattr(table, "__table__", table)).execution_options(
        preserve_rowcount=True
    )
    if isinstance(rows, Select):
        # SQLite's parser needs a WHERE here to tell ON CONFLICT from a join; every caller's SELECT has one.
        statement = statement.from_select(list(columns), rows).on_conflict_do_nothing()
        return int(session.execute(statement).rowcount)  # type: ignore[attr-defined]  # an INSERT has it
    if not rows:
        return 0
    session.flush()  # what they may refer to
    # Row after row through one statement that is compiled once; as one long VALUES it would be compiled anew each time.
    return int(session.execute(statement.on_conflict_do_nothing(), list(rows)).rowcount)  # type: ignore[attr-defined]  # an INSERT has it


def advisory_lock(session: Session, name: str, *, shared: bool = False) -> None:
    """Hold the lock `name` until this transaction ends, having waited for whoever holds it; `shared` ones go side by side.

    Whoever does not share it therefore sees all that was written under it before. SQLite has one writer at a time anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        lock = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
        session.execute(text(f"SELECT {lock}(hashtext(:name))"), {"name": name})


class _Ticker:
    """A connection of its own for single tiny statements between sends, each durable at once against a killed process.

    On SQLite it leaves the wait for the disk to the next checkpoint: after a power cut the last ticks may be missing, after
    kill -9 none is.
    """

    def __init__(self) -> None:
        self._pooled = engine().raw_connection()
        driver: Any = self._pooled.driver_connection
        self._sqlite = isinstance(driver, sqlite3.Connection)
        if self._sqlite:
            driver.execute("PRAGMA synchronous=NORMAL")
        else:
            driver.autocommit = True
        self._cursor = driver.cursor()

    def execute(self, statement: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        with _writing():
            self._cursor.execute(statement if self._sqlite else statement.replace("?", "%s"), values)
            found: list[tuple[Any, ...]] = self._cursor.fetchall()
            return found

    def discard(self) -> None:
        """Throw the connection away: it would have to be made again as it was."""
        with suppress(Exception):
            self._cursor.close()
        self._pooled.invalidate()
        self._pooled.close()


class _Tickers:
    """A few of them for all threads of this process; each is somebody's for one statement, never near a socket."""

    _MOST = 8

    def __init__(self) -> None:
        self._turns = threading.BoundedSemaphore(self._MOST)
        self._idle: list[_Ticker] = []

    def execute(self, statement: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        with self._turns:
            try:
                ticker = self._idle.pop()
            except IndexError:
                ticker = _Ticker()
            try:
                found = ticker.execute(statement, values)
            except BaseException:
                ticker.discard()
                raise
            self._idle.append(ticker)
            return found

    def close(self) -> None:
        while self._idle:
            self._idle.pop().discard()


_tickers = _Tickers()
#: Those of a parent process, kept so that nothing closes what the parent still uses.
_inherited: list[_Tickers] = []


def tick(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """Run one tiny statement with `?` for each value, durable at once against a killed process; returns what it RETURNS.

    It opens no transaction that anybody waits for, so it may stand between sends.
    """
    return _tickers.execute(statement, values)


def why(error: BaseException) -> Why:
    """Why the database, or the disk, did not do what it was asked."""
    cause = getattr(error, "orig", None) or error
    if isinstance(cause, OSError) and cause.errno in _BY_ERRNO:
        return _BY_ERRNO[cause.errno]
    if isinstance(cause, sqlite3.Error):
        name = "_".join(str(getattr(cause, "sqlite_errorname", "")).split("_")[:2])  # without its details
        return _BY_SQLITE.get(name, "away")
    if isinstance(error, NoConnection) or any(said in str(cause) for said in _CROWDED):
        return "crowded"
    return _BY_SQLSTATE.get(str(getattr(cause, "sqlstate", "")), "away")


def check() -> None:
    """Raise Unavailable, naming the database without its password, where it does not answer."""
    _look("The database {} does not answer: {}", ("SELECT 1",), reading=True)


def try_to_write() -> None:
    """Raise Unavailable where the database answers and takes nothing new; nothing is left of the try.

    On SQLite what is written reaches the disk with the commit alone, so only a file that may not be written is noticed.
    """
    if engine().dialect.name == "postgresql":
        # Larger than what fits into a page that is there already.
        rows = "SELECT repeat(md5(n::text), 100) FROM generate_series(1, 50) AS n"
        tries: tuple[str, ...] = (f"CREATE TEMPORARY TABLE probe ON COMMIT DROP AS {rows}",)
    else:
        tries = ("CREATE TABLE written_and_rolled_back (n)",)
    _look("The database {} answers, but nothing can be written: {}", tries)


def _look(sentence: str, statements: Iterable[str], *, reading: bool = False) -> None:
    try:
        with engine().execution_options(reading=reading).connect() as connection:
            for statement in statements:
                connection.execute(text(statement))
            connection.rollback()
    except (SQLAlchemyError, OSError) as error:
        where = engine().url.render_as_string(hide_password=True)
        cause = str(error.orig) if isinstance(error, DBAPIError) else str(error)
        raise Unavailable(sentence.format(where, cause.strip().splitlines()[0])) from error
