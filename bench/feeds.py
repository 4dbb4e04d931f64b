"""Feeds: rebuilding 200 posts after one change, and answering a reader who has it already."""

import threading
from statistics import median
from typing import Any

import requests
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.city import city
from bench.figures import Figure, at_least, at_most
from bench.sinks import free_port
from syndication import clock
from syndication.audience import feeds
from syndication.infra import db
from syndication.publishing import feed_marks
from syndication.web.app import create_app


def run(database: str, posts: int, rounds: int, gets: int = 1500) -> list[Figure]:
    """The figures, one row each."""
    rows: list[Figure] = []
    with city(database) as one:
        for number in range(posts):
            one.publish(f"Abend {number}")
        one.await_sent("feed", posts)
        times: dict[str, list[float]] = {form: [] for form in feeds.FORMATS}
        for number in range(rounds * 5):
            one.publish(f"Noch ein Abend {number}")
            one.await_sent("feed", posts + number + 2)
            for form in feeds.FORMATS:
                times[form].append(_rebuild(form))
        for form, taken in times.items():
            named = f"feed of {posts} posts ({database}): rebuild {form} after one change, ms"
            rows.append(at_most(40, named, median(taken)))
        ratios = []
        with _serving(create_app(one.cfg)) as ours, _serving(_bare()) as bare:
            for _ in range(rounds):
                ratios.append(_per_second(ours + "/feeds/all.rss", gets) / _per_second(bare + "/x", gets))
    named = f"GET of a feed with its ETag ({database}): share of a bare Starlette route"
    rows.append(at_least(0.5, named, median(ratios)))
    return rows


def _rebuild(form: Any) -> float:
    """Milliseconds to answer for a document that a change made stale."""
    feeds.document("all", form)
    with db.transaction() as session:
        feed_marks.mark(session, ["all"])
    started = clock.monotonic()
    feeds.document("all", form)
    return (clock.monotonic() - started) * 1000


def _bare() -> Starlette:
    def answer(_: Request) -> Response:
        return Response(status_code=304, headers={"ETag": '"x"'})

    async def route(request: Request) -> Response:
        return answer(request)

    return Starlette(routes=[Route("/x", route)])


class _serving:  # noqa: N801 -- used as a verb
    def __init__(self, app: Any) -> None:
        self._port = free_port()
        config = uvicorn.Config(
            app, host="127.0.0.1", port=self._port, log_level="error", access_log=False, lifespan="off"
        )
        self._server = uvicorn.Server(config)

    def __enter__(self) -> str:
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        while not self._server.started:
            threading.Event().wait(0.01)
        return f"http://127.0.0.1:{self._port}"

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(5)


def _per_second(url: str, count: int) -> float:
    with requests.Session() as session:
        etag = session.get(url).headers["etag"]
        started = clock.monotonic()
        for _ in range(count):
            answer = session.get(url, headers={"If-None-Match": etag})
        assert answer.status_code == 304, answer.status_code
        return count / (clock.monotonic() - started)
