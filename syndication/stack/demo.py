"""The demo: an invented city on real parts. Posts go in through the API; a table shows what arrived where, and when."""

import json
import secrets
import shutil
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from syndication.channels.built_in.feed.documents import CONTENT_TYPES
from syndication.config import Settings, as_environment, use
from syndication.errors import Unavailable
from syndication.infra import db, logs
from syndication.infra.signing import new_vapid_keys
from syndication.stack import up
from syndication.stack.demo_arrivals import Arrivals
from syndication.stack.demo_life import Life, post_of, told
from syndication.stack.demo_screen import Screen
from syndication.stack.demo_table import complete
from syndication.stack.mail_sink import MailSink
from syndication.stack.receiver import Receiver

#: Marks a folder as ours, which may be emptied.
_MARK = "this folder belongs to the demo"
#: How often (seconds) it is looked whether something arrived, once all is shown.
_LOOK = 0.2


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
        came, expected = Arrivals(mail, hooks), len(told()["posts"])
        screen = Screen(cfg, folder, came, expected)
        life = Life(cfg, came, screen.look)
        screen.say(f"Starting {cfg.city_name} on {cfg.base_url} (log: {folder / 'demo.log'}) …")
        # Killed at the end: nobody comes back to an invented city, and a kill loses nothing anyway.
        supervisor = open_parts.enter_context(
            up.running(cfg, "127.0.0.1", port, as_environment(cfg), _to(log), gently=False)
        )
        life.await_ready(supervisor.tend)
        _play(cfg, life, came, screen)
        if not once:
            _invite(cfg, life, screen)
            _serve(supervisor.tend, screen, cfg)
    return 0 if complete(came, expected) else 1


def _play(cfg: Settings, life: Life, came: Arrivals, screen: Screen) -> None:
    use(cfg)
    db.connect(cfg.resolved_database_url)
    life.settle()
    with screen.table():
        life.publish()
        screen.say(f"{len(came.posts)} posts are published.")
        life.gather()
        screen.say(
            f"{len(came.webhook)} webhooks told of them at once, and {came.mails} mail{'s' * (came.mails != 1)} of"
            f" {len(came.instant)}, gathered for {cfg.instant_window:.0f} s each."
        )
        life.cancel()


def _interrupt(*_: object) -> None:
    # A second Ctrl-C would cut the closing short and leave processes behind.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    _say("\nClosing …")
    raise KeyboardInterrupt


def _invite(cfg: Settings, life: Life, screen: Screen) -> None:
    """Say how to sign in and how to post something oneself, and where it will stand."""
    links = life.links()
    screen.say("\nSign in, by a link that works once, for fifteen minutes:\n")
    for who, _, link in links:
        screen.say(f"  {who}: {link}")
    addresses = " or ".join(address for _, address, _ in links)
    screen.say(
        f"\nAnother link: ask for one at {cfg.base_url}/sign-in as {addresses}; its mail is shown here."
    )
    slug, key = next(iter(life.keys.items()))
    post = json.dumps(post_of(told()["yours"], cfg), ensure_ascii=False)
    screen.say(f"\nPost something yourself, as {slug} (API key {key}):\n")
    screen.say(f"  curl {cfg.base_url}/api/v1/posts -H 'Authorization: Bearer {key}' \\")
    screen.say(f"    -H 'Content-Type: application/json' -d '{post}'\n")
    feeds = ", ".join(f"{cfg.base_url}/feeds/all.{one}" for one in CONTENT_TYPES)
    screen.say(f"Then look: {cfg.base_url}/ and {feeds}")


def _serve(tend: Callable[[], None], screen: Screen, cfg: Settings) -> None:
    """Stay open, and go on saying what arrives."""
    screen.say(f"\n{cfg.city_name} is open at {cfg.base_url} – Ctrl-C ends it.")
    pause = threading.Event()
    with suppress(KeyboardInterrupt):
        while not pause.wait(_LOOK):
            tend()
            screen.look()


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
    invented = told()
    return Settings(
        city_name=invented["city"],
        imprint=invented["imprint"],
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
