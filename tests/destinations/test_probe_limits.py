"""How often a caller can have us knock at a stranger's server: each way is counted at the server itself."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from syndication import config, destinations
from syndication.config import Settings
from syndication.content.base import new_id
from syndication.delivery import drain, refresh
from syndication.destinations import DestinationRequest, probe_limits
from syndication.errors import TooOften
from syndication.infra import db
from syndication.publishing import api_keys, site_images
from syndication.publishing.api_keys import KeyRequest
from syndication.stack.receiver import Receiver, Reply
from syndication.web.app import create_app
from tests import factories
from tests.conftest import settings_for
from tests.remotes import REMOTES
from tests.town import fan_out
from tests.web.conftest import Party, admitted
from tests.web.test_connect import BROWSER, asked_for

pytestmark = pytest.mark.enough("sqlite")  # knocks are counted in Redis or in memory


@pytest.fixture
def client(city: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(city), base_url="http://localhost:8000") as one:
        yield one


@pytest.fixture
def cafe(client: TestClient) -> Party:
    return admitted(client, "cafe")


def hook_of(party: Party, url: str) -> str:
    made = party("POST", "/destinations", json={"channel": "webhook", "name": "x", "settings": {"url": url}})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def tried(party: Party, path: str, times: int, **request: Any) -> list[Any]:
    """The answers to the same request again and again, each sent before the next is asked for."""
    found = []
    for _ in range(times):
        found.append(party("POST", path, **request))
        drain.drain("push")
    return found


def test_155_tests_are_five_knocks(client: TestClient, receiver: Receiver, cafe: Party) -> None:
    outlet = hook_of(cafe, receiver.url("/hook"))
    answers = tried(cafe, f"/destinations/{outlet}/test", 155)
    assert len(receiver.requests) == 5
    assert [one.status_code for one in answers] == [202] * 5 + [429] * 150
    last = answers[-1]
    assert 1 <= int(last.headers["Retry-After"]) <= 600
    assert last.json()["detail"] == "This was tried too often. Please wait ten minutes and try again."


def test_many_outlets_at_one_host_are_one_host(client: TestClient, receiver: Receiver, cafe: Party) -> None:
    base = receiver.url("").rstrip("/")
    spellings = [f"{base}/{number}" for number in range(4)]
    spellings += [f"{base.replace('127.0.0.1', 'LOCALHOST')}/{number}" for number in range(4)]
    for url in spellings:
        cafe("POST", f"/destinations/{hook_of(cafe, url)}/test")
        drain.drain("push")
    # One machine, but two names: each name has its five, and none more.
    assert len(receiver.requests) == 8
    for url in spellings:
        cafe("POST", f"/destinations/{hook_of(cafe, url)}/test")
        drain.drain("push")
    assert len(receiver.requests) == 10


def test_one_merchant_has_twenty_over_all_its_outlets_and_takes_nothing_from_others(
    client: TestClient, cafe: Party
) -> None:
    assert cafe.merchant_id is not None
    museum = admitted(client, "museum")
    for number in range(20):
        probe_limits.count(cafe.merchant_id, new_id(), f"https://host{number}.example/x")
    with pytest.raises(TooOften):
        probe_limits.count(cafe.merchant_id, new_id(), "https://host99.example/x")
    probe_limits.count(museum.merchant_id, new_id(), "https://host1.example/x")


def test_the_buckets_fill_again(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(probe_limits, "buckets", lambda: one)
    from syndication.infra.rate_limits import Buckets

    one, outlet = Buckets(monotonic=lambda: now[0]), new_id()
    for _ in range(5):
        probe_limits.count(None, outlet)
    with pytest.raises(TooOften) as refused:
        probe_limits.count(None, outlet)
    assert refused.value.after == pytest.approx(120)
    now[0] += 121
    probe_limits.count(None, outlet)


def test_all_processes_count_together(redis_url: str, tmp_path: Path) -> None:
    config.use(settings_for(tmp_path, broker_url=redis_url))
    outlet = new_id()
    try:
        for _ in range(5):
            probe_limits.buckets.cache_clear()  # as if each were another process
            probe_limits.count(None, outlet)
        probe_limits.buckets.cache_clear()
        with pytest.raises(TooOften):
            probe_limits.count(None, outlet)
    finally:
        config.use(None)


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("https://Hooks.Example.:8443/x", "hooks.example"),
        ("http://user:pw@hooks.example/x", "hooks.example"),
        ("mailtos://mail.example?to=x", "mail.example"),
        ("https://[2001:DB8::1]/x", "2001:db8::1"),
        ("no address", ""),
        ("https://[broken", ""),
    ],
)
def test_a_host_is_the_same_however_it_is_spelled(text: str, host: str) -> None:
    assert probe_limits.hosts_of(text) == ({host} if host else set())


# The other ways


def test_one_delivery_is_sent_again_five_times(client: TestClient, receiver: Receiver, cafe: Party) -> None:
    outlet = hook_of(cafe, receiver.url("/hook"))
    (answer,) = tried(cafe, f"/destinations/{outlet}/test", 1)
    answers = tried(cafe, f"/deliveries/{answer.json()['delivery_id']}/replay", 30)
    assert [one.status_code for one in answers].count(202) == 4
    assert len(receiver.requests) == 5, "tests and replays share their count"


def test_a_window_is_sent_again_five_times(client: TestClient, receiver: Receiver, cafe: Party) -> None:
    assert cafe.merchant_id is not None
    outlet = hook_of(cafe, receiver.url("/hook"))
    factories.post(cafe.merchant_id)
    fan_out()
    drain.drain("push")
    window = {"since": "2020-01-01T00:00:00Z", "states": ["sent"]}
    tried(cafe, f"/destinations/{outlet}/replay", 30, json=window)
    assert len(receiver.requests) == 1 + 5


def test_resuming_is_no_way_around(client: TestClient, receiver: Receiver, cafe: Party) -> None:
    outlet = hook_of(cafe, receiver.url("/hook"))
    answers = tried(cafe, f"/destinations/{outlet}/resume", 30)
    assert [one.status_code for one in answers].count(200) == 5
    hall = Party(client, None, api_keys.create(None, KeyRequest(name="hall", scopes=("operator",))).text)
    assert hall("POST", f"/destinations/{outlet}/resume").status_code == 200


def test_new_settings_have_an_outlet_looked_after_five_times(
    client: TestClient, receiver: Receiver, cafe: Party
) -> None:
    remote: Any = REMOTES["mastodon"]()
    receiver.answer = remote.answer
    chosen = {"server": receiver.url("").rstrip("/"), "access_token": "mastodon-access-token"}
    made = cafe("POST", "/destinations", json={"channel": "mastodon", "name": "x", "settings": chosen})
    looks = 0
    for number in range(30):
        cafe("PATCH", f"/destinations/{made.json()['id']}", json={"settings": {"gap_minutes": number}})
        before = len(receiver.requests)
        refresh.sweep(drain.tools())
        looks += len(receiver.requests) > before
    assert looks <= 5
    others = [
        cafe("POST", "/destinations", json={"channel": "mastodon", "name": "y", "settings": chosen})
        for _ in range(10)
    ]
    assert {one.status_code for one in others} == {429}, "making new ones is no way around"
    assert cafe("PATCH", f"/destinations/{made.json()['id']}", json={"name": "new"}).status_code == 200


def test_a_dry_run_fetches_a_strangers_picture_five_times(
    client: TestClient, receiver: Receiver, cafe: Party
) -> None:
    assert cafe.merchant_id is not None
    receiver.answer = lambda _: Reply(503)
    picture = receiver.url("/bild.jpg")
    post = factories.post(cafe.merchant_id, factories.event(images=[{"url": picture, "alt": "Bild"}]))
    with db.transaction() as session:
        outlet = factories.destination(
            session,
            "mastodon",
            merchant_id=cafe.merchant_id,
            settings={"server": "https://social.example"},
            secrets={"access_token": "x"},
        ).id
    answers = [
        cafe("POST", f"/destinations/{outlet}/dry-run", json={"post_id": str(post.id)}) for _ in range(20)
    ]
    assert [one.status_code for one in answers] == [200] * 5 + [429] * 15
    assert len([one for one in receiver.requests if one.path == "/bild.jpg"]) <= 5


def test_a_link_is_no_way_to_try_tokens_at_a_server(
    client: TestClient, receiver: Receiver, cafe: Party
) -> None:
    remote: Any = REMOTES["matrix"]()
    receiver.answer = remote.answer
    wrong = {"server": receiver.url("").rstrip("/"), "room": "#x:here", "access_token": "guess"}
    answers = []
    for _ in range(3):  # a new link for every few tries
        link = asked_for(cafe, "matrix")
        answers += [client.post(link, data=wrong, headers=BROWSER) for _ in range(10)]
    assert [one.status_code for one in answers].count(422) == 5
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["Retry-After"]) <= 600
    assert "tried too often" in answers[-1].text
    assert len(remote.calls) <= 2 * 5
    german = client.post(f"{link}?lang=de", data=wrong, headers=BROWSER)
    assert "zu oft versucht" in german.text


def test_beginning_to_log_in_registers_at_a_server_five_times(
    client: TestClient, receiver: Receiver, cafe: Party
) -> None:
    remote: Any = REMOTES["mastodon"]()
    receiver.answer = remote.answer
    link = asked_for(cafe, "mastodon")
    for _ in range(20):
        client.post(link, data={"server": receiver.url("")}, headers=BROWSER)
    assert len([one for one in receiver.requests if one.path == "/api/v1/apps"]) == 5


def test_what_is_refused_for_another_reason_counts_for_nothing(
    client: TestClient, receiver: Receiver, cafe: Party
) -> None:
    outlet = destinations.create(
        cafe.merchant_id,
        DestinationRequest(channel="webhook", name="x", settings={"url": receiver.url("/hook")}),
    ).destination.id
    destinations.pause(outlet)
    for _ in range(9):
        assert cafe("POST", f"/destinations/{outlet}/test").status_code == 409
    destinations.resume(outlet)
    assert cafe("POST", f"/destinations/{outlet}/test").status_code == 202


def test_revisions_are_told_to_a_server_thirty_times(
    client: TestClient, receiver: Receiver, cafe: Party
) -> None:
    hook_of(cafe, receiver.url("/hook"))
    post = cafe("POST", "/posts", json={"kind": "offer", "title": "Tee"}).json()["id"]
    answers = []
    for number in range(60):
        answers.append(cafe("PUT", f"/posts/{post}", json={"kind": "offer", "title": f"Tee {number}"}))
        fan_out()
        drain.drain("push")
    assert [one.status_code for one in answers] == [200] * 30 + [429] * 30
    assert len(receiver.requests) <= 1 + 30


def test_a_visitor_cannot_have_us_ask_a_website_again_and_again(
    client: TestClient, receiver: Receiver, cafe: Party
) -> None:
    assert cafe.merchant_id is not None
    receiver.answer = lambda _: Reply(404)
    post = factories.post(
        cafe.merchant_id, factories.event(images=[{"url": receiver.url("/bild.jpg"), "alt": "Bild"}])
    )
    for _ in range(50):
        client.get(f"/posts/{post.id}/pictures/1-page.jpg")
        site_images.work(drain.tools().pictures)
    assert len(receiver.requests) == 1
