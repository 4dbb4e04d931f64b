"""Who gets what: every route of the API against nobody, the merchant it belongs to, another merchant, and the city."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi.routing import iter_route_contexts
from starlette.testclient import TestClient

from syndication import clock
from syndication.infra import db
from syndication.infra.signing import Tokens
from syndication.models import Attempt, Delivery
from syndication.publishing import api_keys, merchants
from syndication.publishing.api_keys import MERCHANT_SCOPES, KeyRequest
from syndication.web.app import create_app
from tests import factories
from tests.conftest import settings_for
from tests.web.conftest import Party, admitted

pytestmark = pytest.mark.enough(
    "sqlite"
)  # keys and rules; test_api_posts.py and its neighbours have the queries, on both


@dataclass(frozen=True)
class Rule:
    """What a route answers to whom; `scope` is what a key must hold, empty where any key will do."""

    scope: str
    owner: int
    other: int
    city: int
    body: Any = None


def own(scope: str, ok: int = 200, body: Any = None, city: int | None = None) -> Rule:
    """For the merchant it belongs to and for the city; for others it is not there."""
    return Rule(scope, ok, 404, city or ok, body)


def everybody(scope: str, ok: int = 200, body: Any = None, city: int | None = None) -> Rule:
    """For whoever has a key; each sees its own."""
    return Rule(scope, ok, ok, city or ok, body)


def town_hall(ok: int = 200, body: Any = None) -> Rule:
    """For the city alone."""
    return Rule("operator", 403, 403, ok, body)


POST = {"kind": "offer", "title": "Kaffee"}
IN_A_MONTH = f"{clock.now() + timedelta(days=30):%Y-%m-%d}"
HOOK = {"channel": "webhook", "name": "hook", "settings": {"url": "http://127.0.0.1:9/hook"}}
MASTODON = {"channel": "mastodon", "name": "account"}
RULES: dict[tuple[str, str], Rule] = {
    # A key of the city must say whose post it is.
    ("POST", "/posts"): everybody("posts:write", 201, POST, city=422),
    ("GET", "/posts"): everybody("posts:read"),
    ("GET", "/posts/{post_id}"): own("posts:read"),
    ("PUT", "/posts/{post_id}"): own("posts:write", body=POST),
    ("PATCH", "/posts/{post_id}"): own("posts:write", body={"title": "new"}),
    ("DELETE", "/posts/{post_id}"): own("posts:write"),
    ("GET", "/posts/{post_id}/deliveries"): own("deliveries:read"),
    # Past the door, JSON is no picture; tests/web/test_pictures.py sends real ones.
    ("POST", "/pictures"): everybody("posts:write", 415, POST),
    ("POST", "/series"): own("posts:write", 201, {}),
    ("GET", "/series"): everybody("posts:read"),
    ("GET", "/series/{series_id}"): own("posts:read"),
    ("PATCH", "/series/{series_id}"): own("posts:write", body={"closed": None}),
    # The city comes second here: it goes on in another way already.
    ("POST", "/series/{series_id}/successor"): own("posts:write", 201, {"first_on": IN_A_MONTH}, city=409),
    ("POST", "/prices/advice"): everybody("posts:write", 200, POST, city=422),
    ("POST", "/destinations"): everybody("destinations:write", 201, HOOK),
    ("GET", "/destinations"): everybody("destinations:read"),
    ("GET", "/destinations/{destination_id}"): own("destinations:read"),
    ("PATCH", "/destinations/{destination_id}"): own("destinations:write", body={"name": "new"}),
    ("DELETE", "/destinations/{destination_id}"): own("destinations:write", 204),
    ("POST", "/destinations/{destination_id}/pause"): own("destinations:write"),
    ("POST", "/destinations/{destination_id}/resume"): own("destinations:write"),
    ("POST", "/destinations/{destination_id}/rotate-secret"): own("destinations:write"),
    ("POST", "/destinations/{destination_id}/test"): own("destinations:write", 202),
    ("POST", "/destinations/{destination_id}/replay"): own(
        "destinations:write", 202, {"since": "2026-01-01T00:00:00Z", "dry_run": True}
    ),
    ("POST", "/destinations/{destination_id}/retry"): own("destinations:write", 202, {"dry_run": True}),
    ("POST", "/destinations/{destination_id}/dry-run"): own("destinations:write", body={}),
    ("POST", "/destinations/connect"): everybody("destinations:write", body=MASTODON),
    # A webhook's access is not given by logging in.
    ("POST", "/destinations/{destination_id}/connect"): own("destinations:write", 422),
    ("GET", "/destinations/links"): everybody("destinations:read"),
    ("DELETE", "/destinations/links/{link_id}"): own("destinations:write", 204),
    ("GET", "/deliveries"): everybody("deliveries:read"),
    ("GET", "/deliveries/{delivery_id}"): own("deliveries:read"),
    ("POST", "/deliveries/{delivery_id}/replay"): own("destinations:write", 202),
    ("POST", "/deliveries/{delivery_id}/retry"): own("destinations:write", 202),
    ("GET", "/channels"): everybody(""),
    ("POST", "/merchants"): town_hall(201, {"name": "New", "email": "new@shop.example"}),
    ("GET", "/merchants"): town_hall(),
    ("GET", "/merchants/{slug}"): own(""),
    ("PATCH", "/merchants/{slug}"): town_hall(body={"name": "New"}),
    ("POST", "/merchants/{slug}/admit"): town_hall(),
    ("POST", "/merchants/{slug}/suspend"): town_hall(),
    ("POST", "/merchants/{slug}/keys"): town_hall(201, {"name": "till"}),
    ("POST", "/keys"): town_hall(201, {"name": "hall"}),
    ("GET", "/keys"): town_hall(),
    ("DELETE", "/keys/{key_id}"): town_hall(),
    ("GET", "/log"): town_hall(),
}


#: For whoever holds a reader's token; keys of any kind open nothing here.
BY_TOKEN: dict[tuple[str, str], Any] = {
    ("GET", "/readers/{token}"): None,
    ("PUT", "/readers/{token}"): {"language": "de", "interest": {}, "cadence": "instantly"},
    ("DELETE", "/readers/{token}"): None,
    ("GET", "/readers/{token}/export"): None,
    ("POST", "/readers/{token}/confirm"): None,
    ("POST", "/readers/{token}/leave"): None,
}
#: For everybody: what the API looks like is no secret, and signing up does nothing before it is confirmed.
OPEN = {("GET", "/openapi.json"), ("POST", "/readers")}


def api_routes(tmp_path: Any) -> Iterator[tuple[str, str]]:
    """Method and path of every route under /api/v1, as the app itself knows them."""
    for route in iter_route_contexts(create_app(settings_for(tmp_path)).routes):
        path = str(getattr(route, "path", ""))
        if path.startswith("/api/v1/"):
            for method in set(getattr(route, "methods", ())) - {"HEAD"}:
                yield method, path.removeprefix("/api/v1").replace(":uuid}", "}")


def test_every_route_of_the_api_has_a_rule(tmp_path: Any) -> None:
    assert set(api_routes(tmp_path)) == set(RULES) | set(BY_TOKEN) | OPEN


@pytest.fixture
def things(cafe: Party) -> dict[str, Any]:
    """One of each thing that belongs to the café, by the names that paths give them."""
    assert cafe.merchant_id is not None
    destination = cafe("POST", "/destinations", json=HOOK).json()["id"]
    post = factories.post(cafe.merchant_id, factories.offer())
    with db.transaction() as session:
        now = clock.now()
        delivery = Delivery(
            key="d1", channel="webhook", queue="push", destination_id=UUID(destination), post_id=post.id,
            state="failed", created_at=now, due_at=now, reason="It said no.",
        )  # fmt: skip
        session.add(delivery)
        session.flush()
        delivery_id = delivery.id
    return {
        "post_id": post.id,
        "destination_id": destination,
        "delivery_id": delivery_id,
        "slug": "cafe",
        "link_id": cafe("POST", "/destinations/connect", json=MASTODON).json()["id"],
        "key_id": api_keys.create(cafe.merchant_id, KeyRequest(name="old")).key.id,
    }


def ready_for(path: str, things: dict[str, Any]) -> None:
    """Bring the delivery into the state that a route is about: it failed, or it waits for a further try."""
    if path == "/deliveries/{delivery_id}/retry":
        with db.transaction() as session:
            row = session.get_one(Delivery, things["delivery_id"])
            row.state, row.attempts = "waiting", 1


def weekly(cafe: Party) -> dict[str, Any]:
    """A post, and what comes every week since it."""
    assert cafe.merchant_id is not None
    quiz = str(factories.post(cafe.merchant_id, factories.evening("Kneipenquiz", days=3)).id)
    return {"quiz": quiz, "series_id": cafe("POST", "/series", json={"post": quiz}).json()["id"]}


@pytest.mark.parametrize(("method", "path"), sorted(RULES))
def test_each_party_gets_what_the_rule_says(
    method: str,
    path: str,
    things: dict[str, Any],
    client: TestClient,
    cafe: Party,
    museum: Party,
    operator: Party,
) -> None:
    ready_for(path, things)
    if path.startswith("/series"):
        things |= weekly(cafe)
    rule, where = RULES[method, path], path.format(**things)
    body = {} if rule.body is None else {"json": rule.body}
    if path.endswith("/dry-run"):
        body = {"json": {"post_id": str(things["post_id"])}}
    if path == "/series" and method == "POST":
        body = {"json": {"post": things["quiz"]}}
    nobody = client.request(method, f"/api/v1{where}", **body)
    assert nobody.status_code == 401
    assert nobody.headers["WWW-Authenticate"].startswith("Bearer")
    # The other merchant first: it must not be refused only because the thing is gone.
    assert museum(method, where, **body).status_code == rule.other
    if rule.scope:
        assert lacking(cafe, rule.scope)(method, where, **body).status_code == 403
    assert cafe(method, where, **body).status_code == rule.owner
    if method == "DELETE" and "destination_id" in path:
        return  # it is gone
    if path.endswith("/test") or path == "/deliveries/{delivery_id}/replay":
        assert operator(method, where, **body).status_code == 409  # it is on its way already
        return
    assert operator(method, where, **body).status_code == rule.city


def lacking(party: Party, scope: str) -> Party:
    """A key of the same merchant that may do everything but `scope`."""
    rest = tuple(one for one in MERCHANT_SCOPES if one != scope)
    made = api_keys.create(party.merchant_id, KeyRequest(name="partial", scopes=rest))
    return Party(party.client, party.merchant_id, made.text)


@pytest.mark.parametrize(("method", "path"), sorted(BY_TOKEN))
def test_no_key_stands_for_a_readers_token(
    method: str, path: str, client: TestClient, cafe: Party, operator: Party
) -> None:
    with db.transaction() as session:
        reader_id = factories.reader(session).id
    body = {} if BY_TOKEN[method, path] is None else {"json": BY_TOKEN[method, path]}
    # The number of a reader is no token, and neither is one made for another purpose.
    other_purpose = Tokens(factories.KEYS, "another purpose").make(reader_id)
    for token in (str(reader_id), other_purpose, "x"):
        where = path.format(token=token)
        for answer in (
            client.request(method, f"/api/v1{where}", **body),
            cafe(method, where, **body),
            operator(method, where, **body),
        ):
            assert answer.status_code == 404
            assert "reader@example.org" not in answer.text


def test_lists_hold_nothing_of_another_merchant(things: dict[str, Any], cafe: Party, museum: Party) -> None:
    for path in ("/posts", "/destinations", "/deliveries"):
        assert len(cafe("GET", path).json()["data"]) == 1
        assert museum("GET", path).json()["data"] == []
        assert museum("GET", f"{path}?merchant=cafe").status_code == 404


def test_a_key_that_is_unknown_revoked_or_expired_opens_nothing(client: TestClient, cafe: Party) -> None:
    revoked = api_keys.create(cafe.merchant_id, KeyRequest(name="old"))
    api_keys.revoke(revoked.key.id)
    soon = clock.now() + timedelta(seconds=1)
    expired = api_keys.create(cafe.merchant_id, KeyRequest(name="short", expires_at=soon))
    assert Party(client, None, expired.text)("GET", "/posts").status_code == 200
    clock.travel(timedelta(seconds=2))
    for text in (revoked.text, expired.text, cafe.key[:-1] + "~", "syn_", "Ärger", ""):
        answer = client.get("/api/v1/posts", headers={"Authorization": f"Bearer {text}".encode()})
        assert answer.status_code == 401
        assert answer.headers["Content-Type"] == "application/problem+json"
    assert client.get("/api/v1/posts", headers={"Authorization": f"Basic {cafe.key}"}).status_code == 401


def test_what_a_remote_server_answered_is_shown_to_the_outlets_owner_only(
    client: TestClient, cafe: Party, operator: Party
) -> None:
    assert cafe.merchant_id is not None
    post = factories.post(cafe.merchant_id)
    with db.transaction() as session:
        city = factories.destination(session)
        now = clock.now()
        delivery = Delivery(
            key="d9", channel="webhook", queue="push", destination_id=city.id, post_id=post.id, state="failed",
            created_at=now, due_at=now, reason="It said no.",
        )  # fmt: skip
        session.add(delivery)
        session.flush()
        session.add(
            Attempt(delivery_id=delivery.id, at=now, duration=5, outcome="failed", reason="It said no.", code=500,
                    answer="internal details", trigger="schedule")
        )  # fmt: skip
        where = f"/deliveries/{delivery.id}"
    seen = cafe("GET", where).json()
    assert seen["tries"][0]["reason"] == "It said no."
    assert "internal details" not in str(seen)
    assert operator("GET", where).json()["tries"][0]["answer"] == "internal details"
    assert cafe("POST", f"{where}/replay").status_code == 403


def test_a_merchant_does_not_see_the_outlets_of_the_city(client: TestClient, cafe: Party) -> None:
    with db.transaction() as session:
        city = factories.destination(session).id
    assert cafe("GET", "/destinations").json()["data"] == []
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/pause"), ("POST", "/test")):
        assert cafe(method, f"/destinations/{city}{path}").status_code == 404


def test_a_suspended_merchant_still_reads_but_publishes_and_withdraws_nothing(client: TestClient) -> None:
    shop = admitted(client, "shop")
    where = f"/posts/{shop('POST', '/posts', json=POST).json()['id']}"
    assert shop.merchant_id is not None
    merchants.suspend(shop.merchant_id)
    assert shop("GET", where).status_code == 200
    assert shop("PUT", where, json=POST | {"title": "Tee"}).status_code == 403
    assert shop("POST", "/destinations", json=HOOK).status_code == 403
    assert shop("DELETE", where).status_code == 403


def test_a_key_of_the_city_may_do_only_what_it_was_made_for(client: TestClient, cafe: Party) -> None:
    screen = Party(
        client, None, api_keys.create(None, KeyRequest(name="screen", scopes=("posts:read",))).text
    )
    assert screen("GET", "/posts").status_code == 200
    for method, path in (("GET", "/merchants"), ("POST", "/merchants/cafe/admit"), ("GET", "/keys")):
        refused = screen(method, path)
        assert refused.status_code == 403
        assert "operator" in refused.json()["detail"]
    assert screen("POST", "/posts?merchant=cafe", json=POST).status_code == 403
