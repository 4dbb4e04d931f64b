"""The demo city's life: readers sign up, merchants post, one cancels, people may sign in."""

import json
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from importlib.resources import files
from typing import Any

from syndication import clock, destinations
from syndication.accounts import people, sign_in
from syndication.audience import readers
from syndication.channels.built_in.feed.documents import CONTENT_TYPES
from syndication.channels.webhook import Webhook
from syndication.config import Settings
from syndication.destinations import DestinationRequest
from syndication.errors import Unavailable
from syndication.infra.http import Client
from syndication.publishing import api_keys, merchants
from syndication.publishing.api_keys import KeyRequest
from syndication.publishing.merchants import Application
from syndication.stack.demo_arrivals import Arrivals, Published

_START_WITHIN = 60.0
_ARRIVE_WITHIN = 60.0
#: Merchants do not all press their button in the same moment (seconds).
_BETWEEN = 0.1
_LOOK = 0.02
_ANNA, _BERT = "anna@leser.example", "bert@leser.example"


def told() -> dict[str, Any]:
    """The invented city, from its file."""
    found: dict[str, Any] = json.loads(
        (files("syndication.stack") / "demo_city.json").read_text(encoding="utf-8")
    )
    return found


class Life:
    """Seen from outside: it speaks to the service only as its users do. `look` is called many times a second meanwhile."""

    def __init__(self, cfg: Settings, came: Arrivals, look: Callable[[], None]) -> None:
        self._cfg, self._came, self._look = cfg, came, look
        self._http = Client(timeout=15, allow_private=True, most_read=2_000_000)
        self._pause = threading.Event()
        self._told = told()
        #: Slug of each merchant → its API key.
        self.keys: dict[str, str] = {}

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

    def settle(self) -> None:
        """Merchants, whoever may sign in, a webhook, and two readers."""
        for one in self._told["merchants"]:
            merchant = merchants.create(Application(email=f"{one['slug']}@haendler.example", **one))
            self.keys[merchant.slug] = api_keys.create(merchant.id, KeyRequest(name="demo")).text
        for one in self._told["people"]:
            people.add(one["email"], name=one["name"], role=one.get("role"))
            if slug := one.get("merchant"):
                people.join(one["email"], slug, "owner")
        self._webhook()
        self._came.gatherer = _BERT
        for address, cadence in (
            (_ANNA, "instantly"),
            (_BERT, f"daily {clock.now() + timedelta(hours=12):%H:%M}"),
        ):
            self._reader(address, cadence)

    def links(self) -> list[tuple[str, str, str]]:
        """Who may sign in: what they are, their mail address, a new link."""
        names = {one["slug"]: one["name"] for one in self._told["merchants"]}
        found = []
        for one in self._told["people"]:
            role = f"owner of {names[one['merchant']]}" if "merchant" in one else one["role"]
            found.append((f"{one['name']}, {role}", one["email"], sign_in.link(one["email"])[0]))
        return found

    def publish(self) -> None:
        """All posts, one after another."""
        for one in self._told["posts"]:
            answer = self._call("POST", "/api/v1/posts", post_of(one, self._cfg), self.keys[one["merchant"]])
            post = Published(answer["id"], one["title"], clock.now().timestamp())
            self._came.posts[post.id] = post
            self._until(lambda: False, _BETWEEN)

    def gather(self) -> None:
        """Wait until all of them arrived everywhere; the daily reader asks for what gathered."""
        came, newest = self._came, list(self._came.posts.values())[-1]
        for form in CONTENT_TYPES:
            self._until(lambda form=form: self._stands(form, newest), _ARRIVE_WITHIN)  # type: ignore[misc]  # bound now
        self._until(lambda: len(came.webhook) >= len(came.posts), _ARRIVE_WITHIN)
        self._hurry(_BERT)
        self._until(lambda: len(came.instant) >= len(came.posts) and bool(came.digest), _ARRIVE_WITHIN)

    def cancel(self) -> None:
        """One event is cancelled; wait until all who were told of it know."""
        one = next(one for one in self._told["posts"] if one["title"] == self._told["cancelled"])
        post = next(post for post in self._came.posts.values() if post.title == one["title"])
        body = post_of(one, self._cfg) | {"status": "cancelled"}
        self._call("PUT", f"/api/v1/posts/{post.id}", body, self.keys[one["merchant"]])
        self._came.cancelled = Published(post.id, post.title, clock.now().timestamp())
        self._until(lambda: len(self._came.corrections) >= 3, _ARRIVE_WITHIN)

    def _webhook(self) -> None:
        hooks = self._came.hooks
        made = destinations.create(
            None,
            DestinationRequest(
                channel=Webhook.kind, name="Tourist board", settings={"url": hooks.url("/board")}
            ),
        )
        hooks.secrets["/board"] = str(made.secrets["secret"])

    def _reader(self, email: str, cadence: str) -> None:
        """Sign up, read the letter, press its button."""
        self._came.asked[email] = clock.now().timestamp()
        wanted = {"email": email, "language": "de", "cadence": cadence, "wording": "Demo"}
        self._call("POST", "/api/v1/readers", wanted)
        if not self._until(lambda: email in self._came.letters, _ARRIVE_WITHIN):
            raise Unavailable(f"No letter came for {email}; the demo's log says why.")
        self._call("POST", f"/api/v1/readers/{self._came.letters[email]}/confirm")

    def _hurry(self, email: str) -> None:
        """A daily reader wants to hear at once from now on: one last edition tells what has gathered, today's digest."""
        self._came.asked[email] = clock.now().timestamp()
        wanted = {"language": "de", "interest": {}, "cadence": "instantly"}
        self._call("PUT", f"/api/v1/readers/{readers.token_for(email)}", wanted)

    def _stands(self, form: str, post: Published) -> bool:
        answer = self._http.request("GET", f"{self._cfg.base_url}/feeds/all.{form}")
        if answer.status != 200 or post.title.encode() not in answer.body:
            return False
        self._came.stands(form, post, clock.now().timestamp())
        return True

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
            self._look()
            if clock.monotonic() > deadline:
                return False
            self._pause.wait(_LOOK)
        self._look()
        return True


def post_of(one: dict[str, Any], cfg: Settings) -> dict[str, Any]:
    """A post of the demo's file as the API takes it: days from now become dates."""
    today = clock.now().astimezone(cfg.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return {name: _dated(value, today) for name, value in one.items() if name != "merchant"}


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
