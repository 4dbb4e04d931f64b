"""Posts that other programs put into the queue, good ones and bad ones, through a real broker and a real worker."""

import base64
import json
import uuid
from pathlib import Path
from typing import Any

from sqlalchemy import select

from syndication import clock
from syndication.infra import db
from syndication.models import DeadLetter, Post
from tests import factories
from tests.e2e.city import City


def message(
    task: str, named: Any, *, content_type: str = "application/json", body: bytes | None = None
) -> str:
    """What docs/queue.md tells a program in any language to push: protocol 2, base64 in JSON."""
    identity = str(uuid.uuid4())
    inner = json.dumps(
        [[], named, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}]
    ).encode()
    return json.dumps(
        {
            "body": base64.b64encode(inner if body is None else body).decode(),
            "content-encoding": "utf-8",
            "content-type": content_type,
            "headers": {"lang": "js", "task": task, "id": identity, "root_id": identity},
            "properties": {
                "correlation_id": identity,
                "delivery_mode": 2,
                "delivery_tag": identity,
                "delivery_info": {"exchange": "", "routing_key": "housekeeping"},
                "priority": 0,
                "body_encoding": "base64",
            },
        }
    )


def letters() -> list[str]:
    with db.reading() as session:
        return list(session.scalars(select(DeadLetter.reason).order_by(DeadLetter.id)))


def test_good_messages_become_posts_and_bad_ones_dead_letters(database_url: str, tmp_path: Path) -> None:
    soon = clock.now().replace(year=2030).isoformat()
    good = {
        "merchant": "kino",
        "post": {"kind": "event", "title": "Film", "starts_at": soon, "source_ref": "1"},
    }
    with City(tmp_path, database_url) as city:
        with db.transaction() as session:
            factories.merchant(session, "kino")
        city.start_worker("rest", "housekeeping,fanout,feeds", 2)
        queue = city.broker.client()
        for one in (
            message("posts.submit", good),
            message("posts.submit", good),
            message("posts.submit", {"merchant": "nobody", "post": good["post"]}),
            message("posts.submit", {"merchant": "kino", "post": {"kind": "event", "source_ref": "2"}}),
            message("posts.eat", {}),
            message("posts.submit", {}, body=b"\xff\xfe not json"),
            message(
                "posts.submit",
                {},
                content_type="application/x-python-serialize",
                body=b"cos\nsystem\n(S'x'\ntR.",
            ),
        ):
            queue.lpush("housekeeping", one)
        city.await_that(lambda: len(letters()) >= 5, seconds=40, what="five dead letters")
        city.await_that(lambda: queue.llen("housekeeping") == 0, seconds=10, what="an empty queue")
        with db.reading() as session:
            assert len(session.scalars(select(Post)).all()) == 1
        reasons = letters()
    assert len(reasons) == 5, reasons
    assert any("nobody" in reason for reason in reasons), reasons
    assert any("title" in reason for reason in reasons), reasons
    assert any("posts.eat" in reason for reason in reasons)
    assert sum("cannot be read" in reason for reason in reasons) >= 1
