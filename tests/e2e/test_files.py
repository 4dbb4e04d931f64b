"""A file taken in over real workers, of which each is killed again and again in the middle: every entry once."""

import io
import random
import threading
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select

from syndication import clock
from syndication.infra import db
from syndication.models import Change, FileEntry, Post
from syndication.publishing import files
from tests import factories
from tests.e2e.city import City

MANY = 250


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_whoever_is_killed_leaves_nothing_undone_and_nothing_done_twice(
    database_url: str, tmp_path: Path
) -> None:
    chance = random.Random(4)
    lines = "".join(f"Konzert {n};{n % 28 + 1}.12.2036;19:30;{n}\n" for n in range(MANY))
    with City(tmp_path, database_url) as city:
        with db.transaction() as session:
            cafe = factories.merchant(session, "cafe").id
        city.start()
        table = f"Titel;Datum;Beginn;Nummer\n{lines}".encode()
        file_id = files.add(cafe, io.BytesIO(table), "konzerte.csv", tell="summary", by="Rosa")
        kills = 0

        def until(state: str) -> None:
            nonlocal kills
            deadline, last = clock.monotonic() + 120, -1
            while (found := files.read(cafe, file_id)).state != state:
                assert clock.monotonic() < deadline, f"{found.state}: {found.done} of {found.entries}"
                if kills < 2 and found.done > last and found.done:
                    last, kills = found.done, kills + (city.kill_one(chance, "rest") is not None)
                threading.Event().wait(0.05)

        until("ready")
        files.want(cafe, file_id, tell="summary", by="Rosa")
        files.want(cafe, file_id, tell="summary", by="Rosa")
        kills = 0
        until("done")
        found = files.read(cafe, file_id)
        assert kills >= 1
        assert found.counts == {"created": MANY}
        with db.reading() as session:
            refs = Counter(session.scalars(select(Post.source_ref)).all())
            assert len(session.scalars(select(FileEntry.number)).all()) == MANY
            assert refs == Counter([*map(str, range(MANY)), None]), "each once, and the one that tells of all"
            assert len(session.scalars(select(Change.id)).all()) == MANY + 1
            assert session.scalars(select(Post.told_by).where(Post.quiet.is_(True)).distinct()).all() == [
                found.summary_id
            ]
