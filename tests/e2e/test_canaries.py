"""No secret of the city, of an outlet or of a caller stands anywhere it could be read: files, logs, broker, metrics, lists."""

import base64
import hashlib
import json
from pathlib import Path

from typer.testing import CliRunner

from syndication import config
from syndication.cli import app
from syndication.infra import db
from syndication.infra.http import Client
from syndication.publishing import api_keys
from syndication.publishing.api_keys import KeyRequest
from syndication.stack.receiver import Reply, Request
from tests import factories
from tests.e2e.city import City
from tests.web.serving import served

#: The city's key, an app's secret at a network, an outlet's signing secret, another's header.
CITY_KEY = "canary-of-the-citys-key-0123456789abcdef"
APP_SECRET = "canary-of-an-app-at-a-network"
SIGNING = base64.b64encode(hashlib.sha256(b"canary of a signing secret").digest()).decode()
TOKEN = "canary-of-a-token-at-a-network"


def echo(request: Request) -> Reply:
    """A server that refuses, and repeats all it was sent."""
    lines = [f"{request.method} {request.path}", *(f"{n}: {v}" for n, v in request.headers.items())]
    return Reply(500, {"content-type": "text/plain"}, "\n".join(lines).encode() + request.body)


def everything(city: City, told: list[str]) -> dict[str, bytes]:
    """All that is kept and said, by where."""
    files = {path.name: path.read_bytes() for path in city.folder.rglob("*") if path.is_file()}
    client = city.broker.client()
    kept = {f"redis {key!r}": client.dump(key) or b"" for key in client.scan_iter()}
    commands = (
        ("deliveries",),
        ("destinations",),
        ("dead-letters",),
        ("merchants",),
        ("keys",),
        ("settings",),
        ("doctor",),
    )
    listed = {}
    for command in commands:
        for more in ((), ("--json",)):
            config.use(city.cfg)
            listed[" ".join((*command, *more))] = CliRunner().invoke(app, [*command, *more]).output.encode()
    db.connect(city.database_url)
    return {
        **files,
        **kept,
        **listed,
        **{f"answer {number}": one.encode() for number, one in enumerate(told)},
    }


def test_no_secret_can_be_read_anywhere(tmp_path: Path) -> None:
    from syndication import migrations

    url = f"sqlite:///{tmp_path}/city.sqlite"
    migrations.upgrade(url)
    apps = json.dumps({"meta": {"id": "1", "secret": APP_SECRET}})
    with City(tmp_path, url, secret_keys=(CITY_KEY,), oauth_clients=apps, log_level="DEBUG") as city:
        city.hooks.answer = echo
        with db.transaction() as session:
            factories.reader(session)
            cafe = factories.merchant(session, "cafe").id
        key = api_keys.create(cafe, KeyRequest(name="shop")).text
        told: list[str] = []
        http = Client(timeout=10, allow_private=True, most_read=200_000)
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        with served(city.cfg) as base:

            def call(method: str, path: str, body: object = None) -> None:
                data = json.dumps(body).encode() if body is not None else b""
                answer = http.request(method, base + path, headers=headers, body=data)
                told.append(f"{answer.status} {answer.body.decode()}")

            outlet = {"interest": {}, "name": "x"}
            hook = {"url": city.hooks.url("/hook"), "secret": f"whsec_{SIGNING}"}
            social = {"server": city.hooks.url(""), "access_token": TOKEN}
            call("POST", "/api/v1/destinations", {**outlet, "channel": "webhook", "settings": hook})
            call("POST", "/api/v1/destinations", {**outlet, "channel": "mastodon", "settings": social})
            wrong = {**social, "server": 7, "more": TOKEN}
            call("POST", "/api/v1/destinations", {**outlet, "channel": "mastodon", "settings": wrong})
            assert [one[:3] for one in told] == ["201", "201", "422"], told
            city.start()
            call("POST", "/api/v1/posts", factories.event().model_dump(mode="json", exclude_unset=True))
            city.await_that(lambda: len(city.hooks.requests) >= 2, seconds=40, what="two tries")
            for path in (
                "/api/v1/destinations",
                "/api/v1/deliveries",
                "/api/v1/posts",
                "/metrics",
                "/readyz",
                "/nowhere",
            ):
                call("GET", path)
        http.close()
        found = everything(city, told)
    secrets = {CITY_KEY, APP_SECRET, SIGNING, TOKEN, key, key.split("_", 2)[2]}
    heard = city.hooks.requests
    assert any(TOKEN in request.headers.get("authorization", "") for request in heard), "the token was in use"
    for where, known in {
        "city.sqlite-wal": b"Weinabend",
        "rest.log": b"delivery",
        "answer 0": b"secret",
        "keys": b"shop",
    }.items():
        assert known in found[where], f"what is looked at in {where} is what was written"
    shown = [
        f"{where}: {secret}" for where, held in found.items() for secret in secrets if secret.encode() in held
    ]
    assert shown == []
