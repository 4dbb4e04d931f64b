"""Pages about what waits for a look: the queue, one post, the rules, and what its merchant sees of all that."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from starlette.testclient import TestClient

from syndication import clock
from syndication.accounts import people
from syndication.config import Settings
from syndication.infra import db
from syndication.publishing import posts, review
from syndication.publishing.merge_patch import patched
from syndication.publishing.review import Rules
from syndication.web.app import create_app
from tests import factories
from tests.accounts.test_applications import letters
from tests.web.conftest import Party
from tests.web.test_desk import BROWSER
from tests.web.test_in_their_name import enter

pytestmark = pytest.mark.enough("sqlite")  # pages; tests/publishing/test_review.py has what is kept, on both
AT = "/desk/city/review"


@pytest.fixture
def cafe(database: str) -> UUID:
    with db.transaction() as session:
        found = factories.merchant(session, "cafe", name="Café Rosengarten").id
    people.join("rosa@cafe.example", "cafe", "owner", name="Rosa Rosen")
    review.set_own(found, "always")
    return found


@pytest.fixture
def client(settings: Settings, cafe: UUID) -> Iterator[TestClient]:
    with TestClient(create_app(settings), headers=BROWSER, raise_server_exceptions=False) as one:
        yield one


def read(client: TestClient, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    return re.sub(r"\s+", " ", answer.text)


def version(page: str) -> str:
    return re.findall(r'name="version" value="(\d+)"', page)[0]


def press(client: TestClient, sealed: str, post_id: UUID, act: str, **typed: Any) -> Any:
    seen = version(read(client, f"{AT}/{post_id}"))
    return client.post(f"{AT}/{post_id}", data={"token": sealed, "version": seen, "act": act, **typed})


def test_what_waits_stands_in_the_menu_on_today_and_in_the_queue(client: TestClient, cafe: UUID) -> None:
    enter(client, "operator")
    assert "Nichts wartet" in read(client, AT)
    post = posts.create(cafe, factories.event("Weinabend"))
    for page in ("/desk/city", AT):
        assert "Anzusehen (1)" in read(client, page)
    assert "auf einen Blick von Ihnen warten: 1" in read(client, "/desk/city")
    assert "Weinabend" in read(client, AT)
    assert "wartet auf das Rathaus" in read(client, "/desk/city/posts")
    assert f"{AT}/{post.id}" in read(client, AT)


def test_several_are_approved_by_ticking_and_what_cannot_be_is_said(client: TestClient, cafe: UUID) -> None:
    sealed = enter(client, "operator")
    ids = [posts.create(cafe, factories.event(title)).id for title in ("Eins", "Zwei", "Drei")]
    ticks = re.findall(r'name="post" value="([^"]+)"', read(client, AT))
    assert len(ticks) == 3
    posts.revise(cafe, ids[1], lambda now: patched(now, {"title": "Ganz anders"}))
    answer = client.post(AT, data={"token": sealed, "post": ticks})
    assert answer.status_code == 409
    assert "Freigegeben: 2" in answer.text
    assert "inzwischen geändert" in answer.text
    assert [posts.read(one).state for one in ids] == ["published", "scheduled", "published"]
    assert client.post(AT, data={"token": sealed}).status_code == 422
    for wrong in ("x", f"{ids[1]}:x", f"{ids[1]}:", ":"):
        assert client.post(AT, data={"token": sealed, "post": wrong}).status_code == 409, wrong


def test_one_is_approved_sent_back_and_handed_in_again(client: TestClient, cafe: UUID) -> None:
    post = posts.create(cafe, factories.event("Weinabend"))
    sealed = enter(client, "operator")
    assert press(client, sealed, post.id, "back", because="").status_code == 422
    assert "Zurückgegeben" in press(client, sealed, post.id, "back", because="Bitte den Preis nennen.").text
    assert letters("review_returned")[0]["because"] == "Bitte den Preis nennen."
    enter(client, None, "rosa@cafe.example")
    said = read(client, f"/desk/merchants/cafe/posts/{post.id}")
    assert "Vom Rathaus zurückgegeben" in said
    assert "Bitte den Preis nennen." in said
    assert "vom Rathaus zurückgegeben" in read(client, "/desk/merchants/cafe?show=coming")
    posts.revise(cafe, post.id, lambda now: patched(now, {"price": "5"}))
    sealed = enter(client, "operator")
    assert "Es geht jetzt hinaus" in press(client, sealed, post.id, "approve").text
    late = client.post(f"{AT}/{post.id}", data={"token": sealed, "version": "9", "act": "approve"})
    assert late.status_code == 409
    assert "wartet nicht mehr" in late.text


def test_a_correction_shows_what_it_changes_and_a_hand_of_the_hall_is_seen(
    client: TestClient, cafe: UUID
) -> None:
    review.set_own(cafe, "never")
    post = posts.create(cafe, factories.event("Weinabend", price="5"))
    review.set_own(cafe, "always")
    posts.revise(cafe, post.id, lambda now: patched(now, {"title": "Weinabent", "price": "7"}))
    sealed = enter(client, "operator")
    said = read(client, f"{AT}/{post.id}")
    assert re.search("<del>Weinabend</del>.*<ins>Weinabent</ins>", said)
    assert re.search("<del>5[^<]*€</del>.*<ins>7[^<]*€</ins>", said)
    press(client, sealed, post.id, "edit", title="Weinabend im Hof", summary="", body="")
    enter(client, None, "rosa@cafe.example")
    said = read(client, f"/desk/merchants/cafe/posts/{post.id}")
    assert "Ihre Änderung wartet auf das Rathaus" in said
    assert re.search("Anna Amt.*<del>Weinabent</del>.*<ins>Weinabend im Hof</ins>", said)
    assert "Weinabend im Hof" in read(client, f"/desk/merchants/cafe/posts/{post.id}/write"), (
        "it is gone on with"
    )
    assert "im Hof" not in read(client, f"/posts/{post.id}"), "everybody sees what stands"


def test_an_hour_that_has_passed_is_said_before_and_afterwards(client: TestClient, cafe: UUID) -> None:
    post = posts.create(cafe, factories.event(publish_at=(clock.now() + timedelta(hours=1)).isoformat()))
    clock.travel(timedelta(hours=2))
    sealed = enter(client, "operator")
    assert "Seine Zeit ist vorbei" in read(client, f"{AT}/{post.id}")
    assert "war seine Zeit schon vorbei" in press(client, sealed, post.id, "approve").text
    enter(client, None, "rosa@cafe.example")
    assert "war seine Zeit schon vorbei" in read(client, f"/desk/merchants/cafe/posts/{post.id}")


def test_whoever_posts_is_told_that_it_waits(client: TestClient, cafe: UUID) -> None:
    sealed = enter(client, None, "rosa@cafe.example")
    post = posts.create(cafe, factories.event())
    said = read(client, f"/desk/merchants/cafe/posts/{post.id}?told=1")
    assert "Der Beitrag wartet auf das Rathaus." in said
    assert "dann geht er sofort hinaus" in said
    assert "wartet auf das Rathaus" in read(client, "/desk/merchants/cafe?show=coming")
    assert sealed


def test_the_rules_are_set_and_one_merchant_is_an_exception(client: TestClient, cafe: UUID) -> None:
    sealed = enter(client, "operator")
    client.post(f"{AT}/rules", data={"token": sealed, "scope": "new", "first_posts": "3"})
    assert review.rules() == Rules(scope="new", first_posts=3)
    for wrong in (
        {"scope": "x"},
        {"scope": "new", "first_posts": "viele"},
        {"scope": "new", "first_posts": "0"},
    ):
        answer = client.post(f"{AT}/rules", data={"token": sealed, **wrong})
        assert answer.status_code == 422, wrong
    assert review.rules() == Rules(scope="new", first_posts=3)
    client.post("/desk/city/merchants/cafe/review", data={"token": sealed, "review": "never"})
    assert review.own_of(cafe) == "never"
    client.post("/desk/city/merchants/cafe/review", data={"token": sealed, "review": ""})
    assert review.own_of(cafe) is None
    for role in ("editor", "viewer"):
        enter(client, role)
        assert client.get(AT).status_code == 403


def test_the_api_says_that_it_waits(client: TestClient, cafe: UUID) -> None:
    from syndication.publishing import api_keys
    from syndication.publishing.api_keys import KeyRequest

    client.headers["Accept"] = "application/json"
    party = Party(client, cafe, api_keys.create(cafe, KeyRequest(name="shop")).text)
    body = factories.event().model_dump(mode="json", exclude_unset=True)
    made = party("POST", "/posts", json=body).json()
    assert (made["state"], made["review"], made["published_at"]) == ("scheduled", "waiting", None)
    changed = party("PATCH", f"/posts/{made['id']}", json={"title": "Anders"}).json()
    assert (changed["what"], changed["post"]["review"]) == ("revised", "waiting")
