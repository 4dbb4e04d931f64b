"""Messages that nobody should send: what a broken, careless or hostile program may put into the broker's lists."""

import base64
import bz2
import json
import uuid
import zlib
from collections.abc import Iterator
from typing import Any

POST = {"kind": "event", "title": "Film", "starts_at": "2096-12-05T19:00:00+01:00", "source_ref": "pos-1"}
NAMED = {"merchant": "kino", "post": POST}


def body(args: Any = (), named: Any = NAMED, embed: Any = None) -> bytes:
    """The body of a message in Celery's protocol 2."""
    return json.dumps([args, named, embed or {}]).encode()


def envelope(
    inner: bytes | None = None, *, task: Any = "posts.submit", head: Any = None, **changes: Any
) -> dict[str, Any]:
    """What Celery's clients push on Redis; `head` replaces headers, `changes` (`content_type=…`) keys of the envelope."""
    identity = str(uuid.uuid4())
    return {
        "body": base64.b64encode(body() if inner is None else inner).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {"lang": "js", "task": task, "id": identity, "root_id": identity} | (head or {}),
        "properties": {
            "correlation_id": identity,
            "delivery_mode": 2,
            "delivery_tag": identity,
            "delivery_info": {"exchange": "", "routing_key": "housekeeping"},
            "priority": 0,
            "body_encoding": "base64",
        },
    } | {name.replace("_", "-"): value for name, value in changes.items()}


def _without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in envelope().items() if name not in names}


def _properties(**changes: Any) -> dict[str, Any]:
    whole = envelope()
    kept = {name: value for name, value in whole["properties"].items() if changes.get(name, "") is not None}
    return whole | {"properties": kept | {name: one for name, one in changes.items() if one is not None}}


def refused(named: Any = NAMED) -> Iterator[tuple[str, str, bytes]]:
    """(name, queue, item) of messages that must become dead letters."""
    yield from ((name, "housekeeping", json.dumps(item).encode()) for name, item in _types(named))
    yield from ((name, "housekeeping", json.dumps(item).encode()) for name, item in _bodies(named))
    yield from ((name, "housekeeping", json.dumps(item).encode()) for name, item in _heads(named))
    yield from _tasks()
    yield from ((name, "housekeeping", json.dumps(item).encode()) for name, item in _envelopes())
    yield from _garbage()


def _types(named: Any) -> Iterator[tuple[str, Any]]:
    good = body(named=named)
    bomb = zlib.compress(b'[[], {"merchant": "' + 20_000_000 * b"x" + b'"}, {}]', 9)
    for kind in ("application/data", "application/text", "application/x-python-serialize", "application/x-yaml",
                 "application/x-msgpack", "text/plain", "", None, 5, ["application/json"], {"a": 1}):  # fmt: skip
        yield f"content type {kind!r}", envelope(good, content_type=kind)
    for encoding in ("binary", "utf-16", "rot13", "base64", "no such", 7, ["utf-8"]):
        yield f"content encoding {encoding!r}", envelope(good, content_encoding=encoding)
    for name in ("gzip", "zlib", "application/x-gzip"):
        yield f"compressed as {name}", envelope(bomb, head={"compression": name})
    yield "compressed as bzip2", envelope(bz2.compress(good), head={"compression": "bzip2"})
    yield "compressed as nothing known", envelope(good, head={"compression": "no such"})
    yield "compression is a list", envelope(good, head={"compression": ["gzip"]})
    yield "compressed without saying so", envelope(bomb)


def _bodies(named: Any) -> Iterator[tuple[str, Any]]:
    good = json.dumps(named)
    for text in ("5", "null", '"words"', "[]", "[[]]", f"[[], {good}]", f"[[], {good}, {{}}, 4]", "{}", "",
                 f"[[], {good}, 5]", f'[[], {good}, "x"]', f"[5, {good}, {{}}]", f'["abc", {good}, {{}}]',
                 f"[[], [{good}], {{}}]", '[[], "abc", {}]', "[[], 5, {}]", "[null, null, null]", "not json",
                 "[NaN, {}, {}]", '[[], {"merchant": Infinity}, {}]', '[[], {"merchant": 1e999}, {}]',
                 '[[], {"merchant": "kino", "merchant": "cafe"}, {}]', '[[], {"merchant": "\\ud800"}, {}]',
                 '[[], {"merchant": ' + "9" * 4000 + "}, {}]", '[[], {"merchant": ' + "9" * 100_000 + "}, {}]",
                 "[" * 100_000, "[" * 60 + "]" * 60, '{"a":' * 50_000, '"' + '\\"' * 50_000,
                 '[[], {"merchant": {"__type__": "decimal", "__value__": "1e999999999"}}, {}]',
                 '[[], {"merchant": {"__type__": "uuid", "__value__": 5}}, {}]',
                 f'[[], {good}, {{"callbacks": [{{"task": "fanout.change", "args": ["1"]}}]}}]',
                 f'[[], {good}, {{"errbacks": [{{"task": "fanout.change"}}]}}]',
                 f'[[], {good}, {{"chain": [{{"task": "fanout.change", "args": []}}]}}]',
                 f'[[], {good}, {{"chord": {{"task": "fanout.change"}}}}]'):  # fmt: skip
        yield f"body {text[:40]!r} of {len(text)}", envelope(text.encode())
    yield "body is no UTF-8", envelope(b'[[], {"merchant": "\xff\xfe"}, {}]')
    yield "body is UTF-16", envelope(body(named=named).decode().encode("utf-16"))
    yield "body begins with a mark", envelope(b"\xef\xbb\xbf" + body(named=named))
    yield "body is pickled", envelope(b"cos\nsystem\n(S'true'\ntR.")
    yield "body is too large", envelope(body(named={"merchant": "x" * 300_000}))
    yield "body is spaces", envelope(b" " * 300_000)


def _heads(named: Any) -> Iterator[tuple[str, Any]]:
    good = body(named=named)
    for head in ({"id": None}, {"id": 5}, {"id": []}, {"id": {}}, {"id": ""}, {"id": "x" * 5000}, {"id": "a\x00b"},
                 {"task": None}, {"task": 5}, {"task": ["posts.submit"]}, {"task": {}}, {"task": "x" * 5000},
                 {"lang": ["js"]}, {"shadow": {}}, {"shadow": 5}, {"root_id": []}, {"parent_id": {}}, {"group": [1]},
                 {"eta": "2096-01-01T00:00:00"}, {"eta": "no time"}, {"eta": 5}, {"eta": []},
                 {"expires": "no time"}, {"expires": 5}, {"expires": {}}, {"expires": "2006-01-01T00:00:00"},
                 {"expires": "9999-12-31T23:59:59-23:59"}, {"retries": "many"}, {"retries": []}, {"timelimit": 5},
                 {"timelimit": ["x", {}]}, {"timelimit": [1, 2, 3]}, {"callbacks": [{"task": "fanout.change"}]},
                 {"errbacks": ["x"]}, {"chord": {"task": "fanout.change"}}, {"chain": [{}]}, {"argsrepr": []},
                 {"origin": {}}, {"stamped_headers": 5}, {"stamps": "x"}, {"padding": "x" * 100_000},
                 {"__type__": "uuid"}):  # fmt: skip
        yield f"head {str(head)[:60]}", envelope(good, head=head)
    for head in ([], [1], 5, "words", None):
        yield f"headers {head!r}", envelope(good) | {"headers": head}
    yield "head without id", envelope(good) | {"headers": {"task": "posts.submit"}}
    yield "head without task", envelope(good) | {"headers": {"id": "1"}}


def _tasks() -> Iterator[tuple[str, str, bytes]]:
    for task, args, named in (
        ("posts.eat", [], {}), ("os.system", ["true"], {}), ("", [], {}), ("celery.chord", [[], {}], {}),
        ("celery.map", [{"task": "fanout.change"}, [1]], {}), ("celery.backend_cleanup", [], {}),
        ("fanout.change", [], {}), ("fanout.change", ["x"], {}), ("fanout.change", [[]], {}), ("fanout.change", [None], {}),
        ("fanout.change", ["9" * 40], {}), ("fanout.change", ["-1"], {}), ("fanout.change", ["1", "2"], {}),
        ("fanout.change", ["1"], {"more": 1}), ("delivery.drain", [], {}), ("delivery.drain", ["../../etc"], {}),
        ("accounts.application", [], {}), ("accounts.application", ["1"], {}), ("accounts.application", ["x" * 36], {}),
        ("delivery.drain", [5], {}), ("delivery.drain", ["push", "mail"], {}), ("sweep.leases", [1], {}),
        ("sweep.beat", [], {"a": 1}), ("sweep.retention", ["x"], {}), ("posts.bury", [], {}), ("posts.bury", [5, 5], {}),
    ):  # fmt: skip
        item = json.dumps(envelope(body(args, named), task=task)).encode()
        yield f"{task} {args} {named}", "fanout" if task.startswith("fanout") else "feeds", item
    for queue in ("feeds", "housekeeping", "fanout"):
        yield (
            f"a drain whose body is 5 on {queue}",
            queue,
            json.dumps(envelope(b"5", task="delivery.drain")).encode(),
        )
        two = json.dumps(envelope(b'[["feeds"], {}]', task="delivery.drain")).encode()
        yield f"a drain whose body has two parts on {queue}", queue, two


def _envelopes() -> Iterator[tuple[str, Any]]:
    for name in ("body", "headers", "content-type"):
        yield f"envelope without {name}", _without(name)
    for item in (
        5,
        None,
        "words",
        [],
        {},
        [1, 2, 3],
        True,
        {"body": "x"},
        {"properties": {}},
        {"properties": 5},
    ):
        yield f"envelope {item!r}", item
    for properties in (5, [], "x"):
        yield f"properties {properties!r}", envelope(properties=properties, content_type="text/plain")
    for encoding in ("rot13", 5, [], {}, "zlib"):
        yield f"body encoding {encoding!r}", _properties(body_encoding=encoding)
    for value in ("%%%", "YQ", "ä", 5, [], {}, True):
        yield f"base64 that is {value!r}", envelope(body=value)
    yield "an envelope with a type of its own", envelope() | {"more": {"__type__": "uuid", "__value__": 5}}
    yield "a large envelope", envelope() | {"more": "x" * 5_000_000}


def _garbage() -> Iterator[tuple[str, str, bytes]]:
    for item in (b"", b"garbage", b"\x00\x01\x02", b"\xff\xfe\xfd", b"{", b"[" * 100_000, b'{"a":' * 100_000, b"NaN",
                 b"9" * 100_000, b'"\\ud800"', b'{"properties": {"delivery_tag": "\\ud800"}}', b"x" * 3_000_000,
                 b'{"a": 1, "a": 2}', b'\x80\x04\x95.', b"<xml/>"):  # fmt: skip
        for queue in ("fanout", "housekeeping"):
            yield f"{item[:20]!r} of {len(item)} on {queue}", queue, item


def published() -> Iterator[bytes]:
    """What is no command and no event, for the channels on which workers are told and tell such things."""
    yield from (b"5", b"[" * 100_000, b"{}", b"garbage", b"\xff", b'{"properties": {"delivery_tag": "1"}}')
    for inner in (b"5", b"null", b"[]", b"{}", b'{"method": 5}', b'{"method": "no such"}', b"not json", b"[" * 50_000,
                  b'{"method": "ping", "arguments": 5}', b'{"method": "ping", "arguments": {"a": 1}}',
                  b'{"method": "ping", "pattern": "(", "matcher": "pcre"}', b'{"method": "ping", "destination": 5}',
                  b'{"method": "ping", "reply_to": "x"}', b'{"method": "ping", "reply_to": {"exchange": 1}}'):  # fmt: skip
        yield json.dumps(envelope(inner)).encode()
    ping = b'{"method": "ping"}'
    for changes in ({"content_type": "application/data"}, {"head": {"compression": "gzip"}}, {"head": {"clock": "x"}},
                    {"properties": {}}, {"properties": None}, {"properties": {"delivery_tag": {}}}):  # fmt: skip
        yield json.dumps(envelope(ping, **changes)).encode()
