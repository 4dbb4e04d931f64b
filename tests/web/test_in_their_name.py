"""The town hall acts in a merchant's name: never unseen, for two hours at most, and never where people or secrets are meant."""

import io
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from syndication import clock
from syndication.accounts import people, sessions
from syndication.accounts.sessions import Device
from syndication.config import Settings
from syndication.infra import db
from syndication.insight import audit_log
from syndication.insight.audit_log import LogFilter, LogRow
from syndication.models import Destination, Person
from syndication.publishing import api_keys, file_work, files, posts
from syndication.publishing.api_keys import KeyRequest
from syndication.web import rules, signed_in
from syndication.web.app import create_app
from syndication.web.desk.log_words import said_of
from tests import factories
from tests.web.test_desk import BROWSER, token

pytestmark = pytest.mark.enough("sqlite")  # who may, and what pages say; above SQL
CAFE = "/desk/merchants/cafe"
BAR = "Im Namen von Café Rosengarten"
NOBODY = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def cafe(database: str) -> UUID:
    with db.transaction() as session:
        factories.merchant(session, "museum", name="Stadtmuseum")
        found = factories.merchant(session, "cafe", name="Café Rosengarten").id
        factories.destination(
            session, "webhook", merchant_id=found, name="Webshop", settings={"url": "http://127.0.0.1:9/"},
        )  # fmt: skip
    people.join("rosa@cafe.example", "cafe", "owner", name="Rosa Rosen")
    return found


@pytest.fixture
def client(settings: Settings, cafe: UUID) -> Iterator[TestClient]:
    with TestClient(create_app(settings), headers=BROWSER, raise_server_exceptions=False) as one:
        yield one


def enter(client: TestClient, role: Any, email: str = "") -> str:
    """Somebody signs in; the token of their forms."""
    if not email:
        email = f"{role}@coburg.example"
        people.add(email, name="Anna Amt", role=role)
    with db.transaction() as session:
        person = session.scalars(select(Person).where(Person.email == email)).one()
        secret, _ = sessions.begin(session, person, Device(), "link")
    client.cookies.set(signed_in._cookie(), secret)
    return token(client.get("/desk/account").text)


def opened(client: TestClient, role: str = "operator") -> str:
    sealed = enter(client, role)
    answer = client.post("/desk/city/merchants/cafe/enter", data={"token": sealed})
    assert answer.url.path == CAFE
    assert BAR in answer.text
    return sealed


def lines(what: str) -> list[LogRow]:
    return audit_log.lines(LogFilter(what=what))


def test_a_bar_stands_on_every_page_until_it_is_ended(client: TestClient) -> None:
    sealed = opened(client)
    for page in (
        CAFE,
        "/desk/city",
        "/desk/city/merchants",
        "/desk/account",
        f"{CAFE}/team",
        f"{CAFE}/business",
    ):
        said = client.get(page).text
        assert BAR in said, page
        assert 'action="/desk/leave"' in said, page
    ended = client.post("/desk/leave", data={"token": sealed})
    assert ended.url.path == "/desk/city/merchants/cafe"
    assert BAR not in ended.text
    assert client.get(CAFE).status_code == 404
    assert len(lines("acting.begun")) == len(lines("acting.ended")) == 1


def test_what_is_done_is_written_down_with_both_names_and_the_merchant_sees_it(
    client: TestClient, cafe: UUID
) -> None:
    post = posts.create(cafe, factories.event("Weinabend"))
    sealed = opened(client)
    form = f"{CAFE}/posts/{post.id}/write"
    from tests.web.test_writing import boxes

    typed = {**boxes(client.get(form).text), "token": sealed, "title": "Weinabend im Hof", "then": "check"}
    checked = client.post(form, data=typed)
    assert "Weinabend im Hof" in checked.text
    client.post(f"{CAFE}/posts/{post.id}/check", data={"token": sealed, "how": "now"})
    line = lines("post.revised")[0]
    assert (line.by_name, line.details["in_the_name_of"]) == ("Anna Amt", "Café Rosengarten")
    assert said_of(line, "de")["who"] == "Anna Amt, im Namen von Café Rosengarten"
    enter(client, None, "rosa@cafe.example")
    assert "zuletzt geändert vom Rathaus (Anna Amt)" in client.get(f"{CAFE}/posts/{post.id}").text
    assert "vom Rathaus (Anna Amt)" in client.get(CAFE).text


def test_a_post_that_was_taken_back_in_their_name_says_by_whom(client: TestClient, cafe: UUID) -> None:
    post = posts.create(cafe, factories.event("Weinabend"))
    sealed = opened(client)
    client.post(f"{CAFE}/posts/{post.id}/acts/withdraw", data={"token": sealed})
    enter(client, None, "rosa@cafe.example")
    assert "vom Rathaus (Anna Amt)" in client.get(f"{CAFE}/posts/{post.id}").text


def test_what_a_worker_does_later_is_written_down_with_both_names(client: TestClient, cafe: UUID) -> None:
    sealed = opened(client)
    table = b"Titel;Beginn\nLesung;24.12.2030 19:30\n"
    client.post(
        f"{CAFE}/files", data={"token": sealed, "tell": "nobody"},
        files={"files": ("termine.csv", io.BytesIO(table), "text/csv")},
    )  # fmt: skip
    file_id = files.listed(cafe)[0].id
    for _ in range(3):
        file_work.work(file_id)
    client.post(f"{CAFE}/files/{file_id}", data={"token": sealed, "tell": "nobody"})
    for _ in range(3):
        file_work.work(file_id)
    line = lines("post.created")[0]
    assert (line.by_name, line.details["in_the_name_of"]) == ("Anna Amt", "Café Rosengarten")


def test_it_ends_by_itself_and_with_the_session_and_in_no_other_browser(client: TestClient) -> None:
    opened(client)
    other = dict(client.cookies)
    clock.travel(timedelta(hours=1, minutes=59))
    assert BAR in client.get(CAFE).text
    enter(client, "operator")
    assert client.get(CAFE).status_code == 404, "another browser"
    client.cookies.update(other)
    clock.travel(timedelta(minutes=2))
    assert client.get(CAFE).status_code == 404
    assert BAR not in client.get("/desk/city").text


def test_whoever_loses_the_role_loses_the_desk(client: TestClient) -> None:
    opened(client)
    people.add("boss@coburg.example", role="operator")
    people.add("operator@coburg.example", role="viewer")
    assert client.get(CAFE).status_code == 404


@pytest.mark.parametrize("role", ["operator", "editor"])
def test_people_keys_and_accesses_are_changed_by_nobody_in_their_name(
    client: TestClient, cafe: UUID, role: str
) -> None:
    key = api_keys.create(cafe, KeyRequest(name="Kasse")).key.id
    with db.reading() as session:
        outlet = session.scalars(select(Destination.id)).one()
    sealed, rosa = opened(client, role), people.of_address("rosa@cafe.example").id
    theirs = [(method, path) for (method, path), rule in rules.TABLE.items() if rule.theirs]
    assert len(theirs) == 7
    theirs += [
        ("POST", "/desk/merchants/{slug}/outlets/{outlet_id}/" + act) for act in ("remove", "reconnect")
    ]
    for method, path in theirs:
        address = path.format(slug="cafe", outlet_id=outlet, key_id=key, person_id=rosa)
        answer = client.request(method, address, data={"token": sealed} if method == "POST" else None)
        assert answer.status_code in (403, 422), address
        assert "seine Sache" in answer.text or role == "editor", address
    assert [one.revoked_at for one in api_keys.listed(cafe)] == [None]
    assert [one.email for one in people.members("cafe")] == ["rosa@cafe.example"]
    for page in ("team", "outlets", f"outlets/{outlet}"):
        said = client.get(f"{CAFE}/{page}").text
        for words in ("cafe/keys", "/secret", "Einladen", "/remove", "/reconnect", 'name="channel"'):
            assert words not in said, (page, words)


def test_an_editor_writes_as_a_member_does_and_a_viewer_never(client: TestClient) -> None:
    sealed = opened(client, "editor")
    assert client.get(f"{CAFE}/new/event").status_code == 200
    assert client.get(f"{CAFE}/business").status_code == 403
    assert client.post(f"{CAFE}/business", data={"token": sealed, "address": "X"}).status_code == 403
    sealed = enter(client, "viewer")
    assert client.post("/desk/city/merchants/cafe/enter", data={"token": sealed}).status_code == 403
    assert client.get(CAFE).status_code == 404
    assert "In seinem Namen handeln" not in client.get("/desk/city/merchants/cafe").text


def test_no_other_merchant_is_reached_and_nothing_is_said_of_it(client: TestClient) -> None:
    sealed = opened(client)
    assert client.get("/desk/merchants/museum").status_code == 404
    assert client.post("/desk/city/merchants/nobody/enter", data={"token": sealed}).status_code == 404
    client.post("/desk/city/merchants/museum/quota", data={"token": sealed, "posts_per_day": "7"})
    assert "in_the_name_of" not in lines("merchant.changed")[0].details
    moved = client.post("/desk/city/merchants/museum/enter", data={"token": sealed})
    assert re.search("Im Namen von Stadtmuseum", moved.text)
    assert client.get(CAFE).status_code == 404
