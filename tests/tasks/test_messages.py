"""Messages as they lie in the broker: each is a call that a task of ours can take, or a dead letter that says why not."""

import base64
import json
from typing import Any

import pytest
from celery import Celery
from kombu.transport.virtual import Channel, Message

from syndication.config import Settings
from syndication.content.base import new_id
from syndication.ops.celery_wakeups import ROUTES
from syndication.tasks import app, messages, transport
from tests import hostile_messages
from tests.hostile_messages import NAMED, body, envelope

REFUSED = {name: (queue, item) for name, queue, item in hostile_messages.refused()}


def opened(item: bytes, queue: str = "housekeeping") -> tuple[str, Any]:
    """The task and the body that kombu and Celery get to see."""
    seen = json.loads(transport.sound(queue, item))
    assert seen["properties"]["delivery_info"] == {"exchange": "", "routing_key": queue}
    return seen["headers"]["task"], json.loads(base64.b64decode(seen["body"]))


def taken(whole: Any) -> Any:
    """Arguments and names of a message that is taken."""
    task, (args, named, rest) = opened(json.dumps(whole).encode())
    assert (task, rest) == ("posts.submit", {}), (args, named)
    return args, named


@pytest.mark.parametrize("name", [name for name in REFUSED if name != "body '[null, null, null]' of 18"])
def test_what_nobody_should_send_becomes_the_call_that_buries_it(name: str) -> None:
    queue, item = REFUSED[name]
    task, (args, named, _) = opened(item, queue)
    assert (task, named) == ("posts.bury", {})
    reason, payload = args
    assert reason.endswith(".")
    assert "cannot be read (" not in reason  # nothing here is new to us
    assert len(payload) < 150_000
    json.loads(payload)


@pytest.mark.parametrize("name", REFUSED)
def test_kombu_can_open_what_it_is_given(name: str) -> None:
    class Opened(Channel):
        def __init__(self) -> None:
            pass

    queue, item = REFUSED[name]
    message = Message(json.loads(transport.sound(queue, item)), channel=Opened())
    assert not message.errors
    assert len(message.decode()) == 3


def test_two_messages_with_one_tag_stay_two() -> None:
    item = json.dumps(envelope()).encode()
    tags = {json.loads(transport.sound("fanout", item))["properties"]["delivery_tag"] for _ in range(3)}
    assert len(tags) == 3


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"content_type": "application/json; charset=utf-8"},
        {"content_encoding": None},
        {"content_encoding": "UTF-8"},
        {"head": {"timelimit": [None, None], "eta": None, "expires": None, "retries": 0, "group": "g", "shadow": None}},
        {"head": {"stamps": {}, "stamped_headers": None, "ignore_result": True, "replaced_task_nesting": 0}},
        {"head": {"argsrepr": "()", "kwargsrepr": "{}", "origin": "gen1@host", "traceparent": "00-1"}},
        {"head": {"expires": "2096-01-01T00:00:00Z"}},
        {"body": body().decode(), "properties": {"delivery_tag": "1"}},
        {"body": body().decode(), "properties": {"body_encoding": "utf-8"}},
        {"properties": None, "body": body().decode()},
    ],
)  # fmt: skip
def test_what_clients_send_is_taken(changes: dict[str, Any]) -> None:
    assert taken(envelope(**changes)) == ([], NAMED)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            [["kino", NAMED["post"]], None, {}],
            (["kino", NAMED["post"]], {}),
        ),  # celery-node's sendTask(name, args)
        ([["kino", NAMED["post"]], [], None], (["kino", NAMED["post"]], {})),  # PHP
        ([None, NAMED, []], ([], NAMED)),
        ([[NAMED], None, {}], ([NAMED], {})),
        ([[], NAMED, {"callbacks": None, "errbacks": [], "chain": None, "chord": None}], ([], NAMED)),
    ],
)
def test_arguments_may_be_left_out(text: Any, expected: Any) -> None:
    assert taken(envelope(json.dumps(text).encode())) == expected


def test_the_first_protocol_of_celery_is_understood() -> None:
    first = {"task": "posts.submit", "id": "1", "args": ["kino"], "kwargs": {"post": NAMED["post"]}, "retries": 0,
             "eta": None, "expires": None, "utc": True, "callbacks": None, "chord": None}  # fmt: skip
    whole = envelope(json.dumps(first).encode()) | {"headers": {}}
    assert taken(whole) == (["kino"], {"post": NAMED["post"]})
    task, (args, _, _) = opened(
        json.dumps(envelope(json.dumps(first | {"eta": "2096-01-01"}).encode()) | {"headers": []}).encode()
    )
    assert task == "posts.bury"
    assert "eta" in args[0]


def test_what_celery_itself_sends_is_taken(redis_url: str, redis_server: Any) -> None:
    with Celery("shop", broker=redis_url, set_as_current=False) as shop:
        shop.send_task("posts.submit", kwargs=NAMED, queue="housekeeping", ignore_result=True)
        shop.send_task("posts.submit", args=["kino", NAMED["post"]], queue="housekeeping", priority=6)
        shop.send_task("delivery.drain", args=("push",), queue="push", expires=60)
        shop.send_task("posts.submit", kwargs=NAMED, queue="other", compression="gzip")
    pop = redis_server.client().rpop
    assert opened(pop("housekeeping")) == ("posts.submit", [[], NAMED, {}])
    assert opened(pop("housekeeping\x06\x166")) == ("posts.submit", [["kino", NAMED["post"]], {}, {}])
    drain = json.loads(transport.sound("push", pop("push")))
    assert drain["headers"]["task"] == "delivery.drain"
    assert "expires" in drain["headers"]
    assert opened(pop("other"))[0] == "posts.bury"


def test_what_comes_back_is_the_same_again() -> None:
    """A message that was given back because the database was away is looked at once more."""
    for name, (queue, item) in REFUSED.items():
        once = transport.sound(queue, item)
        assert opened(once.encode(), queue) == opened(item, queue) or "delivery_tag" in name
    once = transport.sound("housekeeping", json.dumps(envelope()).encode())
    assert opened(once.encode()) == ("posts.submit", [[], NAMED, {}])


def test_an_application_is_woken_by_the_id_that_it_has(settings: Settings) -> None:
    task, _ = ROUTES["application"]
    assert messages.TASKS[task]([str(new_id())], {})
    assert not messages.TASKS[task]([f"{new_id()}\n"], {})


def test_every_task_of_ours_says_what_it_takes(settings: Settings) -> None:
    app.loader.import_default_modules()
    assert {name for name in app.tasks if not name.startswith("celery.")} == set(messages.TASKS)


def test_a_broker_of_another_kind_is_looked_at_as_well() -> None:
    """RabbitMQ hands over tables and bytes, or the text it made of them."""
    for given in (body(), body().decode(), memoryview(body())):
        parts = messages.Parts({"task": "posts.submit", "id": "1"}, "application/json", None, given)
        assert messages.call(parts).task == "posts.submit"
    for headers, given in (
        ({"task": "posts.submit", "id": "1", "compression": "gzip"}, b"x"),
        ({"task": "posts.submit", "id": "1"}, None),
        ({"task": "posts.submit", "id": "1"}, 5),
        ({"task": "posts.submit", "id": "1", "more": object()}, "\ud800"),
        (object(), b"x"),
    ):
        call = messages.call(messages.Parts(headers, "application/json", "utf-8", given))
        assert call.task == "posts.bury", headers
        assert call.args[0].endswith(".")
