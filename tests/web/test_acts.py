"""What a merchant may do that is suspended, or not admitted yet: every route, and the table in the code and in the papers."""

import re
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from starlette.testclient import TestClient

from syndication.errors import Forbidden
from syndication.infra import db
from syndication.models import DeadLetter, Merchant
from syndication.publishing import from_queue, merchants, posts, rehearsal
from syndication.publishing.merchants import MAY, Act
from tests import factories
from tests.web.conftest import Party
from tests.web.test_api_access import BY_TOKEN, HOOK, OPEN, POST, RULES, ready_for, things, weekly

pytestmark = pytest.mark.enough("sqlite")  # who may do what is decided before any SQL

__all__ = ["things"]

#: Which act a route is, for a merchant's key; None: for the operator's keys alone, or nobody's.
ACTS: dict[tuple[str, str], Act | None] = {
    ("POST", "/posts"): "post",
    ("GET", "/posts"): "read",
    ("GET", "/posts/{post_id}"): "read",
    ("PUT", "/posts/{post_id}"): "revise",
    ("PATCH", "/posts/{post_id}"): "revise",
    ("DELETE", "/posts/{post_id}"): "withdraw",
    ("GET", "/posts/{post_id}/deliveries"): "read",
    ("POST", "/pictures"): "upload",
    ("POST", "/prices/advice"): "read",
    ("POST", "/series"): "post",
    ("GET", "/series"): "read",
    ("GET", "/series/{series_id}"): "read",
    ("PATCH", "/series/{series_id}"): "pause",  # to say something else on all dates is to revise
    ("POST", "/series/{series_id}/successor"): "post",
    ("POST", "/destinations"): "set up",
    ("GET", "/destinations"): "read",
    ("GET", "/destinations/{destination_id}"): "read",
    ("PATCH", "/destinations/{destination_id}"): "set up",
    ("DELETE", "/destinations/{destination_id}"): "delete",
    ("POST", "/destinations/{destination_id}/pause"): "pause",
    ("POST", "/destinations/{destination_id}/resume"): "resume",
    ("POST", "/destinations/{destination_id}/rotate-secret"): "set up",
    ("POST", "/destinations/{destination_id}/test"): "test",
    ("POST", "/destinations/{destination_id}/replay"): "replay",
    ("POST", "/destinations/{destination_id}/retry"): "replay",
    ("POST", "/destinations/{destination_id}/dry-run"): "test",
    ("POST", "/destinations/connect"): "connect",
    ("POST", "/destinations/{destination_id}/connect"): "connect",
    ("GET", "/destinations/links"): "read",
    ("DELETE", "/destinations/links/{link_id}"): "end link",
    ("GET", "/deliveries"): "read",
    ("GET", "/deliveries/{delivery_id}"): "read",
    ("POST", "/deliveries/{delivery_id}/replay"): "replay",
    ("POST", "/deliveries/{delivery_id}/retry"): "replay",
    ("GET", "/channels"): "read",
    ("GET", "/merchants/{slug}"): "read",
    **dict.fromkeys(
        [
            ("POST", "/merchants"),
            ("GET", "/merchants"),
            ("PATCH", "/merchants/{slug}"),
            ("POST", "/merchants/{slug}/admit"),
            ("POST", "/merchants/{slug}/suspend"),
            ("POST", "/merchants/{slug}/keys"),
            ("POST", "/keys"),
            ("GET", "/keys"),
            ("DELETE", "/keys/{key_id}"),
            ("GET", "/log"),
        ]
    ),
}
#: Where a route is asked about another thing than RULES has: a webhook is not connected by a link.
_ELSEWHERE = {("POST", "/destinations/{destination_id}/connect"): "mastodon_id"}
_PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63606060000000040001f61738550000000049454e44ae426082"
)


def test_every_route_has_its_act() -> None:
    assert set(ACTS) == set(RULES), "a new route says which act it is"
    assert not set(ACTS) & (set(BY_TOKEN) | OPEN)


def become(party: Party, state: str) -> None:
    with db.transaction() as session:
        assert party.merchant_id is not None
        session.get_one(Merchant, party.merchant_id).state = state


def asked(party: Party, method: str, path: str, things: dict[str, Any]) -> Any:
    """The answer to this request about things of the party's own."""
    if (method, path) in _ELSEWHERE:
        with db.transaction() as session:
            outlet = factories.destination(session, "mastodon", merchant_id=party.merchant_id)
            things = {**things, "destination_id": outlet.id}
    where, body = path.format(**things), RULES[method, path].body
    if path.endswith("/dry-run"):
        body = {"post_id": str(things["post_id"])}
    if path == "/series" and method == "POST":
        body = {"post": things["quiz"]}
    if path == "/pictures":
        return party(method, where, content=_PNG, headers={"Content-Type": "image/png"})
    return party(method, where, **({} if body is None else {"json": body}))


@pytest.mark.parametrize("state", ["suspended", "applied", "admitted"])
@pytest.mark.parametrize(("method", "path"), sorted(ACTS))
def test_a_route_does_for_a_merchant_what_the_table_says(
    method: str, path: str, state: str, things: dict[str, Any], cafe: Party
) -> None:
    act = ACTS[method, path]
    if path.startswith("/series"):
        things |= weekly(cafe)
    become(cafe, state)
    ready_for(path, things)
    answer = asked(cafe, method, path, things)
    may = act is not None and state in MAY[act]
    assert (answer.status_code != 403) == may, answer.text
    if may:
        assert answer.status_code < 300, answer.text
    elif act is not None:
        assert "Please ask the city's operator" in answer.json()["detail"]
        assert ("suspended" if state == "suspended" else "not admitted") in answer.json()["detail"]


def test_the_table_in_the_papers_is_the_one_in_the_code() -> None:
    text = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
    section = text.partition("## Who may do what")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([a-z ]+) \|[^|]*\| (yes|no) \| (yes|no) \| (yes|no) \|$", section, re.MULTILINE)
    told = {act: tuple(one == "yes" for one in answers) for act, *answers in rows}
    assert told == {
        act: tuple(state in states for state in ("applied", "admitted", "suspended"))
        for act, states in MAY.items()
    }


@pytest.mark.parametrize("state", ["suspended", "applied"])
def test_queue_and_files_keep_to_the_table_too(cafe: Party, state: str) -> None:
    assert cafe.merchant_id is not None
    become(cafe, state)
    assert from_queue.submit((), {"merchant": "cafe", "post": {**POST, "source_ref": "1"}}) is None
    with db.reading() as session:
        assert "Please ask the city's operator" in session.query(DeadLetter).one().reason
    for act in (posts.submit, rehearsal.preview):
        with pytest.raises(Forbidden):
            act(cafe.merchant_id, factories.offer(source_ref="1"))


def test_the_operator_acts_for_a_suspended_merchant_but_publishes_nothing_in_its_name(
    things: dict[str, Any], cafe: Party, operator: Party
) -> None:
    assert cafe.merchant_id is not None
    merchants.suspend(cafe.merchant_id)
    outlet = f"/destinations/{things['destination_id']}"
    assert operator("PATCH", outlet, json={"name": "new"}).status_code == 200
    assert operator("POST", f"{outlet}/pause").status_code == 200
    assert operator("POST", f"{outlet}/resume").status_code == 200
    assert operator("PUT", f"/posts/{things['post_id']}", json={**POST, "title": "Tee"}).status_code == 200
    assert operator("DELETE", f"/posts/{things['post_id']}").status_code == 200
    assert operator("POST", "/posts?merchant=cafe", json=POST).status_code == 403
    assert operator("POST", "/destinations?merchant=cafe", json=HOOK).status_code == 403
    assert operator("POST", "/destinations/connect?merchant=cafe", json=MASTODON).status_code == 403
    assert operator("DELETE", outlet).status_code == 204


MASTODON = {"channel": "mastodon", "name": "account"}


def test_another_merchants_things_stay_unknown_to_a_suspended_one(
    client: TestClient, things: dict[str, Any], museum: Party
) -> None:
    become(museum, "suspended")
    assert museum("DELETE", f"/posts/{things['post_id']}").status_code == 404
    assert museum("POST", f"/destinations/{UUID(str(things['destination_id']))}/test").status_code == 404
