"""Every page of the service, also those that answer a form, for tests of what must hold for all of them."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

from starlette.testclient import TestClient

from syndication import clock
from syndication.audience import readers
from syndication.infra import db
from syndication.kinds import KINDS
from syndication.kinds.reading import draft
from syndication.publishing import posts
from tests import factories
from tests.web.conftest import Party, admitted
from tests.web.test_site import letters

BROWSER = {"Accept": "text/html"}
#: What strangers type and merchants post at its worst.
HOSTILE = "<b>&amp;\"'></b> \U0001f98a\ufffe\x85 --> ]]>"


def form(client: TestClient) -> dict[str, Any]:
    """A form that is accepted, with a stamp of its own."""
    found = re.search(r'name="stamp" value="([^"]+)"', client.get("/").text)
    assert found
    clock.travel(timedelta(seconds=3))
    return {"email": "anna@example.org", "stamp": found[1], "kinds": "event", "rhythm": "daily", "hour": "9"}


def every_page(client: TestClient) -> Iterator[tuple[str, Any]]:
    """What each is, and the answer; in German where nothing else is said."""

    def ask(method: str, path: str, **more: Any) -> tuple[str, Any]:
        headers = {**BROWSER, "Accept-Language": "de", **more.pop("headers", {})}
        answer = client.request(method, path, headers=headers, follow_redirects=False, **more)
        return f"{method} {path.partition('?')[0]}: {answer.status_code}", answer

    cafe, shown = admitted(client, "cafe", name='Café "Zur <Post>"'), _posts()
    for path in (
        "/",
        "/?x=1&y=%26",
        "/sign-up",
        "/sign-up/asked",
        "/notices",
        "/nothing",
        "/posts/x",
        "/feeds/none.rss",
    ):
        yield ask("GET", path)
    for one in shown:
        yield ask("GET", f"/posts/{one}")
    report = f"/posts/{shown[0]}/report"
    yield ask("GET", report)
    yield ask("GET", "/reported")
    stamp = form(client)["stamp"]
    for typed in (
        {},
        {"explanation": HOSTILE, "name": HOSTILE, "email": HOSTILE},
        {"children": "1", "agreed": "1"},
    ):
        yield ask("POST", report, data={"stamp": stamp, **typed})
    good = form(client)
    for wrong in ({"email": "anna@"}, {"email": HOSTILE}, {"topics": ["!", "musik"], "hour": "25"}, {"rhythm": "x"},
                  {"email": ""}, {"kinds": "party", "email": "@"}):  # fmt: skip
        yield ask("POST", "/sign-up", data=good | wrong)
    yield ask("POST", "/sign-up", data=good)
    yield ask(
        "POST",
        "/sign-up",
        content=b"a=1&" * 600,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    yield ask("DELETE", "/")
    yield ask("POST", "/sign-up", files={"topics": ("a.txt", b"x")})
    yield from _of_a_reader(ask)
    yield from _of_an_owner(ask, cafe)


def _of_a_reader(ask: Any) -> Iterator[tuple[str, Any]]:
    token = letters()[-1]["token"]
    for method in ("GET", "POST", "GET"):
        yield ask(method, f"/confirm/{token}")
    own = readers.token_for("anna@example.org")
    yield ask("GET", f"/preferences/{own}")
    for data in (
        {"rhythm": "daily", "hour": "9"},
        {"hour": "99", "topics": "!", "language": "fr"},
        {"rhythm": "instantly"},
    ):
        yield ask("POST", f"/preferences/{own}", data=data)
    for method in ("GET", "POST", "GET"):
        yield ask(method, f"/leave/{own}")
    for path in ("/confirm/x", "/preferences/x", "/leave/x"):
        yield ask("GET", path)
        yield ask("POST", path)


def _of_an_owner(ask: Any, cafe: Party) -> Iterator[tuple[str, Any]]:
    for kind in ("telegram", "discord", "matrix", "slack", "mastodon"):
        wanted = {"channel": kind, "name": "Unser Kanal", "settings": {}}
        link = cafe("POST", "/destinations/connect", json=wanted)
        assert link.status_code == 200, link.text
        path = "/connect/" + link.json()["url"].rpartition("/connect/")[2].partition("?")[0]
        yield ask("GET", path)
        yield ask("POST", path, data={"chat": HOSTILE})
    yield ask("GET", "/connect/x")
    yield ask("GET", "/connect/back")
    yield ask("GET", "/connect/done/telegram")


def _posts() -> list[UUID]:
    with db.transaction() as session:
        merchant = factories.merchant(
            session, "museum", name="Museum <am Markt>", url="https://museum.example/?a=1&b=2"
        ).id
    picture = {"url": "https://museum.example/a.jpg", "alt": 'Ein "Bild" <b>'}
    series = {
        "recurrence": "FREQ=WEEKLY;COUNT=5",
        "body": "# Eins\n\n* zwei\n\n| a | b |\n|---|---|\n| c | d |",
    }
    hostile: dict[str, Any] = {
        "title": 'Abend & "Wein" <b>',
        "url": "https://a.example/?x=1&y=<",
        "images": [picture],
    }
    drafts = [
        factories.event(**hostile, summary="> Satz", topics=["Musik"]),
        factories.event(**series),
        factories.event(
            status="cancelled", body=HOSTILE.replace("\x85", ""), place={"name": "Hof", "address": "Markt 1"}
        ),
        *(draft(dict(kind.example[1])) for kind in KINDS),
    ]
    made = [posts.create(merchant, one).id for one in drafts]
    gone = posts.create(merchant, factories.event(title="Fort")).id
    posts.withdraw(merchant, gone)
    return [*made, gone]
