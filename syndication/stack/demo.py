"""The demo: an invented city on real parts. Posts go in through the API; a table shows what arrived where, and when."""

import json
import re
import secrets
import shutil
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from syndication import clock, destinations
from syndication.audience import readers
from syndication.channels.built_in.feed.documents import CONTENT_TYPES
from syndication.channels.webhook import Webhook
from syndication.config import Settings, as_environment, use
from syndication.destinations import DestinationRequest
from syndication.errors import Unavailable
from syndication.infra import db, logs
from syndication.infra.http import Client
from syndication.infra.signing import new_vapid_keys
from syndication.publishing import api_keys, merchants
from syndication.publishing.api_keys import KeyRequest
from syndication.publishing.merchants import Application
from syndication.stack import up
from syndication.stack.demo_table import Arrivals, show
from syndication.stack.mail_sink import MailSink
from syndication.stack.receiver import Receiver

#: Marks a folder as ours, which may be emptied.
_MARK = "this folder belongs to the demo"
_START_WITHIN = 60.0
_ARRIVE_WITHIN = 60.0
#: Merchants do not all press their button in the same moment (seconds).
_BETWEEN = 0.25


def run(*, port: int, once: bool, folder: Path) -> int:
    """Run the demo city; returns 0, or 1 where an outlet got nothing. Serves until Ctrl-C unless `once`."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    _free(port)
    _empty(folder)
    try:
        return _run(port, once, folder)
    except KeyboardInterrupt:
        _say("Ended before all was shown.")
        return 130


def _run(port: int, once: bool, folder: Path) -> int:
    logs.configure("WARNING", "text")
    with ExitStack() as open_parts:
        mail = open_parts.enter_context(MailSink(folder=folder / "mails"))
        hooks = open_parts.enter_context(Receiver())
        cfg = _settings(port, folder, mail, hooks)
        log = open_parts.enter_context((folder / "demo.log").open("w", encoding="utf-8"))
        supervisor = open_parts.enter_context(
            up.running(cfg, "127.0.0.1", port, as_environment(cfg), _to(log))
        )
        _say(f"Starting {cfg.city_name} on {cfg.base_url} (log: {folder / 'demo.log'}) …")
        city = _City(cfg, mail, hooks)
        city.await_ready(supervisor.tend)
        complete = show(city.play(), cfg, folder)
        if not once:
            _invite(cfg, *city.a_key)
            _serve(supervisor.watch, cfg)
    return 0 if complete else 1


def _interrupt(*_: object) -> None:
    # A second Ctrl-C would cut the closing short and leave processes behind.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    _say("\nClosing …")
    raise KeyboardInterrupt


def _invite(cfg: Settings, slug: str, key: str) -> None:
    """Say how to post something oneself, and where it will stand."""
    post = _post(_told()["yours"], cfg)
    _say(f"\nPost something yourself, as {slug} (API key {key}):\n")
    _say(f"  curl {cfg.base_url}/api/v1/posts -H 'Authorization: Bearer {key}' \\")
    _say(f"    -H 'Content-Type: application/json' -d '{json.dumps(post, ensure_ascii=False)}'\n")
    _say(
        f"Then look: {cfg.base_url}/ and {', '.join(f'{cfg.base_url}/feeds/all.{one}' for one in CONTENT_TYPES)}"
    )


def _serve(watch: Callable[[threading.Event], None], cfg: Settings) -> None:
    _say(f"\n{cfg.city_name} is open at {cfg.base_url} – Ctrl-C ends it.")
    with suppress(KeyboardInterrupt):
        watch(threading.Event())


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 -- the demo talks to a person


def _free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise Unavailable(f"Port {port} is taken. Choose another: PORT={port + 1} make demo") from error


def _empty(folder: Path) -> None:
    mark = folder / ".demo"
    if folder.exists() and any(folder.iterdir()) and not mark.exists():
        raise Unavailable(f"{folder} holds something that is not the demo's. Choose another folder.")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    mark.write_text(_MARK, encoding="utf-8")


def _settings(port: int, folder: Path, mail: MailSink, hooks: Receiver) -> Settings:
    told = _told()
    return Settings(
        city_name=told["city"],
        imprint=told["imprint"],
        base_url=f"http://127.0.0.1:{port}",
        data_dir=folder.absolute(),
        secret_keys=(SecretStr(secrets.token_urlsafe(36)),),
        smtp_host="127.0.0.1",
        smtp_port=mail.port,
        smtp_security="none",
        mail_from="neues@rosenau.example",
        websub_hub=hooks.url("/hub"),
        vapid_key=SecretStr(new_vapid_keys()[0]),
        feed_max_age=0,
        instant_window=3,
        allow_private_addresses=True,
        database_url="",
        broker_url="",
    )


def _to(log: Any) -> Callable[[str, str], None]:
    def say(name: str, line: str) -> None:
        log.write(f"{name:<6}| {line}\n")
        log.flush()

    return say


def _told() -> dict[str, Any]:
    text = (files("syndication.stack") / "demo_city.json").read_text(encoding="utf-8")
    told: dict[str, Any] = json.loads(text)
    return told


@dataclass(frozen=True)
class _Published:
    """A post as the API took it; `at` in seconds since 1970."""

    id: str
    title: str
    at: float


class _City:
    """The demo city's life, seen from outside: it speaks to the service only as its users do."""

    def __init__(self, cfg: Settings, mail: MailSink, hooks: Receiver) -> None:
        self._cfg, self._mail, self._hooks = cfg, mail, hooks
        self._http = Client(timeout=15, allow_private=True, most_read=2_000_000)
        self._pause = threading.Event()
        self._told = _told()
        self._begun = clock.now().timestamp()
        self._moments: dict[str, float] = {}
        #: When the daily reader's newsletter is due.
        self._slot: datetime | None = None
        self._titles: dict[str, str] = {}
        self._heard = [0, 0]
        self.a_key = ("", "")

    def await_ready(self, tend: Callable[[], None]) -> None:
        """Wait until the web process answers. Raises Unavailable."""

        def ready() -> bool:
            tend()
            try:
                return self._http.request("GET", f"{self._cfg.base_url}/readyz").status == 200
            except Exception:
                return False

        if not self._until(ready, _START_WITHIN):
            raise Unavailable("The demo did not start; its log says why.")

    def play(self) -> Arrivals:
        """Readers subscribe, merchants post, one event is cancelled; returns what arrived, and says so as it comes."""
        use(self._cfg)
        db.connect(self._cfg.resolved_database_url)
        made = self._merchants()
        self.a_key = next(iter(made.items()))
        self._webhook()
        self._reader("anna@leser.example", "instantly")
        self._reader("bert@leser.example", f"daily {clock.now() + timedelta(hours=12):%H:%M}")
        posts = []
        for told in self._told["posts"]:
            posts.append(self._publish(made[told["merchant"]], told))
            self._until(lambda: False, _BETWEEN)
        _say(f"{len(posts)} posts are published.")
        # Asked for now, so that the minute it waits for passes while all else arrives.
        self._slot = self._soon("bert@leser.example")
        arrivals = Arrivals(slot=self._slot)
        self._gather(arrivals, posts)
        self._cancel(arrivals, made, posts)
        self._await_edition(arrivals)
        return arrivals

    # Who takes part

    def _merchants(self) -> dict[str, str]:
        """Slug → API key."""
        found = {}
        for told in self._told["merchants"]:
            merchant = merchants.create(Application(email=f"{told['slug']}@haendler.example", **told))
            found[merchant.slug] = api_keys.create(merchant.id, KeyRequest(name="demo")).text
        return found

    def _webhook(self) -> None:
        made = destinations.create(
            None,
            DestinationRequest(
                channel=Webhook.kind, name="Tourist board", settings={"url": self._hooks.url("/board")}
            ),
        )
        self._hooks.secrets["/board"] = str(made.secrets["secret"])

    def _reader(self, email: str, cadence: str) -> None:
        """Sign up, read the letter, press its button."""
        wanted = {
            "email": email,
            "language": "de",
            "cadence": cadence,
            "wording": "Demo",
        }
        self._call("POST", "/api/v1/readers", wanted)
        letter = self._await_mail(email, "bestätigen")
        link = re.search(r"/confirm/([\w.-]+)", letter)
        assert link is not None
        self._call("POST", f"/api/v1/readers/{link.group(1)}/confirm")

    def _await_mail(self, recipient: str, word: str) -> str:
        found: list[str] = []

        def came() -> bool:
            for mail in self._mail.mails:
                if mail.recipient == recipient and word in str(mail.message["Subject"]).lower():
                    found.append(mail.text)
            return bool(found)

        if not self._until(came, _ARRIVE_WITHIN):
            raise Unavailable(f"No letter came for {recipient}; the demo's log says why.")
        return found[-1]

    # What they do

    def _publish(self, key: str, told: dict[str, Any]) -> _Published:
        answer = self._call("POST", "/api/v1/posts", _post(told, self._cfg), key)
        post = _Published(answer["id"], told["title"], clock.now().timestamp())
        self._moments[post.title], self._titles[post.id] = post.at, post.title
        return post

    def _cancel(self, arrivals: Arrivals, made: dict[str, str], posts: list[_Published]) -> None:
        told = next(one for one in self._told["posts"] if one["title"] == self._told["cancelled"])
        post = next(one for one in posts if one.title == told["title"])
        body = _post(told, self._cfg) | {"status": "cancelled"}
        self._call("PUT", f"/api/v1/posts/{post.id}", body, made[told["merchant"]])
        at = self._moments[told["title"]] = clock.now().timestamp()
        arrivals.cancelled = told["title"]

        def came() -> bool:
            mails = [
                one for one in self._mail.mails if f"Abgesagt: {told['title']}" == str(one.message["Subject"])
            ]
            hooks = [
                one
                for one in self._hooks.requests
                if b'"post.revised"' in one.body and post.id.encode() in one.body
            ]
            arrivals.corrections = [
                (arrived - at) * 1000 for arrived in [one.at for one in mails] + [one.at for one in hooks]
            ]
            return bool(mails) and bool(hooks)

        if self._until(came, _ARRIVE_WITHIN):
            _say(f"“{told['title']}” is cancelled, and a mail and a webhook say so.")

    # What arrives

    def _gather(self, arrivals: Arrivals, posts: list[_Published]) -> None:
        published = {post.id: post.at for post in posts}
        by_title = {post.title: post.at for post in posts}

        def came() -> bool:
            hooks = [
                one
                for one in self._hooks.requests
                if one.path == "/board" and b'"post.published"' in one.body
            ]
            arrivals.unverified = sum(not one.verified for one in hooks)
            arrivals.webhook = [
                (one.at - published[json.loads(one.body)["data"]["post"]["id"]]) * 1000 for one in hooks
            ]
            mails = [one for one in self._mail.mails if one.recipient.startswith("anna")]
            told = [(one.at, one.text) for one in mails]
            arrivals.mails = len(mails) - 1  # without the letter that asked to confirm
            arrivals.instant = [
                (min(found) - at) * 1000
                for title, at in by_title.items()
                if (found := [came for came, text in told if title in text])
            ]
            return len(arrivals.webhook) >= len(posts) and len(arrivals.instant) >= len(posts)

        newest = max(posts, key=lambda post: post.at)
        for form in CONTENT_TYPES:
            self._until(lambda form=form: self._stands(form, newest, arrivals), _ARRIVE_WITHIN)  # type: ignore[misc]  # bound now
        _say(f"They stand in {len(arrivals.feeds)} of {len(CONTENT_TYPES)} feeds.")
        self._until(came, _ARRIVE_WITHIN)
        _say(
            f"{len(arrivals.webhook)} webhooks told of them at once, and {arrivals.mails} mail{'s' * (arrivals.mails != 1)} of"
            f" {len(arrivals.instant)}, gathered for {self._cfg.instant_window:.0f} s each."
        )
        arrivals.pings = [one.at for one in self._hooks.requests if one.path == "/hub"]
        arrivals.expected = len(posts)

    def _stands(self, form: str, post: _Published, arrivals: Arrivals) -> bool:
        answer = self._http.request("GET", f"{self._cfg.base_url}/feeds/all.{form}")
        if answer.status != 200 or post.title.encode() not in answer.body:
            return False
        now = clock.now().timestamp()
        arrivals.feeds[form] = (now - post.at) * 1000
        self._line(f"feed, {form}", post.title, now)
        return True

    def _await_edition(self, arrivals: Arrivals) -> None:
        def came() -> bool:
            found = [
                one
                for one in self._mail.mails
                if one.recipient.startswith("bert") and str(one.message["Subject"]).startswith("Neues aus")
            ]
            arrivals.digest = [(one.at - arrivals.slot.timestamp()) * 1000 for one in found]
            return bool(found)

        wait = max(0.0, (arrivals.slot - clock.now()).total_seconds())
        if wait > 1:
            _say(f"Last comes the daily newsletter, in {wait:.0f} s at {arrivals.slot:%H:%M} …")
        self._until(came, wait + _ARRIVE_WITHIN)

    def _soon(self, email: str) -> datetime:
        """The next full minute, at which this reader wants the daily newsletter from now on."""
        for _ in range(2):
            slot = clock.now().astimezone(self._cfg.zone) + timedelta(seconds=62)
            slot = slot.replace(second=0, microsecond=0)
            wanted = {"language": "de", "interest": {}, "cadence": f"daily {slot:%H:%M}"}
            planned = self._call("PUT", f"/api/v1/readers/{readers.token_for(email)}", wanted)["next_slot_at"]
            if datetime.fromisoformat(planned) == slot:  # else it passed while the answer came
                break
        return slot

    def _call(self, method: str, path: str, body: Any = None, key: str = "") -> dict[str, Any]:
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
        data = b"" if body is None else json.dumps(body).encode()
        answer = self._http.request(method, self._cfg.base_url + path, headers=headers, body=data)
        if answer.status >= 400:
            raise Unavailable(
                f"{method} {path} answered {answer.status}: {answer.body.decode('utf-8', 'replace')}"
            )
        found: dict[str, Any] = json.loads(answer.body or b"{}")
        return found

    def _until(self, true: Callable[[], bool], seconds: float) -> bool:
        deadline = clock.monotonic() + seconds
        while not true():
            self._tell()
            if clock.monotonic() > deadline:
                return False
            self._pause.wait(0.02)
        self._tell()
        return True

    def _tell(self) -> None:
        """A line for whatever came since the last time."""
        mails, hooks = self._mail.mails[self._heard[0] :], self._hooks.requests[self._heard[1] :]
        self._heard = [self._heard[0] + len(mails), self._heard[1] + len(hooks)]
        for mail in mails:
            reader, subject = mail.recipient.partition("@")[0], str(mail.message["Subject"])
            daily = reader == "bert" and subject.startswith("Neues aus")
            due = self._slot.timestamp() if daily and self._slot else None
            self._line(f"mail to {reader}", subject, mail.at, due)
        for hook in hooks:
            if hook.path == "/board":
                event = json.loads(hook.body)
                title = self._titles.get(event["data"]["post"]["id"], "a post")
                self._line(
                    "webhook", title + ("" if event["type"] == "post.published" else " (changed)"), hook.at
                )

    def _line(self, outlet: str, what: str, at: float, due: float | None = None) -> None:
        """What arrived, and how many seconds after it was published or changed, or was due."""
        named = (moment for name, moment in self._moments.items() if name in what)
        since = next(named, self._begun) if due is None else due
        _say(f"{max(0.0, at - since):6.1f} s  {outlet:<14} {what}")


def _post(told: dict[str, Any], cfg: Settings) -> dict[str, Any]:
    """A post of the demo's file as the API takes it: days from now become dates."""
    today = clock.now().astimezone(cfg.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return {name: _dated(value, today) for name, value in told.items() if name != "merchant"}


def _dated(value: Any, today: datetime) -> Any:
    """`{"in_days": 3, "at": "19:00"}` as that moment, `{"in_days": 3}` as that date, wherever it stands in a value."""
    if isinstance(value, list):
        return [_dated(one, today) for one in value]
    if not isinstance(value, dict):
        return value
    if "in_days" not in value:
        return {name: _dated(one, today) for name, one in value.items()}
    day = today + timedelta(days=value["in_days"])
    if "at" not in value:
        return day.date().isoformat()
    hour, minute = map(int, value["at"].split(":"))
    return day.replace(hour=hour, minute=minute).isoformat()
