"""Webhooks: throughput against a bare requests loop, and the time from publishing to arrival."""

import json
import queue
import threading
from statistics import median, quantiles
from typing import Any

import requests

from bench import sinks
from bench.city import SECRET, city
from bench.figures import Figure, at_least, at_most
from syndication import clock
from syndication.stack.receiver import Receiver


def run(database: str, endpoints: int, posts: int, rounds: int) -> list[Figure]:
    """The figures, one row each."""
    ratios, details = [], ""
    with sinks.http() as sink:
        for _ in range(rounds):
            floor, threads = 0.0, 0
            with city(database) as one:
                one.webhooks([f"http://127.0.0.1:{sink.port}/hook/{number}" for number in range(endpoints)])
                threads = one.cfg.push_threads
                started = clock.monotonic()
                for number in range(posts):
                    one.publish(f"Abend {number}")
                ours = one.await_sent("webhook", endpoints * posts) - started
            floor = _floor(sink.port, endpoints, posts, threads)
            ratios.append(floor / ours)
            details = f"{endpoints * posts / ours:.0f} against {endpoints * posts / floor:.0f} a second"
    named = (
        f"webhooks, {endpoints} endpoints x {posts} posts ({sink.named}, {database}): share of bare requests"
    )
    return [at_least(0.7, named, median(ratios), details)]


def _floor(port: int, endpoints: int, posts: int, threads: int) -> float:
    """A loop with a requests.Session in each thread."""
    work: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    for _ in range(posts):
        for endpoint in range(endpoints):
            work.put(f"http://127.0.0.1:{port}/hook/{endpoint}")
    for _ in range(threads):
        work.put(None)
    body = json.dumps({"type": "post.published", "text": "Mit *Musik*. " * 60}).encode()
    headers = {"content-type": "application/json", "webhook-id": "1", "webhook-signature": "v1," + "x" * 44}

    def send() -> None:
        with requests.Session() as session:
            while (url := work.get()) is not None:
                session.post(url, data=body, headers=headers, timeout=15)

    started = clock.monotonic()
    running = [threading.Thread(target=send) for _ in range(threads)]
    for one in running:
        one.start()
    for one in running:
        one.join()
    return clock.monotonic() - started


def latency(database: str, samples: int, readers: int) -> list[Figure]:
    """Publish to webhook received, on an idle system and beside a running newsletter."""
    with sinks.mail() as sink, Receiver() as receiver, city(database, smtp_port=sink.port) as one:
        receiver.secrets["/hook"] = SECRET
        one.webhooks([receiver.url()])
        idle = latencies(one, receiver, samples)
        one.readers(readers, "newsletter")
        one.publish("The newsletter", "newsletter")
        busy = latencies(one, receiver, samples, until=lambda: one.sent("newsletter") < readers * 0.9)
    p50, p99 = median(idle), quantiles(idle, n=100)[98]
    busy99 = quantiles(busy, n=100)[98] if len(busy) >= 10 else max(busy)
    idle_named = f"publish to webhook received, idle ({database})"
    busy_named = f"the same beside a {readers:,}-reader newsletter ({database}): p99, times idle"
    return [
        at_most(25, f"{idle_named}: p50 ms", p50),
        at_most(100, f"{idle_named}: p99 ms", p99),
        at_most(2, busy_named, busy99 / p99, f"{busy99:.0f} ms over {len(busy)} posts"),
    ]


def latencies(one: Any, receiver: Receiver, samples: int, *, until: Any = None) -> list[float]:
    """Milliseconds for each post; `until` ends it early."""
    pause, found = threading.Event(), []
    for number in range(samples):
        if found and until is not None and not until():
            break
        before = len(receiver.requests)
        started = clock.now().timestamp()
        record = one.publish(f"Abend {number}")
        receiver.await_requests(before + 1, seconds=60)
        mine = next((one for one in receiver.requests[before:] if str(record.id).encode() in one.body), None)
        while mine is None:
            pause.wait(0.002)
            mine = next((one for one in receiver.requests if str(record.id).encode() in one.body), None)
        found.append((mine.at - started) * 1000)
        pause.wait(0.05)
    return found
