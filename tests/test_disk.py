"""A full disk, and what is like it, is said in words: to whoever asked, to the operator, and nothing half is kept."""

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import event, func, select, text
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from syndication import config
from syndication.errors import Unavailable
from syndication.infra import db
from syndication.models import Change, Post
from syndication.ops import doctor
from syndication.publishing import api_keys
from syndication.publishing.api_keys import KeyRequest
from syndication.web.app import create_app
from tests import factories
from tests.conftest import settings_for


@pytest.fixture
def key(database: str) -> str:
    with db.transaction() as session:
        merchant = factories.merchant(session).id
    return api_keys.create(merchant, KeyRequest(name="shop")).text


@contextmanager
def _each_connection(database: str, pragma: str) -> Iterator[None]:
    """Every connection to SQLite begins with `pragma`."""

    def begin(connection: Any, _record: Any) -> None:
        connection.execute(pragma)

    engine = db.connect(database)
    event.listen(engine, "connect", begin)
    try:
        yield
    finally:
        event.remove(engine, "connect", begin)
        db.connect(database)


@contextmanager
def without_room(database: str) -> Iterator[None]:
    """SQLite gets no further page, as on a full disk; PostgreSQL itself says that its disk is full."""
    if database.startswith("sqlite"):
        with _each_connection(database, "PRAGMA max_page_count=1"):
            yield
        return
    with db.engine().begin() as connection:
        connection.execute(
            text(
                "CREATE OR REPLACE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION"
                " 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$"
            )
        )
        connection.execute(
            text("CREATE TRIGGER full_disk BEFORE INSERT ON posts EXECUTE FUNCTION full_disk()")
        )
    yield
    with db.engine().begin() as connection:
        connection.execute(text("DROP TRIGGER full_disk ON posts"))


@contextmanager
def only_to_be_read(database: str) -> Iterator[None]:
    """A standby, or a disk that is mounted to be read."""
    if database.startswith("sqlite"):
        with _each_connection(database, "PRAGMA query_only=ON"):
            yield
        return
    name = database.partition("?")[0].rpartition("/")[2]
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    db.connect(database)
    yield
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("SET default_transaction_read_only = off")
        connection.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
    db.connect(database)


def publish(key: str, settings: config.Settings) -> Any:
    client = TestClient(create_app(settings), raise_server_exceptions=False)
    # Longer than what a half-full page could still take.
    body = factories.event(body="Sechs Weine aus Franken. " * 700).model_dump(mode="json", exclude_unset=True)
    return client.post("/api/v1/posts", json=body, headers={"Authorization": f"Bearer {key}"})


def kept() -> tuple[int, int]:
    with db.reading() as session:
        posts, changes = (select(func.count()).select_from(table) for table in (Post, Change))
        return session.scalar(posts) or 0, session.scalar(changes) or 0


@pytest.mark.parametrize(
    ("trouble", "words", "line"),
    [(without_room, "disk of this service is full", "disk.full"),
     (only_to_be_read, "only read", "database.read_only")],
)  # fmt: skip
def test_who_publishes_is_told_what_is_wrong_and_the_log_too(
    database: str, key: str, settings: config.Settings, trouble: Any, words: str, line: str
) -> None:
    with trouble(database), capture_logs() as lines:
        answer = publish(key, settings)
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert words in answer.json()["detail"]
    assert "nothing was kept" in answer.json()["detail"] or "Nothing can be kept" in answer.json()["detail"]
    assert int(answer.headers["Retry-After"]) >= 60
    assert line in [one["event"] for one in lines]
    assert kept() == (0, 0)
    assert publish(key, settings).status_code == 201, "there is room again"


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_too_many_connections_are_said_and_what_to_do(
    database: str, key: str, settings: config.Settings, tmp_path: Path
) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS crowd")
        connection.execute("CREATE ROLE crowd LOGIN CONNECTION LIMIT 0")
    crowded = database.replace("//postgres:", "//crowd:")
    assert crowded != database
    db.connect(crowded)
    answer = publish(key, settings)
    assert answer.status_code == 503
    assert "Too many are using the database" in answer.json()["detail"]
    cfg = settings_for(tmp_path, database_url=crowded)
    (found,) = doctor.examine(cfg, parts=("database",))
    assert found.verdict == "bad"
    assert "SYNDICATION_DATABASE_POOL" in found.advice
    db.connect(database)


def test_the_doctor_tries_whether_anything_can_be_written(
    database: str, settings: config.Settings, tmp_path: Path
) -> None:
    with only_to_be_read(database):
        with pytest.raises(Unavailable, match="nothing can be written") as caught:
            db.try_to_write()
        assert caught.value.__cause__ is not None
        assert db.why(caught.value.__cause__) == "read_only"
        db.check()
    cfg = settings_for(tmp_path, database_url=database)
    assert [one.verdict for one in doctor.examine(cfg, parts=("database",))] == ["ok"]


def test_a_file_that_cannot_grow_is_a_full_disk() -> None:
    for code in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        assert db.why(OSError(code, os.strerror(code))) == "full"
    assert db.why(OSError(errno.EROFS, "")) == "read_only"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_doctor_sees_a_disk_that_takes_nothing(database: str, tmp_path: Path) -> None:
    """In a process that may make no file any longer, as under a quota that is used up."""
    script = "\n".join(
        (
            "import resource",
            "from syndication.ops import doctor",
            "from syndication.config import settings",
            "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))",
            "print([one.said for one in doctor.examine(settings(), parts=('disk',))])",
        )
    )
    cfg = settings_for(tmp_path, database_url=database, broker_url="redis://127.0.0.1:1/0")
    ran = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **config.as_environment(cfg)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "nothing can be written" in ran.stdout
