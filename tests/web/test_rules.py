"""Who may ask what: the whole table of rules, held against the routes, and tried by everybody on every page of the desk."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from fastapi.routing import iter_route_contexts
from sqlalchemy import select
from starlette.testclient import TestClient

from syndication.accounts import people, sessions
from syndication.accounts.sessions import Device
from syndication.config import Settings
from syndication.infra import db
from syndication.models import Person
from syndication.web import rules, signed_in
from syndication.web.access import holding, known
from syndication.web.app import create_app
from syndication.web.rules import Rule
from tests import factories

pytestmark = pytest.mark.enough("sqlite")  # who may, above SQL; tests/accounts has what is kept, on both

#: Everybody there is, and what they may do: for the city, and for merchant A.
PARTIES: dict[str, tuple[str | None, str | None]] = {
    "anonymous": (None, None),
    "a stranger who is signed in": (None, None),
    "member of A": (None, "member"),
    "owner of A": (None, "owner"),
    "owner of B": (None, None),
    "viewer": ("viewer", None),
    "editor": ("editor", None),
    "operator": ("operator", None),
}
NOBODY_THERE = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def client(database: str, settings: Settings) -> Iterator[TestClient]:
    with db.transaction() as session:
        factories.merchant(session, "a")
        factories.merchant(session, "b")
    people.add("boss@coburg.example", role="operator")
    with TestClient(create_app(settings), raise_server_exceptions=False, follow_redirects=False) as one:
        yield one


def enter(client: TestClient, email: str) -> str:
    """Sign a person in by their cookie; the token of their forms."""
    with db.transaction() as session:
        person = session.scalars(select(Person).where(Person.email == email)).one()
        secret, _ = sessions.begin(session, person, Device(), "link")
    client.cookies.set(signed_in._cookie(), secret)
    account = sessions.account(secret)
    assert account is not None
    return sessions.form_token(account)


def entered(client: TestClient, party: str) -> str:
    """The party is signed in, where it can be; the token of its forms."""
    client.cookies.clear()
    if party == "anonymous":
        return ""
    email, (city, own) = f"{party.replace(' ', '-').lower()}@example.org", PARTIES[party]
    people.add(email, role=city)  # type: ignore[arg-type]  # the table above
    if own:
        people.join(email, "a", own)  # type: ignore[arg-type]  # the table above
    if party == "owner of B":
        people.join(email, "b", "owner")
    return enter(client, email)


def expected(rule: Rule, party: str) -> set[int]:
    """How the rule answers a party: what is let through may still find nothing there."""
    city, own = PARTIES[party]
    if party == "anonymous":
        return {303}
    allowed = {200, 303, 404, 422}
    if rule.merchant:
        if own is None:
            return {404}
        return allowed if rule.merchant == "member" or own == "owner" else {403}
    if rule.city:
        if city is None:
            return {404}
        order = ("viewer", "editor", "operator")
        return allowed if order.index(city) >= order.index(rule.city) else {403}
    return allowed


def desk() -> list[tuple[str, str, Rule]]:
    return [(method, path, rule) for (method, path), rule in rules.TABLE.items() if rule.needs == "a session"]


def test_every_route_has_a_rule_and_every_rule_a_route(client: TestClient) -> None:
    app: Any = client.app
    assert {(method, path) for method, path, _ in rules.routes(app)} == set(rules.TABLE)


def test_a_route_without_a_rule_keeps_the_service_from_starting(client: TestClient) -> None:
    app: Any = client.app
    app.add_api_route("/forgotten", lambda: None)
    with pytest.raises(RuntimeError, match="GET /forgotten"):
        rules.of(app)


def test_what_a_rule_asks_for_is_asked_for(client: TestClient) -> None:
    """The rule is a word; the dependency of the route is the deed."""
    app: Any = client.app
    for route in iter_route_contexts(app.routes):
        dependant = getattr(route.original_route, "dependant", None)
        if dependant is None or route.endpoint is None:
            continue
        rule, calls = app.rules[route.endpoint], list(called(dependant))
        scopes = {held(call) for call in calls if held(call)}
        where = f"{route.methods} {route.path}"
        assert scopes == ({rule.scope} if rule.scope else set()), where
        assert (known in calls) == (rule.needs == "a key"), where
        assert (signed_in.allowed in calls) == (rule.needs == "a session"), where


def called(dependant: Any) -> Iterator[Any]:
    for one in dependant.dependencies:
        yield one.call
        yield from called(one)


def held(call: Any) -> str:
    """The scope that a dependency made by `holding` asks for."""
    if getattr(call, "__qualname__", "") != holding("operator").__qualname__:
        return ""
    return str(dict(zip(call.__code__.co_freevars, call.__closure__, strict=True))["scope"].cell_contents)


@pytest.mark.parametrize("party", PARTIES)
def test_everybody_tries_every_page_of_the_desk(party: str, client: TestClient) -> None:
    for method, path, rule in desk():
        if path == "/desk/sign-out":
            continue  # it would end the session that the others need
        token = entered(client, party)
        address = path.replace("{slug}", "a")
        for name in ("{post_id}", "{person_id}", "{session_id}", "{passkey_id}", "{application_id}"):
            address = address.replace(name, NOBODY_THERE)
        answer = client.request(method, address, data={"token": token} if method == "POST" else None)
        assert answer.status_code in expected(rule, party), f"{party}: {method} {address}"
        if party == "anonymous":
            assert answer.headers["location"].startswith("/sign-in")


@pytest.mark.parametrize(
    "method_path", [f"{method} {path}" for method, path, _ in desk() if method == "POST"]
)
def test_no_form_is_taken_without_its_token_or_from_elsewhere(method_path: str, client: TestClient) -> None:
    _, path = method_path.split(" ", 1)
    address = path.replace("{slug}", "a")
    for name in ("{post_id}", "{person_id}", "{session_id}", "{passkey_id}", "{application_id}"):
        address = address.replace(name, NOBODY_THERE)
    people.join("boss@coburg.example", "a", "owner")
    token = enter(client, "boss@coburg.example")
    with db.reading() as session:
        before = session.scalar(select(Person.id).where(Person.email == "boss@coburg.example"))
    for data in ({}, {"token": "0" * 32}, {"token": token[::-1]}):
        assert client.post(address, data=data).status_code == 403, data
    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost:8000.evil.example"},
    ):
        assert client.post(address, data={"token": token}, headers=headers).status_code == 403, headers
    assert isinstance(before, UUID)
    assert signed_in_still(client)


def signed_in_still(client: TestClient) -> bool:
    return client.get("/desk/account").status_code == 200


def test_every_form_of_the_service_refuses_what_another_site_sends(client: TestClient) -> None:
    app: Any = client.app
    tried = 0
    for method, path, _ in rules.routes(app):
        if method in ("GET", "OPTIONS") or path.startswith("/api/"):
            continue
        address = path.replace("{", "").replace("}", "")
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
            answer = client.request(method, address, headers={"Accept": "text/html", **headers})
            assert answer.status_code == 403, f"{method} {address}"
            assert "anderen Website" in answer.text
            tried += 1
    assert tried > 20


@pytest.mark.parametrize(
    "headers",
    [
        {},  # a mail program's one click (RFC 8058)
        {"Sec-Fetch-Site": "same-origin", "Origin": "null"},  # a page that hides its address
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://localhost:8000"},
        {"Origin": "null"},
    ],
)
def test_our_own_forms_and_mail_programs_are_let_through(headers: dict[str, str], client: TestClient) -> None:
    answer = client.post("/leave/nobody", data={"List-Unsubscribe": "One-Click"}, headers=headers)
    assert answer.status_code == 404, "the token is unknown, and that alone is wrong"
