"""Healthy webhooks beside bad ones: how long a post takes to arrive there, against a city without bad ones."""

import json
import socket
import threading
from contextlib import ExitStack, suppress
from statistics import median, quantiles

from bench.city import SECRET, City, city
from bench.figures import Figure, at_most
from syndication import clock
from syndication.stack.receiver import Receiver, Reply, Request

#: Seconds from post to post: twenty a minute.
EVERY = 3.0
#: Ways to be bad, in turn; a drip is a server of its own, since it never ends its answer.
_WAYS = ("hang", "drip", "broken", "busy")


def beside(database: str, endpoints: int, seconds: float) -> list[Figure]:
    """p50 and p99 of the healthy with 40 % bad, times those with none bad; and what waits for the healthy at the end."""
    bad = endpoints * 2 // 5
    alone, _ = _arrivals(database, endpoints - bad, 0, seconds)
    busy, waiting = _arrivals(database, endpoints - bad, bad, seconds)
    named = f"{endpoints - bad} healthy webhooks beside {bad} bad ones, 20 posts a minute ({database})"
    halves = f"{median(busy) * 1000:.0f} against {median(alone) * 1000:.0f} ms"
    tails = f"{_p99(busy) * 1000:.0f} against {_p99(alone) * 1000:.0f} ms"
    return [
        at_most(2, f"{named}: p50, times that with none bad", median(busy) / median(alone), halves),
        at_most(2, f"{named}: p99, times that with none bad", _p99(busy) / _p99(alone), tails),
        at_most(1, f"{named}: posts that each healthy one still waits for at the end", waiting),
    ]


def _p99(found: list[float]) -> float:
    return quantiles(found, n=100)[98] if len(found) > 1 else found[0]


def _arrivals(database: str, healthy: int, bad: int, seconds: float) -> tuple[list[float], float]:
    """Seconds from each post to each of its arrivals, and how many a healthy one lacked when the last post was out."""
    published: dict[str, float] = {}
    took: list[float] = []
    lock = threading.Lock()

    def answer(request: Request) -> Reply:
        if request.path.startswith("/good"):
            post = json.loads(request.body)["data"]["post"]["id"]
            with lock:
                came.setdefault((request.path, post), request.at)
        return {
            "/hang": Reply(hang=True),
            "/broken": Reply(500),
            "/busy": Reply(429, {"Retry-After": "5"}),
        }.get(request.path.rsplit("-", 1)[0], Reply())

    came: dict[tuple[str, str], float] = {}
    with ExitStack() as parts:
        receiver, drip = parts.enter_context(Receiver()), parts.enter_context(Drip())
        receiver.answer = answer
        urls = [receiver.url(f"/good-{number}") for number in range(healthy)]
        for number in range(bad):
            way = _WAYS[number % len(_WAYS)]
            urls.append(f"{drip.url}/{number}" if way == "drip" else receiver.url(f"/{way}-{number}"))
        receiver.secrets.update({url.removeprefix(receiver.url("")): SECRET for url in urls})
        one = parts.enter_context(city(database))
        one.webhooks(urls)
        _publish(one, published, seconds)
        with lock:
            waiting = len(published) - len(came) / healthy
        deadline, pause = clock.monotonic() + 60, threading.Event()
        while len(came) < len(published) * healthy and clock.monotonic() < deadline:
            pause.wait(0.1)
    with lock:
        late = clock.now().timestamp()
        for number in range(healthy):
            took += [came.get((f"/good-{number}", post), late) - at for post, at in published.items()]
    return took, waiting


def _publish(one: City, published: dict[str, float], seconds: float) -> None:
    pause, number = threading.Event(), 0
    ends = clock.monotonic() + seconds
    while clock.monotonic() < ends or not published:
        number += 1
        at = clock.now().timestamp()
        published[str(one.publish(f"Abend {number}").id)] = at
        pause.wait(min(EVERY, seconds))


class Drip:
    """A server that takes everything and answers a byte a second, without an end."""

    def __enter__(self) -> "Drip":
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._open: list[socket.socket] = []
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._accept, self._feed)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for thread in self._threads:
            thread.join(5)
        for one in self._open:
            one.close()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}/drip"

    def _accept(self) -> None:
        while not self._ended.is_set():
            with suppress(OSError):
                one, _ = self._socket.accept()
                one.setblocking(False)
                with suppress(OSError):
                    one.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
                self._open.append(one)

    def _feed(self) -> None:
        while not self._ended.wait(1.0):
            for one in list(self._open):
                try:
                    one.send(b".")
                except BlockingIOError:
                    continue
                except OSError:
                    self._open.remove(one)
                    one.close()
