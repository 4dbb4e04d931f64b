"""Who acts for the city: another role holds at once in open browsers, is told by mail, and never leaves nobody who decides."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from syndication.accounts import people, sessions
from syndication.accounts.sessions import Device
from syndication.config import Settings
from syndication.infra import db
from syndication.insight import audit_log
from syndication.insight.audit_log import LogFilter
from syndication.models import Delivery, Person
from syndication.web import signed_in
from syndication.web.app import create_app

TEAM = "/desk/city/team"
BROWSER = {"Accept": "text/html"}


def enter(client: TestClient, email: str) -> str:
    """Sign somebody in; the token of their forms."""
    with db.transaction() as session:
        person = session.scalars(select(Person).where(Person.email == email)).one()
        secret, _ = sessions.begin(session, person, Device(), "link")
    client.cookies.set(signed_in._cookie(), secret)
    account = sessions.account(secret)
    assert account is not None
    return sessions.form_token(account)


@pytest.fixture
def boss(database: str, settings: Settings) -> Iterator[TestClient]:
    people.add("boss@coburg.example", name="Berta Boss", role="operator")
    people.add("paul@coburg.example", name="Paul Klein", role="operator")
    with TestClient(create_app(settings), headers=BROWSER) as one:
        yield one


def letters() -> list[dict[str, Any]]:
    with db.reading() as session:
        rows = session.scalars(select(Delivery).where(Delivery.channel == "letter").order_by(Delivery.id))
        return [dict(row.payload or {}) for row in rows]


def test_another_role_holds_at_once_in_a_browser_that_is_open_and_is_told(boss: TestClient) -> None:
    token = enter(boss, "boss@coburg.example")
    paul = people.of_address("paul@coburg.example").id
    with TestClient(boss.app, headers=BROWSER) as other:
        enter(other, "paul@coburg.example")
        assert other.get(TEAM).status_code == 200
        answer = boss.post(f"{TEAM}/{paul}", data={"token": token, "role": "viewer"})
        assert "Geändert. Paul Klein darf ansehen ab jetzt" in answer.text
        assert other.get(TEAM).status_code == 403
        assert other.get("/desk/city/log").status_code == 200
        boss.post(f"{TEAM}/{paul}", data={"token": token})
        assert other.get("/desk/city/log").status_code == 404
    said = [(one["letter"], one["to"], one["role"], one["who"]) for one in letters()]
    assert said == [
        ("role", "paul@coburg.example", "viewer", "Berta Boss"),
        ("role", "paul@coburg.example", "", "Berta Boss"),
    ]
    lines = audit_log.lines(LogFilter(what="person.role"))
    assert [(row.by_name, row.about_name, row.details["role"]) for row in lines] == [
        ("Berta Boss", "Paul Klein", ""),
        ("Berta Boss", "Paul Klein", "viewer"),
    ]


def test_the_same_role_once_more_is_neither_written_down_nor_told(boss: TestClient) -> None:
    token = enter(boss, "boss@coburg.example")
    paul = people.of_address("paul@coburg.example").id
    boss.post(f"{TEAM}/{paul}", data={"token": token, "role": "operator"})
    assert letters() == []
    assert audit_log.lines(LogFilter(what="person.role")) == []


@pytest.mark.parametrize("role", ["viewer", "editor", ""])
def test_the_last_who_decides_stays(boss: TestClient, role: str) -> None:
    token = enter(boss, "boss@coburg.example")
    people.give_role(people.of_address("paul@coburg.example").id, "editor")
    own = people.of_address("boss@coburg.example").id
    answer = boss.post(f"{TEAM}/{own}", data={"token": token, "role": role})
    assert answer.status_code == 422
    assert "Jemand muss bleiben" in answer.text
    assert people.of_address("boss@coburg.example").role == "operator"
    assert letters() == []


def test_who_steps_back_themselves_is_led_where_they_may_still_go(boss: TestClient) -> None:
    token = enter(boss, "boss@coburg.example")
    own = people.of_address("boss@coburg.example").id
    answer = boss.post(f"{TEAM}/{own}", data={"token": token, "role": "viewer"})
    assert answer.status_code == 200
    assert answer.url.path == "/desk/city"
