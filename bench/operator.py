"""The town hall's desk: how long its pages take over a long history, and what many open ones cost."""

import threading
import time
from statistics import median, quantiles
from typing import Any

from sqlalchemy import insert, select, text
from starlette.testclient import TestClient

from bench.city import City, city
from bench.figures import Figure, at_most
from syndication import clock
from syndication.accounts import people, sessions
from syndication.accounts.sessions import Device
from syndication.audience import interests
from syndication.content.base import new_id
from syndication.content.interest import Interest
from syndication.content.reason import Reason
from syndication.infra import db, signing
from syndication.models import Delivery, Destination, Person, Post, Revision
from syndication.web import signed_in
from syndication.web.app import create_app
from syndication.web.desk.city import watch

_OUTLETS = 50
#: Pages that are open at once, and after how many seconds each asks again (templates/desk/city).
_OPEN = {"/desk/city/now": (10, 10.0), "/desk/city/trouble/now": (5, 10.0), "{one}/now": (5, 5.0)}


def run(database: str, deliveries: int, posts: int, failed: int, times: int, seconds: float) -> list[Figure]:
    """p95 of each page in ms, its figures read anew each time; and the share of one core that 20 open pages cost, in %."""
    with city(database) as one:
        _fill(one, deliveries, posts, failed)
        with TestClient(create_app(one.cfg), headers={"Accept": "text/html"}) as client:
            client.cookies.set(signed_in._cookie(), _boss())
            with db.reading() as session:
                number = session.scalars(select(Delivery.id).where(Delivery.state == "waiting")).first()
            page = f"/desk/city/deliveries/{number}"
            kept, watch.KEPT = watch.KEPT, 0.0
            took = _pages(client, page, times)
            watch.KEPT = kept
            share = _open_pages(client, page, seconds)
    named = f"{deliveries:,} finished deliveries, {failed:,} failed, {posts:,} posts ({database})"
    found = [_figure(f"town hall, {name}, {named}", spans) for name, spans in took.items()]
    detail = f"{seconds:.0f} s; the client's part is in it"
    return [*found, at_most(5, f"20 open pages of the town hall, {named}: % of a core", share, detail)]


def _pages(client: TestClient, page: str, times: int) -> dict[str, list[tuple[float, float]]]:
    """How long (ms) each page took, and how long this process computed meanwhile; nothing is kept from one to the next."""
    asked = {
        "today": "/desk/city",
        "trouble": "/desk/city/trouble",
        "deliveries that failed": "/desk/city/deliveries?state=failed",
        "deliveries that arrived": "/desk/city/deliveries?state=sent",
        "one delivery": page,
        "a month": f"/desk/city/month/{clock.now():%Y-%m}",
        "an act, counted": "/desk/city/acts/new?act=replay&state=failed",
    }
    took: dict[str, list[tuple[float, float]]] = {name: [] for name in asked}
    for _ in range(times):
        for name, address in asked.items():
            begun, used = clock.monotonic(), time.process_time()
            answer = client.get(address)
            took[name].append(((clock.monotonic() - begun) * 1000, (time.process_time() - used) * 1000))
            assert answer.status_code == 200, (address, answer.status_code)
    return took


def _open_pages(client: TestClient, page: str, seconds: float) -> float:
    """What 20 pages that are left open cost, in percent of one core: as often as their parts ask."""
    rate = sum(count / every for count, every in _OPEN.values())
    pause = threading.Event()
    addresses = [
        path.format(one=page)
        for path, (count, every) in _OPEN.items()
        for _ in range(round(2 * count / every))
    ]
    begun, used, asked = clock.monotonic(), time.process_time(), 0
    while (spent := clock.monotonic() - begun) < seconds:
        if asked <= spent * rate:
            assert client.get(addresses[asked % len(addresses)]).status_code == 200
            asked += 1
        else:
            pause.wait(1 / rate / 4)
    return (time.process_time() - used) / (clock.monotonic() - begun) * 100


def _figure(named: str, took: list[tuple[float, float]]) -> Figure:
    spans, computed = [one for one, _ in took], [one for _, one in took]
    p95 = quantiles(spans, n=20)[18] if len(spans) > 1 else spans[0]
    detail = f"median {median(spans):.0f} ms, of that {median(computed):.0f} ms computed; {len(spans)} calls"
    return at_most(150, f"{named}: p95, ms", p95, detail)


def _boss() -> str:
    people.add("boss@bench.example", name="Bench", role="operator")
    with db.transaction() as session:
        person = session.scalars(select(Person).where(Person.email == "boss@bench.example")).one()
        return sessions.begin(session, person, Device(), "link")[0]


def _fill(one: City, deliveries: int, posts: int, failed: int) -> None:
    """A long history: mails and webhooks that arrived, each with its try; some that did not, at many outlets; and many posts."""
    first, now = one.publish(), clock.now()
    outlets = [new_id() for _ in range(_OUTLETS)]
    with db.transaction() as session:
        everything = interests.ensure(session, Interest())
        row = {
            "channel": "webhook", "settings": {"url": "http://127.0.0.1:1/"}, "secrets": signing.Box(one.cfg.keys).close({}),
            "interest_id": everything, "state": "paused", "created_at": now, "failures": 0,
        }  # fmt: skip
        session.execute(
            insert(Destination), [row | {"id": id_, "name": f"hook {n}"} for n, id_ in enumerate(outlets)]
        )
        post, said = session.get_one(Post, first.id), session.get_one(Revision, (first.id, 1))
        like, alike = _columns(post), _columns(said)
        ids = [new_id() for _ in range(posts)]
        session.execute(insert(Post), [like | {"id": identity} for identity in ids])
        session.execute(insert(Revision), [alike | {"post_id": identity} for identity in ids])
    model = {
        "channel": "webhook", "queue": "push", "created_at": now, "due_at": now, "attempts": 3, "priority": 5,
        "by_hand": False, "post_id": first.id,
    }  # fmt: skip
    for start in range(0, failed, 1000):
        rows = [
            {
                **model, "key": f"bad-{number}", "destination_id": outlets[number % _OUTLETS],
                "state": "failed" if number % 3 else "waiting",
                "reason": Reason("{} answered {}. It will be tried again.", f"hook{number % _OUTLETS}.example", 500 + number % 4),
            }
            for number in range(start, min(start + 1000, failed))
        ]  # fmt: skip
        with db.transaction() as session:
            session.execute(insert(Delivery), rows)
    _arrived(deliveries)


def _arrived(count: int) -> None:
    """Made by the database itself: a million rows would travel for minutes."""
    columns = (
        "key, channel, queue, destination_id, post_id, state, created_at,"
        " due_at, sent_at, attempts, priority, by_hand, reason"
    )
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count)"
    copied = (
        f"INSERT INTO deliveries ({columns}) {numbers}"
        " SELECT 'ok-' || i, d.channel, d.queue, d.destination_id, d.post_id, 'sent', d.created_at,"
        " d.due_at, d.due_at, 1, 5, d.by_hand, '' FROM n, (SELECT * FROM deliveries WHERE key = 'bad-0') d"
    )
    tries = (
        "INSERT INTO attempts (delivery_id, at, duration, outcome, reason, answer, trigger)"
        " SELECT id, due_at, 12, CASE WHEN state = 'sent' THEN 'sent' ELSE 'later' END, '', '', 'schedule' FROM deliveries"
    )
    with db.transaction() as session:
        session.execute(text(copied), {"count": count})
        session.execute(text(tries))
    if (
        db.engine().dialect.name == "postgresql"
    ):  # which does so by itself, sooner or later; SQLite never does
        with db.engine().connect() as connection:
            connection.execute(text("ANALYZE"))
            connection.commit()


def _columns(row: Any) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in type(row).__mapper__.column_attrs}
