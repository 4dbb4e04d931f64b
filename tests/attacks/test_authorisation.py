"""Attack 48, the matrix of who may what: every route of the table as everybody there is, with ids of what is really there.

Bar: nothing is read or changed across merchants, and nothing of the city by whoever has no role for it. tests/web/test_rules.py
has the same with ids of nothing, and that a route without a rule keeps the service from starting; test_api_access.py the keys.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from syndication.accounts import people
from syndication.infra import db
from syndication.models import Merchant, Person
from syndication.publishing import api_keys
from syndication.publishing.api_keys import KeyRequest
from syndication.web import rules
from syndication.web.rules import Rule
from tests import factories
from tests.attacks.conftest import ROLES, Besieged, changed, rows
from tests.web.shown import LONG, ROSA

pytestmark = pytest.mark.enough("sqlite")  # who may what is decided above SQL
#: Words that stand on the pages of the café and the museum and nowhere else.
CANARIES = ("Tortenabend", "Rosengarten", "Wortreich", "Hofkonzert", "Kneipenquiz", "rosa.rosenberger", LONG)
PAPERS = {
    "{act}": (
        "withdraw",
        "again",
        "skip",
        "close",
        "end",
        "pause",
        "resume",
        "delete",
        "replay",
        "retry",
        "hold",
    )
}


def refused(rule: Rule, who: str) -> int:
    """How the rule refuses somebody; 0: it does not."""
    city, own = ROLES[who]
    order = ("viewer", "editor", "operator")
    if rule.merchant:
        return 404 if own is None else 403 if rule.merchant == "owner" and own == "member" else 0
    if rule.city:
        return 404 if city is None else 403 if order.index(city) < order.index(rule.city) else 0
    return 0


def by_session() -> Iterator[tuple[str, str, Rule]]:
    """Every route of somebody signed in, what ends the session at the end."""
    found = [
        (method, path, rule) for (method, path), rule in rules.TABLE.items() if rule.needs == "a session"
    ]
    yield from sorted(found, key=lambda one: ("sign-out" in one[1], one[0] != "GET"))


def addresses(besieged: Besieged, path: str, slug: str | None = None) -> Iterator[str]:
    """The addresses of a route, one for each act; under another merchant's name where one is given."""
    if slug is not None:
        shown = besieged.address(path)
        mine = re.sub(r"^(/desk/merchants/)[^/]+", rf"\g<1>{slug}", shown)
    else:
        mine = besieged.address(path)
    yield mine
    if path.endswith("{act}"):
        yield from (f"{mine.rpartition('/')[0]}/{act}" for act in PAPERS["{act}"])


def test_everybody_tries_everything_that_is_there(
    besieged: Besieged, capsys: pytest.CaptureFixture[str]
) -> None:
    tried = 0
    for who in ROLES:
        token = besieged.enter(who)
        before = rows()
        for method, path, rule in by_session():
            wanted = refused(rule, who)
            for address in addresses(besieged, path):
                if not wanted:
                    continue
                answer = besieged.client.request(
                    method, address, data={"token": token} if method == "POST" else None
                )
                tried += 1
                assert answer.status_code == wanted, f"{who}: {method} {address}: {answer.status_code}"
                assert not any(one in answer.text for one in CANARIES), f"{who}: {method} {address}"
        assert changed(before) == {}
    with capsys.disabled():
        print(f" [{tried} refused]", end="")
    assert tried > 600


def test_whoever_may_look_sees_it(besieged: Besieged) -> None:
    """Without this, a service that shows nothing would pass."""
    for who, part in (("an operator", "/desk/city"), ("the owner of the café", "/desk/merchants/")):
        besieged.enter(who)
        pages = [path for method, path, _ in by_session() if method == "GET" and path.startswith(part)]
        found = {path: besieged.client.get(besieged.address(path)).status_code for path in pages}
        # The files are the museum's; mails are to those who have something to be told; an act needs to be said.
        lacking = {path for path, status in found.items() if status != 200}
        assert lacking <= {
            path for path in pages if "/files" in path or path.endswith(("/mail", "/acts/new"))
        }, lacking


def test_no_id_of_another_merchant_works_under_ones_own_name(
    besieged: Besieged, capsys: pytest.CaptureFixture[str]
) -> None:
    with db.transaction() as session:
        own = factories.merchant(session, "kino").id
    people.join("kino@example.org", "kino", "owner", name="Kim")
    token, tried = besieged.enter_as("kino@example.org"), 0
    before = rows()
    for method, path, rule in by_session():
        if not rule.merchant or path.count("{") < 2:
            continue
        for address in addresses(besieged, path, "kino"):
            for said in (
                {},
                {"title": "Meins", "kind": "event", "then": "later", "remove": "1", "role": "owner"},
            ):
                answer = besieged.client.request(
                    method, address, data={"token": token, **said} if method == "POST" else None
                )
                tried += 1
                where = f"{method} {address} {said}"
                assert answer.status_code < 500, where
                assert not any(one in answer.text for one in CANARIES), where
                if method == "GET" and "/new/" not in path and "/examples/" not in path:
                    assert answer.status_code == 404, where
    with capsys.disabled():
        print(f" [{tried} tried]", end="")
    assert tried > 60
    _only_ones_own(before, own.hex, str(own))


def _only_ones_own(before: dict[str, set[str]], *names: str) -> None:
    """What came, went or is another now is one's own."""
    after = rows()
    for table, there in before.items():
        for row in there ^ after[table]:
            assert any(name in row for name in names), f"{table}: {row}"


@pytest.mark.parametrize("role", ["viewer", "editor", "operator"])
def test_no_id_of_another_person_works_at_ones_own_account(role: str, besieged: Besieged) -> None:
    people.add("other@example.org", role=role)  # type: ignore[arg-type]  # one of three
    token = besieged.enter_as("other@example.org")
    before = rows()
    for name in ("sessions/{session_id}", "passkeys/{passkey_id}"):
        for said in ({}, {"remove": "1"}, {"name": "Meins"}):
            where = besieged.address(f"/desk/account/{name}")
            answer = besieged.client.post(where, data={"token": token, **said})
            assert answer.status_code in (404, 422), f"{where} {said}"
    assert changed(before) == {}


# Keys: ids in what is sent, not only in the address


def _fields(schema: dict[str, Any], whole: dict[str, Any]) -> dict[str, Any]:
    """The fields of a body, as the OpenAPI document has them."""
    found: dict[str, Any] = {}
    for one in (schema, *schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
        if "$ref" in one:
            found |= _fields(whole["components"]["schemas"][one["$ref"].rpartition("/")[2]], whole)
        found |= one.get("properties", {})
    return found


def _is_id(name: str, schema: dict[str, Any]) -> bool:
    shapes = [schema, *schema.get("anyOf", ())]
    return any(one.get("format") == "uuid" for one in shapes) or name in (
        "post",
        "merchant",
        "after",
        "destination",
    )


def test_no_id_of_another_merchant_works_in_what_is_sent(
    besieged: Besieged, client: TestClient, capsys: pytest.CaptureFixture[str]
) -> None:
    with db.transaction() as session:
        own = factories.merchant(session, "kino").id
        cafe = session.scalars(select(Merchant.id).where(Merchant.slug == "cafe")).one()
        mine = factories.destination(
            session, "webhook", merchant_id=own, settings={"url": "http://127.0.0.1:1/k"}
        ).id
    key = {"Authorization": f"Bearer {api_keys.create(own, KeyRequest(name='k')).text}"}
    post = besieged.address("/desk/merchants/{slug}/posts/{post_id}").rpartition("/")[2]
    outlet = besieged.address("/desk/merchants/{slug}/outlets/{outlet_id}").rpartition("/")[2]
    ids = (post, outlet, str(cafe), "cafe")
    client.cookies.clear()
    document, tried = client.get("/api/v1/openapi.json").json(), 0
    before = rows()
    for path, ways in document["paths"].items():
        if "/readers" in path or "/merchants" in path or "/keys" in path:
            continue  # of readers, and of the operator's keys alone
        where = re.sub(r"\{destination_id\}", str(mine), path)
        for method, said in ways.items():
            if "{" in where or not isinstance(said, dict) or method == "delete":
                continue
            parameters = [one for one in said.get("parameters", ()) if one["in"] == "query"]
            asked = [one["name"] for one in parameters if _is_id(one["name"], one["schema"])]
            content = said.get("requestBody", {}).get("content", {})
            fields = _fields(content.get("application/json", {}).get("schema", {}), document)
            sent = [name for name, schema in fields.items() if _is_id(name, schema)]
            for one in ids:
                said_with: list[dict[str, Any]] = [
                    *({"params": {name: one}} for name in asked),
                    *({"json": {"kind": "offer", "title": "x", name: one}} for name in sent),
                    *({"json": {name: one}} for name in sent),
                ]
                for request in said_with:
                    answer = client.request(method, where, headers=key, **request)
                    tried += 1
                    told = f"{method} {where} {request}: {answer.status_code} {answer.text[:300]}"
                    assert answer.status_code in (200, 400, 403, 404, 409, 415, 422), told
                    assert not any(canary in answer.text for canary in CANARIES), told
                    if answer.status_code == 200:
                        assert answer.json().get("data") == [] or str(mine) in answer.text, told
    with capsys.disabled():
        print(f" [{tried} tried]", end="")
    assert tried > 40
    _only_ones_own(before, own.hex, str(own), mine.hex, str(mine))


def test_the_operators_name_stays_theirs(besieged: Besieged) -> None:
    """An owner writes to people by their address; they change nothing of them."""
    token = besieged.enter("the owner of the café")
    form = {"token": token, "email": ROSA, "name": "Somebody else", "role": "member"}
    besieged.client.post("/desk/merchants/cafe/team", data=form)
    with db.reading() as session:
        assert (
            session.scalars(select(Person.name).where(Person.email == ROSA)).one()
            == "Rosa Rosenberger-Großmann"
        )
