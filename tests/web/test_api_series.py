"""What comes every week over HTTP: begun from a post, read, and changed as far as it is named."""

from datetime import datetime, timedelta
from typing import Any

from starlette.testclient import TestClient

from syndication import clock
from syndication.content.base import new_id
from tests import factories
from tests.web.conftest import Party


def begun(cafe: Party, **said: Any) -> dict[str, Any]:
    event = factories.evening("Kneipenquiz", days=3, price="2.00").model_dump(mode="json", exclude_none=True)
    made = cafe("POST", "/posts", json=event)
    assert made.status_code == 201, made.text
    answer = cafe("POST", "/series", json={"post": made.json()["id"], **said})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    assert answer.headers["Location"] == f"/api/v1/series/{found['id']}"
    return found


def test_it_is_begun_read_listed_and_its_posts_name_it(cafe: Party, museum: Party, operator: Party) -> None:
    found = begun(cafe)
    where = f"/series/{found['id']}"
    assert (found["merchant"], found["kind"], found["interval"], found["hour"]) == (
        "cafe",
        "event",
        1,
        "17:00",
    )
    assert [one["state"] for one in found["dates"]] == ["waits", "waits", "waits"]
    assert found["next_on"] == found["dates"][0]["date"] == found["first_on"]
    assert cafe("GET", where).json() == found == operator("GET", where).json()
    assert cafe("GET", "/series").json()["data"] == [found] == operator("GET", "/series").json()["data"]
    post = cafe("GET", f"/posts/{found['dates'][1]['post']}").json()
    assert (post["series"], post["series_date"], post["skipped"]) == (
        found["id"],
        found["dates"][1]["date"],
        False,
    )
    assert museum("GET", where).status_code == museum("PATCH", where, json={}).status_code == 404
    assert museum("GET", "/series").json()["data"] == []


def test_the_same_sent_twice_begins_one(cafe: Party) -> None:
    first = begun(cafe, id=str(new_id()), interval=2, days_before=0, hour="08:00")
    again = cafe("POST", "/series", json={"post": first["dates"][0]["post"], "id": first["id"]})
    assert (again.status_code, again.json()) == (201, first)
    assert len(cafe("GET", "/series").json()["data"]) == 1


def test_what_is_named_changes_and_the_rest_stays(cafe: Party) -> None:
    found = begun(cafe)
    where, days = f"/series/{found['id']}", [one["date"] for one in found["dates"]]
    own = cafe("PATCH", f"/posts/{found['dates'][2]['post']}", json={"title": "Weihnachtsquiz"})
    assert own.status_code == 200
    content = found["content"] | {"price": "3.00"}
    said = cafe("PATCH", where, json={"skipped": [days[1]], "content": content}).json()
    assert said["skipped"] == [days[1]]
    assert [one["state"] for one in said["dates"]] == ["waits", "skipped", "waits", "waits"]
    assert [one["own"] for one in said["dates"]] == [False, False, True, False]
    prices = [cafe("GET", f"/posts/{one['post']}").json()["content"]["price"] for one in said["dates"]]
    assert prices == ["3.00", "3.00", "2.00", "3.00"]
    skipped = cafe("GET", f"/posts/{said['dates'][1]['post']}").json()
    assert (skipped["state"], skipped["publish_at"], skipped["skipped"]) == ("scheduled", None, True)
    hour = cafe("PATCH", f"/posts/{skipped['id']}", json={"publish_at": f"{clock.now():%Y-%m-%dT%H:%M:%SZ}"})
    assert hour.status_code == 422
    said = cafe(
        "PATCH", where, json={"skipped": [], "closed": {"first_day": days[0], "last_day": days[0]}}
    ).json()
    assert [one["state"] for one in said["dates"]] == ["closed", "waits", "waits", "waits"]
    assert said["closed"] == {"first_day": days[0], "last_day": days[0]}
    said = cafe("PATCH", where, json={"closed": None, "hour": "09:30"}).json()
    assert (said["closed"], said["hour"], said["days_before"]) == (None, "09:30", 1)
    said = cafe("PATCH", where, json={"ended": True}).json()
    assert said["ended_at"]
    assert {one["state"] for one in said["dates"]} == {"withdrawn"}
    assert cafe("PATCH", where, json={"hour": "10:00"}).status_code == 409
    assert cafe("GET", "/series").json()["data"] == []


def test_what_is_wrong_is_named_and_nothing_of_it_is_done(cafe: Party) -> None:
    found = begun(cafe)
    where, first = f"/series/{found['id']}", found["first_on"]
    content = found["content"]
    later = {**content, "starts_at": f"{clock.now() + timedelta(days=4):%Y-%m-%dT%H:%M:%SZ}", "ends_at": None}
    for wrong, field in (
        ({"skipped": ["2020-01-01"]}, "skipped"),
        ({"closed": {"first_day": first, "last_day": "2020-01-01"}}, "closed"),
        ({"last_on": "2020-01-01"}, "last_on"),
        ({"hour": "25:00"}, "hour"),
        ({"days_before": None}, "days_before"),
        ({"interval": 2}, "interval"),
        ({"content": {"kind": "event"}}, "content.title"),
        ({"content": later}, "content.starts_at"),
        ({"content": {"kind": "offer", "title": "Bier"}}, "content.kind"),
        ({"content": {**content, "source_ref": "a"}}, "content.source_ref"),
    ):
        answer = cafe("PATCH", where, json={"skipped": [first], **wrong})
        assert answer.status_code == 422, wrong
        assert field in [one["field"] for one in answer.json()["errors"]], answer.text
    assert cafe("GET", where).json() == found


def test_what_cannot_come_every_week_is_refused(cafe: Party, museum: Party, client: TestClient) -> None:
    offer = cafe("POST", "/posts", json={"kind": "offer", "title": "Immer"}).json()["id"]
    assert cafe("POST", "/series", json={"post": offer}).status_code == 422
    assert museum("POST", "/series", json={"post": offer}).status_code == 404
    assert client.get("/api/v1/series").status_code == 401


def test_it_is_closed_several_times_and_without_an_end(cafe: Party) -> None:
    found = begun(cafe)
    where, days = f"/series/{found['id']}", [one["date"] for one in found["dates"]]
    assert (found["closures"], found["closed"], found["followed_by"]) == ([], None, None)
    spans = [{"first_day": days[0], "last_day": days[0]}, {"first_day": days[2], "last_day": None}]
    said = cafe("PATCH", where, json={"closures": spans}).json()
    assert (said["closures"], said["closed"]) == (spans, spans[0])
    assert [one["state"] for one in said["dates"]] == ["closed", "waits", "closed"]
    said = cafe("PATCH", where, json={"closures": [spans[0]]}).json()
    assert [one["state"] for one in said["dates"]] == ["closed", "waits", "waits", "waits"]
    both = cafe("PATCH", where, json={"closures": spans, "closed": None})
    assert (both.status_code, both.json()["errors"][0]["field"]) == (422, "closed")
    said = cafe("PATCH", where, json={"closed": {"first_day": days[1]}}).json()
    assert said["closures"] == [{"first_day": days[1], "last_day": None}]


def test_it_goes_on_in_another_way_from_a_day_on(cafe: Party) -> None:
    found = begun(cafe)
    where, first = f"/series/{found['id']}", found["dates"][1]["date"]
    later = f"{datetime.fromisoformat(first) + timedelta(days=1):%Y-%m-%d}"
    wanted = {"id": str(new_id()), "first_on": later, "interval": 2, "hour": "09:00",
              "content": found["content"] | {"title": "Musikquiz"}}  # fmt: skip
    for _ in range(2):  # sent twice, it is one
        answer = cafe("POST", f"{where}/successor", json=wanted)
        assert answer.status_code == 201, answer.text
    said = answer.json()
    assert answer.headers["Location"] == f"/api/v1/series/{wanted['id']}"
    assert (said["first_on"], said["interval"], said["hour"], said["days_before"]) == (later, 2, "09:00", 1)
    assert said["content"]["title"] == "Musikquiz"
    before = cafe("GET", where).json()
    assert (before["followed_by"], before["last_on"]) == (wanted["id"], first)
    assert [one["date"] for one in before["dates"] if one["state"] == "waits"] == [found["first_on"], first]
    assert len(cafe("GET", "/series").json()["data"]) == 2
    assert cafe("POST", f"{where}/successor", json={"first_on": later}).status_code == 409
    again = f"/series/{wanted['id']}/successor"
    for wrong, field in (
        ({"first_on": "2020-01-01"}, "first_on"),
        ({"first_on": later, "interval": 3}, "interval"),
        ({"first_on": later, "hour": "24:00"}, "hour"),
        ({"first_on": later, "content": {**found["content"], "source_ref": "a"}}, "content.source_ref"),
        ({"first_on": later, "content": {"kind": "offer", "title": "Bier"}}, "content.kind"),
        ({}, "first_on"),
    ):
        refused = cafe("POST", again, json=wrong)
        assert refused.status_code == 422, wrong
        assert field in [one["field"] for one in refused.json()["errors"]], refused.text
