"""Puts an end to every wait for PostgreSQL, even when the connection simply falls silent."""

from collections.abc import Generator
from typing import Any, ClassVar

import psycopg

from syndication import clock

#: Seconds for a connection to be made.
CONNECT = 5
#: Seconds without an answer after which the server is asked by another connection whether it is there at all.
ANSWER = 10.0
#: Seconds for which a server that was found away is not asked again by others, so that they do not queue up behind it.
_AWAY = 1.0
#: Seconds after which the server ends a transaction in which nothing happens: its client is cut off, and what it locked
#: would stay locked. Ours never wait for anything in one.
_IDLE = 60

_AGAIN = "The database did not answer a moment ago."
_SILENT = "The database has not answered for {:g} seconds, nor does it take a new connection."


def parameters(given: dict[str, Any], statement_timeout: float | None) -> dict[str, Any]:
    """What a connection is made with beside `given`, which the URL says and which goes before all of these.

    Where the network is cut the kernel ends a connection within `tcp_user_timeout` (milliseconds), also one that only
    listens; libpq's parameters are explained in PostgreSQL's manual, section 34.1.2.
    """
    answer = int(given.get("tcp_user_timeout", ANSWER * 1000))
    # The server, too, looks whether we are there.
    options = {
        "idle_in_transaction_session_timeout": f"{_IDLE}s",
        "tcp_keepalives_idle": 10,
        "tcp_keepalives_interval": 5,
        "tcp_keepalives_count": 3,
        **({"statement_timeout": int(statement_timeout * 1000)} if statement_timeout else {}),
    }
    said = " ".join(f"-c {name}={value}" for name, value in options.items())
    seconds = max(1, answer // 3000)
    return {
        "connect_timeout": CONNECT,
        "keepalives": 1,
        "keepalives_idle": seconds,
        "keepalives_interval": seconds,
        "keepalives_count": 3,
        **given,
        "tcp_user_timeout": answer,
        "options": f"{said} {given.get('options', '')}".strip(),
    }


class Patient(psycopg.Connection[Any]):
    """A connection that waits for an answer only as long as the server is there.

    A statement may take long. So after `tcp_user_timeout` without a word another connection is tried, and once more each
    time it has passed again; where none is made within `connect_timeout`, the wire is dead and OperationalError is raised.
    Thus also a machine in between that takes all and hands on nothing holds nobody up, which no timeout of TCP sees.
    """

    #: Until when (monotonic seconds) nobody in this process asks a server, by its host and port.
    _away_until: ClassVar[dict[tuple[Any, Any], float]] = {}

    @classmethod
    def connect(cls, conninfo: str = "", **named: Any) -> "Patient":
        """A connection. Raises OperationalError, at once where the server was found away a moment ago."""
        if clock.monotonic() < cls._away_until.get((named.get("host"), named.get("port")), 0.0):
            raise psycopg.OperationalError(_AGAIN)
        try:
            made: Patient = super().connect(conninfo, **named)
        except psycopg.errors.ConnectionTimeout:
            cls._note_away(named)
            raise
        made._asked, made._answer = (
            (conninfo, named),
            int(named.get("tcp_user_timeout", ANSWER * 1000)) / 1000,
        )
        return made

    _asked: tuple[str, dict[str, Any]] = ("", {})
    _answer = ANSWER

    def wait(self, gen: Any, *arguments: Any, **named: Any) -> Any:
        """What `gen` returns; psycopg waits for everything here."""
        return super().wait(self._watched(gen), *arguments, **named)

    def _watched(self, gen: Any) -> Generator[Any, Any, Any]:
        """`gen`, with a look at the server each time it has said nothing for too long."""
        since = clock.monotonic()
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if ready:
                    since = clock.monotonic()
                elif clock.monotonic() - since > self._answer:
                    self._look()
                    since = clock.monotonic()
                wanted = gen.send(ready)
        except StopIteration as end:
            return end.value

    def _look(self) -> None:
        conninfo, named = self._asked
        try:
            psycopg.connect(conninfo, **named).close()
        except psycopg.OperationalError as error:
            if "FATAL" in str(error):  # it is there, and says why it takes no more
                return
            self._note_away(named)
            self.pgconn.finish()
            raise psycopg.OperationalError(_SILENT.format(self._answer)) from error

    @classmethod
    def _note_away(cls, named: dict[str, Any]) -> None:
        cls._away_until[named.get("host"), named.get("port")] = clock.monotonic() + _AWAY
