"""A city under a steady load, whose arrivals are written down one by one: what is published, and what came where and when."""

import json
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from faults.host import Host
from syndication import clock, migrations
from syndication.infra import db
from syndication.publishing import posts
from syndication.stack.mail_sink import Mail
from syndication.stack.receiver import Reply, Request
from tests import factories
from tests.e2e.city import City
from tests.e2e.own_postgres import OwnPostgres

READERS, WEBHOOKS = 10, 10
#: Seconds from one post to the next: 40 arrivals a second.
PAUSE = 0.5
#: How long the mail server takes over a mail, and a webhook's receiver over a request (seconds): else nothing is under way.
MAIL_TAKES, WEBHOOK_TAKES = 0.02, 0.05

#: Where a copy came: a reader's address or a webhook's path.
Outlet = str


@dataclass(frozen=True)
class Seen:
    """What came: for each post, by its title, and each outlet the moments (seconds since 1970) and the names of copies."""

    at: dict[tuple[str, Outlet], list[float]]
    named: dict[tuple[str, Outlet], set[str]]


class Town(City):
    """A city on one worker host, with readers and webhooks, and a thread that publishes."""

    def __init__(self, folder: Path, database_url: str, host: str = "127.0.0.1", **changes: Any) -> None:
        super().__init__(folder, database_url, host=host, **changes)
        self.published: dict[str, float] = {}
        self.refused = 0
        #: Outlets that are broken on purpose: what comes there is counted, how often and how late is not.
        self.spoilt: frozenset[Outlet] = frozenset()
        self.server: OwnPostgres | None = None
        self._behave: Callable[[Request], Reply] = lambda _: Reply(delay=WEBHOOK_TAKES)
        self._at: dict[tuple[str, Outlet], list[float]] = defaultdict(list)
        self._named: dict[tuple[str, Outlet], set[str]] = defaultdict(set)
        self._lock = threading.Lock()
        self._quiet = threading.Event()

    def people(self, readers: int = READERS, webhooks: int = WEBHOOKS) -> None:
        """Readers and webhooks, at sinks that take a moment."""
        self.readers(readers)
        for number in range(webhooks):
            self.webhook(f"/hook{number}")
        self.mail.delay = MAIL_TAKES
        self.hooks.answer = self._answer
        self.hooks.keep = lambda _: None  # type: ignore[method-assign]  # what came is noted below; memory is short
        self.mail.keep = self._mailed  # type: ignore[method-assign]  # the same
        self.outlets = [
            *(f"r{number}@example.org" for number in range(readers)),
            *(f"/hook{number}" for number in range(webhooks)),
        ]

    def start_host(self, name: str = "a", **options: Any) -> Host:
        """A worker host with every part, until the town's end."""
        host = Host(self.cfg, self.folder / f"host-{name}.log", **options)
        return self._open.enter_context(host)

    def webhooks_answer(self, behave: Callable[[Request], Reply] | None) -> None:
        """From now on; None: as at the beginning."""
        self._behave = behave or (lambda _: Reply(delay=WEBHOOK_TAKES))

    def _answer(self, request: Request) -> Reply:
        reply = self._behave(request)
        if reply.status < 300 and not reply.hang and not reply.close:
            title = json.loads(request.body)["data"]["post"]["content"]["title"]
            self._note((title, request.path), request.at, request.headers["webhook-id"])
        return reply

    def _mailed(self, mail: Mail) -> None:
        head = message_from_bytes(mail.data.partition(b"\r\n\r\n")[0], policy=policy.default)
        self._note((_title(str(head["subject"])), mail.recipient), mail.at, mail.message_id)

    def _note(self, key: tuple[str, Outlet], at: float, name: str) -> None:
        with self._lock:
            self._at[key].append(at)
            self._named[key].add(name)

    @contextmanager
    def load(self, pause: float = PAUSE, post: Callable[[str], object] | None = None) -> Iterator[None]:
        """A post every `pause` seconds, by its title, and again at once where it was refused, until the block ends."""
        if post is None:
            with db.transaction() as session:
                merchant_id = factories.merchant(session, "laden").id
            post = lambda title: posts.create(merchant_id, factories.event(title, days=30))  # noqa: E731 -- the usual way
        self._quiet.clear()

        def publish() -> None:
            while not self._quiet.wait(pause):
                title = f"Abend-{len(self.published) + 1}"
                while not self._quiet.is_set():
                    try:
                        post(title)
                    except Exception:  # whatever is down, the API says so and the shop tries again
                        self.refused += 1
                        self._quiet.wait(0.2)
                    else:
                        self.published[title] = clock.now().timestamp()
                        break

        thread = threading.Thread(target=publish, name="load")
        thread.start()
        try:
            yield
        finally:
            self._quiet.set()
            thread.join(60)

    def seen(self) -> Seen:
        """All arrivals so far."""
        with self._lock:
            return Seen(
                {key: list(moments) for key, moments in self._at.items()},
                {key: set(names) for key, names in self._named.items()},
            )

    def missing(self, until: float, *, everywhere: bool = False) -> int:
        """How many arrivals of posts accepted before `until` are still awaited; at spoilt outlets only if `everywhere`."""
        spoilt = frozenset[Outlet]() if everywhere else self.spoilt
        with self._lock:
            counts = Counter(title for title, outlet in self._at if outlet not in spoilt)
        wanted = len(self.outlets) - len(spoilt)
        return sum(max(0, wanted - counts[title]) for title, at in self.published.items() if at <= until)


def _title(subject: str) -> str:
    return next(
        (word.strip(":,.!?“”„") for word in subject.split() if word.strip("„“").startswith("Abend-")), ""
    )


@contextmanager
def town(database: str, **changes: Any) -> Iterator[Town]:
    """A fresh town on `sqlite` or on a `postgresql` of its own that syncs its disk."""
    with ExitStack() as parts:
        folder = Path(parts.enter_context(TemporaryDirectory(prefix="faults-", ignore_cleanup_errors=True)))
        server = parts.enter_context(OwnPostgres()) if database == "postgresql" else None
        if server is None:
            url = f"sqlite:///{folder / 'faults.sqlite'}"
            migrations.upgrade(url)
        else:
            url = server.fresh("faults")
        found = parts.enter_context(Town(folder, url, log_level="WARNING", **changes))
        found.server = server
        yield found


def pause(seconds: float) -> None:
    """Let time pass."""
    with suppress(ValueError):
        threading.Event().wait(seconds)
