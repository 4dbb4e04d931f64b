"""Posts over HTTP: from a first post to its withdrawal, and what happens to a request that is sent twice."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, text
from starlette.testclient import TestClient

from syndication import clock
from syndication.content.reason import Reason
from syndication.delivery import fanout
from syndication.infra import db
from syndication.models import Change, Delivery, Merchant, Post
from tests import factories
from tests.web.conftest import Party, admitted


def test_a_post_is_created_read_revised_withdrawn_and_listed(cafe: Party, an_event: dict[str, Any]) -> None:
    made = cafe("POST", "/posts", json=an_event)
    assert made.status_code == 201
    post = made.json()
    assert (post["merchant"], post["state"], post["revision"]) == ("cafe", "published", 1)
    where = made.headers["Location"].removeprefix("/api/v1")

    read = cafe("GET", where)
    assert read.json() == post
    assert read.headers["ETag"] == '"1"'

    revised = cafe("PUT", where, json=an_event | {"title": "Weinabend im Hof"})
    assert revised.json()["what"] == "revised"
    assert revised.json()["post"]["content"]["title"] == "Weinabend im Hof"
    assert cafe("PUT", where, json=an_event | {"title": "Weinabend im Hof"}).json()["what"] == "unchanged"

    assert cafe("DELETE", where).json()["state"] == "withdrawn"
    assert cafe("DELETE", where).status_code == 200
    assert cafe("PUT", where, json=an_event).status_code == 409
    assert [one["state"] for one in cafe("GET", "/posts").json()["data"]] == ["withdrawn"]


def test_why_a_post_is_taken_back_is_kept_for_its_owner(
    cafe: Party, museum: Party, operator: Party, an_event: dict[str, Any]
) -> None:
    def grounds(answer: Any) -> list[Any]:
        assert answer.status_code == 200, answer.text
        return [answer.json()[f"withdrawn_{name}"] for name in ("reason", "statement", "by")]

    unsaid, wrong, unlawful = (
        f"/posts/{cafe('POST', '/posts', json=an_event | {'title': title}).json()['id']}"
        for title in ("Unsaid", "Wrong", "Hässlich")
    )
    assert grounds(cafe("GET", unsaid)) == [None, "", ""]
    key = cafe("DELETE", unsaid).json()["withdrawn_by"]
    assert key.startswith("key ")
    cafe("DELETE", wrong, params={"reason": "wrong", "statement": "Falscher Tag."})
    assert grounds(cafe("GET", wrong)) == ["wrong", "Falscher Tag.", key]
    assert museum("DELETE", unlawful, params={"reason": "unlawful"}).status_code == 404
    assert cafe("GET", unlawful).json()["content"]["title"] == "Hässlich"
    said = "Beleidigung, § 185 StGB."
    assert grounds(operator("DELETE", unlawful, params={"reason": "unlawful", "statement": said})) != []
    answer = cafe("GET", unlawful)
    assert grounds(answer)[:2] == ["unlawful", said]
    assert grounds(answer)[2] not in ("", key)
    assert "Hässlich" not in answer.text
    assert museum("GET", unlawful).status_code == 404
    for bad in ({"reason": "mood"}, {"statement": "x" * 2001}, {"why": "wrong"}):
        assert cafe("DELETE", unsaid, params=bad).status_code == 422, bad


def test_a_revision_against_one_that_is_no_longer_the_latest_changes_nothing(
    cafe: Party, an_event: dict[str, Any]
) -> None:
    where = f"/posts/{cafe('POST', '/posts', json=an_event).json()['id']}"
    assert (
        cafe("PUT", where, json=an_event | {"title": "Zwei"}, headers={"If-Match": '"1"'}).status_code == 200
    )
    late = cafe("PUT", where, json=an_event | {"title": "Drei"}, headers={"If-Match": '"1"'})
    assert late.status_code == 412
    assert "revision 2" in late.json()["detail"]
    assert cafe("GET", where).json()["content"]["title"] == "Zwei"
    assert cafe("PUT", where, json=an_event, headers={"If-Match": "one"}).status_code == 422


def test_a_list_comes_in_pages_that_show_each_post_once(cafe: Party) -> None:
    for number in range(5):
        factories.post(cafe.merchant_id, factories.event(f"Abend {number}"))  # type: ignore[arg-type]  # it has one
    titles, after = [], None
    for _ in range(3):
        page = cafe("GET", "/posts", params={"limit": 2, **({"after": after} if after else {})}).json()
        titles += [one["content"]["title"] for one in page["data"]]
        after = page["next"]
    assert titles == [f"Abend {number}" for number in (4, 3, 2, 1, 0)]
    assert after is None


def test_a_list_is_narrowed_and_a_misspelt_filter_is_refused(cafe: Party, operator: Party) -> None:
    factories.post(cafe.merchant_id, factories.offer())  # type: ignore[arg-type]  # it has one
    assert len(cafe("GET", "/posts?kind=offer").json()["data"]) == 1
    assert cafe("GET", "/posts?kind=event").json()["data"] == []
    assert len(operator("GET", "/posts?merchant=cafe&state=published").json()["data"]) == 1
    refused = cafe("GET", "/posts?knd=event")
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "knd"


def test_every_fault_of_a_post_is_named_with_its_field(cafe: Party, an_event: dict[str, Any]) -> None:
    wrong = an_event | {
        "title": "",
        "colour": "red",
        "place": {"name": "Hof", "latitude": 200, "longitude": 1},
    }
    refused = cafe("POST", "/posts", json=wrong)
    assert refused.status_code == 422
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert {one["field"] for one in refused.json()["errors"]} == {"title", "colour", "place.latitude"}


def test_a_moment_without_a_zone_is_refused(cafe: Party, an_event: dict[str, Any]) -> None:
    refused = cafe("POST", "/posts", json=an_event | {"starts_at": "2030-08-15T19:00:00"})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "starts_at"


def test_a_key_of_the_city_says_whose_post_it_is(
    operator: Party, cafe: Party, an_event: dict[str, Any]
) -> None:
    refused = operator("POST", "/posts", json=an_event)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "merchant"
    assert operator("POST", "/posts?merchant=cafe", json=an_event).json()["merchant"] == "cafe"
    assert operator("POST", "/posts?merchant=nobody", json=an_event).status_code == 404


def test_a_merchant_that_may_not_publish_is_told_whom_to_ask(
    client: TestClient, an_event: dict[str, Any]
) -> None:
    for state in ("applied", "suspended"):
        refused = admitted(client, state, state=state)("POST", "/posts", json=an_event)
        assert refused.status_code == 403
        assert "operator" in refused.json()["detail"]


def test_more_posts_than_agreed_are_refused_with_a_time_to_wait(
    client: TestClient, an_event: dict[str, Any]
) -> None:
    shop = admitted(client, "shop", posts_per_day=1)
    assert shop("POST", "/posts", json=an_event).status_code == 201
    refused = shop("POST", "/posts", json=an_event)
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0


def test_the_same_request_sent_twice_makes_one_post(
    cafe: Party, museum: Party, an_event: dict[str, Any]
) -> None:
    header = {"Idempotency-Key": "first"}
    first = cafe("POST", "/posts", json=an_event, headers=header)
    again = cafe("POST", "/posts", json=an_event, headers=header)
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["Location"] == first.headers["Location"]
    assert "Idempotency-Replayed" not in first.headers
    assert len(cafe("GET", "/posts").json()["data"]) == 1
    # Another merchant's key of the same name is another key.
    assert museum("POST", "/posts", json=an_event, headers=header).json()["merchant"] == "museum"


def test_the_same_idempotency_key_with_another_body_is_refused(cafe: Party, an_event: dict[str, Any]) -> None:
    header = {"Idempotency-Key": "first"}
    cafe("POST", "/posts", json=an_event, headers=header)
    refused = cafe("POST", "/posts", json=an_event | {"title": "Another"}, headers=header)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "Idempotency-Key"


def test_a_refused_request_can_be_corrected_under_the_same_idempotency_key(
    cafe: Party, an_event: dict[str, Any]
) -> None:
    header = {"Idempotency-Key": "first"}
    over = factories.event(days=-7).model_dump(mode="json", exclude_unset=True)
    assert cafe("POST", "/posts", json=over, headers=header).status_code == 422
    assert cafe("POST", "/posts", json=an_event, headers=header).status_code == 201


def test_a_failure_between_the_post_and_its_answer_keeps_neither(
    cafe: Party, an_event: dict[str, Any]
) -> None:
    header = {"Idempotency-Key": "first"}
    with db.transaction() as session:
        session.get_one(Merchant, cafe.merchant_id).state = "suspended"
    assert cafe("POST", "/posts", json=an_event, headers=header).status_code == 403
    with db.transaction() as session:
        session.get_one(Merchant, cafe.merchant_id).state = "admitted"
    assert cafe("POST", "/posts", json=an_event, headers=header).status_code == 201
    with db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Post)) == 1
        assert session.scalar(select(func.count()).select_from(Change)) == 1


def test_the_trace_of_a_post_shows_every_destination_and_counts_readers(cafe: Party) -> None:
    with db.transaction() as session:
        factories.destination(session, merchant_id=cafe.merchant_id, name="my hook")
        for number in range(3):
            factories.reader(session, f"reader{number}@example.org")
    post = factories.post(cafe.merchant_id)  # type: ignore[arg-type]  # it has one

    with db.reading() as session:
        for change_id in session.scalars(select(Change.id)):
            fanout.fan_out(change_id)
    trace = cafe("GET", f"/posts/{post.id}/deliveries").json()
    assert [(one["destination"], one["action"], one["state"]) for one in trace["destinations"]] == [
        ("my hook", "published", "waiting")
    ]
    assert [(one["state"], one["count"]) for one in trace["readers"]] == [("waiting", 3)]
    assert "@example.org" not in str(trace)


def test_a_post_for_later_is_scheduled(cafe: Party, an_event: dict[str, Any]) -> None:
    tomorrow = (clock.now() + timedelta(days=1)).isoformat()
    post = cafe("POST", "/posts", json=an_event | {"publish_at": tomorrow}).json()
    assert (post["state"], post["published_at"]) == ("scheduled", None)


@pytest.mark.parametrize("since", ["now", "an earlier version"])
def test_reasons_are_said_in_the_language_of_whoever_asks(since: str, cafe: Party) -> None:
    destination = cafe(
        "POST",
        "/destinations",
        json={"channel": "webhook", "name": "hook", "settings": {"url": "http://127.0.0.1:9/x"}},
    ).json()["id"]
    post_id = cafe("POST", "/posts", json={"kind": "offer", "title": "Kaffee"}).json()["id"]
    english = "The address cannot be reached: no connection."
    with db.transaction() as session:
        now = clock.now()
        row = Delivery(
            key="d1", channel="webhook", queue="push", destination_id=UUID(destination), post_id=UUID(post_id),
            state="failed", created_at=now, due_at=now, reason=Reason(english),
        )  # fmt: skip
        session.add(row)
        session.flush()
        number = row.id
        if since != "now":
            session.execute(text("UPDATE deliveries SET reason = :reason"), {"reason": english})
    for header, reason in (
        ({}, english),
        ({"Accept-Language": "en-GB, de;q=0.5"}, english),
        ({"Accept-Language": "de-DE,de;q=0.9"}, "Die Adresse ist nicht erreichbar: keine Verbindung."),
        ({"Accept-Language": "fr, *;q=0.1"}, english),
    ):
        assert cafe("GET", f"/deliveries/{number}", headers=header).json()["reason"] == reason
        assert cafe("GET", "/deliveries", headers=header).json()["data"][0]["reason"] == reason


def test_a_stock_is_handed_in_without_a_message_to_anybody(cafe: Party, an_event: dict[str, Any]) -> None:
    key = {"Idempotency-Key": "a"}
    quiet = cafe("POST", "/posts?tell=nobody", json=an_event, headers=key)
    assert quiet.json()["quiet"] is True
    assert cafe("POST", "/posts", json=an_event, headers=key).status_code == 422, "another request"
    assert cafe("POST", "/posts", json=an_event).json()["quiet"] is False
    assert cafe("POST", "/posts?tell=some", json=an_event).status_code == 422
    hour = (clock.now() + timedelta(days=1)).isoformat()
    waits = cafe("POST", "/posts?tell=nobody", json=an_event | {"publish_at": hour}).json()
    assert (waits["state"], waits["quiet"]) == ("scheduled", True), "at its hour, too, nobody is told"
