"""The town hall's pages about businesses that applied, and the whole way from the form to the desk over real mail."""

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from syndication.accounts import admissions, applications, people, sessions
from syndication.accounts.sessions import Device
from syndication.config import Settings
from syndication.infra import db
from syndication.insight.to_do import to_do
from syndication.models import Person
from syndication.publishing import api_keys
from syndication.publishing.api_keys import KeyRequest
from syndication.web import signed_in
from syndication.web.app import create_app
from tests import factories
from tests.accounts.test_applications import answered, letters
from tests.accounts.test_applications import token as link_token
from tests.web.test_apply import BROWSER
from tests.web.test_desk import token

pytestmark = pytest.mark.enough("sqlite")  # pages; tests/accounts has what is kept, on both


@pytest.fixture
def client(database: str, settings: Settings) -> Iterator[TestClient]:
    people.add("boss@coburg.example", name="Berta Boss", role="operator")
    with TestClient(create_app(settings), headers=BROWSER, client=("203.0.113.7", 40000)) as one:
        yield one


def enter(client: TestClient, email: str = "boss@coburg.example") -> None:
    """Sign somebody in by their cookie."""
    with db.transaction() as session:
        person = people.find(session, email)
        assert isinstance(person, Person)
        secret, _ = sessions.begin(session, person, Device(), "link")
    client.cookies.set(signed_in._cookie(), secret)


def applied(**typed: str) -> str:
    """A business applied and confirmed; the address of its page at the town hall."""
    answered(**typed)
    applications.confirm(link_token())
    return f"/desk/city/applications/{admissions.waiting()[-1].id}"


def decide(client: TestClient, where: str, act: str, because: str = "") -> Any:
    sealed = token(client.get(where).text)
    return client.post(where, data={"token": sealed, "act": act, "because": because})


def test_what_waits_is_counted_beside_every_page_of_an_operator(client: TestClient) -> None:
    enter(client)
    assert "Anmeldungen</a>" in client.get("/desk/account").text
    assert "Niemand wartet" in client.get("/desk/city/applications").text
    applied(name="Café & <Söhne>")
    assert "Anmeldungen (1)</a>" in client.get("/desk/account").text
    assert "Café &amp; &lt;Söhne&gt;" in client.get("/desk/city/applications").text


def test_an_application_shows_its_facts_and_who_has_the_same_name(client: TestClient) -> None:
    with db.transaction() as session:
        factories.merchant(session, "cafe", name="CAFÉ Rosengarten")
    where = applied(url="rosengarten.example", phone="09561 1234")
    enter(client)
    page = client.get(where).text
    for words in (
        "Mein Name steht im Impressum.", "Rosa Rosen, rosa@cafe.example, 09561 1234", "Ja, gern.",
        'href="https://rosengarten.example"', "Vielleicht schon da", "CAFÉ Rosengarten", "Herrngasse 12",
    ):  # fmt: skip
        assert words in page, words


def test_a_decision_is_shown_with_its_sentence_and_whose_it_was(client: TestClient) -> None:
    where = applied()
    enter(client)
    page = decide(client, where, "ask", "Wo ist\r\nder Laden?").text
    assert "Rosa Rosen erfährt es per Mail." in page
    assert "Berta Boss &lt;boss@coburg.example&gt;" in page
    assert letters("asked_back")[-1]["because"] == "Wo ist\nder Laden?"
    page = decide(client, where, "decline", "Es gibt ihn nicht.").text
    assert "abgelehnt" in page
    assert "Es gibt ihn nicht." in page
    assert "Das nachfragen" not in page
    assert "zugelassen" in decide(client, where, "admit").text


def test_without_a_sentence_nothing_is_decided_and_a_long_one_stays(client: TestClient) -> None:
    where = applied()
    enter(client)
    for because in ("", "x" * 1001):
        answer = decide(client, where, "decline", because)
        assert answer.status_code == 422
        assert "höchstens 1.000 Zeichen" in answer.text
        assert because in answer.text
    assert to_do().applications == 1


def test_who_decides_second_is_told_and_changes_nothing(client: TestClient) -> None:
    where = applied()
    enter(client)
    sealed = token(client.get(where).text)
    admissions.decline(admissions.waiting()[0].merchant_id, "Nein.", "command line")
    answer = client.post(where, data={"token": sealed, "act": "decline", "because": "Auch nein."})
    assert answer.status_code == 409
    assert "Darüber hat schon jemand entschieden" in answer.text
    assert len(letters("declined")) == 1


def test_a_business_sees_at_its_desk_how_it_stands(client: TestClient) -> None:
    applied()
    (one,) = admissions.waiting()
    enter(client, "rosa@cafe.example")
    desk = "/desk/merchants/cafe-rosengarten"
    assert "Ihre Anmeldung wird vom Rathaus geprüft." in client.get(desk).text
    admissions.ask_back(one.merchant_id, "Wo ist der Laden?", "command line")
    assert "Wo ist der Laden?" in client.get(desk).text
    admissions.decline(one.merchant_id, "Es gibt ihn nicht.", "command line")
    assert "Es gibt ihn nicht." in client.get(desk).text
    admissions.admit(one.merchant_id, "command line")
    page = client.get(desk).text
    assert "Rathaus" not in page
    assert "Es gibt ihn nicht." not in page


def test_admitting_over_the_api_is_the_same_decision(client: TestClient) -> None:
    applied()
    key = api_keys.create(None, KeyRequest(name="hall", scopes=("operator",)))
    headers = {"Authorization": f"Bearer {key.text}", "Accept": "application/json"}
    answer = client.post("/api/v1/merchants/cafe-rosengarten/admit", headers=headers)
    assert answer.json()["state"] == "admitted"
    assert len(letters("admitted")) == 1
    assert to_do().applications == 0
