"""Turning on notices over HTTP: what a browser's script asks for, and what strangers who ask for it get."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from syndication import config
from syndication.audience import interests
from syndication.destinations import devices
from syndication.infra import db
from syndication.models import Delivery, Destination, InterestRow
from syndication.publishing import api_keys
from syndication.publishing.api_keys import KeyRequest
from syndication.web.app import create_app
from tests.browser import AUTH, P256DH, b64
from tests.conftest import settings_for
from tests.town import fan_out, publish
from tests.web.conftest import Party

pytestmark = pytest.mark.enough(
    "sqlite"
)  # what browsers ask; tests/destinations/test_devices.py has what is kept, on both

ENDPOINT = "https://fcm.googleapis.com/fcm/send/e1aQ:APA91b"
KEYS = {"p256dh": P256DH, "auth": b64(AUTH)}
BROWSER = {"Accept": "text/html"}


@pytest.fixture
def client(database: str, settings: config.Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings), raise_server_exceptions=False) as one:
        yield one


def turn_on(client: TestClient, endpoint: str = ENDPOINT, **fields: Any) -> Any:
    return client.post("/notices", json={"endpoint": endpoint, "keys": KEYS, **fields})


def state(client: TestClient, endpoint: str = ENDPOINT) -> Any:
    return client.post("/notices/state", json={"endpoint": endpoint}).json()


def rows() -> list[Destination]:
    with db.reading() as session:
        return list(session.scalars(select(Destination)))


def test_a_device_is_one_row_however_often_it_signs_up(client: TestClient) -> None:
    assert state(client) == {"on": False, "kinds": [], "topics": []}
    assert turn_on(client, kinds=["event"], topics=["Musik & Tanz"]).status_code == 204
    assert state(client) == {"on": True, "kinds": ["event"], "topics": ["musik-tanz"]}
    assert turn_on(client, kinds=["offer"]).status_code == 204
    assert state(client) == {"on": True, "kinds": ["offer"], "topics": []}
    (row,) = rows()
    with db.reading() as session:
        interest = interests.load(session.get_one(InterestRow, row.interest_id))
    assert (row.merchant_id, interest.kinds, row.state) == (None, ("offer",), "active")


def test_nothing_of_the_subscription_is_kept_in_the_clear(client: TestClient) -> None:
    turn_on(client)
    (row,) = rows()
    kept = repr({name: value for name, value in vars(row).items() if name != "secrets"})
    for secret in ("APA91b", P256DH, b64(AUTH), "testclient"):
        assert secret not in kept
    assert "APA91b" not in row.secrets


def test_turning_off_forgets_the_device_and_its_deliveries(client: TestClient) -> None:
    turn_on(client)
    publish()
    fan_out()
    with db.reading() as session:
        assert session.scalars(select(Delivery)).all()
    for _ in range(2):
        assert client.post("/notices/off", json={"endpoint": ENDPOINT}).status_code == 204
    with db.reading() as session:
        assert session.scalars(select(Delivery)).all() == []
    assert rows() == []
    assert state(client)["on"] is False


def test_a_browser_that_had_left_can_come_back(client: TestClient) -> None:
    turn_on(client)
    with db.transaction() as session:
        row = session.scalars(select(Destination)).one()
        row.state, row.reason, row.failures = "disabled", "This browser no longer wants notices.", 1
    assert state(client)["on"] is False
    turn_on(client)
    (row,) = rows()
    assert (row.state, row.reason, row.failures) == ("active", "", 0)


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://updates.push.services.mozilla.com/wpush/v2/gAAAAA",
        "https://web.push.apple.com/QOX",
        "https://wns2-par02p.notify.windows.com/w/?token=BQYA",
        "https://WEB.push.apple.com:443/QOX",
    ],
)
def test_the_makers_of_browsers_are_known(client: TestClient, endpoint: str) -> None:
    assert turn_on(client, endpoint).status_code == 204


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://attacker.example/push",
        "https://notify.windows.com/w",
        "https://evil-fcm.googleapis.com/x",
        "https://fcm.googleapis.com.attacker.example/x",
        "https://fcm.googleapis.com./x",
        "https://attacker.example#@fcm.googleapis.com/",
        "https://attacker.example\\@fcm.googleapis.com/",
        "https://user@fcm.googleapis.com/x",
        "https://fcm.googleapis.com:99999/x",
        "https://[fcm.googleapis.com/x",
        "ftp://fcm.googleapis.com/x",
        "//fcm.googleapis.com/x",
        "http://169.254.169.254/latest",
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "",
        "x" * 1001,
        "https://fcm.googleapis.com/\ud800",
    ],
)
def test_other_servers_are_refused_in_words(client: TestClient, endpoint: str) -> None:
    body = json.dumps({"endpoint": endpoint, "keys": KEYS})
    answer = client.post("/notices", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert "endpoint" in answer.json()["detail"]
    assert "attacker" not in answer.text
    assert rows() == []


def test_plain_http_and_private_addresses_are_refused_where_the_city_is_real(
    database: str, client: TestClient, tmp_path: Any
) -> None:
    real = settings_for(
        tmp_path,
        base_url="https://news.coburg.example",
        allow_private_addresses=False,
        push_services=("10.0.0.1", ".push.example"),
    )
    config.use(real)
    for endpoint in ("https://10.0.0.1/push", "http://a.push.example/x", "https://a.push.example:22/x"):
        answer = turn_on(client, endpoint)
        assert (answer.status_code, "endpoint" in answer.json()["detail"]) == (422, True)
    assert turn_on(client, "https://a.push.example/x").status_code == 204


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"", 422),
        (b"[]", 422),
        (b'{"endpoint": 1, "keys": {}}', 422),
        (b'{"endpoint": "https://fcm.googleapis.com/x", "keys": {"p256dh": "AAAA", "auth": "\\u0000"}}', 422),
        (b'{"endpoint": "https://fcm.googleapis.com/x", "kinds": ["gossip"], "more": 1}', 422),
        (b"\xff\xfe", 400),
    ],
)
@pytest.mark.parametrize("path", ["/notices", "/notices/state", "/notices/off"])
def test_garbage_is_answered_in_words(path: str, body: bytes, status: int, client: TestClient) -> None:
    answer = client.post(path, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status
    assert answer.json()["detail"]
    assert rows() == []


@pytest.mark.parametrize("path", ["/notices", "/notices/state", "/notices/off"])
def test_what_another_site_can_send_without_our_leave_is_refused(path: str, client: TestClient) -> None:
    body = '{"endpoint": "https://fcm.googleapis.com/x"}'
    answer = client.post(path, content=body, headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415
    asked = client.options(
        path, headers={"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}
    )
    assert "access-control-allow-origin" not in asked.headers


def test_more_devices_than_fan_out_can_bear_are_told_so(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "MOST", 1)
    assert turn_on(client).status_code == 204
    answer = turn_on(client, "https://web.push.apple.com/2")
    assert (answer.status_code, "no room" in answer.json()["detail"]) == (503, True)
    assert turn_on(client, kinds=["event"]).status_code == 204, "whoever is in may choose anew"


def test_the_twenty_first_change_from_one_place_waits_and_leaving_never_does(client: TestClient) -> None:
    assert [turn_on(client).status_code for _ in range(21)] == [204] * 20 + [429]
    assert client.post("/notices/off", json={"endpoint": ENDPOINT}).status_code == 204


@pytest.mark.parametrize(
    ("language", "words"),
    [("de", "Mitteilungen auf diesem Gerät einschalten"), ("en", "Turn on notices on this device")],
)
def test_the_page_speaks_the_visitors_language_and_runs_only_our_scripts(
    language: str, words: str, client: TestClient
) -> None:
    publish(topics=["kunst"])
    answer = client.get(f"/notices?lang={language}")
    assert words in answer.text
    assert 'value="kunst"' in answer.text
    policy = answer.headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", "script-src 'self'", "connect-src 'self'", "worker-src 'self'"} <= set(
        policy
    )
    assert not [part for part in policy if "unsafe" in part]
    assert f'data-key="{devices.public_key()}"' in answer.text
    assert "/notices" in client.get(f"/?lang={language}").text


def test_without_a_key_there_are_no_notices(client: TestClient, tmp_path: Any) -> None:
    config.use(settings_for(tmp_path, vapid_key=""))
    page = client.get("/notices?lang=de", headers=BROWSER)
    assert (page.status_code, "Diese Seite gibt es nicht" in page.text) == (404, True)
    assert "/notices" not in client.get("/").text
    assert turn_on(client).status_code == 404
    assert client.post("/notices/off", json={"endpoint": ENDPOINT}).status_code == 204


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/notices.js", "text/javascript"),
        ("/notices-page.js", "text/javascript"),
        ("/manifest.webmanifest?lang=en", "application/manifest+json"),
    ],
)
def test_its_files_are_cached(path: str, kind: str, client: TestClient) -> None:
    first = client.get(path)
    assert first.headers["content-type"].startswith(kind)
    assert client.get(path, headers={"If-None-Match": first.headers["etag"]}).status_code == 304


def test_the_manifest_lets_an_iphone_keep_the_page_on_its_home_screen(client: TestClient) -> None:
    manifest = client.get("/manifest.webmanifest?lang=en").json()
    assert (manifest["name"], manifest["display"]) == ("Coburg", "standalone")
    assert client.get(manifest["start_url"]).status_code == 200


def test_ids_are_made_from_endpoints_alone(client: TestClient) -> None:
    turn_on(client)
    (row,) = rows()
    assert row.id == devices._id(ENDPOINT)
    assert isinstance(row.id, UUID)
    assert row.id.version == 5


def test_the_api_counts_devices_and_names_none(client: TestClient) -> None:
    turn_on(client)
    one = publish()
    fan_out()
    operator = Party(client, None, api_keys.create(None, KeyRequest(name="hall", scopes=("operator",))).text)
    journey = operator("GET", f"/posts/{one.id}/deliveries").json()
    kind = rows()[0].channel
    assert kind not in [stop["channel"] for stop in journey["destinations"]]
    assert journey["readers"] == [{"channel": kind, "state": "waiting", "count": 1}]
    (delivery,) = operator("GET", f"/deliveries?channel={kind}").json()["data"]
    history = operator("GET", f"/deliveries/{delivery['id']}").json()
    for shown in (delivery, history):
        assert (shown["destination_id"], shown["destination"]) == (None, None)
    assert operator("GET", "/destinations").json()["data"] == []
    (listed,) = operator("GET", f"/destinations?channel={kind}").json()["data"]
    assert "APA91b" not in str(listed)
