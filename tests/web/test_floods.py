"""Nobody costs the service more than a moment: every body of every route has an end, and refusing it costs next to nothing."""

import json
import re
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from fastapi.routing import iter_route_contexts
from starlette.testclient import TestClient

from syndication import clock
from syndication.config import Settings
from syndication.web.app import create_app
from tests.web.conftest import Party
from tests.web.serving import served

pytestmark = pytest.mark.enough("sqlite")  # bodies are refused before any SQL

JSON = {"Content-Type": "application/json"}
#: Seconds of CPU that one body may cost at most, with room for a slow machine; they cost 2 to 12.
MOST = 0.4
EVENT = {"kind": "event", "title": "x", "starts_at": "2030-01-01T10:00:00Z"}
TOKEN = "WzEsMl0.abc"


def routes(settings: Settings, *methods: str) -> list[tuple[str, str]]:
    """Method and an address of each route that takes one of these methods."""
    found = []
    for route in iter_route_contexts(create_app(settings).routes):
        path = re.sub(r"\{[^}]*\}", TOKEN, getattr(route, "path", ""))
        found += [
            (method, path) for method in sorted(getattr(route, "methods", None) or ()) if method in methods
        ]
    assert found
    return found


def in_pieces(size: int) -> Iterator[bytes]:
    """A body that does not say how long it is."""
    for _ in range(0, size, 1000):
        yield b"x" * 1000


@pytest.mark.parametrize("announced", [True, False])
def test_without_a_key_nobody_sends_more_than_16_kb(
    client: TestClient, settings: Settings, announced: bool
) -> None:
    keys = ("", "Bearer", "Bearer x", "Basic c3luXzAxMjM0NTY3Xzo=", "Bearer syn_01234567_short")
    for number, (method, path) in enumerate(routes(settings, "POST", "PUT", "PATCH", "DELETE")):
        key = keys[number % len(keys)]
        for kind in ("application/json", "application/x-www-form-urlencoded"):
            headers = {"Content-Type": kind} | ({"Authorization": key} if key else {})
            body: Any = b"x" * 17_000 if announced else in_pieces(17_000)
            answer = client.request(method, path, content=body, headers=headers)
            assert answer.status_code == 413, (method, path, answer.status_code)
            assert "16 kB" in answer.json()["detail"]


def test_a_key_opens_the_megabyte_in_the_api_alone(cafe: Party) -> None:
    large = b"a=" + b"x" * 100_000
    headers = {"Authorization": f"Bearer {cafe.key}", "Content-Type": "application/x-www-form-urlencoded"}
    assert cafe.client.post("/sign-up", content=large, headers=headers).status_code == 413


def test_a_browser_is_told_on_a_page(client: TestClient) -> None:
    headers = {"Accept": "text/html", "Content-Type": "application/x-www-form-urlencoded"}
    answer = client.post("/sign-up?lang=de", content=b"x" * 17_000, headers=headers)
    assert answer.status_code == 413
    assert "ohne Schlüssel werden höchstens 16 kB angenommen" in answer.text


def flood(one: str, count: int) -> str:
    return "[" + ",".join([one] * count) + "]"


def said(**fields: str) -> bytes:
    """The body of a post with these fields as JSON texts."""
    rest = "".join(f',"{name}":{text}' for name, text in fields.items())
    return (json.dumps(EVENT)[:-1] + rest + "}").encode()


WORST: dict[str, bytes] = {
    "240,000 topics": said(topics=flood('"!"', 240_000)),
    "49,000 topics": said(topics=flood('"!"', 49_000)),
    "240,000 pictures": said(images=flood("{}", 240_000)),
    "1,900 pictures": said(images=flood("{}", 1900)),
    "500,000 numbers": said(topics=flood("1", 490_000)),
    "names": b"{" + b",".join(b'"%x":1' % n for n in range(100_000)) + b"}",
    "49,000 names": b"{" + b",".join(b'"%x":1' % n for n in range(49_000)) + b"}",
    "texts": said(texts="{" + ",".join(f'"k{n}":"x"' for n in range(49_000)) + "}"),
    "the same name": b"{" + b",".join([b'"title":"x"'] * 49_000) + b"}",
    "400,000 brackets": b"[" * 400_000,
    "900 brackets": b"[" * 900 + b"]" * 900,
    "deep objects": b'{"a":' * 150_000,
    "100 kB of digits": b"9" * 100_000,
    "digits in a field": said(price="9" * 900_000),
    "a long fraction": said(price="0." + "1" * 900_000),
    "digits as text": said(price='"' + "9" * 900_000 + '"'),
    "a long title": said(summary='"' + "x" * 900_000 + '"'),
    "a long date": said(ends_at='"' + "2" * 900_000 + '"'),
    "a string without end": b'{"title":"' + b'\\"' * 400_000,
    "quotes": b'"' * 900_000,
    "escapes": said(summary='"' + "\\u0000" * 150_000 + '"'),
    "half surrogates": said(summary='"' + "\\ud800" * 150_000 + '"'),
    "a rule that never fits": said(recurrence='"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO;BYSETPOS=3"'),
    "spaces": b" " * 900_000,
}


@pytest.mark.alone
@pytest.mark.parametrize("name", WORST)
def test_the_worst_megabyte_costs_a_moment_and_gets_a_sentence(operator: Party, name: str) -> None:
    body = WORST[name]
    assert len(body) <= 1_000_000
    operator("GET", "/posts")  # what is loaded with the first request is not its cost
    for path in ("/posts", "/destinations", "/merchants", "/keys"):
        costs = []
        for _ in range(2):  # the collector of a long test run may fall into one of them
            before = time.process_time()
            answer = operator("POST", path, content=body, headers=JSON)
            costs.append(time.process_time() - before)
        assert min(costs) < MOST, path
        assert answer.status_code in (400, 422), (path, answer.text)
        assert len(answer.json()["detail"]) > 10
        assert len(answer.content) < 20_000


@pytest.mark.alone
@pytest.mark.parametrize("path", ["/api/v1/readers", "/notices", "/notices/state", "/notices/off"])
def test_what_anybody_may_send_costs_a_moment(client: TestClient, path: str) -> None:
    for body in (said(topics=flood('"!"', 3000)), b"[" * 15_000, b"9" * 15_000, b'{"a":' * 3000):
        costs = []
        for _ in range(2):
            before = time.process_time()
            answer = client.post(path, content=body, headers=JSON)
            costs.append(time.process_time() - before)
        assert min(costs) < MOST
        assert answer.status_code in (400, 422)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"kind": "offer", "kind": "event"}', "names the field kind twice"),
        (b'{"settings": {"url": "a", "url": "b"}}', "names the field url twice"),
        ('{"title": "ä"}'.encode("latin-1"), "not UTF-8"),
        ('{"title": "a"}'.encode("utf-16"), "not UTF-8"),
        ("[" * 950 + "]" * 950, "nested too deeply"),
        ("1" * 101, "more than 100 digits"),
        ("{", "not JSON"),
    ],
)
def test_what_cannot_be_read_is_told_in_words(cafe: Party, body: bytes | str, words: str) -> None:
    answer = cafe("POST", "/posts", content=body, headers=JSON)
    assert answer.status_code == 400
    assert words in answer.json()["detail"]


@pytest.mark.parametrize(
    "odd", ["NaN", "Infinity", "-Infinity", "1e999", '"\\u0000"', '"\\ud800"', '{"\\u0000": 1}']
)
@pytest.mark.parametrize("field", ["settings", "interest", "name", "channel"])
def test_odd_values_are_refused_and_never_a_failure_of_ours(cafe: Party, odd: str, field: str) -> None:
    given = {
        "channel": '"webhook"',
        "name": '"x"',
        field: f'{{"url": {odd}}}' if field == "settings" else odd,
    }
    body = "{" + ",".join(f'"{name}": {value}' for name, value in given.items()) + "}"
    answer = cafe("POST", "/destinations", content=body, headers=JSON)
    assert answer.status_code in (400, 404, 422), answer.text
    reader = {"email": '"a@example.org"', "wording": odd, "cadence": odd, "language": odd}
    body = "{" + ",".join(f'"{name}": {value}' for name, value in reader.items()) + "}"
    assert cafe.client.post("/api/v1/readers", content=body, headers=JSON).status_code in (400, 422)


@pytest.mark.parametrize("size", [17_000, 500_000, 5_000_000])
def test_whoever_sends_too_much_hears_the_answer(database: str, settings: Settings, size: int) -> None:
    # Closing at once would cut off a proxy that is still sending, which then says 502 to its visitor.
    with served(settings) as address, httpx2.Client(base_url=address, timeout=30) as client:
        for body in (b"x" * size, in_pieces(size)):
            answer = client.post("/api/v1/readers", content=body, headers=JSON)
            assert answer.status_code == 413
        assert client.get("/healthz").status_code == 200


@pytest.mark.alone
def test_others_are_served_while_the_worst_comes(cafe: Party, settings: Settings) -> None:
    headers = JSON | {"Authorization": f"Bearer {cafe.key}"}
    ended = threading.Event()
    waited: list[float] = []

    def ask(address: str) -> None:
        with httpx2.Client(base_url=address, timeout=60) as other:
            while not ended.is_set():
                for path in ("/healthz", "/"):
                    before = clock.monotonic()
                    assert other.get(path).status_code == 200
                    waited.append(clock.monotonic() - before)

    with served(settings) as address, httpx2.Client(base_url=address, timeout=60) as bad:
        asking = threading.Thread(target=ask, args=(address,))
        asking.start()
        try:
            for name in ("240,000 topics", "240,000 pictures", "49,000 names", "a rule that never fits"):
                for _ in range(3):
                    answer = bad.post("/api/v1/posts", content=WORST[name], headers=headers)
                    assert answer.status_code in (400, 422)
        finally:
            ended.set()
            asking.join(60)
    assert waited
    # With what these bodies cost before, each of them stopped everybody for two seconds or more.
    assert sorted(waited)[int(len(waited) * 0.99)] < 1.5
