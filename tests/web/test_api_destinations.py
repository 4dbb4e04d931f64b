"""Destinations over HTTP: set up with a secret that is shown once, changed, paused, tested, replayed, deleted."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from syndication import clock, destinations
from syndication.config import settings
from syndication.delivery.load import channel_settings
from syndication.infra import db
from syndication.models import Delivery, Destination
from tests.web.conftest import Party

HOOK = {"channel": "webhook", "name": "hook", "settings": {"url": "http://127.0.0.1:9/hook"}}


def hook(party: Party, **changes: Any) -> Any:
    """A new webhook, as it was answered."""
    answer = party("POST", "/destinations", json=HOOK | changes)
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_a_secret_that_was_made_is_shown_once_and_never_again(cafe: Party) -> None:
    made = hook(cafe)
    secret = made["new_secrets"]["secret"]
    assert secret.startswith("whsec_")
    read = cafe("GET", f"/destinations/{made['id']}")
    assert read.json()["secrets"] == ["secret"]
    assert "new_secrets" not in read.json()
    for path in ("/destinations", f"/destinations/{made['id']}"):
        assert secret not in cafe("GET", path).text
    with db.reading() as session:
        row = session.scalars(select(Destination)).one()
        assert secret not in str(row.settings)
        assert secret not in row.secrets
        assert channel_settings(row, settings()).secret.get_secret_value() == secret  # type: ignore[attr-defined]  # webhook's


def test_a_secret_of_ones_own_is_not_shown_at_all(cafe: Party) -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="
    answer = cafe("POST", "/destinations", json=HOOK | {"settings": HOOK["settings"] | {"secret": secret}})  # type: ignore[operator]  # a dict
    assert answer.json()["new_secrets"] == {}
    assert secret not in answer.text


def test_the_same_request_sent_twice_makes_one_destination_with_one_secret(cafe: Party) -> None:
    header = {"Idempotency-Key": "once"}
    first = cafe("POST", "/destinations", json=HOOK, headers=header)
    again = cafe("POST", "/destinations", json=HOOK, headers=header)
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(cafe("GET", "/destinations").json()["data"]) == 1
    # The kept answer holds the secret; at rest it is encrypted.
    with db.reading() as session:
        kept = str(session.connection().exec_driver_sql("SELECT body FROM idempotency_keys").all())
    assert first.json()["new_secrets"]["secret"] not in kept


def test_settings_that_the_channel_refuses_are_named_field_by_field(cafe: Party) -> None:
    wrong = {"url": "ftp://board.example", "secret": "short", "colour": "red"}
    answer = cafe("POST", "/destinations", json=HOOK | {"settings": wrong})
    assert answer.status_code == 422
    assert {one["field"] for one in answer.json()["errors"]} == {
        "settings.url",
        "settings.secret",
        "settings.colour",
    }


def test_only_channels_that_people_set_up_can_be_chosen(cafe: Party) -> None:
    for channel in ("feed", "newsletter", "carrier-pigeon"):
        answer = cafe("POST", "/destinations", json={"channel": channel, "name": "x"})
        assert answer.status_code == 422
        (fault,) = answer.json()["errors"]
        assert fault["field"] == "channel"
        offered = fault["message"].removeprefix("must be one of ").split(", ")
        assert {"webhook", "mastodon"} <= set(offered)
        assert {"feed", "newsletter", "letter", "websub"}.isdisjoint(offered)


def test_settings_nested_without_end_are_refused(cafe: Party) -> None:
    headers = {"Content-Type": "application/json", "Idempotency-Key": "deep"}
    for depth, status in ((950, 400), (900, 422), (20, 422)):
        deep = '{"a":' * depth + "1" + "}" * depth
        body = f'{{"channel": "webhook", "name": "x", "settings": {deep}}}'.encode()
        assert cafe("POST", "/destinations", content=body, headers=headers).status_code == status


def test_a_merchants_destination_gets_no_other_merchants_posts(cafe: Party, operator: Party) -> None:
    other = {"interest": {"merchants": ["museum"]}}
    answer = cafe("POST", "/destinations", json=HOOK | other)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "interest.merchants"
    made = hook(cafe, interest={"merchants": ["cafe"], "topics": ["Musik"]})
    assert made["interest"]["topics"] == ["musik"]
    assert cafe("PATCH", f"/destinations/{made['id']}", json=other).status_code == 422
    # The city may name merchants, but only such as there are.
    assert operator("POST", "/destinations", json=HOOK | other).status_code == 422
    assert hook(operator, interest={"merchants": ["cafe"]})["merchant"] is None
    for_cafe = operator("POST", "/destinations?merchant=cafe", json=HOOK)
    assert for_cafe.json()["merchant"] == "cafe"


def test_a_change_keeps_what_it_leaves_out(cafe: Party) -> None:
    made = hook(cafe, interest={"kinds": ["event"]})
    where = f"/destinations/{made['id']}"
    changed = cafe("PATCH", where, json={"settings": {"url": "http://127.0.0.1:9/new"}}).json()
    assert changed["settings"]["url"] == "http://127.0.0.1:9/new"
    assert (changed["name"], changed["interest"]) == ("hook", made["interest"])
    with db.reading() as session:
        row = session.scalars(select(Destination)).one()
        kept = channel_settings(row, settings()).secret.get_secret_value()  # type: ignore[attr-defined]  # webhook's
    assert kept == made["new_secrets"]["secret"]


def test_a_webhook_that_moves_to_another_server_gets_a_new_secret_that_is_shown_once(cafe: Party) -> None:
    made = hook(cafe)
    where = f"/destinations/{made['id']}"
    cafe("POST", f"{where}/rotate-secret")
    moved = cafe("PATCH", where, json={"settings": {"url": "http://127.0.0.1:10/hook"}}).json()
    assert moved["secrets"] == ["secret"], "the one before the rotation stays behind too"
    assert moved["new_secrets"]["secret"] not in ("", made["new_secrets"]["secret"])
    again = cafe("PATCH", where, json={"settings": {"url": "http://127.0.0.1:10/other"}}).json()
    assert (again["secrets"], again["new_secrets"]) == (["secret"], {})


def test_a_move_without_the_access_is_refused_field_by_field_and_changes_nothing(cafe: Party) -> None:
    account = {"server": "http://127.0.0.1:9", "access_token": "mastodon-access-token"}
    wanted = {"channel": "mastodon", "name": "x", "settings": account}
    where = f"/destinations/{cafe('POST', '/destinations', json=wanted).json()['id']}"
    answer = cafe("PATCH", where, json={"settings": {"server": "http://127.0.0.1:10"}})
    assert answer.status_code == 422
    (fault,) = answer.json()["errors"]
    assert fault["field"] == "settings.access_token"
    assert fault["message"] == "is needed again, because the outlet moves to another server"
    assert cafe("GET", where).json()["settings"]["server"] == "http://127.0.0.1:9"
    assert cafe("PATCH", where, json={"settings": {"visibility": "unlisted"}}).status_code == 200


def test_a_rotated_secret_leaves_the_old_one_valid_beside_it(cafe: Party) -> None:
    made = hook(cafe)
    rotated = cafe("POST", f"/destinations/{made['id']}/rotate-secret").json()
    fresh = rotated["new_secrets"]["secret"]
    assert fresh != made["new_secrets"]["secret"]
    assert rotated["secrets"] == ["secret", "previous_secret"]
    with db.reading() as session:
        row = session.scalars(select(Destination)).one()
        keys = channel_settings(row, settings()).signing_keys(clock.now())  # type: ignore[attr-defined]  # webhook's
    assert keys == [fresh, made["new_secrets"]["secret"]]


def test_resuming_clears_the_health_and_wakes_the_queue(
    cafe: Party, woken: list[tuple[str, tuple[str, ...]]]
) -> None:
    where = f"/destinations/{hook(cafe)['id']}"
    assert cafe("POST", f"{where}/pause").json()["state"] == "paused"
    assert cafe("POST", f"{where}/test").status_code == 409
    with db.transaction() as session:
        row = session.scalars(select(Destination)).one()
        row.state, row.reason, row.failures, row.failing_since = "disabled", "Too many", 9, clock.now()
        row.held_until = clock.now()
    seen = cafe("GET", where).json()
    assert (seen["state"], seen["reason"], seen["health"]["failures"]) == ("disabled", "Too many", 9)
    resumed = cafe("POST", f"{where}/resume").json()
    assert (resumed["state"], resumed["reason"]) == ("active", "")
    assert resumed["health"] == {
        "failures": 0,
        "failing_since": None,
        "held_until": None,
        "last_sent_at": None,
    }
    assert ("push", ()) in woken


def test_a_test_makes_one_delivery_that_says_that_it_is_one(
    cafe: Party, woken: list[tuple[str, tuple[str, ...]]]
) -> None:
    where = f"/destinations/{hook(cafe)['id']}"
    started = cafe("POST", f"{where}/test")
    assert started.status_code == 202
    seen = cafe("GET", f"/deliveries/{started.json()['delivery_id']}").json()
    assert (seen["state"], seen["post_id"], seen["merchant"], seen["tries"]) == ("waiting", None, "cafe", [])
    assert cafe("POST", f"{where}/test").status_code == 409
    assert ("push", ()) in woken


def test_a_dry_run_shows_the_post_as_people_would_see_it(cafe: Party) -> None:
    starts = (clock.now() + timedelta(days=3)).isoformat()
    post = cafe("POST", "/posts", json={"kind": "event", "title": "Weinabend", "starts_at": starts}).json()
    where = f"/destinations/{hook(cafe)['id']}/dry-run"
    shown = cafe("POST", where, json={"post_id": post["id"]}).json()
    seen = shown["preview"]
    assert (seen["title"], seen["unit"], seen["left_out"]) == ("Weinabend", "bytes", 0)
    assert seen["length"] == shown["requests"][0]["size"] < seen["most"]
    taken_back = cafe("POST", where, json={"post_id": post["id"], "action": "withdrawn"}).json()
    assert taken_back["preview"] is None


def failed(destination_id: str, *, age: float, state: str = "failed") -> int:
    """A finished delivery, created `age` hours ago."""
    at = clock.now() - timedelta(hours=age)
    with db.transaction() as session:
        row = Delivery(
            key=f"d{age}", channel="webhook", queue="push", destination_id=UUID(destination_id), state=state,
            created_at=at, due_at=at, attempts=10, reason="It said no.",
        )  # fmt: skip
        session.add(row)
        session.flush()
        return row.id


def test_a_time_window_is_counted_first_and_then_replayed_under_the_same_keys(
    cafe: Party, woken: list[tuple[str, tuple[str, ...]]]
) -> None:
    made = hook(cafe)
    ids = [failed(made["id"], age=age) for age in (1, 2, 30)]
    where, since = f"/destinations/{made['id']}/replay", (clock.now() - timedelta(hours=24)).isoformat()
    counted = cafe("POST", where, json={"since": since, "dry_run": True})
    assert counted.json() == {"count": 2, "dry_run": True}
    assert cafe("GET", "/deliveries?state=waiting").json()["data"] == []
    assert cafe("POST", where, json={"since": since}).json() == {"count": 2, "dry_run": False}
    waiting = cafe("GET", "/deliveries?state=waiting").json()["data"]
    assert {(one["id"], one["key"]) for one in waiting} == {(ids[0], "d1"), (ids[1], "d2")}
    assert cafe("POST", where, json={"since": since}).json()["count"] == 0
    assert ("push", ()) in woken
    backwards = {"since": since, "until": "2020-01-01T00:00:00Z"}
    assert cafe("POST", where, json=backwards).status_code == 422


def test_a_deleted_destination_is_gone_with_its_deliveries(cafe: Party) -> None:
    made = hook(cafe)
    delivery = failed(made["id"], age=1)
    assert cafe("DELETE", f"/destinations/{made['id']}").status_code == 204
    assert cafe("GET", f"/destinations/{made['id']}").status_code == 404
    assert cafe("GET", f"/deliveries/{delivery}").status_code == 404


def test_what_comes_with_the_city_can_be_paused_but_not_changed(operator: Party) -> None:
    destinations.ensure_built_in()
    feed = operator("GET", "/destinations?channel=feed").json()["data"][0]
    where = f"/destinations/{feed['id']}"
    assert operator("POST", f"{where}/pause").json()["state"] == "paused"
    assert operator("POST", f"{where}/resume").json()["state"] == "active"
    for method, path, body in (
        ("DELETE", "", None),
        ("PATCH", "", {"name": "x"}),
        ("POST", "/rotate-secret", None),
    ):
        answer = operator(method, f"{where}{path}", **({"json": body} if body else {}))
        assert answer.status_code == 409
        assert "comes with the city" in answer.json()["detail"]


def test_the_catalogue_tells_what_each_channel_needs(cafe: Party) -> None:
    found = {one["kind"]: one for one in cafe("GET", "/channels").json()["data"]}
    assert found["webhook"]["configurable"]
    assert not found["feed"]["configurable"]
    assert found["webhook"]["abilities"]["withdraw"]
    assert found["webhook"]["settings"]["required"] == ["url"]
    assert found["webhook"]["settings"]["properties"]["secret"]["writeOnly"]


def test_a_list_of_deliveries_is_narrowed_and_paged(cafe: Party) -> None:
    made = hook(cafe)
    ids = [failed(made["id"], age=age) for age in (1, 2, 3)]
    with db.transaction() as session:
        session.get_one(Delivery, ids[0]).state = "sent"
    page = cafe("GET", "/deliveries", params={"limit": 2}).json()
    assert [one["id"] for one in page["data"]] == [ids[2], ids[1]]
    rest = cafe("GET", "/deliveries", params={"limit": 2, "after": page["next"]}).json()
    assert ([one["id"] for one in rest["data"]], rest["next"]) == ([ids[0]], None)
    both = cafe("GET", f"/deliveries?state=sent&state=failed&destination_id={made['id']}").json()["data"]
    assert len(both) == 3
    assert [one["id"] for one in cafe("GET", "/deliveries?state=sent").json()["data"]] == [ids[0]]


def test_a_single_delivery_is_sent_again(cafe: Party) -> None:
    delivery = failed(hook(cafe)["id"], age=1)
    again = cafe("POST", f"/deliveries/{delivery}/replay")
    assert again.status_code == 202
    assert (again.json()["state"], again.json()["attempts"]) == ("waiting", 0)
    assert cafe("POST", f"/deliveries/{delivery}/replay").status_code == 409
