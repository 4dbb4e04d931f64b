"""PATCH of a post (RFC 7396, RFC 5789): what is named changes, null removes, everything else stays."""

from typing import Any

import pytest

from syndication.infra import db
from syndication.models import Change
from syndication.publishing.merge_patch import merged
from tests.web.conftest import Party

pytestmark = pytest.mark.enough("sqlite")  # what a patch says; PUT goes the same way into the tables

EVENT = {
    "kind": "event",
    "title": "Weinabend",
    "summary": "Mit Musik",
    "starts_at": "2030-08-15T19:00:00+02:00",
    "ends_at": "2030-08-15T22:00:00+02:00",
    "topics": ["wein", "musik"],
    "place": {"name": "Hofgarten", "address": "Markt 1", "latitude": 50.1, "longitude": 10.2},
    "texts": {"mastodon": "Prost"},
    "price": "5.00",
}
MERGE = {"Content-Type": "application/merge-patch+json"}


def created(party: Party, **fields: Any) -> str:
    answer = party("POST", "/posts", json=EVENT | fields)
    assert answer.status_code == 201, answer.text
    assert answer.headers["ETag"] == '"1"'
    return f"/posts/{answer.json()['id']}"


def amend(party: Party, where: str, patch: Any, **headers: str) -> Any:
    return party("PATCH", where, json=patch, headers=MERGE | headers)


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [  # RFC 7396, appendix A
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_the_merge_is_that_of_the_standard(target: Any, patch: Any, result: Any) -> None:
    assert merged(target, patch) == result


def test_correcting_an_hour_takes_an_hour_only(cafe: Party) -> None:
    where = created(cafe)
    before = cafe("GET", where).json()["content"]
    answer = amend(cafe, where, {"starts_at": "2030-08-15T18:30:00+02:00"})
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')
    assert answer.json()["what"] == "revised"
    assert cafe("GET", where).json()["content"] == before | {"starts_at": "2030-08-15T16:30:00Z"}
    with db.reading() as session:
        assert [one.action for one in session.query(Change).order_by(Change.id)] == ["published", "revised"]


def test_null_removes_lists_are_replaced_and_objects_are_merged(cafe: Party) -> None:
    where = created(cafe)
    patch = {
        "summary": None,
        "price": None,
        "ends_at": None,
        "topics": ["tanz"],
        "place": {"address": "Markt 2", "latitude": None, "longitude": None},
        "texts": {"mastodon": None, "bluesky": "Zum Wohl"},
    }
    content = amend(cafe, where, patch).json()["post"]["content"]
    assert (content["summary"], content["price"], content["ends_at"]) == ("", None, None)
    assert content["topics"] == ["tanz"]
    assert content["place"] == {
        "name": "Hofgarten",
        "address": "Markt 2",
        "latitude": None,
        "longitude": None,
    }
    assert content["texts"] == {"bluesky": "Zum Wohl"}
    assert content["title"] == "Weinabend"
    assert amend(cafe, where, {"place": None}).json()["post"]["content"]["place"] is None


@pytest.mark.parametrize(
    "patch",
    [
        {},
        {"title": "Weinabend"},
        {"url": None},
        {"kind": "event"},
        {"valid_until": None},
        {"source_ref": None},
        {"price": 5},
        {"price": 5.0},
        {"price": "5,00"},
    ],
)
def test_what_changes_nothing_goes_nowhere(cafe: Party, patch: Any) -> None:
    where = created(cafe)
    answer = amend(cafe, where, patch)
    assert (answer.status_code, answer.json()["what"], answer.headers["ETag"]) == (200, "unchanged", '"1"')


@pytest.mark.parametrize(
    ("patch", "fields"),
    [
        ({"surprise": 1}, {"surprise"}),
        ({"surprise": None, "titel": "x"}, {"surprise", "titel"}),
        ({"percent_off": 20}, {"percent_off"}),
        ({"valid_until": "2030-09-01T00:00:00Z"}, {"valid_until"}),
        ({"kind": "offer"}, {"kind"}),
        ({"kind": None}, {"kind"}),
        ({"title": None}, {"title"}),
        ({"title": ""}, {"title"}),
        ({"starts_at": None}, {"starts_at"}),
        ({"starts_at": 1764000000}, {"starts_at"}),
        ({"starts_at": "2030-08-16T19:00:00+02:00"}, {"ends_at"}),
        ({"place": {"surprise": 1}}, {"place.surprise"}),
        ({"place": {"name": None}}, {"place.name"}),
        ({"place": {"latitude": None}}, {"place.latitude"}),
        ({"place": "Hof"}, {"place"}),
        ({"topics": None, "images": {"0": {}}}, {"images"}),
        ({"source_ref": "a-1"}, {"source_ref"}),
        ({"publish_at": "2031-01-01T00:00:00Z"}, {"publish_at"}),
    ],
)
def test_what_cannot_be_is_refused_with_the_name_of_the_field(
    cafe: Party, patch: Any, fields: set[str]
) -> None:
    where = created(cafe)
    answer = amend(cafe, where, patch)
    assert answer.status_code == 422
    assert {one["field"] for one in answer.json()["errors"]} == fields
    assert cafe("GET", where).json()["revision"] == 1


@pytest.mark.parametrize("body", ["[]", "null", '"x"', "1", "true"])
def test_a_patch_is_an_object(cafe: Party, body: str) -> None:
    answer = cafe("PATCH", created(cafe), content=body, headers=MERGE)
    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("tags", "status"),
    [
        ('"1"', 200),
        ("1", 200),
        ("*", 200),
        ('"7", "1"', 200),
        ('"x","1"', 200),
        ('"2"', 412),
        ('W/"1"', 412),
        ('"x"', 412),
        ('"2", "3"', 412),
        ('""', 412),
        ("one", 422),
        ('"1', 422),
    ],
)
@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_if_match_holds_back_what_was_made_of_an_earlier_revision(
    cafe: Party, method: str, tags: str, status: int
) -> None:
    where = created(cafe)
    body = {"title": "Neu"} if method == "PATCH" else EVENT | {"title": "Neu"}
    answer = cafe(method, where, json=body, headers={"If-Match": tags} | (MERGE if method == "PATCH" else {}))
    assert answer.status_code == status
    assert cafe("GET", where).json()["revision"] == (2 if status == 200 else 1)
    if status == 412:
        assert "revision 1" in answer.json()["detail"]


def test_the_revision_is_said_with_every_answer_that_holds_a_post(cafe: Party) -> None:
    key = {"Idempotency-Key": "a"}
    first, again = (cafe("POST", "/posts", json=EVENT, headers=key) for _ in range(2))
    assert [one.headers["ETag"] for one in (first, again)] == ['"1"', '"1"']
    where = f"/posts/{first.json()['id']}"
    assert amend(cafe, where, {"title": "Neu"}).headers["ETag"] == '"2"'
    assert cafe("PUT", where, json=EVENT).headers["ETag"] == '"3"'
    assert cafe("DELETE", where).headers["ETag"] == cafe("GET", where).headers["ETag"] == '"3"'


def test_a_post_that_waits_can_be_moved_but_not_left_without_an_hour(cafe: Party) -> None:
    where = created(cafe, publish_at="2030-08-01T00:00:00Z")
    assert amend(cafe, where, {"title": "Neu"}).json()["post"]["publish_at"] == "2030-08-01T00:00:00Z"
    assert (
        amend(cafe, where, {"publish_at": "2030-08-02T00:00:00Z"}).json()["post"]["publish_at"]
        == "2030-08-02T00:00:00Z"
    )
    refused = amend(cafe, where, {"publish_at": None})
    assert [one["field"] for one in refused.json()["errors"]] == ["publish_at"]


def test_a_withdrawn_post_stays_as_it_is(cafe: Party) -> None:
    where = created(cafe)
    cafe("DELETE", where)
    assert amend(cafe, where, {"title": "Neu"}).status_code == 409
    assert amend(cafe, where, {"title": "Neu"}, **{"If-Match": '"1"'}).status_code == 409


def test_a_patch_is_sent_as_one(cafe: Party) -> None:
    where = created(cafe)
    plain = cafe("PATCH", where, json={"title": "Neu"})
    assert plain.status_code == 200
    for media_type in ("application/json-patch+json", "text/plain", "application/x-www-form-urlencoded"):
        refused = cafe("PATCH", where, content='{"title": "Neu"}', headers={"Content-Type": media_type})
        assert (refused.status_code, refused.headers["Accept-Patch"]) == (415, "application/merge-patch+json")
    assert cafe("OPTIONS", where).headers["Accept-Patch"] == "application/merge-patch+json"
    assert "PATCH" in cafe("OPTIONS", where).headers["Allow"]


def test_another_merchants_post_is_not_there(cafe: Party, museum: Party) -> None:
    assert amend(museum, created(cafe), {"title": "Neu"}).status_code == 404


@pytest.mark.parametrize(
    ("language", "words"), [("de", "darf nicht vor dem Beginn"), ("en", "must not be before starts_at")]
)
def test_what_is_wrong_is_said_in_the_callers_language(cafe: Party, language: str, words: str) -> None:
    where = created(cafe)
    answer = amend(cafe, where, {"ends_at": "2030-08-15T10:00:00Z"}, **{"Accept-Language": language})
    assert answer.headers["Content-Language"] == language
    (fault,) = answer.json()["errors"]
    assert fault["field"] == "ends_at"
    assert words in fault["message"]
    assert words in answer.json()["detail"]
