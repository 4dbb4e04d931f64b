"""Attack 49, brute force: 1000 tries in a minute to sign in, at one account, from one place and from everywhere; guessed keys.

Bar: ten in fifteen minutes get a mail at most (three a day do), nobody is kept out for good, the honest one still gets in, and
guessing costs the service next to nothing. There are no passwords here, so none are guessed or hashed.
"""

import json
import time
from datetime import timedelta
from secrets import token_hex, token_urlsafe

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from syndication import clock
from syndication.accounts import people, sign_in
from syndication.infra import db
from syndication.infra.signing import base64url
from syndication.ledger import sealed_links
from syndication.models import SignInRequest
from syndication.publishing import api_keys
from syndication.publishing.api_keys import KeyRequest
from syndication.web import signed_in, throttle
from tests import factories, town
from tests.attacks.conftest import changed, come_from, rows

pytestmark = pytest.mark.enough("sqlite")  # tests/accounts has what is kept, on both
TRIES = 1000
ROSA = "rosa@cafe.example"


@pytest.fixture(autouse=True)
def _rosa(client: TestClient) -> None:
    people.add(ROSA, name="Rosa")


def attack(client: TestClient, tries: int, *, spread: bool) -> list[int]:
    """Somebody asks for links for Rosa, and workers do what is asked; the statuses."""
    found = []
    for number in range(tries):
        come_from(client, f"{number % 220 + 1}.{number // 220}.7.9" if spread else "203.0.113.7")
        found.append(client.post("/sign-in", data={"email": ROSA}).status_code)
    with db.reading() as session:
        waiting = session.scalars(select(SignInRequest.id)).all()
    for one in waiting:
        sign_in.answer(one)
    return found


def links() -> list[str]:
    """The links in Rosa's mailbox, the newest last."""
    payloads = [row.payload or {} for row in town.deliveries("letter")]
    return [sealed_links.opened(one).rpartition("/")[2] for one in payloads if one["letter"] == "sign_in"]


def gets_in(client: TestClient) -> bool:
    """Whether the newest link in the mailbox lets her in, in a browser that was never seen."""
    come_from(client, "198.51.100.20")
    client.cookies.clear()
    answer = client.post(f"/sign-in/{links()[-1]}")
    return answer.status_code == 303 and client.get("/desk/account").status_code == 200


@pytest.mark.parametrize("spread", [False, True], ids=["from one place", "from everywhere"])
def test_a_thousand_tries_in_a_minute_write_three_mails_and_keep_nobody_out(
    spread: bool, client: TestClient, capsys: pytest.CaptureFixture[str]
) -> None:
    found = attack(client, TRIES, spread=spread)
    with capsys.disabled():
        print(f" [{TRIES} tries: {found.count(200)} taken down, {len(links())} mails]", end="")
    assert len(links()) <= 3
    if not spread:
        assert found.count(200) <= 10
        assert set(found) == {200, 429}
    clock.travel(timedelta(hours=20))
    assert gets_in(client)


def test_an_attack_of_weeks_keeps_nobody_out_on_any_day(client: TestClient) -> None:
    for day in range(14):
        attack(client, 12, spread=True)
        clock.travel(timedelta(hours=1 + day))
        assert gets_in(client), f"on day {day}"
        throttle._buckets.cache_clear()
        clock.travel(timedelta(hours=26 - day))
    assert len(links()) <= 14 * 4


def test_no_guessed_link_or_cookie_signs_anybody_in(client: TestClient) -> None:
    attack(client, 1, spread=True)
    before = rows()
    for number in range(TRIES):
        come_from(client, f"{number % 220 + 1}.{number // 220}.8.9")
        client.cookies.clear()
        assert client.post(f"/sign-in/{token_urlsafe(32)}").status_code == 404
        answer = client.get("/desk", headers={"Cookie": f"{signed_in._cookie()}={token_urlsafe(32)}"})
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/sign-in")
    assert changed(before) == {}
    assert gets_in(client)


def test_guessed_answers_of_a_device_are_few(client: TestClient) -> None:
    said = base64url(json.dumps({"challenge": token_urlsafe(32)}).encode())
    come_from(client, "203.0.113.7")
    found = [
        client.post("/sign-in/passkey", json={"id": "x", "response": {"clientDataJSON": said}}).status_code
        for _ in range(TRIES)
    ]
    assert found.count(422) <= 30
    assert set(found) == {422, 429}


@pytest.mark.alone
def test_guessed_keys_cost_little_and_the_right_one_goes_on_working(
    client: TestClient, capsys: pytest.CaptureFixture[str]
) -> None:
    with db.transaction() as session:
        cafe = factories.merchant(session, "cafe").id
    key = api_keys.create(cafe, KeyRequest(name="shop")).text
    good = {"Authorization": f"Bearer {key}"}
    assert client.get("/api/v1/posts", headers=good).status_code == 200
    before, known = rows(), key.rpartition("_")[0]
    shapes = (
        lambda: f"{key[:13]}{token_urlsafe(32)}",  # whose it is, is known
        lambda: f"syn_{token_hex(4)}_{token_urlsafe(32)}",
        lambda: token_urlsafe(32),
        lambda: f"{known}_",
    )
    began = time.process_time()
    for number in range(TRIES):
        answer = client.get("/api/v1/posts", headers={"Authorization": f"Bearer {shapes[number % 4]()}"})
        assert answer.status_code == 401
    each = (time.process_time() - began) / TRIES * 1000
    began = time.process_time()
    for _ in range(50):
        assert client.get("/api/v1/posts", headers=good).status_code == 200, (
            "nobody is locked out by others' guesses"
        )
    rightly = (time.process_time() - began) / 50 * 1000
    with capsys.disabled():
        print(
            f" [{TRIES} guesses: {each:.1f} ms of CPU each, client and all; a right one {rightly:.1f} ms]",
            end="",
        )
    assert each < rightly + 2
    assert changed(before) == {}
