"""`python -m faults.soak [--minutes N]`: posts and a kill a minute, then posts alone; nothing is lost, nothing grows."""

import argparse
import sys
from collections import defaultdict
from contextlib import suppress
from datetime import timedelta
from statistics import median

import psutil
import requests

from bench.sinks import free_port
from faults.host import Host, end_in_order
from faults.town import WEBHOOK_TAKES, Town, pause, town
from syndication import clock
from syndication.infra import db
from syndication.publishing import api_keys
from syndication.stack.receiver import Reply, Request
from tests import factories

READERS, WEBHOOKS, SLOW = 500, 50, 5
#: Seconds from post to post: five a minute.
_EVERY = 12.0
#: What is killed, in turn, one a minute.
_TURNS = ("mail", "web", "push", "redis", "work", "beat", "fanout", "sweeps")
#: Share of the quiet phase after which processes count as warm, and how much (MB) one may grow after it.
_WARM, _MOST = 0.25, 5.0


def main() -> None:
    """Print what came and what grew; the exit code is 1 where something was lost, doubled beyond its kills, or grew."""
    parser = argparse.ArgumentParser(prog="python -m faults.soak", description=__doc__)
    parser.add_argument(
        "--minutes", type=float, default=30, help="with kills; the part without takes half as long"
    )
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    asked = parser.parse_args()
    end_in_order()
    port = free_port()
    with town(asked.database, base_url=f"http://127.0.0.1:{port}", mail_connections=40) as one:
        one.people(READERS, WEBHOOKS)
        one.mail.delay = 0.0
        one.webhooks_answer(_answer)
        host = one.start_host(without=(), port=port, redis=one.broker.server)
        with one.load(_EVERY, _by_api(port)):
            one.await_that(lambda: bool(one.seen().at), seconds=90, what="a first arrival")
            killed = _kills(one, host, asked.minutes * 60)
            sizes = _sizes(host, asked.minutes * 30)
        with suppress(TimeoutError):
            one.await_that(
                lambda: one.missing(clock.now().timestamp()) == 0, seconds=120, what="the last arrivals"
            )
        failed = _arrivals(one, killed)
    sys.exit(int(_growth(sizes) or failed))


def _answer(request: Request) -> Reply:
    slow = int(request.path.removeprefix("/hook")) < SLOW
    return Reply(delay=6.0 if slow else WEBHOOK_TAKES)


def _by_api(port: int) -> "_Shop":
    with db.transaction() as session:
        merchant_id = factories.merchant(session, "laden").id
    key = api_keys.create(merchant_id, api_keys.KeyRequest(name="soak")).text
    return _Shop(f"http://127.0.0.1:{port}/api/v1/posts", {"Authorization": f"Bearer {key}"})


class _Shop:
    """A shop's own system: it posts by the API, and posts again with the same Idempotency-Key where it is refused."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self._url, self._headers = url, headers

    def __call__(self, title: str) -> None:
        """Post. Raises whatever went wrong."""
        starts = (clock.now() + timedelta(days=30)).isoformat()
        answer = requests.post(
            self._url,
            json={"kind": "event", "title": title, "starts_at": starts[:10] + "T19:00:00+00:00"},
            headers=self._headers | {"Idempotency-Key": f"soak-{title}"},
            timeout=15,
        )
        answer.raise_for_status()


def _kills(one: Town, host: Host, seconds: float) -> int:
    """One part after the other, one a minute; returns how many parts died."""
    ends, killed = clock.monotonic() + seconds, 0
    while clock.monotonic() + 60 <= ends:
        pause(60)
        name = _TURNS[killed % len(_TURNS)]
        if name == "redis":
            one.broker.kill()
        else:
            host.kill([name])
        killed += 1
        print(
            f"killed {name}; {len(one.published)} posts, {one.refused} refused and posted again", flush=True
        )
    pause(max(0.0, ends - clock.monotonic()))
    return killed


def _sizes(host: Host, seconds: float) -> dict[str, list[float]]:
    """Resident MB of each process, every two seconds, after the warm-up; none is killed meanwhile."""
    pause(seconds * _WARM)
    sizes: dict[str, list[float]] = defaultdict(list)
    ends = clock.monotonic() + seconds * (1 - _WARM)
    while clock.monotonic() < ends:
        for part in host.pids():
            for process in host.processes(part):
                with suppress(psutil.NoSuchProcess):
                    sizes[f"{part} {process.pid}"].append(process.memory_info().rss / 1e6)
        pause(2)
    return sizes


def _arrivals(one: Town, killed: int) -> bool:
    """Say what came; returns whether that is too little or, for so many kills, too much."""
    seen = one.seen()
    due = len(one.published) * len(one.outlets)
    lost = one.missing(clock.now().timestamp())
    doubled = sum(len(moments) - 1 for moments in seen.at.values())
    renamed = sum(len(names) > 1 for names in seen.named.values())
    print(
        f"{len(one.published)} posts, {due} arrivals due: LOST {lost}, DUP {doubled} in {killed} kills of whole parts,"
        f" {renamed} of them under another name"
    )
    return bool(lost or renamed or doubled > killed * (40 + WEBHOOKS))


def _growth(sizes: dict[str, list[float]]) -> bool:
    """Print each process's growth, median of its last third against its first; returns whether one grew too much."""
    failed = False
    for name, values in sorted(sizes.items()):
        third = len(values) // 3
        if third == 0:
            print(f"{name:<14} ended or began on the way")
            continue
        first, last = median(values[:third]), median(values[-third:])
        failed |= last - first > _MOST
        print(
            f"{name:<14} {first:6.1f} MB → {last:6.1f} MB, {last - first:+.1f}{'  GREW' * (last - first > _MOST)}"
        )
    return failed


if __name__ == "__main__":
    main()
