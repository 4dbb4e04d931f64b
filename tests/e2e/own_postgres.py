"""A PostgreSQL that syncs its disk and may be stopped, started again and asked for its connections, with databases of its own."""

import contextlib
import os
import re
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg

from syndication import migrations
from tests.conftest import postgres_server


class OwnPostgres:
    """A server for whoever breaks it. `address` is where it listens beside its socket, once `listen` was called."""

    def __enter__(self) -> Self:
        self._open = contextlib.ExitStack()
        self._server = self._open.enter_context(postgres_server())
        self._folder = Path(self._server.pgdata)
        self._listens = '-h ""'
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self.runs:
            self.start()  # the wheel's own end waits for a server that can be stopped
        self._open.close()

    @property
    def url(self) -> str:
        """The server's own database, by its socket."""
        return str(self._server.get_uri())

    @property
    def runs(self) -> bool:
        """Whether it does."""
        return (self._folder / "postmaster.pid").exists()

    def fresh(self, name: str, host: str = "") -> str:
        """The URL of a new, migrated, empty database; by `host`:5432 where one is given, else by the socket."""
        uri = self.url
        with psycopg.connect(uri, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {name}")
        socket = uri.replace("/postgres?", f"/{name}?")
        migrations.upgrade(socket)
        return f"postgresql://postgres@{host}:5432/{name}" if host else socket

    def listen(self, host: str, network: str) -> None:
        """Be reached at `host`:5432, from `network`, without a password: for a network that nobody else is in."""
        with (self._folder / "pg_hba.conf").open("a", encoding="utf-8") as file:
            file.write(f"\nhost all all {network} trust\n")
        self.stop()
        self._listens = f"-h {host} -p 5432"
        self.start()

    def stop(self) -> None:
        """At once, as a power cut does."""
        self._ctl("stop", "-m", "immediate")

    def start(self) -> None:
        """Start it again with what it had."""
        text = (self._folder / "postmaster.opts").read_text(encoding="utf-8")
        sockets = re.search(r'"-k" "([^"]+)"', text)
        assert sockets is not None, text
        self._ctl("start", "-o", f"{self._listens} -k {sockets.group(1)}")

    def _ctl(self, *arguments: str) -> None:
        # The wheel holds several versions; postmaster.opts begins with the program that made this folder.
        server = (self._folder / "postmaster.opts").read_text(encoding="utf-8").split(" ", 1)[0]
        program = Path(server.strip('"')).with_name("pg_ctl")
        command = [str(program), "-w", "-D", str(self._folder), "-l", str(self._folder / "log"), *arguments]
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root; the wheel made a user for that
            command = ["su", "pgserver", "-s", "/bin/sh", "-c", " ".join(f"'{part}'" for part in command)]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
