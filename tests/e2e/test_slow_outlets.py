"""A slow outlet delays nobody (P3), whatever it answers: real workers, healthy endpoints beside slow and broken ones."""

import json
import threading
from pathlib import Path

import pytest

from syndication import clock
from syndication.stack.receiver import Reply, Request
from tests.e2e.city import City

HEALTHY = 12
#: How long healthy endpoints wait for a post (seconds): nineteen of twenty at most the first, all of them the second, on a
#: machine that may stand still for a moment. Behind a slow outlet it would be the half of them, and for minutes.
PATIENCE, ALL_OF_THEM = 5.0, 20.0


def _answer(request: Request) -> Reply:
    """Healthy ones at once; slow ones yes, but late; the others in the ways in which servers are broken."""
    kind = request.path.rsplit("-", 1)[0]
    return {
        "/slow": Reply(delay=6.0),
        "/hang": Reply(hang=True),
        "/broken": Reply(500),
        "/busy": Reply(429, {"Retry-After": "30"}),
    }.get(kind, Reply())


def arrivals(city: City, posts: int, pause: float) -> list[float]:
    """Seconds from each post to its arrival at each healthy endpoint; infinity where it did not come."""
    published: dict[str, float] = {}
    seen: dict[tuple[str, str], float] = {}
    answer, lock = city.hooks.answer, threading.Lock()

    def noted(request: Request) -> Reply:
        if request.path.startswith("/good"):
            with lock:
                seen.setdefault(
                    (request.path, json.loads(request.body)["data"]["post"]["id"]), clock.monotonic()
                )
        return answer(request)

    city.hooks.answer = noted
    waiting = threading.Event()
    for _ in range(posts):
        (post,) = city.publish()
        published[str(post.id)] = clock.monotonic()
        waiting.wait(pause)
    deadline = clock.monotonic() + ALL_OF_THEM
    while len(seen) < posts * HEALTHY and clock.monotonic() < deadline:
        waiting.wait(0.05)
    return [
        seen.get((f"/good-{number}", post), float("inf")) - at
        for post, at in published.items()
        for number in range(HEALTHY)
    ]


@pytest.mark.parametrize(
    "bad", [("/slow-0",), tuple(f"/{kind}-{n}" for kind in ("slow", "hang", "broken", "busy") for n in range(2))],
    ids=["one that answers late", "eight of twenty bad"],
)  # fmt: skip
@pytest.mark.enough("postgresql")
@pytest.mark.alone
def test_healthy_endpoints_hear_at_once(bad: tuple[str, ...], tmp_path: Path, database_url: str) -> None:
    with City(tmp_path, database_url, http_timeout=8) as city:
        city.hooks.answer = _answer
        for number in range(HEALTHY):
            city.webhook(f"/good-{number}")
        for path in bad:
            city.webhook(path)
        city.start_worker("rest", "fanout,push,feeds,housekeeping", 3)
        took = sorted(arrivals(city, 24, 0.4))
    print(
        f"median {took[len(took) // 2]:.3f} s, p99 {took[int(len(took) * 0.99)]:.3f} s, longest {took[-1]:.3f} s"
    )
    assert took[len(took) * 19 // 20] < PATIENCE
    assert took[-1] < ALL_OF_THEM
